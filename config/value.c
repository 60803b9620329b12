/* Values by kind. Each kind has one function that takes what the owner wrote and fills the field or tells a finding;
 * defaults go through the same checks, so a wrong default can't hide. Numbers are read by libconfig as integers (its
 * doubles are used for rates only, and rounded to thousandths). */
#include "config/value.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/certificate.h"
#include "config/packs.h"
#include "config/secret.h"
#include "config/url.h"
#include "core/bug.h"

enum { PER_UNIT = 1000 };

static void *field_of(const struct loader *loader, const struct config_key *key)
{
    return (char *)loader->config + key->offset;
}

static void set_text(const struct loader *loader, const struct config_key *key, const char *text)
{
    memcpy(field_of(loader, key), &text, sizeof text);
}

static void set_number(const struct loader *loader, const struct config_key *key, int64_t number)
{
    int32_t narrow = (int32_t)number;
    memcpy(field_of(loader, key), &narrow, sizeof narrow);
}

static const char *key_remedy(const struct loader *loader, const struct config_key *key)
{
    if (key->remedy != NULL)
        return key->remedy;
    return key->fallback == NULL || key->fallback[0] == '\0'
               ? "write a right value, or remove the line"
               : arena_format(loader->arena, "write a right value, or remove the line for the default, %s",
                              key->fallback);
}

void value_tell(const struct loader *loader, const struct spot *spot, const char *remedy, const char *what)
{
    findings_add(loader->findings, FINDING_ERROR, spot->file, spot->line,
                 remedy == NULL ? key_remedy(loader, spot->key) : remedy, "%s %s", spot->key->name, what);
}

/* Absolute, from the folder of the config file. In the arena. */
static const char *absolute(const struct loader *loader, const char *path)
{
    return path[0] == '/' ? arena_copy(loader->arena, path) : arena_format(loader->arena, "%s/%s", loader->dir, path);
}

static void fill_name(const struct loader *loader, const struct spot *spot, const char *text)
{
    for (const char *c = text; *c != '\0'; c++) {
        bool letter = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z');
        if (!letter && !(*c >= '0' && *c <= '9') && *c != '-' && *c != '_') {
            value_tell(loader, spot, NULL, "may hold letters, digits, '-' and '_' only");
            return;
        }
    }
    set_text(loader, spot->key, text);
}

static void fill_url(const struct loader *loader, const struct spot *spot, const char *text, enum url_use use)
{
    const char *fault = loader->env->check_url(text, use);
    if (fault != NULL) {
        value_tell(loader, spot, NULL, arena_format(loader->arena, "is not a usable address: %s", fault));
        return;
    }
    char *copy = arena_copy(loader->arena, text);
    for (size_t end = strlen(copy); use == URL_BASE && end > 0 && copy[end - 1] == '/'; end--)
        copy[end - 1] = '\0';
    set_text(loader, spot->key, copy);
}

static size_t choice_of(const struct config_key *key, const char *text, size_t length)
{
    for (size_t i = 0; i < KEY_CHOICES_MAX && key->choices[i] != NULL; i++) {
        if (strlen(key->choices[i]) == length && memcmp(key->choices[i], text, length) == 0)
            return i;
    }
    return KEY_CHOICES_MAX;
}

static void tell_choices(const struct loader *loader, const struct spot *spot)
{
    const char *list = "";
    for (size_t i = 0; i < KEY_CHOICES_MAX && spot->key->choices[i] != NULL; i++)
        list = arena_format(loader->arena, "%s%s\"%s\"", list, i == 0 ? "" : ", ", spot->key->choices[i]);
    value_tell(loader, spot,
               arena_format(loader->arena, "write %s%s", spot->key->choices[1] == NULL ? "" : "one of ", list),
               "has an unknown value");
}

static void fill_choice(const struct loader *loader, const struct spot *spot, const char *text)
{
    size_t choice = choice_of(spot->key, text, strlen(text));
    if (choice == KEY_CHOICES_MAX)
        tell_choices(loader, spot);
    else if (spot->key->kind == KEY_ENUM)
        set_number(loader, spot->key, (int64_t)choice);
    else
        set_text(loader, spot->key, spot->key->choices[choice]);
}

