/* Statements of the table errands. Due times and leases are compared by the database's clock only, because several
 * machines may claim. What ends an errand changes its row or undoes its whole unit (errand_ours()), so nothing of a
 * deed is recorded twice, or by somebody whose lease was lost. */
#include "db/errands.h"

#include <string.h>

#define COLUMNS                                                                                                        \
    "id, chat_id, floor(extract(epoch FROM created_at) * 1000)::bigint, attempts,"                                     \
    " ceil(extract(epoch FROM not_before - now()) * 1000)::bigint, subject, key, body, outside"

/* Whoever has others waiting already stands 10 s behind each of them; nobody's stand where they were born. */
static const char add_sql[] =
    "INSERT INTO errands (chore, subject, chat_id, key, body, not_before) SELECT $1::text, $2::text, $3::bigint, "
    "$4::text, $5::text,"
    " now() + $6::bigint * interval '1 millisecond' - CASE WHEN $3 = 0 OR $6 > 0 THEN 0 ELSE 30 - LEAST(30,"
    "  (SELECT count(*) FROM errands WHERE chat_id = $3 AND chat_id <> 0 AND chore = $1 AND state = 'waiting'))"
    " END * interval '10 s' ON CONFLICT (chore, subject) DO NOTHING RETURNING id";

/* What the worker holds without knowing was claimed, and the answer was lost: it comes first and costs no attempt
 * again. The claimed rows are chosen in CTEs that run once (a subquery in the UPDATE could be run again and lock more
 * than was asked), locked with SKIP LOCKED, and marked in the same breath. */
static const char claim_sql[] =
    "WITH mine AS MATERIALIZED (SELECT id FROM errands WHERE lease_until > now()"
    "  AND chore = $1 AND worker = $2 AND id <> ALL ($6::bigint[]) LIMIT $4 FOR UPDATE SKIP LOCKED),"
    " due AS MATERIALIZED (SELECT id FROM errands WHERE state = 'waiting' AND chore = $1"
    "  AND not_before <= now() AND (lease_until IS NULL OR lease_until <= now()) AND NOT EXISTS (SELECT 1 FROM mine)"
    "  ORDER BY not_before LIMIT $4 FOR UPDATE SKIP LOCKED)"
    " UPDATE errands SET attempts = attempts + CASE WHEN lease_until > now() THEN 0 ELSE 1 END, lease_token = $3,"
    "  worker = $2, lease_until = now() + $5::bigint * interval '1 millisecond'"
    " WHERE id = ANY (ARRAY(SELECT id FROM mine UNION ALL SELECT id FROM due)) RETURNING " COLUMNS;

static const char next_sql[] =
    "SELECT GREATEST(0, ceil(extract(epoch FROM min(due) - now()) * 1000))::bigint FROM"
    " ((SELECT not_before AS due FROM errands WHERE state = 'waiting' AND chore = $1 AND lease_until IS NULL"
    "   ORDER BY not_before LIMIT 1)"
    "  UNION ALL (SELECT GREATEST(not_before, lease_until) FROM errands WHERE lease_until IS NOT NULL AND chore = $1"
    "   AND lease_token <> $2 ORDER BY lease_until LIMIT 1)) d HAVING count(*) > 0";

int errands_add(struct db_unit *unit, struct arena *arena, const struct errands_new *errand)
{
    return db_unit_add(unit, add_sql, 6,
                       (struct db_param[]){db_text_param(errand->chore), db_text_param(errand->subject),
                                           db_int64_param(arena, errand->chat_id), db_text_param(errand->key),
                                           db_text_param(errand->body), db_int64_param(arena, errand->wait_ms)});
}

int errands_add_load(struct db_unit *unit, struct arena *arena, const char *chore, int limit)
{
    return db_unit_add(
        unit, "SELECT " COLUMNS " FROM errands WHERE chore = $1 AND state = 'waiting' ORDER BY not_before LIMIT $2", 2,
        (struct db_param[]){db_text_param(chore), db_int64_param(arena, limit)});
}

int errands_add_find(struct db_unit *unit, struct arena *arena, const char *chore, int64_t id)
{
    return db_unit_add(unit, "SELECT " COLUMNS " FROM errands WHERE id = $2 AND chore = $1 AND state = 'waiting'", 2,
                       (struct db_param[]){db_text_param(chore), db_int64_param(arena, id)});
}

