/* A server on a raw socket for tests of clients: a child process answers as the test's script says, a grandchild for
 * each connection. What it saw is in shared memory. Included by one test program only. */
#ifndef TESTS_RAW_SERVER_H
#define TESTS_RAW_SERVER_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "tests/check.h"

struct shared {
    int requests, connections;
    int counts[16];   /* the script's own */
    char last[16384]; /* the last request, headers and body */
};
static struct shared *shared;

/* In the test, the last request of all; in a connection's own process, its own. */
static char *request_text;

static int listener(uint16_t *ret_port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    CHECK(fd >= 0 && bind(fd, (struct sockaddr *)&address, length) == 0 && listen(fd, 16) == 0);
    CHECK(getsockname(fd, (struct sockaddr *)&address, &length) == 0);
    *ret_port = ntohs(address.sin_port);
    return fd;
}

/* Reads one request with its body; false at the end of the connection. */
static bool read_request(int fd)
{
    size_t used = 0, want = 0;
    char *body = NULL;
    while (used + 1 < sizeof shared->last) {
        ssize_t got = read(fd, request_text + used, sizeof shared->last - 1 - used);
        if (got <= 0)
            return false;
        used += (size_t)got;
        request_text[used] = '\0';
        body = strstr(request_text, "\r\n\r\n");
        const char *length = strstr(request_text, "Content-Length: ");
        if (body == NULL)
            continue;
        want = (size_t)(body + 4 - request_text) + (length == NULL ? 0 : (size_t)strtoul(length + 16, NULL, 10));
        if (used >= want)
            break;
    }
    memcpy(shared->last, request_text, used + 1);
    return true;
}

static void say(int fd, const char *text)
{
    CHECK(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
}

__attribute__((unused)) static bool asked(const char *path)
{
    return strstr(request_text, path) != NULL;
}

/* In a process of its own; ends it. */
typedef void raw_connection_fn(int fd);

static pid_t serve_connections(raw_connection_fn *serve_one, uint16_t *ret_port)
{
    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CHECK(shared != MAP_FAILED);
    request_text = shared->last;
    int fd = listener(ret_port);
    pid_t child = fork();
    CHECK(child >= 0);
    if (child > 0) {
        close(fd);
        return child;
    }
    signal(SIGCHLD, SIG_IGN);
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that fails leaves nobody behind */
    for (;;) {
        int peer = accept(fd, NULL, NULL);
        if (peer < 0)
            _exit(0);
        shared->connections++;
        if (fork() != 0) {
            close(peer);
            continue;
        }
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        serve_one(peer);
        _exit(0);
    }
}

/* What to answer the request in request_text; false = hang up. */
typedef bool raw_answer_fn(int fd);
static raw_answer_fn *answer_request;

static void serve_requests(int fd)
{
    request_text = calloc(1, sizeof shared->last);
    CHECK(request_text != NULL);
    while (read_request(fd)) {
        __atomic_add_fetch(&shared->requests, 1, __ATOMIC_SEQ_CST);
        if (!answer_request(fd))
            break;
    }
}

__attribute__((unused)) static pid_t serve(raw_answer_fn *answer, uint16_t *ret_port)
{
    answer_request = answer;
    return serve_connections(serve_requests, ret_port);
}

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

#endif
