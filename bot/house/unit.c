/* Of a unit file only the lines that decide what the daemon may read, write and know; systemd is not asked, because a
 * check is made before there is a unit, and on machines where systemd does not run. What can't be told from here (the
 * filters of system calls, a namespace of the network) shows with the start.
 *
 * Entering is one way: first what only root may open, then the user's own groups, ids and environment. The real user
 * changes too, because access(2) asks for that one, and Postgres' peer authentication for the effective one. */
#include "bot/house/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <grp.h>
#include <pwd.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define UNIT_NAME "fotoset.service"
#define ADMINISTRATORS "/etc/systemd/system/" UNIT_NAME
#define USERADD "useradd --system --home-dir /nonexistent --shell /usr/sbin/nologin fotoset"
#define PATH_OF_UNITS "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

enum { LINE_MAX_BYTES = 4096 };

struct reading {
    struct unit *unit;
    struct arena *arena;
};

typedef void setting_fn(struct reading *reading, const char *value);

static bool is_yes(const char *value)
{
    return strcmp(value, "yes") == 0 || strcmp(value, "true") == 0 || strcmp(value, "1") == 0 ||
           strcmp(value, "on") == 0;
}

/* The next of the words that blanks part, in the arena; NULL at the end. */
static const char *next_word(struct arena *arena, const char **at)
{
    const char *from = *at + strspn(*at, " \t");
    size_t length = strcspn(from, " \t");
    *at = from + length;
    return length == 0 ? NULL : arena_copy_n(arena, from, length);
}

static void set_user(struct reading *reading, const char *value)
{
    reading->unit->user = arena_copy(reading->arena, value);
}

static void set_start(struct reading *reading, const char *value)
{
    const char *word = NULL, *before = "";
    while ((word = next_word(reading->arena, &value)) != NULL) {
        if (strcmp(before, "-c") == 0)
            reading->unit->config_file = word;
        before = word;
    }
}

static void set_credential(struct reading *reading, const char *value)
{
    struct unit *unit = reading->unit;
    const char *colon = strchr(value, ':');
    if (value[0] == '\0')
        unit->credential_count = 0;
    if (colon == NULL || unit->credential_count == UNIT_CREDENTIALS_MAX)
        return;
    unit->credentials[unit->credential_count++] = (struct config_credential){
        .name = arena_copy_n(reading->arena, value, (size_t)(colon - value)),
        .path = arena_copy(reading->arena, colon + 1),
        .fd = -1};
}

static void set_state(struct reading *reading, const char *value)
{
    const char *word = next_word(reading->arena, &value);
    reading->unit->state_dir = word == NULL ? NULL : arena_format(reading->arena, "/var/lib/%s", word);
}

static void set_writable(struct reading *reading, const char *value)
{
    struct unit *unit = reading->unit;
    const char *word = NULL;
    if (value[0] == '\0')
        unit->writable_count = 0;
    while (unit->writable_count < UNIT_PATHS_MAX && (word = next_word(reading->arena, &value)) != NULL)
        unit->writable[unit->writable_count++] = word + strspn(word, "-+");
}

static void set_environment(struct reading *reading, const char *value)
{
    struct unit *unit = reading->unit;
    const char *word = NULL;
    if (value[0] == '\0')
        unit->variable_count = 0;
    while (unit->variable_count < UNIT_VARIABLES_MAX && (word = next_word(reading->arena, &value)) != NULL) {
        const char *equals = strchr(word, '=');
        if (equals != NULL && equals != word)
            unit->variables[unit->variable_count++] = (struct unit_variable){
                .name = arena_copy_n(reading->arena, word, (size_t)(equals - word)), .value = equals + 1};
    }
}

static void set_system(struct reading *reading, const char *value)
{
    reading->unit->strict = strcmp(value, "strict") == 0;
}

static void set_home(struct reading *reading, const char *value)
{
    reading->unit->hides_home = is_yes(value) || strcmp(value, "tmpfs") == 0;
}

static void set_tmp(struct reading *reading, const char *value)
{
    reading->unit->private_tmp = is_yes(value);
}

static void add_binds(struct reading *reading, struct unit_binds *binds, const char *value)
{
    const char *word = NULL;
    if (value[0] == '\0')
        binds->count = 0;
    while (binds->count < UNIT_BINDS_MAX && (word = next_word(reading->arena, &value)) != NULL)
        binds->rules[binds->count++] = word;
}

static void set_bind_allow(struct reading *reading, const char *value)
{
    add_binds(reading, &reading->unit->allowed, value);
}

static void set_bind_deny(struct reading *reading, const char *value)
{
    add_binds(reading, &reading->unit->denied, value);
}

