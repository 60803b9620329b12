/* The SQL of the photos to be made: claiming tasks under a lease, and every way a claim ends. All of it is guarded by
 * the claim's token: whoever lost the lease changes nothing. */
#ifndef DB_TASKS_H
#define DB_TASKS_H

#include "db/claim.h"
#include "db/db.h"

/* Texts are borrowed from the result. */
struct tasks_claimed {
    int64_t id, job_id;
    int64_t chat_id; /* 0 = the job is nobody's chat */
    int index;       /* in the set, from 0 */
    int attempts;    /* this one included */
    int set;         /* the how-manyth set of the avatar, from 0 */
    const char *prompt, *recipe;
    const char *references; /* image_urls, oldest first, a line each; "" = none */
};

/* Takes up to claim->limit tasks that are due and free or whose lease ran out, fairly between jobs: those of the same
 * moment go side by side, and an old one is not passed over for ever by new ones. However many wait, few rows are
 * looked at. references_min: as many as a set needs. Two statements: the rows of the one returned are the claimed
 * tasks, and tasks_read_next_wait_ms reads the other. */
int tasks_add_claim(struct db_unit *unit, struct arena *arena, const struct claim *claim, int references_min);
struct tasks_claimed tasks_read_claimed(const struct db_result *result, int statement, int row);
/* ms until the next task becomes due or loses its lease; 0 = now; INT64_MAX = nothing waits. */
int64_t tasks_read_next_wait_ms(const struct db_result *result, int statement);

/* Extends the leases; a row (its id) for each that is still ours. */
int tasks_add_renew(struct db_unit *unit, struct arena *arena, const int64_t *ids, const char *const *tokens,
                    size_t count, int64_t lease_ms);

/* Before its picture ("store:…") is put into the store: the row names it. A row (its id) if it is ours. */
int tasks_add_named(struct db_unit *unit, struct arena *arena, int64_t id, const char *token, const char *url);
/* task_made(). False from tasks_read_ended: the lease is not ours any more. */
int tasks_add_made(struct db_unit *unit, struct arena *arena, int64_t id, const char *token, const char *url);
/* task_failed(): again after wait_ms, or for good when max_attempts are used up (0 = in any case). */
int tasks_add_failed(struct db_unit *unit, struct arena *arena, int64_t id, const char *token, const char *error,
                     int64_t wait_ms, int max_attempts);
/* *ret_chat_id: of tasks_add_made the chat; of tasks_add_failed the chat if it failed for good, else 0. */
bool tasks_read_ended(const struct db_result *result, int statement, int64_t *ret_chat_id);
/* The news of it; 0: there are none to be told, or an earlier call made them. */
int64_t tasks_read_news(const struct db_result *result, int statement);

/* Gives a claim back as if it had not been: the trouble was ours, not the task's. A row if it was ours. */
int tasks_add_released(struct db_unit *unit, struct arena *arena, int64_t id, const char *token, const char *error);

#endif
