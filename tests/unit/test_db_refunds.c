/* What makes a refund due, how much may go back at most, and each step of its way: once, whoever says it and how often,
 * and in the books with its end. Run by tests/postgres run, which sets FOTOSET_TEST_CONNINFO. */
#include "db/refunds.h"
#include "db/audit.h"
#include "db/tasks.h"
#include "tests/unit/chores.h"

enum { AT_ONCE = 16, ROUNDS = 20 };

static int64_t payment_number(int64_t order_id)
{
    return ask(SQL("SELECT id FROM bot_payments WHERE order_id = %lld", (long long)order_id));
}

static int64_t order_of(int64_t job_id)
{
    return ask(SQL("SELECT order_id FROM generation_jobs WHERE id = %lld", (long long)job_id));
}

/* "why state amount photos; …" */
static const char *refunds_of(int64_t payment)
{
    return ask_text(SQL("SELECT COALESCE(string_agg(concat_ws(' ', why, state, amount, photos), '; ' ORDER BY id), '')"
                        " FROM bot_refunds WHERE payment_id = %lld",
                        (long long)payment));
}

static int64_t errands_of(int64_t payment)
{
    return ask(SQL("SELECT count(*) FROM errands e JOIN bot_refunds r ON e.subject = r.id::text"
                   " WHERE e.chore = 'payment_refund' AND e.state = 'waiting' AND r.payment_id = %lld",
                   (long long)payment));
}

static int64_t last_refund(int64_t payment)
{
    return ask(SQL("SELECT max(id) FROM bot_refunds WHERE payment_id = %lld", (long long)payment));
}

static int64_t owe(int64_t payment, const char *why, const char *amount)
{
    return ask(SQL("INSERT INTO bot_refunds (payment_id, why, amount) VALUES (%lld, '%s', %s) RETURNING id",
                   (long long)payment, why, amount));
}

static struct refunds_row row_of(int64_t refund)
{
    struct db_unit *unit = db_unit_new();
    (void)refunds_add_find(unit, &arena, refund);
    struct db_result *result = run(unit);
    struct refunds_row row = refunds_read(result, 0);
    row.provider = arena_copy(&arena, row.provider);
    row.key = row.key == NULL ? NULL : arena_copy(&arena, row.key);
    db_result_free(result);
    return row;
}

static bool asked(int64_t refund, int64_t kopecks, const char *key)
{
    struct db_unit *unit = db_unit_new();
    (void)refunds_add_asked(unit, &arena, refund, kopecks, "RUB", key, "{}");
    struct db_result *result = run(unit);
    bool done = refunds_read_done(result, 0);
    db_result_free(result);
    return done;
}

static bool said(struct db_unit *unit, int64_t *ret_news)
{
    struct db_result *result = run(unit);
    bool done = refunds_read_done(result, 0);
    *ret_news = refunds_read_news(result, 0);
    db_result_free(result);
    return done;
}

static bool succeeded(int64_t refund, const char *key, int64_t *ret_news)
{
    struct refunds_row row = row_of(refund);
    struct db_unit *unit = db_unit_new();
    row.key = key;
    row.kopecks += row.kopecks == 0; /* a share that nobody computed yet */
    row.outside_id = SQL("refund-%lld", (long long)refund);
    (void)refunds_add_succeeded(unit, &arena, &row);
    return said(unit, ret_news);
}

static bool refused(int64_t refund, const char *key, bool again, int64_t *ret_news)
{
    struct db_unit *unit = db_unit_new();
    (void)refunds_add_refused(unit, &arena, refund, key, "insufficient_funds", again);
    return said(unit, ret_news);
}

static bool gave_back(int64_t payment)
{
    struct db_unit *unit = db_unit_new();
    payments_add_came(unit, &arena, payment);
    struct db_result *result = run(unit);
    struct payments_came came = payments_read_came(result);
    unit = db_unit_new();
    if (came.kopecks == 0) {
        db_unit_free(unit);
        db_result_free(result);
        return false;
    }
    payments_add_given_back(unit, &arena, &came);
    struct db_result *answer = run(unit);
    bool done = payments_read_given_back(answer);
    db_result_free(answer);
    db_result_free(result);
    return done;
}

