/* The migration runner.
 *
 * One round: begin, take the lock, read schema_migrations, compare it with what this program knows, apply the next
 * file and its row, commit. Rounds repeat until nothing is left. Because a file and its row commit together, being
 * killed anywhere leaves the database between two files and never inside one. Only the first round on a new database
 * applies all files at once: what then does not fit (a table of another application's under a name of ours, which the
 * first file takes for the given schema's) was never right, and is left as it was found. A plan is such a round that is
 * rolled back.
 *
 * Files have many statements, so this speaks the simple protocol and waits, on a connection of its own. It runs
 * through a pooler in transaction mode: everything, the lock and SET LOCAL too, ends with the transaction. Must not:
 * be called once the loop runs, or show values (DETAIL is never read). */
#include "db/migrate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "db/migrate_private.h"

/* So long may a plan hold up a live web application, whose tables it locks. */
enum { PLAN_MAX_MS = 10 * 1000 };

/* An arbitrary number that belongs to these migrations for ever. */
#define LOCK_SQL "SELECT pg_advisory_xact_lock(7036874417766400)"
/* A role's own time limits are for its usual statements. What stands still with a transaction open (a stopped process,
 * a line that went dead) holds its locks no longer than this, whatever the server's keepalives think. */
#define BEGIN_SQL                                                                                                      \
    "BEGIN; SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = '60s';"                   \
    " SET LOCAL client_min_messages = warning;"
/* The wait for another migration is nobody else's. A migration that waits for a table makes everybody wait behind it:
 * it gives up and says so. A plan does before Postgres looks for a deadlock (1 s), whose victim could be the other. It
 * ends its statements by itself (PLAN_MAX_MS); the server does if it is not there any more. */
#define TURN_SQL "SET LOCAL lock_timeout = '60s'; " LOCK_SQL
#define PLAN_SQL                                                                                                       \
    "SET LOCAL lock_timeout = '500ms'; SET LOCAL statement_timeout = '20s';"                                           \
    " SET LOCAL idle_in_transaction_session_timeout = '5s'"
#define TABLE_EXISTS_SQL                                                                                               \
    "SELECT to_regclass('schema_migrations') IS NOT NULL, (SELECT count(*) FROM pg_attribute WHERE attrelid ="         \
    " to_regclass('schema_migrations') AND attname IN ('version', 'name', 'checksum', 'applied_at')) = 4"
#define TABLE_SQL                                                                                                      \
    "CREATE TABLE schema_migrations (version INTEGER PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL,"         \
    " applied_at TIMESTAMPTZ NOT NULL DEFAULT now())"
#define APPLIED_SQL "SELECT version, name, checksum FROM schema_migrations ORDER BY version"
#define ROW_SQL "INSERT INTO schema_migrations (version, name, checksum) VALUES ($1, $2, $3)"

/* Is the list of applied migrations a beginning of the known ones? */
static enum err compare(struct migrating *run, const PGresult *applied)
{
    static const char other[] = "run the program that applied it, or name another database in database.conninfo";
    int rows = PQntuples(applied);
    run->report->version = rows == 0 ? 0 : (int)strtol(PQgetvalue(applied, rows - 1, 0), NULL, 10);
    if (run->report->version > run->count) {
        migrate_say(run, "the database has schema version %d, this program knows only up to %d: run a newer program",
                    run->report->version, run->count);
        return migrate_fail(run, ERR_UNSUPPORTED, FIT_MISTAKE,
                            "install the newer fotosetd again, or restore the backup from before it");
    }
    for (int i = 0; i < rows; i++) {
        const struct migration *known = &run->migrations[i];
        if (strtol(PQgetvalue(applied, i, 0), NULL, 10) != known->version)
            migrate_say(run, "migration %s is missing in schema_migrations although later ones are there", known->name);
        else if (strcmp(PQgetvalue(applied, i, 1), known->name) != 0)
            migrate_say(run, "migration %d was applied as %s, this program has %s", known->version,
                        PQgetvalue(applied, i, 1), known->name);
        else if (strcmp(PQgetvalue(applied, i, 2), known->sha256) != 0)
            migrate_say(run, "migration %s was changed after it had been applied (checksum %.12s…, not %.12s…)",
                        known->name, PQgetvalue(applied, i, 2), known->sha256);
        else
            continue;
        return migrate_fail(run, ERR_CONFLICT, FIT_MISTAKE, other);
    }
    return ERR_OK;
}

