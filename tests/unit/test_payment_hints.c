/* Hints that a payment has moved: what follows is a look and nothing else, soon, and never more than a few. Run by
 * tests/postgres run, which sets FOTOSET_TEST_CONNINFO. */
#include "bot/chores/payment_hints.h"

#include "tests/unit/shop_stage.h"

enum { SOON_MS = 300, SECOND_MS = 1000, BURST = 1000 };

static struct payment_hints *hints;

static void go_on(int64_t ms)
{
    for (int64_t until_ms = now_ms() + ms; now_ms() < until_ms;)
        go_round();
}

static const char *name(void)
{
    return SQL("pay-%d", shared->payment);
}

static int64_t pending_order(const struct customer *anna)
{
    shared->payment++;
    shared->paid_from = 1000;
    int64_t order_id = fresh_order(anna);
    engine_wake(shop.engine, CHORE_PAYMENT_CREATE, order_id);
    wait_news(EVENT_PAYMENT_LINK, order_id, 1);
    go_on(SOON_MS);
    CHECK_INT(shared->gets, 0);
    return order_id;
}

/* The clock of the plan stands: but for the hint nobody would look for five seconds. */
static int64_t test_settled_at_once(const struct customer *anna)
{
    int64_t order_id = pending_order(anna), began_ms = now_ms();
    shared->paid_from = 1;
    CHECK(payment_hints_take(hints, name()));
    wait_news(EVENT_PAYMENT_SETTLED, order_id, 1);
    CHECK(now_ms() - began_ms < 3 * SECOND_MS); /* of a busy machine */
    CHECK_INT(jobs_of(order_id), 1);
    CHECK_INT(shared->gets, 1);
    CHECK(payment_hints_take(hints, name())); /* again: there is nothing more to see */
    go_on(SOON_MS);
    CHECK_INT(shared->gets, 1);
    return order_id;
}

/* The engine has no room for all that is open: one that it does not know is looked at all the same. */
static void test_unknown_here(const struct customer *anna)
{
    int64_t order_id = fresh_order(anna);
    CHECK(create_payment(order_id));
    shared->payment = (int)order_id;
    shared->paid_from = 1;
    CHECK(payment_hints_take(hints, payment_of(order_id)));
    wait_news(EVENT_PAYMENT_SETTLED, order_id, 1);
    CHECK_INT(jobs_of(order_id), 1);
    CHECK_INT(shared->gets, 1);
}

/* It says "succeeded", and YooKassa says "pending": nothing happens, and nobody hears of it. */
static void test_forged(const struct customer *anna)
{
    int64_t order_id = pending_order(anna);
    const char *before = ask_text("SELECT string_agg(p::text, ',' ORDER BY id) FROM bot_payments p");
    for (int i = 0; i < 20; i++) {
        CHECK(payment_hints_take(hints, name()));
        go_on(50);
    }
    CHECK(shared->gets >= 1 && shared->gets <= 4); /* in a second */
    CHECK_TEXT(ask_text("SELECT string_agg(p::text, ',' ORDER BY id) FROM bot_payments p"), before);
    CHECK_INT(news_of(EVENT_PAYMENT_PENDING, order_id), 0);
    CHECK_INT(jobs_of(order_id), 0);
}

