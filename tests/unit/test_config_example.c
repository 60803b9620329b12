/* The example of the configuration: it names every key of the table with its default, and works. */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bot/services/http/address.h"
#include "config/config.h"
#include "config/keys.h"
#include "tests/check.h"

static struct arena arena;
static const char *dir;

static const char *path_of(const char *name)
{
    return arena_format(&arena, "%s/%s", dir, name);
}

static void put(const char *name, const char *text)
{
    int fd = open(path_of(name), O_WRONLY | O_CREAT | O_TRUNC, 0700);
    CHECK(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text) && close(fd) == 0);
}

static const char *const files[][2] = {
    {"token", "123456:ABC-def_1234"}, {"secret", "test_secret"}, {"fotoset-darkroom", ""}};
static const char *const folders[] = {"texts", "styles"};

static void make_folder(void)
{
    static char template[] = "/tmp/fotoset_test_config.XXXXXX";
    dir = mkdtemp(template);
    CHECK(dir != NULL);
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
        put(files[i][0], files[i][1]);
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++)
        CHECK(mkdir(path_of(folders[i]), 0700) == 0);
}

static void remove_folder(void)
{
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
        CHECK(unlink(path_of(files[i][0])) == 0);
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++)
        CHECK(rmdir(path_of(folders[i])) == 0);
    CHECK(rmdir(dir) == 0);
}

#define BASE                                                                                                           \
    "telegram: { token_file = \"token\"; };\n"                                                                         \
    "yookassa: { shop_id = \"1\"; secret_file = \"secret\"; };\n"

static struct config accepts(const char *text)
{
    struct config config = {0};
    struct findings findings;
    struct config_env env = {.check_url = address_fault, .program_dir = dir};
    findings_init(&findings, &arena);
    enum err err = config_load_text(&arena, path_of("conf"), text, strlen(text), &env, &findings, &config);
    for (size_t i = 0; err != ERR_OK && i < findings.count; i++)
        fprintf(stderr, "%d: %s\n", findings.items[i].line, findings.items[i].message);
    CHECK_INT(err, ERR_OK);
    return config;
}

static char *read_example(void)
{
    FILE *file = fopen(SOURCE_DIR "/config/fotoset.conf.example", "r");
    CHECK(file != NULL);
    char *text = arena_alloc(&arena, CONFIG_FILE_MAX_BYTES);
    CHECK(fread(text, 1, CONFIG_FILE_MAX_BYTES - 1, file) > 0);
    CHECK(fclose(file) == 0);
    return text;
}

/* A line `key = value;`, also behind "# ". Returns its full name and what stands before ';', or NULL. */
static const char *key_of_line(const char *line, const char *group, const char **ret_value, bool *ret_commented)
{
    line += strspn(line, " ");
    *ret_commented = strncmp(line, "# ", 2) == 0;
    line += *ret_commented ? 2 : 0;
    size_t name = strspn(line, "abcdefghijklmnopqrstuvwxyz_");
    size_t length = strlen(line);
    if (name == 0 || strncmp(line + name, " = ", 3) != 0 || line[length - 1] != ';')
        return NULL;
    *ret_value = arena_copy_n(&arena, line + name + 3, length - name - 4);
    return arena_format(&arena, "%s%s%.*s", group, group[0] == '\0' ? "" : ".", (int)name, line);
}

/* Words parted by blanks; NULL = none. */
static const char *written_list(const char *words)
{
    const char *list = "[ \"";
    for (const char *at = words; at != NULL && *at != '\0'; at++)
        list = *at == ' ' ? arena_format(&arena, "%s\", \"", list) : arena_format(&arena, "%s%c", list, *at);
    return words == NULL ? NULL : arena_format(&arena, "%s\" ]", list);
}

