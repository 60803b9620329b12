/* Asking a test cluster one statement at a time, in databases of the test's own. */
#ifndef TESTS_UNIT_DATABASES_H
#define TESTS_UNIT_DATABASES_H

#include <stdio.h>
#include <stdlib.h>

#include "core/arena.h"
#include "db/db.h"

enum { WAIT_MS = 60 * 1000 };

static const char *server; /* conninfo of the test cluster */
static struct arena arena;

static inline const char *conninfo_of(const char *database)
{
    return arena_format(&arena, "%s dbname=%s", server, database);
}

/* A statement at a time, each its own transaction. Ends the program when Postgres refuses it. */
static inline struct db_result *ask(struct db *db, const char *sql)
{
    struct db_unit *unit = db_unit_new();
    struct db_result *result = NULL;
    struct db_failure failure;
    db_unit_add(unit, sql, 0, NULL);
    if (db_run(db, unit, WAIT_MS, &result, &failure) != ERR_OK) {
        fprintf(stderr, "%s %s\n  %s\n", failure.sqlstate, failure.message, sql);
        exit(1);
    }
    return result;
}

static inline void tell(struct db *db, const char *sql)
{
    db_result_free(ask(db, sql));
}

static inline const char *ask_text(struct db *db, const char *sql)
{
    struct db_result *result = ask(db, sql);
    const char *text = arena_copy(&arena, db_text(result, 0, 0, 0));
    db_result_free(result);
    return text;
}

#endif
