/* The engine of errands at work for a chore that does what the test says, on the table errands: what is done once,
 * what is done again, who is next, and what is left to others. Run by tests/postgres run, which sets
 * FOTOSET_TEST_CONNINFO. */
#include "bot/chores/engine/private.h"
#include "tests/unit/engine_stage.h"

/* ---- HOLD_LEASE ---- */

static void test_done_once(void)
{
    clear();
    int64_t id = owe(LEASED_NAME, 7, "one");
    struct event news;
    live("me");
    GO_UNTIL(begun_count == 1);
    CHECK(begun[0]->id == id && begun[0]->attempts == 0 && engine_busy(engine) == 1);
    errand_end(take_begun());
    GO_UNTIL(engine_busy(engine) == 0);
    CHECK_INT(heard_count, 1);
    CHECK_INT(mailbox_take(mailbox, &news, 1), 1);
    CHECK_INT(news.chat_id, 7);
    CHECK(count("TRUE") == 0 && done() == 1);
    go_on();
    CHECK_INT(begun_ever, 1);
    CHECK(db_idle(db)); /* nothing waits: nobody is asked */
    die();
}

/* No more at once than may be; when one is over, the next begins. */
static void test_cap(void)
{
    clear();
    for (int i = 0; i < 5; i++)
        (void)owe(LEASED_NAME, 0, SQL("%d", i));
    live("me");
    GO_UNTIL(begun_count == 2);
    go_on();
    CHECK_INT(begun_count, 2);
    while (done() < 5) {
        GO_UNTIL(begun_count > 0);
        CHECK(engine_busy(engine) <= 2);
        errand_end(take_begun());
    }
    GO_UNTIL(engine_busy(engine) == 0);
    die();
}

/* Whoever has many waiting lets the others pass in between. */
static void test_fair(void)
{
    clear();
    for (int i = 0; i < 6; i++)
        (void)owe(LEASED_NAME, 1, SQL("anna %d", i));
    (void)owe(LEASED_NAME, 2, "boris");
    live("me");
    GO_UNTIL(begun_count == 2);
    CHECK(begun[0]->chat_id != begun[1]->chat_id);
    die();
}

/* Somebody else took it meanwhile: it is let go at half time; and if its end comes first, nothing of it is written. */
static void test_lease_lost(void)
{
    clear();
    (void)owe(LEASED_NAME, 0, "one");
    live("me");
    GO_UNTIL(begun_count == 1);
    tell("UPDATE errands SET lease_token = 'theirs', worker = 'they'");
    errand_end(take_begun());
    GO_UNTIL(engine_busy(engine) == 0);
    CHECK_INT(done(), 0);
    CHECK_INT(heard_count, 0);
    CHECK_INT(count("lease_token = 'theirs'"), 1);
    tell("UPDATE errands SET lease_until = now() - interval '1 second'");
    engine_wake(engine, LEASED, 0);
    GO_UNTIL(begun_count == 1);
    tell("UPDATE errands SET lease_token = 'theirs', worker = 'they', lease_until = now() + interval '1 hour'");
    pushed_ms += LEASE_MS / 2 + 1;
    GO_UNTIL(begun_count == 0);
    CHECK_INT(canceled_count, 1);
    GO_UNTIL(engine_busy(engine) == 0);
    die();
}

static void test_renewed(void)
{
    clear();
    (void)owe(LEASED_NAME, 0, "one");
    live("me");
    GO_UNTIL(begun_count == 1);
    tell("UPDATE errands SET lease_until = now() + interval '1 second'");
    pushed_ms += LEASE_MS / 2 + 1;
    GO_UNTIL(count("lease_until > now() + interval '30 seconds'") == 1);
    CHECK_INT(canceled_count, 0);
    errand_end(take_begun());
    GO_UNTIL(done() == 1);
    die();
}

