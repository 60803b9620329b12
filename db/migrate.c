/* The migration runner.
 *
 * One round: begin, take the lock, read schema_migrations, compare it with what this program knows, apply the next
 * file and its row, commit. Rounds repeat until nothing is left. Because a file and its row commit together, being
 * killed anywhere leaves the database between two files and never inside one.
 *
 * Files have many statements, so this speaks the simple protocol and waits, on a connection of its own. It runs
 * through a pooler in transaction mode: everything, the lock and SET LOCAL too, ends with the transaction. Must not:
 * be called once the loop runs, or show values (DETAIL is never read). */
#include "db/migrate.h"

#include <libpq-fe.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* An arbitrary number that belongs to these migrations for ever. */
#define LOCK_SQL "SELECT pg_advisory_xact_lock(7036874417766400)"
/* A migration that waits for a lock makes everybody wait behind it: it gives up and says so. */
#define BEGIN_SQL "BEGIN; SET LOCAL lock_timeout = '60s'; SET LOCAL client_min_messages = warning"
#define TABLE_EXISTS_SQL "SELECT to_regclass('schema_migrations') IS NOT NULL"
#define TABLE_SQL                                                                                                      \
    "CREATE TABLE schema_migrations (version INTEGER PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL,"         \
    " applied_at TIMESTAMPTZ NOT NULL DEFAULT now())"
#define APPLIED_SQL "SELECT version, name, checksum FROM schema_migrations ORDER BY version"
#define ROW_SQL "INSERT INTO schema_migrations (version, name, checksum) VALUES ($1, $2, $3)"

struct migrating {
    PGconn *conn;
    const struct migration *migrations;
    int count;
    struct migrate_report *report;
};

static enum err say(struct migrating *run, enum err err, const char *format, ...) PRINTF_LIKE(3, 4);

static enum err say(struct migrating *run, enum err err, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char *message = run->report->message;
    (void)vsnprintf(message, MIGRATE_MESSAGE_MAX_BYTES, format, args);
    va_end(args);
    for (char *at = message; *at != '\0'; at++)
        if ((unsigned char)*at < ' ')
            *at = ' ';
    for (size_t end = strlen(message); end > 0 && message[end - 1] == ' '; end--)
        message[end - 1] = '\0';
    return err;
}

/* The line of sql that a character position (from 1) falls into. */
static int line_at(const char *sql, const char *position)
{
    long characters = position == NULL ? 0 : strtol(position, NULL, 10);
    int line = 1;
    for (const char *at = sql; *at != '\0' && characters > 1; at++) {
        line += *at == '\n';
        characters -= (at[1] & 0xC0) != 0x80;
    }
    return line;
}

static enum err say_refused(struct migrating *run, const PGresult *answer, const char *what, const char *sql)
{
    const char *state = PQresultErrorField(answer, PG_DIAG_SQLSTATE);
    const char *reason = PQresultErrorField(answer, PG_DIAG_MESSAGE_PRIMARY);
    const char *position = PQresultErrorField(answer, PG_DIAG_STATEMENT_POSITION);
    if (state == NULL || PQstatus(run->conn) == CONNECTION_BAD)
        return say(run, ERR_CLOSED, "%s: the connection broke: %s", what, PQerrorMessage(run->conn));
    if (strcmp(state, "55P03") == 0 || strcmp(state, "40P01") == 0)
        return say(run, ERR_AGAIN, "%s: another program holds a lock: %s", what, reason);
    if (position != NULL)
        return say(run, ERR_IO, "%s, line %d: %s (%s)", what, line_at(sql, position), reason, state);
    return say(run, ERR_IO, "%s: %s (%s)", what, reason == NULL ? "refused" : reason, state);
}

/* Runs sql; what stands in the message when it fails. *ret_answer may be NULL, else it is the caller's. */
static enum err execute(struct migrating *run, const char *what, const char *sql, PGresult **ret_answer)
{
    PGresult *answer = PQexec(run->conn, sql);
    ExecStatusType status = PQresultStatus(answer);
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK && status != PGRES_EMPTY_QUERY) {
        enum err err = say_refused(run, answer, what, sql);
        PQclear(answer);
        return err;
    }
    if (ret_answer != NULL)
        *ret_answer = answer;
    else
        PQclear(answer);
    return ERR_OK;
}

static void ignore_notice(void *context, const char *message)
{
    (void)context;
    (void)message;
}

static enum err connect_to(struct migrating *run, const char *conninfo)
{
    PQconninfoOption *parsed = PQconninfoParse(conninfo, NULL);
    if (parsed == NULL) /* libpq's reason may quote the password */
        return say(run, ERR_INVALID, "the connection string is unreadable");
    PQconninfoFree(parsed);
    static const char *const keywords[] = {"connect_timeout", "dbname", "client_encoding", "fallback_application_name",
                                           NULL};
    const char *const values[] = {"10", conninfo, "UTF8", "fotoset migrations", NULL};
    run->conn = PQconnectdbParams(keywords, values, 1);
    if (run->conn == NULL)
        abort();
    (void)PQsetNoticeProcessor(run->conn, ignore_notice, NULL);
    if (PQstatus(run->conn) != CONNECTION_OK)
        return say(run, ERR_CLOSED, "no connection: %s", PQerrorMessage(run->conn));
    return ERR_OK;
}

