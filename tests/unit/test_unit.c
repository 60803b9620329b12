/* The unit file, as far as a check needs it: what is read, what empties a list, and which paths the unit takes away. */
#include "bot/house/unit.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/check.h"

static struct arena arena;
static struct findings findings;
static const char *dir;

static void put_unit(const char *text)
{
    int fd = open(arena_format(&arena, "%s/lib/systemd/system/fotoset.service", dir), O_WRONLY | O_CREAT | O_TRUNC,
                  0600);
    CHECK(fd >= 0);
    CHECK(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
    CHECK(close(fd) == 0);
}

static enum err read_unit(struct unit *unit)
{
    findings_init(&findings, &arena);
    return unit_read(unit, &arena, arena_format(&arena, "%s/bin", dir), &findings);
}

static void make_folder(void)
{
    static char template[] = "/tmp/fotoset_test_unit.XXXXXX";
    static const char *const folders[] = {"bin", "lib", "lib/systemd", "lib/systemd/system"};
    dir = mkdtemp(template);
    CHECK(dir != NULL);
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++)
        CHECK(mkdir(arena_format(&arena, "%s/%s", dir, folders[i]), 0700) == 0);
}

static void remove_folder(void)
{
    static const char *const names[] = {"lib/systemd/system/fotoset.service", "lib/systemd/system", "lib/systemd",
                                        "lib", "bin"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        (void)remove(arena_format(&arena, "%s/%s", dir, names[i]));
    CHECK(rmdir(dir) == 0);
}

static bool told(const char *words)
{
    for (size_t i = 0; i < findings.count; i++)
        if (strstr(findings.items[i].message, words) != NULL)
            return true;
    return false;
}

static void test_nothing(void)
{
    struct unit unit;
    CHECK_INT(read_unit(&unit), ERR_INVALID);
    CHECK(told("the unit can't be read: No such file"));
    put_unit("[Service]\nUser=fotoset\n");
    CHECK_INT(read_unit(&unit), ERR_INVALID);
    CHECK(told("names no configuration"));
    put_unit("[Service]\nExecStart=/usr/bin/fotosetd run -c /etc/f.conf\n#User=x\n");
    CHECK_INT(read_unit(&unit), ERR_INVALID);
    CHECK(told("names no User="));
}

static void test_lines(void)
{
    struct unit unit;
    put_unit(
        "[Unit]\nDescription=x\n\n[Service]\n"
        "# ends here \\\nExecStart=/usr/bin/fotosetd run\\\n# between\n  -c \\\r\n /etc/f.conf \r\n"
        " # LoadCredential=no:/no\n"
        "LoadCredential=gone:/gone\nLoadCredential=\n"
        "LoadCredential=telegram_token:/etc/a b\nLoadCredential=yookassa_secret:/etc/c\n"
        "User = first\nUser=second\nStateDirectory=fotoset more\nEnvironment=A=1 B=2\nReadWritePaths=-/srv/x /srv/y\n"
        "ProtectSystem=strict\nProtectHome=yes\nPrivateTmp=yes\nUMask=\\");
    CHECK_INT(read_unit(&unit), ERR_OK);
    CHECK_TEXT(unit.user, "second");
    CHECK_TEXT(unit.config_file, "/etc/f.conf");
    CHECK_TEXT(unit.state_dir, "/var/lib/fotoset");
    CHECK_INT(unit.credential_count, 2);
    CHECK_TEXT(unit.credentials[0].name, "telegram_token");
    CHECK_TEXT(unit.credentials[0].path, "/etc/a b");
    CHECK_TEXT(unit.credentials[1].path, "/etc/c");
    CHECK_INT(unit.credentials[1].fd, -1);
    CHECK_INT(unit.variable_count, 2);
    CHECK_TEXT(unit.variables[1].name, "B");
    CHECK_TEXT(unit.variables[1].value, "2");
    CHECK_INT(unit.writable_count, 2);
    CHECK_TEXT(unit.writable[0], "/srv/x");
}

static size_t faults(const struct unit *unit, const char *store, const char *texts)
{
    struct config config = {.store.path = store, .texts_dir = texts};
    findings_init(&findings, &arena);
    unit_check_paths(unit, &config, &findings);
    return findings.errors;
}

static void test_paths(void)
{
    struct unit unit;
    CHECK_INT(read_unit(&unit), ERR_OK); /* that of test_lines */
    CHECK_INT(faults(&unit, "/var/lib/fotoset", NULL), 0);
    CHECK_INT(faults(&unit, "/var/lib/fotoset/photos", "/etc/fotoset/texts"), 0);
    CHECK_INT(faults(&unit, "/srv/x/photos", NULL), 0);
    CHECK_INT(faults(&unit, "/var/lib/fotoset2", NULL), 1);
    CHECK(told("where the unit may not write"));
    CHECK_INT(faults(&unit, "/var/lib/fotoset", "/home/anna/texts"), 1);
    CHECK(told("texts_dir is /home/anna/texts"));
    CHECK_INT(faults(&unit, "/var/lib/fotoset", "/tmp/texts"), 1);
    unit.strict = unit.hides_home = unit.private_tmp = false;
    CHECK_INT(faults(&unit, "/tmp/photos", "/home/anna/texts"), 0);
}

/* May this address be listened at, under these lines? */
static bool may_listen(const char *lines, const char *address, uint16_t port)
{
    struct unit unit;
    struct config config = {.notifications.listen = {.text = address, .port = port}};
    put_unit(arena_format(&arena, "[Service]\nUser=fotoset\nExecStart=/f run -c /etc/f.conf\n%s\n", lines));
    CHECK_INT(read_unit(&unit), ERR_OK);
    CHECK(network_parse(address, &config.notifications.listen.address) == NULL);
    unit_check_listen(&unit, &config, &findings);
    CHECK(findings.errors == 0 || told("the unit may not listen there"));
    return findings.errors == 0;
}

static void test_listen(void)
{
    struct unit unit = {.denied = {{"any"}, 1}};
    struct config config = {.notifications.listen.text = NULL};
    findings_init(&findings, &arena);
    unit_check_listen(&unit, &config, &findings); /* it does not listen */
    CHECK_INT(findings.count, 0);
    CHECK(may_listen("", "127.0.0.1", 8081));
    CHECK(!may_listen("SocketBindDeny=any", "127.0.0.1", 8081));
    CHECK(may_listen("SocketBindDeny=any\nSocketBindDeny=", "127.0.0.1", 8081));
    CHECK(may_listen("SocketBindDeny=any\nSocketBindAllow=tcp:8081", "127.0.0.1", 8081));
    CHECK(!may_listen("SocketBindDeny=any\nSocketBindAllow=tcp:8081\nSocketBindAllow=", "127.0.0.1", 8081));
    CHECK(!may_listen("SocketBindDeny=any\nSocketBindAllow=udp:8081", "127.0.0.1", 8081));
    CHECK(!may_listen("SocketBindDeny=any\nSocketBindAllow=tcp:8082", "127.0.0.1", 8081));
    CHECK(!may_listen("SocketBindDeny=any\nSocketBindAllow=ipv6:tcp:8081", "127.0.0.1", 8081));
    CHECK(may_listen("SocketBindDeny=any\nSocketBindAllow=ipv6:tcp:8081", "::1", 8081));
    CHECK(may_listen("SocketBindDeny=any\nSocketBindAllow=8000-8081", "::1", 8081));
    CHECK(!may_listen("SocketBindDeny=any\nSocketBindAllow=8082-9000", "::1", 8081));
    CHECK(!may_listen("SocketBindDeny=any\nSocketBindAllow=8081x", "::1", 8081));
    CHECK(!may_listen("SocketBindDeny=ipv4", "127.0.0.1", 8081) && may_listen("SocketBindDeny=ipv4", "::1", 8081));
    CHECK(!may_listen("SocketBindDeny=tcp:8081", "127.0.0.1", 8081));
}

/* The one that is shipped: every line of it that matters is understood. */
static void test_shipped(void)
{
    char text[16384] = "";
    struct unit unit;
    int fd = open(SOURCE_DIR "/systemd/fotoset.service", O_RDONLY);
    CHECK(fd >= 0 && read(fd, text, sizeof text - 1) > 0 && close(fd) == 0);
    put_unit(text);
    CHECK_INT(read_unit(&unit), ERR_OK);
    CHECK_TEXT(unit.user, "fotoset");
    CHECK_TEXT(unit.config_file, "/etc/fotoset/fotoset.conf");
    CHECK_TEXT(unit.state_dir, "/var/lib/fotoset");
    CHECK_INT(unit.credential_count, 2);
    CHECK(unit.strict && unit.hides_home && unit.private_tmp);
    CHECK_INT(unit.denied.count, 1);
    CHECK_INT(unit.allowed.count, 0);
}

int main(void)
{
    arena_init(&arena);
    make_folder();
    test_nothing();
    test_lines();
    test_paths();
    test_listen();
    test_shipped();
    remove_folder();
    arena_done(&arena);
    puts("unit: all is well");
    return 0;
}
