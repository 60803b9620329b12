/* Codes, packs and gifts in the database: limits hold under sixteen presses at once, a use goes the way of its order,
 * the last set of a pack is had once, its money is earned set by set, and what costs nothing is given without a
 * payment. Between the steps the audit must find nothing. Run by tests/postgres run, which sets FOTOSET_TEST_CONNINFO.
 */
#include "db/audit.h"
#include "db/commit.h"
#include "db/deed.h"
#include "db/load.h"
#include "db/offers.h"
#include "db/reconcile.h"
#include "db/refunds.h"
#include "tests/unit/chores.h"

enum { AT_ONCE = 16, FULL = 50000, CUT = 40000, PACK = 129001 };

/* "question, …" of all that find something; but for "open": the clock of these presses stands in the past. */
static const char *found(void)
{
    struct db_unit *unit = db_unit_new();
    const char *names = "";
    for (size_t question = 0; question < audit_count(); question++)
        (void)audit_add(unit, &arena, question);
    struct db_result *result = run(unit);
    for (size_t question = 0; question < audit_count(); question++)
        if (db_rows(result, (int)question) > 0 && strcmp(audit_name(question), "open") != 0)
            names = SQL("%s%s%s", names, names[0] == '\0' ? "" : " ", audit_name(question));
    db_result_free(result);
    return names;
}

static bool give_sets(const struct customer *customer, int64_t sets)
{
    struct db_unit *unit = db_unit_new();
    offers_add_gift(unit, &arena, customer->chat_id, sets);
    struct db_result *result = run(unit);
    bool given = offers_read_done(result);
    db_result_free(result);
    return given;
}

static const char *code_new(const char *terms)
{
    const char *code = SQL("CODE%lld", (long long)next_id++);
    tell(SQL("INSERT INTO promo_codes (code, percent%s) VALUES ('%s', %s)",
             strchr(terms, ' ') == NULL ? "" : ", limit_all, limit_user, valid_from, valid_until, styles, is_on", code,
             terms));
    return code;
}

/* What a press on the button wants: an order for so much; with a code, or out of a grant. */
static struct effect order_of(const struct customer *customer, const char *code, int64_t kopecks)
{
    struct effect effect = {.kind = kopecks == 0 ? EFFECT_ORDER_TAKE : EFFECT_ORDER_CREATE,
                            .chat_id = customer->chat_id};
    effect.order_create.order_id = next_id++;
    effect.order_create.avatar_id = customer->avatar_id;
    effect.order_create.style_id = "creative";
    effect.order_create.price_kopecks = kopecks;
    effect.order_create.photo_count = PHOTOS;
    effect.order_create.sets = 1;
    effect.order_create.promo = code;
    effect.order_create.before_kopecks = code == NULL ? 0 : FULL;
    return effect;
}

static struct db_unit *press(const struct customer *customer, const struct effect *effect)
{
    static const char *const looks[] = {"one", "two"};
    struct chat chat = {.id = customer->chat_id, .user.id = customer->user_id};
    struct order_terms terms = {.order_id = effect->order_create.order_id,
                                .payment_key = SQL("key-%lld", (long long)effect->order_create.order_id),
                                .payment_body = "{}",
                                .shop = "shop",
                                .prompts = looks,
                                .recipes = looks,
                                .look_count = 2};
    struct effects effects = {.list = arena_alloc(&arena, sizeof *effect), .count = 1};
    struct db_unit *unit = db_unit_new();
    effects.list[0] = *effect;
    commit_add_records(unit, &arena, &chat, 1, &effects, &terms, 1, INT64_C(1700000000000), 1);
    return unit;
}

/* The sqlstate it ends with; "": it was done. */
static const char *ended(const struct customer *customer, const struct effect *effect)
{
    struct db_failure failure;
    return db_run(db, press(customer, effect), WAIT_MS, NULL, &failure) == ERR_OK
               ? ""
               : arena_copy(&arena, failure.sqlstate);
}

