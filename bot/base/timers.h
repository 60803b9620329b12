/* Times to come, in memory: a binary heap of (when, what). Loaded from the database at start and kept beside it, so
 * that an idle bot asks nobody what is due. Entries are hints: whoever is woken looks at the truth, so a late or a
 * doubled entry is harmless. */
#ifndef BOT_BASE_TIMERS_H
#define BOT_BASE_TIMERS_H

#include <stddef.h>
#include <stdint.h>

struct timers;

typedef void timers_fn(void *ctx, int64_t object);

struct timers *timers_new(void);
void timers_free(struct timers *timers); /* accepts NULL */
/* At unix_ms (wall clock) call due(ctx, object) from timers_run. */
void timers_add(struct timers *timers, int64_t unix_ms, timers_fn *due, void *ctx, int64_t object);
/* INT64_MAX = none. */
int64_t timers_next_ms(const struct timers *timers);
/* Calls what is due, at most max entries, so that a flood of timers does not starve the loop. */
void timers_run(struct timers *timers, int64_t unix_ms, size_t max);

#endif
