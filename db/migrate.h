/* Migrations: numbered, checksummed SQL files built into the program, applied in order, each in its own transaction
 * together with its row in schema_migrations(version, name, checksum, applied_at). Killed anywhere, it starts again
 * where it was. Several programs may migrate at once: they take turns under a transaction-level advisory lock.
 * Blocking: for start-up and tools only. */
#ifndef DB_MIGRATE_H
#define DB_MIGRATE_H

#include <stddef.h>
#include "core/err.h"
#include "db/fit.h"

enum { MIGRATE_MESSAGE_MAX_BYTES = 512 };

struct migration {
    int version;        /* from 1, without gaps */
    const char *name;   /* "0001_seed" */
    const char *sql;    /* any number of statements; must not end its transaction */
    const char *sha256; /* of the file, lower-case hex */
};

/* db/migrations, put into the program by db/embed.cmake; ascending by version. */
extern const struct migration migrations_data[];
extern const size_t migrations_data_count;
/* db/made.sql: what they make, as rows of SQL. */
extern const char migrations_made[];

struct migrate_report {
    int version; /* of the database now; 0 = no migration applied */
    int waiting; /* not applied when it was looked at last */
    int applied; /* by this call */
    char
        message[MIGRATE_MESSAGE_MAX_BYTES]; /* one line for people, without values from rows and without the password */
    struct fit fit;                         /* what is wrong, and what to do: never empty after an error */
};

/* Brings the database to the newest of the migrations, and looks whether what they made is still there. *ret_report is
 * always filled. Errors, all of them before anything of the migration at fault took effect:
 *   ERR_CLOSED       no connection, or it broke
 *   ERR_INVALID      unreadable connection string
 *   ERR_AGAIN        a lock was held for a minute (another migration, or a long transaction of another program)
 *   ERR_UNSUPPORTED  the database is newer than this program, or one that does not fit it
 *   ERR_CONFLICT     an applied migration is not the one this program knows (name or checksum)
 *   ERR_IO           Postgres refused a statement: the message has the file, the line and the reason */
enum err migrate_run(const char *conninfo, const struct migration *migrations, size_t count,
                     struct migrate_report *ret_report) MUST_CHECK;

/* The same, and all of it is rolled back. It waits for a table half a second, and holds them for ten seconds;
 * ERR_TIMEOUT and no finding above FIT_NOTE if that is not enough to try everything. */
enum err migrate_plan(const char *conninfo, const struct migration *migrations, size_t count,
                      struct migrate_report *ret_report) MUST_CHECK;

#endif
