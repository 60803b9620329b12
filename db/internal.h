/* What the files of the connection share; nobody else includes it. */
#ifndef DB_INTERNAL_H
#define DB_INTERNAL_H

#include <libpq-fe.h>
#include "db/db.h"

struct db_statement {
    const char *sql;
    int param_count;
    const char *const *values;
};

struct db_result {
    int count;
    PGresult **answers; /* one per statement */
};

struct db_unit {
    struct db_unit *next; /* in the list it stands in */
    struct arena arena;
    int count, capacity;
    struct db_statement *statements; /* in the arena */
    struct db_result *result;        /* as far as answered */
    struct db_failure failure;
    bool failed;         /* failure is filled */
    bool kept;           /* db_run takes the result over */
    int seen;            /* statements answered in any way, by a failure too */
    int64_t deadline_ms; /* 0 = the clock has not been read since it was submitted */
    db_done_fn *done;
    void *context;
};

/* A fresh empty result for count statements. */
struct db_result *unit_result_new(int count);
/* Calls back with what the unit has and frees it. */
void unit_finish(struct db_unit *unit);
/* Finishes it as failed, unless it failed on its own before. */
void unit_fail(struct db_unit *unit, enum err err, bool maybe_committed, const char *message);
/* Fills failure from an error Postgres reported. */
void failure_read(struct db_failure *failure, const PGresult *answer, int statement);
/* Fails every unit with ERR_TIMEOUT, closing the connection. */
void db_give_up(struct db *db, int64_t now_ms);
/* One line of text without control characters, cut at a character. */
void failure_set_message(char *message, size_t max_bytes, const char *text);

#endif
