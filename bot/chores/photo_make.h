/* The chore that makes the photos of paid sets: the provider makes one, the store keeps it, and the database, which
 * alone says whether the task was still ours, hears of it. Several machines may do it on one database. Woken when there
 * may be tasks; a photo that was made, or failed for good, is EVENT_JOB_PROGRESS. */
#ifndef BOT_CHORES_PHOTO_MAKE_H
#define BOT_CHORES_PHOTO_MAKE_H

#include "bot/chores/engine.h"
#include "bot/services/provider/provider.h"
#include "bot/services/store/store.h"

struct photo_make;

/* Borrowed, all outlive it. */
struct photo_make_ports {
    struct engine *engine;
    struct provider *provider;
    struct store *store;
    int workers, max_attempts;
    int64_t lease_ms, retry_base_ms, retry_cap_ms;
    int references_min; /* as many as a set needs */
};

/* Adds itself to the engine, which is freed before it. Never NULL. */
struct photo_make *photo_make_new(const struct photo_make_ports *ports);
void photo_make_free(struct photo_make *self); /* accepts NULL */

#endif
