/* The questions behind db/fit.h, for the migration runner: asked on its connection, inside its transaction. Each
 * returns NULL when it could be asked, else the refusal, which is the caller's. */
#ifndef DB_FIT_ASK_H
#define DB_FIT_ASK_H

#include <libpq-fe.h>
#include <stdbool.h>
#include "db/fit.h"

enum { FIT_NAME_MAX_BYTES = 192 };

/* Who asks and where, quoted as SQL wants it; "" before it is known, and for a schema that may not be used. */
struct fit_place {
    char role[FIT_NAME_MAX_BYTES];
    char schema[FIT_NAME_MAX_BYTES];
    char path[2 * FIT_NAME_MAX_BYTES]; /* search_path */
    bool creates;                      /* may make something in the schema */
};

enum fit_stage {
    FIT_BROKEN, /* a migration was refused and undone: whose tables are in its way? */
    FIT_FRESH,  /* all is made for the first time and not committed: what differs was never right */
    FIT_LIVING  /* all was made long ago: what differs was changed since */
};

/* What no migration can mend: the encoding, and a database that can't be written. */
PGresult *fit_ask_place(PGconn *conn, struct fit *fit, struct fit_place *ret_place) MUST_CHECK;
/* When something is to be made: is there a schema for it? */
void fit_judge_schema(const struct fit_place *place, struct fit *fit);
/* Compares what stands in the database with what the migrations up to version have made. */
PGresult *fit_ask_made(PGconn *conn, int version, enum fit_stage stage, struct fit *fit) MUST_CHECK;
/* Which tables belong to somebody else: after a migration was refused for it. */
PGresult *fit_ask_owners(PGconn *conn, struct fit *fit) MUST_CHECK;
/* A refusal that the questions do not explain: `what` is said as it is; the SQLSTATE tells level and remedy. */
void fit_add_refusal(struct fit *fit, const struct fit_place *place, const char *state, const char *what);

#endif
