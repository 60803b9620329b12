/* The receipts that go with payments (54-FZ), from what was asked to what became of them: registered at once, later,
 * never, refused. Run by tests/postgres run, which sets FOTOSET_TEST_CONNINFO. */
#include "bot/chores/receipt_watch.h"

#include "bot/services/yookassa/body.h"
#include "db/receipts.h"
#include "tests/unit/shop_stage.h"

enum { SOON_MS = 300 };

static void go_on(void)
{
    for (int64_t until_ms = now_ms() + SOON_MS; now_ms() < until_ms;)
        go_round();
}

/* The body that the daemon makes. */
static const char *body(bool with_receipt)
{
    struct yookassa_receipt receipt = {
        .email = "anna@mail.ru", .item = "Set", .vat_code = 1, .subject = "service", .mode = "full_payment"};
    struct yookassa_order order = {.order_id = 1,
                                   .amount_kopecks = 50000,
                                   .description = "\"receipt\":",
                                   .return_url = "https://t.me/bot",
                                   .receipt = with_receipt ? &receipt : NULL};
    char *made = NULL;
    const char *why = "";
    CHECK_INT(yookassa_body_payment(&order, &made, &why), ERR_OK);
    const char *kept = arena_copy(&arena, made);
    free(made);
    return kept;
}

static const char *receipt_of(int64_t order_id)
{
    return ask_text(
        SQL("SELECT concat_ws(' ', state, receipt) FROM bot_payments WHERE order_id = %lld", (long long)order_id));
}

static int64_t errands(void)
{
    return ask("SELECT count(*) FROM errands WHERE chore = 'receipt_watch'");
}

static bool audit_is_due(void)
{
    return ask("SELECT count(*) FROM errands WHERE chore = 'money_audit' AND not_before <= now()") == 1;
}

static void clear(void)
{
    tell("DELETE FROM errands WHERE chore = 'receipt_watch'");
    tell("DELETE FROM money_oddities");
    tell("UPDATE errands SET not_before = now() + interval '1 day' WHERE chore = 'money_audit'");
}

/* A payment that was asked with a receipt, or without, and was paid; YooKassa says this of its receipt. */
static int64_t paid_order(const struct customer *anna, const char *said, bool with_receipt)
{
    int64_t order_id = fresh_order(anna);
    clear();
    tell(SQL("UPDATE bot_payments SET receipt = receipt_asked('%s') WHERE order_id = %lld", body(with_receipt),
             (long long)order_id));
    shared->payment++;
    shared->paid_from = 1;
    (void)snprintf(shared->receipt, sizeof shared->receipt, "%s", said);
    engine_wake(shop.engine, CHORE_PAYMENT_CREATE, order_id);
    wait_news(EVENT_PAYMENT_LINK, order_id, 1);
    engine_hint(shop.engine, CHORE_PAYMENT_WATCH, order_id);
    wait_news(EVENT_PAYMENT_SETTLED, order_id, 1);
    CHECK_INT(jobs_of(order_id), 1);
    return order_id;
}

/* So many ms after the money came, it is looked at; true = it is over. */
static bool look_after(int64_t age_ms)
{
    tell(SQL("UPDATE errands SET not_before = now(), created_at = now() - interval '1 ms' * %lld"
             " WHERE chore = 'receipt_watch'",
             (long long)age_ms));
    int gets = shared->gets;
    engine_wake(shop.engine, CHORE_RECEIPT_WATCH, 0);
    for (int64_t until_ms = now_ms() + WAIT_MS;
         shared->gets == gets || engine_busy(shop.engine) > 0 ||
         ask("SELECT count(*) FROM errands WHERE chore = 'receipt_watch' AND not_before <= now()") > 0;
         go_round())
        CHECK(now_ms() < until_ms);
    return errands() == 0;
}

static int64_t wait_s(void)
{
    return ask("SELECT round(extract(epoch FROM not_before - now()))::bigint FROM errands"
               " WHERE chore = 'receipt_watch'");
}

/* Whether one was asked for stands in the body, and is written down with it. */
static void test_asked(const struct customer *anna)
{
    int64_t order_id = order_new(anna);
    CHECK_TEXT(receipt_of(order_id), "creating");
    tell(SQL("DELETE FROM bot_payments WHERE order_id = %lld", (long long)order_id));
    tell(SQL("INSERT INTO bot_payments (key, body, asked, order_id, created_at_ms) VALUES ('with', '%s', 500, %lld, 1)",
             body(true), (long long)order_id));
    CHECK_TEXT(receipt_of(order_id), "creating pending");
    CHECK_TEXT(ask_text(SQL("SELECT concat('<', receipt_asked('%s'), '>')", body(false))), "<>");
    CHECK_TEXT(ask_text("SELECT concat('<', receipt_asked(NULL), '>')"), "<>");
    tell("DELETE FROM bot_payments WHERE key = 'with'");
}