static const char *written_default(const struct config_key *key)
{
    switch (key->kind) {
    case KEY_INT:
    case KEY_RATE:
    case KEY_BOOL: return key->fallback;
    case KEY_FLAGS: return "[ \"poll\", \"send\", \"generate\" ]";
    case KEY_SECRET: return arena_format(&arena, "\"/etc/fotoset/%s\"", key->fallback);
    case KEY_DATA_DIR: return arena_format(&arena, "\"%s\"", key->fallback);
    case KEY_ADMINS:
    case KEY_PACKS:
    case KEY_PROGRAM:
    case KEY_LISTEN: return NULL;
    case KEY_NETWORKS: return written_list(key->fallback);
    case KEY_TEXT:
    case KEY_NAME:
    case KEY_URL:
    case KEY_LINK:
    case KEY_PROXY:
    case KEY_PATH:
    case KEY_CERTS:
    case KEY_CHOICE:
    case KEY_ENUM:
        return key->fallback == NULL || key->fallback[0] == '\0' ? NULL : arena_format(&arena, "\"%s\"", key->fallback);
    case KEY_KIND_COUNT: break;
    }
    abort();
}

/* Searched for, or needing nothing: such a key stands in the example as a comment. */
static bool is_commented(const struct config_key *key)
{
    return key->kind == KEY_DATA_DIR || (written_default(key) == NULL && !key->required);
}

static void test_example(void)
{
    char *text = read_example();
    const char *group = "";
    size_t seen = 0;
    for (char *line = text, *next; line != NULL; line = next) {
        next = strchr(line, '\n');
        if (next != NULL)
            *next++ = '\0';
        CHECK(strlen(line) < 200);
        size_t name = strspn(line, "abcdefghijklmnopqrstuvwxyz_");
        if (name > 0 && strcmp(line + name, ": {") == 0)
            group = arena_copy_n(&arena, line, name);
        else if (strcmp(line, "};") == 0)
            group = "";
        const char *value = NULL;
        bool commented = false;
        const char *key = key_of_line(line, group, &value, &commented);
        if (key == NULL)
            continue;
        CHECK(seen < config_key_count);
        size_t at = 0;
        while (at < config_key_count && strcmp(config_keys[at].name, key) != 0)
            at++;
        if (at == config_key_count) {
            fprintf(stderr, "%s stands in the example but not in config/keys.c\n", key);
            exit(1);
        }
        CHECK_INT(commented, is_commented(&config_keys[at]));
        if (written_default(&config_keys[at]) != NULL)
            CHECK_TEXT(value, written_default(&config_keys[at]));
        seen++;
    }
    CHECK_INT(seen, config_key_count); /* no key twice in a group, so all of them */
}

/* It works after editing the shop id, with the secrets where a test may have them, and says the same as saying nothing.
 */
static void test_example_runs(void)
{
    static const char *const edits[][2] = {
        {"/etc/fotoset/telegram_token", "token"}, {"/etc/fotoset/yookassa_secret", "secret"}, {"123456", "1"}};
    const char *text = read_example();
    for (size_t i = 0; i < sizeof edits / sizeof edits[0]; i++) {
        const char *at = strstr(text, arena_format(&arena, "\"%s\"", edits[i][0]));
        CHECK(at != NULL);
        text = arena_format(&arena, "%.*s%s%s", (int)(at + 1 - text), text, edits[i][1], at + 1 + strlen(edits[i][0]));
    }
    struct config example = accepts(text), plain = accepts(BASE);
    for (size_t i = 0; i < config_key_count; i++) {
        const struct config_key *key = &config_keys[i];
        const char *a = (const char *)&example + key->offset, *b = (const char *)&plain + key->offset;
        const char *a_text = NULL, *b_text = NULL;
        if (key->kind == KEY_BOOL || key->kind == KEY_ADMINS || key->kind == KEY_PACKS) {
            CHECK(*a == *b);
        } else if (key->kind == KEY_INT || key->kind == KEY_RATE || key->kind == KEY_ENUM || key->kind == KEY_FLAGS) {
            CHECK(memcmp(a, b, sizeof(int32_t)) == 0);
        } else if (key->kind == KEY_LISTEN || key->kind == KEY_NETWORKS) {
            CHECK(memcmp(a, b,
                         key->kind == KEY_LISTEN ? sizeof(struct config_listen) : sizeof(struct config_networks)) == 0);
        } else {
            memcpy(&a_text, a, sizeof a_text);
            memcpy(&b_text, b, sizeof b_text);
            CHECK((a_text == NULL) == (b_text == NULL));
            if (a_text != NULL)
                CHECK_TEXT(a_text, b_text);
        }
    }
}

int main(void)
{
    arena_init(&arena);
    make_folder();
    test_example();
    test_example_runs();
    remove_folder();
    arena_done(&arena);
    return 0;
}