int errands_add_claim(struct db_unit *unit, struct arena *arena, const char *chore, const struct claim *claim)
{
    struct db_param name = db_text_param(chore), token = db_text_param(claim->token);
    claim_add_planning(unit);
    int claimed = db_unit_add(unit, claim_sql, 6,
                              (struct db_param[]){name, db_text_param(claim->worker), token,
                                                  db_int64_param(arena, claim->limit),
                                                  db_int64_param(arena, claim->lease_ms),
                                                  db_int64_array(arena, claim->held, claim->held_count)});
    (void)db_unit_add(unit, next_sql, 2, (struct db_param[]){name, token});
    return claimed;
}

int64_t errands_read_next_wait_ms(const struct db_result *result, int statement)
{
    return db_rows(result, statement + 1) == 0 ? INT64_MAX : db_int64(result, statement + 1, 0, 0);
}

struct errands_row errands_read(const struct db_result *result, int statement, int row)
{
    return (struct errands_row){.id = db_int64(result, statement, row, 0),
                                .chat_id = db_int64(result, statement, row, 1),
                                .born_ms = db_int64(result, statement, row, 2),
                                .attempts = (int)db_int64(result, statement, row, 3),
                                .wait_ms = db_int64(result, statement, row, 4),
                                .subject = db_text(result, statement, row, 5),
                                .key = db_text(result, statement, row, 6),
                                .body = db_text(result, statement, row, 7),
                                .outside = db_text(result, statement, row, 8)};
}

int errands_add_renew(struct db_unit *unit, struct arena *arena, const int64_t *ids, const char *const *tokens,
                      size_t count, int64_t lease_ms)
{
    return db_unit_add(unit,
                       "UPDATE errands e SET lease_until = now() + $3::bigint * interval '1 millisecond'"
                       " FROM unnest($1::bigint[], $2::text[]) w(id, token)"
                       " WHERE e.id = w.id AND e.lease_token = w.token AND e.state = 'waiting' RETURNING e.id",
                       3,
                       (struct db_param[]){db_int64_array(arena, ids, count), db_text_array(arena, tokens, count),
                                           db_int64_param(arena, lease_ms)});
}

/* ---- the ends ---- */

#define OURS " WHERE id = $1 AND lease_token IS NOT DISTINCT FROM $2 AND state = 'waiting' RETURNING 1)"
#define OR_NOTHING " SELECT errand_ours(count(*)) FROM changed"
#define FREED "lease_token = NULL, lease_until = NULL"

int errands_add_done(struct db_unit *unit, struct arena *arena, int64_t id, const char *token)
{
    return db_unit_add(unit, "WITH changed AS (DELETE FROM errands" OURS OR_NOTHING, 2,
                       (struct db_param[]){db_int64_param(arena, id), db_text_param(token)});
}

int errands_add_failed(struct db_unit *unit, struct arena *arena, int64_t id, const char *token, bool is_unknown,
                       const char *error)
{
    return db_unit_add(unit, "WITH changed AS (UPDATE errands SET state = $3, error = $4, " FREED OURS OR_NOTHING, 4,
                       (struct db_param[]){db_int64_param(arena, id), db_text_param(token),
                                           db_text_param(is_unknown ? "unknown" : "failed"), db_text_param(error)});
}

int errands_add_again(struct db_unit *unit, struct arena *arena, int64_t id, const char *token, int64_t wait_ms,
                      bool counted, const char *error)
{
    return db_unit_add(
        unit,
        "WITH changed AS (UPDATE errands SET attempts = CASE WHEN $4::bool THEN attempts ELSE 0 END,"
        " error = $5, not_before = now() + $3::bigint * interval '1 millisecond', " FREED OURS OR_NOTHING,
        5,
        (struct db_param[]){db_int64_param(arena, id), db_text_param(token), db_int64_param(arena, wait_ms),
                            db_bool_param(counted), db_text_param(error)});
}

int errands_add_released(struct db_unit *unit, struct arena *arena, int64_t id, const char *token, const char *error)
{
    return db_unit_add(unit,
                       "WITH changed AS (UPDATE errands SET attempts = attempts - 1, error = $3, not_before = "
                       "GREATEST(not_before, now()),"
                       " " FREED OURS OR_NOTHING,
                       3, (struct db_param[]){db_int64_param(arena, id), db_text_param(token), db_text_param(error)});
}

int errands_add_note(struct db_unit *unit, struct arena *arena, int64_t id, const char *token, const char *outside)
{
    return db_unit_add(unit, "WITH changed AS (UPDATE errands SET outside = $3" OURS OR_NOTHING, 3,
                       (struct db_param[]){db_int64_param(arena, id), db_text_param(token), db_text_param(outside)});
}

bool errands_lost(const struct db_failure *failure)
{
    return strcmp(failure->sqlstate, "FB003") == 0;
}
