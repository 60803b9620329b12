/* The address to which YooKassa sends notifications: a small HTTP server as a part of the loop, without a thread. All
 * that comes of a notification is that its id is handed on: what became of a payment is asked of YooKassa, never
 * believed. TLS is a web server's before it. */
#ifndef BOT_SERVICES_NOTICES_NOTICES_H
#define BOT_SERVICES_NOTICES_NOTICES_H

#include "bot/base/clock.h"
#include "bot/services/notices/letter.h"
#include "config/config.h"

enum {
    NOTICES_BODY_MAX_BYTES = 64 * 1024,
    NOTICES_CONNECTIONS_MAX = 64,
    NOTICES_WHOLE_MS = 10 * 1000, /* from the first byte of a connection to the last */
    NOTICES_AGAIN_MS = 30 * 1000  /* an address that could not be had is tried again */
};

struct notices;

/* False: there is no room for it now, and YooKassa is to send it again. */
typedef bool notices_heard_fn(void *ctx, const struct letter *letter);

/* Borrowed, all outlive it. */
struct notices_ports {
    const struct config_notifications *config; /* listen.text is not NULL */
    const struct clock *clock;
    notices_heard_fn *heard;
    void *ctx;
};

/* Listens to nothing yet. Never NULL. */
struct notices *notices_new(const struct notices_ports *ports);
void notices_free(struct notices *notices); /* accepts NULL */
/* From now on; if the address can't be had, that is told, and it is tried again. */
void notices_open(struct notices *notices);
/* Nothing more is heard; who is speaking is cut off, and will send it again. */
void notices_stop(struct notices *notices);

/* For the loop. */
int notices_fd(const struct notices *notices);
short notices_events(const struct notices *notices);
int64_t notices_deadline_ms(const struct notices *notices);
void notices_ready(struct notices *notices, short revents, int64_t now_ms);

/* A socket that listens there, the caller's; ERR_IO: errno says why it can't be had. */
enum err notices_listen(const struct config_listen *at, int *ret_fd) MUST_CHECK;
/* Is it a program of our own user that listens at this port already? Most likely the daemon, then. */
bool notices_is_ours(uint16_t port);

#endif
