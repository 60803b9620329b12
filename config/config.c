/* The configuration: the file against the table of keys, then what only shows between keys. It collects every finding
 * before it gives up, and it never hands out a half-checked struct. It prints nothing and never puts a secret or a
 * value that may hold one (conninfo, proxy) into a message.
 *
 * Reason: what only shows between keys stands in one place, to be read as one list. */
#include "config/config.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/keys.h"
#include "config/secret.h"
#include "config/source.h"
#include "config/value.h"

enum { NAMES_MAX = 128, PATH_BYTES = 4096 };

struct config_env config_find_env(struct arena *arena)
{
    struct config_env env = {.credentials_dir = getenv("CREDENTIALS_DIRECTORY")};
    char path[PATH_BYTES];
    ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);
    if (length > 0) {
        path[length] = '\0';
        char *slash = strrchr(path, '/');
        if (slash != NULL)
            env.program_dir = arena_copy_n(arena, path, slash == path ? 1 : (size_t)(slash - path));
    }
    return env;
}

/* The names that may stand in `group` ("" = at the top: also the groups). */
static size_t group_names(struct arena *arena, const char *group, const char **names)
{
    size_t count = 0, length = strlen(group);
    for (size_t i = 0; i < config_key_count && count < NAMES_MAX; i++) {
        const char *name = config_keys[i].name, *dot = strchr(name, '.');
        if (length > 0 && strncmp(name, group, length) == 0 && name[length] == '.')
            names[count++] = name + length + 1;
        else if (length == 0 && dot == NULL)
            names[count++] = name;
        else if (length == 0 && (count == 0 || strncmp(names[count - 1], name, (size_t)(dot - name)) != 0))
            names[count++] = arena_copy_n(arena, name, (size_t)(dot - name));
    }
    return count;
}

static const char *nearest_key(const struct loader *loader, const char *name, const char *group)
{
    const char *names[NAMES_MAX];
    size_t count = group_names(loader->arena, group, names);
    const char *last = strrchr(name, '.');
    const char *near = finding_nearest(last == NULL ? name : last + 1, names, count);
    if (near != NULL)
        return group[0] == '\0' ? near : arena_format(loader->arena, "%s.%s", group, near);
    for (count = 0; count < config_key_count && count < NAMES_MAX; count++)
        names[count] = config_keys[count].name;
    return finding_nearest(name, names, count);
}

static void tell_unknown(const struct loader *loader, const config_setting_t *setting, const char *name,
                         const char *group)
{
    const char *near = nearest_key(loader, name, group);
    const char *remedy = near == NULL ? "remove it; every key stands in fotoset.conf.example"
                                      : arena_format(loader->arena, "did you mean %s?", near);
    findings_add(loader->findings, FINDING_ERROR, loader->source->file, (int)config_setting_source_line(setting),
                 remedy, "unknown key %s", name);
}

/* What keys were called by earlier versions. They are still heard: a new version is no reason for a shop to stand
 * still. */
static const struct {
    const char *was, *is;
} moved[] = {{"yookassa.receipt", "receipts.mode"},
             {"yookassa.vat_code", "receipts.vat_code"},
             {"yookassa.tax_system_code", "receipts.tax_system_code"},
             {"yookassa.payment_subject", "receipts.payment_subject"},
             {"yookassa.payment_mode", "receipts.payment_mode"}};
enum { MOVED_COUNT = sizeof moved / sizeof moved[0] };

static bool name_is_known(const char *name)
{
    for (size_t i = 0; i < MOVED_COUNT; i++) {
        if (strcmp(moved[i].was, name) == 0)
            return true;
    }
    for (size_t i = 0; i < config_key_count; i++) {
        if (strcmp(config_keys[i].name, name) == 0)
            return true;
    }
    return false;
}

static bool group_is_known(const char *name)
{
    size_t length = strlen(name);
    for (size_t i = 0; i < config_key_count; i++) {
        if (strncmp(config_keys[i].name, name, length) == 0 && config_keys[i].name[length] == '.')
            return true;
    }
    return false;
}

static void check_group(const struct loader *loader, config_setting_t *group, const char *group_name)
{
    for (int i = 0; i < config_setting_length(group); i++) {
        const config_setting_t *setting = config_setting_get_elem(group, (unsigned)i);
        const char *name = source_name(loader->source, setting);
        if (!name_is_known(name))
            tell_unknown(loader, setting, name, group_name);
    }
}

