/* What db/made.sql says the migrations make is what they make, and how a plan behaves beside a live application: it
 * waits for no lock for long, holds none for long, and changes nothing. Run by tests/postgres run, which sets
 * FOTOSET_TEST_CONNINFO.
 *
 * db/made.sql is written by this program:  tests/postgres run build/tests/test_fit --write */
#include "db/db.h"
#include "db/migrate.h"
#include "tests/check.h"
#include "tests/unit/databases.h"

#include <glob.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { FILE_MAX_BYTES = 256 * 1024 };

#define MADE_PATH SOURCE_DIR "/db/made.sql"

/* The schema public, a row a thing; a sequence stands with the table it numbers, an identity's has no name of its own.
 */
static const char THINGS_SQL[] =
    "CREATE VIEW seen.things AS"
    " SELECT 'column' AS kind, c.relname::text AS relation, a.attname::text AS name, format_type(a.atttypid, NULL) AS"
    "  type, a.atttypmod AS modifier FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid"
    "  WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT "
    "a.attisdropped"
    " UNION ALL SELECT 'sequence', COALESCE(t.relname, ''), s.relname, '', -1 FROM pg_class s"
    "  LEFT JOIN pg_depend d ON d.objid = s.oid AND d.classid = 'pg_class'::regclass AND d.refobjsubid > 0"
    "  LEFT JOIN pg_class t ON t.oid = d.refobjid"
    "  WHERE s.relnamespace = 'public'::regnamespace AND s.relkind = 'S' AND d.deptype IS DISTINCT FROM 'i'"
    " UNION ALL SELECT 'function', '', p.oid::regprocedure::text, '', -1 FROM pg_proc p"
    "  WHERE p.pronamespace = 'public'::regnamespace"
    " UNION ALL SELECT 'unique', t.relname, (SELECT string_agg(a.attname, ',' ORDER BY a.attname) FROM pg_attribute a"
    "  WHERE a.attrelid = t.oid AND a.attnum = ANY (i.indkey)), '', -1 FROM pg_index i JOIN pg_class t"
    "  ON t.oid = i.indrelid WHERE t.relnamespace = 'public'::regnamespace AND i.indisunique AND i.indpred IS NULL";

/* The version that made it first: a thing is looked for only from then on. */
static const char LINES_SQL[] =
    "SELECT string_agg(format('(%s,%L,%L,%L,%L,%s)', s.version, kind, relation, name, type, modifier), E',\\n'"
    "  ORDER BY s.version, relation, kind, name) || E'\\n' FROM seen.things"
    " JOIN seen.first s USING (kind, relation, name) WHERE relation <> 'schema_migrations'";

static struct db *make_database(const char *name)
{
    struct db *db = db_new(server, NULL);
    tell(db, arena_format(&arena, "CREATE DATABASE %s", name));
    db_free(db);
    return db_new(conninfo_of(name), NULL);
}

static const char *read_file(const char *path)
{
    char *text = arena_alloc(&arena, FILE_MAX_BYTES);
    FILE *file = fopen(path, "r");
    CHECK(file != NULL && fread(text, 1, FILE_MAX_BYTES - 1, file) < FILE_MAX_BYTES - 1 && fclose(file) == 0);
    return text;
}

/* All of the file that is to be. */
static const char *made_now(void)
{
    struct db *db = make_database("made");
    tell(db, "CREATE SCHEMA seen");
    tell(db, "CREATE TABLE seen.first (version INTEGER, kind TEXT, relation TEXT, name TEXT)");
    tell(db, THINGS_SQL);
    struct migration *list = arena_array(&arena, migrations_data_count, sizeof *list); /* a copy is not compared */
    memcpy(list, migrations_data, migrations_data_count * sizeof *list);
    for (size_t i = 0; i < migrations_data_count; i++) {
        struct migrate_report report;
        CHECK_INT(migrate_run(conninfo_of("made"), list, i + 1, &report), ERR_OK);
        tell(db, arena_format(&arena,
                              "INSERT INTO seen.first SELECT %zu, kind, relation, name FROM seen.things t WHERE NOT"
                              " EXISTS (SELECT 1 FROM seen.first f WHERE (f.kind, f.relation, f.name)"
                              " = (t.kind, t.relation, t.name))",
                              i + 1));
    }
    const char *lines = ask_text(db, LINES_SQL);
    db_free(db);
    return arena_format(
        &arena,
        "-- What all migrations together make, and which of them made it first: version, kind, relation,"
        " name, type and its\n-- modifier. Written by tests/unit/test_fit.c from the migrations; not to"
        " be edited.\n%s",
        lines);
}

