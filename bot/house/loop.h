/* The loop: one thread, one wait for all parts of the daemon, which stand in one table. */
#ifndef BOT_HOUSE_LOOP_H
#define BOT_HOUSE_LOOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "bot/base/clock.h"

struct http;

enum { LOOP_PARTS_MAX = 48 };

/* What the loop, the drain and the end do with a part; what does not apply is NULL. Times are monotonic. */
struct part {
    const char *name;                         /* as a drain that takes too long calls it */
    void *self;                               /* NULL: there is none in this daemon */
    int (*fd)(const void *self);              /* -1 = none now */
    short (*events)(const void *self);        /* of poll(2) */
    int64_t (*deadline_ms)(const void *self); /* 0 = at once, INT64_MAX = never */
    /* Called when its descriptor is ready or its deadline has come; one without a deadline in every round. */
    void (*ready)(void *self, short revents, int64_t now_ms);
    size_t (*pending)(const void *self); /* what is to come home before the process may end */
    void (*free)(void *self);
};

struct loop {
    struct part
        parts[LOOP_PARTS_MAX]; /* in the order of a round, and of the end: who calls stands before who is called */
    size_t count;
    struct http *http;   /* its poll is the wait */
    struct clock *clock; /* the loop sets it */
    bool behind_told;    /* that the wall clock is behind ours */
};

void loop_add(struct loop *loop, const struct part *part);
/* Sets the clock; once before the first round. */
void loop_read_clocks(struct loop *loop);
/* Waits until something is to be done, until_ms at the latest, and does it. Returns for how long it slept. */
int64_t loop_round(struct loop *loop, int64_t until_ms);
/* Has everything under way come home? Otherwise the part that still has something, or NULL. */
const struct part *loop_busy(const struct loop *loop);
/* Frees all parts. */
void loop_end(struct loop *loop);

#endif
