/* Money is a fact that outlives whoever paid it, whatever the web application deletes and whenever; and what gave
 * nothing is held for a person. Two connections at once where that is the question. Run by tests/postgres run, which
 * sets FOTOSET_TEST_CONNINFO. */
#include "db/tasks.h"
#include "tests/unit/chores.h"

static const char *payment(int64_t order_id, const char *columns)
{
    return ask_text(SQL("SELECT concat_ws(' ', %s) FROM bot_payments p JOIN orders o ON o.id = p.order_id"
                        " WHERE o.id = %lld",
                        columns, (long long)order_id));
}

static void delete_user(const struct customer *customer)
{
    tell(SQL("DELETE FROM users WHERE id = %lld", (long long)customer->user_id));
}

/* The account goes while the link is open: the money that comes is known, whose chat it was, and that a person must
 * look; what was the person's own is not. */
static void test_deleted_user(void)
{
    struct customer anna = customer_new();
    int64_t order_id = order_new(&anna);
    tell(SQL("UPDATE orders SET reference_urls = '{store:1}' WHERE id = %lld", (long long)order_id));
    CHECK(create_payment(order_id));
    delete_user(&anna);
    CHECK_TEXT(payment(order_id, "p.state, p.asked, p.user_id IS NULL, o.user_id IS NULL, p.body IS NULL, p.key,"
                                 " o.reference_urls IS NULL, o.status"),
               SQL("pending 500.00 t t t key-%lld t awaiting", (long long)order_id));
    struct payments_settled settled = settle(order_id, 50000, "RUB");
    CHECK_INT(settled.outcome, PAYMENTS_OWED);
    CHECK_INT(settled.chat_id, anna.chat_id);
    check_news(&anna, settled.news_id, SQL("payment_settled:%lld:0:avatar", (long long)order_id));
    CHECK_TEXT(payment(order_id, "p.state, p.received, p.received_currency, p.held, o.status"),
               "succeeded 500.00 RUB avatar paid");
    settled = settle(order_id, 50000, "RUB");
    CHECK_INT(settled.outcome, PAYMENTS_OWED);
    CHECK_INT(settled.news_id, 0);
}

/* … while the payment is being made: nobody wants it any more, and if it was made all the same, it is watched. */
static void test_deleted_before_payment(void)
{
    struct customer anna = customer_new();
    int64_t order_id = order_new(&anna);
    delete_user(&anna);
    struct db_unit *unit = db_unit_new();
    (void)payments_add_order(unit, &arena, order_id);
    struct db_result *result = run(unit);
    CHECK(payments_read_order(result, 0, 0).canceled);
    db_result_free(result);
    CHECK(create_payment(order_id));
    CHECK_INT(settle(order_id, 50000, "RUB").outcome, PAYMENTS_OWED);
}

/* … while the set is being made: that is as if it had come too late. A set that was made is nobody's trouble. */
static void test_deleted_while_making(void)
{
    for (int finished = 0; finished < 2; finished++) {
        struct customer anna = customer_new();
        int64_t job_id = job_new(&anna);
        int64_t order_id = ask(SQL("SELECT order_id FROM generation_jobs WHERE id = %lld", (long long)job_id));
        if (finished)
            tell(SQL("UPDATE generation_jobs SET status = 'completed' WHERE id = %lld", (long long)job_id));
        delete_user(&anna);
        CHECK_TEXT(payment(order_id, "p.state, p.held, o.status"),
                   finished ? "succeeded paid" : "succeeded avatar paid");
        CHECK_INT(
            ask(SQL("SELECT count(*) FROM bot_news WHERE chat_id = %lld AND kind = 'payment_settled' AND other = 0"
                    " AND word = 'forgotten'",
                    (long long)anna.chat_id)),
            !finished);
    }
}

/* An order can't go as long as its payment is there. */
static void test_order_stays(void)
{
    struct customer anna = customer_new();
    int64_t order_id = order_new(&anna);
    struct db_unit *unit = db_unit_new();
    struct db_failure failure;
    (void)db_unit_add(unit, SQL("DELETE FROM orders WHERE id = %lld", (long long)order_id), 0, NULL);
    CHECK(db_run(db, unit, WAIT_MS, NULL, &failure) != ERR_OK);
    CHECK_TEXT(failure.sqlstate, "23503");
}