static int write_made(void)
{
    const char *text = made_now();
    FILE *file = fopen(MADE_PATH, "w");
    if (file == NULL || fputs(text, file) == EOF || fclose(file) != 0) {
        perror(MADE_PATH);
        return 1;
    }
    return 0;
}

static void test_made(void)
{
    if (strcmp(made_now(), read_file(MADE_PATH)) != 0) {
        fprintf(stderr, "db/made.sql is not what the migrations make: run"
                        " `tests/postgres run build/tests/test_fit --write` and build again\n");
        exit(1);
    }
}

/* The bot's own words about a table that it shares: fit.c's "('users', FALSE, '{id,…}'". NULL = none. */
static const char *use_of(const char *fit, const char *table)
{
    return strstr(fit, arena_format(&arena, "('%s', ", table));
}

/* Every INSERT into a shared table must name all columns that fit.c says it fills; and who is deleted from is said. */
static void check_statements(const char *fit, const char *made, const char *path)
{
    static const char insert[] = "INSERT INTO ", delete[] = "DELETE FROM ";
    const char *text = read_file(path);
    for (const char *at = text; (at = strpbrk(at, "ID")) != NULL; at++) {
        bool inserts = strncmp(at, insert, sizeof insert - 1) == 0;
        if (!inserts && strncmp(at, delete, sizeof delete - 1) != 0)
            continue;
        const char *name = at + sizeof insert - 1;
        const char *table = arena_copy_n(&arena, name, strspn(name, "abcdefghijklmnopqrstuvwxyz_"));
        if (strstr(made, arena_format(&arena, "(1,'column','%s',", table)) == NULL)
            continue; /* the bot's own */
        const char *use = use_of(fit, table), *names = use == NULL ? NULL : strchr(use, '{');
        bool right = names != NULL && (inserts || strstr(use, "TRUE") == use + strlen(table) + 5);
        const char *columns = arena_format(&arena, "%.*s,", (int)strcspn(name, ")"), name);
        for (const char *word = names; right && inserts && word != NULL && *word != '}';
             word += 1 + strcspn(word + 1, ",}")) {
            const char *column = arena_copy_n(&arena, word + 1, strcspn(word + 1, ",}"));
            right = strstr(columns, arena_format(&arena, " %s,", column)) != NULL ||
                    strstr(columns, arena_format(&arena, "(%s,", column)) != NULL;
        }
        if (!right) {
            fprintf(stderr, "%s: \"%.*s\" is not what db/fit.c says (uses)\n", path, (int)strcspn(at, ")") + 1, at);
            exit(1);
        }
    }
}

static void test_uses(void)
{
    const char *fit = read_file(SOURCE_DIR "/db/fit.c"), *made = read_file(MADE_PATH);
    glob_t found;
    CHECK_INT(glob(SOURCE_DIR "/db/*.c", 0, NULL, &found), 0);
    CHECK_INT(glob(SOURCE_DIR "/db/migrations/*.sql", GLOB_APPEND, NULL, &found), 0);
    for (size_t i = 0; i < found.gl_pathc; i++)
        check_statements(fit, made, found.gl_pathv[i]);
    globfree(&found);
}

