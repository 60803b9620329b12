/* Orders as statements: made, with what they use of a code or of the sets that their user has, and canceled. Whatever
 * costs nothing is given in the same transaction. That no code and no set is used too often is for the deeds to keep:
 * what was loaded may be known to another press by now. */
#include "db/commit.h"

#include "db/deed.h"
#include "db/ledger.h"
#include "db/records_private.h"
#include "db/words.h"

/* The code is used by the order, unless a limit was reached meanwhile. */
static void add_promo(struct db_unit *unit, struct arena *arena, const struct run *run, size_t at)
{
    const struct effect *effect = run->list[at];
    if (effect->order_create.promo == NULL)
        return;
    (void)db_unit_add(
        unit, "SELECT bot_deed(promo_reserve($1, $2, $3, $4, $5, $6), 1)", 6,
        (struct db_param[]){
            db_int64_param(arena, effect->order_create.order_id), db_text_param(effect->order_create.promo),
            db_int64_param(arena, run->chats[at]->user.id), db_text_param(effect->order_create.style_id),
            db_kopecks_param(arena, effect->order_create.before_kopecks), db_int64_param(arena, run->unix_ms)});
}

static void add_order(struct db_unit *unit, struct arena *arena, const struct run *run, size_t at)
{
    const struct effect *effect = run->list[at];
    const struct order_terms *terms = records_terms(run, effect->order_create.order_id);
    int64_t grant_id = effect->order_create.grant.id;
    (void)db_unit_add(
        unit,
        "INSERT INTO orders (id, user_id, chat_id, avatar_id, style_id, photo_count, price, prompts, recipes,"
        " created_at_ms, sets, grant_id, reference_urls) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12,"
        /* locked until the order names them, too: no picture is without a name in between */
        " (SELECT array_agg(k.image_url ORDER BY k.id) FROM (SELECT r.id, r.image_url FROM reference_photos r"
        " WHERE r.avatar_id = $4 AND " WORDS_PHOTO_IS_OURS " FOR SHARE) k))",
        12,
        (struct db_param[]){
            db_int64_param(arena, effect->order_create.order_id), db_int64_param(arena, run->chats[at]->user.id),
            db_int64_param(arena, run->chats[at]->id), db_int64_param(arena, effect->order_create.avatar_id),
            db_text_param(effect->order_create.style_id), db_int64_param(arena, effect->order_create.photo_count),
            db_kopecks_param(arena, effect->order_create.price_kopecks),
            db_text_array(arena, terms->prompts, terms->look_count),
            db_text_array(arena, terms->recipes, terms->look_count), db_int64_param(arena, run->unix_ms),
            db_int64_param(arena, effect->order_create.sets),
            grant_id == 0 ? db_null() : db_int64_param(arena, grant_id)});
    add_promo(unit, arena, run, at);
}

void records_order_create(struct db_unit *unit, struct arena *arena, const struct run *run)
{
    for (size_t i = 0; i < run->count; i++) {
        const struct effect *effect = run->list[i];
        const struct order_terms *terms = records_terms(run, effect->order_create.order_id);
        add_order(unit, arena, run, i);
        (void)db_unit_add(unit,
                          "INSERT INTO bot_payments (key, body, asked, order_id, user_id, created_at_ms, shop, test,"
                          " npd_item) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, left($9, 200))",
                          9,
                          (struct db_param[]){db_text_param(terms->payment_key), db_text_param(terms->payment_body),
                                              db_kopecks_param(arena, effect->order_create.price_kopecks),
                                              db_int64_param(arena, effect->order_create.order_id),
                                              db_int64_param(arena, run->chats[i]->user.id),
                                              db_int64_param(arena, run->unix_ms), db_text_param(terms->shop),
                                              db_bool_param(terms->test_shop), db_text_param(terms->npd_item)});
    }
}

/* The set comes out of what is left just as it was loaded, and what it is worth is earned. */
static void add_grant_use(struct db_unit *unit, struct arena *arena, const struct grant *grant,
                          const struct effect *effect, const struct chat *chat)
{
    int64_t share = grant_share(grant);
    (void)db_unit_add(unit,
                      DEED("UPDATE set_grants SET unused = unused - 1, owed = owed - $5 WHERE id = $1 AND user_id = $2"
                           " AND unused = $3 AND owed = $4",
                           "1"),
                      5,
                      (struct db_param[]){db_int64_param(arena, grant->id), db_int64_param(arena, chat->user.id),
                                          db_int64_param(arena, grant->unused),
                                          db_int64_param(arena, grant->owed_kopecks), db_int64_param(arena, share)});
    if (share == 0)
        return;
    const struct ledger_movement plan = ledger_pack(share);
    enum { FACTS = 2 };
    struct db_param params[FACTS + LEDGER_PLAN_PARAMS] = {db_int64_param(arena, effect->order_take.order_id),
                                                          db_int64_param(arena, grant->id)};
    ledger_put_plan(arena, &plan, 1, params + FACTS);
    (void)db_unit_add(unit,
                      "SELECT ledger_post('pack', $1, p.received_currency, $3, $4, $5)"
                      " FROM set_grants g JOIN bot_payments p ON p.id = g.payment_id WHERE g.id = $2",
                      FACTS + LEDGER_PLAN_PARAMS, params);
}

void records_order_take(struct db_unit *unit, struct arena *arena, const struct run *run)
{
    for (size_t i = 0; i < run->count; i++) {
        const struct effect *effect = run->list[i];
        (void)db_unit_add(unit, "SELECT 1 FROM users WHERE id = $1 FOR KEY SHARE", 1, /* in the order of who settles */
                          (struct db_param[]){db_int64_param(arena, run->chats[i]->user.id)});
        (void)db_unit_add(unit, "SELECT 1 FROM avatars WHERE id = $1 FOR NO KEY UPDATE", 1,
                          (struct db_param[]){db_int64_param(arena, effect->order_take.avatar_id)});
        if (effect->order_take.grant.id != 0)
            add_grant_use(unit, arena, &effect->order_take.grant, effect, run->chats[i]);
        add_order(unit, arena, run, i);
        (void)db_unit_add(unit, "SELECT bot_deed(count(order_taken($1)), 1)", 1,
                          (struct db_param[]){db_int64_param(arena, effect->order_take.order_id)});
    }
}

void records_order_cancel(struct db_unit *unit, struct arena *arena, const struct run *run)
{
    for (size_t i = 0; i < run->count; i++)
        (void)db_unit_add(unit,
                          DEED("UPDATE orders SET status = 'canceled' WHERE id = $1 AND chat_id = $2"
                               " AND status = 'awaiting'",
                               "1"),
                          2,
                          (struct db_param[]){db_int64_param(arena, run->list[i]->order_cancel.order_id),
                                              db_int64_param(arena, run->chats[i]->id)});
}