static const char *use_of(int64_t order_id)
{
    return ask_text(SQL("SELECT state FROM promo_uses WHERE order_id = %lld", (long long)order_id));
}

static int64_t uses_of(const char *code)
{
    return ask(SQL("SELECT count(*) FROM promo_uses WHERE code = '%s' AND state <> 'released'", code));
}

/* ---- sixteen at once ---- */

static struct db *callers[AT_ONCE];
static int done, lost;

static void press_answered(void *context, const struct db_result *result, const struct db_failure *failure)
{
    (void)context;
    (void)result;
    open_answers--;
    if (failure != NULL && strcmp(failure->sqlstate, DEED_LOST) != 0)
        fprintf(stderr, "%s %s\n", failure->sqlstate, failure->message);
    CHECK(failure == NULL || strcmp(failure->sqlstate, DEED_LOST) == 0);
    *(failure == NULL ? &done : &lost) += 1;
}

static void all_at_once(const struct customer *customers, const struct effect *effects)
{
    done = lost = 0;
    open_answers = AT_ONCE;
    for (int i = 0; i < AT_ONCE; i++)
        db_submit(callers[i], press(&customers[i], &effects[i]), press_answered, NULL);
    for (int64_t until = now_ms() + WAIT_MS; open_answers > 0;) {
        struct pollfd fds[AT_ONCE];
        CHECK(now_ms() < until);
        for (int i = 0; i < AT_ONCE; i++)
            fds[i] = (struct pollfd){.fd = db_fd(callers[i]), .events = db_events(callers[i])};
        CHECK(poll(fds, AT_ONCE, 20) >= 0);
        for (int i = 0; i < AT_ONCE; i++)
            db_ready(callers[i], fds[i].revents, now_ms());
    }
}

/* By different people, and by one. */
static void test_limits_at_once(void)
{
    struct customer customers[AT_ONCE];
    struct effect effects[AT_ONCE];
    for (int round = 0; round < 6; round++) {
        bool one = round % 3 == 2;
        int limit = round % 3 == 0 ? 1 : one ? 2 : 5;
        const char *code = code_new(one ? "20, NULL, 2, NULL, NULL, NULL, TRUE"
                                        : SQL("20, %d, NULL, NULL, NULL, NULL, TRUE", limit));
        for (int i = 0; i < AT_ONCE; i++) {
            customers[i] = one && i > 0 ? customers[0] : customer_new();
            effects[i] = order_of(&customers[i], code, CUT);
        }
        all_at_once(customers, effects);
        CHECK_INT(done, limit);
        CHECK_INT(uses_of(code), limit);
        CHECK_INT(ask(SQL("SELECT count(*) FROM orders o JOIN promo_uses u ON u.order_id = o.id WHERE code = '%s'"
                          " AND price = 400 AND price_before = 500",
                          code)),
                  limit);
        CHECK_TEXT(found(), "");
    }
}

static struct grant grant_of(const struct customer *customer)
{
    int64_t id = ask(SQL("SELECT id FROM set_grants WHERE user_id = %lld", (long long)customer->user_id));
    return (struct grant){.id = id,
                          .unused = (int32_t)ask(SQL("SELECT unused FROM set_grants WHERE id = %lld", (long long)id)),
                          .owed_kopecks = ask(SQL("SELECT owed FROM set_grants WHERE id = %lld", (long long)id))};
}

static struct effect take_of(const struct customer *customer)
{
    struct effect effect = order_of(customer, NULL, 0);
    effect.order_take.grant = grant_of(customer);
    return effect;
}

/* The order of a pack of three is paid: its payment. */
static int64_t pack_paid(const struct customer *customer)
{
    struct effect effect = order_of(customer, NULL, PACK);
    effect.order_create.sets = 3;
    int64_t order_id = effect.order_create.order_id;
    CHECK_TEXT(ended(customer, &effect), "");
    CHECK(create_payment(order_id));
    struct payments_seen seen = paid_of(order_id);
    seen.amount_kopecks = PACK;
    seen.income_kopecks = 0;
    for (int i = 0; i < 2; i++)
        CHECK_INT(see(&seen).outcome, i == 0 ? PAYMENTS_SETTLED : PAYMENTS_ALREADY);
    CHECK_INT(jobs_of(order_id), 1);
    return ask(SQL("SELECT id FROM bot_payments WHERE order_id = %lld", (long long)order_id));
}