static int64_t now_ms(void)
{
    struct timespec now;
    CHECK_INT(clock_gettime(CLOCK_MONOTONIC, &now), 0);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Another program's long transaction: a plan does not make its neighbours wait behind it. */
static void test_lock(void)
{
    struct db *db = make_database("locked");
    struct migrate_report report;
    CHECK_INT(migrate_run(conninfo_of("locked"), migrations_data, 1, &report), ERR_OK);
    pid_t holder = fork();
    CHECK(holder >= 0);
    if (holder == 0) {
        struct db *own = db_new(conninfo_of("locked"), NULL);
        struct db_unit *unit = db_unit_new();
        db_unit_add(unit, "SELECT pg_sleep(60) FROM (SELECT count(*) FROM generation_jobs) j", 0, NULL);
        _exit(db_run(own, unit, WAIT_MS, NULL, NULL) == ERR_OK);
    }
    static const char locked[] =
        "SELECT count(*) FROM pg_locks WHERE relation = 'generation_jobs'::regclass AND granted"
        " AND pid <> pg_backend_pid()";
    while (strcmp(ask_text(db, locked), "0") == 0)
        CHECK_INT(waitpid(holder, NULL, WNOHANG), 0);
    int64_t begun_ms = now_ms();
    CHECK_INT(migrate_plan(conninfo_of("locked"), migrations_data, migrations_data_count, &report), ERR_AGAIN);
    CHECK(now_ms() - begun_ms < 5000);
    CHECK_INT(report.fit.count, 1);
    CHECK_INT(report.fit.findings[0].level, FIT_PASSING);
    CHECK(strstr(report.fit.findings[0].what, "0002_bot: another program holds a lock") != NULL);
    CHECK(strstr(report.fit.findings[0].remedy, "FROM pg_stat_activity") != NULL);
    CHECK_INT(kill(holder, SIGKILL), 0);
    CHECK_INT(waitpid(holder, NULL, 0), holder);
    db_free(db);
}

/* Migrations that take long are not tried to their end, and leave nothing. */
static void test_slow(void)
{
    static const struct migration slow[] = {
        {1, "0001_slow", "CREATE TABLE slow (id INT); SELECT pg_sleep(6); SELECT pg_sleep(60)", "aa"}};
    struct db *db = make_database("slow");
    struct migrate_report report;
    int64_t begun_ms = now_ms();
    CHECK_INT(migrate_plan(conninfo_of("slow"), slow, 1, &report), ERR_TIMEOUT);
    CHECK(now_ms() - begun_ms >= 10 * 1000 && now_ms() - begun_ms < 16 * 1000);
    CHECK_INT(report.fit.count, 1);
    CHECK_INT(report.fit.findings[0].level, FIT_NOTE);
    CHECK(strstr(report.fit.findings[0].what, "take more than 10 s here, and were not tried to their end") != NULL);
    CHECK_TEXT(ask_text(db, "SELECT count(*) FROM pg_class WHERE relname IN ('slow', 'schema_migrations')"), "0");
    db_free(db);
}

/* A plan that is stopped in its middle (Ctrl-Z, a dead line) gives the tables of a living shop back. */
static void test_stopped(void)
{
    static const struct migration list[] = {
        {1, "0001_lock", "LOCK TABLE busy IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(2)", "aa"}};
    struct db *db = make_database("stopped");
    struct migrate_report report;
    tell(db, "CREATE TABLE busy (id INT)");
    pid_t planner = fork();
    CHECK(planner >= 0);
    if (planner == 0)
        _exit(migrate_plan(conninfo_of("stopped"), list, 1, &report) == ERR_OK);
    static const char locked[] = "SELECT count(*) FROM pg_locks WHERE relation = 'busy'::regclass AND granted";
    while (strcmp(ask_text(db, locked), "0") == 0)
        CHECK_INT(waitpid(planner, NULL, WNOHANG), 0);
    int64_t begun_ms = now_ms();
    CHECK_INT(kill(planner, SIGSTOP), 0);
    CHECK_TEXT(ask_text(db, "SELECT count(*) FROM busy"), "0");
    CHECK(now_ms() - begun_ms < 20 * 1000);
    CHECK_INT(kill(planner, SIGKILL), 0);
    CHECK_INT(waitpid(planner, NULL, 0), planner);
    db_free(db);
}

/* A role's own time limit is for its statements, not for migrations. */
static void test_role_limits(void)
{
    static const struct migration list[] = {{1, "0001_sleep", "SELECT pg_sleep(0.5)", "aa"}};
    struct db *db = make_database("limited");
    struct migrate_report report;
    tell(db, "ALTER DATABASE limited SET statement_timeout = '250ms'");
    CHECK_INT(migrate_run(conninfo_of("limited"), list, 1, &report), ERR_OK);
    CHECK_INT(report.applied, 1);
    db_free(db);
}

int main(int argc, char **argv)
{
    server = getenv("FOTOSET_TEST_CONNINFO");
    if (server == NULL) {
        fputs("FOTOSET_TEST_CONNINFO is not set: run me by tests/postgres run\n", stderr);
        return 1;
    }
    arena_init(&arena);
    if (argc == 2 && strcmp(argv[1], "--write") == 0)
        return write_made();
    test_made();
    test_uses();
    test_lock();
    test_slow();
    test_stopped();
    test_role_limits();
    arena_done(&arena);
    return 0;
}
