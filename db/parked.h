/* The table parked_updates: updates of a chat whose rows a table refuses for now, kept in order until it is mended. */
#ifndef DB_PARKED_H
#define DB_PARKED_H

#include "core/arena.h"
#include "db/db.h"

enum {
    PARKED_WAIT_S = 15,
    PARKED_WAIT_MAX_S = 600 /* between two tries of the same: doubled from the one to the other */
};

struct parked_update {
    int64_t id; /* 0 until it is in the table */
    int64_t chat_id, update_id;
    const char *why; /* NULL: it waits behind another one of its chat */
    const char *raw; /* its JSON, not 0-terminated */
    size_t raw_bytes;
};

/* Part of the turn that moves the offset past it; in the order in which they came. */
void parked_add(struct db_unit *unit, struct arena *arena, int64_t bot_id, const struct parked_update *update);
/* Part of the turn that handles it. */
void parked_add_done(struct db_unit *unit, struct arena *arena, int64_t id);
/* It was refused again: it waits longer than the last time. */
void parked_add_refused(struct db_unit *unit, struct arena *arena, int64_t id, const char *why);

/* Which chats have how many, and all of them may be tried now: for a start. Returns the statement that tells. */
int parked_add_resume(struct db_unit *unit, struct arena *arena, int64_t bot_id);
void parked_read_chat(const struct db_result *result, int statement, int row, int64_t *ret_chat_id, int64_t *ret_count);

/* The one to be tried now, if any: the oldest of its chat. */
void parked_add_due(struct db_unit *unit, struct arena *arena, int64_t bot_id);
/* False: none. Its raw is in the arena. */
bool parked_read_due(const struct db_result *result, struct arena *arena, struct parked_update *ret_update);

/* For the command line, where the bot's id is not known: lets all be tried at once. The answer is how many there are,
 * in how many chats. */
void parked_add_hurry(struct db_unit *unit);
void parked_read_hurry(const struct db_result *result, int64_t *ret_updates, int64_t *ret_chats);

#endif