static void fill_certificates(const struct loader *loader, const struct spot *spot, const char *path)
{
    const char *fault = certificate_fault(path);
    if (fault != NULL)
        value_tell(loader, spot, NULL, arena_format(loader->arena, "names %s, which %s", path, fault));
    else
        set_text(loader, spot->key, path);
}

static void fill_text(const struct loader *loader, const struct spot *spot, const char *text)
{
    const struct config_key *key = spot->key;
    size_t length = strlen(text);
    if (key->max > 0 && ((int64_t)length < key->min || (int64_t)length > key->max)) {
        value_tell(loader, spot, NULL,
                   length == 0 ? "is empty"
                               : arena_format(loader->arena, "is longer than %" PRId64 " bytes", key->max));
        return;
    }
    for (const char *c = text; *c != '\0'; c++) {
        if ((unsigned char)*c < 0x20 || *c == 0x7F) {
            value_tell(loader, spot, NULL, "holds a line end or another control character");
            return;
        }
    }
    const char *kept = arena_copy(loader->arena, text);
    if (key->kind == KEY_NAME)
        fill_name(loader, spot, kept);
    else if (key->kind == KEY_URL)
        fill_url(loader, spot, kept, URL_BASE);
    else if (key->kind == KEY_LINK)
        fill_url(loader, spot, kept, URL_LINK);
    else if (key->kind == KEY_PROXY)
        fill_url(loader, spot, kept, URL_PROXY);
    else if (key->kind == KEY_CHOICE || key->kind == KEY_ENUM)
        fill_choice(loader, spot, kept);
    else if (key->kind == KEY_CERTS)
        fill_certificates(loader, spot, absolute(loader, kept));
    else if (key->kind == KEY_LISTEN)
        value_fill_listen(loader, spot, kept);
    else
        set_text(loader, key, key->kind == KEY_TEXT ? kept : absolute(loader, kept));
}

static void fill_number(const struct loader *loader, const struct spot *spot, int64_t number)
{
    const struct config_key *key = spot->key;
    if (number >= key->min && number <= key->max) {
        set_number(loader, key, number);
        return;
    }
    const char *remedy = arena_format(loader->arena, "write %" PRId64 " … %" PRId64 "%s%s (default %s)", key->min,
                                      key->max, key->unit[0] == '\0' ? "" : " ", key->unit, key->fallback);
    if (key->kind == KEY_RATE)
        remedy = arena_format(loader->arena, "write 0 (no limit) … %" PRId64 " %s (default %s)", key->max / PER_UNIT,
                              key->unit, key->fallback);
    value_tell(loader, spot, remedy, "is outside its limits");
}

static void load_rate(const struct loader *loader, const struct spot *spot, const config_setting_t *setting)
{
    const int64_t limit = INT64_MAX / PER_UNIT / 2;
    if (config_setting_type(setting) == CONFIG_TYPE_FLOAT) {
        double rate = config_setting_get_float(setting);
        bool sane = rate >= 0 && rate <= (double)spot->key->max;
        fill_number(loader, spot, !sane ? -1 : rate > 0 && rate < 0.001 ? 1 : (int64_t)(rate * PER_UNIT + 0.5));
        return;
    }
    int64_t rate = config_setting_get_int64(setting);
    fill_number(loader, spot, rate < -limit || rate > limit ? -1 : rate * PER_UNIT);
}

