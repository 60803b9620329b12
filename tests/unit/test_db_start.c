/* What a start asks costs what there is to do, not what there ever was: many chats that want nothing are not looked at,
 * also where Postgres has no statistics of them yet; and however many want something, no single question takes long.
 * Run by tests/postgres run, which sets FOTOSET_TEST_CONNINFO. */
#include "db/commit.h"
#include "db/outbox.h"
#include "db/state.h"
#include "tests/unit/chores.h"

enum { CHATS = 100000, BOT = 77, WISHING = STATE_WISHES_MAX * 2 + 500, AT_MS = 5000 };

static void fill(void)
{
    tell("INSERT INTO bot_state (bot_id, owner) VALUES (77, 'me')");
    tell(SQL("INSERT INTO bot_sessions (chat_id, state, lang, version, avatar_id, order_id, job_id, style_id,"
             " misses, over, below, shown_at_ms, limit_at_ms, refresh_at_ms, screen_message_id)"
             " SELECT i, 'menu', 'ru', 1, 0, 0, 0, '', 0, 0, false, 0,"
             /* time limits are rounded: very many have the same; the last ones are too far away */
             " CASE WHEN i <= %d THEN %d + i %% 2 WHEN i <= %d THEN 99999 ELSE 0 END,"
             " CASE WHEN i <= 10 THEN 7 ELSE 0 END, i FROM generate_series(1, %d) i",
             WISHING, AT_MS, WISHING + 100, CHATS));
    tell("INSERT INTO outbox (id, chat_id, kind, body) SELECT i, i * 50, 'screen', '{}' FROM generate_series(1, 1000) "
         "i");
}

/* How often the whole of bot_sessions was read. */
static int64_t looks(void)
{
    tell("SELECT pg_stat_force_next_flush()");
    return ask("SELECT seq_scan FROM pg_stat_user_tables WHERE relname = 'bot_sessions'");
}

static void commit_turn(int64_t turn, int64_t high)
{
    struct db_unit *unit = db_unit_new();
    commit_add_head(unit, &arena,
                    &(struct commit_head){.bot_id = BOT, .owner = "me", .turn = turn, .high_message_id = high});
    db_result_free(run(unit));
}

static int64_t high(void)
{
    struct db_unit *unit = db_unit_new();
    outbox_add_load(unit, &arena, BOT);
    struct db_result *result = run(unit);
    int64_t id = outbox_read_high(result);
    struct outbox_row *rows;
    CHECK_INT(outbox_read_rows(result, &arena, &rows), 1000);
    CHECK_INT(rows[9].screen_message_id, 500);
    db_result_free(result);
    return id;
}

/* Every wish once, the earliest first, however many are due at the same moment. */
static void read_all(void)
{
    static bool woken[CHATS + 1];
    struct state_wish last = {0};
    int pages = 0, early = 0, wishes = 0;
    for (size_t count = STATE_WISHES_MAX; count == STATE_WISHES_MAX; pages++) {
        struct db_unit *unit = db_unit_new();
        state_add_wishes(unit, &arena, &last, 90000);
        struct db_result *result = run(unit);
        count = state_wishes(result);
        for (size_t i = 0; i < count; i++, wishes++) {
            struct state_wish wish = state_read_wish(result, i);
            CHECK(wish.at_ms >= last.at_ms && wish.chat_id <= WISHING);
            early += wish.at_ms == 7;
            CHECK(wish.at_ms == 7 || !woken[wish.chat_id]);
            woken[wish.chat_id] = woken[wish.chat_id] || wish.at_ms != 7;
            last = wish;
        }
        db_result_free(result);
    }
    CHECK_INT(pages, 3);
    CHECK_INT(early, 10);
    CHECK_INT(wishes, WISHING + 10);
}

int main(void)
{
    begin("fotoset_test_start");
    fill();
    int64_t before = looks();
    CHECK_INT(high(), 0);
    commit_turn(0, 500);
    commit_turn(1, 400); /* never back */
    CHECK_INT(high(), 500);
    read_all();
    CHECK_INT(looks(), before);
    end();
    puts("test_db_start: ok");
    return 0;
}
