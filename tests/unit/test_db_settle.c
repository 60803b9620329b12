/* One settlement for all who see money: everything is compared, states only go forward, and whatever is seen how often,
 * by how many at once, has one effect: a job, a refund that is owed, or money that is held; and stands in the books.
 * With --long sixteen settle, cancel and give back at once two hundred times, else ten times. Run by tests/postgres
 * run, which sets FOTOSET_TEST_CONNINFO.
 *
 * Reason: one function of the database, and all that it does is seen in one place. */
#include "core/bug.h"
#include "db/deed.h"
#include "db/records_private.h"
#include "tests/unit/chores.h"

enum { AT_ONCE = 16, ROUNDS = 10, ROUNDS_LONG = 200 };

/* "state held received": of the payment that is called so. */
static const char *payment(const char *payment_id)
{
    return ask_text(
        SQL("SELECT concat_ws(' ', state, held, received) FROM bot_payments WHERE outside_id = '%s'", payment_id));
}

/* "account amount; …" of all that this payment moved. */
static const char *books(const char *payment_id)
{
    return ask_text(SQL("SELECT string_agg(concat_ws(' ', t.kind, p.account, p.amount), '; ' ORDER BY t.id, p.account)"
                        " FROM ledger_transactions t JOIN ledger_postings p ON p.transaction_id = t.id"
                        " JOIN bot_payments b ON b.id = t.subject WHERE b.outside_id = '%s'",
                        payment_id));
}

static int64_t refunds_of(const char *payment_id, const char *why)
{
    return ask(SQL("SELECT count(*) FROM bot_refunds r JOIN bot_payments p ON p.id = r.payment_id"
                   " WHERE p.outside_id = '%s' AND r.why = '%s' AND r.amount = p.received AND r.state = 'owed'",
                   payment_id, why));
}

static int64_t open_order(const struct customer *customer)
{
    int64_t order_id = order_new(customer);
    tell(SQL("UPDATE bot_payments SET shop = '100500', test = FALSE WHERE order_id = %lld", (long long)order_id));
    CHECK(create_payment(order_id));
    return order_id;
}

static const char CAME[] = "payment clearing:yookassa 48250; payment fees:yookassa 1750; payment held -50000";

static void test_sale(void)
{
    struct customer anna = customer_new();
    int64_t order_id = open_order(&anna);
    struct payments_seen seen = paid_of(order_id);
    seen.shop = "100500";
    struct payments_settled settled = see(&seen);
    CHECK_INT(settled.outcome, PAYMENTS_SETTLED);
    check_news(&anna, settled.news_id,
               SQL("payment_settled:%lld:%lld", (long long)order_id, (long long)settled.job_id));
    CHECK_TEXT(payment(seen.payment_id), "succeeded 500.00");
    CHECK_TEXT(books(seen.payment_id), SQL("%s; sale held 50000; sale revenue -50000", CAME));
    CHECK_TEXT(ask_text(SQL("SELECT income FROM bot_payments WHERE outside_id = '%s'", seen.payment_id)), "482.50");
}

/* What is compared, one at a time: nothing is given, the money is held under that word, and its payer hears once. */
static void test_compared(void)
{
    struct customer anna = customer_new();
    static const char *const words[] = {"order", "shop", "test", "sum", "sum"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        int64_t order_id = open_order(&anna);
        struct payments_seen seen = paid_of(order_id);
        seen.shop = i == 1 ? "100501" : "100500";
        seen.order_id += i == 0;
        seen.test = i == 2;
        seen.amount_kopecks -= i == 3;
        seen.currency = i == 4 ? "USD" : "RUB";
        struct payments_settled settled = see(&seen);
        CHECK_INT(settled.outcome, PAYMENTS_HELD);
        check_news(&anna, settled.news_id, SQL("payment_settled:%lld:0:%s", (long long)order_id, words[i]));
        settled = see(&seen);
        CHECK_INT(settled.outcome, PAYMENTS_HELD);
        CHECK_INT(settled.news_id, 0);
        CHECK_INT(settled.job_id, 0);
        CHECK_INT(jobs_of(order_id), 0);
        CHECK_TEXT(payment(seen.payment_id),
                   SQL("succeeded %s %s", words[i], seen.amount_kopecks == 50000 ? "500.00" : "499.99"));
        CHECK_INT(ask(SQL("SELECT sum(p.amount) FROM ledger_postings p JOIN ledger_transactions t"
                          " ON t.id = p.transaction_id JOIN bot_payments b ON b.id = t.subject"
                          " WHERE b.outside_id = '%s' AND p.account = 'held'",
                          seen.payment_id)),
                  -seen.amount_kopecks);
        CHECK_INT(ask(SQL("SELECT count(*) FROM orders WHERE id = %lld AND status = 'paid'", (long long)order_id)), 0);
    }
}

