/* A server that turned read-only under an open connection is left for another one, without doubt about what was under
 * way, and not hammered when there is no other. Needs FOTOSET_TEST_CONNINFO: run by tests/postgres run. */
#include "db/db.h"
#include "tests/check.h"

#include <errno.h>
#include <poll.h>
#include <time.h>

enum { WAIT_MS = 20 * 1000 };

static struct arena arena;
static const char *conninfo;
static struct db *root; /* of the cluster, in another database */

struct seen {
    int calls;
    int64_t number;
    struct db_failure failure;
};

static void note(void *context, const struct db_result *result, const struct db_failure *failure)
{
    struct seen *seen = context;
    seen->calls++;
    if (failure != NULL)
        seen->failure = *failure;
    else if (db_rows(result, 0) > 0)
        seen->number = db_int64(result, 0, 0, 0);
}

static int64_t clock_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void turn(struct db *db, int64_t max_ms)
{
    int64_t wait_ms = db_next_deadline_ms(db) - clock_ms();
    struct pollfd wanted = {db_fd(db), db_events(db), 0};
    wait_ms = wait_ms < 0 ? 0 : wait_ms > max_ms ? max_ms : wait_ms;
    int got = poll(&wanted, 1, (int)wait_ms);
    CHECK(got >= 0 || errno == EINTR);
    db_ready(db, got > 0 ? wanted.revents : 0, clock_ms());
}

static void submit(struct db *db, const char *sql, struct seen *seen)
{
    struct db_unit *unit = db_unit_new();
    db_unit_add(unit, sql, 0, NULL);
    *seen = (struct seen){0};
    db_submit(db, unit, note, seen);
}

static void wait_for(struct db *db, const struct seen *seen)
{
    for (int64_t end_ms = clock_ms() + WAIT_MS; seen->calls == 0; turn(db, 1000))
        CHECK(clock_ms() < end_ms);
    CHECK_INT(seen->calls, 1);
}

static int64_t ask(struct db *db, const char *sql)
{
    struct seen seen;
    submit(db, sql, &seen);
    wait_for(db, &seen);
    if (seen.failure.err != ERR_OK) {
        fprintf(stderr, "%s: %s %s\n", sql, seen.failure.sqlstate, seen.failure.message);
        exit(1);
    }
    return seen.number;
}

static void check_refused(const struct seen *seen)
{
    CHECK_INT(seen->calls, 1);
    CHECK_TEXT(seen->failure.sqlstate, "25006");
    CHECK_INT(seen->failure.err, ERR_AGAIN);
    CHECK(!seen->failure.maybe_committed);
}

/* One connection turned read-only, as all of a demoted primary do; a new one is fine. */
static void test_another_connection(void)
{
    struct seen before, refused, read, also, after;
    struct db *db = db_new(conninfo, NULL);
    ask(db, "CREATE TABLE things (id BIGINT)");
    int64_t pid = ask(db, "SELECT pg_backend_pid()");
    ask(db, "SET default_transaction_read_only = on");
    submit(db, "SELECT pg_backend_pid()", &before);
    submit(db, "INSERT INTO things VALUES (1)", &refused);
    submit(db, "SELECT pg_backend_pid()", &read);
    submit(db, "INSERT INTO things VALUES (2)", &also);
    wait_for(db, &also);
    CHECK_INT(before.number, pid); /* what was handed over is answered, nothing is in doubt */
    CHECK_INT(read.number, pid);
    check_refused(&refused);
    check_refused(&also);
    submit(db, "INSERT INTO things VALUES (3) RETURNING id", &after);
    wait_for(db, &after);
    CHECK_INT(after.failure.err, ERR_OK);
    CHECK_INT(after.number, 3);
    CHECK(ask(db, "SELECT pg_backend_pid()") != pid);
    CHECK_INT(ask(db, "SELECT count(*) FROM things"), 1);
    db_free(db);
}

/* The connection string asks for the primary, and there is none for a while: the next unit waits for it. */
static void test_no_primary_for_a_while(void)
{
    struct seen refused, after;
    struct db *db = db_new(arena_format(&arena, "%s target_session_attrs=read-write", conninfo), NULL);
    ask(db, "SET default_transaction_read_only = on");
    ask(root, "ALTER DATABASE primary_test SET default_transaction_read_only = on");
    submit(db, "INSERT INTO things VALUES (4)", &refused);
    wait_for(db, &refused);
    check_refused(&refused);
    submit(db, "INSERT INTO things VALUES (5) RETURNING id", &after);
    for (int64_t end_ms = clock_ms() + 1000; clock_ms() < end_ms; turn(db, 50))
        CHECK_INT(after.calls, 0);
    ask(root, "ALTER DATABASE primary_test RESET default_transaction_read_only");
    wait_for(db, &after);
    CHECK_INT(after.number, 5);
    db_free(db);
}

/* Read-only for good: reading goes on, and connections are made ever more seldom. */
static void test_not_hammered(void)
{
    enum { FOR_MS = 3000, CONNECTIONS_MAX = 8 };
    int connections = 0;
    int64_t pid = 0;
    struct seen seen;
    struct db *db = db_new(conninfo, NULL);
    ask(root, "ALTER DATABASE primary_test SET default_transaction_read_only = on");
    for (int64_t end_ms = clock_ms() + FOR_MS; clock_ms() < end_ms;) {
        int64_t other = ask(db, "SELECT pg_backend_pid()"); /* that it can be read says nothing */
        connections += other != pid;
        pid = other;
        submit(db, "INSERT INTO things VALUES (6)", &seen);
        wait_for(db, &seen);
        check_refused(&seen);
    }
    CHECK(connections >= 3 && connections <= CONNECTIONS_MAX);
    ask(root, "ALTER DATABASE primary_test RESET default_transaction_read_only");
    db_free(db);
}

/* It is so once an attempt failed, and not while one is due or wanted. */
static void test_unreachable(void)
{
    struct seen seen;
    struct db *db = db_new("host=/nowhere/at/all", NULL);
    submit(db, "SELECT 1", &seen);
    CHECK(!db_unreachable(db));
    db_ready(db, 0, 1000);
    CHECK(db_unreachable(db));
    db_hurry(db);
    CHECK(!db_unreachable(db) && db_next_deadline_ms(db) <= 1000);
    db_ready(db, 0, 1000);
    CHECK(db_unreachable(db) && db_next_deadline_ms(db) > 1000);
    db_free(db);
}

int main(void)
{
    const char *server = getenv("FOTOSET_TEST_CONNINFO");
    CHECK(server != NULL);
    arena_init(&arena);
    root = db_new(server, NULL);
    conninfo = arena_format(&arena, "%s dbname=primary_test", server);
    ask(root, "DROP DATABASE IF EXISTS primary_test WITH (FORCE)");
    ask(root, "CREATE DATABASE primary_test");
    test_another_connection();
    test_no_primary_for_a_while();
    test_not_hammered();
    test_unreachable();
    ask(root, "DROP DATABASE primary_test WITH (FORCE)");
    db_free(root);
    arena_done(&arena);
    return 0;
}