/* The connection breaks under the commit: whether it was taken or not, it is done once. */
static void test_commit_lost(bool was_taken)
{
    clear();
    int64_t id = owe(LEASED_NAME, 0, "one");
    live("me");
    GO_UNTIL(begun_count == 1);
    write_sql = "SELECT pg_terminate_backend(pg_backend_pid())";
    errand_end(take_begun());
    GO_UNTIL(strcmp(db_last_failure(db), "") != 0 && db_idle(db));
    write_sql = NULL;
    if (was_taken)
        tell(SQL("WITH gone AS (DELETE FROM errands WHERE id = %lld) INSERT INTO done VALUES (%lld, 0)", (long long)id,
                 (long long)id));
    GO_UNTIL(engine_busy(engine) == 0);
    CHECK_INT(done(), 1);
    CHECK_INT(heard_count, 1);
    CHECK_INT(heard_of_repeat, was_taken ? 1 : 0);
    die();
}

/* The answer to a claim was lost: what it took is found again, and that costs no attempt. */
static void test_claim_lost(void)
{
    clear();
    (void)owe(LEASED_NAME, 0, "one");
    struct db_unit *unit = db_unit_new();
    (void)errands_add_claim(unit, &arena, LEASED_NAME,
                            &(struct claim){.worker = "me", .token = "lost", .limit = 2, .lease_ms = LEASE_MS});
    db_result_free(run_on(other, unit));
    CHECK_INT(count("lease_token = 'lost' AND attempts = 1"), 1);
    live("me");
    GO_UNTIL(begun_count == 1);
    CHECK_INT(begun[0]->attempts, 0);
    CHECK_INT(count("lease_token <> 'lost' AND attempts = 1"), 1);
    errand_end(take_begun());
    GO_UNTIL(done() == 1);
    die();
}

/* The other side has a name for it: whatever dies now, it is asked about, not done again. */
static void test_killed_after_note(void)
{
    clear();
    (void)owe(LEASED_NAME, 0, "one");
    live("me");
    GO_UNTIL(begun_count == 1);
    CHECK(begun[0]->outside == NULL);
    errand_note(take_begun(), "theirs-1");
    GO_UNTIL(begun_count == 1);
    CHECK_TEXT(begun[0]->outside, "theirs-1");
    die();
    tell("UPDATE errands SET lease_until = now() - interval '1 second'");
    live("my successor");
    GO_UNTIL(begun_count == 1);
    CHECK_TEXT(begun[0]->outside, "theirs-1");
    errand_end(take_begun());
    GO_UNTIL(done() == 1);
    die();
}

/* Our own trouble costs no attempt, and nothing of the chore begins until it has rested. */
static void test_trouble(void)
{
    clear();
    int64_t id = owe(LEASED_NAME, 0, "one");
    live("me");
    GO_UNTIL(begun_count == 1);
    errand_trouble(take_begun(), 30 * 1000, "no disk");
    GO_UNTIL(engine_busy(engine) == 0);
    CHECK_TEXT(ask_text(SQL("SELECT error FROM errands WHERE id = %lld AND attempts = 0 AND lease_until IS NULL",
                            (long long)id)),
               "no disk");
    (void)owe(LEASED_NAME, 0, "two");
    engine_wake(engine, LEASED, 0);
    go_on();
    CHECK_INT(begun_ever, 1);
    pushed_ms += 31 * 1000;
    GO_UNTIL(begun_count == 2);
    die();
}

/* Those that are in trouble together are in one: the chore rests as after one. */
static void test_one_trouble(void)
{
    clear();
    (void)owe(LEASED_NAME, 0, "one");
    (void)owe(LEASED_NAME, 0, "two");
    live("me");
    for (int burst = 1; burst <= 2; burst++) {
        GO_UNTIL(begun_count == 2);
        errand_trouble(take_begun(), 0, "the disk is full");
        errand_trouble(take_begun(), 0, "the disk is full");
        CHECK_INT(engine->desks[LEASED].troubles, burst);
        GO_UNTIL(engine_busy(engine) == 0);
        pushed_ms += 60 * 1000;
    }
    die();
}

