/* Statements about the bot as a whole; for start-up and for the rare doubt. */
#include "db/state.h"

#include <stdio.h>

enum { TAKE_AT = 3 }; /* the statement of state_add_take that says where we are */

/* What the owner before was working at. */
#define OF_OWNER " lease_until IS NOT NULL AND worker = (SELECT owner FROM bot_state WHERE bot_id = $1)"
#define FREED                                                                                                          \
    " SET attempts = attempts - CASE WHEN deaths < 20 THEN 1 ELSE 0 END, deaths = deaths + 1, lease_token = NULL,"     \
    " lease_until = NULL WHERE state = 'waiting' AND" OF_OWNER

void state_add_take(struct db_unit *unit, struct arena *arena, int64_t bot_id, const char *owner)
{
    struct db_param params[2] = {db_int64_param(arena, bot_id), db_text_param(owner)};
    (void)db_unit_add(unit, "UPDATE photo_tasks" FREED, 1, params);
    (void)db_unit_add(unit, "UPDATE errands" FREED, 1, params);
    (void)db_unit_add(unit,
                      "UPDATE npd_receipts SET attempts = attempts - 1, lease_token = NULL, lease_until = NULL"
                      " WHERE" OF_OWNER,
                      1, params);
    (void)db_unit_add(unit, "SELECT turn, next_offset FROM bot_take($1, $2)", 2, params);
}

void state_read_take(const struct db_result *result, struct state_answer *ret_answer)
{
    ret_answer->owner[0] = '\0';
    ret_answer->turn = db_int64(result, TAKE_AT, 0, 0);
    ret_answer->next_offset = db_int64(result, TAKE_AT, 0, 1);
}

void state_ask(struct db *db, int64_t bot_id, db_done_fn *done, void *ctx)
{
    struct arena arena;
    struct db_unit *unit = db_unit_new();
    arena_init(&arena);
    (void)db_unit_add(unit, "SELECT owner, turn, next_offset, try FROM bot_state WHERE bot_id = $1", 1,
                      (struct db_param[]){db_int64_param(&arena, bot_id)});
    arena_done(&arena);
    db_submit(db, unit, done, ctx);
}

void state_read(const struct db_result *result, struct state_answer *ret_answer)
{
    *ret_answer = (struct state_answer){0};
    if (db_rows(result, 0) == 0)
        return;
    (void)snprintf(ret_answer->owner, sizeof ret_answer->owner, "%s", db_text(result, 0, 0, 0));
    ret_answer->turn = db_int64(result, 0, 0, 1);
    ret_answer->next_offset = db_int64(result, 0, 0, 2);
    ret_answer->try = db_int64(result, 0, 0, 3);
}

static const char wishes_sql[] =
    "SELECT chat_id, at_ms FROM ("
    "(SELECT chat_id, refresh_at_ms AS at_ms FROM bot_sessions WHERE refresh_at_ms > 0"
    " AND (refresh_at_ms, chat_id) > ($1, $2) ORDER BY refresh_at_ms, chat_id LIMIT $4)"
    " UNION ALL (SELECT chat_id, limit_at_ms FROM bot_sessions WHERE limit_at_ms > 0 AND limit_at_ms < $3"
    " AND (limit_at_ms, chat_id) > ($1, $2) ORDER BY limit_at_ms, chat_id LIMIT $4)) w"
    " ORDER BY at_ms, chat_id LIMIT $4";

void state_add_wishes(struct db_unit *unit, struct arena *arena, const struct state_wish *after, int64_t until_ms)
{
    (void)db_unit_add(unit, wishes_sql, 4,
                      (struct db_param[]){db_int64_param(arena, after->at_ms), db_int64_param(arena, after->chat_id),
                                          db_int64_param(arena, until_ms), db_int64_param(arena, STATE_WISHES_MAX)});
}

size_t state_wishes(const struct db_result *result)
{
    return (size_t)db_rows(result, 0);
}

struct state_wish state_read_wish(const struct db_result *result, size_t at)
{
    return (struct state_wish){.chat_id = db_int64(result, 0, (int)at, 0), .at_ms = db_int64(result, 0, (int)at, 1)};
}

void state_add_held_end(struct db_unit *unit)
{
    (void)db_unit_add(unit, "DELETE FROM held_photos WHERE created_at < now() - interval '1 day'", 0, NULL);
}

/* By the index of what waits; a photo that is given up or made waits no more. */
void state_ask_open_sets(struct db *db, db_done_fn *done, void *ctx)
{
    struct db_unit *unit = db_unit_new();
    (void)db_unit_add(unit, "SELECT EXISTS (SELECT 1 FROM photo_tasks WHERE state = 'waiting')", 0, NULL);
    db_submit(db, unit, done, ctx);
}

bool state_read_open_sets(const struct db_result *result)
{
    return db_bool(result, 0, 0, 0);
}
