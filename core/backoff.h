/* How long to wait before the next try of something that failed: exponential, capped, with full jitter. */
#ifndef CORE_BACKOFF_H
#define CORE_BACKOFF_H

#include <stdint.h>

/* A wait in 1 … min(cap, base × 2^attempt) ms, spread evenly by random. attempt counts from 0; base and cap are at
 * least 1. Full jitter, because what fails together would otherwise come back together. */
int64_t backoff_ms(int attempt, int64_t base_ms, int64_t cap_ms, uint64_t random);

#endif
