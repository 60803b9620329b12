/* The SQL of the store's sweep: which pictures no row names. What names one is said in one place, picture_named() in
 * the database. */
#ifndef DB_SWEEP_H
#define DB_SWEEP_H

#include "db/db.h"

/* One row: does no row name this picture ("store:<name>")? It holds for what was put before it is asked. Returns the
 * index of the statement. */
int sweep_add_ask(struct db_unit *unit, const char *url);
bool sweep_read_unnamed(const struct db_result *result, int statement);

/* An errand of this chore, with the name as its subject, for each of these names that no row names. db_affected() of
 * the statement is how many are new. */
int sweep_add_found(struct db_unit *unit, struct arena *arena, const char *chore, const char *const *names,
                    size_t count);

#endif