/* Reads and compares what was applied; the table may not exist yet. */
static enum err look(struct migrating *run, bool *ret_table_exists)
{
    PGresult *answer = NULL;
    enum err err = migrate_execute(run, "schema_migrations", TABLE_EXISTS_SQL, &answer);
    if (err != ERR_OK)
        return err;
    bool exists = PQgetvalue(answer, 0, 0)[0] == 't', ours = PQgetvalue(answer, 0, 1)[0] == 't';
    PQclear(answer);
    *ret_table_exists = exists;
    run->report->version = 0;
    if (!exists)
        return ERR_OK;
    if (!ours) {
        migrate_say(run, "the table schema_migrations is another program's");
        return migrate_fail(
            run, ERR_CONFLICT, FIT_MISTAKE,
            "give the bot a schema of its own: CREATE SCHEMA fotoset; then options=-csearch_path=fotoset in"
            " database.conninfo");
    }
    err = migrate_execute(run, "schema_migrations", APPLIED_SQL, &answer);
    if (err != ERR_OK)
        return err;
    err = compare(run, answer);
    PQclear(answer);
    return err;
}

/* The end of a question of db/fit_ask.h. */
static enum err asked(struct migrating *run, PGresult *refusal)
{
    if (refusal != NULL) {
        enum err err = migrate_refused(run, refusal, "a question about the database", "");
        PQclear(refusal);
        return err;
    }
    if (fit_worst(&run->report->fit) < FIT_PASSING)
        return ERR_OK;
    for (size_t i = 0; i < run->report->fit.count; i++)
        if (run->report->fit.findings[i].level == fit_worst(&run->report->fit))
            migrate_say(run, "%s", run->report->fit.findings[i].what);
    return ERR_UNSUPPORTED;
}

static enum err write_row(struct migrating *run, const struct migration *migration)
{
    char version[16];
    (void)snprintf(version, sizeof version, "%d", migration->version);
    const char *const values[] = {version, migration->name, migration->sha256};
    PGresult *answer = PQexecParams(run->conn, ROW_SQL, 3, NULL, values, NULL, NULL, 0);
    enum err err = ERR_OK;
    if (PQresultStatus(answer) != PGRES_COMMAND_OK)
        err = migrate_refused(run, answer, "schema_migrations", ROW_SQL);
    PQclear(answer);
    return err;
}

static enum err apply(struct migrating *run, const struct migration *migration)
{
    enum err err = migrate_execute(run, migration->name, migration->sql, NULL);
    if (err != ERR_OK)
        return err;
    if (PQtransactionStatus(run->conn) != PQTRANS_INTRANS) {
        migrate_say(run, "%s: a migration must not end its transaction", migration->name);
        return migrate_fail(run, ERR_IO, FIT_MISTAKE, "install a program without that mistake");
    }
    return write_row(run, migration);
}

/* Applies what the round is to: *ret_done of them. */
static enum err apply_some(struct migrating *run, int from, bool table_exists, int *ret_done)
{
    int last = from == 0 || run->plan ? run->count : from + 1;
    enum err err = ERR_OK;
    *ret_done = 0;
    run->changing = true;
    if (run->plan) {
        run->end_ms = migrate_clock_ms() + PLAN_MAX_MS;
        err = migrate_execute(run, "begin", PLAN_SQL, NULL);
    }
    if (err == ERR_OK && !table_exists)
        err = migrate_execute(run, "schema_migrations", TABLE_SQL, NULL);
    for (int i = from; i < last && err == ERR_OK; i++) {
        err = apply(run, &run->migrations[i]);
        *ret_done += err == ERR_OK;
    }
    run->changing = err != ERR_OK;
    return err;
}

/* What the built-in ones make is known. */
static bool is_known(const struct migrating *run)
{
    return run->migrations == migrations_data && run->count == (int)migrations_data_count;
}

/* One round of the file's opening comment. *ret_more: something was applied, and more is to be applied or compared. A
 * shop that lives is compared in a round of its own: what was changed there is no reason to undo a migration. */