static void test_at_once(const struct customer *anna)
{
    CHECK_TEXT(receipt_of(paid_order(anna, "succeeded", true)), "succeeded succeeded");
    CHECK_INT(errands(), 0);
    CHECK(!audit_is_due());
    CHECK_TEXT(receipt_of(paid_order(anna, "canceled", true)), "succeeded canceled");
    CHECK_INT(errands(), 0);
    CHECK(audit_is_due());
    CHECK_TEXT(receipt_of(paid_order(anna, "", false)), "succeeded");
    CHECK_TEXT(receipt_of(paid_order(anna, "succeeded", false)), "succeeded"); /* not by us */
    CHECK_INT(errands(), 0);
    CHECK(!audit_is_due());
}

static void test_later(const struct customer *anna)
{
    static const char *const ends[] = {"succeeded", "canceled"};
    for (size_t i = 0; i < 2; i++) {
        int64_t order_id = paid_order(anna, i == 0 ? "pending" : "", true);
        CHECK_TEXT(receipt_of(order_id), "succeeded pending");
        CHECK_INT(errands(), 1);
        CHECK_INT(wait_s(), 20);
        CHECK(!look_after(20 * 1000));
        CHECK_INT(wait_s(), 20);
        CHECK(!look_after(2 * 60 * 1000));
        CHECK_INT(wait_s(), 60);
        (void)snprintf(shared->receipt, sizeof shared->receipt, "%s", ends[i]);
        CHECK(look_after(3 * 60 * 1000));
        CHECK_TEXT(receipt_of(order_id), SQL("succeeded %s", ends[i]));
        CHECK_INT(audit_is_due(), i);
    }
}

/* After five minutes the owner is to hear of it: also when YooKassa can't be asked; once. */
static void test_late(const struct customer *anna)
{
    for (int mute = 0; mute < 2; mute++) {
        int64_t order_id = paid_order(anna, "pending", true);
        shared->mute = mute;
        CHECK(!look_after(RECEIPTS_LATE_MS - 10 * 1000));
        CHECK_INT(wait_s(), 11);
        CHECK(!audit_is_due());
        CHECK(!look_after(RECEIPTS_LATE_MS + 1000));
        CHECK_INT(wait_s(), 301);
        CHECK(audit_is_due());
        tell(SQL("INSERT INTO money_oddities (question, subject, told) SELECT 'receipts', id, TRUE FROM bot_payments"
                 " WHERE order_id = %lld",
                 (long long)order_id));
        tell("UPDATE errands SET not_before = now() + interval '1 day' WHERE chore = 'money_audit'");
        CHECK(!look_after(60 * 60 * 1000));
        CHECK_INT(wait_s(), 60 * 60);
        CHECK(!audit_is_due());
        CHECK(!look_after(INT64_C(5) * 24 * 60 * 60 * 1000));
        CHECK_INT(wait_s(), 24 * 60 * 60);
        CHECK_TEXT(receipt_of(order_id), "succeeded pending");
        CHECK(look_after(INT64_C(31) * 24 * 60 * 60 * 1000));
        shared->mute = false;
    }
    /* Another one, soon after: not at once, but with the others that may come. */
    (void)paid_order(anna, "pending", true);
    tell("INSERT INTO money_oddities (question, subject, told) VALUES ('receipts', '0', TRUE)");
    CHECK(!look_after(RECEIPTS_LATE_MS + 1000));
    CHECK(!audit_is_due());
    CHECK_INT(ask("SELECT round(extract(epoch FROM not_before - now()) / 60)::bigint FROM errands"
                  " WHERE chore = 'money_audit'"),
              60);
}

int main(void)
{
    open_stage("fotoset_test_receipts");
    struct receipt_watch *watch = receipt_watch_new(&(struct receipt_watch_ports){
        .engine = shop.engine, .db = db, .yookassa = shop.yookassa, .clock = &shop.clock});
    engine_open(shop.engine, CHORE_PAYMENT_CREATE);
    engine_open(shop.engine, CHORE_PAYMENT_WATCH);
    engine_open(shop.engine, CHORE_RECEIPT_WATCH);
    struct customer anna = customer_new();
    test_asked(&anna);
    test_at_once(&anna);
    test_later(&anna);
    test_late(&anna);
    go_on();
    close_stage();
    receipt_watch_free(watch);
    receipt_watch_free(NULL);
    return 0;
}