static const struct {
    const char *key;
    setting_fn *set;
} settings[] = {{"User", set_user},
                {"ExecStart", set_start},
                {"LoadCredential", set_credential},
                {"StateDirectory", set_state},
                {"ReadWritePaths", set_writable},
                {"Environment", set_environment},
                {"SocketBindAllow", set_bind_allow},
                {"SocketBindDeny", set_bind_deny},
                {"ProtectSystem", set_system},
                {"ProtectHome", set_home},
                {"PrivateTmp", set_tmp}};

static void read_line(struct reading *reading, char *line)
{
    char *equals = strchr(line, '=');
    if (equals == NULL)
        return;
    size_t end = strlen(equals);
    while (end > 1 && (equals[end - 1] == ' ' || equals[end - 1] == '\t'))
        end--;
    equals[end] = '\0';
    *equals = '\0';
    const char *value = equals + 1 + strspn(equals + 1, " \t");
    line[strcspn(line, " \t")] = '\0';
    for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++) {
        if (strcmp(settings[i].key, line) == 0)
            settings[i].set(reading, value);
    }
}

/* A backslash at a line's end joins the next one to it, but for comments, which stand between. */
static bool read_file(struct reading *reading, const char *path)
{
    char line[LINE_MAX_BYTES];
    size_t used = 0;
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return false;
    while (used + 1 < sizeof line && fgets(line + used, (int)(sizeof line - used), file) != NULL) {
        size_t end = used + strcspn(line + used, "\r\n");
        bool comment = line[used] == '#' || line[used] == ';';
        line[comment ? used : end] = '\0';
        if (comment)
            continue;
        used = end > used && line[end - 1] == '\\' ? end : 0;
        if (used > 0)
            line[end - 1] = ' ';
        else
            read_line(reading, line);
    }
    if (used > 0)
        read_line(reading, line);
    (void)fclose(file);
    return true;
}

enum err unit_read(struct unit *unit, struct arena *arena, const char *program_dir, struct findings *findings)
{
    struct reading reading = {unit, arena};
    glob_t drop_ins = {0};
    *unit = (struct unit){.file = ADMINISTRATORS};
    if (!read_file(&reading, unit->file)) {
        unit->file = arena_format(arena, "%s/../lib/systemd/system/" UNIT_NAME, program_dir == NULL ? "" : program_dir);
        if (!read_file(&reading, unit->file)) {
            findings_add(findings, FINDING_ERROR, unit->file, 0, "install Fotoset: cmake --install build --prefix /usr",
                         "the unit can't be read: %s", strerror(errno));
            return ERR_INVALID;
        }
    }
    if (glob(ADMINISTRATORS ".d/*.conf", 0, NULL, &drop_ins) == 0)
        for (size_t i = 0; i < drop_ins.gl_pathc; i++)
            (void)read_file(&reading, drop_ins.gl_pathv[i]);
    globfree(&drop_ins);
    if (unit->user != NULL && unit->config_file != NULL)
        return ERR_OK;
    findings_add(findings, FINDING_ERROR, unit->file, 0, "compare it with the one that comes with Fotoset",
                 "the unit names no %s", unit->user == NULL ? "User=" : "configuration: ExecStart=… run -c FILE");
    return ERR_INVALID;
}

