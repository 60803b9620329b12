/* What the files of the connection share; nobody else includes it. */
#ifndef DB_INTERNAL_H
#define DB_INTERNAL_H

#include <libpq-fe.h>
#include "db/db.h"

struct db_statement {
    const char *sql;
    const char *name; /* not NULL: to be prepared under this name, not executed */
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
    bool is_own;         /* the connection's own, not submitted by anybody */
    bool is_named;       /* a statement of it was sent by name */
    int64_t number;      /* the how-manieth that was submitted */
    int seen;            /* statements answered in any way, by a failure too */
    int64_t deadline_ms; /* 0 = the clock has not been read since it was submitted */
    db_done_fn *done;
    void *context;
};

struct db_list {
    struct db_unit *head, *tail;
    int count;
};

void list_push(struct db_list *list, struct db_unit *unit);
/* Puts it before the first one with a higher number. */
void list_put(struct db_list *list, struct db_unit *unit);
struct db_unit *list_take(struct db_list *list); /* the head; there must be one */
void list_free(struct db_list *list);

/* A fresh empty result for count statements. */
struct db_result *unit_result_new(int count);
/* Calls back with what the unit has and frees it. */
void unit_finish(struct db_unit *unit);
/* Finishes it as failed, unless it failed on its own before. */
void unit_fail(struct db_unit *unit, enum err err, bool maybe_committed, const char *message);
/* Forgets how it fared, so that it can be sent again. */
void unit_reset(struct db_unit *unit);
/* Is it the server that can't do such a thing, or the connection to it, so that another one may do the same? */
bool failure_may_pass_elsewhere(const struct db_failure *failure);
/* Fills failure from an error Postgres reported. */
void failure_read(struct db_failure *failure, const PGresult *answer, int statement);
/* Fails every unit with ERR_TIMEOUT, closing the connection. */
void db_give_up(struct db *db, int64_t now_ms);
/* One line of text without control characters, cut at a character. */
void failure_set_message(char *message, size_t max_bytes, const char *text);

/* Which statements the connection sends by name (db/names.c). */
struct names;
struct names *names_new(bool one_plan); /* as db_options */
void names_free(struct names *names);   /* accepts NULL */
/* A new connection, on which nothing is prepared. backend is the process id its handshake gave. */
void names_begin(struct names *names, int backend);
/* Counts a use of the statement on this connection; the name to send it by, or NULL: as a text. */
const char *names_use(struct names *names, const char *sql);
/* What is to be sent behind the unit whose statements were counted last, a unit of our own with its deadline and
 * number; NULL = nothing. */
struct db_unit *names_take_unit(struct names *names, const struct db_unit *behind);
/* A unit that used names failed. True: for that only, nothing of it took effect, and it may be sent again: no more
 * names for now. */
bool names_failed(struct names *names, const struct db_failure *failure);

#endif
