/* One income at a time: what stands there is canceled before the rest is registered, and nothing is asked for while it
 * is not known what became of the last one. */
#include "core/npd_plan.h"

enum npd_step npd_plan_next(const struct npd_facts *facts)
{
    if (facts->asked_kopecks == 0)
        return facts->due_kopecks == 0 ? NPD_REST : NPD_REGISTER;
    if (!facts->is_known)
        return NPD_LOOK;
    return facts->asked_kopecks == facts->due_kopecks ? NPD_REST : NPD_CANCEL;
}

enum npd_step npd_plan_unfound(const struct npd_facts *facts, int64_t asked_ago_ms)
{
    if (asked_ago_ms < NPD_SETTLE_MS)
        return NPD_WAIT;
    return facts->asked_kopecks == facts->due_kopecks ? NPD_REGISTER : NPD_VOID;
}