static int64_t wanted(int64_t payment)
{
    struct db_unit *unit = db_unit_new();
    (void)refunds_add_wanted(unit, &arena, payment);
    struct db_result *result = run(unit);
    const char *currency;
    int64_t kopecks = refunds_read_wanted(result, 0, &currency);
    db_result_free(result);
    return kopecks;
}

/* Nothing about money is wrong; what waits for a person is none of this. */
static void check_books(void)
{
    struct db_unit *unit = db_unit_new();
    for (size_t question = 0; question < audit_count(); question++)
        (void)audit_add(unit, &arena, question);
    struct db_result *result = run(unit);
    for (size_t question = 0; question < audit_count(); question++)
        for (int row = 0; !audit_is_wait(question) && row < db_rows(result, (int)question); row++) {
            fprintf(stderr, "%s: %s\n", audit_name(question), audit_read_words(result, (int)question, row));
            CHECK(false);
        }
    db_result_free(result);
}

/* The whole set but so many photos is made; the rest fails for good. */
static void end_set(int64_t job_id, int failing)
{
    tell(SQL("UPDATE photo_tasks SET state = CASE WHEN index < %d THEN 'failed' ELSE 'made' END, delivery = CASE WHEN"
             " index < %d THEN 'none' ELSE 'sent' END WHERE job_id = %lld",
             failing, failing, (long long)job_id));
    tell(SQL("SELECT job_moved(%lld)", (long long)job_id));
}

/* A set that fell short owes its share once, of its own payment; one that did not, nothing. */
static void test_short(void)
{
    static const int failing[] = {0, 1, PHOTOS - 1, PHOTOS};
    struct customer anna = customer_new();
    for (size_t i = 0; i < sizeof failing / sizeof failing[0]; i++) {
        int64_t job_id = job_new(&anna), payment = payment_number(order_of(job_id)), later = job_new(&anna);
        for (int time = 0; time < 2; time++)
            end_set(job_id, failing[i]);
        CHECK_TEXT(refunds_of(payment), failing[i] == 0 ? "" : SQL("failed owed %d", failing[i]));
        CHECK_INT(errands_of(payment), failing[i] > 0);
        CHECK_TEXT(refunds_of(payment_number(order_of(later))), "");
        end_set(later, 0);
    }
    check_books();
}

/* Photos that Telegram does not take are known when the result is told. */
static void test_undelivered(void)
{
    struct customer anna = customer_new();
    int64_t job_id = job_new(&anna), payment = payment_number(order_of(job_id));
    end_set(job_id, 2);
    tell(SQL("UPDATE photo_tasks SET delivery = 'refused' WHERE job_id = %lld AND index BETWEEN 5 AND 7",
             (long long)job_id));
    CHECK_TEXT(refunds_of(payment), "failed owed 2");
    for (int time = 0; time < 2; time++)
        tell(SQL("UPDATE generation_jobs SET told_at = clock_timestamp() WHERE id = %lld", (long long)job_id));
    CHECK_TEXT(refunds_of(payment), "failed owed 2; undelivered owed 3");
}

/* A set that nobody paid, or whose money waits for a person, owes nothing by itself. */
static void test_not_sold(void)
{
    struct customer anna = customer_new();
    int64_t job_id = ask(SQL("INSERT INTO generation_jobs (avatar_id, style_id, status, total_photos, chat_id)"
                             " VALUES (%lld, 'creative', 'pending', 1, %lld) RETURNING id",
                             (long long)anna.avatar_id, (long long)anna.chat_id));
    int64_t before = ask("SELECT count(*) FROM bot_refunds");
    tell(SQL("INSERT INTO photo_tasks (job_id, index, prompt, recipe, state) VALUES (%lld, 0, 'p', 'r', 'failed')",
             (long long)job_id));
    tell(SQL("SELECT job_moved(%lld)", (long long)job_id));
    CHECK_INT(ask("SELECT count(*) FROM bot_refunds"), before);
}