static bool is_dir(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

static bool is_program(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISREG(status.st_mode) && access(path, X_OK) == 0;
}

/* Installed: PREFIX/bin/fotosetd with PREFIX/share/fotoset and PREFIX/libexec/fotoset. From a build folder: the folder
 * config/ of the sources one or two levels up. */
static void search_default(const struct loader *loader, const struct spot *spot)
{
    const char *name = spot->key->fallback, *program_dir = loader->env->program_dir;
    bool data = spot->key->kind == KEY_DATA_DIR;
    const char *const beside[] = {"", "../share/fotoset/", "../libexec/fotoset/", "../config/", "../../config/", "../"};
    if (data && is_dir(absolute(loader, name))) {
        set_text(loader, spot->key, absolute(loader, name));
        return;
    }
    for (size_t i = 0; program_dir != NULL && i < sizeof beside / sizeof beside[0]; i++) {
        const char *path = arena_format(loader->arena, "%s/%s%s", program_dir, beside[i], name);
        if (data ? is_dir(path) : is_program(path)) {
            set_text(loader, spot->key, path);
            return;
        }
    }
    value_tell(loader, spot, data ? arena_format(loader->arena, "write %s = \"FOLDER\";", spot->key->name) : NULL,
               arena_format(loader->arena, "is not given, and \"%s\" is not where it is looked for", name));
}

/* The secret that the service manager hands over under this name; false if it hands over none. */
static bool find_credential(const struct loader *loader, const char *name, const char **ret_path, int *ret_fd)
{
    const struct config_env *env = loader->env;
    for (size_t i = 0; i < env->credential_count; i++) {
        if (strcmp(env->credentials[i].name, name) == 0 && env->credentials[i].fd >= 0) {
            *ret_path = env->credentials[i].path;
            *ret_fd = env->credentials[i].fd;
            return true;
        }
    }
    if (env->credentials_dir == NULL)
        return false;
    const char *path = arena_format(loader->arena, "%s/%s", env->credentials_dir, name);
    if (access(path, F_OK) != 0)
        return false;
    *ret_path = path;
    *ret_fd = secret_open(path);
    return true;
}

/* What is handed over wins over what is named: the file that the example names is root's own under the unit. */
static void load_secret(const struct loader *loader, struct spot spot, const char *named)
{
    const char *path = NULL;
    char *secret = NULL;
    int fd = -1;
    if (find_credential(loader, spot.key->fallback, &path, &fd)) {
        spot.file = path;
        spot.line = 0;
    } else if (named != NULL && named[0] != '\0') {
        path = absolute(loader, named);
        fd = secret_open(path);
    } else {
        value_tell(loader, &spot, NULL, named == NULL ? "is missing" : "is empty");
        return;
    }
    struct secret_place place = {spot.file, spot.line};
    if (secret_read(loader->arena, fd, path, place, spot.key->remedy, loader->findings, &secret) == ERR_OK)
        memcpy(field_of(loader, spot.key), &secret, sizeof secret);
}

static void load_flags(const struct loader *loader, const struct spot *spot, const config_setting_t *setting)
{
    uint32_t flags = 0;
    bool array = config_setting_is_aggregate(setting) == CONFIG_TRUE && !config_setting_is_group(setting);
    for (int i = 0; array && i < config_setting_length(setting); i++) {
        const char *word = config_setting_get_string_elem(setting, i);
        size_t choice = word == NULL ? KEY_CHOICES_MAX : choice_of(spot->key, word, strlen(word));
        if (choice == KEY_CHOICES_MAX) {
            tell_choices(loader, spot);
            return;
        }
        flags |= UINT32_C(1) << choice;
    }
    if (flags == 0)
        value_tell(loader, spot,
                   arena_format(loader->arena, "write e.g. %s = [ \"%s\" ];", spot->key->name, spot->key->choices[0]),
                   "must be an array with at least one word");
    else
        memcpy(field_of(loader, spot->key), &flags, sizeof flags);
}

static void load_admins(const struct loader *loader, const struct spot *spot, const config_setting_t *setting)
{
    struct config *config = loader->config;
    if (config_setting_is_aggregate(setting) != CONFIG_TRUE || config_setting_is_group(setting)) {
        value_tell(loader, spot, NULL, "must be an array of numbers");
        return;
    }
    for (int i = 0; i < config_setting_length(setting); i++) {
        const config_setting_t *element = config_setting_get_elem(setting, (unsigned)i);
        struct spot here = {spot->key, spot->file, (int)config_setting_source_line(element)};
        int type = config_setting_type(element);
        int64_t id = config_setting_get_int64(element);
        if ((type != CONFIG_TYPE_INT && type != CONFIG_TYPE_INT64) || id <= 0)
            value_tell(loader, &here, NULL, "holds something that is not the id of a person (a positive number)");
        else if (config->admin_count == CONFIG_ADMINS_MAX)
            value_tell(loader, &here, "remove some",
                       arena_format(loader->arena, "holds more than %d ids", CONFIG_ADMINS_MAX));
        else
            config->admins[config->admin_count++] = id;
        if (config->admin_count == CONFIG_ADMINS_MAX && i >= CONFIG_ADMINS_MAX)
            return;
    }
}

static void load_default(const struct loader *loader, const struct spot *spot)
{
    const struct config_key *key = spot->key;
    switch (key->kind) {
    case KEY_SECRET: load_secret(loader, *spot, NULL); return;
    case KEY_DATA_DIR:
    case KEY_PROGRAM: search_default(loader, spot); return;
    case KEY_INT: fill_number(loader, spot, strtoll(key->fallback, NULL, 10)); return;
    case KEY_RATE: fill_number(loader, spot, strtoll(key->fallback, NULL, 10) * PER_UNIT); return;
    case KEY_BOOL: *(bool *)field_of(loader, key) = strcmp(key->fallback, "true") == 0; return;
    case KEY_FLAGS: {
        uint32_t all = 0;
        for (size_t i = 0; i < KEY_CHOICES_MAX && key->choices[i] != NULL; i++)
            all |= UINT32_C(1) << i;
        memcpy(field_of(loader, key), &all, sizeof all);
        return;
    }
    case KEY_ADMINS:
    case KEY_PACKS: return;
    case KEY_NETWORKS: value_load_networks(loader, spot, NULL); return;
    case KEY_TEXT:
    case KEY_NAME:
    case KEY_URL:
    case KEY_LINK:
    case KEY_PROXY:
    case KEY_PATH:
    case KEY_CERTS:
    case KEY_LISTEN:
    case KEY_CHOICE:
    case KEY_ENUM:
        if (key->fallback != NULL && key->fallback[0] == '\0')
            set_text(loader, key, "");
        else if (key->fallback != NULL)
            fill_text(loader, spot, key->fallback);
        else if (key->required)
            value_tell(loader, spot, NULL, "is missing");
        return;
    case KEY_KIND_COUNT: break;
    }
    bug("a kind that keys do not have");
}

static void load_string(const struct loader *loader, const struct spot *spot, const config_setting_t *setting)
{
    const char *text = config_setting_get_string(setting);
    if (text == NULL)
        value_tell(
            loader, spot,
            arena_format(loader->arena, "write %s = \"…\";",
                         strrchr(spot->key->name, '.') == NULL ? spot->key->name : strrchr(spot->key->name, '.') + 1),
            "must be a text in quotes");
    else if (spot->key->kind == KEY_SECRET)
        load_secret(loader, *spot, text);
    else
        fill_text(loader, spot, text);
}

void value_load(const struct loader *loader, const struct config_key *key, config_setting_t *setting)
{
    struct spot spot = {key, loader->source->file, setting == NULL ? 0 : (int)config_setting_source_line(setting)};
    int type = setting == NULL ? CONFIG_TYPE_NONE : config_setting_type(setting);
    bool integer = type == CONFIG_TYPE_INT || type == CONFIG_TYPE_INT64;
    if (setting == NULL)
        load_default(loader, &spot);
    else if (key->kind == KEY_INT && integer)
        fill_number(loader, &spot, config_setting_get_int64(setting));
    else if (key->kind == KEY_INT)
        value_tell(loader, &spot, NULL, "must be a whole number");
    else if (key->kind == KEY_RATE && (integer || type == CONFIG_TYPE_FLOAT))
        load_rate(loader, &spot, setting);
    else if (key->kind == KEY_RATE)
        value_tell(loader, &spot, NULL, "must be a number");
    else if (key->kind == KEY_BOOL && type == CONFIG_TYPE_BOOL)
        *(bool *)field_of(loader, key) = config_setting_get_bool(setting) != 0;
    else if (key->kind == KEY_BOOL)
        value_tell(loader, &spot, "write true or false, without quotes", "must be true or false");
    else if (key->kind == KEY_FLAGS)
        load_flags(loader, &spot, setting);
    else if (key->kind == KEY_ADMINS)
        load_admins(loader, &spot, setting);
    else if (key->kind == KEY_NETWORKS)
        value_load_networks(loader, &spot, setting);
    else if (key->kind == KEY_PACKS)
        packs_load(loader, key, setting);
    else
        load_string(loader, &spot, setting);
}
