/* The bot's row: taking the bot at start, and asking where it stands after a lost answer. */
#ifndef DB_STATE_H
#define DB_STATE_H

#include "core/arena.h"
#include "db/db.h"

struct state_answer {
    char owner[40];
    int64_t turn, next_offset;
    int64_t try; /* that committed the turn; only of state_read */
};

/* For start-up: takes the bot for this owner, and frees the photos, errands and receipts that the owner before it was
 * working at: its death is no failure of theirs (unless it happens over and over), and if it lives, the lease token
 * makes its results void. */
void state_add_take(struct db_unit *unit, struct arena *arena, int64_t bot_id, const char *owner);
void state_read_take(const struct db_result *result, struct state_answer *ret_answer);

void state_ask(struct db *db, int64_t bot_id, db_done_fn *done, void *ctx);
void state_read(const struct db_result *result, struct state_answer *ret_answer);

enum { STATE_WISHES_MAX = 10000 /* read at once: no look takes long, however many there are */ };

/* A chat that wants to be woken at a time. */
struct state_wish {
    int64_t chat_id, at_ms;
};
/* The next ones behind `after` (0, 0 = from the first on), the earliest first; of time limits those before until_ms.
 * Fewer than STATE_WISHES_MAX: that was the end. The first statement of its unit. */
void state_add_wishes(struct db_unit *unit, struct arena *arena, const struct state_wish *after, int64_t until_ms);
size_t state_wishes(const struct db_result *result);
struct state_wish state_read_wish(const struct db_result *result, size_t at);
/* Photos that were held for a day go. */
void state_add_held_end(struct db_unit *unit);

/* Is there a photo still to be made, by whichever machine? */
void state_ask_open_sets(struct db *db, db_done_fn *done, void *ctx);
bool state_read_open_sets(const struct db_result *result);

#endif
