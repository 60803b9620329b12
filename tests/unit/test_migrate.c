/* The migrations against a real Postgres: an empty database and one that has lived end with the same schema, rows
 * and old statements survive, and a migration killed anywhere leaves nothing half done. Run by tests/postgres run. */
#include "db/migrate.h"
#include "db/db.h"
#include "tests/check.h"
#include "tests/unit/databases.h"

#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { SQL_FILE_MAX_BYTES = 256 * 1024, STATEMENTS_MAX = 1000 };

/* Everything a schema says, one line a thing; the order of columns is not a part of it. */
static const char SCHEMA_SQL[] =
    "SELECT coalesce(string_agg(line, E'\\n' ORDER BY line), '') FROM ("
    " SELECT format('column %s.%s %s %s %s', c.relname, a.attname, format_type(a.atttypid, a.atttypmod),"
    "  a.attnotnull, pg_get_expr(d.adbin, d.adrelid)) AS line"
    "  FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND"
    "  d.adnum = a.attnum WHERE c.relnamespace = 'public'::regnamespace AND a.attnum > 0 AND NOT a.attisdropped"
    "  AND c.relkind IN ('r', 'v', 'm', 'p')"
    " UNION ALL SELECT format('constraint %s %s %s', conrelid::regclass, conname, pg_get_constraintdef(oid))"
    "  FROM pg_constraint WHERE connamespace = 'public'::regnamespace"
    " UNION ALL SELECT 'index ' || indexdef FROM pg_indexes WHERE schemaname = 'public'"
    " UNION ALL SELECT format('relation %s %s', relkind, relname) FROM pg_class"
    "  WHERE relnamespace = 'public'::regnamespace"
    " UNION ALL SELECT 'trigger ' || pg_get_triggerdef(t.oid) FROM pg_trigger t WHERE NOT tgisinternal"
    " UNION ALL SELECT 'function ' || pg_get_functiondef(oid) FROM pg_proc WHERE pronamespace = 'public'::regnamespace"
    ") AS lines";

static const char *const SEED_TABLES[] = {
    "users",    "avatars",        "reference_photos", "generated_photos",  "generation_jobs",
    "payments", "referral_codes", "referrals",        "referral_balances", "referral_withdrawals"};
enum { SEED_TABLE_COUNT = sizeof SEED_TABLES / sizeof SEED_TABLES[0] };

static void make_database(const char *name, const char *like)
{
    struct db *db = db_new(server, NULL);
    tell(db, arena_format(&arena, "DROP DATABASE IF EXISTS %s WITH (FORCE)", name));
    tell(db, arena_format(&arena, "CREATE DATABASE %s TEMPLATE %s", name, like));
    db_free(db);
}

static const char *read_seed(const char *name)
{
    const char *path = arena_format(&arena, "%s/tests/unit/seed/%s", SOURCE_DIR, name);
    FILE *file = fopen(path, "r");
    CHECK(file != NULL);
    char *text = arena_alloc(&arena, SQL_FILE_MAX_BYTES);
    size_t bytes = fread(text, 1, SQL_FILE_MAX_BYTES - 1, file);
    CHECK(bytes > 0 && bytes < SQL_FILE_MAX_BYTES - 1);
    CHECK_INT(fclose(file), 0);
    return text;
}

/* The end of the statement that begins at sql: after its ';', or the final 0. Knows quotes, $$ and comments. */
static const char *statement_end(const char *sql)
{
    for (const char *at = sql; *at != '\0'; at++) {
        if (*at == ';')
            return at + 1;
        const char *close = *at == '\''                 ? "'"
                            : strncmp(at, "$$", 2) == 0 ? "$$"
                            : strncmp(at, "--", 2) == 0 ? "\n"
                                                        : NULL;
        if (close != NULL) {
            at = strstr(at + strlen(close), close);
            CHECK(at != NULL);
            at += strlen(close) - 1;
        }
    }
    return sql + strlen(sql);
}

/* Ends of all statements of sql; the rest after the last ';' is no statement. */
static size_t split(const char *sql, const char *ends[STATEMENTS_MAX])
{
    size_t count = 0;
    for (const char *at = sql; *at != '\0';) {
        at = statement_end(at);
        if (at[-1] == ';') {
            CHECK(count < STATEMENTS_MAX);
            ends[count++] = at;
        }
    }
    return count;
}

static void tell_all(struct db *db, const char *sql)
{
    const char *ends[STATEMENTS_MAX];
    size_t count = split(sql, ends);
    CHECK(count > 0);
    for (size_t i = 0; i < count; i++) {
        const char *from = i == 0 ? sql : ends[i - 1];
        tell(db, arena_copy_n(&arena, from, (size_t)(ends[i] - from)));
    }
}

