/* The errand engine for chores of the bot's holder: the plan in memory, and who is next. Run by tests/postgres run,
 * which sets FOTOSET_TEST_CONNINFO. */
#include "tests/unit/engine_stage.h"

/* Old ones leave places for those that are new or asked for; of these the first comes first. */
static void test_places_kept(void)
{
    int64_t old[6];
    clear();
    for (int i = 0; i < 6; i++)
        old[i] = owe(HELD_NAME, 0, SQL("%d", i));
    live_holding();
    GO_UNTIL(begun_count == 2);
    go_on();
    CHECK_INT(begun_count, 2);
    engine_ask(engine, HELD, old[5]);
    GO_UNTIL(begun_count == 3);
    CHECK_INT(begun[2]->id, old[5]);
    CHECK(begun[2]->asked);
    int64_t fresh = owe(HELD_NAME, 0, "new"), later = owe(HELD_NAME, 0, "newer");
    engine_wake(engine, HELD, fresh);
    engine_wake(engine, HELD, later);
    GO_UNTIL(begun_count == 4);
    CHECK_INT(begun[3]->id, fresh);
    errand_end(take_begun());
    GO_UNTIL(begun_count == 4);
    CHECK_INT(begun[3]->id, later);
    die();
}

/* Who was asked for goes before all that is old; also when the first try failed, or was our own trouble. */
static void test_asked_first(void)
{
    clear();
    for (int i = 0; i < 6; i++)
        (void)owe(HELD_NAME, 0, SQL("%d", i));
    struct chore chore = chore_new();
    chore.at_once = 1;
    live_with("me", HELD, chore);
    GO_UNTIL(begun_count == 1);
    int64_t asked = ask("SELECT max(id) FROM errands");
    if (begun[0]->id == asked)
        asked = ask("SELECT min(id) FROM errands");
    engine_ask(engine, HELD, asked);
    errand_end(take_begun());
    GO_UNTIL(begun_count == 1);
    CHECK_INT(begun[0]->id, asked);
    errand_retry(take_begun(), 0, "no luck");
    GO_UNTIL(begun_count == 1);
    CHECK(begun[0]->id != asked);
    pushed_ms += 1000;
    go_on(); /* it is due again, and others are in line */
    errand_end(take_begun());
    GO_UNTIL(begun_count == 1);
    CHECK_INT(begun[0]->id, asked);
    errand_trouble(take_begun(), 1000, "no disk");
    pushed_ms += 1000;
    GO_UNTIL(begun_count == 1);
    CHECK_INT(begun[0]->id, asked);
    errand_end(take_begun());
    GO_UNTIL(begun_count == 1);
    CHECK(begun[0]->id != asked);
    die();
}

/* New ones keep coming, and yet what has to wait for another try is not passed over for ever. */
static void test_new_ones_keep_coming(void)
{
    clear();
    struct chore chore = chore_new();
    chore.at_once = 1;
    chore.known_max = 64;
    live_with("me", HELD, chore);
    int64_t unlucky = owe(HELD_NAME, 0, "unlucky");
    engine_wake(engine, HELD, unlucky);
    GO_UNTIL(begun_count == 1);
    errand_retry(take_begun(), 0, "no luck");
    int passed_over = -1;
    for (int64_t id = 0; id != unlucky; passed_over++) {
        engine_wake(engine, HELD, owe(HELD_NAME, 0, SQL("%d", passed_over)));
        engine_wake(engine, HELD, owe(HELD_NAME, 0, SQL("%d, too", passed_over)));
        GO_UNTIL(begun_count == 1);
        id = begun[0]->id;
        pushed_ms += 1000;
        go_round();
        errand_end(take_begun());
        CHECK(passed_over < 8);
    }
    die();
}

