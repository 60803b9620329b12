/* The SQL of the receipts at the tax service (tables npd_receipts and npd_incomes): claiming one under a lease, and
 * what is said of it. Only the holder of the lease changes anything. */
#ifndef DB_NPD_RECEIPTS_H
#define DB_NPD_RECEIPTS_H

#include "core/npd_plan.h"
#include "db/claim.h"
#include "db/db.h"

/* Of npd_receipts: what should have come to be five minutes ago. */
#define NPD_RECEIPTS_LATE "not_before IS NOT NULL AND due <> registered AND since + interval '5 minutes' <= now()"

/* Texts are borrowed from the result. */
struct npd_receipts_claimed {
    int64_t id;
    int64_t order_id, chat_id; /* 0 = nobody's */
    int attempts;              /* this one included */
    int64_t sold_ms;           /* unix */
    struct npd_facts facts;
    const char *name; /* of the income that stands there or was asked for; NULL = there is none */
    const char *uuid; /* NULL = its number is not known */
    int64_t asked_ago_ms;
};

/* Up to claim->limit that are due, the longest first. Two statements: the rows of the one returned are the claimed
 * ones, and npd_receipts_read_next_wait_ms reads the other. */
int npd_receipts_add_claim(struct db_unit *unit, struct arena *arena, const struct claim *claim);
struct npd_receipts_claimed npd_receipts_read_claimed(const struct db_result *result, int statement, int row);
/* ms until the next one is due or loses its lease; 0 = now; INT64_MAX = all is done. */
int64_t npd_receipts_read_next_wait_ms(const struct db_result *result, int statement);
/* Extends the leases; a row (its id) for each that is still ours. */
int npd_receipts_add_renew(struct db_unit *unit, struct arena *arena, const int64_t *ids, const char *const *tokens,
                           size_t count, int64_t lease_ms);

/* An income is about to be asked for, on behalf of this INN. NULL from the read: the lease is not ours any more. */
int npd_receipts_add_asked(struct db_unit *unit, struct arena *arena, int64_t id, const char *token, const char *inn);
const char *npd_receipts_read_asked(const struct db_result *result, int statement, int64_t *ret_kopecks);

/* How the step ended: NPD_REST, NPD_REGISTER (uuid is its number), NPD_CANCEL, NPD_VOID. */
int npd_receipts_add_ended(struct db_unit *unit, struct arena *arena, int64_t id, const char *token, enum npd_step step,
                           const char *uuid);
/* False: the lease is not ours any more. *ret_news_id: 0 = there are none. */
bool npd_receipts_read_ended(const struct db_result *result, int statement, int64_t *ret_news_id);

enum npd_receipts_later { NPD_RECEIPTS_AGAIN, NPD_RECEIPTS_FAILED, NPD_RECEIPTS_RELEASED };
/* Not now. error: why, or NULL. */
int npd_receipts_add_later(struct db_unit *unit, struct arena *arena, int64_t id, const char *token, int64_t wait_ms,
                           const char *error, enum npd_receipts_later later);
/* *ret_hurried: it is so late that the look through the books is due. */
bool npd_receipts_read_later(const struct db_result *result, int statement, bool *ret_hurried);

#endif
