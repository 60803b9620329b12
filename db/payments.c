/* Statements of the payments' chores. Each step is guarded by the state it leaves (in the function or in the WHERE), so
 * a step done twice, late or from two daemons changes nothing the second time. Nothing here decides about money: that
 * is settle_payment() in the database. */
#include "db/payments.h"

#include <stdlib.h>
#include <string.h>

#include "core/bug.h"
#include "db/ledger.h"
#include "db/receipts.h"
#include "db/words.h"

#define ORDER_COLUMNS                                                                                                  \
    "o.id, o.chat_id, COALESCE(j.id, 0), p.created_at_ms,"                                                             \
    " CASE WHEN p.held IN ('sum', 'order') AND p.state = 'succeeded' THEN 'mismatch' ELSE p.state END,"                \
    " o.status = 'canceled' OR o.user_id IS NULL, p.outside_id, p.reason,"                                             \
    " (p.asked * 100)::bigint, p.currency"
#define ORDER_TABLES                                                                                                   \
    " FROM bot_payments p JOIN orders o ON o.id = p.order_id LEFT JOIN generation_jobs j ON j.order_id = o.id"         \
    " WHERE p.provider = 'yookassa'"

static const char *const states[PAYMENTS_STATE_COUNT] = {"creating", "pending", "succeeded",
                                                         "canceled", "failed",  "mismatch"};
static const char *const outcomes[PAYMENTS_OUTCOME_COUNT] = {"settled", "already",  "held",    "owed",
                                                             "unknown", "canceled", "foreign", "pending"};
static const char *const said[PAYMENTS_SAID_COUNT] = {"pending", "succeeded", "canceled"};

/* The words are the schema's own: another one is a bug. */
static int find(const char *const *words, int count, const char *word)
{
    for (int i = 0; i < count; i++)
        if (strcmp(words[i], word) == 0)
            return i;
    bug("a word that the schema does not have");
}

int payments_add_order(struct db_unit *unit, struct arena *arena, int64_t order_id)
{
    return db_unit_add(unit, "SELECT " ORDER_COLUMNS ", p.key, p.body" ORDER_TABLES " AND p.order_id = $1", 1,
                       (struct db_param[]){db_int64_param(arena, order_id)});
}

int payments_add_open(struct db_unit *unit, struct arena *arena, enum payments_state state, int64_t since_ms, int limit)
{
    return db_unit_add(unit,
                       "SELECT " ORDER_COLUMNS ", NULL, NULL" ORDER_TABLES
                       " AND p.state IN ('creating', 'pending') AND p.state = $3 AND p.created_at_ms > $1"
                       " ORDER BY p.order_id DESC LIMIT $2",
                       3,
                       (struct db_param[]){db_int64_param(arena, since_ms), db_int64_param(arena, limit),
                                           db_text_param(states[state])});
}

struct payments_order payments_read_order(const struct db_result *result, int statement, int row)
{
    return (struct payments_order){
        .id = db_int64(result, statement, row, 0),
        .chat_id = db_int64(result, statement, row, 1),
        .job_id = db_int64(result, statement, row, 2),
        .created_at_ms = db_int64(result, statement, row, 3),
        .state = (enum payments_state)find(states, PAYMENTS_STATE_COUNT, db_text(result, statement, row, 4)),
        .canceled = db_bool(result, statement, row, 5),
        .payment_id = db_text(result, statement, row, 6),
        .reason = words_payment_reason(db_text(result, statement, row, 7)),
        .asked_kopecks = db_int64(result, statement, row, 8),
        .currency = db_text(result, statement, row, 9),
        .key = db_text(result, statement, row, 10),
        .body = db_text(result, statement, row, 11),
    };
}

int payments_add_created(struct db_unit *unit, struct arena *arena, const struct payments_created *created)
{
    return db_unit_add(unit, "SELECT done, news FROM payment_created($1, $2, $3, $4)", 4,
                       (struct db_param[]){db_int64_param(arena, created->order_id), db_text_param(created->payment_id),
                                           db_text_param(created->url), db_int64_param(arena, created->until_ms)});
}

int payments_add_given_up(struct db_unit *unit, struct arena *arena, int64_t order_id, enum payments_end end,
                          enum payment_reason reason)
{
    const char *held = end == PAYMENTS_NOT_OURS ? "order" : end == PAYMENTS_OTHER_SUM ? "sum" : NULL;
    struct db_param order = db_int64_param(arena, order_id);
    int statement = db_unit_add(unit, "SELECT done, news FROM payment_given_up($1, $2, $3, $4)", 4,
                                (struct db_param[]){order, db_bool_param(end != PAYMENTS_UNWANTED),
                                                    db_bool_param(end == PAYMENTS_LOST),
                                                    db_text_param(words_of_payment_reason(reason))});
    if (held != NULL)
        (void)db_unit_add(unit,
                          "UPDATE bot_payments SET held = $2 WHERE order_id = $1 AND provider = 'yookassa'"
                          " AND state = 'failed' AND held IS NULL",
                          2, (struct db_param[]){order, db_text_param(held)});
    return statement;
}

