/* Stars in the database: an invoice may be paid by who ordered, once, for its own price, as long as its order is
 * wanted; what is paid all the same has one effect, whoever tells it how often; what went back is written down. Run by
 * tests/postgres run, which sets FOTOSET_TEST_CONNINFO. */
#include "db/audit.h"
#include "db/stars.h"
#include "tests/unit/chores.h"

enum { STARS = 417, BOT = 100500 };

/* An order that may be paid in either way; its invoice has a link. */
static int64_t invoice_new(const struct customer *customer)
{
    int64_t id = order_new(customer);
    struct db_unit *unit = db_unit_new();
    CHECK(create_payment(id));
    tell(SQL("INSERT INTO bot_payments (provider, key, asked, currency, order_id, user_id, created_at_ms)"
             " VALUES ('stars', 'secret-%lld', %d, 'XTR', %lld, %lld, 1700000000000)",
             (long long)id, STARS, (long long)id, (long long)customer->user_id));
    (void)stars_add_invoice(unit, &arena, id, "https://t.me/$1");
    struct db_result *result = run(unit);
    CHECK(stars_read_news(result, 0) != 0);
    db_result_free(result);
    return id;
}

static struct stars_said said_of(const struct customer *customer, int64_t order_id, const char *charge_id)
{
    return (struct stars_said){.charge_id = charge_id,
                               .payload = SQL("%lld:secret-%lld", (long long)order_id, (long long)order_id),
                               .currency = "XTR",
                               .amount = STARS,
                               .payer = customer->chat_id};
}

static enum stars_answer may(struct stars_said said)
{
    struct db_unit *unit = db_unit_new();
    const char *lang;
    (void)stars_add_may(unit, &arena, &said);
    struct db_result *result = run(unit);
    enum stars_answer answer = stars_read_may(result, 0, &lang);
    CHECK(lang == NULL);
    db_result_free(result);
    return answer;
}

static void pay(struct stars_said said)
{
    struct db_unit *unit = db_unit_new();
    stars_add_paid(unit, &arena, &said);
    db_result_free(run(unit));
}

static void give_back(struct stars_said said)
{
    struct db_unit *unit = db_unit_new();
    stars_add_given_back(unit, &arena, &said);
    db_result_free(run(unit));
}

static const char *payment(const char *charge_id)
{
    return ask_text(
        SQL("SELECT concat_ws(' ', state, held, received::bigint, received_currency, payer IS NOT NULL) FROM"
            " bot_payments WHERE provider = 'stars' AND outside_id = '%s'",
            charge_id));
}

static const char *books(const char *charge_id)
{
    return ask_text(SQL("SELECT string_agg(concat_ws(' ', t.kind, t.currency, l.account, l.amount), '; '"
                        " ORDER BY t.id, l.account) FROM bot_payments p JOIN ledger_transactions t ON t.subject = p.id"
                        " AND t.kind IN ('payment', 'sale') OR t.kind = 'refund' AND t.subject IN"
                        " (SELECT id FROM bot_refunds WHERE payment_id = p.id)"
                        " JOIN ledger_postings l ON l.transaction_id = t.id WHERE p.outside_id = '%s'",
                        charge_id));
}

static int64_t refunds_of(const char *charge_id, const char *state)
{
    return ask(SQL("SELECT count(*) FROM bot_refunds r JOIN bot_payments p ON p.id = r.payment_id"
                   " WHERE p.outside_id = '%s' AND r.state = '%s' AND r.amount = %d",
                   charge_id, state, STARS));
}

/* The money questions that are no wait find nothing. */
static void check_audit(void)
{
    struct db_unit *unit = db_unit_new();
    for (size_t question = 0; question < audit_count(); question++)
        (void)audit_add(unit, &arena, question);
    struct db_result *result = run(unit);
    for (size_t question = 0; question < audit_count(); question++) {
        int rows = db_rows(result, (int)question);
        if (rows > 0 && !audit_is_wait(question))
            fprintf(stderr, "%s\n", audit_read_words(result, (int)question, 0));
        CHECK(audit_is_wait(question) || rows == 0);
    }
    db_result_free(result);
}

