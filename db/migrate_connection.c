/* The migration runner's connection: blocking, by the simple protocol, for files have many statements. A plan's
 * statements are given up when its time is over. Must not show values: DETAIL is never read. */
#include "core/bug.h"
#include "core/utf8.h"
#include "db/migrate_private.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "db/internal.h"

/* How long a cancel may take to be told, and to be answered. */
enum { CANCEL_MS = 2000, CANCEL_LOOK_MS = 10, CANCELED_MS = 5000 };

void migrate_say(struct migrating *run, const char *format, ...)
{
    char text[2 * MIGRATE_MESSAGE_MAX_BYTES];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    failure_set_message(run->report->message, sizeof run->report->message, text);
}

enum err migrate_fail(struct migrating *run, enum err err, enum fit_level level, const char *remedy)
{
    fit_add(&run->report->fit, level, remedy, "%s", run->report->message);
    return err;
}

/* The line of sql that a character position (from 1) falls into. */
static int line_at(const char *sql, const char *position)
{
    long characters = position == NULL ? 0 : strtol(position, NULL, 10);
    int line = 1;
    for (const char *at = sql; *at != '\0' && characters > 1; at++) {
        line += *at == '\n';
        characters -= !utf8_continues(at[1]);
    }
    return line;
}

enum err migrate_refused(struct migrating *run, const PGresult *answer, const char *what, const char *sql)
{
    const char *state = PQresultErrorField(answer, PG_DIAG_SQLSTATE);
    const char *reason = PQresultErrorField(answer, PG_DIAG_MESSAGE_PRIMARY);
    const char *position = PQresultErrorField(answer, PG_DIAG_STATEMENT_POSITION);
    if (state == NULL || PQstatus(run->conn) == CONNECTION_BAD) {
        const char *reason_of_libpq = PQerrorMessage(run->conn);
        migrate_say(run, "%s: the connection broke: %s", what,
                    reason_of_libpq[0] == '\0' ? "no answer in time" : reason_of_libpq);
        return ERR_CLOSED;
    }
    (void)snprintf(run->state, sizeof run->state, "%s", state);
    if (strcmp(state, "55P03") == 0 || strcmp(state, "40P01") == 0) {
        migrate_say(run, "%s: another program holds a lock: %s", what, reason);
        return ERR_AGAIN;
    }
    if (position != NULL)
        migrate_say(run, "%s, line %d: %s (%s)", what, line_at(sql, position), reason, state);
    else
        migrate_say(run, "%s: %s (%s)", what, reason == NULL ? "refused" : reason, state);
    return run->late ? ERR_TIMEOUT : ERR_IO;
}

int64_t migrate_clock_ms(void)
{
    struct timespec now;
    if (clock_gettime(CLOCK_MONOTONIC, &now) != 0)
        bug("there is no clock");
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* libpq cancels by a connection of its own, and waits for it without an end. So a child does, which has one. */
static void cancel(struct migrating *run)
{
    char why[128];
    PGcancel *handle = PQgetCancel(run->conn);
    run->late = true;
    if (handle == NULL) /* the connection is gone, and the statement with it */
        return;
    int64_t end_ms = migrate_clock_ms() + CANCEL_MS;
    pid_t child = fork();
    if (child == 0) {
        (void)PQcancel(handle, why, sizeof why);
        _exit(0);
    }
    while (child > 0 && waitpid(child, NULL, WNOHANG) == 0) {
        if (migrate_clock_ms() >= end_ms)
            (void)kill(child, SIGKILL);
        (void)poll(NULL, 0, CANCEL_LOOK_MS);
    }
    PQfreeCancel(handle);
}

/* PQexec with an end. Several statements have several answers: the last one, or the refusal, is what counts. */
static PGresult *query(struct migrating *run, const char *sql)
{
    PGresult *last = NULL, *answer = NULL;
    if (run->end_ms == 0)
        return PQexec(run->conn, sql);
    if (PQsendQuery(run->conn, sql) != 1)
        return NULL;
    do {
        while (PQisBusy(run->conn)) {
            struct pollfd wanted = {.fd = PQsocket(run->conn), .events = POLLIN};
            if (run->end_ms <= migrate_clock_ms() && !run->late)
                cancel(run);
            int64_t left_ms = run->end_ms + (run->late ? CANCELED_MS : 0) - migrate_clock_ms();
            if (left_ms <= 0)
                return last; /* nobody there who would hear it */
            if (poll(&wanted, 1, (int)left_ms) < 0 && errno != EINTR)
                bug("poll fails");
            if (wanted.revents != 0 && PQconsumeInput(run->conn) != 1)
                return last; /* the connection is gone */
        }
        answer = PQgetResult(run->conn);
        if (answer != NULL) {
            PQclear(last);
            last = answer;
        }
    } while (answer != NULL);
    return last;
}

enum err migrate_execute(struct migrating *run, const char *what, const char *sql, PGresult **ret_answer)
{
    PGresult *answer = query(run, sql);
    ExecStatusType status = PQresultStatus(answer);
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK && status != PGRES_EMPTY_QUERY) {
        enum err err = migrate_refused(run, answer, what, sql);
        PQclear(answer);
        return err;
    }
    if (ret_answer != NULL)
        *ret_answer = answer;
    else
        PQclear(answer);
    return run->late ? ERR_TIMEOUT : ERR_OK; /* it may have been through just before it was given up */
}

static void ignore_notice(void *context, const char *message)
{
    (void)context;
    (void)message;
}

enum err migrate_connect(struct migrating *run, const char *conninfo)
{
    PQconninfoOption *parsed = PQconninfoParse(conninfo, NULL);
    if (parsed == NULL) { /* libpq's reason may quote the password */
        migrate_say(run, "the connection string is unreadable");
        return migrate_fail(run, ERR_INVALID, FIT_MISTAKE,
                            "write database.conninfo as libpq wants it: \"host=… dbname=…\" or \"postgresql://…\"");
    }
    PQconninfoFree(parsed);
    static const char *const keywords[] = {"connect_timeout", "dbname", "client_encoding", "fallback_application_name",
                                           NULL};
    const char *const values[] = {"10", conninfo, "UTF8", "fotoset migrations", NULL};
    run->conn = PQconnectdbParams(keywords, values, 1);
    if (run->conn == NULL)
        bug("out of memory");
    (void)PQsetNoticeProcessor(run->conn, ignore_notice, NULL);
    if (PQstatus(run->conn) != CONNECTION_OK) {
        /* Also a wrong password or database: libpq gives no SQLSTATE here, and passwords are changed, and databases
         * restored, under a shop that is to come back by itself. */
        migrate_say(run, "no connection: %s", PQerrorMessage(run->conn));
        return migrate_fail(run, ERR_CLOSED, FIT_PASSING,
                            "look at database.conninfo and at the server; try it with: psql \"<conninfo>\"");
    }
    return ERR_OK;
}
