/* News in hand: of what was learned twice, or told by an earlier life meanwhile, nothing is stepped again; and the rows
 * of what is stepped go with it. Run by tests/postgres run, which sets FOTOSET_TEST_CONNINFO. */
#include "bot/turn/private.h"
#include "db/news.h"
#include "tests/unit/chores.h"

enum { HAPPENINGS = 5 };

static struct turns turns;
static struct happening list[HAPPENINGS];

/* Two updates, and news of which the first are in hand twice: a look found them though the chore had told of them. */
static void gather(int64_t twice, int64_t once)
{
    const int64_t ids[HAPPENINGS] = {twice, 0, once, twice, 0};
    memset(list, 0, sizeof list);
    for (size_t i = 0; i < HAPPENINGS; i++)
        list[i].event = (struct event){.kind = ids[i] == 0 ? EVENT_TEXT : EVENT_PAYMENT_SETTLED, .news_id = ids[i]};
    turns.list = list;
    turns.count = turns.size = HAPPENINGS;
    turn_news_mark(&turns);
}

/* As a turn does it: asks which stand, then tells. */
static void step(void)
{
    struct db_unit *unit = db_unit_new();
    arena_reset(&turns.try);
    turns.told_count = 0;
    turn_news_want(&turns, unit);
    struct db_result *result = run(unit);
    turn_news_loaded(&turns, result);
    db_result_free(result);
    unit = db_unit_new();
    turn_news_add(&turns, unit);
    if (db_unit_count(unit) > 0)
        db_result_free(run(unit));
    else
        db_unit_free(unit);
}

static void test_in_hand_twice(void)
{
    int64_t twice = ask("SELECT news_add(7, 'payment_settled', 8, 9, NULL)");
    int64_t once = ask("SELECT news_add(7, 'payment_settled', 9, 9, NULL)");
    gather(twice, once);
    step();
    for (size_t i = 0; i < HAPPENINGS; i++)
        CHECK_INT(list[i].fate, i == 3 ? FATE_PASS : FATE_STEP);
    CHECK_INT(turns.told_count, 2);
    CHECK_INT(ask("SELECT count(*) FROM bot_news"), 0);
}

/* Whoever learned of them knows what they are of; which ending it is stands in their row. */
static void test_word_of_row(void)
{
    int64_t late = ask("SELECT news_add(7, 'payment_settled', 8, 9, 'late')");
    int64_t double_ = ask("SELECT news_add(7, 'payment_settled', 8, 0, 'double')");
    gather(late, double_);
    step();
    CHECK_INT(list[0].event.reason, PAYMENT_LATE);
    CHECK_INT(list[2].event.reason, PAYMENT_DOUBLE);
}

static void test_told_meanwhile(void)
{
    int64_t told = ask("SELECT news_add(7, 'payment_settled', 8, 9, NULL)");
    int64_t stands = ask("SELECT news_add(7, 'payment_settled', 9, 9, NULL)");
    gather(told, stands);
    tell(SQL("DELETE FROM bot_news WHERE id = %lld", (long long)told));
    step();
    for (size_t i = 0; i < HAPPENINGS; i++)
        CHECK_INT(list[i].fate, i == 0 || i == 3 ? FATE_PASS : FATE_STEP);
    CHECK_INT(turns.told_count, 1);
    CHECK_INT(ask("SELECT count(*) FROM bot_news"), 0);
}

int main(void)
{
    begin("fotoset_test_turn_news");
    arena_init(&turns.try);
    test_in_hand_twice();
    test_word_of_row();
    test_told_meanwhile();
    arena_done(&turns.try);
    end();
    return 0;
}