/* One that is missing keeps the unit from starting at all. */
static void open_credentials(struct unit *unit, struct findings *findings)
{
    for (size_t i = 0; i < unit->credential_count; i++) {
        struct config_credential *credential = &unit->credentials[i];
        credential->fd = open(credential->path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
        if (credential->fd < 0)
            findings_add(
                findings, FINDING_ERROR, credential->path, 0, "make that file, with the one word in it, mode 600",
                "the unit hands this over as %s and does not start without: %s", credential->name, strerror(errno));
    }
}

static bool become(const struct passwd *user)
{
    return initgroups(user->pw_name, user->pw_gid) == 0 && setgid(user->pw_gid) == 0 && setuid(user->pw_uid) == 0 &&
           chdir("/") == 0;
}

/* Of the caller's own environment nothing stays: a PGPASSWORD or a proxy of root's shell is not the unit's. */
static bool take_environment(const struct unit *unit, const struct passwd *user)
{
    bool set = clearenv() == 0 && setenv("PATH", PATH_OF_UNITS, 1) == 0 && setenv("HOME", user->pw_dir, 1) == 0 &&
               setenv("USER", user->pw_name, 1) == 0 && setenv("LOGNAME", user->pw_name, 1) == 0;
    for (size_t i = 0; set && i < unit->variable_count; i++)
        set = setenv(unit->variables[i].name, unit->variables[i].value, 1) == 0;
    return set;
}

enum err unit_enter(struct unit *unit, struct findings *findings)
{
    const struct passwd *user = getpwnam(unit->user);
    if (geteuid() != 0) {
        findings_add(findings, FINDING_ERROR, unit->file, 0, "sudo fotosetd check --as-unit",
                     "only root can see what the unit will see");
        return ERR_INVALID;
    }
    if (user == NULL) {
        findings_add(findings, FINDING_ERROR, unit->file, 0, USERADD,
                     "the unit runs as the user %s, who does not exist", unit->user);
        return ERR_INVALID;
    }
    open_credentials(unit, findings);
    if (become(user) && take_environment(unit, user))
        return ERR_OK;
    findings_add(findings, FINDING_ERROR, unit->file, 0, "run this as root, outside of a container that limits root",
                 "this process can't become the user %s: %s", unit->user, strerror(errno));
    return ERR_INVALID;
}

static bool lies_in(const char *path, const char *folder)
{
    size_t length = strlen(folder);
    return strncmp(path, folder, length) == 0 && (path[length] == '\0' || path[length] == '/');
}

static bool is_hidden(const struct unit *unit, const char *path)
{
    bool home = lies_in(path, "/home") || lies_in(path, "/root") || lies_in(path, "/run/user");
    bool tmp = lies_in(path, "/tmp") || lies_in(path, "/var/tmp");
    return (unit->hides_home && home) || (unit->private_tmp && tmp);
}

static bool may_be_written(const struct unit *unit, const char *path)
{
    bool may = !unit->strict || (unit->state_dir != NULL && lies_in(path, unit->state_dir));
    for (size_t i = 0; !may && i < unit->writable_count; i++)
        may = lies_in(path, unit->writable[i]);
    return may;
}

void unit_check_paths(const struct unit *unit, const struct config *config, struct findings *findings)
{
    const char *const named[][2] = {{"store.path", config->store.path},
                                    {"texts_dir", config->texts_dir},
                                    {"styles_dir", config->styles_dir},
                                    {"darkroom.program", config->darkroom.program},
                                    {"ca_file", config->ca_file}};
    for (size_t i = 0; i < sizeof named / sizeof named[0]; i++) {
        if (named[i][1] != NULL && is_hidden(unit, named[i][1]))
            findings_add(findings, FINDING_ERROR, unit->config_file, 0,
                         "move it, e.g. to /etc/fotoset or /var/lib/fotoset",
                         "%s is %s, and the unit sees neither homes nor the machine's /tmp", named[i][0], named[i][1]);
    }
    if (!may_be_written(unit, config->store.path))
        findings_add(findings, FINDING_ERROR, unit->config_file, 0,
                     "take the default, or allow it: systemctl edit fotoset, [Service], ReadWritePaths=FOLDER",
                     "store.path is %s, where the unit may not write", config->store.path);
}

/* "8081" or "8000-8100" */
static bool ports_hold(const char *ports, size_t length, uint16_t port)
{
    char *end = NULL;
    unsigned long from = strtoul(ports, &end, 10), to = from;
    if (end < ports + length && *end == '-')
        to = strtoul(end + 1, &end, 10);
    return end == ports + length && length > 0 && from <= port && port <= to;
}

static bool is_word(const char *text, size_t length, const char *word)
{
    return strlen(word) == length && memcmp(text, word, length) == 0;
}

/* "any", "8081", "tcp:8081", "ipv4:tcp:8000-8100" */
static bool rule_holds(const char *rule, const struct config_listen *listen)
{
    for (size_t length; *rule != '\0'; rule += length + (rule[length] != '\0')) {
        length = strcspn(rule, ":");
        bool fits = is_word(rule, length, "any") || is_word(rule, length, "tcp") ||
                    is_word(rule, length, listen->address.six ? "ipv6" : "ipv4") ||
                    ports_hold(rule, length, listen->port);
        if (!fits)
            return false;
    }
    return true;
}

static bool any_holds(const struct unit_binds *binds, const struct config_listen *listen)
{
    bool holds = false;
    for (size_t i = 0; i < binds->count; i++)
        holds = holds || rule_holds(binds->rules[i], listen);
    return holds;
}

void unit_check_listen(const struct unit *unit, const struct config *config, struct findings *findings)
{
    const struct config_listen *listen = &config->notifications.listen;
    if (listen->text != NULL && any_holds(&unit->denied, listen) && !any_holds(&unit->allowed, listen))
        findings_add(findings, FINDING_ERROR, unit->config_file, 0,
                     arena_format(findings->arena, "systemctl edit fotoset, [Service], SocketBindAllow=tcp:%d",
                                  (int)listen->port),
                     "notifications.listen is %s, and the unit may not listen there", listen->text);
}
