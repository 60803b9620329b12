/* One connection to Postgres for a single-threaded poll loop: nothing here waits. Statements are put into a unit;
 * a unit is one implicit transaction and one round trip (libpq's pipeline mode, one sync a unit); several units may
 * be on their way at once and are answered in the order of submission (but see db_submit).
 *
 *     struct db_unit *unit = db_unit_new();
 *     int read = db_unit_add(unit, "SELECT …  $1", 1, (struct db_param[]){db_int64_param(arena, id)});
 *     db_submit(db, unit, on_done, context);        // on_done comes later, from db_ready
 *
 * The loop polls db_fd() for db_events() until db_next_deadline_ms(), then calls db_ready(); it asks for all three
 * again every time round, because a connection changes them. The connection opens when something is submitted and
 * is not opened again, nor spoken to, while nothing is: an idle bot lets a serverless Postgres sleep.
 *
 * A text that comes again on a connection is prepared by itself, so keep texts constant and put what varies into
 * parameters. Works through PgBouncer in transaction mode: a pooler is recognised and then all statements are unnamed,
 * and nothing else needs a session. So no BEGIN/COMMIT, SET, PREPARE, LISTEN, COPY, temporary tables or session locks
 * in units (SET LOCAL and pg_advisory_xact_lock are fine). */
#ifndef DB_DB_H
#define DB_DB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "core/arena.h"
#include "core/err.h"
#include "db/param.h"

enum {
    DB_UNIT_STATEMENTS_MAX = 8192,        /* of one unit; more aborts: it is a bug */
    DB_STATEMENT_PARAMS_MAX = 64,         /* of one statement; more aborts */
    DB_UNIT_MAX_BYTES = 64 * 1024 * 1024, /* SQL and parameters of one unit; more fails with ERR_TOO_LARGE */
    DB_QUEUE_MAX_UNITS = 4096,            /* not answered yet; more fails with ERR_AGAIN */
    DB_IN_FLIGHT_MAX_UNITS = 16,          /* sent and not answered; the others wait in the queue */
    DB_MESSAGE_MAX_BYTES = 256,
    DB_BACKOFF_MAX_MS = 30 * 1000
};

struct db;        /* one connection, reconnecting with back-off */
struct db_unit;   /* statements of one implicit transaction */
struct db_result; /* the answers of one unit */

struct db_options {
    int64_t connect_timeout_ms; /* of one attempt; 0 = 10,000 (a sleeping serverless Postgres takes seconds) */
    int64_t unit_timeout_ms;    /* from being submitted to being answered; 0 = 30,000 */
    uint64_t (*random)(void);   /* of the wait before another try; NULL = always the longest, for tools */
    bool one_plan; /* statements that are sent by name are planned for all values at once: theirs look up by key */
    const char *resolver; /* program that looks up the host's name (db/hosts.h); copied. NULL = libpq does, which blocks
                           * as long as the resolver wants: for tools */
};

/* Why a unit failed. Parameter values never stand in the message.
 *   ERR_CONFLICT  a unique, foreign-key or exclusion constraint (23505, 23503, 23P01), or a guarded deed that found its
 *                 rows changed (FB002, db/deed.h)
 *   ERR_INVALID   a value Postgres does not take (class 22, 23502, 23514), or an unreadable connection string
 *   ERR_AGAIN     serialization failure, deadlock, lock not available, no resources, read-only (the next unit goes to
 *                 another connection), or too many units wait here: the same may go later
 *   ERR_TIMEOUT   no answer within unit_timeout_ms, or the server's statement_timeout
 *   ERR_CLOSED    the connection died after the unit's first byte was handed over
 *   ERR_DENIED    rights are missing
 *   ERR_UNSUPPORTED  the SQL and the schema don't fit together (class 42, 0A)
 *   ERR_TOO_LARGE    the unit is over DB_UNIT_MAX_BYTES; nothing was sent
 *   ERR_IO        anything else Postgres reported */
struct db_failure {
    enum err err;
    char sqlstate[6];     /* "" when the failure is not an answer of Postgres */
    int statement;        /* index of the one that failed; -1 = the commit, or the connection */
    bool maybe_committed; /* true: the outcome is unknown. false: surely nothing of the unit took effect */
    char constraint[64];  /* name of the violated constraint, or "" */
    char message[DB_MESSAGE_MAX_BYTES]; /* one line for the log */
};

