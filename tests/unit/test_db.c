/* The connection against a real Postgres: order, errors, values, and every way a connection can go. Needs
 * FOTOSET_TEST_CONNINFO and FOTOSET_TEST_POSTGRES_DIR: run by tests/postgres run. */
#include "db/db.h"
#include "tests/check.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { WAIT_MS = 20 * 1000 };

static const char *server; /* conninfo of the test cluster */
static struct arena arena;

struct seen { /* what a callback saw */
    int calls;
    int order; /* the how-manieth of all callbacks */
    int64_t number;
    struct db_failure failure; /* err = ERR_OK when it went well */
};
static int callbacks;

static void note(void *context, const struct db_result *result, const struct db_failure *failure)
{
    struct seen *seen = context;
    CHECK((result == NULL) != (failure == NULL));
    seen->calls++;
    seen->order = ++callbacks;
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

/* One turn of a poll loop; waits at most max_ms. */
static void turn(struct db *db, int64_t max_ms)
{
    int64_t wait_ms = db_next_deadline_ms(db) - clock_ms();
    struct pollfd wanted = {db_fd(db), db_events(db), 0};
    wait_ms = wait_ms < 0 ? 0 : wait_ms > max_ms ? max_ms : wait_ms;
    int got = poll(&wanted, 1, (int)wait_ms);
    CHECK(got >= 0 || errno == EINTR);
    db_ready(db, got > 0 ? wanted.revents : 0, clock_ms());
}

static void wait_for(struct db *db, const struct seen *seen)
{
    int64_t end_ms = clock_ms() + WAIT_MS;
    while (seen->calls == 0) {
        CHECK(clock_ms() < end_ms);
        turn(db, 1000);
    }
    CHECK_INT(seen->calls, 1);
}

static void submit_sql(struct db *db, const char *sql, struct seen *seen)
{
    struct db_unit *unit = db_unit_new();
    db_unit_add(unit, sql, 0, NULL);
    *seen = (struct seen){0};
    db_submit(db, unit, note, seen);
}

static struct db_result *run(struct db *db, struct db_unit *unit)
{
    struct db_result *result = NULL;
    struct db_failure failure;
    if (db_run(db, unit, WAIT_MS, &result, &failure) != ERR_OK) {
        fprintf(stderr, "%s statement %d: %s\n", failure.sqlstate, failure.statement, failure.message);
        exit(1);
    }
    return result;
}

static int64_t ask(struct db *db, const char *sql)
{
    struct db_unit *unit = db_unit_new();
    db_unit_add(unit, sql, 0, NULL);
    struct db_result *result = run(db, unit);
    int64_t number = db_rows(result, 0) > 0 && db_text(result, 0, 0, 0)[0] != '\0' ? db_int64(result, 0, 0, 0) : 0;
    db_result_free(result);
    return number;
}

static void test_order(void)
{
    enum { UNITS = 100 };
    static struct seen seen[UNITS];
    struct db *db = db_new(server, NULL);
    CHECK(db_idle(db));
    CHECK_INT(db_fd(db), -1);
    CHECK(db_next_deadline_ms(db) == INT64_MAX);
    callbacks = 0;
    for (int i = 0; i < UNITS; i++)
        submit_sql(db, arena_format(&arena, "SELECT %d", i), &seen[i]);
    CHECK(!db_idle(db));
    CHECK_INT(callbacks, 0);
    wait_for(db, &seen[UNITS - 1]);
    for (int i = 0; i < UNITS; i++) {
        CHECK_INT(seen[i].calls, 1);
        CHECK_INT(seen[i].order, i + 1);
        CHECK_INT(seen[i].number, i);
    }
    CHECK(db_idle(db) && db_connected(db)); /* idle: wants to read only, and no timer */
    CHECK_INT(db_events(db), POLLIN);
    CHECK(db_next_deadline_ms(db) == INT64_MAX);
    db_free(db);
}

static void test_errors_fail_their_unit_only(void)
{
    struct seen before, after;
    struct seen failed = {0}, commit = {0};
    struct db *db = db_new(server, NULL);
    ask(db, "CREATE TABLE things (id BIGINT PRIMARY KEY, peer BIGINT, CONSTRAINT things_peer FOREIGN KEY (peer)"
            " REFERENCES things (id) DEFERRABLE INITIALLY DEFERRED)");
    submit_sql(db, "INSERT INTO things VALUES (1, NULL) RETURNING id", &before);
    struct db_unit *unit = db_unit_new();
    db_unit_add(unit, "INSERT INTO things VALUES (2, NULL)", 0, NULL);
    db_unit_add(unit, "INSERT INTO things VALUES ($1, NULL)", 1, (struct db_param[]){db_int64_param(&arena, 1)});
    db_unit_add(unit, "INSERT INTO things VALUES (3, NULL)", 0, NULL);
    db_submit(db, unit, note, &failed);
    unit = db_unit_new(); /* the constraint is checked by the commit */
    db_unit_add(unit, "INSERT INTO things VALUES (4, 999)", 0, NULL);
    db_submit(db, unit, note, &commit);
    submit_sql(db, "INSERT INTO things VALUES (5, 1) RETURNING id", &after);
    wait_for(db, &after);
    CHECK_INT(before.number, 1);
    CHECK_INT(after.number, 5);
    CHECK_INT(failed.failure.err, ERR_CONFLICT);
    CHECK_TEXT(failed.failure.sqlstate, "23505");
    CHECK_TEXT(failed.failure.constraint, "things_pkey");
    CHECK_INT(failed.failure.statement, 1);
    CHECK(!failed.failure.maybe_committed);
    CHECK_INT(commit.calls, 1);
    CHECK_TEXT(commit.failure.sqlstate, "23503");
    CHECK_INT(commit.failure.statement, -1);
    CHECK(!commit.failure.maybe_committed);
    CHECK_INT(ask(db, "SELECT sum(id) FROM things"), 1 + 5);
    db_free(db);
}

static void check_failure(struct db *db, const char *sql, const char *value, enum err err, const char *sqlstate)
{
    struct db_failure failure = {0};
    struct db_unit *unit = db_unit_new();
    db_unit_add(unit, sql, value == NULL ? 0 : 1, (struct db_param[]){db_text_param(value)});
    CHECK_INT(db_run(db, unit, WAIT_MS, NULL, &failure), err);
    CHECK_TEXT(failure.sqlstate, sqlstate);
    CHECK(failure.message[0] != '\0');
    if (value != NULL && strstr(failure.message, value) != NULL) {
        fprintf(stderr, "the message tells the value: %s\n", failure.message);
        exit(1);
    }
}

static void test_errors_are_classified_and_tell_no_values(void)
{
    struct db *db = db_new(server, NULL);
    ask(db, "CREATE TABLE strict (code TEXT UNIQUE, n INT NOT NULL DEFAULT 1 CHECK (n > 0), short VARCHAR(3))");
    ask(db, "INSERT INTO strict (code) VALUES ('4111222233334444')");
    check_failure(db, "INSERT INTO strict (code) VALUES ($1)", "4111222233334444", ERR_CONFLICT, "23505");
    check_failure(db, "INSERT INTO strict (n) VALUES ($1)", "-77", ERR_INVALID, "23514");
    check_failure(db, "INSERT INTO strict (short) VALUES ($1)", "4111222233334444", ERR_INVALID, "22001");
    check_failure(db, "INSERT INTO strict (n) VALUES (NULL)", NULL, ERR_INVALID, "23502");
    check_failure(db, "SELECT $1::bigint", "4111 2222", ERR_INVALID, "22P02");
    check_failure(db, "SELECT $1::int", "4111222233334444", ERR_INVALID, "22003");
    check_failure(db, "SELECT $1::timestamptz", "41112222", ERR_INVALID, "22008");
    check_failure(db, "SELECT $1::jsonb", "{\"a\":\"4111\"", ERR_INVALID, "22P02");
    check_failure(db, "SELECT $1::text", "\xff\xfe", ERR_INVALID, "22021");
    check_failure(db, "SELEC 1", NULL, ERR_UNSUPPORTED, "42601");
    check_failure(db, "SELECT * FROM no_such_table", NULL, ERR_UNSUPPORTED, "42P01");
    check_failure(db, "SELECT 1; SELECT 2", NULL, ERR_UNSUPPORTED, "42601");
    check_failure(db, "DO $$ BEGIN RAISE serialization_failure; END $$", NULL, ERR_AGAIN, "40001");
    check_failure(db, "DO $$ BEGIN RAISE query_canceled; END $$", NULL, ERR_TIMEOUT, "57014");
    CHECK_INT(ask(db, "SELECT 7"), 7);
    CHECK(db_connected(db));
    db_free(db);
}

static void test_scalars(void)
{
    /* Settings that must not matter. */
    struct db *db = db_new(arena_format(&arena,
                                        "%s options='-c TimeZone=Asia/Kathmandu -c DateStyle=SQL,DMY "
                                        "-c bytea_output=escape -c client_encoding=LATIN1'",
                                        server),
                           NULL);
    static const int64_t times_ms[] = {0,
                                       -1,
                                       951782399999,
                                       951868800000,
                                       1709251199999,
                                       4102444800000,
                                       -62135596800000,
                                       253402300799999,
                                       -2208988800000,
                                       1763825954123};
    uint8_t every[256];
    for (int i = 0; i < 256; i++)
        every[i] = (uint8_t)i;
    struct db_unit *unit = db_unit_new();
    db_unit_add(unit,
                "SELECT $1::bigint, $2::bigint, $3::bool, $4::bool, $5::text, $6::text, $7::numeric(10,2)::text, "
                "$8::numeric::text, $9::bytea, $10::bytea AS last",
                10,
                (struct db_param[]){db_int64_param(&arena, INT64_MIN), db_int64_param(&arena, INT64_MAX),
                                    db_bool_param(true), db_bool_param(false), db_null(), db_text_param(""),
                                    db_kopecks_param(&arena, -5), db_kopecks_param(&arena, INT64_MIN),
                                    db_bytea_param(&arena, every, 256), db_bytea_param(&arena, "", 0)});
    for (size_t i = 0; i < sizeof times_ms / sizeof times_ms[0]; i++)
        db_unit_add(unit, "SELECT (extract(epoch FROM " DB_TIME_OF_MS("$1") ") * 1000)::bigint", 1,
                    (struct db_param[]){db_int64_param(&arena, times_ms[i])});
    struct db_result *result = run(db, unit);
    CHECK(db_int64(result, 0, 0, 0) == INT64_MIN && db_int64(result, 0, 0, 1) == INT64_MAX);
    CHECK(db_bool(result, 0, 0, 2) && !db_bool(result, 0, 0, 3));
    CHECK(db_is_null(result, 0, 0, 4) && db_text(result, 0, 0, 4) == NULL && db_int64(result, 0, 0, 4) == 0);
    CHECK(!db_is_null(result, 0, 0, 5));
    CHECK_TEXT(db_text(result, 0, 0, 5), "");
    CHECK_TEXT(db_text(result, 0, 0, 6), "-0.05");
    CHECK_TEXT(db_text(result, 0, 0, 7), "-92233720368547758.08");
    size_t bytes;
    const uint8_t *data = db_bytea(result, 0, 0, 8, &arena, &bytes);
    CHECK(bytes == 256 && memcmp(data, every, 256) == 0);
    CHECK(db_bytea(result, 0, 0, 9, &arena, &bytes) != NULL && bytes == 0);
    CHECK(db_bytea(result, 0, 0, 4, &arena, &bytes) == NULL);
    CHECK_INT(db_col(result, 0, "last"), 9);
    CHECK_INT(db_cols(result, 0), 10);
    for (size_t i = 0; i < sizeof times_ms / sizeof times_ms[0]; i++)
        CHECK_INT(db_int64(result, (int)i + 1, 0, 0), times_ms[i]);
    db_result_free(result);
    db_free(db);
}

static const char *const NASTY[] = {"",           " ",
                                    "NULL",       "null",
                                    "\"",         "\\",
                                    "\\\\\"",     "{}",
                                    "{a,b}",      ",",
                                    "a,b",        "'; DROP TABLE users; --",
                                    "$1",         "line\nbreak\ttab\r",
                                    "\x01\x7f",   "ёж «Ünï» 📷",
                                    "\\x00",      "<b>&amp;</b>",
                                    "\"quoted\"", NULL,
                                    "  padded  ", "\\N",
                                    "[1:2]={a}"};
enum { NASTY_COUNT = sizeof NASTY / sizeof NASTY[0] };

static void test_arrays(void)
{
    struct db *db = db_new(server, NULL);
    struct db_unit *unit = db_unit_new();
    static const int64_t numbers[] = {INT64_MIN, -1, 0, 1, INT64_MAX};
    static const bool flags[] = {true, false, true};
    db_unit_add(unit, "SELECT t, t IS NULL FROM unnest($1::text[]) WITH ORDINALITY AS u(t, i) ORDER BY i", 1,
                (struct db_param[]){db_text_array(&arena, NASTY, NASTY_COUNT)});
    db_unit_add(unit, "SELECT n FROM unnest($1::bigint[]) WITH ORDINALITY AS u(n, i) ORDER BY i", 1,
                (struct db_param[]){db_int64_array(&arena, numbers, 5)});
    db_unit_add(unit, "SELECT b FROM unnest($1::bool[]) WITH ORDINALITY AS u(b, i) ORDER BY i", 1,
                (struct db_param[]){db_bool_array(&arena, flags, 3)});
    db_unit_add(unit, "SELECT * FROM unnest($1::text[], $2::bigint[], $3::bool[])", 3,
                (struct db_param[]){db_text_array(&arena, NULL, 0), db_int64_array(&arena, NULL, 0),
                                    db_bool_array(&arena, NULL, 0)});
    struct db_result *result = run(db, unit);
    CHECK_INT(db_rows(result, 0), NASTY_COUNT);
    for (int i = 0; i < NASTY_COUNT; i++) {
        CHECK_INT(db_bool(result, 0, i, 1), NASTY[i] == NULL);
        if (NASTY[i] != NULL)
            CHECK_TEXT(db_text(result, 0, i, 0), NASTY[i]);
    }
    for (int i = 0; i < 5; i++)
        CHECK(db_int64(result, 1, i, 0) == numbers[i]);
    for (int i = 0; i < 3; i++)
        CHECK_INT(db_bool(result, 2, i, 0), flags[i]);
    CHECK_INT(db_rows(result, 3), 0);
    db_result_free(result);
    db_free(db);
}

static void test_many_rows(void)
{
    enum { ROWS = 10000 };
    static int64_t ids[ROWS];
    static const char *names[ROWS];
    struct db *db = db_new(server, NULL);
    for (int i = 0; i < ROWS; i++) {
        ids[i] = i;
        names[i] = NASTY[i % NASTY_COUNT];
    }
    ask(db, "CREATE TABLE many (id BIGINT PRIMARY KEY, name TEXT)");
    struct db_unit *unit = db_unit_new();
    int insert = db_unit_add(
        unit, "INSERT INTO many SELECT * FROM unnest($1::bigint[], $2::text[])", 2,
        (struct db_param[]){db_int64_array(&arena, ids, ROWS), db_text_array(&arena, names, ROWS)});
    int read = db_unit_add(unit, "SELECT id, name FROM many ORDER BY id", 0, NULL);
    int big = db_unit_add(unit, "SELECT repeat('x', 8000000), $1::text", 1,
                          (struct db_param[]){db_text_param(memset(arena_alloc(&arena, 8000001), 'y', 8000000))});
    CHECK_INT(db_unit_count(unit), 3);
    struct db_result *result = run(db, unit);
    CHECK_INT(db_affected(result, insert), ROWS);
    CHECK_INT(db_rows(result, read), ROWS);
    for (int i = 0; i < ROWS; i++) {
        CHECK_INT(db_int64(result, read, i, 0), i);
        CHECK_INT(db_is_null(result, read, i, 1), names[i] == NULL);
        if (names[i] != NULL)
            CHECK_TEXT(db_text(result, read, i, 1), names[i]);
    }
    CHECK_INT(strlen(db_text(result, big, 0, 0)), 8000000);
    CHECK_INT(strlen(db_text(result, big, 0, 1)), 8000000);
    db_result_free(result);
    db_free(db);
}

static void terminate(int64_t backend)
{
    struct db *other = db_new(server, NULL);
    CHECK_INT(ask(other, arena_format(&arena, "SELECT pg_terminate_backend(%lld, 5000)::int", (long long)backend)), 1);
    db_free(other);
}

static void test_dropped_while_idle(void)
{
    struct seen seen;
    struct db *db = db_new(server, NULL);
    terminate(ask(db, "SELECT pg_backend_pid()"));
    for (int i = 0; i < 20 && db_connected(db); i++) /* noticed by the loop */
        turn(db, 100);
    CHECK(!db_connected(db));
    CHECK_INT(db_fd(db), -1);
    for (int i = 0; i < 5; i++) /* and left alone */
        turn(db, 10);
    CHECK_INT(db_fd(db), -1);
    CHECK(db_next_deadline_ms(db) == INT64_MAX);
    submit_sql(db, "SELECT 41", &seen); /* the connection had been of use: no back-off before the next one */
    turn(db, 0);
    CHECK(db_fd(db) != -1);
    wait_for(db, &seen);
    CHECK_INT(seen.number, 41);
    terminate(ask(db, "SELECT pg_backend_pid()")); /* noticed only when something is submitted */
    CHECK(db_connected(db));
    submit_sql(db, "SELECT 42", &seen);
    wait_for(db, &seen);
    CHECK_INT(seen.number, 42);
    db_free(db);
}

static void test_dropped_in_flight(void)
{
    enum { UNITS = DB_IN_FLIGHT_MAX_UNITS + 5 };
    static struct seen seen[UNITS];
    struct db *db = db_new(server, NULL);
    int64_t backend = ask(db, "SELECT pg_backend_pid()");
    submit_sql(db, "SELECT 1 FROM pg_sleep(60)", &seen[0]);
    for (int i = 1; i < UNITS; i++)
        submit_sql(db, arena_format(&arena, "SELECT %d", i), &seen[i]);
    turn(db, 0);
    terminate(backend);
    wait_for(db, &seen[UNITS - 1]);
    for (int i = 0; i < UNITS; i++) {
        bool was_sent = i < DB_IN_FLIGHT_MAX_UNITS;
        CHECK_INT(seen[i].calls, 1);
        CHECK_INT(seen[i].failure.err, was_sent ? ERR_CLOSED : ERR_OK);
        CHECK_INT(seen[i].failure.maybe_committed, was_sent);
        CHECK_INT(seen[i].number, was_sent ? 0 : i); /* never handed over: sent again by itself */
    }
    CHECK_TEXT(seen[0].failure.sqlstate, "57P01");
    db_free(db);
}

static void postgres_do(const char *verb)
{
    const char *dir = getenv("FOTOSET_TEST_POSTGRES_DIR");
    pid_t pid = fork();
    CHECK(pid >= 0);
    if (pid == 0) {
        (void)!freopen("/dev/null", "w", stdout);
        execl(SOURCE_DIR "/tests/postgres", "postgres", verb, "--no-fsync", dir, (char *)NULL);
        _exit(127);
    }
    int status;
    CHECK_INT(waitpid(pid, &status, 0), pid);
    CHECK_INT(status, 0);
}

static void test_server_restart(void)
{
    struct seen seen, sleeping;
    struct db *db = db_new(server, NULL);
    CHECK_INT(ask(db, "SELECT 1"), 1);
    submit_sql(db, "SELECT 1 FROM pg_sleep(60)", &sleeping);
    turn(db, 0);
    postgres_do("stop");
    wait_for(db, &sleeping);
    CHECK_INT(sleeping.failure.err, ERR_CLOSED);
    CHECK(sleeping.failure.maybe_committed);
    submit_sql(db, "SELECT 2", &seen);
    for (int i = 0; i < 10; i++)
        turn(db, 50);
    CHECK_INT(seen.calls, 0);
    CHECK(strstr(db_last_failure(db), "failed") != NULL);
    postgres_do("start");
    wait_for(db, &seen);
    CHECK_INT(seen.number, 2);
    db_free(db);
}

static void test_unit_timeout(void)
{
    struct seen slow, behind, next;
    struct db *db = db_new(server, &(struct db_options){.unit_timeout_ms = 300});
    int64_t began_ms = clock_ms();
    submit_sql(db, "SELECT 1 FROM pg_sleep(60)", &slow);
    submit_sql(db, "SELECT 2", &behind);
    wait_for(db, &slow);
    CHECK(clock_ms() - began_ms >= 300 && clock_ms() - began_ms < 5000);
    CHECK_INT(slow.failure.err, ERR_TIMEOUT);
    CHECK(slow.failure.maybe_committed);
    CHECK_INT(behind.failure.err, ERR_CLOSED);
    CHECK(behind.failure.maybe_committed);
    submit_sql(db, "SELECT 3", &next);
    wait_for(db, &next);
    CHECK_INT(next.number, 3);
    db_free(db);
}

static void test_run_timeout(void)
{
    struct db *db = db_new(server, NULL);
    struct db_unit *unit = db_unit_new();
    struct db_failure failure;
    db_unit_add(unit, "SELECT pg_sleep(60)", 0, NULL);
    CHECK_INT(db_run(db, unit, 200, NULL, &failure), ERR_TIMEOUT);
    CHECK(failure.maybe_committed);
    CHECK_INT(ask(db, "SELECT 5"), 5);
    db_free(db);
}

static uint64_t chance;
static uint64_t next_chance(void)
{
    return chance += 7919;
}

/* Steps a made-up clock from deadline to deadline. */
static void test_backoff(void)
{
    enum { STEPS = 14 };
    struct seen seen;
    int64_t gaps_ms[2][STEPS];
    for (int run_no = 0; run_no < 2; run_no++) {
        struct db *db = db_new("host=/nowhere/at/all password=hunter2",
                               &(struct db_options){.unit_timeout_ms = 1000000000, .random = next_chance});
        int64_t now_ms = 1000, longest_ms = 0;
        submit_sql(db, "SELECT 1", &seen);
        CHECK_INT(db_next_deadline_ms(db), 0);
        db_ready(db, 0, now_ms);
        CHECK(strstr(db_last_failure(db), "/nowhere/at/all") != NULL);
        CHECK(strstr(db_last_failure(db), "hunter2") == NULL);
        for (int i = 0; i < STEPS; i++) {
            int64_t next_ms = db_next_deadline_ms(db);
            gaps_ms[run_no][i] = next_ms - now_ms;
            CHECK(gaps_ms[run_no][i] >= 1 && gaps_ms[run_no][i] <= DB_BACKOFF_MAX_MS);
            longest_ms = gaps_ms[run_no][i] > longest_ms ? gaps_ms[run_no][i] : longest_ms;
            now_ms = next_ms;
            db_ready(db, 0, now_ms);
        }
        CHECK(gaps_ms[run_no][0] <= 200);
        CHECK(longest_ms >= DB_BACKOFF_MAX_MS / 4);
        CHECK_INT(seen.calls, 0);
        db_ready(db, 0, 2000000000); /* its time is over: it surely did not happen */
        CHECK_INT(seen.calls, 1);
        CHECK_INT(seen.failure.err, ERR_TIMEOUT);
        CHECK(!seen.failure.maybe_committed);
        CHECK(strstr(seen.failure.message, "/nowhere/at/all") != NULL);
        CHECK(db_next_deadline_ms(db) == INT64_MAX); /* nothing to send: no more attempts */
        db_free(db);
    }
    CHECK(memcmp(gaps_ms[0], gaps_ms[1], sizeof gaps_ms[0]) != 0);
}

/* A server that takes the connection and says nothing. */
static void test_connect_timeout(void)
{
    char dir[] = "/tmp/fotoset-mute.XXXXXX";
    CHECK(mkdtemp(dir) != NULL);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s/.s.PGSQL.5432", dir);
    int listener = socket(AF_UNIX, SOCK_STREAM, 0);
    CHECK_INT(bind(listener, (struct sockaddr *)&address, sizeof address), 0);
    CHECK_INT(listen(listener, 5), 0);
    struct seen seen;
    struct db *db = db_new(arena_format(&arena, "host=%s port=5432 user=x dbname=x", dir),
                           &(struct db_options){.connect_timeout_ms = 100, .unit_timeout_ms = 1000});
    int64_t began_ms = clock_ms();
    submit_sql(db, "SELECT 1", &seen);
    wait_for(db, &seen);
    CHECK(clock_ms() - began_ms >= 1000 && clock_ms() - began_ms < 5000);
    CHECK_INT(seen.failure.err, ERR_TIMEOUT);
    CHECK(!seen.failure.maybe_committed);
    CHECK_TEXT(seen.failure.message, "connecting took too long");
    db_free(db);
    close(listener);
    unlink(address.sun_path);
    rmdir(dir);
}

static void test_unreadable_conninfo(void)
{
    struct seen seen;
    struct db *db = db_new("postgres://me:hunter2@[::1/x", &(struct db_options){.unit_timeout_ms = 100});
    submit_sql(db, "SELECT 1", &seen);
    wait_for(db, &seen);
    CHECK(strstr(seen.failure.message, "unreadable") != NULL && strstr(seen.failure.message, "hunter2") == NULL);
    db_free(db);
}

static void test_full_queue(void)
{
    static struct seen seen[DB_QUEUE_MAX_UNITS + 1];
    struct db *db = db_new("host=/nowhere", NULL);
    for (int i = 0; i <= DB_QUEUE_MAX_UNITS; i++)
        submit_sql(db, "SELECT 1", &seen[i]);
    db_ready(db, 0, 1000);
    CHECK_INT(seen[DB_QUEUE_MAX_UNITS].failure.err, ERR_AGAIN);
    CHECK_INT(seen[DB_QUEUE_MAX_UNITS - 1].calls, 0);
    db_free(db); /* without callbacks */
    CHECK_INT(seen[0].calls, 0);
}

struct chain {
    struct db *db;
    int left;
    struct seen end;
};

static void chain_next(void *context, const struct db_result *result, const struct db_failure *failure)
{
    struct chain *chain = context;
    CHECK(failure == NULL && result != NULL);
    if (--chain->left == 0) {
        chain->end.calls = 1;
        return;
    }
    struct db_unit *unit = db_unit_new();
    db_unit_add(unit, "SELECT 1", 0, NULL);
    db_submit(chain->db, unit, chain_next, chain);
}

static void test_submit_from_callback(void)
{
    struct chain chain = {db_new(server, NULL), 501, {0}};
    struct db_unit *unit = db_unit_new();
    db_unit_add(unit, "SELECT 1", 0, NULL);
    db_submit(chain.db, unit, chain_next, &chain);
    wait_for(chain.db, &chain.end);
    CHECK(db_idle(chain.db));
    db_free(chain.db);
}

int main(void)
{
    server = getenv("FOTOSET_TEST_CONNINFO");
    if (server == NULL || getenv("FOTOSET_TEST_POSTGRES_DIR") == NULL) {
        fputs("FOTOSET_TEST_CONNINFO or FOTOSET_TEST_POSTGRES_DIR is not set: run me by tests/postgres run\n", stderr);
        return 1;
    }
    arena_init(&arena);
    test_order();
    test_errors_fail_their_unit_only();
    test_errors_are_classified_and_tell_no_values();
    test_scalars();
    test_arrays();
    test_many_rows();
    test_dropped_while_idle();
    test_dropped_in_flight();
    test_server_restart();
    test_unit_timeout();
    test_run_timeout();
    test_backoff();
    test_connect_timeout();
    test_unreadable_conninfo();
    test_full_queue();
    test_submit_from_callback();
    arena_done(&arena);
    return 0;
}