static const char *schema_of(const char *database)
{
    struct db *db = db_new(conninfo_of(database), NULL);
    const char *schema = ask_text(db, SCHEMA_SQL);
    db_free(db);
    return schema;
}

static void check_same_schema(const char *got, const char *want)
{
    if (strcmp(got, want) != 0) {
        fprintf(stderr, "the schemas differ.\n--- got\n%s\n--- want\n%s\n", got, want);
        exit(1);
    }
}

static enum err migrate(const char *database, const struct migration *list, size_t count, struct migrate_report *report)
{
    return migrate_run(conninfo_of(database), list, count, report);
}

static void migrate_all(const char *database)
{
    struct migrate_report report;
    enum err err = migrate(database, migrations_data, migrations_data_count, &report);
    if (err != ERR_OK)
        fprintf(stderr, "%s: %s\n", database, report.message);
    CHECK_INT(err, ERR_OK);
    CHECK_INT(report.version, migrations_data_count);
}

/* Databases the other tests copy: empty_old and lived_old as given, with copies of their rows in schema kept. */
static void make_templates(void)
{
    make_database("empty_old", "template0");
    make_database("lived_old", "template0");
    struct db *empty = db_new(conninfo_of("empty_old"), NULL), *lived = db_new(conninfo_of("lived_old"), NULL);
    tell_all(empty, read_seed("schema.sql"));
    tell_all(lived, read_seed("schema.sql"));
    tell_all(lived, read_seed("rows.sql"));
    tell(lived, "CREATE SCHEMA kept");
    for (size_t i = 0; i < SEED_TABLE_COUNT; i++)
        tell(lived, arena_format(&arena, "CREATE TABLE kept.%s AS TABLE public.%s", SEED_TABLES[i], SEED_TABLES[i]));
    db_free(empty);
    db_free(lived);
}

static void check_rows_kept(const char *database)
{
    struct db *db = db_new(conninfo_of(database), NULL);
    for (size_t i = 0; i < SEED_TABLE_COUNT; i++) {
        const char *lost = ask_text(
            db, arena_format(&arena,
                             "SELECT (SELECT count(*) FROM kept.%s k LEFT JOIN public.%s n USING (id) WHERE "
                             "(to_jsonb(n) @> to_jsonb(k)) IS NOT TRUE)"
                             " + abs((SELECT count(*) FROM kept.%s) - (SELECT count(*) FROM public.%s))",
                             SEED_TABLES[i], SEED_TABLES[i], SEED_TABLES[i], SEED_TABLES[i]));
        CHECK_TEXT(lost, "0");
    }
    db_free(db);
}

static void test_same_schema(void)
{
    make_database("fresh", "template0");
    migrate_all("fresh");
    const char *want = schema_of("fresh");
    CHECK(strstr(want, "column users.telegram_user_id bigint") != NULL);
    CHECK(strstr(want, "payments_yookassa_payment_id_key") != NULL);
    make_database("empty", "empty_old");
    migrate_all("empty");
    check_same_schema(schema_of("empty"), want);
    make_database("lived", "lived_old");
    migrate_all("lived");
    check_same_schema(schema_of("lived"), want);
    check_rows_kept("lived");
    struct migrate_report report; /* and again: nothing to do */
    CHECK_INT(migrate("lived", migrations_data, migrations_data_count, &report), ERR_OK);
    CHECK_INT(report.applied, 0);
    check_same_schema(schema_of("lived"), want);
}

static void test_old_statements(void)
{
    struct db *db = db_new(conninfo_of("fresh"), NULL);
    tell_all(db, read_seed("statements.sql"));
    CHECK_TEXT(ask_text(db, "SELECT count(*) FROM users WHERE telegram_user_id > 4294967296"), "2");
    CHECK_TEXT(ask_text(db, "SELECT count(*) FROM payments"), "0"); /* deleting a user still cascades */
    db_free(db);
    db = db_new(conninfo_of("lived"), NULL);
    tell(db, "UPDATE users SET telegram_user_id = 9007199254740991 WHERE telegram_user_id = 2147483647");
    tell(db, "INSERT INTO users (device_id) VALUES ('next id') RETURNING id"); /* sequences go on */
    db_free(db);
}

static void check_refused(const char *database, const char *sql, const char *sqlstate)
{
    struct db *db = db_new(conninfo_of(database), NULL);
    struct db_unit *unit = db_unit_new();
    struct db_failure failure;
    db_unit_add(unit, sql, 0, NULL);
    CHECK(db_run(db, unit, WAIT_MS, NULL, &failure) != ERR_OK);
    CHECK_TEXT(failure.sqlstate, sqlstate);
    db_free(db);
}

