/* Looking up hosts without waiting. What libpq would connect to is asked of libpq itself, by a connection that is never
 * made; only then do service files, the environment and its own defaults count as they always do.
 *
 * A process for each name, not a thread: it can be ended at any moment, and nothing of ours is shared with it. All
 * write into one pipe, a line at a time; its end is the end of the last of them. Must not: cache anything (a try to
 * connect is rare, and the resolver's own cache knows for how long a name holds). */
#include "db/hosts.h"

#include <fcntl.h>
#include <libpq-fe.h>
#include <netdb.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/arena.h"
#include "core/bug.h"

enum { ANSWER_MAX_BYTES = 16 * 1024, LINE_MAX_BYTES = HOSTS_NAME_MAX_BYTES + NI_MAXHOST, RESOLVER_VARIABLES = 3 };

extern char **environ;

struct host {
    const char *name, *address, *port; /* "" = none */
    pid_t pid;                         /* that looks the name up; 0 = nobody does */
    bool asked;
};

struct hosts {
    struct arena arena;
    struct host list[HOSTS_MAX];
    int count;
    int fd;
    size_t bytes;
    char answer[ANSWER_MAX_BYTES]; /* lines "NAME ADDRESS" */
};

/* Parts between commas, empty ones too; "" is one empty part. Returns how many. */
static int split(struct arena *arena, const char *text, const char *ret_parts[HOSTS_MAX])
{
    int count = 0;
    for (const char *at = text;; at++) {
        size_t length = strcspn(at, ",");
        if (count < HOSTS_MAX)
            ret_parts[count++] = arena_copy_n(arena, at, length);
        at += length;
        if (*at == '\0')
            return count;
    }
}

static const char *value_of(const PQconninfoOption *options, const char *keyword)
{
    for (; options->keyword != NULL; options++)
        if (strcmp(options->keyword, keyword) == 0 && options->val != NULL)
            return options->val;
    return "";
}

/* Fills the list; false when libpq can't use it. */
static bool read_list(struct hosts *hosts, const PQconninfoOption *options)
{
    const char *names[HOSTS_MAX], *addresses[HOSTS_MAX], *ports[HOSTS_MAX];
    const char *given = value_of(options, "hostaddr");
    hosts->count = split(&hosts->arena, value_of(options, "host"), names);
    int address_count = split(&hosts->arena, given, addresses);
    int port_count = split(&hosts->arena, value_of(options, "port"), ports);
    if ((given[0] != '\0' && address_count != hosts->count) || (port_count != 1 && port_count != hosts->count))
        return false;
    for (int i = 0; i < hosts->count; i++)
        hosts->list[i] = (struct host){.name = names[i],
                                       .address = given[0] == '\0' ? "" : addresses[i],
                                       .port = port_count == 1 ? ports[0] : ports[i]};
    return true;
}

static bool is_name(const struct host *host)
{
    struct addrinfo numeric = {.ai_flags = AI_NUMERICHOST}, *found = NULL;
    if (host->address[0] != '\0' || host->name[0] == '\0' || host->name[0] == '/' || host->name[0] == '@')
        return false;
    if (strlen(host->name) >= HOSTS_NAME_MAX_BYTES || strpbrk(host->name, " \n") != NULL)
        return true; /* nobody has it: it is looked up by nobody, and not found */
    if (getaddrinfo(host->name, NULL, &numeric, &found) != 0)
        return true;
    freeaddrinfo(found);
    return false;
}

static PQconninfoOption *effective(const char *conninfo)
{
    static const char *const keywords[] = {"dbname", "target_session_attrs", NULL};
    const char *const values[] = {conninfo, "none that there is", NULL};
    PGconn *never = PQconnectStartParams(keywords, values, 1); /* refused before anything is looked up */
    PQconninfoOption *options = never == NULL ? NULL : PQconninfo(never);
    if (options == NULL)
        bug("out of memory");
    PQfinish(never);
    return options;
}

/* Of our environment it takes what names are looked up with: a password or a token is none of its business. */
static void needed_environment(char *ret_variables[RESOLVER_VARIABLES + 1])
{
    static const char *const names[RESOLVER_VARIABLES] = {"RES_OPTIONS=", "LOCALDOMAIN=", "HOSTALIASES="};
    size_t count = 0;
    for (size_t i = 0; environ[i] != NULL; i++)
        for (size_t k = 0; k < RESOLVER_VARIABLES && count < RESOLVER_VARIABLES; k++)
            if (strncmp(environ[i], names[k], strlen(names[k])) == 0)
                ret_variables[count++] = environ[i];
    ret_variables[count] = NULL;
}

/* The child reads nothing, writes into the pipe, and takes none of our blocked signals along. */
static void look_up(struct host *host, const char *program, int pipe_end)
{
    char *const arguments[] = {strdup(program), strdup("resolve"), strdup(host->name), NULL};
    if (arguments[0] == NULL || arguments[1] == NULL || arguments[2] == NULL)
        bug("out of memory");
    char *variables[RESOLVER_VARIABLES + 1];
    needed_environment(variables);
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none, all;
    (void)sigemptyset(&none);
    (void)sigfillset(&all);
    (void)sigdelset(&all, SIGKILL);
    (void)sigdelset(&all, SIGSTOP);
    if (posix_spawn_file_actions_init(&actions) != 0 || posix_spawnattr_init(&attributes) != 0)
        bug("out of memory");
    int failed = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    failed |= posix_spawn_file_actions_adddup2(&actions, pipe_end, STDOUT_FILENO);
    failed |= posix_spawnattr_setsigmask(&attributes, &none);
    failed |= posix_spawnattr_setsigdefault(&attributes, &all);
    failed |= posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    if (failed != 0 || posix_spawn(&host->pid, program, &actions, &attributes, arguments, variables) != 0)
        host->pid = 0; /* like a name that is not found: tried again */
    (void)posix_spawnattr_destroy(&attributes);
    (void)posix_spawn_file_actions_destroy(&actions);
    for (size_t i = 0; arguments[i] != NULL; i++)
        free(arguments[i]);
}

