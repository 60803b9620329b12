/* A claim of work under a lease: what db/tasks.h and db/errands.h want to know of the claimer. */
#ifndef DB_CLAIM_H
#define DB_CLAIM_H

#include <stddef.h>
#include <stdint.h>
#include "db/db.h"

struct claim {
    const char *worker; /* the daemon, so that its successor need not wait for the lease to end (db/state.h) */
    const char *token;  /* random, new for each claim */
    int limit;
    int64_t lease_ms;
    const int64_t *held; /* what the worker knows to hold. What else it holds by the database was claimed, and the
                            answer was lost: that is claimed again, before anything else and at no cost */
    size_t held_count;
};

/* For the statements behind it in the unit: few rows are looked at, each by an index, in its order. The planner would
 * rather sort when it thinks that few rows wait, and it thinks so just when many came at once. */
void claim_add_planning(struct db_unit *unit);

#endif
