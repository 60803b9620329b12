/* What must be true of money is asked, and each question finds the row that breaks it, says so once to the owner, and
 * forgets it when it is mended. Run by tests/postgres run, which sets FOTOSET_TEST_CONNINFO. */
#include "db/audit.h"
#include "tests/unit/chores.h"

/* "question, …" of all that find something. */
static const char *found(void)
{
    struct db_unit *unit = db_unit_new();
    const char *names = "";
    for (size_t question = 0; question < audit_count(); question++)
        (void)audit_add(unit, &arena, question);
    struct db_result *result = run(unit);
    for (size_t question = 0; question < audit_count(); question++) {
        for (int row = 0; row < db_rows(result, (int)question); row++)
            CHECK(audit_read_words(result, (int)question, row) != NULL);
        if (db_rows(result, (int)question) > 0)
            names = SQL("%s%s%s", names, names[0] == '\0' ? "" : " ", audit_name(question));
        CHECK(audit_remedy(question)[0] != '\0');
    }
    db_result_free(result);
    return names;
}

/* A round, as the daemon makes it: how many new oddities it tells of. */
static int64_t told_round(const int64_t *owners, size_t count)
{
    for (size_t question = 0; question < audit_count(); question++) {
        struct db_unit *unit = db_unit_new();
        audit_add_kept(unit, &arena, question);
        db_result_free(run(unit));
    }
    struct db_unit *unit = db_unit_new();
    int at = audit_add_told(unit, &arena, owners, count);
    struct db_result *result = run(unit);
    int64_t fresh = audit_read_new(result, at);
    db_result_free(result);
    return fresh;
}

/* Breaks it with the guards off, looks, and mends it. */
static void check_found(const char *break_it, const char *want)
{
    tell(SQL("DO $do$ BEGIN ALTER TABLE ledger_transactions DISABLE TRIGGER USER; ALTER TABLE ledger_postings DISABLE"
             " TRIGGER USER; ALTER TABLE bot_refunds DISABLE TRIGGER USER; %s; ALTER TABLE bot_refunds ENABLE TRIGGER"
             " USER, ENABLE ALWAYS TRIGGER refund_fits; ALTER TABLE ledger_transactions ENABLE ALWAYS TRIGGER"
             " ledger_stays, ENABLE ALWAYS"
             " TRIGGER ledger_balances; ALTER TABLE ledger_postings ENABLE ALWAYS TRIGGER ledger_stays, ENABLE ALWAYS"
             " TRIGGER ledger_balances; END $do$",
             break_it));
    const char *names = found();
    if (strcmp(names, want) != 0)
        fprintf(stderr, "%s\n", break_it);
    CHECK_TEXT(names, want);
}