/* A look that changes nothing writes nothing; whoever asks too soon is not heard. */
static void test_plan_in_memory(void)
{
    clear();
    int64_t id = owe(HELD_NAME, 0, "one");
    const char *version = ask_text("SELECT xmin::text || ctid::text FROM errands");
    live_holding();
    GO_UNTIL(begun_count == 1);
    errand_again(take_begun(), 60 * 1000);
    pushed_ms += 60 * 1000;
    GO_UNTIL(begun_count == 1);
    CHECK(!begun[0]->asked);
    errand_retry(take_begun(), 0, "no luck");
    pushed_ms += 1000;
    GO_UNTIL(begun_count == 1);
    CHECK_INT(begun[0]->attempts, 1);
    errand_again(take_begun(), 60 * 1000);
    engine_ask(engine, HELD, id);
    GO_UNTIL(begun_count == 1);
    errand_again(take_begun(), 60 * 1000);
    engine_ask(engine, HELD, id);
    go_on();
    CHECK_INT(begun_count, 0);
    CHECK_TEXT(ask_text("SELECT xmin::text || ctid::text FROM errands"), version);
    engine_wake(engine, HELD, 12345); /* there is no such row */
    go_on();
    CHECK_INT(begun_count, 0);
    CHECK_INT(engine_busy(engine), 0);
    pushed_ms += 2000;
    go_round();
    engine_ask(engine, HELD, id);
    GO_UNTIL(begun_count == 1);
    errand_end(take_begun());
    GO_UNTIL(done() == 1);
    die();
}

/* The outside says that it moved: at once, soon after the last call, after the one that is under way; nobody waits. */
static void test_hints(void)
{
    clear();
    int64_t id = owe(HELD_NAME, 0, "one"), unknown;
    live_holding();
    GO_UNTIL(begun_count == 1);
    CHECK(!begun[0]->hinted && errand_call(begun[0]));
    engine_hint(engine, HELD, id); /* too late for this call, perhaps */
    go_on();
    CHECK_INT(begun_count, 1);
    struct errand *errand = take_begun();
    CHECK(errand_answered(errand));
    errand_again(errand, 10 * WAIT_MS);
    pushed_ms += 500;
    GO_UNTIL(begun_count == 1);
    CHECK(begun[0]->hinted && !begun[0]->asked && errand_call(begun[0]) && errand_answered(begun[0]));
    errand_again(take_begun(), 10 * WAIT_MS);
    go_on();
    CHECK_INT(begun_count, 0); /* once was enough */
    pushed_ms += 1000;
    go_round();
    engine_hint(engine, HELD, id);
    GO_UNTIL(begun_count == 1);
    CHECK(errand_call(begun[0]) && errand_answered(begun[0]));
    errand_again(take_begun(), 10 * WAIT_MS);
    for (int i = 0; i < 100; i++) /* however many */
        engine_hint(engine, HELD, id);
    go_on();
    CHECK_INT(begun_count, 0);
    pushed_ms += 500;
    GO_UNTIL(begun_count == 1);
    CHECK(errand_call(begun[0]) && errand_answered(begun[0]));
    errand_retry(take_begun(), 2000, "no luck");
    pushed_ms += 1000;
    go_round();
    engine_hint(engine, HELD, id); /* the other side asked for two seconds of peace */
    go_on();
    CHECK_INT(begun_count, 0);
    unknown = owe(HELD_NAME, 0, "two");
    engine_hint(engine, HELD, unknown);
    engine_hint(engine, HELD, 12345); /* there is no such row */
    GO_UNTIL(begun_count == 1);
    CHECK_INT(begun[0]->id, unknown);
    CHECK(begun[0]->hinted);
    die();
}

/* More than are known at a time: all are done, from the database on. */
static void test_overflow(void)
{
    clear();
    for (int i = 0; i < 30; i++)
        (void)owe(HELD_NAME, 0, SQL("%d", i));
    ends_at_once = true;
    live_holding();
    for (int i = 30; i < 40; i++)
        engine_wake(engine, HELD, owe(HELD_NAME, 0, SQL("%d", i)));
    GO_UNTIL(done() == 40);
    GO_UNTIL(engine_busy(engine) == 0);
    CHECK_INT(begun_ever, 40);
    CHECK_INT(count("TRUE"), 0);
    die();
}

int main(void)
{
    begin_stage("fotoset_test_engine_held");
    test_places_kept();
    test_asked_first();
    test_new_ones_keep_coming();
    test_plan_in_memory();
    test_hints();
    test_overflow();
    end();
    return 0;
}
