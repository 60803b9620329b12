/* Statements by name: when they are used, and that nobody notices when a name is lost, unfit or somebody else's. Needs
 * FOTOSET_TEST_CONNINFO: run by tests/postgres run. */
#include "db/db.h"
#include "tests/check.h"

#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { WAIT_MS = 20 * 1000, UNASKED = -1 };

static const char *server;
static struct arena arena;

static int64_t clock_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Until every answer is here, those to the connection's own questions too. */
static void settle(struct db *db)
{
    for (int64_t end_ms = clock_ms() + WAIT_MS; db_next_deadline_ms(db) != INT64_MAX;) {
        CHECK(clock_ms() < end_ms);
        struct pollfd wanted = {db_fd(db), db_events(db), 0};
        int got = poll(&wanted, 1, db_next_deadline_ms(db) == 0 ? 0 : 100);
        db_ready(db, got > 0 ? wanted.revents : 0, clock_ms());
    }
}

static int64_t ask(struct db *db, const char *sql)
{
    struct db_result *result = NULL;
    struct db_failure failure;
    struct db_unit *unit = db_unit_new();
    db_unit_add(unit, sql, 0, NULL);
    if (db_run(db, unit, WAIT_MS, &result, &failure) != ERR_OK) {
        fprintf(stderr, "%s: %s %s\n", sql, failure.sqlstate, failure.message);
        exit(1);
    }
    int64_t number = db_rows(result, 0) > 0 && db_cols(result, 0) > 0 && db_text(result, 0, 0, 0)[0] != '\0'
                         ? db_int64(result, 0, 0, 0)
                         : 0;
    db_result_free(result);
    settle(db);
    return number;
}

/* How often the statement was used by name since it was prepared; UNASKED: it is not. */
static int64_t named(struct db *db, const char *sql)
{
    return ask(db, arena_format(&arena,
                                "SELECT COALESCE(sum(generic_plans + custom_plans), -1) FROM pg_prepared_statements"
                                " WHERE statement = '%s' AND name LIKE 'fotoset\\_%%'",
                                sql));
}

static void terminate(struct db *db)
{
    struct db *other = db_new(server, NULL);
    int64_t backend = ask(db, "SELECT pg_backend_pid() AS backend");
    CHECK_INT(ask(other, arena_format(&arena, "SELECT pg_terminate_backend(%lld, 5000)::int", (long long)backend)), 1);
    db_free(other);
}

static void test_by_name_from_the_third_time_on(void)
{
    static const char sql[] = "SELECT 40 + 1";
    struct db *db = db_new(server, NULL);
    CHECK_INT(ask(db, sql), 41);
    CHECK_INT(named(db, sql), UNASKED);
    CHECK_INT(ask(db, sql), 41);
    CHECK_INT(named(db, sql), 0);
    CHECK_INT(ask(db, sql), 41);
    CHECK_INT(named(db, sql), 1);
    CHECK_INT(ask(db, sql), 41);
    CHECK_INT(named(db, sql), 2);
    terminate(db); /* another connection knows nothing */
    CHECK_INT(ask(db, sql), 41);
    CHECK_INT(named(db, sql), UNASKED);
    for (int i = 0; i < 2; i++)
        CHECK_INT(ask(db, sql), 41);
    CHECK_INT(named(db, sql), 1);
    db_free(db);
}

static void test_parameters(void)
{
    struct db *db = db_new(server, NULL);
    for (int i = 0; i < 20; i++) {
        struct db_unit *unit = db_unit_new();
        struct db_result *result;
        db_unit_add(unit, "SELECT $1::bigint * 2, $2::text", 2,
                    (struct db_param[]){db_int64_param(&arena, i), i % 2 == 0 ? db_null() : db_text_param("'x")});
        CHECK_INT(db_run(db, unit, WAIT_MS, &result, NULL), ERR_OK);
        CHECK_INT(db_int64(result, 0, 0, 0), 2 * i);
        CHECK_INT(db_is_null(result, 0, 0, 1), i % 2 == 0);
        db_result_free(result);
        settle(db);
    }
    CHECK(named(db, "SELECT $1::bigint * 2, $2::text") > 10);
    db_free(db);
}

