/* Statements on bot_refunds. Each step is guarded by the state, and the key, that it leaves, so a step done twice, late
 * or by somebody whose lease was lost changes nothing. Nothing here decides that money goes back: that is what makes
 * the rows (settle_payment, set_falls_short …), nor how much of a share (core/refund.c). */
#include "db/refunds.h"

#include <string.h>

#include "core/bug.h"
#include "db/ledger.h"
#include "db/words.h"

static const char *const states[REFUNDS_STATE_COUNT] = {"owed", "asked", "pending", "succeeded", "refused", "void"};

/* The word is the schema's own: another one is a bug. */
static enum refunds_state state_of(const char *word)
{
    for (int i = 0; i < REFUNDS_STATE_COUNT; i++)
        if (strcmp(states[i], word) == 0)
            return (enum refunds_state)i;
    bug("a state that the schema does not have");
}

enum {
    ROW_ID,
    ROW_STATE,
    ROW_WHY,
    ROW_KOPECKS,
    ROW_MISSING,
    ROW_ATTEMPT,
    ROW_KEY,
    ROW_BODY,
    ROW_OUTSIDE,
    ROW_AGE,
    ROW_WAITS,
    ROW_PROVIDER,
    ROW_PAYMENT,
    ROW_PAYMENT_BODY,
    ROW_CURRENCY,
    ROW_LEFT,
    ROW_SOLD,
    ROW_ORDER,
    ROW_PRICE,
    ROW_PHOTOS,
    ROW_PAYER
};
static const char find_sql[] =
    "SELECT r.id, r.state, r.why, (r.amount * money_unit(p.received_currency))::bigint, r.photos, r.attempt, r.key, "
    "r.body, r.outside_id,"
    " (extract(epoch FROM now() - r.asked_at) * 1000)::bigint,"
    " EXISTS (SELECT 1 FROM bot_refunds e WHERE e.payment_id = r.payment_id AND e.id < r.id"
    "  AND (e.state = 'asked' OR (e.state = 'owed' AND e.reason IS NULL))),"
    " p.provider, p.outside_id, p.body, p.received_currency,"
    " ((p.received - COALESCE((SELECT sum(e.amount) FROM bot_refunds e WHERE e.payment_id = r.payment_id"
    "  AND e.id <> r.id AND e.state NOT IN ('refused', 'void')), 0)) * money_unit(p.received_currency))::bigint,"
    " EXISTS (SELECT 1 FROM ledger_transactions t WHERE t.kind = 'sale' AND t.subject = p.id),"
    " o.id, ceil(o.price * 100 / o.sets)::bigint, o.photo_count, p.payer"
    " FROM bot_refunds r JOIN bot_payments p ON p.id = r.payment_id LEFT JOIN orders o ON o.id = p.order_id"
    " WHERE r.id = $1";

int refunds_add_find(struct db_unit *unit, struct arena *arena, int64_t id)
{
    return db_unit_add(unit, find_sql, 1, (struct db_param[]){db_int64_param(arena, id)});
}

struct refunds_row refunds_read(const struct db_result *result, int statement)
{
    return (struct refunds_row){.id = db_int64(result, statement, 0, ROW_ID),
                                .state = state_of(db_text(result, statement, 0, ROW_STATE)),
                                .why = words_refund_why(db_text(result, statement, 0, ROW_WHY)),
                                .kopecks = db_int64(result, statement, 0, ROW_KOPECKS),
                                .missing = (int32_t)db_int64(result, statement, 0, ROW_MISSING),
                                .attempt = (int32_t)db_int64(result, statement, 0, ROW_ATTEMPT),
                                .key = db_text(result, statement, 0, ROW_KEY),
                                .body = db_text(result, statement, 0, ROW_BODY),
                                .outside_id = db_text(result, statement, 0, ROW_OUTSIDE),
                                .age_ms = db_int64(result, statement, 0, ROW_AGE),
                                .waits = db_bool(result, statement, 0, ROW_WAITS),
                                .provider = db_text(result, statement, 0, ROW_PROVIDER),
                                .payment_id = db_text(result, statement, 0, ROW_PAYMENT),
                                .payment_body = db_text(result, statement, 0, ROW_PAYMENT_BODY),
                                .currency = db_text(result, statement, 0, ROW_CURRENCY),
                                .left_kopecks = db_int64(result, statement, 0, ROW_LEFT),
                                .sold = db_bool(result, statement, 0, ROW_SOLD),
                                .order_id = db_int64(result, statement, 0, ROW_ORDER),
                                .price_kopecks = db_int64(result, statement, 0, ROW_PRICE),
                                .photos = (int32_t)db_int64(result, statement, 0, ROW_PHOTOS),
                                .payer = db_int64(result, statement, 0, ROW_PAYER)};
}

