/* Inside the records: a run of effects of one kind, and the files that make statements of them. Not for others. */
#ifndef DB_RECORDS_PRIVATE_H
#define DB_RECORDS_PRIVATE_H

#include "core/chat.h"
#include "core/effect.h"
#include "db/db.h"

struct run {
    const struct effect **list;
    const struct chat **chats; /* whose effect it is */
    size_t count;
};

typedef void add_fn(struct db_unit *unit, struct arena *arena, const struct run *run, int64_t unix_ms);

/* users.id of each effect of the run, in the arena. */
int64_t *records_users(struct arena *arena, const struct run *run);

add_fn consents_add, consents_add_held, consents_add_held_clears; /* db/consents.c */

#endif