/* "Succeeded", but not paid, is nothing yet; and from the end there is no way back. */
/* What was compared when the link was made, and is not told now, holds nothing. */
static void test_untold(void)
{
    struct customer anna = customer_new();
    int64_t order_id = open_order(&anna);
    struct payments_seen seen = paid_of(order_id);
    seen.test = seen.test_untold = true;
    CHECK_INT(see(&seen).outcome, PAYMENTS_SETTLED);
}

static void test_forward_only(void)
{
    struct customer anna = customer_new();
    int64_t order_id = open_order(&anna);
    struct payments_seen seen = paid_of(order_id);
    seen.paid = false;
    CHECK_INT(see(&seen).outcome, PAYMENTS_NOTHING);
    CHECK_TEXT(payment(seen.payment_id), "pending");
    CHECK_INT(see_canceled(order_id, PAYMENT_EXPIRED, false).outcome, PAYMENTS_UNPAID);
    CHECK_INT(see(&seen).outcome, PAYMENTS_ALREADY);
    CHECK_TEXT(payment(seen.payment_id), "canceled");
    seen.paid = true;
    CHECK_INT(see(&seen).outcome, PAYMENTS_SETTLED); /* late money is money */
    CHECK_INT(jobs_of(order_id), 1);
    for (int foreign = 0; foreign < 2; foreign++)
        CHECK_INT(see_canceled(order_id, PAYMENT_EXPIRED, foreign).outcome, PAYMENTS_ALREADY);
    CHECK_TEXT(payment(seen.payment_id), "succeeded 500.00");
    CHECK_TEXT(ask_text(SQL("SELECT status FROM orders WHERE id = %lld", (long long)order_id)), "paid");
}

/* Money that nobody expected any more: its set is made, and its payer hears that it was late. */
static void test_late(void)
{
    struct customer anna = customer_new();
    for (int given_up = 0; given_up < 2; given_up++) {
        int64_t order_id = open_order(&anna);
        if (given_up)
            tell(SQL("UPDATE orders SET status = 'canceled' WHERE id = %lld", (long long)order_id));
        else
            CHECK_INT(see_canceled(order_id, PAYMENT_EXPIRED, false).outcome, PAYMENTS_UNPAID);
        struct payments_seen seen = paid_of(order_id);
        struct payments_settled settled = see(&seen);
        CHECK_INT(settled.outcome, PAYMENTS_SETTLED);
        check_news(&anna, settled.news_id,
                   SQL("payment_settled:%lld:%lld:late", (long long)order_id, (long long)settled.job_id));
        CHECK_INT(jobs_of(order_id), 1);
    }
}

/* One that was taken for another's, and is not: what is right in the end counts. */
static void test_failed_first(void)
{
    struct customer anna = customer_new();
    int64_t order_id = open_order(&anna);
    struct payments_seen seen = paid_of(order_id);
    CHECK_INT(see_canceled(order_id, PAYMENT_UNTOLD, true).outcome, PAYMENTS_FOREIGN);
    CHECK_TEXT(payment(seen.payment_id), "failed order");
    CHECK_INT(see(&seen).outcome, PAYMENTS_SETTLED);
    CHECK_TEXT(payment(seen.payment_id), "succeeded 500.00");
}

/* A second payment of the order, as another attempt makes it. */
static const char *second_payment(const struct customer *customer, int64_t order_id)
{
    const char *payment_id = SQL("second-%lld", (long long)order_id);
    tell(SQL("INSERT INTO bot_payments (outside_id, key, state, asked, order_id, user_id, created_at_ms)"
             " VALUES ('%s', 'second-key-%lld', 'pending', 500, %lld, %lld, 1700000000001)",
             payment_id, (long long)order_id, (long long)order_id, (long long)customer->user_id));
    return payment_id;
}