/* Is the list of applied migrations a beginning of the known ones? */
static enum err compare(struct migrating *run, const PGresult *applied)
{
    int rows = PQntuples(applied);
    run->report->version = rows == 0 ? 0 : (int)strtol(PQgetvalue(applied, rows - 1, 0), NULL, 10);
    if (run->report->version > run->count)
        return say(run, ERR_UNSUPPORTED,
                   "the database has schema version %d, this program knows only up to %d: run a newer program",
                   run->report->version, run->count);
    for (int i = 0; i < rows; i++) {
        const struct migration *known = &run->migrations[i];
        if (strtol(PQgetvalue(applied, i, 0), NULL, 10) != known->version)
            return say(run, ERR_CONFLICT, "migration %s is missing in schema_migrations although later ones are there",
                       known->name);
        if (strcmp(PQgetvalue(applied, i, 1), known->name) != 0)
            return say(run, ERR_CONFLICT, "migration %d was applied as %s, this program has %s", known->version,
                       PQgetvalue(applied, i, 1), known->name);
        if (strcmp(PQgetvalue(applied, i, 2), known->sha256) != 0)
            return say(run, ERR_CONFLICT,
                       "migration %s was changed after it had been applied (checksum %.12s…, not %.12s…)", known->name,
                       PQgetvalue(applied, i, 2), known->sha256);
    }
    return ERR_OK;
}

/* Reads and compares what was applied; the table may not exist yet. */
static enum err look(struct migrating *run, bool *ret_table_exists)
{
    PGresult *answer = NULL;
    enum err err = execute(run, "schema_migrations", TABLE_EXISTS_SQL, &answer);
    if (err != ERR_OK)
        return err;
    bool exists = PQgetvalue(answer, 0, 0)[0] == 't';
    PQclear(answer);
    *ret_table_exists = exists;
    run->report->version = 0;
    if (!exists)
        return ERR_OK;
    err = execute(run, "schema_migrations", APPLIED_SQL, &answer);
    if (err != ERR_OK)
        return err;
    err = compare(run, answer);
    PQclear(answer);
    return err;
}

static enum err write_row(struct migrating *run, const struct migration *migration)
{
    char version[16];
    (void)snprintf(version, sizeof version, "%d", migration->version);
    const char *const values[] = {version, migration->name, migration->sha256};
    PGresult *answer = PQexecParams(run->conn, ROW_SQL, 3, NULL, values, NULL, NULL, 0);
    enum err err = ERR_OK;
    if (PQresultStatus(answer) != PGRES_COMMAND_OK)
        err = say_refused(run, answer, "schema_migrations", ROW_SQL);
    PQclear(answer);
    return err;
}

static enum err apply(struct migrating *run, const struct migration *migration)
{
    enum err err = execute(run, migration->name, migration->sql, NULL);
    if (err != ERR_OK)
        return err;
    if (PQtransactionStatus(run->conn) != PQTRANS_INTRANS)
        return say(run, ERR_IO, "%s: a migration must not end its transaction", migration->name);
    err = write_row(run, migration);
    if (err != ERR_OK)
        return err;
    return execute(run, migration->name, "COMMIT", NULL);
}

/* One round of the file's opening comment. *ret_more: something was applied and there may be more. */
static enum err round_once(struct migrating *run, bool *ret_more)
{
    bool table_exists = false;
    enum err err = execute(run, "begin", BEGIN_SQL, NULL);
    if (err == ERR_OK)
        err = execute(run, "waiting for another migration", LOCK_SQL, NULL);
    if (err == ERR_OK)
        err = look(run, &table_exists);
    if (err == ERR_OK && run->report->version == run->count)
        return execute(run, "commit", "COMMIT", NULL);
    if (err == ERR_OK && !table_exists)
        err = execute(run, "schema_migrations", TABLE_SQL, NULL);
    if (err == ERR_OK)
        err = apply(run, &run->migrations[run->report->version]);
    if (err != ERR_OK)
        return err;
    run->report->version++;
    run->report->applied++;
    *ret_more = true;
    return ERR_OK;
}

static enum err open_run(struct migrating *run, const char *conninfo, const struct migration *migrations, size_t count,
                         struct migrate_report *report)
{
    *report = (struct migrate_report){0};
    *run = (struct migrating){NULL, migrations, (int)count, report};
    return connect_to(run, conninfo);
}

enum err migrate_run(const char *conninfo, const struct migration *migrations, size_t count,
                     struct migrate_report *ret_report)
{
    struct migrating run;
    enum err err = open_run(&run, conninfo, migrations, count, ret_report);
    bool more = true;
    while (err == ERR_OK && more) {
        more = false;
        err = round_once(&run, &more);
    }
    if (err == ERR_OK)
        err = say(&run, ERR_OK, "the schema is at version %d, %d applied now", ret_report->version,
                  ret_report->applied);
    PQfinish(run.conn); /* an open transaction rolls back */
    return err;
}

enum err migrate_status(const char *conninfo, const struct migration *migrations, size_t count,
                        struct migrate_report *ret_report)
{
    struct migrating run;
    bool table_exists = false;
    enum err err = open_run(&run, conninfo, migrations, count, ret_report);
    if (err == ERR_OK)
        err = look(&run, &table_exists);
    if (err == ERR_OK && ret_report->version < run.count)
        err = say(&run, ERR_NOT_FOUND, "the schema is at version %d of %d: migrations are waiting", ret_report->version,
                  run.count);
    else if (err == ERR_OK)
        err = say(&run, ERR_OK, "the schema is at version %d, up to date", ret_report->version);
    PQfinish(run.conn);
    return err;
}
