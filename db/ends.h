/* The ends of the tables that grow, as statements: what is old goes, a slice at a time. What becomes of which table is
 * said in the database (COMMENT ON TABLE, in the migrations). */
#ifndef DB_ENDS_H
#define DB_ENDS_H

#include "db/db.h"

enum { ENDS_SLICE_MAX = 500 /* rows one statement ends; as many again are left when it ended so many */ };

/* How many ends there are, by number from 0. */
size_t ends_count(void);
/* The table whose rows it ends. */
const char *ends_table(size_t end);
/* One slice of an end. Returns the index of the statement; db_affected() of it are the rows. */
int ends_add(struct db_unit *unit, struct arena *arena, size_t end);
/* What is left of a chat whose account was deleted, unless it has one again. */
int ends_add_chat(struct db_unit *unit, struct arena *arena, int64_t chat_id);

#endif