static enum err round_once(struct migrating *run, bool *ret_more)
{
    struct migrate_report *report = run->report;
    bool table_exists = false, compare_made = false;
    int done = 0;
    enum err err = migrate_execute(run, "begin", BEGIN_SQL, NULL);
    if (err == ERR_OK)
        err = asked(run, fit_ask_place(run->conn, &report->fit, &run->place));
    if (err == ERR_OK)
        err = migrate_execute(run, "waiting for another migration", TURN_SQL, NULL);
    if (err == ERR_OK)
        err = look(run, &table_exists);
    if (err == ERR_OK && report->version < run->count)
        fit_judge_schema(&run->place, &report->fit);
    if (err == ERR_OK)
        err = asked(run, NULL);
    if (err != ERR_OK)
        return err;
    int from = report->version;
    report->waiting = run->count - from;
    if (from < run->count)
        err = apply_some(run, from, table_exists, &done);
    compare_made = is_known(run) && from + done == run->count && (run->plan || from == 0 || done == 0);
    if (err == ERR_OK && compare_made)
        err = asked(run, fit_ask_made(run->conn, run->count, from == 0 ? FIT_FRESH : FIT_LIVING, &report->fit));
    if (err == ERR_OK)
        err = migrate_execute(run, "the end of the transaction", run->plan ? "ROLLBACK" : "COMMIT", NULL);
    if (err != ERR_OK || run->plan)
        return err;
    report->version += done;
    report->applied += done;
    *ret_more = done > 0 && !compare_made;
    return ERR_OK;
}

/* Makes a finding of a refusal: what the catalog shows to be in the way, else the refusal itself. */
static void explain(struct migrating *run, enum err err)
{
    struct fit *fit = &run->report->fit;
    if (fit_worst(fit) >= FIT_PASSING)
        return;
    if (run->late) {
        fit_add(fit, FIT_NOTE, "start it at a quiet hour: meanwhile the tables can't be used",
                "the migrations take more than %d s here, and were not tried to their end", PLAN_MAX_MS / 1000);
        return;
    }
    if (err == ERR_CLOSED) {
        fit_add(fit, FIT_PASSING, "look at the server, and at the way to it", "%s", run->report->message);
        return;
    }
    if (run->changing && is_known(run)) {
        PQclear(PQexec(run->conn, "ROLLBACK"));
        PQclear(fit_ask_made(run->conn, run->report->version, FIT_BROKEN, fit));
        if (strcmp(run->state, "42501") == 0)
            PQclear(fit_ask_owners(run->conn, fit));
    }
    if (fit_worst(fit) < FIT_PASSING)
        fit_add_refusal(fit, &run->place, run->state, run->report->message);
}

static enum err begin(struct migrating *run, const char *conninfo, const struct migration *migrations, size_t count,
                      struct migrate_report *report)
{
    *report = (struct migrate_report){0};
    *run = (struct migrating){.migrations = migrations, .count = (int)count, .report = report};
    return migrate_connect(run, conninfo);
}

static enum err end(struct migrating *run, enum err err)
{
    if (err != ERR_OK)
        explain(run, err);
    PQfinish(run->conn); /* an open transaction rolls back */
    return err;
}

enum err migrate_run(const char *conninfo, const struct migration *migrations, size_t count,
                     struct migrate_report *ret_report)
{
    struct migrating run;
    enum err err = begin(&run, conninfo, migrations, count, ret_report);
    for (bool more = true; err == ERR_OK && more;) {
        more = false;
        err = round_once(&run, &more);
    }
    if (err == ERR_OK)
        migrate_say(&run, "the schema is at version %d, %d applied now", ret_report->version, ret_report->applied);
    return end(&run, err);
}

enum err migrate_plan(const char *conninfo, const struct migration *migrations, size_t count,
                      struct migrate_report *ret_report)
{
    struct migrating run;
    bool more;
    enum err err = begin(&run, conninfo, migrations, count, ret_report);
    run.plan = true;
    if (err == ERR_OK)
        err = round_once(&run, &more);
    if (err == ERR_OK && ret_report->waiting > 0)
        migrate_say(&run, "the schema is at version %d of %d; the rest was tried and undone, run will do it",
                    ret_report->version, run.count);
    else if (err == ERR_OK)
        migrate_say(&run, "the schema is at version %d, up to date", ret_report->version);
    return end(&run, err);
}