/* It ended without money; then money came after all. */
static void test_late(const struct customer *anna)
{
    int64_t order_id = pending_order(anna);
    memcpy(shared->ended, "insufficient_funds", sizeof "insufficient_funds");
    CHECK(payment_hints_take(hints, name()));
    wait_news(EVENT_PAYMENT_CANCELED, order_id, 1);
    CHECK(payment_hints_take(hints, name())); /* the same again, late: it is not told again */
    go_on(SOON_MS + SECOND_MS);
    CHECK_INT(news_of(EVENT_PAYMENT_CANCELED, order_id), 1);
    CHECK_INT(engine_busy(shop.engine), 0);
    shared->ended[0] = '\0'; /* pending, it says now: one look, and it is not watched again */
    int looks = shared->gets;
    CHECK(payment_hints_take(hints, name()));
    go_on(SOON_MS + SECOND_MS);
    CHECK_INT(shared->gets, looks + 1);
    pushed_ms += 60 * SECOND_MS;
    go_on(SOON_MS);
    CHECK(engine_busy(shop.engine) == 0 && shared->gets == looks + 1);
    shared->mute = true; /* it can't be asked: that was that hint's look */
    CHECK(payment_hints_take(hints, name()));
    go_on(SOON_MS + SECOND_MS);
    CHECK_INT(engine_busy(shop.engine), 0);
    shared->mute = false;
    shared->paid_from = 1;
    CHECK(payment_hints_take(hints, name()));
    wait_news(EVENT_PAYMENT_SETTLED, order_id, 1);
    CHECK_INT(jobs_of(order_id), 1);
}

/* The same of a refund that is on its way; one that is not is left alone. */
static void test_refund(int64_t order_id)
{
    tell(SQL("INSERT INTO bot_refunds (payment_id, why, amount) SELECT id, 'person', 1 FROM bot_payments"
             " WHERE order_id = %lld",
             (long long)order_id));
    tell("UPDATE errands SET not_before = now() + interval '1 hour' WHERE chore = 'payment_refund'");
    tell("UPDATE bot_refunds SET state = 'asked', key = 'k', outside_id = 'ref-1'");
    CHECK(payment_hints_take(hints, "ref-1"));
    go_on(SOON_MS);
    CHECK_INT(ask("SELECT count(*) FROM errands WHERE chore = 'payment_refund' AND not_before > now()"), 1);
    tell("UPDATE bot_refunds SET state = 'pending'");
    CHECK(payment_hints_take(hints, "ref-2") && payment_hints_take(hints, "ref-1"));
    go_on(SOON_MS);
    CHECK_INT(ask("SELECT count(*) FROM errands WHERE chore = 'payment_refund' AND not_before <= now()"), 1);
}

static int64_t questions(void)
{
    tell("SELECT pg_stat_force_next_flush()");
    return ask("SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()");
}

/* Names that nobody has: no call, and few questions, whatever comes. */
static void test_flood(void)
{
    int taken = 0;
    shared->gets = 0;
    int64_t asked = questions();
    for (int i = 0; i < BURST; i++)
        taken += payment_hints_take(hints, SQL("nobody-%d", i));
    CHECK(taken >= PAYMENT_HINTS_MAX && taken <= PAYMENT_HINTS_MAX + 1);
    char long_name[PAYMENT_HINTS_NAME_BYTES + 1];
    memset(long_name, 'x', sizeof long_name - 1);
    long_name[sizeof long_name - 1] = '\0';
    CHECK(payment_hints_take(hints, long_name));
    for (int64_t until_ms = now_ms() + SECOND_MS; now_ms() < until_ms; go_round())
        for (int i = 0; i < BURST; i++)
            (void)payment_hints_take(hints, SQL("none-%d", i));
    asked = questions() - asked;
    CHECK(asked >= 2 && asked < 16);
    CHECK_INT(shared->gets, 0);
    CHECK_INT(engine_busy(shop.engine), 0);
}

int main(void)
{
    open_stage("fotoset_test_payment_hints");
    engine_open(shop.engine, CHORE_PAYMENT_CREATE);
    engine_open(shop.engine, CHORE_PAYMENT_WATCH);
    hints = payment_hints_new(
        &(struct payment_hints_ports){.engine = shop.engine, .db = db, .timers = shop.timers, .clock = &shop.clock});
    struct customer anna = customer_new();
    test_refund(test_settled_at_once(&anna));
    test_unknown_here(&anna);
    test_flood(); /* while nothing is watched, … */
    test_late(&anna);
    test_forged(&anna); /* … which this leaves behind */
    payment_hints_free(hints);
    payment_hints_free(NULL);
    close_stage();
    return 0;
}
