/* Two connections of one process, as the daemon has them for turns and for chores: neither waits for the other's
 * statements, and where their transactions get in each other's way it is nobody's fault but the server's. Run by
 * tests/postgres run, which sets FOTOSET_TEST_CONNINFO. */
#include <errno.h>
#include <poll.h>
#include <time.h>

#include "tests/check.h"
#include "tests/unit/databases.h"

struct seen {
    int calls;
    struct db_failure failure;
};

static void note(void *context, const struct db_result *result, const struct db_failure *failure)
{
    struct seen *seen = context;
    (void)result;
    seen->calls++;
    if (failure != NULL)
        seen->failure = *failure;
}

static int64_t clock_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void turn(struct db *const db[2])
{
    struct pollfd wanted[2];
    int64_t wait_ms = 1000;
    for (int i = 0; i < 2; i++) {
        int64_t left_ms = db_next_deadline_ms(db[i]) - clock_ms();
        wanted[i] = (struct pollfd){db_fd(db[i]), db_events(db[i]), 0};
        wait_ms = left_ms < wait_ms ? left_ms : wait_ms;
    }
    CHECK(poll(wanted, 2, wait_ms < 0 ? 0 : (int)wait_ms) >= 0 || errno == EINTR);
    for (int i = 0; i < 2; i++)
        db_ready(db[i], wanted[i].revents, clock_ms());
}

static void submit(struct db *db, const char *const sql[3], struct seen *seen)
{
    struct db_unit *unit = db_unit_new();
    *seen = (struct seen){0};
    for (int i = 0; i < 3 && sql[i] != NULL; i++)
        (void)db_unit_add(unit, sql[i], 0, NULL);
    db_submit(db, unit, note, seen);
}

/* The same rows, the other way round. The loser surely did nothing, and it may try again. */
static void test_deadlock(struct db *const db[2])
{
    static const char *const crossed[2][3] = {{"UPDATE crossed SET n = n + 1 WHERE id = 1", "SELECT pg_sleep(0.3)",
                                               "UPDATE crossed SET n = n + 1 WHERE id = 2"},
                                              {"UPDATE crossed SET n = n + 1 WHERE id = 2", "SELECT pg_sleep(0.3)",
                                               "UPDATE crossed SET n = n + 1 WHERE id = 1"}};
    struct seen seen[2];
    tell(db[0], "CREATE TABLE crossed AS SELECT i AS id, 0 AS n FROM generate_series(1, 2) i");
    for (int i = 0; i < 2; i++)
        submit(db[i], crossed[i], &seen[i]);
    while (seen[0].calls + seen[1].calls < 2)
        turn(db);
    int loser = seen[0].failure.err != ERR_OK ? 0 : 1;
    CHECK_INT(seen[1 - loser].failure.err, ERR_OK);
    CHECK_TEXT(seen[loser].failure.sqlstate, "40P01");
    CHECK_INT(seen[loser].failure.err, ERR_AGAIN);
    CHECK_INT(db_fault_of(&seen[loser].failure), DB_FAULT_SERVER);
    CHECK(!seen[loser].failure.maybe_committed);
    CHECK_TEXT(ask_text(db[loser], "SELECT sum(n)::text FROM crossed"), "2");
}

static void test_not_behind_each_other(struct db *const db[2])
{
    struct seen slow, quick;
    submit(db[1], (const char *const[3]){"SELECT pg_sleep(2)"}, &slow);
    turn(db);
    submit(db[0], (const char *const[3]){"SELECT 1"}, &quick);
    while (quick.calls == 0)
        turn(db);
    CHECK_INT(slow.calls, 0);
    while (slow.calls == 0)
        turn(db);
    CHECK_INT(slow.failure.err, ERR_OK);
}

int main(void)
{
    server = getenv("FOTOSET_TEST_CONNINFO");
    CHECK(server != NULL);
    struct db *db[2] = {db_new(server, NULL), db_new(server, NULL)};
    test_deadlock(db);
    test_not_behind_each_other(db);
    for (int i = 0; i < 2; i++)
        db_free(db[i]);
    arena_done(&arena);
    puts("test_db_two: ok");
    return 0;
}
