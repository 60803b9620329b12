/* Migrations: numbered, checksummed SQL files built into the program, applied in order, each in its own transaction
 * together with its row in schema_migrations. Blocking: for start-up and tools only. */
#ifndef DB_MIGRATE_H
#define DB_MIGRATE_H

#include <stddef.h>
#include "core/err.h"

enum { MIGRATE_MESSAGE_MAX_BYTES = 512 };

struct migration {
    int version;      /* from 1, without gaps */
    const char *name; /* "0001_seed" */
    const char *sql;
    const char *sha256; /* of the file, lower-case hex */
};

/* db/migrations, put into the program by db/embed.cmake; ascending by version. */
extern const struct migration migrations_data[];
extern const size_t migrations_data_count;

#endif
