/* A histogram with logarithmic buckets.
 *
 * A value's bucket is the place of its highest bit and the four bits behind it; a percentile is told as the upper edge
 * of its bucket, so it is never better than the truth and at most 6 % worse. Must not allocate: it runs in the path
 * that is measured.
 */
#include "tests/sandbox/latency.h"

#define EXACT 16u /* values below have a bucket each */

static unsigned bucket_of(uint64_t us)
{
    if (us < EXACT)
        return (unsigned)us;
    unsigned shift = 0;
    for (uint64_t rest = us; rest >= 2 * EXACT; rest >>= 1)
        shift++;
    unsigned bucket = EXACT * (shift + 1) + (unsigned)((us >> shift) - EXACT);
    return bucket < LATENCY_BUCKETS ? bucket : LATENCY_BUCKETS - 1;
}

static uint64_t edge_of(unsigned bucket)
{
    if (bucket < EXACT)
        return bucket;
    unsigned shift = bucket / EXACT - 1;
    return ((uint64_t)(bucket % EXACT + EXACT + 1) << shift) - 1;
}

void latency_add(struct latency *latency, int64_t us)
{
    uint64_t value = us < 0 ? 0 : (uint64_t)us;
    latency->buckets[bucket_of(value)]++;
    latency->count++;
    if (value > latency->max_us)
        latency->max_us = value;
}

uint64_t latency_us(const struct latency *latency, unsigned per_mille)
{
    uint64_t rank = (latency->count * per_mille + 999) / 1000, seen = 0;
    for (unsigned bucket = 0; latency->count > 0 && bucket < LATENCY_BUCKETS; bucket++) {
        seen += latency->buckets[bucket];
        if (seen >= rank && seen > 0) {
            uint64_t edge = edge_of(bucket);
            return edge < latency->max_us ? edge : latency->max_us;
        }
    }
    return latency->max_us;
}

void latency_add_json(struct buf *out, const struct latency *latency)
{
    buf_addf(out, "{\"p50\":%.3f,\"p90\":%.3f,\"p99\":%.3f,\"max\":%.3f}", (double)latency_us(latency, 500) / 1000,
             (double)latency_us(latency, 900) / 1000, (double)latency_us(latency, 990) / 1000,
             (double)latency->max_us / 1000);
}