/* The account goes right behind the set: what is owed is known all the same. */
static void test_deleted_behind(void)
{
    struct customer anna = customer_new();
    int64_t job_id = job_new(&anna), payment = payment_number(order_of(job_id));
    end_set(job_id, 4);
    tell(SQL("DELETE FROM users WHERE id = %lld", (long long)anna.user_id));
    struct refunds_row row = row_of(last_refund(payment));
    CHECK(row.missing == 4 && row.photos == PHOTOS && row.price_kopecks == 50000 && row.left_kopecks == 50000);
    CHECK(row.sold && row.state == REFUNDS_OWED && row.why == REFUND_OF_FAILED && row.payment_body == NULL);
}

static const char *refused_by(const char *sql)
{
    struct db_unit *unit = db_unit_new();
    struct db_failure failure;
    (void)db_unit_add(unit, sql, 0, NULL);
    return db_run(db, unit, WAIT_MS, NULL, &failure) == ERR_OK ? "" : arena_copy(&arena, failure.sqlstate);
}

/* More than came can't be owed, however many causes meet, and whoever writes the rows. */
static void test_never_more(void)
{
    struct customer anna = customer_new();
    int64_t payment = payment_number(order_of(job_new(&anna)));
    (void)owe(payment, "failed", "200");
    CHECK_TEXT(refused_by(SQL("INSERT INTO bot_refunds (payment_id, why, amount) VALUES (%lld, 'person', 300.01)",
                              (long long)payment)),
               "FB006");
    (void)owe(payment, "person", "300");
    CHECK_TEXT(refused_by(SQL("UPDATE bot_refunds SET amount = 200.01 WHERE payment_id = %lld AND why = 'failed'",
                              (long long)payment)),
               "FB006");
    CHECK_TEXT(refused_by(SQL("INSERT INTO bot_refunds (payment_id, why, amount) VALUES (%lld, 'double', 0.01)",
                              (long long)payment)),
               "FB006");
    int64_t open = payment_number(order_new(&anna)); /* nothing came */
    CHECK_TEXT(refused_by(SQL("INSERT INTO bot_refunds (payment_id, why, amount) VALUES (%lld, 'person', 1)",
                              (long long)open)),
               "FB006");
    tell(SQL("DELETE FROM bot_payments WHERE id = %lld", (long long)open));
}

