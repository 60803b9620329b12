/* From the body of getUpdates to the core's events. One update that can't be decoded is handed over as poison with its
 * raw JSON; its neighbours go on. */
#ifndef BOT_SERVICES_TELEGRAM_DECODE_H
#define BOT_SERVICES_TELEGRAM_DECODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "core/arena.h"
#include "core/err.h"
#include "core/event.h"

enum {
    TELEGRAM_BATCH_MAX_BYTES = 5 * 1024 * 1024, /* the server stops a batch at 4 MiB */
    TELEGRAM_BATCH_MAX = 100,
    TELEGRAM_POISON_MAX_BYTES = 64 * 1024, /* of raw kept */
    TELEGRAM_JSON_MAX_DEPTH = 64
};

struct telegram_update {
    int64_t update_id;
    const char *why; /* NULL = decoded; else static: why it is poison, and event.kind is EVENT_NONE */
    const char *raw; /* poison: its JSON, cut at TELEGRAM_POISON_MAX_BYTES; may be invalid UTF-8. Else NULL */
    size_t raw_bytes;
    struct event event;
};

struct telegram_batch {
    struct telegram_update *updates; /* in the order they came */
    size_t count;
    int64_t next_offset; /* last update_id + 1; 0 for an empty batch */
};

/* All in the arena. ERR_INVALID when the body as a whole is no reply of getUpdates. */
enum err telegram_decode(struct arena *arena, const char *body, size_t bytes,
                         struct telegram_batch *ret_batch) MUST_CHECK;

/* The JSON of one update in a body that telegram_decode took, within the body; NULL if it is not there. */
const char *telegram_decode_raw(const char *body, size_t bytes, int64_t update_id, size_t *ret_bytes);
/* One update alone, from such JSON. */
enum err telegram_decode_one(struct arena *arena, const char *raw, size_t bytes,
                             struct telegram_update *ret_update) MUST_CHECK;

#endif