static void test_retries(void)
{
    clear();
    int64_t id = owe(LEASED_NAME, 0, "one");
    live("me");
    for (int attempt = 0; attempt < 3; attempt++) {
        GO_UNTIL(begun_count == 1);
        CHECK_INT(begun[0]->attempts, attempt);
        errand_retry(take_begun(), 0, "no luck");
        GO_UNTIL(engine_busy(engine) == 0);
    }
    CHECK_TEXT(ask_text(SQL("SELECT state || error FROM errands WHERE id = %lld", (long long)id)), "failedno luck");
    CHECK_INT(ask("SELECT what FROM done"), ERRAND_FAILED);
    CHECK_INT(heard_count, 1);
    die();
}

/* Looking again is no failure, and the row says when. */
static void test_again(void)
{
    clear();
    (void)owe(LEASED_NAME, 0, "one");
    live("me");
    GO_UNTIL(begun_count == 1);
    errand_again(take_begun(), 60 * 60 * 1000);
    GO_UNTIL(engine_busy(engine) == 0);
    CHECK_INT(count("attempts = 0 AND not_before > now() + interval '59 minutes' AND lease_until IS NULL"), 1);
    CHECK_INT(done(), 0);
    die();
}

/* Each attempt took its worker with it. */
static void test_worn_out(void)
{
    clear();
    (void)owe(LEASED_NAME, 0, "one");
    tell("UPDATE errands SET attempts = 3");
    live("me");
    GO_UNTIL(count("state = 'failed'") == 1);
    CHECK_INT(begun_ever, 0);
    die();
}

/* Nothing new while stopping; what was claimed just then is given back as it was. */
static void test_stop(void)
{
    clear();
    for (int i = 0; i < 4; i++)
        (void)owe(LEASED_NAME, 0, SQL("%d", i));
    live("me");
    GO_UNTIL(begun_count == 2);
    stop.asked = true;
    errand_end(take_begun());
    GO_UNTIL(engine_busy(engine) == 1);
    go_on();
    CHECK_INT(begun_ever, 2);
    errand_end(take_begun());
    GO_UNTIL(engine_busy(engine) == 0);
    CHECK_INT(done(), 2);
    die();
    live("me again");
    stop.asked = true; /* the claim is on its way */
    GO_UNTIL(engine_busy(engine) == 0);
    CHECK_INT(begun_ever, 0);
    CHECK_INT(count("attempts = 0 AND lease_until IS NULL"), 2);
    die();
}

/* ---- a call outside ---- */

static void test_key(void)
{
    clear();
    int64_t id = owe(LEASED_NAME, 0, "one");
    live("me");
    GO_UNTIL(begun_count == 1);
    begun[0]->born_ms = test_clock.unix_ms - KEY_LIFE_MS + 1000;
    CHECK(errand_call(begun[0]));
    CHECK(errand_answered(begun[0]));
    pushed_ms += 1000;
    go_round();
    CHECK(!errand_call(take_begun()));
    GO_UNTIL(engine_busy(engine) == 0);
    CHECK_TEXT(ask_text(SQL("SELECT state FROM errands WHERE id = %lld", (long long)id)), "unknown");
    CHECK_INT(ask("SELECT what FROM done"), ERRAND_LOST);
    die();
}

/* The engine is gone, and then the answer comes. */
static void test_late_answer(void)
{
    clear();
    (void)owe(LEASED_NAME, 0, "one");
    live("me");
    GO_UNTIL(begun_count == 1);
    begun[0]->born_ms = test_clock.unix_ms;
    struct errand *errand = begun[0];
    CHECK(errand_call(errand));
    die();
    CHECK(!errand_answered(errand));
}

int main(void)
{
    begin_stage("fotoset_test_engine");
    test_done_once();
    test_cap();
    test_fair();
    test_lease_lost();
    test_renewed();
    test_commit_lost(false);
    test_commit_lost(true);
    test_claim_lost();
    test_killed_after_note();
    test_trouble();
    test_one_trouble();
    test_retries();
    test_again();
    test_worn_out();
    test_stop();
    test_key();
    test_late_answer();
    end();
    return 0;
}
