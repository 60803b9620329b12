/* Errands that are done while a table refuses to record it: tried on with waits that grow, counted, and in nobody's
 * way; nothing of them is lost. Run by tests/postgres run, which sets FOTOSET_TEST_CONNINFO. */
#include "tests/unit/engine_stage.h"

enum { TRIES = 14, TOP_MS = 11 * 60 * 1000 };

static const char none_sql[] = "DO $$ BEGIN RAISE 'none is taken'; END $$";

static int64_t tries;

/* A write that counts, outside of the transaction that fails, how often it was asked for. */
static void counted_write(void *self, const struct errand *errand, struct db_unit *unit, struct arena *unused)
{
    tries++;
    chore_write(self, errand, unit, unused);
}

static void live_counting(enum chore_name name)
{
    struct chore chore = chore_new();
    chore.write = counted_write;
    tries = 0;
    live_with("me", name, chore);
}

/* Pushes the clock until it was tried so often; the longest wait. */
static int64_t push_until(int64_t wanted)
{
    int64_t longest_ms = 0;
    while (tries < wanted) {
        int64_t before = tries, from_ms = pushed_ms;
        for (int64_t until_ms = now_ms() + WAIT_MS; tries == before; pushed_ms += 500) {
            CHECK(now_ms() < until_ms);
            go_round();
        }
        longest_ms = pushed_ms - from_ms > longest_ms ? pushed_ms - from_ms : longest_ms;
        GO_UNTIL(db_idle(db));
    }
    return longest_ms;
}

static void test_tried_on(enum chore_name name, const char *word)
{
    clear();
    (void)owe(word, 0, "one");
    live_counting(name);
    GO_UNTIL(begun_count == 1);
    write_sql = none_sql;
    errand_end(take_begun());
    GO_UNTIL(tries == 1 && db_idle(db));
    CHECK_INT(engine_refused(engine), 1);
    int64_t longest_ms = push_until(TRIES);
    CHECK(longest_ms > 2 * 60 * 1000 && longest_ms < TOP_MS);
    CHECK_INT(done(), 0);
    write_sql = NULL;
    GO_UNTIL((pushed_ms += 1000, done() == 1));
    CHECK_INT(engine_refused(engine), 0);
    CHECK_INT(begun_ever, 1);
    CHECK_INT(count("TRUE"), 0);
    die();
}

/* As many as may be under way at once are refused: with the bot's holder the next one begins all the same, and so does
 * a drain end; another machine's work waits rather than be made for nothing. */
static void test_places(void)
{
    clear();
    for (int i = 0; i < 3; i++)
        (void)owe(HELD_NAME, 0, SQL("%d", i));
    live_counting(HELD);
    GO_UNTIL(begun_count == 2);
    write_sql = none_sql;
    errand_end(take_begun());
    errand_end(take_begun());
    GO_UNTIL(begun_count == 1);
    write_sql = NULL;
    errand_end(take_begun());
    GO_UNTIL(done() == 1);
    GO_UNTIL(engine_busy(engine) == 0);
    CHECK_INT(engine_refused(engine), 2);
    GO_UNTIL((pushed_ms += 1000, done() == 3));
    die();
    clear();
    for (int i = 0; i < 3; i++)
        (void)owe(LEASED_NAME, 0, SQL("%d", i));
    live_counting(LEASED);
    GO_UNTIL(begun_count == 2);
    write_sql = none_sql;
    errand_end(take_begun());
    errand_end(take_begun());
    GO_UNTIL(engine_refused(engine) == 2);
    go_on();
    CHECK_INT(begun_count, 0);
    write_sql = NULL;
    GO_UNTIL((pushed_ms += 1000, begun_count == 1));
    die();
}

/* The database was in trouble, and the next try is far away: when the daemon ends it comes at once. */
static void test_stopped(enum chore_name name, const char *text)
{
    clear();
    (void)owe(text, 0, "one");
    live_counting(name);
    GO_UNTIL(begun_count == 1);
    write_sql = "DO $$ BEGIN RAISE EXCEPTION 'full' USING ERRCODE = '53100'; END $$";
    errand_end(take_begun());
    for (int i = 0; i < 10; i++) {
        pushed_ms += 60 * 1000;
        go_on();
    }
    CHECK(engine_busy(engine) == 1 && done() == 0);
    write_sql = NULL;
    stop.asked = true;
    engine_stop(engine);
    go_on();
    CHECK(engine_busy(engine) == 0 && done() == 1);
    die();
}

/* Who asks does not wait until it is tried again by itself. */
static void test_asked(void)
{
    clear();
    int64_t id = owe(HELD_NAME, 0, "one");
    live_counting(HELD);
    GO_UNTIL(begun_count == 1);
    write_sql = none_sql;
    errand_end(take_begun());
    (void)push_until(TRIES);
    write_sql = NULL;
    engine_ask(engine, HELD, id);
    GO_UNTIL(done() == 1);
    CHECK_INT(engine_refused(engine), 0);
    CHECK_INT(begun_ever, 1);
    die();
}

int main(void)
{
    begin_stage("fotoset_test_engine_refused");
    test_tried_on(LEASED, LEASED_NAME);
    test_tried_on(HELD, HELD_NAME);
    test_places();
    test_asked();
    test_stopped(LEASED, LEASED_NAME);
    test_stopped(HELD, HELD_NAME);
    end();
    return 0;
}
