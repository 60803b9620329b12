/* Back-off with full jitter, as a pure function: the attempt number is the caller's (it is stored with the thing that
 * is retried), and so is the randomness. It must not keep state; a restart then changes nothing. */
#include "core/backoff.h"

#include <stdlib.h>

#include "core/bug.h"

int64_t backoff_ms(int attempt, int64_t base_ms, int64_t cap_ms, uint64_t random)
{
    if (attempt < 0 || base_ms < 1 || cap_ms < 1)
        bug("a back-off without a base, a cap or a number");
    int64_t ceiling_ms = base_ms < cap_ms ? base_ms : cap_ms;
    for (int i = 0; i < attempt && ceiling_ms < cap_ms; i++)
        ceiling_ms = ceiling_ms > cap_ms / 2 ? cap_ms : ceiling_ms * 2;
    return 1 + (int64_t)(random % (uint64_t)ceiling_ms);
}
