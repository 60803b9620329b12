/* Shares of a price are computed in kopecks and once: a share is what the missing photos are of the whole, and not a
 * sum of rounded prices of one photo. Must not: know why photos are missing, or to whom it is said. */
#include "core/refund.h"

#include "core/bug.h"

enum { SECOND_MS = 1000, MINUTE_MS = 60 * SECOND_MS, HOUR_MS = 60 * MINUTE_MS, DAY_MS = 24 * HOUR_MS };

int64_t refund_share(const struct refund_terms *terms)
{
    if (terms->photos < 1 || terms->missing < 1 || terms->missing > terms->photos || terms->price_kopecks < 0)
        bug("a share of what was not sold");
    int64_t parts = terms->price_kopecks * terms->missing, left = terms->left_kopecks;
    int64_t share = (parts + terms->photos - 1) / terms->photos;
    if (left <= 0 || share == 0)
        return 0;
    return left - share <= REFUND_REST_KOPECKS ? left : share;
}

int64_t refund_look_wait_ms(int64_t age_ms)
{
    int64_t wait_ms = age_ms / 4;
    if (wait_ms < 5 * SECOND_MS)
        return 5 * SECOND_MS;
    if (age_ms < DAY_MS)
        return wait_ms < HOUR_MS ? wait_ms : HOUR_MS;
    return wait_ms < DAY_MS ? wait_ms : DAY_MS;
}

int64_t refund_again_wait_ms(int32_t attempt)
{
    int64_t wait_ms = HOUR_MS;
    for (int32_t i = 1; i < attempt && wait_ms < DAY_MS; i++)
        wait_ms *= 2;
    return wait_ms < DAY_MS ? wait_ms : DAY_MS;
}
