/* What the provider's lists say, against the books: whose a payment is, what is different and when a person hears of
 * it, what went back in the cabinet, and when there is nothing to compare. Run by tests/postgres run, which sets
 * FOTOSET_TEST_CONNINFO. */
#include "db/audit.h"
#include "db/reconcile.h"
#include "tests/unit/chores.h"

enum { MADE_S = 1700000000 /* as order_new() has it */ };

static struct reconcile_payment said_of(const char *payment_id, int64_t order_id)
{
    return (struct reconcile_payment){.provider = "yookassa",
                                      .id = payment_id,
                                      .status = "succeeded",
                                      .kopecks = 50000,
                                      .currency = "RUB",
                                      .order_id = order_id,
                                      .created_at_s = MADE_S};
}

/* Is it to be asked for by its name? */
static bool listed(const struct reconcile_payment *payment)
{
    struct db_unit *unit = db_unit_new();
    int at = reconcile_add_listed(unit, &arena, payment);
    struct db_result *result = run(unit);
    bool asked = reconcile_read_asked(result, at);
    db_result_free(result);
    return asked;
}

/* Is a person to hear of it? */
static bool compared(const struct reconcile_payment *payment)
{
    struct db_unit *unit = db_unit_new();
    int at = reconcile_add_compared(unit, &arena, payment);
    struct db_result *result = run(unit);
    bool odd = reconcile_read_odd(result, at);
    db_result_free(result);
    return odd;
}

static enum reconcile_seen seen(const char *id, const char *payment_id, const char *status, int64_t kopecks)
{
    struct db_unit *unit = db_unit_new();
    int at = reconcile_add_refund(unit, &arena,
                                  &(struct reconcile_refund){.provider = "yookassa",
                                                             .id = id,
                                                             .payment_id = payment_id,
                                                             .status = status,
                                                             .kopecks = kopecks,
                                                             .currency = "RUB"});
    struct db_result *result = run(unit);
    enum reconcile_seen what = reconcile_read_refund(result, at);
    db_result_free(result);
    return what;
}

/* "what times", or "". */
static const char *difference(const char *payment_id)
{
    return ask_text(SQL("SELECT COALESCE((SELECT concat_ws(' ', what, passes) FROM bot_differences"
                        " WHERE outside_id = '%s'), '')",
                        payment_id));
}

static bool is_compared(const char *payment_id)
{
    return ask(SQL("SELECT count(*) FROM bot_payments WHERE outside_id = '%s' AND compared_at IS NOT NULL",
                   payment_id)) == 1;
}

static bool is_due(const char *shop)
{
    struct db_unit *unit = db_unit_new();
    int at = reconcile_add_find(unit, &arena, RECONCILE_YOOKASSA, shop);
    struct db_result *result = run(unit);
    bool due = reconcile_read(result, at, 0).is_due;
    db_result_free(result);
    return due;
}

static void pass_until_now(void)
{
    struct db_unit *unit = db_unit_new();
    int64_t now = ask("SELECT (extract(epoch FROM now()) * 1000)::bigint");
    reconcile_add_passed(unit, &arena, RECONCILE_YOOKASSA, now, now);
    db_result_free(run(unit));
}

/* "question, …" of all that find something. */
static const char *found(void)
{
    struct db_unit *unit = db_unit_new();
    const char *names = "";
    for (size_t question = 0; question < audit_count(); question++)
        (void)audit_add(unit, &arena, question);
    struct db_result *result = run(unit);
    for (size_t question = 0; question < audit_count(); question++)
        if (db_rows(result, (int)question) > 0)
            names = SQL("%s%s%s", names, names[0] == '\0' ? "" : " ", audit_name(question));
    db_result_free(result);
    return names;
}

/* ---- whose it is ---- */

static void test_listed(void)
{
    struct customer anna = customer_new();
    CHECK(job_new(&anna) != 0);
    int64_t sold = ask("SELECT max(order_id) FROM bot_payments"), open = order_new(&anna);
    struct reconcile_payment said = said_of(payment_of(sold), sold);
    CHECK(!listed(&said) && is_compared(said.id)); /* the same */
    said.kopecks = 49999;
    CHECK(listed(&said));
    said.kopecks = 50000;
    said.refunded_kopecks = 100;
    CHECK(listed(&said));
    said.refunded_kopecks = -1; /* not told */
    CHECK(!listed(&said));
    CHECK(create_payment(open));
    said = said_of(payment_of(open), open);
    CHECK(listed(&said)); /* it is not paid, here */
    CHECK_INT(ask("SELECT count(*) FROM bot_differences"), 0);
    tell("DELETE FROM bot_payments WHERE state = 'pending'");
}