/* The web application's own words for statuses pass, on rows old and new; what makes money doubtful does not. */
static void test_constraints(void)
{
    static const char *const theirs[] = {
        "UPDATE payments SET status = 'refunded' WHERE id = 1",
        "UPDATE payments SET updated_at = now() WHERE status = 'expired'",
        "INSERT INTO generation_jobs (avatar_id, style_id, status) VALUES (1, 'x', 'done')",
        "UPDATE generation_jobs SET completed_photos = 1 WHERE status = 'queued'",
        "UPDATE avatars SET name = 'a new name' WHERE status = 'archived'",
        "UPDATE avatars SET status = 'READY' WHERE id = 1",
        "UPDATE referral_withdrawals SET status = 'on hold' WHERE id = 1",
        "UPDATE referral_withdrawals SET payout_method = 'cash' WHERE payout_method = 'crypto'",
    };
    struct db *db = db_new(conninfo_of("lived"), NULL);
    for (size_t i = 0; i < sizeof theirs / sizeof theirs[0]; i++)
        tell(db, theirs[i]);
    db_free(db);
    check_refused("lived", "INSERT INTO payments (user_id, yookassa_payment_id, amount) VALUES (1, '2', 1)", "23505");
    check_refused("lived", "INSERT INTO users (device_id, telegram_user_id) VALUES ('again', 100)", "23505");
}

static void test_doubled_payments(void)
{
    make_database("doubled", "lived_old");
    struct db *db = db_new(conninfo_of("doubled"), NULL);
    tell(db, "INSERT INTO payments (user_id, yookassa_payment_id, amount) VALUES (1, '4', 500)");
    struct migrate_report report;
    const char *before = schema_of("doubled");
    CHECK_INT(migrate("doubled", migrations_data, migrations_data_count, &report), ERR_IO);
    CHECK(strstr(report.message, "payments: 1 yookassa_payment_id(s) stand in more than one row") != NULL);
    check_same_schema(schema_of("doubled"), before);
    tell(db, "DELETE FROM payments WHERE id = (SELECT max(id) FROM payments)");
    db_free(db);
    migrate_all("doubled");
}

/* The backend dies after each prefix of each migration: the database is as before, and goes on as if nothing was. */
static void test_killed_after_each_statement(const char *database, const char *like)
{
    struct migration *list = arena_array(&arena, migrations_data_count, sizeof *list);
    memcpy(list, migrations_data, migrations_data_count * sizeof *list);
    make_database(database, like);
    for (size_t i = 0; i < migrations_data_count; i++) {
        const char *ends[STATEMENTS_MAX], *before = schema_of(database);
        size_t count = split(migrations_data[i].sql, ends);
        for (size_t k = 0; k <= count; k++) {
            const char *end = k == 0 ? migrations_data[i].sql : ends[k - 1];
            list[i].sql = arena_format(&arena,
                                       "%.*s; SELECT pg_terminate_backend(pg_backend_pid()); SELECT pg_sleep(9)",
                                       (int)(end - migrations_data[i].sql), migrations_data[i].sql);
            struct migrate_report report;
            CHECK_INT(migrate(database, list, i + 1, &report), ERR_CLOSED);
            CHECK_INT(report.version, i);
            check_same_schema(schema_of(database), before);
        }
        struct migrate_report report;
        CHECK_INT(migrate(database, migrations_data, i + 1, &report), ERR_OK);
    }
    check_same_schema(schema_of(database), schema_of("fresh"));
}

static pid_t start_migrating(const char *database)
{
    const char *conninfo = conninfo_of(database);
    pid_t pid = fork();
    CHECK(pid >= 0);
    if (pid > 0)
        return pid;
    struct migrate_report report;
    enum err err = migrate_run(conninfo, migrations_data, migrations_data_count, &report);
    if (err != ERR_OK)
        fprintf(stderr, "%s\n", report.message);
    _exit(err == ERR_OK ? 100 + report.applied : 1);
}

/* kill -9 of the migrating process at many moments, then again until it is through. */
static void test_killed_process(void)
{
    int killed = 0;
    for (int round = 0; round < 3; round++) {
        make_database("shot", "lived_old");
        int status = 0;
        for (long wait_us = 500 + round * 700; !WIFEXITED(status) || wait_us == 500 + round * 700; wait_us += 3000) {
            pid_t pid = start_migrating("shot");
            nanosleep(&(struct timespec){0, wait_us * 1000}, NULL);
            (void)kill(pid, SIGKILL);
            CHECK_INT(waitpid(pid, &status, 0), pid);
            killed += WIFSIGNALED(status);
        }
        CHECK(WEXITSTATUS(status) >= 100);
        check_same_schema(schema_of("shot"), schema_of("fresh"));
        check_rows_kept("shot");
    }
    CHECK(killed > 0);
}