static void test_double(void)
{
    struct customer anna = customer_new();
    int64_t order_id = open_order(&anna);
    struct payments_seen first = paid_of(order_id), second = first;
    second.payment_id = second_payment(&anna, order_id);
    CHECK_INT(see(&first).outcome, PAYMENTS_SETTLED);
    struct payments_settled settled = see(&second);
    CHECK_INT(settled.outcome, PAYMENTS_OWED);
    check_news(&anna, settled.news_id, SQL("payment_settled:%lld:0:double", (long long)order_id));
    settled = see(&second);
    CHECK_INT(settled.outcome, PAYMENTS_OWED);
    CHECK_INT(settled.news_id, 0);
    CHECK_INT(jobs_of(order_id), 1);
    CHECK_INT(refunds_of(second.payment_id, "double"), 1);
    CHECK_INT(refunds_of(first.payment_id, "double"), 0);
    CHECK_TEXT(payment(second.payment_id), "succeeded double 500.00");
    CHECK_TEXT(books(second.payment_id), CAME);
}

/* The avatar, or the account, went while the link was open. */
static void test_nothing_to_give(void)
{
    for (int account = 0; account < 2; account++) {
        struct customer anna = customer_new();
        int64_t order_id = open_order(&anna);
        struct payments_seen seen = paid_of(order_id);
        tell(account ? SQL("DELETE FROM users WHERE id = %lld", (long long)anna.user_id)
                     : SQL("DELETE FROM avatars WHERE id = %lld", (long long)anna.avatar_id));
        for (int i = 0; i < 2; i++)
            CHECK_INT(see(&seen).outcome, PAYMENTS_OWED);
        CHECK_INT(refunds_of(seen.payment_id, "avatar"), 1);
        CHECK_TEXT(books(seen.payment_id), CAME);
    }
}

/* Whoever is second only waits: nobody is a deadlock's victim. */
static void meanwhile_ended(void *context, const struct db_result *result, const struct db_failure *failure)
{
    (void)context;
    (void)result;
    open_answers--;
    if (failure != NULL)
        fprintf(stderr, "%s %s\n", failure->sqlstate, failure->message);
    CHECK(failure == NULL);
}

/* The account goes while its money comes, and its row in payments is gone already: the settlement makes another one,
 * and waits for the deletion before it holds anything that the deletion comes to. */
static void test_deleted_meanwhile(void)
{
    struct customer anna = customer_new();
    int64_t order_id = open_order(&anna);
    struct payments_seen seen = paid_of(order_id);
    struct db_unit *deleting = db_unit_new(), *settling = db_unit_new();
    tell(SQL("DELETE FROM payments WHERE yookassa_payment_id = '%s'", seen.payment_id));
    (void)db_unit_add(deleting, SQL("SELECT 1 FROM users WHERE id = %lld FOR UPDATE", (long long)anna.user_id), 0,
                      NULL);
    (void)db_unit_add(deleting, "SELECT pg_sleep(1)", 0, NULL);
    (void)db_unit_add(deleting, SQL("DELETE FROM users WHERE id = %lld", (long long)anna.user_id), 0, NULL);
    (void)db_unit_add(settling, "SELECT pg_sleep(0.3)", 0, NULL);
    (void)payments_add_seen(settling, &arena, &seen);
    open_answers = 2;
    db_submit(other, deleting, meanwhile_ended, NULL);
    db_submit(db, settling, meanwhile_ended, NULL);
    wait_for_answers();
    CHECK_TEXT(payment(seen.payment_id), "succeeded avatar 500.00");
    CHECK_INT(refunds_of(seen.payment_id, "avatar"), 1);
}

/* The answer to its creation was lost, and its success is seen before it is asked for again. */
static void test_name_lost(void)
{
    struct customer anna = customer_new();
    int64_t order_id = order_new(&anna);
    struct payments_seen seen = paid_of(order_id), other_sum = seen;
    other_sum.payment_id = "of-another-program";
    other_sum.amount_kopecks = 70000;
    CHECK_INT(see(&other_sum).outcome, PAYMENTS_UNKNOWN);
    CHECK_TEXT(payment(other_sum.payment_id), "succeeded nobody 700.00");
    CHECK_INT(see(&seen).outcome, PAYMENTS_SETTLED);
    CHECK_TEXT(payment(seen.payment_id), "succeeded 500.00");
    CHECK_INT(ask(SQL("SELECT count(*) FROM payments WHERE yookassa_payment_id = '%s' AND status = 'succeeded'",
                      seen.payment_id)),
              1);
    CHECK(!create_payment(order_id));
    CHECK_INT(see(&seen).outcome, PAYMENTS_ALREADY);
    CHECK_INT(jobs_of(order_id), 1);
}