/* Whose trouble a failure is, and so what helps. */
enum db_fault {
    DB_FAULT_SERVER, /* the server's own, or of the way to it: it passes, whoever asks */
    DB_FAULT_TABLE, /* a table does not take these rows (a constraint, a trigger, rights, its shape): its owner mends it
                     */
    DB_FAULT_VALUE, /* bytes that Postgres can't hold, whatever is mended */
    DB_FAULT_COUNT
};
enum db_fault db_fault_of(const struct db_failure *failure);
/* What its owner can do, for the log. */
const char *db_remedy(const char *sqlstate);

/* The end of a unit: exactly one of the two is not NULL, both are borrowed during the call. Always called from
 * db_ready (never from db_submit). May submit; must not call db_ready or db_free. */
typedef void db_done_fn(void *context, const struct db_result *result, const struct db_failure *failure);

/* Copies conninfo (a libpq connection string or URI); options may be NULL for all defaults. Never NULL, does not
 * connect yet. */
struct db *db_new(const char *conninfo, const struct db_options *options);
/* Closes at once. Units not answered yet are freed without their callback. Accepts NULL. */
void db_free(struct db *db);

int db_fd(const struct db *db);       /* -1 = no socket now */
short db_events(const struct db *db); /* what to poll(2) for; 0 = nothing */
/* revents may be 0: call it when the deadline has come. now_ms is a monotonic clock ≥ 0. */
void db_ready(struct db *db, short revents, int64_t now_ms);
/* When db_ready must be called even if the socket stays quiet: 0 = at once (something was just submitted),
 * INT64_MAX = never. */
int64_t db_next_deadline_ms(const struct db *db);
bool db_idle(const struct db *db); /* nothing submitted is unanswered */
/* There is no connection, and the next attempt to open one waits because the last one failed. */
bool db_unreachable(const struct db *db);
/* The next attempt waits no longer. */
void db_hurry(struct db *db);
bool db_connected(const struct db *db); /* for /health; says nothing of the next moment */
/* Why the last attempt to connect failed or the last connection was lost; "" = never. Without the password. */
const char *db_last_failure(const struct db *db);

struct db_unit *db_unit_new(void);
void db_unit_free(struct db_unit *unit); /* only for one that was not submitted; accepts NULL */
/* Copies sql and parameters; returns the statement's index in the unit. One SQL statement each. */
int db_unit_add(struct db_unit *unit, const char *sql, int param_count, const struct db_param *params);
int db_unit_count(const struct db_unit *unit);
/* Takes the unit. An empty unit is a bug. When the connection died before the unit was handed over it is sent on
 * the next one by itself; afterwards it fails with ERR_CLOSED and maybe_committed. A unit whose prepared statement the
 * server lost or can't use any more, so that surely nothing of it took effect, is sent again by itself, and those
 * submitted behind it may then happen before it: what must come after a unit is submitted from its callback. */
void db_submit(struct db *db, struct db_unit *unit, db_done_fn *done, void *context);

/* For tools and start-up only, it blocks: submits and polls until this unit is answered. On success *ret_result is
 * the caller's (db_result_free); ret_result may be NULL. ret_failure may be NULL; filled when the unit failed.
 * Other units of the connection go on meanwhile. ERR_TIMEOUT after timeout_ms: the connection is then closed. */
enum err db_run(struct db *db, struct db_unit *unit, int64_t timeout_ms, struct db_result **ret_result,
                struct db_failure *ret_failure) MUST_CHECK;
void db_result_free(struct db_result *result); /* only what db_run gave; accepts NULL */

/* Reading an answer. A statement, row or column that does not exist aborts: it is a bug. Texts are borrowed from
 * the result. */
int db_rows(const struct db_result *result, int statement);
int db_cols(const struct db_result *result, int statement);
int db_col(const struct db_result *result, int statement, const char *name); /* aborts when there is none */
int64_t db_affected(const struct db_result *result, int statement);          /* rows changed or selected */
bool db_is_null(const struct db_result *result, int statement, int row, int col);
const char *db_text(const struct db_result *result, int statement, int row, int col); /* NULL if SQL NULL */
int64_t db_int64(const struct db_result *result, int statement, int row, int col); /* NULL gives 0; no number aborts */
bool db_bool(const struct db_result *result, int statement, int row, int col);     /* NULL gives false */
/* A bytea column decoded into the arena; NULL if SQL NULL. */
const uint8_t *db_bytea(const struct db_result *result, int statement, int row, int col, struct arena *arena,
                        size_t *ret_bytes);

#endif