/* Statements that break it and mend it again, and who sees it. */
static void test_each(void)
{
    static const struct {
        const char *breaks, *want, *mends;
    } rows[] = {
        {"UPDATE ledger_postings SET amount = amount - 1 WHERE account = 'revenue'", "balance",
         "UPDATE ledger_postings SET amount = amount + 1 WHERE account = 'revenue'"},
        {"UPDATE ledger_transactions SET currency = 'USD' WHERE kind = 'payment'", "booked",
         "UPDATE ledger_transactions SET currency = 'RUB' WHERE kind = 'payment'"},
        {"UPDATE bot_payments SET income = 480", "fee", "UPDATE bot_payments SET income = NULL"},
        {"UPDATE bot_payments SET state = 'canceled'", "came orders mirror",
         "UPDATE bot_payments SET state = 'succeeded'"},
        {"UPDATE ledger_transactions SET kind = 'release' WHERE kind = 'sale'", "jobs",
         "UPDATE ledger_transactions SET kind = 'sale' WHERE kind = 'release'"},
        {"UPDATE ledger_transactions SET kind = 'earning' WHERE kind = 'sale'", "given jobs",
         "UPDATE ledger_transactions SET kind = 'sale' WHERE kind = 'earning'"},
        {"UPDATE payments SET amount = 1", "mirror", "UPDATE payments SET amount = 500"},
        {"UPDATE bot_payments SET held = 'avatar'", "held", "UPDATE bot_payments SET held = NULL"},
        {"UPDATE bot_payments SET receipt = 'canceled'", "receipts", "UPDATE bot_payments SET receipt = 'succeeded'"},
        {"UPDATE bot_payments SET receipt = 'pending', ended_at = now() - interval '301 s'", "receipts",
         "UPDATE bot_payments SET ended_at = now() - interval '290 s'"},
        {"UPDATE bot_payments SET receipt = NULL, ended_at = now() - interval '1 year'", "",
         "UPDATE bot_payments SET ended_at = now()"},
        {"INSERT INTO bot_payments (key, state, asked, created_at_ms, held) VALUES ('lost', 'failed', 500, 0, 'lost')",
         "lost", "DELETE FROM bot_payments WHERE key = 'lost'"},
        {"INSERT INTO bot_refunds (payment_id, why, amount, created_at) SELECT id, 'double', 500.01, '2000-01-01'"
         " FROM bot_payments",
         "refunds owed", "DELETE FROM bot_refunds"},
        {"INSERT INTO bot_refunds (payment_id, why, amount, state) SELECT id, 'double', 500, 'succeeded'"
         " FROM bot_payments",
         "refunds stopped", "DELETE FROM bot_refunds"},
        {"INSERT INTO bot_refunds (payment_id, why, amount, state, key, reason) SELECT id, 'double', 1, 'refused', 'k',"
         " 'insufficient_funds' FROM bot_payments",
         "refused", "DELETE FROM bot_refunds"},
        {"INSERT INTO bot_refunds (payment_id, why, amount, state, key, asked_at) SELECT id, 'double', 1, 'pending',"
         " 'k', now() - interval '6 days' FROM bot_payments",
         "owed", "DELETE FROM bot_refunds"},
        {"INSERT INTO ledger_transactions (kind, subject, currency) VALUES ('refund', 4711, 'RUB')", "balance refunds",
         "DELETE FROM ledger_transactions WHERE kind = 'refund'"},
        {"UPDATE generation_jobs SET status = 'completed', completed_photos = 22", "short",
         "UPDATE generation_jobs SET status = 'pending', completed_photos = 0"},
    };
    struct customer anna = customer_new();
    CHECK(job_new(&anna) != 0);
    CHECK_TEXT(found(), "");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        check_found(rows[i].breaks, rows[i].want);
        check_found(rows[i].mends, "");
    }
    tell("ALTER TABLE ledger_postings DISABLE TRIGGER ledger_stays");
    CHECK_TEXT(found(), "guards");
    tell("ALTER TABLE ledger_postings ENABLE ALWAYS TRIGGER ledger_stays");
    int64_t order_id = order_new(&anna); /* begun in 2023 */
    CHECK_TEXT(found(), "open");
    tell(SQL("DELETE FROM bot_payments WHERE order_id = %lld", (long long)order_id));
    CHECK_TEXT(found(), "");
}

/* One order, sold by two payments: what the settlement never does. */
static void test_sold_twice(void)
{
    struct customer anna = customer_new();
    CHECK(job_new(&anna) != 0 && job_new(&anna) != 0);
    tell(SQL("UPDATE bot_payments SET order_id = (SELECT min(order_id) FROM bot_payments WHERE user_id = %lld)"
             " WHERE user_id = %lld",
             (long long)anna.user_id, (long long)anna.user_id));
    CHECK_TEXT(found(), "twice orders jobs");
    tell(SQL("UPDATE bot_payments SET order_id = substr(outside_id, 5)::bigint WHERE user_id = %lld",
             (long long)anna.user_id));
    CHECK_TEXT(found(), "");
}

static int64_t news_for(int64_t chat_id, int64_t rows)
{
    return ask(SQL("SELECT count(*) FROM bot_news WHERE chat_id = %lld AND kind = 'money_odd' AND object = %lld",
                   (long long)chat_id, (long long)rows));
}

