/* The darkroom's queue: jobs in the order they came, each already in the form that goes over the wire. */
#ifndef BOT_SERVICES_DARKROOM_JOBS_H
#define BOT_SERVICES_DARKROOM_JOBS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>
#include "bot/services/darkroom/darkroom.h"
#include "bot/services/darkroom/wire.h"

struct job {
    STAILQ_ENTRY(job) next;
    darkroom_done_fn *done; /* NULL: cancelled while running */
    void *ctx;
    size_t len, sent; /* of data */
    uint8_t data[];   /* header, picture, recipe */
};

struct jobs {
    STAILQ_HEAD(, job) list;
    size_t count, max_count;
    size_t bytes; /* at most DARKROOM_QUEUE_MAX_BYTES, or one job */
};

void jobs_init(struct jobs *jobs, size_t max_count);
void jobs_done(struct jobs *jobs);

/* Copies body and text (lengths in request; its magic is set here). ERR_AGAIN: full. */
MUST_CHECK enum err jobs_add(struct jobs *jobs, struct wire_request request, const void *body, const char *text,
                             darkroom_done_fn *done, void *ctx);
/* The first job, which is the caller's from now on (free). NULL: none. */
struct job *jobs_take(struct jobs *jobs);
/* Drops the jobs of ctx; the first one, if it runs, only loses its callback. */
void jobs_cancel(struct jobs *jobs, const void *ctx, int first_runs);

#endif