static int64_t balance(const char *account)
{
    return ask(SQL("SELECT COALESCE(sum(amount), 0)::bigint FROM ledger_postings WHERE account = '%s'", account));
}

static void test_pack(void)
{
    struct customer anna = customer_new();
    int64_t held = balance("held"), revenue = balance("revenue"), payments;
    (void)pack_paid(&anna);
    payments = ask("SELECT count(*) FROM bot_payments");
    CHECK_INT(grant_of(&anna).unused, 2);
    CHECK_INT(balance("revenue"), revenue - 43000);
    CHECK_INT(balance("held"), held - 86001);
    CHECK_TEXT(found(), "");
    for (int i = 0; i < 2; i++) {
        struct effect take = take_of(&anna), before = take;
        CHECK_TEXT(ended(&anna, &take), "");
        CHECK_INT(jobs_of(take.order_take.order_id), 1);
        CHECK_INT(ask(SQL("SELECT count(*) FROM photo_tasks t JOIN generation_jobs j ON j.id = t.job_id"
                          " WHERE j.order_id = %lld",
                          (long long)take.order_take.order_id)),
                  PHOTOS);
        check_news(&anna, ask("SELECT max(id) FROM bot_news"),
                   SQL("set_begun:%lld:%lld",
                       (long long)ask(SQL("SELECT id FROM generation_jobs WHERE order_id = %lld",
                                          (long long)take.order_take.order_id)),
                       (long long)take.order_take.order_id));
        before.order_take.order_id = next_id++; /* as another press loaded it */
        CHECK_TEXT(ended(&anna, &before), DEED_LOST);
        CHECK_TEXT(found(), "");
    }
    CHECK_INT(balance("held"), held);
    CHECK_INT(balance("revenue"), revenue - PACK);
    CHECK_INT(ask("SELECT count(*) FROM bot_payments"), payments);
}

static void test_last_set_at_once(void)
{
    struct customer customers[AT_ONCE];
    struct effect effects[AT_ONCE];
    for (int round = 0; round < 4; round++) {
        customers[0] = customer_new();
        if (round % 2 == 0)
            (void)pack_paid(&customers[0]);
        else
            CHECK(give_sets(&customers[0], 2));
        for (int left = 2; left > 0; left--) {
            for (int i = 0; i < AT_ONCE; i++) {
                customers[i] = customers[0];
                effects[i] = take_of(&customers[0]);
            }
            all_at_once(customers, effects);
            CHECK_INT(done, 1);
            CHECK_INT(ask(SQL("SELECT unused FROM set_grants WHERE user_id = %lld", (long long)customers[0].user_id)),
                      left - 1);
        }
        CHECK_INT(
            ask(SQL("SELECT count(*) FROM generation_jobs WHERE avatar_id = %lld", (long long)customers[0].avatar_id)),
            round % 2 == 0 ? 3 : 2);
        CHECK_TEXT(found(), "");
    }
}

/* Somebody else's is not had. */
static void test_strangers(void)
{
    struct customer anna = customer_new(), boris = customer_new();
    CHECK(give_sets(&anna, 1));
    struct effect take = take_of(&anna);
    take.chat_id = boris.chat_id;
    take.order_take.avatar_id = boris.avatar_id;
    CHECK_TEXT(ended(&boris, &take), DEED_LOST);
    CHECK_INT(grant_of(&anna).unused, 1);
}

