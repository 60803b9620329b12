/* The way to the services as it is in life: a TLS front (HTTP/2 and 1.1, Apache) before the sandbox, and proxies on the
 * way to it (microsocks, tinyproxy; with user and password). */
#ifndef TESTS_SYSTEM_FRONT_H
#define TESTS_SYSTEM_FRONT_H

#include <stdbool.h>
#include <sys/types.h>
#include "tests/system/world.h"

#define FRONT_USER "fotoset"
#define FRONT_PASSWORD "PasswordOfTheProxy"

enum front_part { FRONT_TLS, FRONT_SOCKS, FRONT_CONNECT, FRONT_PART_COUNT };

struct front {
    struct world *world;
    char dir[96];
    int ports[FRONT_PART_COUNT];
    pid_t pids[FRONT_PART_COUNT]; /* 0 = not running */
};

/* Makes certificates for "localhost" and the configurations, and starts all parts. The world's daemon will speak to the
 * front, and believe <world->dir>/ca.pem. To be called by world_options.prepare. A missing program ends the test. */
void front_begin(struct front *front, struct world *world);
/* Again after front_stop; on the same port. */
void front_start(struct front *front, enum front_part part);
/* SIGKILL. */
void front_stop(struct front *front, enum front_part part);
void front_end(struct front *front);
/* "socks5h://user:password@127.0.0.1:port", "http://…"; password NULL = none. In the world's arena. */
const char *front_proxy(const struct front *front, enum front_part part, const char *password);

/* What the TLS front saw, from its log. */
struct front_seen {
    int connections; /* with a TLS handshake */
    int requests, over_h2, polls, uploads, downloads;
    int large_h2; /* polls, uploads and downloads over HTTP/2: they did not have a connection of their own */
    int small_h1; /* all others that went over HTTP/1.1 */
    int h2_connections;
};
struct front_seen front_look(const struct front *front);
/* Prints it in one line. */
void front_tell(const struct front_seen *seen);

#endif