/* A plan made while the table was small must not stay. */
static void test_a_name_is_renewed(void)
{
    static const char sql[] = "SELECT count(*) FROM grown WHERE id = (SELECT 7)";
    struct db *db = db_new(server, NULL);
    int64_t before = UNASKED, renewals = 0;
    ask(db, "CREATE TABLE grown (id INT PRIMARY KEY)");
    ask(db, "INSERT INTO grown VALUES (7)");
    for (int i = 0; i < 500; i++) {
        CHECK_INT(ask(db, sql), 1);
        int64_t now = named(db, sql);
        renewals += now < before;
        before = now;
    }
    CHECK_INT(renewals, 2); /* after 128, and 256 more */
    db_free(db);
}

/* Of twenty uses, whatever the values: how many had a plan of their own? Postgres guesses ten rows of an array whose
 * length it does not know, so a plan for all of them always looks dearer than one for the single row that is meant. */
static int64_t plans_of_their_own(bool one_plan)
{
    static const char sql[] = "SELECT count(*) FROM unnest($1::bigint[]) id";
    struct db *db = db_new(server, &(struct db_options){.one_plan = one_plan});
    for (int i = 0; i < 22; i++) {
        struct db_unit *unit = db_unit_new();
        struct db_result *result;
        db_unit_add(unit, sql, 1, (struct db_param[]){db_int64_array(&arena, (int64_t[]){7}, 1)});
        CHECK_INT(db_run(db, unit, WAIT_MS, &result, NULL), ERR_OK);
        CHECK_INT(db_int64(result, 0, 0, 0), 1);
        db_result_free(result);
        settle(db);
    }
    int64_t plans = ask(db, "SELECT custom_plans FROM pg_prepared_statements WHERE statement LIKE '%unnest(%'");
    CHECK_INT(named(db, sql), 20);
    db_free(db);
    return plans;
}

static void test_one_plan(void)
{
    CHECK_INT(plans_of_their_own(true), 0);
    CHECK(plans_of_their_own(false) > 0);
}

struct seen {
    int calls;
    bool failed;
};

static void note(void *context, const struct db_result *result, const struct db_failure *failure)
{
    struct seen *seen = context;
    seen->calls++;
    seen->failed = failure != NULL;
    CHECK((result == NULL) != (failure == NULL));
}

/* As when a pooler hands out another server connection. The units in flight keep their order, and happen once. */
static void test_lost_names(void)
{
    enum { UNITS = 40, BEFORE = 6 };
    static struct seen seen[UNITS];
    static const char insert[] = "INSERT INTO kept (n) VALUES ($1)";
    struct db *db = db_new(server, NULL);
    ask(db, "CREATE TABLE kept (id BIGINT GENERATED ALWAYS AS IDENTITY, n INT)");
    for (int i = 0; i < UNITS; i++) {
        struct db_unit *unit = db_unit_new();
        db_unit_add(unit, insert, 1, (struct db_param[]){db_int64_param(&arena, i)});
        if (i == BEFORE + 2)
            db_unit_add(unit, "DEALLOCATE ALL", 0, NULL);
        db_submit(db, unit, note, &seen[i]);
        if (i < BEFORE)
            settle(db);
    }
    CHECK_INT(named(db, insert), UNASKED);
    for (int i = 0; i < UNITS; i++) {
        CHECK_INT(seen[i].calls, 1);
        CHECK(!seen[i].failed);
    }
    CHECK_INT(ask(db, "SELECT count(*) FROM kept"), UNITS);
    CHECK_INT(ask(db, "SELECT count(*) FROM (SELECT n, lag(n) OVER (ORDER BY id) p FROM kept) k WHERE n <> p + 1"), 0);
    terminate(db); /* and no names any more, whatever the connection */
    for (int i = 0; i < 6; i++)
        ask(db, "SELECT 75 + 1");
    CHECK_INT(named(db, "SELECT 75 + 1"), UNASKED);
    db_free(db);
}