static void test_two_at_once(void)
{
    enum { MIGRATORS = 4 };
    make_database("race", "lived_old");
    pid_t pids[MIGRATORS];
    size_t applied = 0;
    for (int i = 0; i < MIGRATORS; i++)
        pids[i] = start_migrating("race");
    for (int i = 0; i < MIGRATORS; i++) {
        int status;
        CHECK_INT(waitpid(pids[i], &status, 0), pids[i]);
        CHECK(WIFEXITED(status) && WEXITSTATUS(status) >= 100);
        applied += (size_t)WEXITSTATUS(status) - 100;
    }
    CHECK_INT(applied, migrations_data_count);
    check_same_schema(schema_of("race"), schema_of("fresh"));
}

static const struct migration GOOD[] = {{1, "0001_a", "CREATE TABLE a (id INT); CREATE TABLE b (id INT)", "aa"},
                                        {2, "0002_b", "ALTER TABLE a ADD COLUMN x TEXT", "bb"}};

static void check_run(const struct migration *list, size_t count, enum err want, const char *want_message)
{
    struct migrate_report report;
    CHECK_INT(migrate("toy", list, count, &report), want);
    if (strstr(report.message, want_message) == NULL) {
        fprintf(stderr, "message is \"%s\", want \"%s\"\n", report.message, want_message);
        exit(1);
    }
}

static void test_refusals(void)
{
    struct migrate_report report;
    make_database("toy", "template0");
    const char *toy = conninfo_of("toy");
    CHECK_INT(migrate_plan(toy, GOOD, 2, &report), ERR_OK);
    CHECK_INT(report.version, 0);
    check_run(GOOD, 1, ERR_OK, "version 1, 1 applied");
    CHECK_INT(migrate_plan(toy, GOOD, 2, &report), ERR_OK);
    CHECK_INT(report.version, 1);
    check_run(GOOD, 2, ERR_OK, "version 2, 1 applied");
    CHECK_INT(migrate_plan(toy, GOOD, 2, &report), ERR_OK);
    check_run(GOOD, 1, ERR_UNSUPPORTED, "version 2, this program knows only up to 1");
    CHECK_INT(migrate_plan(toy, GOOD, 1, &report), ERR_UNSUPPORTED);
    struct migration changed[] = {GOOD[0], GOOD[1], {3, "0003_c", "CREATE TABLE c (id INT)", "cc"}};
    changed[0].sha256 = "a0";
    check_run(changed, 3, ERR_CONFLICT, "0001_a was changed");
    CHECK_INT(migrate_plan(toy, changed, 3, &report), ERR_CONFLICT);
    changed[0].sha256 = "aa";
    changed[1].name = "0002_z";
    check_run(changed, 3, ERR_CONFLICT, "migration 2 was applied as 0002_b");
    changed[1].name = "0002_b";
    changed[2].sql = "CREATE TABLE c (id INT);\n-- ёж\nCREATE TABEL d (id INT);";
    check_run(changed, 3, ERR_IO, "0003_c, line 3: syntax error");
    changed[2].sql = "CREATE TABLE c (id INT); COMMIT; CREATE TABLE e (id INT)";
    check_run(changed, 3, ERR_IO, "0003_c: a migration must not end its transaction");
}

static void test_no_connection(void)
{
    struct migrate_report report;
    CHECK_INT(migrate_run("host=/nowhere password=hunter2", GOOD, 2, &report), ERR_CLOSED);
    CHECK(strstr(report.message, "no connection") != NULL && strstr(report.message, "hunter2") == NULL);
    CHECK_INT(migrate_run("postgres://me:hunter2@[::1/x", GOOD, 2, &report), ERR_INVALID);
    CHECK(strstr(report.message, "hunter2") == NULL);
}

int main(void)
{
    server = getenv("FOTOSET_TEST_CONNINFO");
    if (server == NULL) {
        fputs("FOTOSET_TEST_CONNINFO is not set: run me by tests/postgres run\n", stderr);
        return 1;
    }
    arena_init(&arena);
    make_templates();
    test_same_schema();
    test_old_statements();
    test_constraints();
    test_doubled_payments();
    test_killed_after_each_statement("killed", "lived_old");
    check_rows_kept("killed");
    test_killed_after_each_statement("killed_new", "template0");
    test_killed_process();
    test_two_at_once();
    test_refusals();
    test_no_connection();
    arena_done(&arena);
    return 0;
}