/* The way of one: each step once, by its own key, and its end in the books and in the news. */
static void test_way(void)
{
    struct customer anna = customer_new();
    int64_t job_id = job_new(&anna), order_id = order_of(job_id), payment = payment_number(order_id), told = 0;
    end_set(job_id, 3);
    int64_t refund = last_refund(payment);
    CHECK(!succeeded(refund, "key-a", &told)); /* nothing was asked */
    CHECK(asked(refund, 6522, SQL("a-%lld", (long long)refund)));
    CHECK(!asked(refund, 6522, "another")); /* it stands */
    CHECK(!refused(refund, "another", true, &told));
    CHECK(refused(refund, SQL("a-%lld", (long long)refund), true, &told));
    check_news(&anna, told, SQL("refund_refused:%lld:6522:failed", (long long)order_id));
    CHECK(asked(refund, 6522, SQL("b-%lld", (long long)refund)));
    CHECK(!succeeded(refund, SQL("a-%lld", (long long)refund), &told)); /* by a key that was refused */
    CHECK(refused(refund, SQL("b-%lld", (long long)refund), true, &told));
    CHECK_INT(told, 0); /* its payer heard of it */
    CHECK(asked(refund, 6522, SQL("c-%lld", (long long)refund)));
    struct db_unit *unit = db_unit_new();
    (void)refunds_add_pending(unit, &arena, refund, SQL("c-%lld", (long long)refund), SQL("x-%lld", (long long)refund));
    CHECK(said(unit, &told));
    check_news(&anna, told, SQL("refund_pending:%lld:6522:failed", (long long)order_id));
    CHECK(succeeded(refund, SQL("c-%lld", (long long)refund), &told));
    check_news(&anna, told, SQL("refund_done:%lld:6522:failed", (long long)order_id));
    CHECK(!succeeded(refund, SQL("c-%lld", (long long)refund), &told));
    CHECK_INT(told, 0);
    CHECK_TEXT(refunds_of(payment), "failed succeeded 65.22 3");
    CHECK_TEXT(ask_text(SQL("SELECT string_agg(p.account || ' ' || p.amount, ', ' ORDER BY p.account)"
                            " FROM ledger_transactions t JOIN ledger_postings p ON p.transaction_id = t.id"
                            " WHERE t.kind = 'refund' AND t.subject = %lld",
                            (long long)refund)),
               "clearing:yookassa -6522, refunds 6522");
    CHECK_INT(row_of(refund).attempt, 3);
    CHECK_INT(ask(SQL("SELECT count(*) FROM bot_refunds WHERE id = %lld AND body IS NULL", (long long)refund)), 1);
    check_books();
}

/* Money that gave nothing goes back out of what is held, and nobody need look at it any more. */
static void test_held(void)
{
    struct customer anna = customer_new();
    int64_t order_id = order_new(&anna), told = 0;
    CHECK(create_payment(order_id));
    tell(SQL("DELETE FROM avatars WHERE id = %lld", (long long)anna.avatar_id));
    CHECK_INT(settle(order_id, 50000, "RUB").outcome, PAYMENTS_OWED);
    int64_t payment = payment_number(order_id), refund = last_refund(payment);
    CHECK_INT(errands_of(payment), 1);
    CHECK(asked(refund, 50000, SQL("h-%lld", (long long)refund)));
    CHECK(succeeded(refund, SQL("h-%lld", (long long)refund), &told));
    check_news(&anna, told, SQL("refund_done:%lld:50000:avatar", (long long)order_id));
    CHECK_INT(ask(SQL("SELECT count(*) FROM bot_payments WHERE id = %lld AND held IS NULL", (long long)payment)), 1);
    CHECK_INT(ask(SQL("SELECT sum(p.amount) FROM ledger_postings p JOIN ledger_transactions t ON t.id ="
                      " p.transaction_id WHERE p.account = 'held' AND ((t.kind = 'payment' AND t.subject = %lld)"
                      " OR (t.kind = 'refund' AND t.subject = %lld))",
                      (long long)payment, (long long)refund)),
              0);
    check_books();
}

/* A person gives back what is left: shares that went back already are not given back again, those that are due are not
 * due any more; while the provider is asked, nobody says what will be left. */
static void test_given_back(void)
{
    struct customer anna = customer_new();
    int64_t job_id = job_new(&anna), payment = payment_number(order_of(job_id)), told = 0;
    end_set(job_id, 3);
    int64_t refund = last_refund(payment);
    CHECK(asked(refund, 6522, SQL("g-%lld", (long long)refund)));
    CHECK(!gave_back(payment));
    CHECK(succeeded(refund, SQL("g-%lld", (long long)refund), &told));
    CHECK(gave_back(payment));
    CHECK(!gave_back(payment));
    CHECK_TEXT(refunds_of(payment), "failed succeeded 65.22 3; person succeeded 434.78");
    job_id = job_new(&anna);
    payment = payment_number(order_of(job_id));
    end_set(job_id, 3);
    CHECK(gave_back(payment));
    CHECK_TEXT(refunds_of(payment), "failed void 3; person succeeded 500.00");
    CHECK(!asked(last_refund(payment) - 1, 6522, "too late"));
    check_books();
}