struct hosts *hosts_begin(const char *conninfo, const char *program)
{
    int ends[2];
    int asked = 0;
    struct hosts *hosts = calloc(1, sizeof *hosts);
    if (hosts == NULL)
        bug("out of memory");
    hosts->fd = -1;
    arena_init(&hosts->arena);
    PQconninfoOption *options = effective(conninfo);
    bool usable = read_list(hosts, options);
    PQconninfoFree(options);
    for (int i = 0; i < hosts->count && usable; i++)
        asked += hosts->list[i].asked = is_name(&hosts->list[i]);
    if (asked == 0) {
        hosts_free(hosts);
        return NULL;
    }
    if (pipe(ends) != 0)
        bug("no more descriptors");
    for (int i = 0; i < 2; i++)
        (void)fcntl(ends[i], F_SETFD, FD_CLOEXEC);
    (void)fcntl(ends[0], F_SETFL, O_NONBLOCK);
    hosts->fd = ends[0];
    for (int i = 0; i < hosts->count; i++)
        if (hosts->list[i].asked && strlen(hosts->list[i].name) < HOSTS_NAME_MAX_BYTES)
            look_up(&hosts->list[i], program, ends[1]);
    (void)close(ends[1]);
    return hosts;
}

void hosts_free(struct hosts *hosts)
{
    if (hosts == NULL)
        return;
    for (int i = 0; i < hosts->count; i++) {
        if (hosts->list[i].pid == 0)
            continue;
        (void)kill(hosts->list[i].pid, SIGKILL);
        (void)waitpid(hosts->list[i].pid, NULL, 0);
    }
    if (hosts->fd >= 0)
        (void)close(hosts->fd);
    arena_done(&hosts->arena);
    free(hosts);
}

int hosts_fd(const struct hosts *hosts)
{
    return hosts->fd;
}

bool hosts_read(struct hosts *hosts)
{
    ssize_t got = 1;
    while (got > 0 && hosts->bytes + 1 < ANSWER_MAX_BYTES) {
        got = read(hosts->fd, hosts->answer + hosts->bytes, ANSWER_MAX_BYTES - 1 - hosts->bytes);
        hosts->bytes += got > 0 ? (size_t)got : 0;
    }
    return got >= 0; /* the end, or more than anybody needs */
}

/* One more to go to. */
static void add(struct arena *arena, char *lists[3], const struct host *host, const char *address)
{
    const char *more[3] = {host->name, address, host->port};
    for (int i = 0; i < 3; i++)
        lists[i] = lists[i] == NULL ? arena_copy(arena, more[i]) : arena_format(arena, "%s,%s", lists[i], more[i]);
}

/* Each line of the answer that is about this host. */
static int add_found(struct hosts *hosts, char *lists[3], const struct host *host, int room)
{
    size_t length = strlen(host->name);
    int count = 0;
    for (const char *line = hosts->answer; *line != '\0' && count < room;) {
        size_t bytes = strcspn(line, "\n");
        if (line[bytes] == '\0')
            break; /* cut off */
        if (bytes > length + 1 && strncmp(line, host->name, length) == 0 && line[length] == ' ') {
            add(&hosts->arena, lists, host, arena_copy_n(&hosts->arena, line + length + 1, bytes - length - 1));
            count++;
        }
        line += bytes + 1;
    }
    return count;
}

bool hosts_found(struct hosts *hosts, const char **ret_host, const char **ret_hostaddr, const char **ret_port)
{
    char *lists[3] = {NULL, NULL, NULL};
    int count = 0;
    for (int i = 0; i < hosts->count; i++) {
        if (hosts->list[i].asked)
            count += add_found(hosts, lists, &hosts->list[i], HOSTS_ADDRESSES_MAX - count);
        else
            add(&hosts->arena, lists, &hosts->list[i], hosts->list[i].address);
    }
    if (lists[0] == NULL)
        return false;
    *ret_host = lists[0];
    *ret_hostaddr = lists[1];
    *ret_port = lists[2];
    return true;
}

int hosts_print(const char *name)
{
    struct addrinfo wanted = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM}, *found = NULL;
    char address[NI_MAXHOST], line[LINE_MAX_BYTES];
    if (strlen(name) >= HOSTS_NAME_MAX_BYTES || getaddrinfo(name, NULL, &wanted, &found) != 0)
        return EXIT_FAILURE;
    for (const struct addrinfo *one = found; one != NULL; one = one->ai_next) {
        if (getnameinfo(one->ai_addr, one->ai_addrlen, address, sizeof address, NULL, 0, NI_NUMERICHOST) != 0)
            continue;
        int length = snprintf(line, sizeof line, "%s %s\n", name, address);
        if (write(STDOUT_FILENO, line, (size_t)length) != length) /* whole: it is shorter than what a pipe cuts */
            break;
    }
    freeaddrinfo(found);
    return EXIT_SUCCESS;
}