/* What the order comes to, the use comes to. */
static void test_uses_follow(void)
{
    struct customer anna = customer_new();
    const char *code = code_new("20, NULL, 1, NULL, NULL, NULL, TRUE");
    struct effect first = order_of(&anna, code, CUT), second = order_of(&anna, code, CUT);
    int64_t first_id = first.order_create.order_id, second_id = second.order_create.order_id;
    struct effect cancel = {.kind = EFFECT_ORDER_CANCEL, .chat_id = anna.chat_id, .order_cancel.order_id = first_id};
    CHECK_TEXT(ended(&anna, &first), "");
    CHECK_TEXT(use_of(first_id), "reserved");
    CHECK_TEXT(ended(&anna, &second), DEED_LOST);
    CHECK(create_payment(first_id));
    CHECK_TEXT(ended(&anna, &cancel), "");
    CHECK_TEXT(use_of(first_id), "released");
    CHECK_TEXT(ended(&anna, &second), "");
    CHECK(create_payment(second_id));
    CHECK_INT(settle(second_id, CUT, "RUB").outcome, PAYMENTS_SETTLED);
    CHECK_TEXT(use_of(second_id), "final");
    CHECK_INT(settle(first_id, CUT, "RUB").outcome, PAYMENTS_SETTLED); /* late, and honoured */
    CHECK_TEXT(use_of(first_id), "late");
    CHECK_TEXT(found(), "");
    struct effect third = order_of(&anna, code, CUT);
    CHECK_TEXT(ended(&anna, &third), DEED_LOST);
}

/* No payment, for any reason: the code is free again. */
static void test_released(void)
{
    struct customer anna = customer_new();
    const char *code = code_new("20, 1, 1, NULL, NULL, NULL, TRUE");
    for (int how = 0; how < 4; how++) {
        struct effect effect = order_of(&anna, code, CUT);
        int64_t order_id = effect.order_create.order_id;
        CHECK_TEXT(ended(&anna, &effect), "");
        if (how > 0)
            CHECK(create_payment(order_id));
        if (how == 0)
            tell(SQL("SELECT payment_given_up(%lld, TRUE, FALSE, NULL)", (long long)order_id));
        else if (how < 3)
            (void)see_canceled(order_id, PAYMENT_EXPIRED, how == 2);
        CHECK_TEXT(use_of(order_id), how < 3 ? "released" : "reserved");
        CHECK_TEXT(found(), how == 2 ? "lost" : ""); /* of another order's payment, which is a person's to look at */
        tell("UPDATE bot_payments SET held = NULL WHERE held = 'order'");
    }
}

static void test_terms(void)
{
    struct customer anna = customer_new();
    static const struct {
        const char *terms, *want;
    } codes[] = {{"20", ""},
                 {"20, NULL, NULL, NULL, NULL, NULL, FALSE", DEED_LOST},
                 {"20, NULL, NULL, to_timestamp(1700000001), NULL, NULL, TRUE", DEED_LOST},
                 {"20, NULL, NULL, to_timestamp(1700000000), NULL, NULL, TRUE", ""},
                 {"20, NULL, NULL, NULL, to_timestamp(1700000000), NULL, TRUE", DEED_LOST},
                 {"20, NULL, NULL, NULL, to_timestamp(1700000001), NULL, TRUE", ""},
                 {"20, NULL, NULL, NULL, NULL, '{lifestyle}', TRUE", DEED_LOST},
                 {"20, NULL, NULL, NULL, NULL, '{lifestyle,creative}', TRUE", ""}};
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        struct effect effect = order_of(&anna, code_new(codes[i].terms), CUT);
        CHECK_TEXT(ended(&anna, &effect), codes[i].want);
    }
    struct effect unknown = order_of(&anna, "NOBODY", CUT);
    CHECK_TEXT(ended(&anna, &unknown), DEED_LOST);
}