/* A person wants it back: what is left goes, once; what was refused is asked anew. */
static void test_wanted(void)
{
    struct customer anna = customer_new();
    int64_t job_id = job_new(&anna), payment = payment_number(order_of(job_id)), told = 0;
    CHECK_INT(wanted(0), -1);
    end_set(job_id, 3);
    int64_t refund = last_refund(payment);
    CHECK(asked(refund, 6522, SQL("w-%lld", (long long)refund)));
    CHECK(refused(refund, SQL("w-%lld", (long long)refund), false, &told));
    tell(SQL("DELETE FROM errands WHERE subject = '%lld'", (long long)refund));
    for (int time = 0; time < 2; time++)
        CHECK_INT(wanted(payment), 50000);
    CHECK_TEXT(refunds_of(payment), "failed owed 65.22 3; person owed 434.78");
    CHECK_INT(errands_of(payment), 2);
    CHECK(asked(refund, 6522, SQL("v-%lld", (long long)refund)));
    CHECK(succeeded(refund, SQL("v-%lld", (long long)refund), &told));
    CHECK_INT(wanted(payment), 43478);
    CHECK(gave_back(payment));
    CHECK_INT(wanted(payment), 0);
    check_books();
}

/* Money that waits for a person: they want it to go back, and it does, out of what is held. */
static void test_wanted_held(void)
{
    struct customer anna = customer_new();
    int64_t order_id = order_new(&anna), told = 0;
    CHECK(create_payment(order_id));
    CHECK_INT(settle(order_id, 49900, "RUB").outcome, PAYMENTS_HELD);
    int64_t payment = payment_number(order_id);
    CHECK_INT(wanted(payment), 49900);
    int64_t refund = last_refund(payment);
    CHECK(asked(refund, 49900, SQL("o-%lld", (long long)refund)));
    CHECK(succeeded(refund, SQL("o-%lld", (long long)refund), &told));
    check_news(&anna, told, SQL("refund_done:%lld:49900:person", (long long)order_id));
    CHECK_TEXT(
        ask_text(SQL("SELECT concat_ws(' ', state, held) FROM bot_payments WHERE id = %lld", (long long)payment)),
        "succeeded");
    check_books();
}

/* All of it goes back while its set is made: what is not made yet is not made any more, and what was made is told. */
static void test_set_ends(void)
{
    struct customer anna = customer_new();
    int64_t job_id = job_new(&anna), payment = payment_number(order_of(job_id));
    tell(SQL("UPDATE photo_tasks SET state = 'made' WHERE job_id = %lld AND index < 5", (long long)job_id));
    tell(SQL("UPDATE photo_tasks SET lease_token = 'theirs', lease_until = now() + interval '1 minute'"
             " WHERE job_id = %lld AND index = 5",
             (long long)job_id));
    int64_t theirs = ask(SQL("SELECT id FROM photo_tasks WHERE job_id = %lld AND index = 5", (long long)job_id)), chat;
    CHECK(gave_back(payment));
    CHECK_TEXT(ask_text(SQL("SELECT concat_ws(' ', status, completed_photos) FROM generation_jobs WHERE id = %lld",
                            (long long)job_id)),
               "completed 5");
    CHECK_INT(ask(SQL("SELECT count(*) FROM photo_tasks WHERE job_id = %lld AND state = 'waiting'", (long long)job_id)),
              0);
    CHECK_INT(ask(SQL("SELECT count(*) FROM bot_news WHERE chat_id = %lld AND kind = 'job_progress' AND object = %lld",
                      (long long)anna.chat_id, (long long)job_id)),
              1);
    CHECK_TEXT(refunds_of(payment), "person succeeded 500.00"); /* and no share of nothing */
    struct db_unit *unit = db_unit_new();
    (void)tasks_add_made(unit, &arena, theirs, "theirs", "store:x");
    struct db_result *result = run(unit);
    CHECK(!tasks_read_ended(result, 0, &chat)); /* whoever made one meanwhile comes too late */
    db_result_free(result);
    check_books();
}

