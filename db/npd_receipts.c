/* Statements of the receipts at the tax service. A claim is made as those of db/tasks.c and db/errands.c are; what is
 * due stands at the head of an index that holds nothing else. */
#include "db/npd_receipts.h"

#include "core/bug.h"

static const char claim_sql[] =
    "WITH mine AS MATERIALIZED (SELECT id FROM npd_receipts WHERE lease_until > now()"
    "  AND worker = $4 AND id <> ALL ($5::bigint[]) LIMIT $2 FOR UPDATE SKIP LOCKED),"
    " due AS MATERIALIZED (SELECT id FROM npd_receipts WHERE not_before <= now()"
    "  AND (lease_until IS NULL OR lease_until <= now()) AND NOT EXISTS (SELECT 1 FROM mine)"
    "  ORDER BY not_before LIMIT $2 FOR UPDATE SKIP LOCKED),"
    " claimed AS (UPDATE npd_receipts SET attempts = attempts + CASE WHEN lease_until > now() THEN 0 ELSE 1 END,"
    "  lease_token = $1, worker = $4, lease_until = now() + $3::bigint * interval '1 millisecond'"
    "  WHERE id = ANY (ARRAY(SELECT id FROM mine UNION ALL SELECT id FROM due))"
    "  RETURNING id, payment_id, attempts, sold_at, due)"
    " SELECT c.id, COALESCE(o.id, 0), COALESCE(o.chat_id, 0), c.attempts,"
    "  (extract(epoch FROM c.sold_at) * 1000)::bigint, (c.due * 100)::bigint, COALESCE(i.amount * 100, 0)::bigint,"
    "  i.name, i.uuid, COALESCE(floor(extract(epoch FROM now() - i.asked_at) * 1000), 0)::bigint"
    " FROM claimed c JOIN bot_payments p ON p.id = c.payment_id LEFT JOIN orders o ON o.id = p.order_id"
    " LEFT JOIN npd_incomes i ON i.receipt_id = c.id AND i.state IN ('asked', 'registered')";

static const char next_sql[] =
    "SELECT GREATEST(0, ceil(extract(epoch FROM min(due) - now()) * 1000))::bigint FROM"
    " ((SELECT not_before AS due FROM npd_receipts WHERE not_before IS NOT NULL AND lease_until IS NULL"
    "   ORDER BY not_before LIMIT 1)"
    "  UNION ALL (SELECT GREATEST(not_before, lease_until) FROM npd_receipts WHERE lease_until IS NOT NULL"
    "   AND lease_token <> $1 ORDER BY lease_until LIMIT 1)) d HAVING count(*) > 0";

int npd_receipts_add_claim(struct db_unit *unit, struct arena *arena, const struct claim *claim)
{
    struct db_param token = db_text_param(claim->token);
    claim_add_planning(unit);
    int claimed = db_unit_add(unit, claim_sql, 5,
                              (struct db_param[]){token, db_int64_param(arena, claim->limit),
                                                  db_int64_param(arena, claim->lease_ms), db_text_param(claim->worker),
                                                  db_int64_array(arena, claim->held, claim->held_count)});
    (void)db_unit_add(unit, next_sql, 1, &token);
    return claimed;
}

struct npd_receipts_claimed npd_receipts_read_claimed(const struct db_result *result, int statement, int row)
{
    const char *uuid = db_text(result, statement, row, 8);
    return (struct npd_receipts_claimed){
        .id = db_int64(result, statement, row, 0),
        .order_id = db_int64(result, statement, row, 1),
        .chat_id = db_int64(result, statement, row, 2),
        .attempts = (int)db_int64(result, statement, row, 3),
        .sold_ms = db_int64(result, statement, row, 4),
        .facts = {.due_kopecks = db_int64(result, statement, row, 5),
                  .asked_kopecks = db_int64(result, statement, row, 6),
                  .is_known = uuid != NULL},
        .name = db_text(result, statement, row, 7),
        .uuid = uuid,
        .asked_ago_ms = db_int64(result, statement, row, 9),
    };
}

int64_t npd_receipts_read_next_wait_ms(const struct db_result *result, int statement)
{
    return db_rows(result, statement + 1) == 0 ? INT64_MAX : db_int64(result, statement + 1, 0, 0);
}

int npd_receipts_add_renew(struct db_unit *unit, struct arena *arena, const int64_t *ids, const char *const *tokens,
                           size_t count, int64_t lease_ms)
{
    return db_unit_add(unit,
                       "UPDATE npd_receipts r SET lease_until = now() + $3::bigint * interval '1 millisecond'"
                       " FROM unnest($1::bigint[], $2::text[]) w(id, token)"
                       " WHERE r.id = w.id AND r.lease_token = w.token RETURNING r.id",
                       3,
                       (struct db_param[]){db_int64_array(arena, ids, count), db_text_array(arena, tokens, count),
                                           db_int64_param(arena, lease_ms)});
}

int npd_receipts_add_asked(struct db_unit *unit, struct arena *arena, int64_t id, const char *token, const char *inn)
{
    return db_unit_add(unit, "SELECT name, (amount * 100)::bigint FROM npd_asked($1, $2, $3)", 3,
                       (struct db_param[]){db_int64_param(arena, id), db_text_param(token), db_text_param(inn)});
}

const char *npd_receipts_read_asked(const struct db_result *result, int statement, int64_t *ret_kopecks)
{
    const char *name = db_text(result, statement, 0, 0);
    if (name != NULL)
        *ret_kopecks = db_int64(result, statement, 0, 1);
    return name;
}

static const char *word_of(enum npd_step step)
{
    switch (step) {
    case NPD_REST: return NULL;
    case NPD_REGISTER: return "registered";
    case NPD_CANCEL: return "canceled";
    case NPD_VOID: return "void";
    case NPD_LOOK:
    case NPD_WAIT:
    case NPD_STEP_COUNT: break;
    }
    bug("a step that ends nothing");
}

int npd_receipts_add_ended(struct db_unit *unit, struct arena *arena, int64_t id, const char *token, enum npd_step step,
                           const char *uuid)
{
    return db_unit_add(unit, "SELECT done, news FROM npd_ended($1, $2, $3, $4)", 4,
                       (struct db_param[]){db_int64_param(arena, id), db_text_param(token),
                                           db_text_param(word_of(step)), db_text_param(uuid)});
}

bool npd_receipts_read_ended(const struct db_result *result, int statement, int64_t *ret_news_id)
{
    *ret_news_id = db_int64(result, statement, 0, 1);
    return db_bool(result, statement, 0, 0);
}

int npd_receipts_add_later(struct db_unit *unit, struct arena *arena, int64_t id, const char *token, int64_t wait_ms,
                           const char *error, enum npd_receipts_later later)
{
    return db_unit_add(
        unit, "SELECT done, hurried FROM npd_later($1, $2, $3, $4, $5)", 5,
        (struct db_param[]){db_int64_param(arena, id), db_text_param(token), db_int64_param(arena, wait_ms),
                            db_text_param(error),
                            later == NPD_RECEIPTS_RELEASED ? db_null() : db_bool_param(later == NPD_RECEIPTS_FAILED)});
}

bool npd_receipts_read_later(const struct db_result *result, int statement, bool *ret_hurried)
{
    *ret_hurried = db_bool(result, statement, 0, 1);
    return db_bool(result, statement, 0, 0);
}
