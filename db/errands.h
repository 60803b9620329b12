/* The SQL of the table errands: where the errands of a chore are kept that has no table of its own. A row is born in
 * the transaction that decided it, here or in a function of the database (INSERT INTO errands (chore, subject, …)), and
 * ends in the transaction that makes its end true. */
#ifndef DB_ERRANDS_H
#define DB_ERRANDS_H

#include "db/claim.h"
#include "db/db.h"

struct errands_new {
    const char *chore;
    const char *subject; /* what it is about; a chore has one errand of a subject at a time */
    int64_t chat_id;     /* 0 = nobody's */
    const char *key;     /* idempotence key of its call, or NULL */
    const char *body;    /* what begin() needs, or NULL */
    int64_t wait_ms;     /* not before */
};

/* Texts are borrowed from the result. */
struct errands_row {
    int64_t id, chat_id, born_ms;
    int attempts;    /* that failed, or were begun: a claim counts itself */
    int64_t wait_ms; /* until it is due; not positive = it is */
    const char *subject;
    const char *key, *body;
    const char *outside; /* what the other side calls it; each of these may be NULL */
};

/* All add functions return the index of their statement. A row (its id) when it is new; none when the chore has one of
 * this subject already: then nothing changes. */
int errands_add(struct db_unit *unit, struct arena *arena, const struct errands_new *errand);
/* HOLD_BOT: the waiting ones, oldest first; the waiting one of this id. */
int errands_add_load(struct db_unit *unit, struct arena *arena, const char *chore, int limit);
int errands_add_find(struct db_unit *unit, struct arena *arena, const char *chore, int64_t id);
/* HOLD_LEASE: two statements, the rows of the first are the claimed ones. Fairly between chats, by an index. Those that
 * the worker holds by the database, but not by its own list, are claimed anew at no cost. */
int errands_add_claim(struct db_unit *unit, struct arena *arena, const char *chore, const struct claim *claim);
/* ms until the next one is due or loses its lease; 0 = now; INT64_MAX = none waits. */
int64_t errands_read_next_wait_ms(const struct db_result *result, int statement);
struct errands_row errands_read(const struct db_result *result, int statement, int row);
/* Extends the leases; a row (its id) for each that is still the token's. */
int errands_add_renew(struct db_unit *unit, struct arena *arena, const int64_t *ids, const char *const *tokens,
                      size_t count, int64_t lease_ms);

/* How it ended, or goes on. Each must change its row or the whole unit fails with errands_lost(): the errand is not
 * ours any more, or an earlier try of the same was taken. token: NULL with HOLD_BOT. */
int errands_add_done(struct db_unit *unit, struct arena *arena, int64_t id, const char *token);
int errands_add_failed(struct db_unit *unit, struct arena *arena, int64_t id, const char *token, bool is_unknown,
                       const char *error);
/* Waits for wait_ms. counted: this attempt has failed; otherwise all of them are forgotten. */
int errands_add_again(struct db_unit *unit, struct arena *arena, int64_t id, const char *token, int64_t wait_ms,
                      bool counted, const char *error);
/* Gives a claim back as if it had not been, but behind those that are due: they may be in no trouble. */
int errands_add_released(struct db_unit *unit, struct arena *arena, int64_t id, const char *token, const char *error);
int errands_add_note(struct db_unit *unit, struct arena *arena, int64_t id, const char *token, const char *outside);
bool errands_lost(const struct db_failure *failure);

#endif