/* ---- many at once ---- */

static struct db *callers[AT_ONCE];

static void caller_answered(void *context, const struct db_result *result, const struct db_failure *failure)
{
    (void)context;
    (void)result;
    open_answers--;
    if (failure != NULL)
        fprintf(stderr, "%s %s\n", failure->sqlstate, failure->message);
    CHECK(failure == NULL); /* nobody is a deadlock's victim */
}

static void add_deed(struct db_unit *unit, int caller, const struct refunds_row *row, int64_t payment)
{
    struct payments_came rest = {
        .id = payment, .provider = "yookassa", .currency = "RUB", .kopecks = 50000 - row->kopecks, .sold = true};
    switch (caller % 5) {
    case 0: (void)refunds_add_succeeded(unit, &arena, row); return;
    case 1: payments_add_given_back(unit, &arena, &rest); return;
    case 2: (void)refunds_add_wanted(unit, &arena, payment); return;
    case 3: (void)refunds_add_refused(unit, &arena, row->id, row->key, "general_decline", true); return;
    default:
        (void)refunds_add_asked(unit, &arena, row->id, row->kopecks, "RUB", SQL("%s-again", row->key), "{}");
        return;
    }
}

/* Sixteen say something of one payment at once: whatever comes first, no more goes back than came, each movement stands
 * in the books once, and it is told as often as it is true. */
static void test_at_once(void)
{
    struct customer anna = customer_new();
    for (int round = 0; round < ROUNDS; round++) {
        int64_t job_id = job_new(&anna), payment = payment_number(order_of(job_id));
        end_set(job_id, 3);
        int64_t refund = last_refund(payment);
        CHECK(asked(refund, 6522, SQL("m-%lld", (long long)refund)));
        struct refunds_row row = row_of(refund);
        row.outside_id = SQL("refund-%lld", (long long)refund);
        open_answers = AT_ONCE;
        for (int i = 0; i < AT_ONCE; i++) {
            struct db_unit *unit = db_unit_new();
            add_deed(unit, i + round, &row, payment);
            db_submit(callers[i], unit, caller_answered, NULL);
        }
        for (int64_t until = now_ms() + WAIT_MS; open_answers > 0;) {
            struct pollfd fds[AT_ONCE];
            CHECK(now_ms() < until);
            for (int i = 0; i < AT_ONCE; i++)
                fds[i] = (struct pollfd){.fd = db_fd(callers[i]), .events = db_events(callers[i])};
            CHECK(poll(fds, AT_ONCE, 20) >= 0);
            for (int i = 0; i < AT_ONCE; i++)
                db_ready(callers[i], fds[i].revents, now_ms());
        }
        CHECK_INT(ask(SQL("SELECT count(*) FROM bot_news WHERE chat_id = %lld AND kind = 'refund_done'",
                          (long long)anna.chat_id)),
                  ask(SQL("SELECT count(*) FROM bot_refunds r JOIN bot_payments p ON p.id = r.payment_id"
                          " WHERE p.user_id = %lld AND r.state = 'succeeded'",
                          (long long)anna.user_id)));
    }
    check_books();
}

int main(void)
{
    begin("fotoset_test_refunds");
    test_short();
    test_undelivered();
    test_not_sold();
    test_deleted_behind();
    test_never_more();
    test_way();
    test_held();
    test_given_back();
    test_wanted();
    test_wanted_held();
    test_set_ends();
    const char *conninfo = SQL("%s dbname=fotoset_test_refunds", getenv("FOTOSET_TEST_CONNINFO"));
    for (int i = 0; i < AT_ONCE; i++)
        callers[i] = db_new(conninfo, NULL);
    test_at_once();
    for (int i = 0; i < AT_ONCE; i++)
        db_free(callers[i]);
    end();
    return 0;
}
