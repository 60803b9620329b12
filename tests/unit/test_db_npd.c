/* Which payments have a receipt at the tax service, what becomes due, who may say so, and when the owner hears of one
 * that is late. Run by tests/postgres run, which sets FOTOSET_TEST_CONNINFO. */
#include "db/audit.h"
#include "db/npd_receipts.h"
#include "tests/unit/chores.h"

#define INN "500100732259"

static const char *const receipt = "SELECT due || ' ' || registered || ' ' || (not_before IS NULL) FROM npd_receipts"
                                   " ORDER BY id DESC LIMIT 1";
static struct customer anna;

/* An order that is paid; its payment. */
static int64_t sold(const char *item, const char *test, const char *more)
{
    int64_t order_id = order_new(&anna);
    CHECK(create_payment(order_id));
    tell(
        SQL("UPDATE bot_payments SET npd_item = %s, test = %s WHERE order_id = %lld", item, test, (long long)order_id));
    tell(SQL("%s", more));
    struct payments_seen seen = paid_of(order_id);
    seen.test = strcmp(test, "TRUE") == 0;
    (void)see(&seen);
    return ask(SQL("SELECT id FROM bot_payments WHERE order_id = %lld", (long long)order_id));
}

static int64_t receipts_of(int64_t payment)
{
    return ask(SQL("SELECT count(*) FROM npd_receipts WHERE payment_id = %lld", (long long)payment));
}

/* The way is the payment's own, from when it was asked for; play money is no income, and held money not yet. */
static void test_which(void)
{
    CHECK_INT(receipts_of(sold("'Set'", "FALSE", "SELECT 1")), 1);
    CHECK_INT(receipts_of(sold("NULL", "FALSE", "SELECT 1")), 0);
    CHECK_INT(receipts_of(sold("'Set'", "TRUE", "SELECT 1")), 0);
    CHECK_INT(receipts_of(sold("'Set'", "FALSE", "UPDATE bot_payments SET asked = 501 WHERE state = 'pending'")), 0);
    tell("DELETE FROM npd_receipts");
    tell("UPDATE bot_payments SET npd_item = NULL");
}

/* Claims one; token NULL if there is none. */
static struct npd_receipts_claimed claim(const char *token)
{
    static struct db_result *result;
    struct db_unit *unit = db_unit_new();
    db_result_free(result);
    int at = npd_receipts_add_claim(unit, &arena,
                                    &(struct claim){.worker = "w", .token = token, .limit = 1, .lease_ms = 60000});
    result = run(unit);
    return db_rows(result, at) == 0 ? (struct npd_receipts_claimed){0} : npd_receipts_read_claimed(result, at, 0);
}

static const char *asked(int64_t id, const char *token)
{
    struct db_unit *unit = db_unit_new();
    int64_t kopecks = 0;
    (void)npd_receipts_add_asked(unit, &arena, id, token, INN);
    struct db_result *result = run(unit);
    const char *name = npd_receipts_read_asked(result, 0, &kopecks);
    name = name == NULL ? NULL : SQL("%s %lld", name, (long long)kopecks);
    db_result_free(result);
    return name;
}

static bool ended(int64_t id, const char *token, enum npd_step step, const char *uuid, int64_t *ret_news)
{
    struct db_unit *unit = db_unit_new();
    (void)npd_receipts_add_ended(unit, &arena, id, token, step, uuid);
    struct db_result *result = run(unit);
    bool done = npd_receipts_read_ended(result, 0, ret_news);
    db_result_free(result);
    return done;
}

static bool later(int64_t id, const char *token, int64_t wait_ms, enum npd_receipts_later how)
{
    struct db_unit *unit = db_unit_new();
    bool hurried = false;
    (void)npd_receipts_add_later(unit, &arena, id, token, wait_ms, "away", how);
    struct db_result *result = run(unit);
    CHECK(npd_receipts_read_later(result, 0, &hurried));
    db_result_free(result);
    return hurried;
}

static void give_back(int64_t payment, int roubles, const char *why)
{
    tell(SQL("INSERT INTO bot_refunds (payment_id, why, amount, state) VALUES (%lld, '%s', %d, 'owed')",
             (long long)payment, why, roubles));
    tell(SQL("UPDATE bot_refunds SET state = 'succeeded' WHERE payment_id = %lld AND why = '%s'", (long long)payment,
             why));
}

/* Registered, corrected while it was under way, canceled: each step by the holder of the lease alone. */
static void test_life(void)
{
    int64_t payment = sold("'Set'", "FALSE", "SELECT 1"), news = 0;
    struct npd_receipts_claimed row = claim("a");
    CHECK_INT(row.chat_id, anna.chat_id);
    CHECK_INT(row.facts.due_kopecks, 50000);
    CHECK(row.facts.asked_kopecks == 0 && row.name == NULL && row.uuid == NULL);
    CHECK_INT(claim("b").id, row.id); /* lost answers: the worker holds what it does not know */
    CHECK(asked(row.id, "a") == NULL);
    CHECK_TEXT(asked(row.id, "b"), SQL("Set, № %lld 50000", (long long)payment));
    CHECK_TEXT(asked(row.id, "b"), SQL("Set, № %lld 50000", (long long)payment)); /* the same, once more */
    CHECK(!ended(row.id, "a", NPD_REGISTER, "2a", &news));
    give_back(payment, 200, "person"); /* meanwhile */
    CHECK(ended(row.id, "b", NPD_REGISTER, "2a", &news));
    check_news(&anna, news, SQL("receipt:%lld:50000:" INN "/2a", (long long)(next_id - 1)));
    CHECK_TEXT(ask_text(receipt), "300.00 500.00 false");
    row = claim("c");
    CHECK(row.facts.is_known && row.facts.asked_kopecks == 50000 && row.facts.due_kopecks == 30000);
    CHECK_TEXT(row.uuid, "2a");
    CHECK(ended(row.id, "c", NPD_CANCEL, NULL, &news));
    CHECK_INT(news, 0);
    CHECK_TEXT(asked(claim("d").id, "d"), SQL("Set, № %lld-2 30000", (long long)payment));
    CHECK(ended(row.id, "d", NPD_REGISTER, "2b", &news) && news != 0);
    CHECK_TEXT(ask_text(receipt), "300.00 300.00 true");
    CHECK_INT(claim("e").id, 0);
    give_back(payment, 300, "double");
    CHECK_INT(claim("f").facts.due_kopecks, 0);
    CHECK(ended(row.id, "f", NPD_CANCEL, NULL, &news));
    CHECK_TEXT(ask_text(receipt), "0.00 0.00 true");
    CHECK_INT(ask("SELECT count(*) FROM npd_incomes WHERE state = 'canceled' AND uuid IS NOT NULL"), 2);
}