/* By a code, without a payment; not for an order that costs something, nor for nothing at all. */
static void test_free(void)
{
    struct customer anna = customer_new();
    const char *code = code_new("100, 1, NULL, NULL, NULL, NULL, TRUE");
    struct effect effect = order_of(&anna, code, 0), again = order_of(&anna, code, 0), none = order_of(&anna, NULL, 0);
    int64_t moved = ask("SELECT count(*) FROM ledger_transactions"), order_id = effect.order_take.order_id;
    CHECK_TEXT(ended(&anna, &effect), "");
    CHECK_INT(jobs_of(order_id), 1);
    CHECK_TEXT(use_of(order_id), "final");
    CHECK_INT(ask(SQL("SELECT count(*) FROM bot_payments WHERE order_id = %lld", (long long)order_id)), 0);
    CHECK_INT(ask("SELECT count(*) FROM ledger_transactions"), moved);
    CHECK_TEXT(ended(&anna, &again), DEED_LOST);
    CHECK_TEXT(ended(&anna, &none), DEED_LOST);
    CHECK_INT(ask(SQL("SELECT count(*) FROM generation_jobs WHERE avatar_id = %lld", (long long)anna.avatar_id)), 1);
    CHECK_TEXT(ask_text(SQL("SELECT status FROM avatars WHERE id = %lld", (long long)anna.avatar_id)), "processing");
    int64_t priced = order_new(&anna);
    CHECK_INT(ask(SQL("SELECT count(order_taken(%lld))", (long long)priced)), 0);
    CHECK_TEXT(found(), "");
}

/* A pack of which one more set was given goes back whole: what was earned and what was held, each from where it is; and
 * nobody orders the rest. */
static void test_pack_goes_back(void)
{
    struct customer anna = customer_new();
    int64_t held = balance("held"), refunds = balance("refunds"), payment = pack_paid(&anna);
    struct effect take = take_of(&anna);
    struct db_unit *unit = db_unit_new();
    payments_add_came(unit, &arena, payment);
    struct db_result *result = run(unit);
    struct payments_came came = payments_read_came(result), stale = came;
    CHECK_INT(came.owed_kopecks, 86001);
    CHECK_TEXT(ended(&anna, &take), "");
    came.owed_kopecks = 43001;
    for (int i = 0; i < 3; i++) {
        unit = db_unit_new();
        payments_add_given_back(unit, &arena, i == 0 ? &stale : &came);
        struct db_result *back = run(unit);
        CHECK(payments_read_given_back(back) == (i == 1));
        db_result_free(back);
    }
    db_result_free(result);
    CHECK_INT(balance("held"), held);
    CHECK_INT(balance("refunds"), refunds + 86000);
    CHECK_TEXT(found(), "");
    CHECK_INT(grant_of(&anna).unused, 0);
}

static enum reconcile_seen cabinet_refund(int64_t payment, int64_t kopecks, const char *name)
{
    struct db_unit *unit = db_unit_new();
    (void)reconcile_add_refund(
        unit, &arena,
        &(struct reconcile_refund){
            .provider = "yookassa",
            .id = name,
            .payment_id = ask_text(SQL("SELECT outside_id FROM bot_payments WHERE id = %lld", (long long)payment)),
            .status = "succeeded",
            .kopecks = kopecks,
            .currency = "RUB"});
    struct db_result *result = run(unit);
    enum reconcile_seen seen = reconcile_read_refund(result, 0);
    db_result_free(result);
    return seen;
}

/* A part of a pack leaves its sets alone, and what is held for them; when the rest follows, they are over, and nothing
 * is held any more. */
static void test_pack_goes_back_in_parts(void)
{
    struct customer anna = customer_new();
    int64_t held = balance("held"), refunds = balance("refunds"), payment = pack_paid(&anna);
    CHECK_INT(cabinet_refund(payment, 10000, "part-1"), RECONCILE_TAKEN);
    CHECK_INT(grant_of(&anna).unused, 2);
    CHECK_INT(grant_of(&anna).owed_kopecks, 86001);
    CHECK_TEXT(found(), "");
    CHECK_INT(cabinet_refund(payment, PACK - 10000, "part-2"), RECONCILE_TAKEN);
    CHECK_INT(grant_of(&anna).unused, 0);
    CHECK_INT(grant_of(&anna).owed_kopecks, 0);
    CHECK_INT(balance("held"), held);
    CHECK_INT(balance("refunds"), refunds + PACK - 86001);
    CHECK_TEXT(found(), "");
}

