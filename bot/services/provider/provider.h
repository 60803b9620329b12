/* Who makes the photos: an interface. An implementation turns one task into the bytes of one JPEG; it keeps no state
 * that outlives a call, does not retry, and decides nothing about tasks. */
#ifndef BOT_SERVICES_PROVIDER_PROVIDER_H
#define BOT_SERVICES_PROVIDER_PROVIDER_H

#include <stddef.h>
#include <stdint.h>
#include "bot/services/darkroom/darkroom.h"
#include "bot/services/store/store.h"

enum { PROVIDER_REFERENCES_MAX = 32 };

/* Borrowed until make returns. The same task gives the same photo where the maker can do that. */
struct provider_task {
    const char *prompt;
    const char *recipe;
    uint64_t seed;
    const char *const *references; /* image_urls of the person, the one to be preferred first */
    size_t reference_count;        /* at most PROVIDER_REFERENCES_MAX; may be 0 */
};

enum provider_outcome {
    PROVIDER_MADE,
    PROVIDER_RETRY,     /* this attempt failed, another one may not */
    PROVIDER_TROUBLE,   /* nothing is wrong with the task: the maker itself can't work now. Costs no attempt */
    PROVIDER_PERMANENT, /* no attempt will ever give a photo */
    PROVIDER_OUTCOME_COUNT
};

/* Borrowed during the callback. */
struct provider_result {
    enum provider_outcome outcome;
    int64_t retry_after_ms; /* RETRY and TROUBLE: at least; 0 = the caller's back-off */
    const char *why;        /* unless MADE: for the log and the task's row, without secrets */
    const uint8_t *jpeg;    /* MADE */
    size_t jpeg_bytes;
};
typedef void provider_done_fn(void *ctx, const struct provider_result *result);

struct provider {
    /* done is called once, perhaps before make returns. */
    void (*make)(struct provider *provider, const struct provider_task *task, provider_done_fn *done, void *ctx);
    /* Forgets the task of this ctx: its done is not called any more. An unknown one is ignored. */
    void (*cancel)(struct provider *provider, const void *ctx);
    /* Cancels everything. */
    void (*free)(struct provider *provider);
};

/* The darkroom makes the photo from a reference, without network. Both are borrowed and must outlive it. Never NULL. */
struct provider *provider_local_new(struct darkroom *darkroom, struct store *store);

#endif
