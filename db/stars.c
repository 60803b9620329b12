/* Statements about stars; those of a turn's record effects at the bottom. What may be decided only as a whole is a
 * function of the database; what a movement posts is core/ledger.c's to say. */
#include "db/stars.h"

#include <string.h>

#include "core/bug.h"
#include "db/errands.h"
#include "db/ledger.h"
#include "db/records_private.h"

enum { LOOK_MS = 60 * 60 * 1000 };

static const char *const answers[STARS_ANSWER_COUNT] = {"ok", "unknown", "paid", "over", "changed"};

int stars_add_may(struct db_unit *unit, struct arena *arena, const struct stars_said *said)
{
    return db_unit_add(unit, "SELECT answer, lang FROM stars_may($1, $2, $3, $4)", 4,
                       (struct db_param[]){db_text_param(said->payload), db_int64_param(arena, said->payer),
                                           db_amount_param(arena, said->currency, said->amount),
                                           db_text_param(said->currency)});
}

enum stars_answer stars_read_may(const struct db_result *result, int statement, const char **ret_lang)
{
    const char *word = db_text(result, statement, 0, 0);
    *ret_lang = db_text(result, statement, 0, 1);
    for (int i = 0; i < STARS_ANSWER_COUNT; i++)
        if (strcmp(answers[i], word) == 0)
            return (enum stars_answer)i;
    bug("an answer that the schema does not have");
}

int stars_add_invoice(struct db_unit *unit, struct arena *arena, int64_t order_id, const char *url)
{
    return db_unit_add(unit,
                       "WITH made AS (UPDATE bot_payments SET state = 'pending', url = $2 WHERE order_id = $1"
                       "  AND provider = 'stars' AND state = 'creating' RETURNING order_id)"
                       " SELECT news_add(o.chat_id, 'payment_link', o.id, 0, NULL) FROM made"
                       " JOIN orders o ON o.id = made.order_id",
                       2, (struct db_param[]){db_int64_param(arena, order_id), db_text_param(url)});
}

int64_t stars_read_news(const struct db_result *result, int statement)
{
    return db_rows(result, statement) == 0 ? 0 : db_int64(result, statement, 0, 0);
}

void stars_add_no_invoice(struct db_unit *unit, struct arena *arena, int64_t order_id)
{
    (void)db_unit_add(unit,
                      "UPDATE bot_payments SET state = 'failed', ended_at = now() WHERE order_id = $1"
                      " AND provider = 'stars' AND state = 'creating'",
                      1, (struct db_param[]){db_int64_param(arena, order_id)});
}

void stars_add_paid(struct db_unit *unit, struct arena *arena, const struct stars_said *said)
{
    const struct ledger_movement plan[] = {ledger_payment("stars", said->amount, 0), ledger_sale(said->amount)};
    enum { FACTS = 5 };
    struct db_param params[FACTS + LEDGER_PLAN_PARAMS] = {
        db_text_param(said->charge_id), db_text_param(said->payload), db_int64_param(arena, said->payer),
        db_amount_param(arena, said->currency, said->amount), db_text_param(said->currency)};
    ledger_put_plan(arena, plan, sizeof plan / sizeof plan[0], params + FACTS);
    (void)db_unit_add(unit, "SELECT outcome FROM stars_paid($1, $2, $3, $4, $5, $6, $7, $8)",
                      FACTS + LEDGER_PLAN_PARAMS, params);
}

void stars_add_given_back(struct db_unit *unit, struct arena *arena, const struct stars_said *said)
{
    const struct ledger_movement sold = ledger_refund("stars", said->amount, true);
    const struct ledger_movement held = ledger_refund("stars", said->amount, false);
    struct db_param of_sold[LEDGER_PLAN_PARAMS], of_held[LEDGER_PLAN_PARAMS];
    ledger_put_plan(arena, &sold, 1, of_sold);
    ledger_put_plan(arena, &held, 1, of_held);
    (void)db_unit_add(unit, "SELECT stars_given_back($1, $2, $3, $4, $5, $6)", 6,
                      (struct db_param[]){db_text_param(said->charge_id),
                                          db_amount_param(arena, said->currency, said->amount), of_sold[0], of_sold[1],
                                          of_held[1], of_sold[2]});
}

/* ---- the list of transactions ---- */

int stars_add_seen(struct db_unit *unit, struct arena *arena, int64_t bot_id)
{
    return db_unit_add(unit, "SELECT seen FROM star_lists WHERE bot_id = $1", 1,
                       (struct db_param[]){db_int64_param(arena, bot_id)});
}

int64_t stars_read_seen(const struct db_result *result, int statement)
{
    return db_rows(result, statement) == 0 ? 0 : db_int64(result, statement, 0, 0);
}