int refunds_add_asked(struct db_unit *unit, struct arena *arena, int64_t id, int64_t kopecks, const char *currency,
                      const char *key, const char *body)
{
    return db_unit_add(unit, "SELECT done FROM refund_asked($1, $2, $3, $4)", 4,
                       (struct db_param[]){db_int64_param(arena, id), db_amount_param(arena, currency, kopecks),
                                           db_text_param(key), db_text_param(body)});
}

int refunds_add_unmade(struct db_unit *unit, struct arena *arena, int64_t id, const char *key)
{
    return db_unit_add(unit, "SELECT done FROM refund_unmade($1, $2)", 2,
                       (struct db_param[]){db_int64_param(arena, id), db_text_param(key)});
}

void refunds_add_void(struct db_unit *unit, struct arena *arena, int64_t id)
{
    (void)db_unit_add(unit, "UPDATE bot_refunds SET state = 'void', ended_at = now() WHERE id = $1 AND state = 'owed'",
                      1, (struct db_param[]){db_int64_param(arena, id)});
}

int refunds_add_pending(struct db_unit *unit, struct arena *arena, int64_t id, const char *key, const char *outside_id)
{
    return db_unit_add(unit, "SELECT done, news FROM refund_pending($1, $2, $3)", 3,
                       (struct db_param[]){db_int64_param(arena, id), db_text_param(key), db_text_param(outside_id)});
}

int refunds_add_succeeded(struct db_unit *unit, struct arena *arena, const struct refunds_row *row)
{
    const struct ledger_movement plan = ledger_refund(row->provider, row->kopecks, row->sold);
    enum { FACTS = 3 };
    struct db_param params[FACTS + LEDGER_PLAN_PARAMS] = {db_int64_param(arena, row->id), db_text_param(row->key),
                                                          db_text_param(row->outside_id)};
    ledger_put_plan(arena, &plan, 1, params + FACTS);
    return db_unit_add(unit, "SELECT done, news FROM refund_succeeded($1, $2, $3, $4, $5, $6)",
                       FACTS + LEDGER_PLAN_PARAMS, params);
}

int refunds_add_refused(struct db_unit *unit, struct arena *arena, int64_t id, const char *key, const char *reason,
                        bool is_asked_anew)
{
    return db_unit_add(unit, "SELECT done, news FROM refund_refused($1, $2, $3, $4)", 4,
                       (struct db_param[]){db_int64_param(arena, id), db_text_param(key), db_text_param(reason),
                                           db_bool_param(is_asked_anew)});
}

bool refunds_read_done(const struct db_result *result, int statement)
{
    return db_bool(result, statement, 0, 0);
}

int64_t refunds_read_news(const struct db_result *result, int statement)
{
    return db_int64(result, statement, 0, 1);
}

int refunds_add_hurry(struct db_unit *unit, struct arena *arena, const char *const *names, size_t count)
{
    return db_unit_add(unit,
                       "UPDATE errands SET not_before = now() WHERE chore = 'payment_refund' AND state = 'waiting'"
                       " AND lease_token IS NULL AND not_before > now() AND subject = ANY ("
                       "SELECT id::text FROM bot_refunds WHERE outside_id = ANY($1::text[]) AND state = 'pending')",
                       1, (struct db_param[]){db_text_array(arena, names, count)});
}

int refunds_add_wanted(struct db_unit *unit, struct arena *arena, int64_t payment_id)
{
    return db_unit_add(unit,
                       "SELECT COALESCE((g.amount * money_unit(p.received_currency))::bigint, -1), p.received_currency"
                       " FROM payment_to_give_back($1) g LEFT JOIN bot_payments p ON p.id = $1",
                       1, (struct db_param[]){db_int64_param(arena, payment_id)});
}

int64_t refunds_read_wanted(const struct db_result *result, int statement, const char **ret_currency)
{
    *ret_currency = db_text(result, statement, 0, 1);
    return db_int64(result, statement, 0, 0);
}
