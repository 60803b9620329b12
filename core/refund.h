/* What goes back, and when it is looked at again: pure. Who decides that something goes back is the database, in the
 * transaction that makes it due (the migration "refunds"); here is how much. */
#ifndef CORE_REFUND_H
#define CORE_REFUND_H

#include <stdint.h>

/* How long a refund may be asked for with the key that was first sent; see PAYMENT_PLAN_KEY_MS. */
#define REFUND_KEY_MS (INT64_C(23) * 3600 * 1000)

enum {
    REFUND_REST_KOPECKS = 100, /* what stays of a payment is nothing, or more than this */
    REFUND_ATTEMPTS_MAX = 8    /* keys, when the provider says no and may say yes later; then a person must look */
};

/* Of a set that is not whole. */
struct refund_terms {
    int64_t price_kopecks; /* of the whole set */
    int32_t photos;        /* sold for it, > 0 */
    int32_t missing;       /* … and not there, 1 to photos */
    int64_t left_kopecks;  /* of its payment, after what went back or is on its way; 0 = nothing */
};

/* The share of the price that the missing photos are, to the kopeck. What can't be divided is the customer's: it is
 * rounded up, so that what stays is never more than the photos that are there cost. Never more than is left; and all of
 * it, if what would stay is no more than REFUND_REST_KOPECKS. 0: there is nothing left. */
int64_t refund_share(const struct refund_terms *terms);

/* The provider has it since age_ms, and has not decided: how long until it is asked again. Never longer than a day, and
 * it never ends. */
int64_t refund_look_wait_ms(int64_t age_ms);
/* The provider said no to the attempt of this number, from 1: how long until the next one. */
int64_t refund_again_wait_ms(int32_t attempt);

#endif
