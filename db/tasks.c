/* Statements of the photos to be made. Due times and leases are compared by the database's clock only, because several
 * machines may claim. A claim is one statement: the rows are chosen in CTEs that run once (a subquery in the UPDATE
 * could be run again and lock more than was asked), locked with SKIP LOCKED, and marked in the same breath. */
#include "db/tasks.h"

#include "db/words.h"

/* What the worker holds without knowing was claimed, and the answer was lost: it comes first and costs no attempt
 * again. The others come from the head of idx_photo_tasks_waiting, where not_before is the place in line; passed over
 * are only those that somebody works at. The references are the avatar's, unless the user took so many away since the
 * order that they are not enough; then those it was ordered with. */
static const char claim_sql[] =
    "WITH mine AS MATERIALIZED (SELECT id FROM photo_tasks WHERE lease_until > now()"
    "  AND worker = $4 AND id <> ALL ($6::bigint[]) LIMIT $2 FOR UPDATE SKIP LOCKED),"
    " due AS MATERIALIZED (SELECT id FROM photo_tasks WHERE state = 'waiting' AND not_before <= now()"
    "  AND (lease_until IS NULL OR lease_until <= now()) AND NOT EXISTS (SELECT 1 FROM mine)"
    "  ORDER BY not_before LIMIT $2 FOR UPDATE SKIP LOCKED),"
    " claimed AS (UPDATE photo_tasks SET attempts = attempts + CASE WHEN lease_until > now() THEN 0 ELSE 1 END,"
    "  lease_token = $1, worker = $4, lease_until = now() + $3::bigint * interval '1 millisecond'"
    "  WHERE id = ANY (ARRAY(SELECT id FROM mine UNION ALL SELECT id FROM due))"
    "  RETURNING id, job_id, index, attempts, prompt, recipe)"
    " SELECT t.id, t.job_id, COALESCE(j.chat_id, 0), t.index, t.attempts,"
    "  (SELECT count(*) FROM generation_jobs o WHERE o.avatar_id = j.avatar_id AND o.id < j.id), t.prompt, t.recipe,"
    "  COALESCE((SELECT string_agg(r.image_url, E'\\n' ORDER BY r.id) FROM reference_photos r"
    "   WHERE r.avatar_id = j.avatar_id AND " WORDS_PHOTO_IS_OURS " HAVING count(*) >= $5),"
    "   (SELECT array_to_string(o.reference_urls, E'\\n') FROM orders o WHERE o.id = j.order_id), '')"
    " FROM claimed t JOIN generation_jobs j ON j.id = t.job_id";

/* Of those that nobody holds the first is at the head of the index again; of the others there are few. */
static const char next_sql[] =
    "SELECT GREATEST(0, ceil(extract(epoch FROM min(due) - now()) * 1000))::bigint FROM"
    " ((SELECT not_before AS due FROM photo_tasks WHERE state = 'waiting' AND lease_until IS NULL"
    "   ORDER BY not_before LIMIT 1)"
    "  UNION ALL (SELECT GREATEST(not_before, lease_until) FROM photo_tasks WHERE lease_until IS NOT NULL"
    "   AND lease_token <> $1 ORDER BY lease_until LIMIT 1)) d HAVING count(*) > 0";

int tasks_add_claim(struct db_unit *unit, struct arena *arena, const struct claim *claim, int references_min)
{
    struct db_param token = db_text_param(claim->token);
    claim_add_planning(unit);
    int claimed = db_unit_add(unit, claim_sql, 6,
                              (struct db_param[]){token, db_int64_param(arena, claim->limit),
                                                  db_int64_param(arena, claim->lease_ms), db_text_param(claim->worker),
                                                  db_int64_param(arena, references_min),
                                                  db_int64_array(arena, claim->held, claim->held_count)});
    (void)db_unit_add(unit, next_sql, 1, &token);
    return claimed;
}

struct tasks_claimed tasks_read_claimed(const struct db_result *result, int statement, int row)
{
    return (struct tasks_claimed){
        .id = db_int64(result, statement, row, 0),
        .job_id = db_int64(result, statement, row, 1),
        .chat_id = db_int64(result, statement, row, 2),
        .index = (int)db_int64(result, statement, row, 3),
        .attempts = (int)db_int64(result, statement, row, 4),
        .set = (int)db_int64(result, statement, row, 5),
        .prompt = db_text(result, statement, row, 6),
        .recipe = db_text(result, statement, row, 7),
        .references = db_text(result, statement, row, 8),
    };
}

int64_t tasks_read_next_wait_ms(const struct db_result *result, int statement)
{
    return db_rows(result, statement + 1) == 0 ? INT64_MAX : db_int64(result, statement + 1, 0, 0);
}

int tasks_add_renew(struct db_unit *unit, struct arena *arena, const int64_t *ids, const char *const *tokens,
                    size_t count, int64_t lease_ms)
{
    return db_unit_add(unit,
                       "UPDATE photo_tasks t SET lease_until = now() + $3::bigint * interval '1 millisecond'"
                       " FROM unnest($1::bigint[], $2::text[]) w(id, token)"
                       " WHERE t.id = w.id AND t.lease_token = w.token AND t.state = 'waiting' RETURNING t.id",
                       3,
                       (struct db_param[]){db_int64_array(arena, ids, count), db_text_array(arena, tokens, count),
                                           db_int64_param(arena, lease_ms)});
}

int tasks_add_named(struct db_unit *unit, struct arena *arena, int64_t id, const char *token, const char *url)
{
    return db_unit_add(unit,
                       "UPDATE photo_tasks SET image_url = $3 WHERE id = $1 AND lease_token = $2 AND state = 'waiting'"
                       " RETURNING id",
                       3, (struct db_param[]){db_int64_param(arena, id), db_text_param(token), db_text_param(url)});
}

int tasks_add_made(struct db_unit *unit, struct arena *arena, int64_t id, const char *token, const char *url)
{
    return db_unit_add(unit, "SELECT chat, news FROM task_made($1, $2, $3)", 3,
                       (struct db_param[]){db_int64_param(arena, id), db_text_param(token), db_text_param(url)});
}

int tasks_add_failed(struct db_unit *unit, struct arena *arena, int64_t id, const char *token, const char *error,
                     int64_t wait_ms, int max_attempts)
{
    return db_unit_add(unit, "SELECT chat, news FROM task_failed($1, $2, $3, $4, $5)", 5,
                       (struct db_param[]){db_int64_param(arena, id), db_text_param(token), db_text_param(error),
                                           db_int64_param(arena, wait_ms), db_int64_param(arena, max_attempts)});
}

bool tasks_read_ended(const struct db_result *result, int statement, int64_t *ret_chat_id)
{
    if (db_is_null(result, statement, 0, 0))
        return false;
    *ret_chat_id = db_int64(result, statement, 0, 0);
    return true;
}

int64_t tasks_read_news(const struct db_result *result, int statement)
{
    return db_int64(result, statement, 0, 1);
}

int tasks_add_released(struct db_unit *unit, struct arena *arena, int64_t id, const char *token, const char *error)
{
    return db_unit_add(unit,
                       "UPDATE photo_tasks SET attempts = attempts - 1, lease_token = NULL, lease_until = NULL,"
                       " error = $3 WHERE id = $1 AND lease_token = $2 AND state = 'waiting' RETURNING id",
                       3, (struct db_param[]){db_int64_param(arena, id), db_text_param(token), db_text_param(error)});
}