void stars_add_mark(struct db_unit *unit, struct arena *arena, int64_t bot_id, int64_t seen, bool is_end)
{
    (void)db_unit_add(
        unit,
        "INSERT INTO star_lists (bot_id, seen, looked_at) VALUES ($1, $2, CASE WHEN $3::bool THEN now() ELSE "
        "'-infinity' "
        "END)"
        " ON CONFLICT (bot_id) DO UPDATE SET seen = EXCLUDED.seen,"
        " looked_at = GREATEST(star_lists.looked_at, EXCLUDED.looked_at)",
        3, (struct db_param[]){db_int64_param(arena, bot_id), db_int64_param(arena, seen), db_bool_param(is_end)});
}

void stars_add_listed(struct db_unit *unit, struct arena *arena, const char *charge_id, bool affiliate)
{
    (void)arena;
    (void)db_unit_add(unit,
                      "UPDATE bot_payments SET listed_at = now(), affiliate = $2::bool WHERE provider = 'stars'"
                      " AND outside_id = $1 AND listed_at IS NULL",
                      2, (struct db_param[]){db_text_param(charge_id), db_bool_param(affiliate)});
}

void stars_add_refund_listed(struct db_unit *unit, struct arena *arena, const char *charge_id)
{
    (void)arena;
    (void)db_unit_add(unit,
                      "UPDATE bot_refunds r SET listed_at = now() FROM bot_payments p WHERE p.id = r.payment_id"
                      " AND p.provider = 'stars' AND p.outside_id = $1 AND r.state IN ('asked', 'pending', 'succeeded')"
                      " AND r.listed_at IS NULL",
                      1, (struct db_param[]){db_text_param(charge_id)});
}

/* Of what is older than three days Telegram has nothing new to say. */
void stars_add_look(struct db_unit *unit, struct arena *arena, bool now)
{
    (void)db_unit_add(
        unit,
        "INSERT INTO errands (chore, subject, not_before) SELECT 'star_reconcile', 'all',"
        " now() + $2::bigint * interval '1 millisecond' WHERE $1::bool OR EXISTS (SELECT 1 FROM bot_payments p"
        "  WHERE provider = 'stars' AND (state IN ('creating', 'pending') OR (state = 'succeeded' AND (listed_at IS "
        "NULL"
        "   OR EXISTS (SELECT 1 FROM bot_refunds WHERE payment_id = p.id AND listed_at IS NULL))))"
        "  AND created_at_ms > (extract(epoch FROM now() - interval '3 days') * 1000)::bigint) ON CONFLICT DO NOTHING",
        2, (struct db_param[]){db_bool_param(now), db_int64_param(arena, now ? 0 : LOOK_MS)});
}

void stars_add_hurry(struct db_unit *unit)
{
    (void)db_unit_add(unit,
                      "INSERT INTO errands (chore, subject) VALUES ('star_reconcile', 'all')"
                      " ON CONFLICT (chore, subject) DO UPDATE SET not_before = LEAST(errands.not_before, now()),"
                      " state = 'waiting' WHERE errands.lease_until IS NULL OR errands.lease_until <= now()",
                      0, NULL);
}

/* ---- what a turn records ---- */

/* The row first, then the invoice: a payload that Telegram knows is always known here. */
void records_order_stars(struct db_unit *unit, struct arena *arena, const struct run *run)
{
    for (size_t i = 0; i < run->count; i++) {
        const struct effect *effect = run->list[i];
        const struct order_terms *terms = records_terms(run, effect->order_stars.order_id);
        struct db_param order = db_int64_param(arena, effect->order_stars.order_id);
        (void)db_unit_add(unit,
                          "INSERT INTO bot_payments (provider, key, body, asked, currency, order_id, user_id,"
                          " created_at_ms) VALUES ('stars', $1, $2, $3, 'XTR', $4, $5, $6)",
                          6,
                          (struct db_param[]){db_text_param(terms->invoice_key), db_text_param(terms->invoice_body),
                                              db_int64_param(arena, effect->order_stars.stars), order,
                                              db_int64_param(arena, run->chats[i]->user.id),
                                              db_int64_param(arena, run->unix_ms)});
        (void)errands_add(unit, arena,
                          &(struct errands_new){.chore = "star_invoice",
                                                .subject = order.text,
                                                .chat_id = run->chats[i]->id,
                                                .body = terms->invoice_body});
    }
    stars_add_look(unit, arena, false);
}

static struct stars_said said_in(const struct run *run, size_t i)
{
    const struct effect *effect = run->list[i];
    return (struct stars_said){.charge_id = effect->stars_paid.charge_id,
                               .payload = effect->stars_paid.payload,
                               .currency = effect->stars_paid.currency,
                               .amount = effect->stars_paid.amount,
                               .payer = run->chats[i]->id};
}

void records_stars_paid(struct db_unit *unit, struct arena *arena, const struct run *run)
{
    for (size_t i = 0; i < run->count; i++) {
        const struct stars_said said = said_in(run, i);
        stars_add_paid(unit, arena, &said);
    }
    stars_add_look(unit, arena, false);
}

void records_stars_refunded(struct db_unit *unit, struct arena *arena, const struct run *run)
{
    for (size_t i = 0; i < run->count; i++) {
        const struct stars_said said = said_in(run, i);
        stars_add_given_back(unit, arena, &said);
    }
    stars_add_look(unit, arena, false);
}