bool payments_read_done(const struct db_result *result, int statement)
{
    return db_bool(result, statement, 0, 0);
}

int64_t payments_read_news(const struct db_result *result, int statement)
{
    return db_int64(result, statement, 0, 1);
}

int payments_add_seen(struct db_unit *unit, struct arena *arena, const struct payments_seen *seen)
{
    const struct ledger_movement plan[] = {ledger_payment(seen->provider, seen->amount_kopecks, seen->income_kopecks),
                                           ledger_sale(seen->amount_kopecks)};
    enum { FACTS = 11 };
    struct db_param params[FACTS + LEDGER_PLAN_PARAMS] = {
        db_text_param(seen->provider),
        db_text_param(seen->payment_id),
        db_text_param(said[seen->status]),
        db_bool_param(seen->paid),
        db_kopecks_param(arena, seen->amount_kopecks),
        seen->income_kopecks == 0 ? db_null() : db_kopecks_param(arena, seen->income_kopecks),
        db_text_param(seen->currency),
        db_int64_param(arena, seen->order_id),
        db_text_param(seen->shop),
        seen->test_untold ? db_null() : db_bool_param(seen->test),
        db_text_param(words_of_payment_reason(seen->reason)),
    };
    ledger_put_plan(arena, plan, sizeof plan / sizeof plan[0], params + FACTS);
    int statement = db_unit_add(
        unit,
        "SELECT outcome, settled_order, chat, job, news FROM settle_payment($1, $2, $3, $4, $5, $6, $7,"
        " $8, $9, $10, $11, $12, $13, $14)",
        FACTS + LEDGER_PLAN_PARAMS, params);
    if (seen->receipt != NULL)
        (void)receipts_add_seen(unit, seen->payment_id, seen->receipt);
    return statement;
}

struct payments_settled payments_read_seen(const struct db_result *result, int statement)
{
    return (struct payments_settled){
        .outcome = (enum payments_outcome)find(outcomes, PAYMENTS_OUTCOME_COUNT, db_text(result, statement, 0, 0)),
        .order_id = db_int64(result, statement, 0, 1),
        .chat_id = db_int64(result, statement, 0, 2),
        .job_id = db_int64(result, statement, 0, 3),
        .news_id = db_int64(result, statement, 0, 4),
    };
}

int payments_add_named(struct db_unit *unit, struct arena *arena, const char *const *names, size_t count)
{
    return db_unit_add(unit,
                       "SELECT order_id FROM bot_payments WHERE provider = 'yookassa' AND outside_id = ANY($1::text[])"
                       " AND state <> 'succeeded' AND order_id IS NOT NULL",
                       1, (struct db_param[]){db_text_array(arena, names, count)});
}

int64_t payments_read_named(const struct db_result *result, int statement, int row)
{
    return db_int64(result, statement, row, 0);
}

void payments_add_came(struct db_unit *unit, struct arena *arena, int64_t id)
{
    (void)db_unit_add(
        unit,
        "SELECT id, provider, ((received - COALESCE((SELECT sum(amount) FROM bot_refunds r"
        " WHERE r.payment_id = p.id AND r.state = 'succeeded'), 0)) * money_unit(p.received_currency))::bigint,"
        " EXISTS (SELECT 1 FROM ledger_transactions t WHERE t.kind = 'sale' AND t.subject = p.id),"
        " EXISTS (SELECT 1 FROM bot_refunds r WHERE r.payment_id = p.id"
        "  AND r.state IN ('asked', 'pending')), received_currency,"
        " (SELECT owed FROM set_grants WHERE payment_id = p.id) FROM bot_payments p"
        " WHERE id = $1 AND state = 'succeeded' AND received > 0",
        1, (struct db_param[]){db_int64_param(arena, id)});
}

struct payments_came payments_read_came(const struct db_result *result)
{
    return (struct payments_came){.id = db_int64(result, 0, 0, 0),
                                  .provider = db_text(result, 0, 0, 1),
                                  .kopecks = db_int64(result, 0, 0, 2),
                                  .sold = db_bool(result, 0, 0, 3),
                                  .is_asked = db_bool(result, 0, 0, 4),
                                  .currency = db_text(result, 0, 0, 5),
                                  .owed_kopecks = db_int64(result, 0, 0, 6)};
}

void payments_add_given_back(struct db_unit *unit, struct arena *arena, const struct payments_came *came)
{
    const struct ledger_movement plan = came->owed_kopecks > 0
                                            ? ledger_pack_refund(came->provider, came->kopecks, came->owed_kopecks)
                                            : ledger_refund(came->provider, came->kopecks, came->sold);
    enum { FACTS = 2 };
    struct db_param params[FACTS + LEDGER_PLAN_PARAMS] = {db_int64_param(arena, came->id),
                                                          db_amount_param(arena, came->currency, came->kopecks)};
    ledger_put_plan(arena, &plan, 1, params + FACTS);
    (void)db_unit_add(unit, "SELECT done FROM payment_given_back($1, $2, $3, $4, $5)", FACTS + LEDGER_PLAN_PARAMS,
                      params);
}

bool payments_read_given_back(const struct db_result *result)
{
    return db_bool(result, 0, 0, 0);
}