static void check_names(const struct loader *loader)
{
    config_setting_t *root = config_root_setting(&loader->source->tree);
    for (int i = 0; i < config_setting_length(root); i++) {
        config_setting_t *setting = config_setting_get_elem(root, (unsigned)i);
        const char *name = config_setting_name(setting);
        if (config_setting_is_group(setting) && group_is_known(name))
            check_group(loader, setting, name);
        else if (group_is_known(name))
            findings_add(loader->findings, FINDING_ERROR, loader->source->file,
                         (int)config_setting_source_line(setting),
                         arena_format(loader->arena, "write %s: { … };", name), "%s must be a group", name);
        else if (!name_is_known(name))
            tell_unknown(loader, setting, name, "");
    }
}

static int line_of(const struct loader *loader, const char *name)
{
    const config_setting_t *setting = config_lookup(&loader->source->tree, name);
    return setting == NULL ? 0 : (int)config_setting_source_line(setting);
}

static void tell(const struct loader *loader, enum finding_level level, const char *name, const char *remedy,
                 const char *message)
{
    findings_add(loader->findings, level, loader->source->file, line_of(loader, name), remedy, "%s %s", name, message);
}

/* digits ':' at least five of letters, digits, '_', '-'; loose, because Telegram promises no form. */
static bool token_is_likely(const char *token)
{
    size_t digits = strspn(token, "0123456789");
    if (digits == 0 || token[digits] != ':')
        return false;
    const char *key = token + digits + 1;
    size_t length = strspn(key, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_-");
    return length >= 5 && key[length] == '\0';
}

/* The last two of its twelve digits follow from those before. */
static bool inn_is_right(const char *inn)
{
    static const int weights[] = {3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8};
    enum { DIGITS = 12, CHECKED = 2, ELEVEN = 11, TEN = 10 };
    if (inn == NULL || strlen(inn) != DIGITS || strspn(inn, "0123456789") != DIGITS)
        return false;
    for (size_t at = DIGITS - CHECKED; at < DIGITS; at++) {
        int sum = 0;
        for (size_t i = 0; i < at; i++)
            sum += weights[i + (DIGITS - 1 - at)] * (inn[i] - '0');
        if (sum % ELEVEN % TEN != inn[at] - '0')
            return false;
    }
    return true;
}

static bool is_blank(const char *text)
{
    return text == NULL || text[0] == '\0';
}

static bool any_is_here(const struct config_networks *networks, const struct network *listen)
{
    bool here = false;
    for (size_t i = 0; i < networks->count; i++)
        here = here || network_is_loopback(&networks->list[i]) || network_holds(&networks->list[i], listen);
    return here;
}

static bool any_is_everybody(const struct config_networks *networks)
{
    bool everybody = false;
    for (size_t i = 0; i < networks->count; i++)
        everybody = everybody || networks->list[i].bits == 0;
    return everybody;
}

static void check_notifications(const struct loader *loader, const struct config_notifications *config)
{
    const char *words = "let a web server on this machine take them by TLS and hand them on (README)";
    size_t usual = config->path == NULL
                       ? 0
                       : strspn(config->path, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~/");
    if (config->path != NULL && (config->path[0] != '/' || config->path[usual] != '\0'))
        tell(loader, FINDING_ERROR, "notifications.path",
             "write what stands behind the host, e.g. path = \"/yookassa\";",
             "must begin with '/', and hold letters, digits and -._~/ only");
    if (config->listen.text == NULL)
        return;
    if (any_is_everybody(&config->networks) || any_is_everybody(&config->trusted_proxies))
        tell(loader, FINDING_WARNING,
             any_is_everybody(&config->networks) ? "notifications.networks" : "notifications.trusted_proxies",
             "name the networks that are meant", "holds all addresses there are: anybody may make the bot look");
    const struct network *listen = &config->listen.address;
    bool here = network_is_loopback(listen);
    if (here && !any_is_here(&config->trusted_proxies, listen) && !any_is_here(&config->networks, listen))
        tell(loader, FINDING_ERROR, "notifications.listen",
             arena_format(loader->arena, "%s, and name it: trusted_proxies = [ \"127.0.0.1\" ];", words),
             "is reached from this machine only, and nobody on this machine may send notifications");
    if (!here)
        tell(loader, FINDING_WARNING, "notifications.listen", words,
             "is reached from other machines, in plain HTTP: YooKassa speaks to HTTPS only");
}

static void check_receipts(const struct loader *loader, const struct config_receipts *config)
{
    if (config->mode != CONFIG_RECEIPTS_YOOKASSA)
        return;
    if (config->payment_mode != NULL && strcmp(config->payment_mode, "full_prepayment") == 0)
        tell(loader, FINDING_WARNING, "receipts.payment_mode",
             "write full_payment, unless your cash register or accountant makes the second receipt",
             "asks for a second, closing receipt of every sale, which the bot does not send");
    if (config->vat_code == 4 || config->vat_code == 6)
        tell(loader, FINDING_WARNING, "receipts.vat_code", "write 11 for 22 %, 12 for 22/122, or ask the accountant",
             "is a rate of 20 %, which was raised to 22 % on 2026-01-01");
    if (config->tax_system_code == 4)
        tell(loader, FINDING_WARNING, "receipts.tax_system_code", "ask the accountant which one is yours",
             "is ENVD, which ended in 2021");
}

static void check_together(const struct loader *loader)
{
    const struct config *config = loader->config;
    check_receipts(loader, &config->receipts);
    check_notifications(loader, &config->notifications);
    if (config->telegram.token != NULL && !token_is_likely(config->telegram.token))
        tell(loader, FINDING_ERROR, "telegram.token_file", "the file holds what @BotFather gave: 123456789:AbC-dEf…",
             "names a file that does not hold a bot token");
    if (config->shop.photos_max < config->shop.photos_min)
        tell(loader, FINDING_ERROR, "shop.photos_max", "make it at least shop.photos_min",
             "is smaller than shop.photos_min");
    if (config->making.retry_cap_s < config->making.retry_base_s)
        tell(loader, FINDING_ERROR, "making.retry_cap_s", "make it at least making.retry_base_s",
             "is smaller than making.retry_base_s");
    if (config->making.lease_s <= 2 * config->darkroom.job_timeout_s)
        tell(loader, FINDING_ERROR, "making.lease_s", "make it more than twice darkroom.job_timeout_s",
             "is too short: a photo could be given to a second worker while the first still makes it");
    if (config->texts_dir != NULL && access(config->texts_dir, R_OK | X_OK) != 0)
        tell(loader, FINDING_ERROR, "texts_dir", "name the folder that holds ru.cfg and en.cfg", "can't be opened");
    if (config->styles_dir != NULL && access(config->styles_dir, R_OK | X_OK) != 0)
        tell(loader, FINDING_ERROR, "styles_dir", "name the folder that holds the styles", "can't be opened");
    if (config->darkroom.program != NULL && access(config->darkroom.program, X_OK) != 0)
        tell(loader, FINDING_ERROR, "darkroom.program", "name the program fotoset-darkroom", "can't be run");
    bool worker = !config_holds_bot(config);
    if (!worker && config->receipts.mode == CONFIG_RECEIPTS_NPD && !inn_is_right(config->npd.inn))
        tell(loader, FINDING_ERROR, config->npd.inn == NULL ? "receipts.mode" : "npd.inn",
             "write npd: { inn = \"…\"; }; with the twelve digits of your own INN",
             config->npd.inn == NULL ? "is \"npd\", and npd.inn is missing"
                                     : "is not the INN of a person: look for a digit that is wrong");
    if (!worker && config->receipts.mode == CONFIG_RECEIPTS_NPD && config->yookassa.test_shop)
        tell(loader, FINDING_WARNING, "yookassa.test_shop", "set it to false when you sell",
             "is true: play money is no income, and nothing is registered with the tax service");
    if (!worker && (~config->roles & (CONFIG_ROLE_POLL | CONFIG_ROLE_SEND)) != 0)
        tell(loader, FINDING_ERROR, "roles",
             "write roles = [ \"poll\", \"send\" ], with or without \"generate\"; or [ \"generate\" ] for a worker",
             "has one of poll and send without the other");
    if (!worker && config->stars.enabled && is_blank(config->shop.support))
        tell(
            loader, FINDING_ERROR, "shop.support",
            "write whom buyers can ask about a payment, a @name or an address: Telegram wants /paysupport to say it of "
            "whoever takes stars",
            "is empty, and stars.enabled is not false");
    if (!worker && config->admin_count == 0)
        tell(loader, FINDING_WARNING, "admins", "write the owner's numeric Telegram id: admins = [ 5000000000L ];",
             "is empty: nobody will hear of trouble");
    if (!worker && (is_blank(config->shop.offer_url) || is_blank(config->shop.privacy_url)))
        tell(loader, FINDING_WARNING, is_blank(config->shop.offer_url) ? "shop.offer_url" : "shop.privacy_url",
             "publish the text and write its address here before you sell",
             "is not given: users accept without a link");
}

/* What yookassa.receipt said by true and false. */
static bool is_mode_as_it_was(const struct config_key *key, const config_setting_t *setting)
{
    return strcmp(key->name, "receipts.mode") == 0 && setting != NULL &&
           config_setting_type(setting) == CONFIG_TYPE_BOOL;
}

static enum config_receipts_mode mode_as_it_was(const config_setting_t *setting)
{
    return config_setting_get_bool(setting) != 0 ? CONFIG_RECEIPTS_YOOKASSA : CONFIG_RECEIPTS_NONE;
}

/* The setting of a key under its name, or the one that it had before; NULL if there is neither. */
static config_setting_t *setting_of(const struct loader *loader, const struct config_key *key)
{
    config_setting_t *setting = config_lookup(&loader->source->tree, key->name);
    for (size_t i = 0; i < MOVED_COUNT; i++) {
        config_setting_t *older = config_lookup(&loader->source->tree, moved[i].was);
        if (older == NULL || strcmp(moved[i].is, key->name) != 0)
            continue;
        const char *dot = strchr(key->name, '.');
        if (setting != NULL)
            tell(loader, FINDING_ERROR, moved[i].was, "remove it",
                 arena_format(loader->arena, "is called %s now, and both are given", key->name));
        else
            tell(loader, FINDING_WARNING, moved[i].was,
                 arena_format(loader->arena, "move the line to %.*s: { %s = %s; };", (int)(dot - key->name), key->name,
                              dot + 1,
                              !is_mode_as_it_was(key, older)                      ? "…"
                              : mode_as_it_was(older) == CONFIG_RECEIPTS_YOOKASSA ? "\"yookassa\""
                                                                                  : "\"none\""),
                 arena_format(loader->arena, "is called %s now", key->name));
        return setting != NULL ? setting : older;
    }
    return setting;
}

/* What this daemon does not use need not be there, and its secrets are not even opened. */
static bool is_spared(const struct loader *loader, const struct config_key *key)
{
    const struct config *config = loader->config;
    bool worker = config->roles != 0 && !config_holds_bot(config);
    return ((key->of_bot || key->of_npd) && worker) || (key->of_npd && config->receipts.mode != CONFIG_RECEIPTS_NPD);
}

/* First those that say what is used. */
static void load_values(const struct loader *loader)
{
    for (int round = 0; round < 2; round++)
        for (size_t i = 0; i < config_key_count; i++) {
            struct config_key key = config_keys[i];
            bool is_first = strcmp(key.name, "roles") == 0 || strcmp(key.name, "receipts.mode") == 0,
                 spared = is_spared(loader, &key);
            if (is_first != (round == 0) || (spared && key.kind == KEY_SECRET))
                continue;
            key.required = key.required && !spared;
            config_setting_t *setting = setting_of(loader, &key);
            if (is_mode_as_it_was(&key, setting))
                loader->config->receipts.mode = mode_as_it_was(setting);
            else
                value_load(loader, &key, setting);
        }
}

/* The folder the config file lies in, absolute where that can be found out. */
static const char *folder_of(struct arena *arena, const char *path)
{
    char here[PATH_BYTES];
    const char *slash = strrchr(path, '/');
    const char *folder = slash == NULL ? "." : arena_copy_n(arena, path, slash == path ? 1 : (size_t)(slash - path));
    if (folder[0] == '/' || getcwd(here, sizeof here) == NULL)
        return folder;
    return strcmp(folder, ".") == 0 ? arena_copy(arena, here) : arena_format(arena, "%s/%s", here, folder);
}

enum err config_load_text(struct arena *arena, const char *path, const char *text, size_t length,
                          const struct config_env *env, struct findings *findings, struct config *ret)
{
    struct source source;
    struct config config = {0};
    size_t errors_before = findings->errors;
    enum err err = source_parse(&source, findings, path, text, length);
    if (err != ERR_OK)
        return err;

    struct loader loader = {arena, findings, env, &source, folder_of(arena, path), &config};
    check_names(&loader);
    load_values(&loader);
    if (findings->errors == errors_before)
        check_together(&loader);
    source_done(&source);

    if (findings->errors != errors_before) {
        config_done(&config);
        return ERR_INVALID;
    }
    *ret = config;
    return ERR_OK;
}

enum err config_load(struct arena *arena, const char *path, const struct config_env *env, struct findings *findings,
                     struct config *ret)
{
    const char *text = NULL;
    size_t length = 0;
    enum err err = source_slurp(arena, path, CONFIG_FILE_MAX_BYTES, findings, &text, &length);
    return err != ERR_OK ? err : config_load_text(arena, path, text, length, env, findings, ret);
}

bool config_holds_bot(const struct config *config)
{
    return (config->roles & (CONFIG_ROLE_POLL | CONFIG_ROLE_SEND)) != 0;
}

void config_done(struct config *config)
{
    secret_wipe(config->telegram.token);
    secret_wipe(config->yookassa.secret);
    secret_wipe(config->npd.password);
    config->telegram.token = NULL;
    config->yookassa.secret = NULL;
    config->npd.password = NULL;
}
