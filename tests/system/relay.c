/* The relay's process: one poll loop over the listener and the links. It knows nothing of Postgres's protocol. What it
 * does next is armed at random times and happens to the next bytes that the daemon sends, so that it meets whatever is
 * under way then: a load, a commit, a lease. The parent sees the counts through shared memory. */
#include "tests/system/relay.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/system/net.h"

enum {
    LINKS_MAX = 16,
    CHUNK_BYTES = 64 * 1024,
    HELD_MAX_BYTES = 1024 * 1024,
    TICK_MS = 5,
    PAUSE_MIN_MS = 80, /* between two deeds */
    PAUSE_MAX_MS = 600,
    MUTED_MS = 60,    /* long enough for a commit */
    LATE_MAX_MS = 12, /* as long as a reconnect and a load take: the late bytes race with the next try */
    LINGER_MS = 200
};

struct shared {
    atomic_bool mean;
    atomic_long counts[RELAY_DEED_COUNT];
};

struct relay {
    pid_t pid;
    struct shared *shared;
};

struct link {
    int client, server;        /* -1 = closed, link free when both are */
    int chunks;                /* from the client so far */
    enum relay_deed deed;      /* RELAY_DEED_COUNT = none */
    bool muted;                /* what the server says is lost */
    int64_t send_ms, close_ms; /* 0 = not set */
    char *held;
    size_t held_bytes;
};

struct line {
    struct shared *shared;
    struct sockaddr_un server;
    int listener;
    struct link links[LINKS_MAX];
    int64_t next_ms;
    uint64_t dice;
};

static uint64_t roll(struct line *line, uint64_t sides)
{
    line->dice ^= line->dice << 13;
    line->dice ^= line->dice >> 7;
    line->dice ^= line->dice << 17;
    return (line->dice >> 11) % sides;
}

static void hang_up(int *fd)
{
    if (*fd >= 0)
        (void)close(*fd);
    *fd = -1;
}

static void end_link(struct link *link)
{
    hang_up(&link->client);
    hang_up(&link->server);
    free(link->held);
    *link = (struct link){.client = -1, .server = -1, .deed = RELAY_DEED_COUNT};
}

static bool put(int fd, const char *bytes, size_t count)
{
    while (count > 0) {
        ssize_t sent = send(fd, bytes, count, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent <= 0)
            return false;
        bytes += sent;
        count -= (size_t)sent;
    }
    return true;
}

static void accept_link(struct line *line)
{
    int client = accept(line->listener, NULL, NULL);
    for (int i = 0; i < LINKS_MAX && client >= 0; i++) {
        struct link *link = &line->links[i];
        if (link->client >= 0 || link->server >= 0)
            continue;
        link->server = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (link->server < 0 || connect(link->server, (struct sockaddr *)&line->server, sizeof line->server) != 0)
            hang_up(&link->server);
        else
            link->client = client;
        if (link->client < 0)
            hang_up(&client);
        return;
    }
    hang_up(&client);
}

static void from_client(struct line *line, struct link *link)
{
    static char bytes[CHUNK_BYTES];
    ssize_t count = recv(link->client, bytes, sizeof bytes, 0);
    enum relay_deed deed = link->deed;
    if (count <= 0) {
        end_link(link);
        return;
    }
    link->chunks++;
    if (deed == RELAY_LATE) {
        link->held = malloc(HELD_MAX_BYTES);
        if (link->held == NULL)
            abort();
        memcpy(link->held, bytes, (size_t)count);
        link->held_bytes = (size_t)count;
        while ((count = recv(link->client, link->held + link->held_bytes, HELD_MAX_BYTES - link->held_bytes,
                             MSG_DONTWAIT)) > 0)
            link->held_bytes += (size_t)count;
        hang_up(&link->client);
        link->send_ms = net_now_ms() + 1 + (int64_t)roll(line, LATE_MAX_MS);
    } else if (deed == RELAY_CUT) {
        (void)put(link->server, bytes, (size_t)roll(line, (uint64_t)count));
        end_link(link);
    } else if (!put(link->server, bytes, (size_t)count)) {
        end_link(link);
    }
    if (deed == RELAY_MUTE && !link->muted) {
        link->muted = true;
        link->close_ms = net_now_ms() + MUTED_MS;
    }
    if (deed != RELAY_DEED_COUNT && !(deed == RELAY_MUTE && link->deed == RELAY_DEED_COUNT))
        atomic_fetch_add(&line->shared->counts[deed], 1);
    link->deed = RELAY_DEED_COUNT;
}