/* What never came to be leaves its name to nobody. */
static void test_void(void)
{
    int64_t payment = sold("'Set'", "FALSE", "SELECT 1"), news = 0;
    struct npd_receipts_claimed row = claim("a");
    CHECK(asked(row.id, "a") != NULL);
    give_back(payment, 100, "person");
    CHECK(ended(row.id, "a", NPD_VOID, NULL, &news));
    CHECK_TEXT(asked(claim("b").id, "b"), SQL("Set, № %lld-2 40000", (long long)payment));
    CHECK(ended(row.id, "b", NPD_REGISTER, "2c", &news));
}

/* The rows that the audit's question finds. */
static int odd(const char *name)
{
    for (size_t question = 0; question < audit_count(); question++) {
        if (strcmp(audit_name(question), name) != 0)
            continue;
        struct db_unit *unit = db_unit_new();
        (void)audit_add(unit, &arena, question);
        struct db_result *result = run(unit);
        int rows = db_rows(result, 0);
        db_result_free(result);
        return rows;
    }
    abort();
}

static int64_t audit_wait_s(void)
{
    return ask("SELECT extract(epoch FROM not_before - now())::int FROM errands WHERE chore = 'money_audit'");
}

/* It is looked at when the five minutes are over, whatever the wait; then the look through the books is due, until it
 * has told; and the next ones within the hour wait for its end. */
static void test_late(void)
{
    tell("UPDATE errands SET not_before = now() + interval '1 day' WHERE chore = 'money_audit'");
    (void)sold("'Set'", "FALSE", "SELECT 1");
    int64_t first = claim("a").id;
    CHECK(!later(first, "a", 3600 * 1000, NPD_RECEIPTS_FAILED));
    CHECK_INT(ask(SQL("SELECT round(extract(epoch FROM not_before - since)) FROM npd_receipts WHERE id = %lld",
                      (long long)first)),
              301);
    CHECK_INT(odd("npd_late"), 0);
    tell("UPDATE npd_receipts SET since = since - interval '6 minutes', not_before = now() WHERE not_before IS NOT "
         "NULL");
    CHECK_INT(odd("npd_late"), 1);
    CHECK_INT(odd("npd"), 0);
    CHECK_INT(claim("b").attempts, 2);
    CHECK(later(first, "b", 3600 * 1000, NPD_RECEIPTS_FAILED));
    CHECK_INT(audit_wait_s(), 0);
    CHECK_INT(ask("SELECT round(extract(epoch FROM not_before - now())) FROM npd_receipts WHERE error = 'away'"), 3600);
    tell("INSERT INTO money_oddities (question, subject, told) SELECT 'npd_late', payment_id, TRUE FROM npd_receipts"
         " WHERE error = 'away'");
    tell("UPDATE errands SET not_before = now() + interval '1 day' WHERE chore = 'money_audit'");
    tell("UPDATE npd_receipts SET not_before = now() WHERE error = 'away'");
    CHECK_INT(claim("c").id, first);
    CHECK(!later(first, "c", 3600 * 1000, NPD_RECEIPTS_RELEASED));
    CHECK_INT(ask(SQL("SELECT attempts FROM npd_receipts WHERE id = %lld", (long long)first)), 2);
    (void)sold("'Set'", "FALSE", "SELECT 1");
    tell("UPDATE npd_receipts SET since = since - interval '6 minutes' WHERE error IS NULL AND not_before IS NOT NULL");
    int64_t second = claim("d").id;
    CHECK(second != first && later(second, "d", 1000, NPD_RECEIPTS_AGAIN));
    CHECK(audit_wait_s() > 3500 && audit_wait_s() <= 3600);
}

/* What must not be, and the audit says so. */
static void test_audit(void)
{
    CHECK_INT(odd("npd"), 0);
    tell("UPDATE npd_receipts SET registered = registered + 1 WHERE not_before IS NULL");
    CHECK(odd("npd") > 0);
    tell("UPDATE npd_receipts SET registered = registered - 1 WHERE not_before IS NULL");
    CHECK_INT(odd("npd"), 0);
    tell("UPDATE npd_receipts SET not_before = NULL"); /* nobody goes on */
    CHECK_INT(odd("npd"), 2);
    int64_t payment = sold("NULL", "FALSE", "SELECT 1");
    tell(SQL("UPDATE bot_payments SET npd_item = 'Set' WHERE id = %lld", (long long)payment));
    CHECK_INT(odd("npd"), 3);
}

int main(void)
{
    begin("test_db_npd");
    anna = customer_new();
    test_which();
    test_life();
    test_void();
    test_late();
    test_audit();
    end();
    return 0;
}
