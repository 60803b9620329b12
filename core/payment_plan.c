/* The polling plan of a pending payment. A function of the payment's age alone, so nothing about it is stored and a
 * restart goes on where it was. It never gives up at the hour: money that came late must still be seen, so the plan
 * only gets slower. What a status means and what is done about it is not decided here. */
#include "core/payment_plan.h"

enum { SECOND_MS = 1000, MINUTE_MS = 60 * SECOND_MS, HOUR_MS = 60 * MINUTE_MS, DAY_MS = 24 * HOUR_MS };

int64_t payment_plan_next_ms(int64_t created_ms, bool given_up, int64_t now_ms)
{
    int64_t age_ms = now_ms > created_ms ? now_ms - created_ms : 0;
    int64_t wait_ms = age_ms / (given_up ? 4 : 12), cap_ms = given_up ? 5 * MINUTE_MS : MINUTE_MS;
    if (age_ms >= PAYMENT_PLAN_WATCH_MS)
        return 0;
    if (age_ms >= DAY_MS)
        return now_ms + DAY_MS;
    if (age_ms >= 65 * MINUTE_MS)
        return now_ms + HOUR_MS;
    if (wait_ms < 5 * SECOND_MS)
        wait_ms = 5 * SECOND_MS;
    return now_ms + (wait_ms < cap_ms ? wait_ms : cap_ms);
}
