/* Statements on parked_updates. A row comes with the turn that passes over its update and goes with the turn that
 * handles it, so an update is in exactly one place: at Telegram, here, or handled. */
#include "db/parked.h"

void parked_add(struct db_unit *unit, struct arena *arena, int64_t bot_id, const struct parked_update *update)
{
    (void)db_unit_add(unit,
                      "INSERT INTO parked_updates (bot_id, chat_id, update_id, raw, why, tries, not_before) VALUES"
                      " ($1, $2, $3, $4, $5, CASE WHEN $5::text IS NULL THEN 0 ELSE 1 END,"
                      " now() + CASE WHEN $5::text IS NULL THEN 0 ELSE $6::int END * interval '1 s')",
                      6,
                      (struct db_param[]){db_int64_param(arena, bot_id), db_int64_param(arena, update->chat_id),
                                          db_int64_param(arena, update->update_id),
                                          db_bytea_param(arena, update->raw, update->raw_bytes),
                                          db_text_param(update->why), db_int64_param(arena, PARKED_WAIT_S)});
}

void parked_add_done(struct db_unit *unit, struct arena *arena, int64_t id)
{
    (void)db_unit_add(unit, "DELETE FROM parked_updates WHERE id = $1", 1,
                      (struct db_param[]){db_int64_param(arena, id)});
}

void parked_add_refused(struct db_unit *unit, struct arena *arena, int64_t id, const char *why)
{
    (void)db_unit_add(unit,
                      "UPDATE parked_updates SET why = $2, tries = tries + 1,"
                      " not_before = now() + LEAST($4, $3 * 2 ^ LEAST(tries, 20)) * interval '1 s' WHERE id = $1",
                      4,
                      (struct db_param[]){db_int64_param(arena, id), db_text_param(why),
                                          db_int64_param(arena, PARKED_WAIT_S),
                                          db_int64_param(arena, PARKED_WAIT_MAX_S)});
}

int parked_add_resume(struct db_unit *unit, struct arena *arena, int64_t bot_id)
{
    struct db_param bot = db_int64_param(arena, bot_id);
    (void)db_unit_add(unit, "UPDATE parked_updates SET not_before = now() WHERE bot_id = $1 AND not_before > now()", 1,
                      &bot);
    return db_unit_add(unit, "SELECT chat_id, count(*) FROM parked_updates WHERE bot_id = $1 GROUP BY chat_id", 1,
                       &bot);
}

void parked_read_chat(const struct db_result *result, int statement, int row, int64_t *ret_chat_id, int64_t *ret_count)
{
    *ret_chat_id = db_int64(result, statement, row, 0);
    *ret_count = db_int64(result, statement, row, 1);
}

void parked_add_due(struct db_unit *unit, struct arena *arena, int64_t bot_id)
{
    (void)db_unit_add(unit,
                      "SELECT id, chat_id, update_id, raw FROM (SELECT DISTINCT ON (chat_id) * FROM parked_updates"
                      " WHERE bot_id = $1 ORDER BY chat_id, id) first WHERE not_before <= now() ORDER BY id LIMIT 1",
                      1, (struct db_param[]){db_int64_param(arena, bot_id)});
}

bool parked_read_due(const struct db_result *result, struct arena *arena, struct parked_update *ret_update)
{
    if (db_rows(result, 0) == 0)
        return false;
    *ret_update = (struct parked_update){
        .id = db_int64(result, 0, 0, 0), .chat_id = db_int64(result, 0, 0, 1), .update_id = db_int64(result, 0, 0, 2)};
    ret_update->raw = (const char *)db_bytea(result, 0, 0, 3, arena, &ret_update->raw_bytes);
    return true;
}

void parked_add_hurry(struct db_unit *unit)
{
    (void)db_unit_add(unit, "UPDATE parked_updates SET not_before = now() WHERE not_before > now()", 0, NULL);
    (void)db_unit_add(unit, "SELECT count(*), count(DISTINCT (bot_id, chat_id)) FROM parked_updates", 0, NULL);
}

void parked_read_hurry(const struct db_result *result, int64_t *ret_updates, int64_t *ret_chats)
{
    *ret_updates = db_int64(result, 1, 0, 0);
    *ret_chats = db_int64(result, 1, 0, 1);
}
