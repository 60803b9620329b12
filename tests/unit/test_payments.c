/* Payments that do not come to photos, told as what they are: stuck, another's, declined, refused, and looks that find
 * nothing. Run by tests/postgres run, which sets FOTOSET_TEST_CONNINFO. */
#include "tests/unit/shop_stage.h"

enum {
    LINK_MS = 10 * 60 * 1000,
    LOOK_EVERY_MS = 5000, /* no payment is looked at more often */
    OLD = 12,
    SOON_MS = 300
};

/* Money for which nothing can be made is not silent. */
static void test_stuck(const struct customer *anna)
{
    static const char *const deeds[] = {"UPDATE bot_payments SET asked = 400 WHERE order_id =",
                                        "UPDATE orders SET avatar_id = NULL WHERE id ="};
    for (size_t i = 0; i < 2; i++) {
        tell("UPDATE bot_payments SET outside_id = NULL"); /* the other side has but one payment */
        tell("DELETE FROM payments");
        shared->paid_from = 1;
        int64_t order_id = fresh_order(anna);
        engine_wake(shop.engine, CHORE_PAYMENT_CREATE, order_id);
        wait_news(EVENT_PAYMENT_LINK, order_id, 1);
        tell(SQL("%s %lld", deeds[i], (long long)order_id));
        for (int64_t until_ms = now_ms() + WAIT_MS; news_of(EVENT_PAYMENT_SETTLED, order_id) == 0; pushed_ms += 200) {
            CHECK(now_ms() < until_ms);
            go_round();
        }
        CHECK_INT(news[news_count - 1].other, 0);
        CHECK_INT(news[news_count - 1].chat_id, anna->chat_id);
        CHECK_INT(jobs_of(order_id), 0);
        CHECK_INT(engine_busy(shop.engine), 0);
    }
}

/* YooKassa says "succeeded", but of a payment that is another order's: nothing is given, and that is told. */
static void test_false_money(const struct customer *anna)
{
    shared->payment++;
    shared->paid_from = 1;
    int64_t order_id = fresh_order(anna);
    engine_wake(shop.engine, CHORE_PAYMENT_CREATE, order_id);
    wait_news(EVENT_PAYMENT_LINK, order_id, 1);
    shared->order_id++;
    for (int64_t until_ms = now_ms() + WAIT_MS; news_of(EVENT_PAYMENT_SETTLED, order_id) == 0; pushed_ms += 200) {
        CHECK(now_ms() < until_ms);
        go_round();
    }
    CHECK_INT(news[news_count - 1].other, 0);
    CHECK_INT(
        ask(SQL("SELECT count(*) FROM bot_payments WHERE held = 'order' AND order_id = %lld", (long long)order_id)), 1);
    CHECK_INT(jobs_of(order_id), 0);
}

/* As after a restart: only the database knows, and answers whoever asks; the row of the first telling stays the one. */
static void check_after_restart(int64_t order_id, enum event_kind kind, enum payment_reason reason)
{
    (void)mailbox_take_look(shop.mailbox);
    engine_ask(shop.engine, CHORE_PAYMENT_WATCH, order_id);
    for (int64_t until_ms = now_ms() + WAIT_MS; !mailbox_take_look(shop.mailbox);) {
        CHECK(now_ms() < until_ms);
        go_round();
    }
    wait_news(kind, order_id, 2);
    CHECK_INT(news[news_count - 1].reason, reason);
    CHECK_INT(ask(SQL("SELECT count(*) FROM bot_news WHERE object = %lld AND kind = 'payment_%s'", (long long)order_id,
                      kind == EVENT_PAYMENT_FAILED ? "failed" : "canceled")),
              1);
}