static void test_may(void)
{
    struct customer anna = customer_new(), boris = customer_new();
    int64_t order_id = invoice_new(&anna);
    struct stars_said said = said_of(&anna, order_id, NULL), altered = said;
    CHECK_INT(may(said), STARS_OK);
    altered.payer = boris.chat_id;
    CHECK_INT(may(altered), STARS_UNKNOWN);
    altered = said;
    altered.payload = SQL("%lld:secret-%lld", (long long)order_id, (long long)order_id + 1);
    CHECK_INT(may(altered), STARS_UNKNOWN);
    altered.payload = SQL("%lld:", (long long)order_id);
    CHECK_INT(may(altered), STARS_UNKNOWN);
    altered.payload = "";
    CHECK_INT(may(altered), STARS_UNKNOWN);
    altered = said;
    altered.amount--;
    CHECK_INT(may(altered), STARS_CHANGED);
    altered = said;
    altered.currency = "RUB";
    CHECK_INT(may(altered), STARS_CHANGED);
    tell(SQL("UPDATE avatars SET status = 'ready' WHERE id = %lld", (long long)anna.avatar_id));
    CHECK_INT(settle(order_id, 50000, "RUB").outcome, PAYMENTS_SETTLED); /* by card */
    CHECK_INT(may(said), STARS_PAID);
    CHECK_TEXT(ask_text(SQL("SELECT state FROM bot_payments WHERE provider = 'stars' AND order_id = %lld",
                            (long long)order_id)),
               "canceled");
    order_id = invoice_new(&anna);
    tell(SQL("UPDATE orders SET status = 'canceled' WHERE id = %lld", (long long)order_id));
    CHECK_INT(may(said_of(&anna, order_id, NULL)), STARS_OVER);
    order_id = invoice_new(&boris);
    tell(SQL("DELETE FROM avatars WHERE id = %lld", (long long)boris.avatar_id));
    CHECK_INT(may(said_of(&boris, order_id, NULL)), STARS_OVER);
}

/* Told three times, it is one set and one sale. */
static void test_paid(void)
{
    struct customer anna = customer_new();
    int64_t order_id = invoice_new(&anna);
    for (int i = 0; i < 3; i++)
        pay(said_of(&anna, order_id, "stx1"));
    CHECK_TEXT(payment("stx1"), "succeeded 417 XTR t");
    CHECK_TEXT(books("stx1"),
               "payment XTR clearing:stars 417; payment XTR held -417; sale XTR held 417; sale XTR revenue"
               " -417");
    CHECK_INT(jobs_of(order_id), 1);
    CHECK_INT(may(said_of(&anna, order_id, NULL)), STARS_PAID);
    CHECK_INT(ask(SQL("SELECT count(*) FROM bot_news WHERE chat_id = %lld AND kind = 'payment_settled'",
                      (long long)anna.chat_id)),
              1);
    check_audit();
}

/* The same order once more: by the same invoice, or by card. */
static void test_twice(void)
{
    struct customer anna = customer_new();
    int64_t order_id = invoice_new(&anna);
    pay(said_of(&anna, order_id, "stx2"));
    for (int i = 0; i < 2; i++)
        pay(said_of(&anna, order_id, "stx3"));
    CHECK_TEXT(payment("stx3"), "succeeded double 417 XTR t");
    CHECK_INT(refunds_of("stx3", "owed"), 1);
    CHECK_INT(settle(order_id, 50000, "RUB").outcome, PAYMENTS_OWED);
    CHECK_INT(jobs_of(order_id), 1);
    CHECK_INT(ask("SELECT count(*) FROM errands WHERE chore = 'payment_refund' AND subject IN (SELECT r.id::text FROM "
                  "bot_refunds r JOIN bot_payments p ON p.id = r.payment_id WHERE p.provider = 'stars')"),
              1);
    check_audit();
    for (int i = 0; i < 2; i++)
        give_back(said_of(&anna, order_id, "stx3"));
    CHECK_INT(refunds_of("stx3", "succeeded"), 1);
    CHECK_TEXT(books("stx3"), "payment XTR clearing:stars 417; payment XTR held -417; refund XTR clearing:stars -417;"
                              " refund XTR held 417");
    give_back(said_of(&anna, order_id, "stx2")); /* one that was earned */
    CHECK_TEXT(books("stx2"),
               "payment XTR clearing:stars 417; payment XTR held -417; sale XTR held 417; sale XTR revenue"
               " -417; refund XTR clearing:stars -417; refund XTR refunds 417");
    give_back(said_of(&anna, order_id, "stx-never"));
}