/* The owners hear of what is new, once; and again of what was mended and came back. */
static void test_told_once(void)
{
    static const int64_t owners[] = {5000000001, 5000000002};
    struct customer anna = customer_new();
    int64_t first = order_new(&anna), second = order_new(&anna);
    CHECK_INT(told_round(owners, 2), 2); /* both are open since 2023 */
    CHECK_INT(news_for(owners[0], 2), 1);
    CHECK_INT(news_for(owners[1], 2), 1);
    CHECK_INT(told_round(owners, 2), 0);
    tell(SQL("UPDATE bot_payments SET state = 'failed' WHERE order_id IN (%lld, %lld)", (long long)first,
             (long long)second));
    CHECK_INT(told_round(owners, 2), 0);
    tell(SQL("UPDATE bot_payments SET held = 'lost' WHERE order_id = %lld", (long long)first));
    tell(SQL("UPDATE bot_payments SET state = 'creating' WHERE order_id = %lld", (long long)second));
    CHECK_INT(told_round(owners, 1), 2);
    CHECK_INT(news_for(owners[0], 2), 2);
    CHECK_INT(news_for(owners[1], 2), 1);
    tell(SQL("DELETE FROM bot_payments WHERE order_id IN (%lld, %lld)", (long long)first, (long long)second));
    CHECK_INT(told_round(NULL, 0), 0);
    CHECK_INT(ask("SELECT count(*) FROM money_oddities"), 0);
}

static void give_back_twice(int64_t order_id, bool is_sold)
{
    struct db_unit *unit = db_unit_new();
    payments_add_came(unit, &arena, ask(SQL("SELECT id FROM bot_payments WHERE order_id = %lld", (long long)order_id)));
    struct db_result *result = run(unit);
    struct payments_came came = payments_read_came(result);
    CHECK(came.kopecks == 50000 && came.sold == is_sold);
    for (int i = 0; i < 2; i++) {
        unit = db_unit_new();
        payments_add_given_back(unit, &arena, &came);
        struct db_result *done = run(unit);
        CHECK_INT(payments_read_given_back(done), i == 0);
        db_result_free(done);
    }
    db_result_free(result);
}

/* A person gives the money of a double payment back in the cabinet, and says so: once. */
static void test_given_back(void)
{
    struct customer anna = customer_new();
    int64_t order_id = order_new(&anna);
    CHECK(create_payment(order_id));
    tell(SQL("DELETE FROM avatars WHERE id = %lld", (long long)anna.avatar_id));
    CHECK_INT(settle(order_id, 50000, "RUB").outcome, PAYMENTS_OWED);
    CHECK_TEXT(found(), "");
    tell("UPDATE bot_refunds SET created_at = now() - interval '25 hours' WHERE state = 'owed'");
    CHECK_TEXT(found(), "owed");
    give_back_twice(order_id, false);
    CHECK_TEXT(found(), "");
    CHECK_INT(ask(SQL("SELECT count(*) FROM bot_payments WHERE order_id = %lld AND held IS NULL", (long long)order_id)),
              1);
    CHECK_INT(ask("SELECT sum(amount) FROM ledger_postings WHERE account = 'held'"), 0);
}

/* It went back before its set was made: nobody need look at it when the set goes, and its payer hears no more of it. */
static void test_given_back_and_deleted(void)
{
    struct customer anna = customer_new();
    CHECK(job_new(&anna) != 0);
    int64_t order_id = ask(
        SQL("SELECT order_id FROM generation_jobs WHERE avatar_id = %lld", (long long)anna.avatar_id));
    give_back_twice(order_id, true);
    tell(SQL("DELETE FROM avatars WHERE id = %lld", (long long)anna.avatar_id));
    CHECK_INT(ask(SQL("SELECT count(*) FROM bot_payments WHERE order_id = %lld AND held IS NULL", (long long)order_id)),
              1);
    CHECK_INT(ask(SQL("SELECT count(*) FROM bot_news WHERE chat_id = %lld AND kind = 'payment_settled' AND other = 0",
                      (long long)anna.chat_id)),
              0);
    CHECK_TEXT(found(), "");
}

int main(void)
{
    begin("fotoset_test_audit");
    test_each();
    test_sold_twice();
    test_told_once();
    test_given_back();
    test_given_back_and_deleted();
    end();
    return 0;
}