/* A payment without a name here is an order's own only if it was made when that was ordered. */
static void test_orphans(void)
{
    static const struct {
        int64_t made_s;
        bool untold, asked;
    } rows[] = {{MADE_S, false, true},
                {MADE_S + 24 * 3600, false, true},
                {MADE_S + 26 * 3600, false, false},
                {MADE_S - 3600, false, false},
                {0, false, false},
                {MADE_S, true, false}};
    struct customer anna = customer_new();
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int64_t order_id = order_new(&anna);
        struct reconcile_payment said = said_of(SQL("orphan-%zu", i), order_id);
        said.created_at_s = rows[i].made_s;
        said.test_untold = rows[i].untold;
        CHECK_INT(listed(&said), rows[i].asked);
        CHECK_TEXT(difference(said.id), rows[i].asked ? "" : "stranger 1");
        CHECK(create_payment(order_id)); /* its own has a name now: the next one is a stranger's */
        said = said_of(SQL("second-%zu", i), order_id);
        CHECK(!listed(&said));
        CHECK_TEXT(difference(said.id), "stranger 1");
    }
    tell("DELETE FROM bot_payments WHERE state = 'pending'");
    tell("DELETE FROM bot_differences");
}

/* The web application's are known by their row; of others the owner hears once, an hour later. */
static void test_others(void)
{
    struct customer anna = customer_new();
    struct reconcile_payment web = said_of("of-the-web", 1), strange = said_of("of-others", 0);
    tell(SQL("INSERT INTO payments (user_id, yookassa_payment_id, amount) VALUES (%lld, 'of-the-web', 500)",
             (long long)anna.user_id));
    for (int i = 0; i < 2; i++) {
        CHECK(!listed(&web) && !listed(&strange));
        CHECK_TEXT(difference("of-the-web"), "");
        CHECK_TEXT(difference("of-others"), "stranger 1");
    }
    CHECK_INT(ask("SELECT count(*) FROM bot_payments WHERE outside_id LIKE 'of-%'"), 0);
    CHECK_TEXT(found(), "");
    tell("UPDATE bot_differences SET found_at = found_at - interval '61 minutes'");
    CHECK_TEXT(found(), "strangers");
    tell("UPDATE bot_differences SET known = TRUE");
    CHECK_TEXT(found(), "");
    tell("UPDATE bot_differences SET known = FALSE");
    tell(SQL("INSERT INTO payments (user_id, yookassa_payment_id, amount) VALUES (%lld, 'of-others', 500)",
             (long long)anna.user_id));
    CHECK_TEXT(found(), "");
    tell("DELETE FROM payments WHERE yookassa_payment_id LIKE 'of-%'");
    tell("DELETE FROM bot_differences");
    strange.status = "unreadable";
    strange.kopecks = 0;
    CHECK(!compared(&strange));
    CHECK_TEXT(difference("of-others"), "stranger 1");
    tell("DELETE FROM bot_differences");
}

/* ---- what is different ---- */

/* Each is told when it was found for the second time, and forgotten when it is mended. */
static void test_differences(void)
{
    static const struct {
        const char *status, *what;
        int64_t kopecks, refunded_kopecks;
        const char *currency;
    } rows[] = {{"missing", "missing", 0, 0, NULL},     {"unreadable", "unreadable", 0, 0, NULL},
                {"canceled", "state", 50000, 0, "RUB"}, {"succeeded", "sum", 49999, 0, "RUB"},
                {"succeeded", "sum", 50000, 0, "USD"},  {"succeeded", "refunded", 50000, 100, "RUB"}};
    struct customer anna = customer_new();
    CHECK(job_new(&anna) != 0);
    int64_t order_id = ask("SELECT max(order_id) FROM bot_payments");
    const struct reconcile_payment right = said_of(payment_of(order_id), order_id);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct reconcile_payment said = right;
        said.status = rows[i].status;
        said.kopecks = rows[i].kopecks;
        said.refunded_kopecks = rows[i].refunded_kopecks;
        said.currency = rows[i].currency;
        tell("UPDATE bot_payments SET compared_at = NULL");
        CHECK(!compared(&said));
        CHECK_TEXT(difference(said.id), SQL("%s 1", rows[i].what));
        CHECK(!is_compared(said.id));
        CHECK_TEXT(found(), "");
        CHECK(compared(&said) && is_compared(said.id)); /* it is not due any more for that */
        CHECK_TEXT(found(), "differs");
        CHECK(!compared(&said)); /* and told once */
        CHECK_TEXT(difference(said.id), SQL("%s 3", rows[i].what));
        tell("UPDATE bot_differences SET known = TRUE");
        CHECK_TEXT(found(), "");
        said.status = "pending"; /* something else */
        CHECK(!compared(&said));
        CHECK_TEXT(difference(said.id), "state 1");
        CHECK(!compared(&right));
        CHECK_TEXT(difference(said.id), "");
        CHECK_TEXT(found(), "");
    }
}