static void test_changed_result(void)
{
    static const char sql[] = "SELECT * FROM changing";
    struct db *db = db_new(server, NULL), *other = db_new(server, NULL);
    ask(db, "CREATE TABLE changing AS SELECT 17::int AS n");
    for (int i = 0; i < 4; i++)
        CHECK_INT(ask(db, sql), 17);
    CHECK_INT(named(db, sql), 2);
    ask(other, "ALTER TABLE changing ALTER n TYPE bigint");
    for (int i = 0; i < 4; i++)
        CHECK_INT(ask(db, sql), 17);
    CHECK_INT(named(db, sql), 2);
    terminate(db); /* the next connection names again */
    for (int i = 0; i < 4; i++)
        CHECK_INT(ask(db, sql), 17);
    CHECK_INT(named(db, sql), 2);
    db_free(db);
    db_free(other);
}

/* The same failure when it is the statement's own: told after one repetition. */
static void test_own_failure(void)
{
    static const char sql[] = "DO $$ BEGIN IF (SELECT bad FROM mood) THEN RAISE feature_not_supported; END IF; END $$";
    struct db_failure failure;
    struct db *db = db_new(server, NULL);
    ask(db, "CREATE TABLE mood AS SELECT false AS bad");
    for (int i = 0; i < 4; i++)
        ask(db, sql);
    ask(db, "UPDATE mood SET bad = true");
    struct db_unit *unit = db_unit_new();
    db_unit_add(unit, sql, 0, NULL);
    CHECK_INT(db_run(db, unit, WAIT_MS, NULL, &failure), ERR_UNSUPPORTED);
    CHECK_TEXT(failure.sqlstate, "0A000");
    CHECK(!failure.maybe_committed);
    db_free(db);
}

/* Somebody used our name on this server connection. */
static void test_taken_name(void)
{
    static const char sql[] = "SELECT 50 + 1";
    struct db *db = db_new(server, NULL), *other = db_new(server, NULL);
    struct db_result *result;
    for (int i = 0; i < 2; i++)
        ask(other, sql);
    struct db_unit *unit = db_unit_new();
    db_unit_add(unit, "SELECT name FROM pg_prepared_statements WHERE statement = 'SELECT 50 + 1'", 0, NULL);
    CHECK_INT(db_run(other, unit, WAIT_MS, &result, NULL), ERR_OK);
    ask(db, arena_format(&arena, "PREPARE %s AS SELECT 99", db_text(result, 0, 0, 0)));
    db_result_free(result);
    for (int i = 0; i < 5; i++)
        CHECK_INT(ask(db, sql), 51);
    for (int i = 0; i < 5; i++)
        CHECK_INT(ask(db, "SELECT 60 + 1"), 61);
    CHECK_INT(named(db, "SELECT 60 + 1"), UNASKED);
    db_free(db);
    db_free(other);
}

/* What can't be parsed on its own stays a text, and the others get their names. */
static void test_unpreparable(void)
{
    static const char *const sqls[] = {"CREATE TABLE brief AS SELECT 5 AS n", "SELECT n FROM brief", "DROP TABLE brief",
                                       "SELECT 70 + 1"};
    struct db *db = db_new(server, NULL);
    for (int i = 0; i < 5; i++) {
        struct db_unit *unit = db_unit_new();
        for (int k = 0; k < 4; k++)
            db_unit_add(unit, sqls[k], 0, NULL);
        CHECK_INT(db_run(db, unit, WAIT_MS, NULL, NULL), ERR_OK);
        settle(db);
    }
    CHECK_INT(named(db, sqls[1]), UNASKED);
    CHECK_INT(named(db, sqls[3]), 2); /* asked for again at the third use, because the second failed before it */
    db_free(db);
}

