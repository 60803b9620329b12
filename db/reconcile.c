/* Statements of reconciliation. Each may be said again at any time: what is known already is found so. */
#include "db/reconcile.h"

#include <string.h>

#include "core/bug.h"
#include "db/ledger.h"

int reconcile_add_find(struct db_unit *unit, struct arena *arena, int64_t id, const char *shop)
{
    return db_unit_add(unit,
                       "SELECT id, floor(extract(epoch FROM payments_since) * 1000)::bigint,"
                       " floor(extract(epoch FROM refunds_since) * 1000)::bigint,"
                       " floor(extract(epoch FROM now()) * 1000)::bigint,"
                       " floor(extract(epoch FROM now() - passed_at) * 1000)::bigint, reconcile_due(provider, $2)"
                       " FROM bot_reconciliations WHERE id = $1",
                       2, (struct db_param[]){db_int64_param(arena, id), db_text_param(shop)});
}

struct reconcile_row reconcile_read(const struct db_result *result, int statement, int row)
{
    return (struct reconcile_row){.id = db_int64(result, statement, row, 0),
                                  .payments_since_ms = db_int64(result, statement, row, 1),
                                  .refunds_since_ms = db_int64(result, statement, row, 2),
                                  .now_ms = db_int64(result, statement, row, 3),
                                  .passed_ms_ago = db_int64(result, statement, row, 4),
                                  .is_due = db_bool(result, statement, row, 5)};
}

static struct db_param sum_param(struct arena *arena, int64_t kopecks, bool is_told)
{
    return is_told ? db_kopecks_param(arena, kopecks) : db_null();
}

int reconcile_add_listed(struct db_unit *unit, struct arena *arena, const struct reconcile_payment *payment)
{
    return db_unit_add(
        unit, "SELECT payment_listed($1, $2, $3, $4, $5, $6, $7, $8) = 'ask'", 8,
        (struct db_param[]){db_text_param(payment->provider), db_text_param(payment->id),
                            db_kopecks_param(arena, payment->kopecks), db_text_param(payment->currency),
                            sum_param(arena, payment->refunded_kopecks, payment->refunded_kopecks >= 0),
                            payment->order_id == 0 ? db_null() : db_int64_param(arena, payment->order_id),
                            payment->test_untold ? db_null() : db_bool_param(payment->test),
                            db_int64_param(arena, payment->created_at_s * 1000)});
}

bool reconcile_read_asked(const struct db_result *result, int statement)
{
    return db_bool(result, statement, 0, 0);
}

int reconcile_add_compared(struct db_unit *unit, struct arena *arena, const struct reconcile_payment *payment)
{
    bool is_told = payment->kopecks > 0;
    return db_unit_add(unit, "SELECT payment_compared($1, $2, $3, $4, $5, $6)", 6,
                       (struct db_param[]){
                           db_text_param(payment->provider), db_text_param(payment->id), db_text_param(payment->status),
                           sum_param(arena, payment->kopecks, is_told), db_text_param(payment->currency),
                           sum_param(arena, payment->refunded_kopecks, is_told && payment->refunded_kopecks >= 0)});
}

bool reconcile_read_odd(const struct db_result *result, int statement)
{
    return db_bool(result, statement, 0, 0);
}

int reconcile_add_refund(struct db_unit *unit, struct arena *arena, const struct reconcile_refund *refund)
{
    const struct ledger_movement sold = ledger_refund(refund->provider, refund->kopecks, true),
                                 held = ledger_refund(refund->provider, refund->kopecks, false);
    enum { FACTS = 6, KINDS = 0, ACCOUNTS = 1, AMOUNTS = 2 };
    struct db_param of_sold[LEDGER_PLAN_PARAMS], of_held[LEDGER_PLAN_PARAMS];
    ledger_put_plan(arena, &sold, 1, of_sold);
    ledger_put_plan(arena, &held, 1, of_held);
    struct db_param params[FACTS + LEDGER_PLAN_PARAMS + 1] = {db_text_param(refund->provider),
                                                              db_text_param(refund->id),
                                                              db_text_param(refund->payment_id),
                                                              db_text_param(refund->status),
                                                              db_kopecks_param(arena, refund->kopecks),
                                                              db_text_param(refund->currency),
                                                              of_sold[KINDS],
                                                              of_sold[ACCOUNTS],
                                                              of_held[ACCOUNTS],
                                                              of_sold[AMOUNTS]};
    return db_unit_add(unit, "SELECT refund_seen($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
                       FACTS + LEDGER_PLAN_PARAMS + 1, params);
}

enum reconcile_seen reconcile_read_refund(const struct db_result *result, int statement)
{
    static const char *const words[RECONCILE_SEEN_COUNT] = {"known", "taken", "open", "odd", "foreign"};
    const char *word = db_text(result, statement, 0, 0);
    for (int i = 0; i < RECONCILE_SEEN_COUNT; i++)
        if (strcmp(words[i], word) == 0)
            return (enum reconcile_seen)i;
    bug("a word that the schema does not have");
}

/* Each part finds its rows by an index of their own; they are few. */
int reconcile_add_unsettled(struct db_unit *unit, struct arena *arena, const char *shop, int64_t after)
{
    return db_unit_add(
        unit,
        "SELECT p.id, p.outside_id FROM bot_payments p WHERE p.id IN ("
        " SELECT id FROM bot_payments WHERE provider = 'yookassa' AND state = 'succeeded' AND compared_at IS NULL"
        " UNION SELECT id FROM bot_payments WHERE state IN ('creating', 'pending') AND created_at_ms BETWEEN"
        "  (extract(epoch FROM now() - interval '32 days') * 1000)::bigint"
        "  AND (extract(epoch FROM now() - interval '2 hours') * 1000)::bigint"
        " UNION SELECT o.id FROM bot_differences d JOIN bot_payments o USING (provider, outside_id))"
        " AND p.provider = 'yookassa' AND p.outside_id IS NOT NULL AND p.id > $1 AND COALESCE(p.shop, $2) = $2"
        " ORDER BY p.id LIMIT $3",
        3,
        (struct db_param[]){db_int64_param(arena, after), db_text_param(shop),
                            db_int64_param(arena, RECONCILE_UNSETTLED_MAX)});
}

int64_t reconcile_read_number(const struct db_result *result, int statement, int row)
{
    return db_int64(result, statement, row, 0);
}

const char *reconcile_read_id(const struct db_result *result, int statement, int row)
{
    return db_text(result, statement, row, 1);
}

void reconcile_add_passed(struct db_unit *unit, struct arena *arena, int64_t id, int64_t payments_since_ms,
                          int64_t refunds_since_ms)
{
    (void)db_unit_add(unit,
                      "UPDATE bot_reconciliations SET payments_since = " DB_TIME_OF_MS(
                          "$2") ", refunds_since = " DB_TIME_OF_MS("$3") ", passed_at = now() WHERE id = $1",
                      3,
                      (struct db_param[]){db_int64_param(arena, id), db_int64_param(arena, payments_since_ms),
                                          db_int64_param(arena, refunds_since_ms)});
}