static void test_held(void)
{
    struct customer anna = customer_new();
    int64_t order_id = order_new(&anna);
    CHECK(create_payment(order_id));
    struct payments_settled settled = settle(order_id, 40000, "USD");
    CHECK_INT(settled.outcome, PAYMENTS_HELD);
    check_news(&anna, settled.news_id, SQL("payment_settled:%lld:0:sum", (long long)order_id));
    settled = settle(order_id, 40000, "USD");
    CHECK_INT(settled.outcome, PAYMENTS_HELD);
    CHECK_INT(settled.news_id, 0);
    CHECK_TEXT(payment(order_id, "p.state, p.asked, p.currency, p.received, p.received_currency, p.held, o.status"),
               "succeeded 500.00 RUB 400.00 USD sum awaiting");
    CHECK_TEXT(ask_text(SQL("SELECT concat_ws(' ', status, amount, currency) FROM payments"
                            " WHERE yookassa_payment_id = '%s'",
                            payment_of(order_id))),
               "succeeded 400.00 USD"); /* what is true is also what the web application reads */
    order_id = order_new(&anna);
    CHECK(create_payment(order_id));
    CHECK_INT(see_canceled(order_id, PAYMENT_UNTOLD, true).outcome, PAYMENTS_FOREIGN);
    CHECK_TEXT(payment(order_id, "p.state, p.held, p.reason"), "failed order foreign");
    CHECK_TEXT(ask_text(SQL("SELECT status FROM payments WHERE yookassa_payment_id = '%s'", payment_of(order_id))),
               "canceled");
    order_id = order_new(&anna);
    struct db_unit *unit = db_unit_new();
    (void)payments_add_given_up(unit, &arena, order_id, PAYMENTS_LOST, PAYMENT_UNTOLD);
    struct db_result *result = run(unit);
    check_news(&anna, payments_read_news(result, 0), SQL("payment_failed:%lld:0", (long long)order_id));
    db_result_free(result);
    CHECK_TEXT(payment(order_id, "p.state, p.held"), "failed lost");
    for (int i = 0; i < 2; i++)
        CHECK_INT(settle(1, 12345, "RUB").outcome, PAYMENTS_UNKNOWN); /* a payment that nobody has */
    CHECK_TEXT(ask_text("SELECT concat_ws(' ', count(*), min(outside_id), min(received), min(state)) FROM bot_payments"
                        " WHERE held = 'nobody'"),
               "1 pay-1 123.45 succeeded");
}

/* ---- an avatar that gets another set while the last photo of the first one is told ---- */

static void ended(void *ctx, const struct db_result *result, const struct db_failure *failure)
{
    (void)ctx;
    (void)result;
    CHECK(failure == NULL);
    open_answers--;
}

/* Two machines: the settlement holds the rows when the last photo comes. */
static void test_ready_too_early(void)
{
    struct customer anna = customer_new();
    int64_t job_id = job_new(&anna), order_id = order_new(&anna);
    CHECK(create_payment(order_id));
    tell(SQL("UPDATE photo_tasks SET state = 'made' WHERE job_id = %lld AND index > 0", (long long)job_id));
    tell(SQL("UPDATE photo_tasks SET lease_token = 't' WHERE job_id = %lld AND index = 0", (long long)job_id));
    struct db_unit *unit = db_unit_new();
    add_paid(unit, order_id);
    (void)db_unit_add(unit, "SELECT pg_sleep(1)", 0, NULL);
    open_answers = 2;
    db_submit(other, unit, ended, NULL);
    for (int64_t until = now_ms() + 300; now_ms() < until;)
        db_ready(other, POLLIN | POLLOUT, now_ms());
    unit = db_unit_new();
    (void)tasks_add_made(unit, &arena,
                         ask(SQL("SELECT id FROM photo_tasks WHERE job_id = %lld AND index = 0", (long long)job_id)),
                         "t", "store:x");
    db_submit(db, unit, ended, NULL);
    wait_for_answers();
    CHECK_TEXT(ask_text(SQL("SELECT status FROM generation_jobs WHERE id = %lld", (long long)job_id)), "completed");
    CHECK_INT(jobs_of(order_id), 1);
    CHECK_TEXT(ask_text(SQL("SELECT status FROM avatars WHERE id = %lld", (long long)anna.avatar_id)), "processing");
}

/* The web application deletes the user in the moment of the settlement, which comes first, or second, or is in the
 * middle of its rows: neither ends the other, and the payment is held. */
static void test_deleted_at_once(void)
{
    enum { DELETED_FIRST, PAID_FIRST, IN_THE_MIDDLE, WAYS };
    for (int way = 0; way < WAYS; way++) {
        struct customer anna = customer_new();
        int64_t order_id = order_new(&anna);
        CHECK(create_payment(order_id));
        struct db_unit *settling = db_unit_new(), *deleting = db_unit_new();
        struct db_unit *first = way == DELETED_FIRST ? deleting : settling;
        add_paid(settling, order_id);
        (void)db_unit_add(deleting, SQL("DELETE FROM users WHERE id = %lld", (long long)anna.user_id), 0, NULL);
        if (way == IN_THE_MIDDLE)
            tell("CREATE TRIGGER test_sleep BEFORE UPDATE ON payments FOR EACH ROW EXECUTE FUNCTION test_sleep()");
        else
            (void)db_unit_add(first, "SELECT pg_sleep(1)", 0, NULL);
        open_answers = 2;
        db_submit(other, first, ended, NULL);
        for (int64_t until = now_ms() + 300; now_ms() < until;)
            db_ready(other, POLLIN | POLLOUT, now_ms());
        db_submit(db, way == DELETED_FIRST ? settling : deleting, ended, NULL);
        wait_for_answers();
        CHECK_TEXT(payment(order_id, "p.state, p.held, o.status, p.user_id IS NULL"), "succeeded avatar paid t");
        CHECK_INT(jobs_of(order_id), 0);
    }
    tell("DROP TRIGGER test_sleep ON payments");
}

int main(void)
{
    begin("fotoset_test_money");
    tell("CREATE FUNCTION test_sleep() RETURNS trigger AS $$ BEGIN PERFORM pg_sleep(1); RETURN NEW; END $$"
         " LANGUAGE plpgsql");
    test_deleted_user();
    test_deleted_before_payment();
    test_deleted_while_making();
    test_order_stays();
    test_held();
    test_ready_too_early();
    test_deleted_at_once();
    end();
    return 0;
}
