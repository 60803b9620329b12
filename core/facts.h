/* The records of one chat, as far as they were loaded. Filled by whoever loads, changed by core/record.c; everybody
 * else asks core/chat.h, where to ask for what was not loaded is a bug. */
#ifndef CORE_FACTS_H
#define CORE_FACTS_H

#include "core/arena.h"
#include "core/chat.h"

struct facts {
    unsigned loaded; /* of enum fact */
    struct avatars avatars;
    struct refusals refusals;
    struct held_photos held;
    struct order order;
    struct orders open;
    struct promos promos;
    bool promos_on; /* is there any code that is on? */
    struct grants grants;
    struct jobs jobs;
    struct health health;
};

/* NULL if there is none of that id, or it was not loaded. */
struct job *facts_job(const struct facts *facts, int64_t id);
/* Room for one more at the end, zeroed. */
struct avatar *facts_add_avatar(struct facts *facts, struct arena *arena);
struct refusal *facts_add_refusal(struct facts *facts, struct arena *arena);
struct held *facts_add_held(struct facts *facts, struct arena *arena);
struct order *facts_add_open(struct facts *facts, struct arena *arena);
struct promo *facts_add_promo(struct facts *facts, struct arena *arena);
struct grant *facts_add_grant(struct facts *facts, struct arena *arena);
struct job *facts_add_job(struct facts *facts, struct arena *arena);

#endif