static void from_server(struct link *link)
{
    static char bytes[CHUNK_BYTES];
    ssize_t count = recv(link->server, bytes, sizeof bytes, 0);
    if (count <= 0)
        end_link(link);
    else if (!link->muted && link->client >= 0 && !put(link->client, bytes, (size_t)count))
        end_link(link);
}

/* The busiest link is the one to be mean to, once it is past its greeting. */
static void arm(struct line *line, int64_t now_ms)
{
    struct link *best = NULL;
    if (!atomic_load(&line->shared->mean) || now_ms < line->next_ms)
        return;
    for (int i = 0; i < LINKS_MAX; i++) {
        struct link *link = &line->links[i];
        if (link->client >= 0 && link->chunks > 1 && !link->muted && (best == NULL || link->chunks > best->chunks))
            best = link;
    }
    if (best != NULL && best->deed == RELAY_DEED_COUNT)
        best->deed = (enum relay_deed)roll(line, RELAY_DEED_COUNT);
    line->next_ms = now_ms + PAUSE_MIN_MS + (int64_t)roll(line, PAUSE_MAX_MS - PAUSE_MIN_MS);
}

static void run_times(struct link *link, int64_t now_ms)
{
    if (link->send_ms != 0 && now_ms >= link->send_ms) {
        link->send_ms = 0;
        link->close_ms = now_ms + LINGER_MS;
        if (!put(link->server, link->held, link->held_bytes))
            end_link(link);
    }
    if (link->close_ms != 0 && now_ms >= link->close_ms)
        end_link(link);
}

static void step(struct line *line)
{
    struct pollfd fds[1 + 2 * LINKS_MAX];
    fds[0] = (struct pollfd){line->listener, POLLIN, 0};
    for (int i = 0; i < LINKS_MAX; i++) {
        fds[1 + 2 * i] = (struct pollfd){line->links[i].client, POLLIN, 0};
        fds[2 + 2 * i] = (struct pollfd){line->links[i].server, POLLIN, 0};
    }
    (void)poll(fds, 1 + 2 * LINKS_MAX, TICK_MS);
    int64_t now_ms = net_now_ms();
    arm(line, now_ms);
    for (int i = 0; i < LINKS_MAX; i++) {
        struct link *link = &line->links[i];
        if (fds[1 + 2 * i].revents != 0 && link->client >= 0)
            from_client(line, link);
        if (fds[2 + 2 * i].revents != 0 && link->server >= 0)
            from_server(link);
        run_times(link, now_ms);
    }
    if (fds[0].revents != 0)
        accept_link(line);
}

static void name_socket(struct sockaddr_un *address, const char *dir)
{
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    if (snprintf(address->sun_path, sizeof address->sun_path, "%s/.s.PGSQL.5432", dir) >= (int)sizeof address->sun_path)
        abort();
}

struct relay *relay_new(const char *host, const char *dir, uint64_t seed)
{
    struct relay *relay = calloc(1, sizeof *relay);
    struct shared *shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    struct line line = {.shared = shared, .dice = seed * 0x9e3779b97f4a7c15U + 1};
    struct sockaddr_un address;
    if (relay == NULL || shared == MAP_FAILED)
        abort();
    name_socket(&line.server, host);
    name_socket(&address, dir);
    for (int i = 0; i < LINKS_MAX; i++)
        line.links[i] = (struct link){.client = -1, .server = -1, .deed = RELAY_DEED_COUNT};
    line.listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (line.listener < 0 || bind(line.listener, (struct sockaddr *)&address, sizeof address) != 0 ||
        listen(line.listener, LINKS_MAX) != 0) {
        perror(address.sun_path);
        exit(1);
    }
    pid_t parent = getpid();
    *relay = (struct relay){.pid = fork(), .shared = shared};
    if (relay->pid < 0)
        abort();
    if (relay->pid > 0) {
        hang_up(&line.listener);
        return relay;
    }
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    while (getppid() == parent)
        step(&line);
    _exit(0);
}

void relay_free(struct relay *relay)
{
    if (relay == NULL)
        return;
    (void)kill(relay->pid, SIGKILL);
    (void)waitpid(relay->pid, NULL, 0);
    (void)munmap(relay->shared, sizeof *relay->shared);
    free(relay);
}

void relay_be_mean(struct relay *relay, bool mean)
{
    atomic_store(&relay->shared->mean, mean);
}

long relay_count(const struct relay *relay, enum relay_deed deed)
{
    return atomic_load(&relay->shared->counts[deed]);
}
