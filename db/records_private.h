/* Inside the records: a run of effects of one kind, and the files that make statements of them. Not for others. */
#ifndef DB_RECORDS_PRIVATE_H
#define DB_RECORDS_PRIVATE_H

#include "core/chat.h"
#include "core/effect.h"
#include "db/commit.h"
#include "db/db.h"

struct run {
    const struct effect **list;
    const struct chat **chats; /* whose effect it is */
    size_t count;
    int64_t unix_ms, bot_id;
    const struct order_terms *terms; /* of the turn's orders */
    size_t term_count;
};

typedef void records_fn(struct db_unit *unit, struct arena *arena, const struct run *run);

/* The statements of each record effect. */
#define ANSWER(NAME, word)
#define MESSAGE(NAME, word)
#define RECORD(NAME, word) records_fn records_##word;
#define MESSAGE_RECORD(NAME, word) records_fn records_##word;
#define RECORD_WAKES(NAME, word, chore) records_fn records_##word;
#define WAKES(NAME, word, chore)
#include "core/effects.def"

/* Of an order that the turn creates. */
const struct order_terms *records_terms(const struct run *run, int64_t order_id);
/* users.id of each effect of the run, in the arena. */
int64_t *records_users(struct arena *arena, const struct run *run);

#endif
