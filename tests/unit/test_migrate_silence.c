/* A plan ends in time also where nobody hears that it is given up: the line to the server lets what goes on through,
 * and swallows the connection by which it is to be cancelled. Run by tests/postgres run, which sets
 * FOTOSET_TEST_CONNINFO. */
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "db/migrate.h"
#include "tests/check.h"

enum { SOON_ENOUGH_MS = 19 * 1000, BUFFER_BYTES = 65536 };

static char dir[] = "/tmp/fotoset-silence.XXXXXX";

static int64_t clock_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static struct sockaddr_un address_in(const char *folder)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    (void)snprintf(address.sun_path, sizeof address.sun_path, "%s/.s.PGSQL.5432", folder);
    return address;
}

static bool pass(int from, int to)
{
    static char buffer[BUFFER_BYTES];
    ssize_t got = read(from, buffer, sizeof buffer);
    return got > 0 && write(to, buffer, (size_t)got) == got;
}

/* Passes on the first connection; later ones are taken, and that is all. Never returns. */
static void be_the_line(int listener, const char *server)
{
    struct sockaddr_un address = address_in(server);
    int here = accept(listener, NULL, NULL), there = socket(AF_UNIX, SOCK_STREAM, 0);
    if (connect(there, (const struct sockaddr *)&address, sizeof address) != 0)
        _exit(1);
    struct pollfd ends[2] = {{here, POLLIN, 0}, {there, POLLIN, 0}};
    while (poll(ends, 2, -1) > 0)
        if ((ends[0].revents != 0 && !pass(here, there)) || (ends[1].revents != 0 && !pass(there, here)))
            break;
    _exit(0);
}

int main(void)
{
    static const struct migration slow[] = {
        {.version = 1, .name = "0001_slow.sql", .sql = "SELECT pg_sleep(60)", .sha256 = "x"}};
    const char *given = getenv("FOTOSET_TEST_CONNINFO"), *host = strstr(given, "host=");
    char server[128], conninfo[512];
    struct migrate_report report;
    CHECK(host != NULL && mkdtemp(dir) != NULL);
    (void)snprintf(server, sizeof server, "%.*s", (int)strcspn(host + 5, " "), host + 5);
    (void)snprintf(conninfo, sizeof conninfo, "%s host=%s", given, dir);
    struct sockaddr_un address = address_in(dir);
    int listener = socket(AF_UNIX, SOCK_STREAM, 0);
    CHECK(bind(listener, (const struct sockaddr *)&address, sizeof address) == 0 && listen(listener, 8) == 0);
    pid_t line = fork();
    if (line == 0)
        be_the_line(listener, server);
    (void)alarm(60); /* a plan that does not end ends here */
    int64_t begun_ms = clock_ms();
    CHECK(migrate_plan(conninfo, slow, 1, &report) != ERR_OK);
    CHECK(clock_ms() - begun_ms < SOON_ENOUGH_MS);
    CHECK(strstr(report.message, "no answer in time") != NULL);
    (void)kill(line, SIGKILL);
    (void)waitpid(line, NULL, 0);
    (void)unlink(address.sun_path);
    (void)rmdir(dir);
    puts("test_migrate_silence: ok");
    return 0;
}