/* A refund of it is under way here: what is just happening is no difference. */
static void test_under_way(void)
{
    struct customer anna = customer_new();
    CHECK(job_new(&anna) != 0);
    int64_t order_id = ask("SELECT max(order_id) FROM bot_payments");
    struct reconcile_payment said = said_of(payment_of(order_id), order_id);
    said.refunded_kopecks = 10000;
    tell(SQL("INSERT INTO bot_refunds (payment_id, why, amount) SELECT id, 'person', 100 FROM bot_payments"
             " WHERE outside_id = '%s'",
             said.id));
    for (int i = 0; i < 2; i++)
        CHECK(!compared(&said) && !is_compared(said.id));
    CHECK_TEXT(difference(said.id), "");
    tell("DELETE FROM bot_refunds WHERE state = 'owed'");
}

/* One that is open for long and can't be read is told, too; nobody would hear of it else. */
static void test_open(void)
{
    struct customer anna = customer_new();
    int64_t order_id = order_new(&anna), after = 0;
    CHECK(create_payment(order_id));
    tell("UPDATE bot_payments SET created_at_ms = (extract(epoch FROM now() - interval '3 hours') * 1000)::bigint"
         " WHERE state = 'pending'");
    tell("UPDATE bot_payments SET compared_at = now() WHERE state = 'succeeded'");
    struct db_unit *unit = db_unit_new();
    int at = reconcile_add_unsettled(unit, &arena, "100500", after);
    struct db_result *result = run(unit);
    CHECK_INT(db_rows(result, at), 1);
    CHECK_TEXT(reconcile_read_id(result, at, 0), payment_of(order_id));
    after = reconcile_read_number(result, at, 0);
    db_result_free(result);
    unit = db_unit_new();
    at = reconcile_add_unsettled(unit, &arena, "100500", after);
    result = run(unit);
    CHECK_INT(db_rows(result, at), 0);
    db_result_free(result);
    struct reconcile_payment said = said_of(payment_of(order_id), order_id);
    said.status = "unreadable";
    said.kopecks = 0;
    CHECK(!compared(&said) && compared(&said));
    CHECK_TEXT(found(), "differs");
    said.status = "pending";
    said.kopecks = 50000;
    CHECK(!compared(&said));
    CHECK_TEXT(found(), "");
    tell("DELETE FROM bot_payments WHERE state = 'pending'");
}

/* ---- what went back ---- */

static const char *back_of(const char *payment_id)
{
    return ask_text(SQL("SELECT concat_ws(' ', (SELECT sum(amount) FROM bot_refunds r WHERE r.payment_id = p.id"
                        " AND state = 'succeeded'), (SELECT count(*) FROM bot_refunds r WHERE r.payment_id = p.id),"
                        " (SELECT sum(l.amount) FROM bot_refunds r JOIN ledger_transactions t ON t.kind = 'refund'"
                        "  AND t.subject = r.id JOIN ledger_postings l ON l.transaction_id = t.id"
                        "  WHERE r.payment_id = p.id AND l.account = 'clearing:yookassa'), p.held)"
                        " FROM bot_payments p WHERE p.outside_id = '%s'",
                        payment_id));
}

static void test_refunds(void)
{
    struct customer anna = customer_new();
    CHECK(job_new(&anna) != 0);
    const char *payment_id = payment_of(ask("SELECT max(order_id) FROM bot_payments"));
    tell("UPDATE bot_payments SET compared_at = now() WHERE state = 'succeeded'");
    CHECK_INT(seen("r-1", "of-nobody", "succeeded", 100), RECONCILE_FOREIGN);
    CHECK_INT(seen("r-1", payment_id, "pending", 10000), RECONCILE_OPEN);
    CHECK_INT(seen("r-1", payment_id, "canceled", 10000), RECONCILE_KNOWN);
    CHECK_TEXT(back_of(payment_id), "0");
    CHECK(is_compared(payment_id));
    CHECK_INT(seen("r-1", payment_id, "succeeded", 10000), RECONCILE_TAKEN);
    CHECK(!is_compared(payment_id)); /* what went back of it is compared */
    CHECK_INT(seen("r-1", payment_id, "succeeded", 10000), RECONCILE_KNOWN);
    CHECK_INT(seen("r-2", payment_id, "succeeded", 10000), RECONCILE_TAKEN); /* as much again */
    CHECK_TEXT(back_of(payment_id), "200.00 2 -20000");
    CHECK_INT(seen("r-3", payment_id, "succeeded", 30001), RECONCILE_ODD);
    CHECK_INT(seen("r-4", payment_id, "succeeded", 30000), RECONCILE_TAKEN);
    CHECK_TEXT(back_of(payment_id), "500.00 3 -50000");
    CHECK_TEXT(found(), "");
}

