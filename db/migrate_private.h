/* What the files of the migration runner share; nobody else includes it. */
#ifndef DB_MIGRATE_PRIVATE_H
#define DB_MIGRATE_PRIVATE_H

#include <libpq-fe.h>
#include <stdbool.h>
#include <stdint.h>
#include "db/fit_ask.h"
#include "db/migrate.h"

struct migrating {
    PGconn *conn;
    const struct migration *migrations;
    int count;
    struct migrate_report *report;
    struct fit_place place;
    bool plan;      /* roll back at the end */
    bool changing;  /* a migration was refused, not a question */
    int64_t end_ms; /* then what is under way is given up; 0 = never */
    bool late;      /* it was */
    char state[6];  /* of the refusal; "" = none, or the connection's */
};

/* Opens run->conn. */
enum err migrate_connect(struct migrating *run, const char *conninfo) MUST_CHECK;
/* Runs sql, any number of statements; `what` stands in the message when it fails. *ret_answer may be NULL, else it is
 * the caller's. */
enum err migrate_execute(struct migrating *run, const char *what, const char *sql, PGresult **ret_answer) MUST_CHECK;
/* Says and remembers a refusal; the finding is made at the end, from what the catalog says of it. */
enum err migrate_refused(struct migrating *run, const PGresult *answer, const char *what, const char *sql);
/* Sets the report's message. */
void migrate_say(struct migrating *run, const char *format, ...) PRINTF_LIKE(2, 3);
/* What migrate_say said, as a finding; returns err. */
enum err migrate_fail(struct migrating *run, enum err err, enum fit_level level, const char *remedy);
int64_t migrate_clock_ms(void);

#endif