/* The same by the chore of refunds: it knows nothing of packs. */
static void test_pack_refunded(void)
{
    struct customer anna = customer_new();
    int64_t held = balance("held"), payment = pack_paid(&anna);
    struct db_unit *unit = db_unit_new();
    (void)refunds_add_wanted(unit, &arena, payment);
    db_result_free(run(unit));
    int64_t refund = ask(SQL("SELECT id FROM bot_refunds WHERE payment_id = %lld", (long long)payment));
    unit = db_unit_new();
    (void)refunds_add_asked(unit, &arena, refund, PACK, "RUB", "key of a pack", "{}");
    db_result_free(run(unit));
    unit = db_unit_new();
    (void)refunds_add_succeeded(unit, &arena,
                                &(struct refunds_row){.id = refund,
                                                      .key = "key of a pack",
                                                      .outside_id = "refund of a pack",
                                                      .provider = "yookassa",
                                                      .kopecks = PACK,
                                                      .sold = true});
    db_result_free(run(unit));
    CHECK_INT(balance("held"), held);
    CHECK_INT(grant_of(&anna).owed_kopecks, 0);
    CHECK_TEXT(found(), "");
}

/* The avatar of a set out of a pack goes before the set is made: it is had again. */
static void test_set_of_pack_forgotten(void)
{
    struct customer anna = customer_new();
    (void)pack_paid(&anna);
    struct effect take = take_of(&anna);
    CHECK_TEXT(ended(&anna, &take), "");
    CHECK_INT(grant_of(&anna).unused, 1);
    tell(SQL("DELETE FROM generation_jobs WHERE order_id = %lld", (long long)take.order_take.order_id));
    CHECK_INT(ask(SQL("SELECT sum(unused) FROM set_grants WHERE user_id = %lld", (long long)anna.user_id)), 2);
    CHECK_INT(
        ask(SQL("SELECT count(*) FROM bot_news WHERE kind = 'sets_given' AND chat_id = %lld", (long long)anna.chat_id)),
        1);
    CHECK_TEXT(found(), "");
}

/* ---- what the conversation is told ---- */

static const struct facts *facts_of(const struct customer *customer, const char *typed)
{
    static const struct needs all = {.facts = FACTS_ALL};
    struct load_request request = {.bot_id = 1,
                                   .chat_ids = &customer->chat_id,
                                   .needs = &all,
                                   .chat_count = 1,
                                   .codes = &typed,
                                   .code_chats = &customer->chat_id,
                                   .code_count = typed != NULL};
    struct load_answer answer;
    struct db_unit *unit = db_unit_new();
    load_add(unit, &arena, &request);
    struct db_result *result = run(unit);
    load_read(result, &arena, &request, &answer);
    db_result_free(result);
    return answer.chats[0].facts;
}

static void test_loaded(void)
{
    struct customer anna = customer_new(), boris = customer_new();
    const char *code = code_new("20, 2, 1, to_timestamp(5), to_timestamp(7.5), '{a,creative}', TRUE");
    const struct facts *facts = facts_of(&anna, code);
    CHECK_INT(facts->promos.count, 1);
    const struct promo *promo = &facts->promos.list[0];
    CHECK_TEXT(promo->code, code);
    CHECK_TEXT(promo->styles, "a creative ");
    CHECK(promo->percent == 20 && promo->off_kopecks == 0 && promo->on && promo->from_ms == 5000 &&
          promo->until_ms == 7500 && !promo->used_up && !promo->used_by_you && facts->promos_on);
    tell("UPDATE promo_codes SET valid_from = NULL, valid_until = NULL WHERE valid_until < now()");
    struct effect effect = order_of(&anna, code, CUT);
    CHECK_TEXT(ended(&anna, &effect), "");
    promo = &facts_of(&anna, code)->promos.list[0];
    CHECK(promo->used_by_you && !promo->used_up);
    effect = order_of(&boris, code, CUT);
    CHECK_TEXT(ended(&boris, &effect), "");
    struct customer cyril = customer_new();
    promo = &facts_of(&cyril, code)->promos.list[0];
    CHECK(!promo->used_by_you && promo->used_up);
    CHECK_INT(facts_of(&cyril, "NOTHING")->promos.count, 0);
    CHECK(give_sets(&cyril, 2) && give_sets(&cyril, 1));
    facts = facts_of(&cyril, NULL);
    CHECK_INT(facts->grants.count, 2);
    CHECK_INT(facts->grants.list[0].unused, 2);
    CHECK_INT(facts->promos.count, 0);
    const struct order *open = &facts_of(&boris, NULL)->open.list[0];
    CHECK_TEXT(open->promo, code);
    CHECK_INT(open->before_kopecks, FULL);
    CHECK_INT(open->price_kopecks, CUT);
    CHECK_INT(open->sets, 1);
}

