/* How long things took: counts in buckets of 6 % width, so that a million values cost no memory. */
#ifndef TESTS_SANDBOX_LATENCY_H
#define TESTS_SANDBOX_LATENCY_H

#include "tests/sandbox/buf.h"

#define LATENCY_BUCKETS 640 /* 16 below 16 µs, then 16 for each doubling: up to twelve days */

struct latency {
    uint64_t buckets[LATENCY_BUCKETS];
    uint64_t count, max_us;
};

void latency_add(struct latency *latency, int64_t us);
/* Not less than the given part (in thousandths) of all values; 0 when there are none. */
uint64_t latency_us(const struct latency *latency, unsigned per_mille);
/* {"p50":…,"p90":…,"p99":…,"max":…}, in ms. */
void latency_add_json(struct buf *out, const struct latency *latency);

#endif