static void test_unknown(void)
{
    struct payments_seen seen = paid_of(1);
    seen.status = PAYMENTS_SAID_CANCELED;
    CHECK_INT(see(&seen).outcome, PAYMENTS_UNKNOWN);
    CHECK_INT(ask("SELECT count(*) FROM bot_payments WHERE outside_id = 'pay-1'"), 0);
    seen.status = PAYMENTS_SAID_SUCCEEDED;
    for (int i = 0; i < 2; i++)
        CHECK_INT(see(&seen).outcome, PAYMENTS_UNKNOWN);
    CHECK_TEXT(payment("pay-1"), "succeeded nobody 500.00");
    CHECK_TEXT(books("pay-1"), CAME);
}

/* ---- sixteen at once ---- */

enum deed { SEE_FIRST, SEE_SECOND, PRESS_CANCEL, GIVE_BACK, DEED_COUNT };

/* What all of them are about. */
struct round {
    struct customer customer;
    int64_t order_id;
    struct payments_seen first, second;
};

static struct db *callers[AT_ONCE];
static int outcomes[PAYMENTS_OUTCOME_COUNT], canceled, given_back;

static void seen_answered(void *context, const struct db_result *result, const struct db_failure *failure)
{
    (void)context;
    open_answers--;
    if (failure != NULL)
        fprintf(stderr, "%s %s\n", failure->sqlstate, failure->message);
    CHECK(failure == NULL);
    outcomes[payments_read_seen(result, 0).outcome]++;
}

/* A press that comes too late is refused: its turn is loaded again, and sees what is true now. */
static void cancel_answered(void *context, const struct db_result *result, const struct db_failure *failure)
{
    (void)context;
    (void)result;
    open_answers--;
    CHECK(failure == NULL || strcmp(failure->sqlstate, DEED_LOST) == 0);
    canceled += failure == NULL;
}

static void given_back_answered(void *context, const struct db_result *result, const struct db_failure *failure)
{
    (void)context;
    open_answers--;
    CHECK(failure == NULL);
    given_back += payments_read_given_back(result);
}

static void submit(struct db *caller, enum deed deed, const struct round *round)
{
    struct db_unit *unit = db_unit_new();
    struct effect cancel = {.kind = EFFECT_ORDER_CANCEL, .order_cancel.order_id = round->order_id};
    struct chat chat = {.id = round->customer.chat_id};
    const struct run run = {
        .list = (const struct effect *[]){&cancel}, .chats = (const struct chat *[]){&chat}, .count = 1};
    const struct payments_came came = {
        .id = ask(SQL("SELECT max(id) FROM bot_payments WHERE order_id = %lld", (long long)round->order_id)),
        .provider = "yookassa",
        .kopecks = round->second.amount_kopecks,
        .currency = "RUB"};
    switch (deed) {
    case SEE_FIRST: (void)payments_add_seen(unit, &arena, &round->first); break;
    case SEE_SECOND: (void)payments_add_seen(unit, &arena, &round->second); break;
    case PRESS_CANCEL: records_order_cancel(unit, &arena, &run); break;
    case GIVE_BACK: payments_add_given_back(unit, &arena, &came); break;
    case DEED_COUNT: bug("no deed");
    }
    db_submit(caller, unit,
              deed == PRESS_CANCEL ? cancel_answered
              : deed == GIVE_BACK  ? given_back_answered
                                   : seen_answered,
              NULL);
}

