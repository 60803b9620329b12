/* The names of the database's hosts are looked up beside the loop: whatever the resolver does, nothing waits for it.
 * Needs FOTOSET_TEST_CONNINFO: run by tests/postgres run. */
#include "db/db.h"
#include "db/hosts.h"
#include "tests/check.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { AT_ONCE_MS = 150, WAIT_MS = 20 * 1000 };

static char dir[] = "/tmp/fotoset-hosts.XXXXXX", program[64], calls[64];

struct seen {
    int calls;
    int64_t number;
    struct db_failure failure;
};

static void note(void *context, const struct db_result *result, const struct db_failure *failure)
{
    struct seen *seen = context;
    seen->calls++;
    if (failure != NULL)
        seen->failure = *failure;
    else
        seen->number = db_int64(result, 0, 0, 0);
}

static int64_t clock_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* One round of a loop; none of it may take long but the wait itself. */
static void turn(struct db *db, int64_t max_ms)
{
    int64_t wait_ms = db_next_deadline_ms(db) - clock_ms();
    struct pollfd wanted = {db_fd(db), db_events(db), 0};
    wait_ms = wait_ms < 0 ? 0 : wait_ms > max_ms ? max_ms : wait_ms;
    int got = poll(&wanted, 1, (int)wait_ms);
    int64_t before_ms = clock_ms();
    db_ready(db, got > 0 ? wanted.revents : 0, before_ms);
    CHECK(clock_ms() - before_ms < AT_ONCE_MS);
}

static struct seen ask(const char *conninfo, int timeout_ms)
{
    struct seen seen = {0};
    struct db *db = db_new(conninfo, &(struct db_options){.connect_timeout_ms = timeout_ms,
                                                          .unit_timeout_ms = 2 * (int64_t)timeout_ms,
                                                          .resolver = program});
    struct db_unit *unit = db_unit_new();
    (void)db_unit_add(unit, "SELECT 42", 0, NULL);
    db_submit(db, unit, note, &seen);
    for (int64_t end_ms = clock_ms() + WAIT_MS; seen.calls == 0; turn(db, 100))
        CHECK(clock_ms() < end_ms);
    db_free(db);
    CHECK(waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD); /* nobody is left behind */
    return seen;
}

/* Looks all up and gives libpq's parameters, " " between them. */
static const char *found(const char *conninfo)
{
    static char text[512];
    const char *host = "", *hostaddr = "", *port = "";
    struct hosts *hosts = hosts_begin(conninfo, program);
    if (hosts == NULL)
        return "as it is";
    struct pollfd wanted = {hosts_fd(hosts), POLLIN, 0};
    for (bool all = false; !all && poll(&wanted, 1, 500) > 0;)
        all = hosts_read(hosts);
    bool any = hosts_found(hosts, &host, &hostaddr, &port);
    (void)snprintf(text, sizeof text, "%s %s %s", host, hostaddr, port);
    hosts_free(hosts);
    return any ? text : "nowhere";
}

static void test_what_libpq_would_do(void)
{
    CHECK_TEXT(found("dbname=x"), "as it is");
    CHECK_TEXT(found("host=/tmp"), "as it is");
    CHECK_TEXT(found("host=127.0.0.1 port=5"), "as it is");
    CHECK_TEXT(found("postgresql://u@[::1]:7/x"), "as it is");
    CHECK_TEXT(found("host=one.test hostaddr=127.0.0.9"), "as it is");
    CHECK_TEXT(found("host=a,b hostaddr=1.2.3.4"), "as it is"); /* libpq refuses it, in its own words */
    CHECK_TEXT(found("host=one.test port=7"), "one.test 127.0.0.1 7");
    CHECK_TEXT(found("postgresql://u:secret@two.test/x?sslmode=verify-full"),
               "two.test,two.test 127.0.0.1,127.0.0.2 5432,5432");
    CHECK_TEXT(found("host=one.test,/tmp,two.test port=1,2,3"),
               "one.test,/tmp,two.test,two.test 127.0.0.1,,127.0.0.1,127.0.0.2 1,2,3,3");
    CHECK_TEXT(found("host=none.test,10.0.0.1"), "10.0.0.1  5432");
    CHECK_TEXT(found("host=none.test"), "nowhere");
    CHECK_TEXT(found("host=hang.test"), "nowhere");
    CHECK_TEXT(found("host='a name.test'"), "nowhere");
    CHECK(setenv("PGHOST", "one.test", 1) == 0 && setenv("PGPORT", "9", 1) == 0);
    CHECK_TEXT(found("dbname=x"), "one.test 127.0.0.1 9");
    CHECK(unsetenv("PGHOST") == 0 && unsetenv("PGPORT") == 0);
    CHECK(setenv("PGSERVICEFILE", "service", 1) == 0);
    FILE *file = fopen("service", "w");
    CHECK(file != NULL && fputs("[shop]\nhost=two.test\nport=3\n", file) >= 0 && fclose(file) == 0);
    CHECK_TEXT(found("service=shop"), "two.test,two.test 127.0.0.1,127.0.0.2 3,3");
    CHECK(unsetenv("PGSERVICEFILE") == 0);
}

static void test_resolver_hangs(void)
{
    struct seen seen = ask("host=hang.test", 600);
    CHECK_INT(seen.failure.err, ERR_TIMEOUT);
    CHECK(!seen.failure.maybe_committed);
    CHECK(strstr(seen.failure.message, "not found in time") != NULL);
    seen = ask("host=none.test", 600);
    CHECK(strstr(seen.failure.message, "has no address") != NULL);
}

