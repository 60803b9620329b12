/* What is to be done about the receipt of a payment at the tax service, which is to stand there as one income of the
 * sum that was kept. Pure: the chore asks this after every step. */
#ifndef CORE_NPD_PLAN_H
#define CORE_NPD_PLAN_H

#include <stdbool.h>
#include <stdint.h>

enum npd_step {
    NPD_REST,     /* all is as it should be */
    NPD_REGISTER, /* an income of what is due */
    NPD_LOOK,     /* whether the one that was asked for is there */
    NPD_CANCEL,   /* the one that is there */
    NPD_WAIT,     /* it is not there, but may still come to be */
    NPD_VOID,     /* it never came to be, and is not wanted any more */
    NPD_STEP_COUNT
};

struct npd_facts {
    int64_t due_kopecks;   /* what is to stand there; 0 = nothing */
    int64_t asked_kopecks; /* of the income that stands there, or was asked for; 0 = none */
    bool is_known;         /* it stands there: we have its number */
};

/* After a call whose answer is not known, and so long before it is asked for again: what was sent may still be on its
 * way. The service does not know a repeat from another sale. */
#define NPD_SETTLE_MS (INT64_C(3) * 60 * 1000)

enum npd_step npd_plan_next(const struct npd_facts *facts);
/* It was looked for and is not there; asked_ago_ms: since it was last asked for. */
enum npd_step npd_plan_unfound(const struct npd_facts *facts, int64_t asked_ago_ms);

#endif
