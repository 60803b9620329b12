/* What must be true of money, as questions to the database: each finds rows that break it, in words, and says what is
 * to be done. Asked by `fotosetd check --money`, and every day by the daemon, which tells the owner what is new. */
#ifndef DB_AUDIT_H
#define DB_AUDIT_H

#include "db/db.h"

enum { AUDIT_ROWS_MAX = 100 /* told of one question; there may be more */ };

/* How many questions there are, by number from 0. */
size_t audit_count(void);
/* Is what it finds money that waits for a person, rather than a mistake? */
bool audit_is_wait(size_t question);
const char *audit_name(size_t question);
const char *audit_remedy(size_t question);

/* Its odd rows: audit_read_words() of each of db_rows(). */
int audit_add(struct db_unit *unit, struct arena *arena, size_t question);
const char *audit_read_words(const struct db_result *result, int statement, int row);

/* Remembers what it finds, and forgets what it does not find any more. */
void audit_add_kept(struct db_unit *unit, struct arena *arena, size_t question);
/* The next round is due now. */
void audit_add_hurry(struct db_unit *unit);
/* News for these chats of what was found and not told yet; nothing if there is none. */
int audit_add_told(struct db_unit *unit, struct arena *arena, const int64_t *owners, size_t count);
/* How many oddities are new. */
int64_t audit_read_new(const struct db_result *result, int statement);

#endif