/* What was to go back, and what a person says to have given back, is the one that the provider knows. */
static void test_owed(void)
{
    for (int said = 0; said < 2; said++) {
        struct customer anna = customer_new();
        int64_t order_id = order_new(&anna);
        CHECK(create_payment(order_id));
        tell(SQL("DELETE FROM avatars WHERE id = %lld", (long long)anna.avatar_id));
        CHECK_INT(settle(order_id, 50000, "RUB").outcome, PAYMENTS_OWED);
        const char *payment_id = payment_of(order_id);
        if (said) {
            struct db_unit *unit = db_unit_new();
            payments_add_given_back(
                unit, &arena,
                &(struct payments_came){
                    .id = ask(SQL("SELECT id FROM bot_payments WHERE outside_id = '%s'", payment_id)),
                    .provider = "yookassa",
                    .currency = "RUB",
                    .kopecks = 50000});
            db_result_free(run(unit));
        }
        for (int i = 0; i < 2; i++)
            CHECK_INT(seen(SQL("owed-%d", said), payment_id, "succeeded", 50000),
                      i == 0 ? RECONCILE_TAKEN : RECONCILE_KNOWN);
        CHECK_TEXT(back_of(payment_id), "500.00 1 -50000");
        CHECK_INT(ask(SQL("SELECT count(*) FROM bot_refunds WHERE outside_id = 'owed-%d'", said)), 1);
        CHECK_TEXT(found(), "");
    }
}

static void seen_at_once(void *context, const struct db_result *result, const struct db_failure *failure)
{
    int *taken = context;
    open_answers--;
    CHECK(failure == NULL);
    *taken += reconcile_read_refund(result, 0) == RECONCILE_TAKEN;
}

static void test_refund_at_once(void)
{
    struct customer anna = customer_new();
    CHECK(job_new(&anna) != 0);
    const char *payment_id = payment_of(ask("SELECT max(order_id) FROM bot_payments"));
    int taken = 0;
    for (int i = 0; i < 2; i++) {
        struct db_unit *unit = db_unit_new();
        (void)reconcile_add_refund(
            unit, &arena, &(struct reconcile_refund){"yookassa", "at-once", payment_id, "succeeded", 10000, "RUB"});
        (void)db_unit_add(unit, "SELECT pg_sleep(0.3)", 0, NULL);
        open_answers++;
        db_submit(i == 0 ? db : other, unit, seen_at_once, &taken);
    }
    wait_for_answers();
    CHECK_INT(taken, 1);
    CHECK_TEXT(back_of(payment_id), "100.00 1 -10000");
}

/* ---- when ---- */

static void test_due(void)
{
    struct customer anna = customer_new();
    tell("UPDATE bot_payments SET compared_at = now() WHERE state = 'succeeded'");
    pass_until_now();
    CHECK(!is_due("100500"));
    int64_t order_id = order_new(&anna);
    CHECK(!is_due("100500")); /* it is from 2023: nobody waits for it any more */
    tell("UPDATE bot_payments SET created_at_ms = (extract(epoch FROM now()) * 1000)::bigint, shop = '100500'"
         " WHERE state = 'creating'");
    CHECK(is_due("100500") && !is_due("another shop"));
    CHECK(create_payment(order_id) && is_due("100500"));
    struct payments_seen paid = paid_of(order_id);
    paid.shop = "100500";
    CHECK_INT(see(&paid).outcome, PAYMENTS_SETTLED);
    CHECK(is_due("100500") && !is_due("another shop")); /* sold since */
    struct reconcile_payment said = said_of(payment_of(order_id), order_id);
    CHECK(!listed(&said) && !is_due("100500"));
    tell("UPDATE bot_reconciliations SET refunds_since = refunds_since - interval '1 s'");
    CHECK(is_due("100500")); /* one was pending over there */
    pass_until_now();
    CHECK(!is_due("100500"));
    tell(SQL("INSERT INTO bot_refunds (payment_id, why, amount) SELECT id, 'person', 1 FROM bot_payments"
             " WHERE order_id = %lld",
             (long long)order_id));
    CHECK(is_due("100500"));
    CHECK_TEXT(found(), "");
    tell("UPDATE bot_reconciliations SET passed_at = now() - interval '3 days'");
    CHECK_TEXT(found(), "reconciled");
    tell("DELETE FROM bot_refunds WHERE state = 'owed'");
    CHECK_TEXT(found(), "");
}

int main(void)
{
    begin("fotoset_test_reconcile");
    test_listed();
    test_orphans();
    test_others();
    test_differences();
    test_under_way();
    test_open();
    test_refunds();
    test_owed();
    test_refund_at_once();
    test_due();
    end();
    return 0;
}