static void test_many_texts(void)
{
    struct db *db = db_new(server, NULL);
    for (int k = 0; k < 3; k++)
        for (int i = 0; i < 200; i++)
            CHECK_INT(ask(db, arena_format(&arena, "SELECT 1000 + %d", i)), 1000 + i);
    CHECK_INT(ask(db, "SELECT count(*) FROM pg_prepared_statements"), 128);
    db_free(db);
}

/* Passes everything on, but gives another process id in the handshake, as poolers do. */
static void forge(int client, int upstream)
{
    static const char key[] = {'K', 0, 0, 0, 12};
    char bytes[65536];
    struct pollfd ends[2] = {{client, POLLIN, 0}, {upstream, POLLIN, 0}};
    for (bool told = false;;) {
        if (poll(ends, 2, -1) < 0)
            _exit(1);
        for (int i = 0; i < 2; i++) {
            ssize_t got = ends[i].revents == 0 ? 0 : read(ends[i].fd, bytes, sizeof bytes);
            if (ends[i].revents != 0 && got <= 0)
                _exit(0);
            for (ssize_t k = 0; i == 1 && !told && k + 8 < got; k++)
                if (memcmp(bytes + k, key, sizeof key) == 0) {
                    bytes[k + 8] ^= 1;
                    told = true;
                }
            if (got > 0 && write(ends[1 - i].fd, bytes, (size_t)got) != got)
                _exit(1);
        }
    }
}

static void test_pooler(void)
{
    char dir[] = "/tmp/fotoset-forge.XXXXXX";
    struct sockaddr_un ours = {.sun_family = AF_UNIX}, theirs = {.sun_family = AF_UNIX};
    CHECK(mkdtemp(dir) != NULL);
    snprintf(ours.sun_path, sizeof ours.sun_path, "%s/.s.PGSQL.5432", dir);
    const char *from = strstr(server, "host=") + 5;
    snprintf(theirs.sun_path, sizeof theirs.sun_path, "%.*s/.s.PGSQL.5432", (int)strcspn(from, " "), from);
    int listener = socket(AF_UNIX, SOCK_STREAM, 0);
    CHECK_INT(bind(listener, (struct sockaddr *)&ours, sizeof ours), 0);
    CHECK_INT(listen(listener, 5), 0);
    pid_t pid = fork();
    CHECK(pid >= 0);
    if (pid == 0) {
        int client = accept(listener, NULL, NULL), upstream = socket(AF_UNIX, SOCK_STREAM, 0);
        if (client < 0 || connect(upstream, (struct sockaddr *)&theirs, sizeof theirs) != 0)
            _exit(1);
        forge(client, upstream);
    }
    struct db *db = db_new(arena_format(&arena, "host=%s port=5432 user=postgres dbname=postgres", dir), NULL);
    for (int i = 0; i < 6; i++)
        CHECK_INT(ask(db, "SELECT 80 + 1"), 81);
    CHECK_INT(ask(db, "SELECT count(*) FROM pg_prepared_statements"), 0);
    db_free(db);
    int status;
    CHECK_INT(waitpid(pid, &status, 0), pid);
    CHECK_INT(status, 0);
    close(listener);
    unlink(ours.sun_path);
    rmdir(dir);
}

int main(void)
{
    server = getenv("FOTOSET_TEST_CONNINFO");
    if (server == NULL) {
        fputs("FOTOSET_TEST_CONNINFO is not set: run me by tests/postgres run\n", stderr);
        return 1;
    }
    arena_init(&arena);
    test_by_name_from_the_third_time_on();
    test_parameters();
    test_a_name_is_renewed();
    test_one_plan();
    test_lost_names();
    test_changed_result();
    test_own_failure();
    test_taken_name();
    test_unpreparable();
    test_many_texts();
    test_pooler();
    arena_done(&arena);
    return 0;
}