/* What YooKassa made is not what was asked for: no link is shown, and a person is to look. */
static void test_not_as_asked(const struct customer *anna)
{
    static const struct {
        const char *deed, *held;
    } rows[] = {{"asked = 400", "sum"}, {"currency = 'USD'", "sum"}, {"body = '{}'", "order"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        shared->payment++;
        shared->paid_from = 1;
        int64_t order_id = fresh_order(anna);
        tell(SQL("UPDATE bot_payments SET %s WHERE order_id = %lld", rows[i].deed, (long long)order_id));
        shared->order_id += strcmp(rows[i].held, "order") == 0;
        engine_wake(shop.engine, CHORE_PAYMENT_CREATE, order_id);
        wait_news(EVENT_PAYMENT_FAILED, order_id, 1);
        CHECK_INT(news_of(EVENT_PAYMENT_LINK, order_id), 0);
        CHECK_TEXT(ask_text(SQL("SELECT concat_ws(' ', state, held) FROM bot_payments WHERE order_id = %lld",
                                (long long)order_id)),
                   SQL("failed %s", rows[i].held));
        check_after_restart(order_id, EVENT_PAYMENT_FAILED, PAYMENT_UNTOLD);
    }
}

/* The payment ends without money: what the bank said is told, and kept for a chat that was not told. */
static void test_declined(const struct customer *anna)
{
    shared->payment++;
    shared->fail_creates = 0;
    int64_t order_id = fresh_order(anna);
    memcpy(shared->ended, "insufficient_funds", sizeof "insufficient_funds");
    engine_wake(shop.engine, CHORE_PAYMENT_CREATE, order_id);
    for (int64_t until_ms = now_ms() + WAIT_MS; news_of(EVENT_PAYMENT_CANCELED, order_id) == 0; pushed_ms += 200) {
        CHECK(now_ms() < until_ms);
        go_round();
    }
    CHECK_INT(news[news_count - 1].reason, PAYMENT_NO_FUNDS);
    check_after_restart(order_id, EVENT_PAYMENT_CANCELED, PAYMENT_NO_FUNDS);
    shared->ended[0] = '\0';
}

/* YooKassa can't be asked: nothing is said, until there is something to say. */
static void test_mute(const struct customer *anna)
{
    shared->payment++;
    shared->paid_from = 1000;
    shared->mute = true;
    int64_t order_id = fresh_order(anna);
    engine_wake(shop.engine, CHORE_PAYMENT_CREATE, order_id);
    wait_news(EVENT_PAYMENT_LINK, order_id, 1);
    engine_ask(shop.engine, CHORE_PAYMENT_WATCH, order_id);
    for (int64_t until_ms = now_ms() + WAIT_MS; shared->gets < 2; pushed_ms += 200) {
        CHECK(now_ms() < until_ms);
        go_round();
    }
    CHECK_INT(news_of(EVENT_PAYMENT_PENDING, order_id), 0);
    shared->mute = false;
    for (int64_t until_ms = now_ms() + WAIT_MS; news_of(EVENT_PAYMENT_PENDING, order_id) == 0; pushed_ms += 200) {
        CHECK(now_ms() < until_ms);
        go_round();
    }
}

static void test_refusal(const struct customer *anna)
{
    static const struct {
        const char *parameter;
        enum payment_reason reason;
    } rows[] = {{"receipt", PAYMENT_UNTOLD}, {"receipt.customer.phone", PAYMENT_CONTACT_REFUSED}};
    shared->fail_creates = -1;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int64_t order_id = fresh_order(anna);
        memcpy(shared->parameter, rows[i].parameter, strlen(rows[i].parameter) + 1);
        engine_wake(shop.engine, CHORE_PAYMENT_CREATE, order_id);
        wait_news(EVENT_PAYMENT_FAILED, order_id, 1);
        CHECK_INT(news[news_count - 1].reason, rows[i].reason);
        CHECK_INT(shared->creates, 1);
        CHECK_TEXT(ask_text(SQL("SELECT state FROM bot_payments WHERE order_id = %lld", (long long)order_id)),
                   "failed");
        check_after_restart(order_id, EVENT_PAYMENT_FAILED, rows[i].reason);
    }
}