/* ---- what breaks it is found ---- */

static void check_found(const char *breaks, const char *want, const char *mends)
{
    tell(breaks);
    const char *names = found();
    if (strcmp(names, want) != 0)
        fprintf(stderr, "%s\n", breaks);
    CHECK_TEXT(names, want);
    tell(mends);
    CHECK_TEXT(found(), "");
}

static void test_audit(void)
{
    struct customer anna = customer_new();
    const char *code = code_new("100, NULL, NULL, NULL, NULL, NULL, TRUE");
    struct effect one = order_of(&anna, code, 0), two = order_of(&anna, code, 0);
    CHECK_TEXT(ended(&anna, &one), "");
    CHECK_TEXT(ended(&anna, &two), "");
    (void)pack_paid(&anna);
    CHECK_TEXT(found(), "");
    const char *which = SQL("WHERE code = '%s'", code);
    check_found(SQL("UPDATE promo_codes SET limit_all = 1 %s", which), "codes",
                SQL("UPDATE promo_codes SET limit_all = NULL %s", which));
    check_found(SQL("UPDATE promo_codes SET limit_user = 1 %s", which), "codes",
                SQL("UPDATE promo_codes SET limit_user = NULL %s", which));
    check_found(SQL("UPDATE promo_uses SET state = 'reserved' %s", which), "codes",
                SQL("UPDATE promo_uses SET state = 'final' %s", which));
    check_found(SQL("UPDATE set_grants SET unused = 1 WHERE user_id = %lld", (long long)anna.user_id), "sets",
                SQL("UPDATE set_grants SET unused = 2 WHERE user_id = %lld", (long long)anna.user_id));
    check_found(SQL("UPDATE set_grants SET owed = owed - 1 WHERE user_id = %lld", (long long)anna.user_id), "packs",
                SQL("UPDATE set_grants SET owed = owed + 1 WHERE user_id = %lld", (long long)anna.user_id));
    check_found(SQL("UPDATE set_grants SET user_id = NULL WHERE user_id = %lld", (long long)anna.user_id), "nobody",
                SQL("UPDATE set_grants SET user_id = %lld WHERE user_id IS NULL", (long long)anna.user_id));
    tell(SQL("DELETE FROM promo_uses %s", which));
    CHECK_TEXT(found(), "orders");
}

int main(void)
{
    begin("fotoset_test_promo");
    const char *conninfo = SQL("%s dbname=fotoset_test_promo", getenv("FOTOSET_TEST_CONNINFO"));
    for (int i = 0; i < AT_ONCE; i++)
        callers[i] = db_new(conninfo, NULL);
    test_limits_at_once();
    test_pack();
    test_last_set_at_once();
    test_strangers();
    test_uses_follow();
    test_released();
    test_terms();
    test_free();
    test_pack_goes_back();
    test_pack_goes_back_in_parts();
    test_pack_refunded();
    test_set_of_pack_forgotten();
    test_loaded();
    test_audit();
    for (int i = 0; i < AT_ONCE; i++)
        db_free(callers[i]);
    end();
    return 0;
}
