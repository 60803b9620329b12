/* The books stay as they were written, and balance, whoever forgets himself: the guards hold against a superuser, a
 * replication's session and the tables' own owner, and let the settlement pass. Run by tests/postgres run, which sets
 * FOTOSET_TEST_CONNINFO. */
#include "tests/unit/chores.h"

/* The sqlstate that the statements, in one transaction, are refused with; "" if they are not. */
static const char *refusal_of(struct db *on, const char *first, const char *second)
{
    struct db_unit *unit = db_unit_new();
    struct db_failure failure;
    (void)db_unit_add(unit, first, 0, NULL);
    if (second != NULL)
        (void)db_unit_add(unit, second, 0, NULL);
    return db_run(on, unit, WAIT_MS, NULL, &failure) == ERR_OK ? "" : arena_copy(&arena, failure.sqlstate);
}

static const char MOVED[] = "INSERT INTO ledger_transactions (kind, subject, currency) VALUES ('earning', 77, 'RUB')";

/* The postings of that movement. */
static const char *posted(const char *amounts)
{
    return SQL("INSERT INTO ledger_postings SELECT t.id, p.account, p.amount FROM ledger_transactions t,"
               " (VALUES %s) p(account, amount) WHERE t.kind = 'earning' AND t.subject = 77",
               amounts);
}

static void test_balance(void)
{
    CHECK_TEXT(refusal_of(db, MOVED, NULL), "FB004");
    CHECK_TEXT(refusal_of(db, MOVED, posted("('held', 1)")), "FB004");
    CHECK_TEXT(refusal_of(db, MOVED, posted("('rewards', 100), ('referral:7', -99)")), "FB004");
    CHECK_TEXT(refusal_of(db, MOVED, posted("('rewards', 100), ('referral', -100)")), "23514");
    CHECK_TEXT(refusal_of(db, MOVED, posted("('rewards', 0), ('tax', 0)")), "23514");
    CHECK_TEXT(refusal_of(db, MOVED, posted("('held', 100), ('held', -100)")), "23505");
    CHECK_INT(ask("SELECT count(*) FROM ledger_transactions WHERE subject = 77"), 0);
    CHECK_TEXT(refusal_of(db, MOVED, posted("('rewards', 100), ('referral:7', -100)")), "");
    CHECK_TEXT(refusal_of(db, MOVED, NULL), "23505");                              /* once */
    CHECK_TEXT(refusal_of(db, posted("('held', 5), ('tax', -5)"), NULL), "FB004"); /* it is what it was */
    CHECK_TEXT(refusal_of(db, posted("('held', 5), ('tax', -5)"), "SET CONSTRAINTS ALL IMMEDIATE"), "FB004");
}

static const char *const changes[] = {
    "UPDATE ledger_transactions SET currency = 'USD'",
    "UPDATE ledger_postings SET amount = -amount",
    "DELETE FROM ledger_postings",
    "DELETE FROM ledger_transactions WHERE FALSE",
    "TRUNCATE ledger_postings",
    "TRUNCATE ledger_transactions CASCADE",
    "MERGE INTO ledger_postings p USING ledger_transactions t ON TRUE WHEN MATCHED THEN DELETE",
};

/* replica: as a session of replication, for which ordinary triggers sleep. */
static void test_stays(struct db *on, bool is_owner, bool replica)
{
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        const char *refusal = replica ? refusal_of(on, "SET LOCAL session_replication_role = replica", changes[i])
                                      : refusal_of(on, changes[i], NULL);
        CHECK_TEXT(refusal, is_owner ? "42501" : "FB005");
    }
}

/* An owner that is no superuser has taken the right to change them from itself, and settles all the same. */
static void test_owner(void)
{
    struct migrate_report report;
    const char *server = getenv("FOTOSET_TEST_CONNINFO"), *name = "fotoset_test_books_owner";
    tell("CREATE ROLE shopkeeper LOGIN");
    tell(SQL("CREATE DATABASE %s OWNER shopkeeper", name));
    const char *conninfo = SQL("%s dbname=%s user=shopkeeper", server, name);
    CHECK_INT(migrate_run(conninfo, migrations_data, migrations_data_count, &report), ERR_OK);
    CHECK_INT(report.fit.count, 0); /* nor is that taken for a mistake */
    struct db *before = db;
    db = db_new(conninfo, NULL);
    tell("GRANT ALL ON SCHEMA public TO shopkeeper");
    struct customer anna = customer_new();
    CHECK(job_new(&anna) != 0);
    test_stays(db, true, false);
    tell("GRANT ALL ON ledger_transactions, ledger_postings TO shopkeeper"); /* all tables, says a remedy */
    test_stays(db, false, false);
    CHECK(job_new(&anna) != 0);
    db_free(db);
    db = before;
    CHECK_INT(ask("SELECT count(*) FROM ledger_transactions"), 1);
}

int main(void)
{
    begin("fotoset_test_books");
    test_balance();
    test_stays(db, false, false);
    test_stays(db, false, true);
    test_owner();
    end();
    return 0;
}