/* The others are gone to all the same; sockets are among them. */
static void test_one_of_several(void)
{
    char conninfo[512];
    struct stat at;
    const char *given = getenv("FOTOSET_TEST_CONNINFO"), *host = strstr(given, "host=");
    CHECK(host != NULL);
    int length = (int)strcspn(host + 5, " ");
    (void)snprintf(conninfo, sizeof conninfo, "%s host=hang.test,none.test,%.*s", given, length, host + 5);
    CHECK_INT(ask(conninfo, 2000).number, 42);
    (void)snprintf(conninfo, sizeof conninfo, "%s", given);
    (void)unlink(calls);
    CHECK_INT(ask(conninfo, 2000).number, 42);
    CHECK(stat(calls, &at) != 0); /* nobody was asked for a socket */
}

/* A server that wants a password: it stands in the file under the name, so the name must still be the host's. */
static void test_name_stays(void)
{
    static const char wants_password[] = {'R', 0, 0, 0, 8, 0, 0, 0, 3};
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    struct seen seen = {0};
    char conninfo[256], got[256] = "";
    int server = socket(AF_INET, SOCK_STREAM, 0), client = -1;
    CHECK(bind(server, (struct sockaddr *)&address, sizeof address) == 0 && listen(server, 8) == 0);
    CHECK(getsockname(server, (struct sockaddr *)&address, &length) == 0);
    FILE *file = fopen("pass", "w");
    CHECK(file != NULL && fputs("one.test:*:*:*:by-its-name\n127.0.0.1:*:*:*:by-its-address\n", file) >= 0);
    CHECK(fclose(file) == 0 && chmod("pass", 0600) == 0);
    (void)snprintf(conninfo, sizeof conninfo,
                   "host=one.test port=%d user=u dbname=d sslmode=disable gssencmode=disable passfile=pass",
                   ntohs(address.sin_port));
    struct db *db = db_new(conninfo, &(struct db_options){.resolver = program});
    struct db_unit *unit = db_unit_new();
    (void)db_unit_add(unit, "SELECT 42", 0, NULL);
    db_submit(db, unit, note, &seen);
    struct pollfd wanted = {server, POLLIN, 0};
    for (int64_t end_ms = clock_ms() + WAIT_MS; client < 0; turn(db, 10)) {
        CHECK(clock_ms() < end_ms);
        if (poll(&wanted, 1, 0) > 0)
            client = accept(server, NULL, NULL);
    }
    for (int i = 0; i < 50; i++)
        turn(db, 10);
    CHECK(read(client, got, sizeof got) > 0); /* the start */
    CHECK(write(client, wants_password, sizeof wants_password) == (ssize_t)sizeof wants_password);
    for (int i = 0; i < 50; i++)
        turn(db, 10);
    CHECK(read(client, got, sizeof got - 1) > 5);
    CHECK_TEXT(got + 5, "by-its-name");
    db_free(db);
    (void)close(client);
    (void)close(server);
}

/* What the look-up needs of our environment, and no secrets. */
static void test_environment(void)
{
    char text[4096];
    CHECK(setenv("PGPASSWORD", "secret", 1) == 0 && setenv("RES_OPTIONS", "attempts:1", 1) == 0);
    CHECK_TEXT(found("host=one.test port=7"), "one.test 127.0.0.1 7");
    CHECK(unsetenv("PGPASSWORD") == 0 && unsetenv("RES_OPTIONS") == 0);
    FILE *file = fopen("environment", "r");
    CHECK(file != NULL);
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    CHECK(fclose(file) == 0);
    CHECK(strstr(text, "RES_OPTIONS") != NULL && strstr(text, "secret") == NULL && strstr(text, "HOME") == NULL);
}

/* The daemon's own program, on a name that every machine has. */
static void test_program(void)
{
    (void)snprintf(program, sizeof program, "%s", BINARY_DIR "/fotosetd");
    const char *text = found("host=localhost port=1");
    CHECK(strncmp(text, "localhost", 9) == 0 && (strstr(text, "127.0.0.1") != NULL || strstr(text, "::1") != NULL));
    CHECK_TEXT(found("host=no-such-name.invalid"), "nowhere");
}

int main(void)
{
    CHECK(mkdtemp(dir) != NULL && chdir(dir) == 0);
    (void)snprintf(program, sizeof program, "%s/resolver", dir);
    (void)snprintf(calls, sizeof calls, "%s/calls", dir);
    FILE *file = fopen(program, "w");
    CHECK(file != NULL &&
          fprintf(file,
                  "#!/bin/sh\nexport -p >environment\necho \"$2\" >>%s\ncase $2 in\nhang.test) exec sleep 100 ;;\n"
                  "one.test) echo one.test 127.0.0.1 ;;\n"
                  "two.test) printf 'two.test 127.0.0.1\\ntwo.test 127.0.0.2\\n' ;;\nesac\n",
                  calls) > 0);
    CHECK(fclose(file) == 0 && chmod(program, 0755) == 0);
    test_what_libpq_would_do();
    test_resolver_hangs();
    test_environment();
    test_one_of_several();
    test_name_stays();
    test_program();
    puts("test_db_hosts: ok");
    return 0;
}