/* What should not have been taken is taken all the same: late, with another sum, for nothing that we know. */
static void test_odd(void)
{
    struct customer anna = customer_new(), boris = customer_new();
    int64_t order_id = invoice_new(&anna);
    tell(SQL("UPDATE orders SET status = 'canceled' WHERE id = %lld", (long long)order_id));
    pay(said_of(&anna, order_id, "stx4"));
    CHECK_TEXT(payment("stx4"), "succeeded 417 XTR t");
    CHECK_INT(jobs_of(order_id), 1);

    order_id = invoice_new(&anna);
    struct stars_said said = said_of(&anna, order_id, "stx5");
    said.amount = 1;
    pay(said);
    CHECK_TEXT(payment("stx5"), "succeeded sum 1 XTR t");
    CHECK_INT(jobs_of(order_id), 0);
    said.amount = STARS;
    said.currency = "RUB"; /* kopecks */
    said.charge_id = "stx6";
    pay(said);
    CHECK_TEXT(payment("stx6"), "succeeded sum 4 RUB t");

    said = said_of(&anna, order_id, "stx7");
    said.payload = "somebody's";
    for (int i = 0; i < 2; i++)
        pay(said);
    CHECK_TEXT(payment("stx7"), "succeeded nobody 417 XTR t");
    order_id = invoice_new(&boris);
    tell(SQL("DELETE FROM users WHERE id = %lld", (long long)boris.user_id));
    pay(said_of(&boris, order_id, "stx8"));
    CHECK_TEXT(payment("stx8"), "succeeded avatar 417 XTR t");
    CHECK_INT(refunds_of("stx8", "owed"), 1);
}

/* How far the list was read; what stands in it; what does not, once its end was seen. */
static void test_list(void)
{
    struct customer anna = customer_new();
    int64_t order_id = invoice_new(&anna);
    pay(said_of(&anna, order_id, "stx9"));
    struct db_unit *unit = db_unit_new();
    (void)stars_add_seen(unit, &arena, BOT);
    stars_add_mark(unit, &arena, BOT, 100, false);
    (void)stars_add_seen(unit, &arena, BOT);
    struct db_result *result = run(unit);
    CHECK_INT(stars_read_seen(result, 0), 0);
    CHECK_INT(stars_read_seen(result, 2), 100);
    db_result_free(result);
    tell("UPDATE bot_payments SET ended_at = ended_at - interval '3 hours' WHERE provider = 'stars'");
    static const char odd[] = "SELECT count(*) FROM bot_payments p WHERE outside_id = 'stx9' AND listed_at IS NULL"
                              " AND p.ended_at < (SELECT max(looked_at) FROM star_lists) - interval '2 hours'";
    CHECK_INT(ask(odd), 0); /* its end was not seen yet */
    unit = db_unit_new();
    stars_add_mark(unit, &arena, BOT, 101, true);
    db_result_free(run(unit));
    CHECK_INT(ask(odd), 1);
    unit = db_unit_new();
    stars_add_listed(unit, &arena, "stx9", true);
    stars_add_listed(unit, &arena, "stx9", false); /* the first word counts */
    db_result_free(run(unit));
    CHECK_INT(ask(odd), 0);
    CHECK_TEXT(ask_text("SELECT affiliate FROM bot_payments WHERE outside_id = 'stx9'"), "t");
}

/* The list is looked at as long as something may come to stand there. */
static void test_look(void)
{
    struct db_unit *unit = db_unit_new();
    tell("DELETE FROM errands");
    tell("UPDATE bot_payments SET created_at_ms = 1700000000000");
    stars_add_look(unit, &arena, false);
    db_result_free(run(unit));
    CHECK_INT(ask("SELECT count(*) FROM errands WHERE chore = 'star_reconcile'"), 0); /* all is years old */
    tell(
        "UPDATE bot_payments SET created_at_ms = (extract(epoch FROM now()) * 1000)::bigint WHERE outside_id = 'stx1'");
    unit = db_unit_new();
    stars_add_look(unit, &arena, false);
    db_result_free(run(unit));
    CHECK_INT(
        ask("SELECT count(*) FROM errands WHERE chore = 'star_reconcile' AND not_before > now() + interval '50 min'"),
        1);
    unit = db_unit_new();
    stars_add_hurry(unit);
    db_result_free(run(unit));
    CHECK_INT(ask("SELECT count(*) FROM errands WHERE chore = 'star_reconcile' AND not_before <= now()"), 1);
}

int main(void)
{
    begin("fotoset_test_stars");
    test_paid();
    test_may();
    test_twice();
    test_odd();
    test_list();
    test_look();
    end();
    return 0;
}
