/* The daemon's side of the darkroom: the separate process (fotoset-darkroom) that is the only one to decode images.
 * Jobs queue here (FIFO, one in the process at a time) and answer by callback from darkroom_ready. If the
 * process dies or stands still, the job in it fails, a new process is started with back-off, the queued ones go on.
 * For one poll loop: no threads, nothing blocks. The process is started when the first job comes and ended when idle.
 */
#ifndef BOT_SERVICES_DARKROOM_DARKROOM_H
#define BOT_SERVICES_DARKROOM_DARKROOM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "core/err.h"
#include "core/event.h"

enum {
    DARKROOM_INPUT_MAX_BYTES = 20 * 1024 * 1024, /* one picture in */
    DARKROOM_OUTPUT_MAX_BYTES = 8 * 1024 * 1024, /* one picture out; Telegram's limit for photos is 10 MB */
    DARKROOM_QUEUE_MAX_BYTES = 64 * 1024 * 1024, /* all queued inputs together (the head may always be queued) */
    DARKROOM_RECIPE_MAX_BYTES = 512,
    DARKROOM_SIDE_MAX = 4096,           /* of darkroom_render */
    DARKROOM_REFERENCE_SIDE_MAX = 2048, /* long side of what darkroom_examine makes */
    DARKROOM_PHOTO_WIDTH = 1152,        /* what darkroom_make makes: 3:4 */
    DARKROOM_PHOTO_HEIGHT = 1536,
    DARKROOM_SKETCH_SIDE = 96, /* of the small grey copy by which a photo is known again */
    DARKROOM_SKETCH_BYTES = DARKROOM_SKETCH_SIDE * DARKROOM_SKETCH_SIDE,
    DARKROOM_SKETCHES_MAX = 256 /* that one photo is compared with */
};

struct darkroom; /* opaque */

struct darkroom_config {
    const char *program_path; /* of fotoset-darkroom; copied */
    uint32_t job_timeout_ms;  /* processor time of one job; 0 = 20,000 */
    uint32_t idle_ms;         /* an idle process is ended after this; 0 = 60,000 */
    size_t max_queue;         /* jobs waiting or running; 0 = 64 */
};

/* What a job gave. For examine: verdict, and when it is PHOTO_GOOD, TOO_SMALL or BLURRED also width, height (upright)
 * and sharpness; sketch and jpeg (the normalised reference: upright, sRGB, no metadata, long side <= 2048) only when
 * PHOTO_GOOD. For make and render: verdict is PHOTO_GOOD, width, height and jpeg. For compare: is_same. */
struct darkroom_result {
    enum photo_verdict verdict;
    int32_t width, height;
    int32_t sharpness; /* 0 … 10,000; how much fine detail there is; under the limit is PHOTO_BLURRED */
    uint8_t *jpeg;     /* borrowed: freed after the callback. To keep it set it to NULL here and free() it later */
    size_t jpeg_len;
    const uint8_t *sketch; /* DARKROOM_SKETCH_BYTES, borrowed */
    bool is_same;
};

/* Called exactly once per queued job (never from inside the queueing call), except by darkroom_free and
 * darkroom_cancel. result is NULL unless err is ERR_OK. It may queue new jobs; it must not call darkroom_free.
 * ERR_CLOSED: the process died on this job; ERR_TIMEOUT: it used up the processor time of a job (for an examine both
 * mean: don't try this picture again for ever). ERR_IO: the process can't be started or stands still, which is not the
 * picture's fault: try later. ERR_INVALID (make, render): the picture can't be decoded or the recipe is wrong. */
typedef void darkroom_done_fn(void *ctx, enum err err, struct darkroom_result *result);

/* Nothing is started yet. Never NULL. */
struct darkroom *darkroom_new(const struct darkroom_config *config);
/* Ends and reaps the process; waiting jobs are dropped without a callback. NULL is allowed. */
void darkroom_free(struct darkroom *darkroom);

/* Queue a job. bytes is copied. ERR_AGAIN: the queue is full. ERR_TOO_LARGE: over DARKROOM_INPUT_MAX_BYTES (or
 * recipe, or sides). Empty input is allowed and answered by the process like any other. */
MUST_CHECK enum err darkroom_examine(struct darkroom *darkroom, const void *bytes, size_t len, int32_t min_side_px,
                                     darkroom_done_fn *done, void *ctx);
/* A finished 3:4 photo from a reference JPEG. The same reference, recipe and seed give the same picture. */
MUST_CHECK enum err darkroom_make(struct darkroom *darkroom, const void *reference, size_t len, const char *recipe,
                                  uint64_t seed, darkroom_done_fn *done, void *ctx);
/* A picture shipped with the product (SVG, JPEG, PNG, WebP), never a user's, filled into width × height. */
MUST_CHECK enum err darkroom_render(struct darkroom *darkroom, const void *bytes, size_t len, int32_t width,
                                    int32_t height, darkroom_done_fn *done, void *ctx);
/* Whether the first of `count` sketches (one after another, 2 … 1 + DARKROOM_SKETCHES_MAX) is the same picture as one
 * of the others: saved anew, made smaller, cropped or put through a filter. */
MUST_CHECK enum err darkroom_compare(struct darkroom *darkroom, const uint8_t *sketches, size_t count,
                                     darkroom_done_fn *done, void *ctx);
/* Forgets every job of this ctx: its callbacks are not called any more. */
void darkroom_cancel(struct darkroom *darkroom, const void *ctx);

/* For the loop: wait for darkroom_events on darkroom_fd (-1: no process) until darkroom_next_deadline_ms (INT64_MAX:
 * none), then call darkroom_ready. After queueing ask again: fd, events and deadline may have changed. */
int darkroom_fd(const struct darkroom *darkroom);
short darkroom_events(const struct darkroom *darkroom); /* POLLIN, POLLOUT or both; 0 = none */
int64_t darkroom_next_deadline_ms(const struct darkroom *darkroom);
/* Starts, writes, reads, kills late jobs, calls back. revents 0 is right when only a deadline passed. now_ms:
 * monotonic. */
void darkroom_ready(struct darkroom *darkroom, short revents, int64_t now_ms);

/* Jobs waiting or running. */
size_t darkroom_queued(const struct darkroom *darkroom);
/* The process' id, 0 = none is running. For logs and tests. */
int64_t darkroom_pid(const struct darkroom *darkroom);

#endif