/* Every caller does one of the deeds, in turn. */
static void all_at_once(const struct round *round, const enum deed *deeds, int count)
{
    memset(outcomes, 0, sizeof outcomes);
    canceled = given_back = 0;
    open_answers = AT_ONCE;
    for (int i = 0; i < AT_ONCE; i++)
        submit(callers[i], deeds[i % count], round);
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

/* One payment, seen by all, while the order is given up as well: a set, whoever was first. */
static void one_payment(const struct customer *customer, int64_t order_id)
{
    static const enum deed deeds[] = {SEE_FIRST, PRESS_CANCEL, SEE_FIRST, SEE_FIRST};
    struct round round = {*customer, order_id, paid_of(order_id), paid_of(order_id)};
    all_at_once(&round, deeds, sizeof deeds / sizeof deeds[0]);
    CHECK_INT(outcomes[PAYMENTS_SETTLED], 1);
    CHECK_INT(outcomes[PAYMENTS_ALREADY], AT_ONCE - AT_ONCE / 4 - 1);
    CHECK(canceled <= 1);
    CHECK_INT(jobs_of(order_id), 1);
    CHECK_TEXT(ask_text(SQL("SELECT status FROM orders WHERE id = %lld", (long long)order_id)), "paid");
}

/* Two payments of one order: a set and a refund; then that is given back by a person, and all see the payments again.
 */
static void two_payments(const struct customer *customer, int64_t order_id)
{
    static const enum deed both[] = {SEE_FIRST, SEE_SECOND}, back[] = {SEE_FIRST, GIVE_BACK, SEE_SECOND, GIVE_BACK};
    struct round round = {*customer, order_id, paid_of(order_id), paid_of(order_id)};
    round.second.payment_id = second_payment(customer, order_id);
    all_at_once(&round, both, sizeof both / sizeof both[0]);
    CHECK_INT(outcomes[PAYMENTS_SETTLED], 1);
    CHECK_INT(outcomes[PAYMENTS_OWED], AT_ONCE / 2);
    CHECK_INT(refunds_of(round.first.payment_id, "double") + refunds_of(round.second.payment_id, "double"), 1);
    CHECK_INT(jobs_of(order_id), 1);
    if (refunds_of(round.second.payment_id, "double") == 0)
        return; /* the first was the second */
    all_at_once(&round, back, sizeof back / sizeof back[0]);
    CHECK_INT(given_back, 1);
    CHECK_INT(outcomes[PAYMENTS_SETTLED], 0);
    CHECK_INT(ask(SQL("SELECT count(*) FROM bot_refunds r JOIN bot_payments p ON p.id = r.payment_id"
                      " WHERE p.order_id = %lld AND r.state = 'succeeded'",
                      (long long)order_id)),
              1);
    CHECK_INT(ask(SQL("SELECT count(*) FROM ledger_transactions t JOIN bot_refunds r ON r.id = t.subject"
                      " JOIN bot_payments p ON p.id = r.payment_id WHERE t.kind = 'refund' AND p.order_id = %lld",
                      (long long)order_id)),
              1);
}

static void test_at_once(int rounds)
{
    struct customer anna = customer_new();
    for (int round = 0; round < rounds; round++) {
        one_payment(&anna, round % 2 == 0 ? open_order(&anna) : order_new(&anna)); /* … whose name is lost */
        two_payments(&anna, open_order(&anna));
    }
    CHECK_INT(ask(SQL("SELECT count(*) FROM generation_jobs WHERE avatar_id = %lld", (long long)anna.avatar_id)),
              2 * rounds);
    CHECK_INT(ask(SQL("SELECT count(*) FROM bot_news WHERE chat_id = %lld AND kind = 'payment_settled'",
                      (long long)anna.chat_id)),
              3 * rounds);
    CHECK_INT(ask(SQL("SELECT count(*) FROM ledger_transactions t JOIN bot_payments p ON p.id = t.subject"
                      " WHERE p.user_id = %lld AND t.kind IN ('payment', 'sale')",
                      (long long)anna.user_id)),
              5 * rounds); /* three payments, two sales */
}

int main(int argc, char **argv)
{
    bool is_long = argc > 1 && strcmp(argv[1], "--long") == 0;
    begin("fotoset_test_settle");
    test_sale();
    test_compared();
    test_untold();
    test_forward_only();
    test_late();
    test_failed_first();
    test_double();
    test_nothing_to_give();
    test_deleted_meanwhile();
    test_name_lost();
    test_unknown();
    const char *conninfo = SQL("%s dbname=fotoset_test_settle", getenv("FOTOSET_TEST_CONNINFO"));
    for (int i = 0; i < AT_ONCE; i++)
        callers[i] = db_new(conninfo, NULL);
    test_at_once(is_long ? ROUNDS_LONG : ROUNDS);
    for (int i = 0; i < AT_ONCE; i++)
        db_free(callers[i]);
    end();
    return 0;
}