/* How often it is looked at while its link grows old. */
static int looks_at(const struct customer *anna, bool given_up)
{
    shared->payment++;
    shared->paid_from = 1000;
    int64_t order_id = fresh_order(anna), end_ms = pushed_ms + LINK_MS;
    engine_wake(shop.engine, CHORE_PAYMENT_CREATE, order_id);
    wait_news(EVENT_PAYMENT_LINK, order_id, 1);
    if (given_up)
        tell(SQL("UPDATE orders SET status = 'canceled' WHERE id = %lld", (long long)order_id));
    engine_wake(shop.engine, CHORE_PAYMENT_WATCH, order_id);
    while (pushed_ms < end_ms || engine_busy(shop.engine) > 0) {
        if (engine_busy(shop.engine) == 0)
            pushed_ms += LOOK_EVERY_MS;
        go_round();
    }
    int looks = shared->gets;
    shared->paid_from = 1; /* however late */
    for (int64_t until_ms = now_ms() + WAIT_MS; news_of(EVENT_PAYMENT_SETTLED, order_id) == 0; pushed_ms += 2000) {
        CHECK(now_ms() < until_ms);
        go_round();
    }
    return looks;
}

/* A link that its user gave up is looked at less often, and yet not forgotten. */
static void test_given_up(const struct customer *anna)
{
    int open = looks_at(anna, false), given_up = looks_at(anna, true);
    CHECK(open > 20 && given_up > 5);
    CHECK(given_up * 3 < open * 2);
}

static void go_on(void)
{
    for (int64_t until_ms = now_ms() + SOON_MS; now_ms() < until_ms;)
        go_round();
}

static int64_t watched_order(const struct customer *anna)
{
    int64_t order_id = fresh_order(anna);
    CHECK(create_payment(order_id));
    engine_wake(shop.engine, CHORE_PAYMENT_WATCH, order_id);
    return order_id;
}

/* YooKassa does not answer, and all that is old is due: who asks is looked at all the same. */
static void test_places_kept(const struct customer *anna)
{
    for (int i = 0; i < OLD; i++)
        (void)watched_order(anna);
    go_on();
    CHECK_INT(engine_busy(shop.engine), 0);
    CHECK_INT(kill(server, SIGSTOP), 0);
    pushed_ms += LOOK_EVERY_MS;
    go_on();
    size_t busy = engine_busy(shop.engine);
    CHECK(busy > 0);
    int64_t asked[] = {watched_order(anna), watched_order(anna)};
    go_on();
    for (size_t i = 0; i < 2; i++)
        engine_ask(shop.engine, CHORE_PAYMENT_WATCH, asked[i]);
    go_on();
    CHECK_INT(engine_busy(shop.engine), busy + 2);
    CHECK_INT(kill(server, SIGCONT), 0);
    for (int64_t until_ms = now_ms() + WAIT_MS; engine_busy(shop.engine) > 0; go_round())
        CHECK(now_ms() < until_ms);
}

/* A payment of another shop, or of play money, or it is not said of which: nobody is shown its link. */
static void test_other_shop(const struct customer *anna)
{
    static const char *const shops[] = {"shop", "other", "shop", "shop"};
    shared->fail_creates = 0;
    for (size_t i = 0; i < 4; i++) {
        shared->payment++;
        shared->paid_from = 1000;
        memcpy(shared->shop, shops[i], strlen(shops[i]) + 1);
        shared->test = i == 2;
        shared->test_untold = i == 3;
        int64_t order_id = fresh_order(anna);
        engine_wake(shop.engine, CHORE_PAYMENT_CREATE, order_id);
        wait_news(i == 0 ? EVENT_PAYMENT_LINK : EVENT_PAYMENT_FAILED, order_id, 1);
        CHECK_TEXT(ask_text(SQL("SELECT concat_ws(' ', state, outside_id) FROM bot_payments WHERE order_id = %lld",
                                (long long)order_id)),
                   i == 0 ? SQL("pending pay-%d", shared->payment) : "failed");
    }
    shared->shop[0] = '\0';
    shared->test = shared->test_untold = false;
}

int main(void)
{
    open_stage("fotoset_test_payments_at_work");
    engine_open(shop.engine, CHORE_PAYMENT_CREATE);
    engine_open(shop.engine, CHORE_PAYMENT_WATCH);
    struct customer anna = customer_new();
    test_given_up(&anna);
    test_stuck(&anna);
    test_false_money(&anna);
    test_not_as_asked(&anna);
    test_declined(&anna);
    test_mute(&anna);
    test_refusal(&anna);
    test_other_shop(&anna);
    test_places_kept(&anna);
    close_stage();
    return 0;
}
