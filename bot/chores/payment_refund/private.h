/* What the chore of refunds and the ways of each provider share: the chore knows the states of a refund and keeps its
 * row, a way knows how one provider is asked, and what its answers mean. A way for another provider is a row in
 * payment_refund.c and a file beside this one. */
#ifndef BOT_CHORES_PAYMENT_REFUND_PRIVATE_H
#define BOT_CHORES_PAYMENT_REFUND_PRIVATE_H

#include "bot/base/random.h"
#include "bot/chores/payment_refund.h"
#include "db/refunds.h"

enum { REFUND_OUTSIDE_BYTES = 128, REFUND_CURRENCY_BYTES = 4 };

/* One refund under way: errand->work. */
struct refunding {
    int64_t id;
    int64_t kopecks;                       /* or the smallest unit of another currency */
    int32_t attempt;                       /* the number of this key, from 1 */
    const struct refund_way *way;          /* NULL until its row was read */
    char payment_id[REFUND_OUTSIDE_BYTES]; /* the provider's name for what is given back */
    char currency[REFUND_CURRENCY_BYTES];
    int64_t payer; /* of stars */
    char key[RANDOM_UUID_BYTES];
    char *body;                            /* what is asked; NULL = it was answered */
    char outside_id[REFUND_OUTSIDE_BYTES]; /* the provider's name for the refund; "" = it has none yet */
    int64_t age_ms;                        /* of the key */
    bool sold;                             /* the money was earned */
    bool is_done, is_void;                 /* how the errand ends */
    bool is_asked_anew;                    /* it was refused, and is tried with another key later */
};

enum refund_said {
    REFUND_SAID_SUCCEEDED,
    REFUND_SAID_PENDING,
    REFUND_SAID_NO,      /* for good: nothing goes back by this key; why */
    REFUND_SAID_NOTHING, /* it may have been made or not, or can't be asked now; why */
    REFUND_SAID_UNMADE,  /* it was looked for, and there is none */
    REFUND_SAID_TROUBLE  /* nobody can be given anything back until a person mends it; why */
};

/* Texts are borrowed. */
struct refund_answer {
    enum refund_said said;
    const char *outside_id; /* of SUCCEEDED, PENDING */
    const char *why;
    bool may_pass;    /* of NO: another key may have more luck */
    int64_t least_ms; /* of NOTHING: not sooner than this */
};

struct refund_way {
    const char *provider;
    bool is_whole; /* it gives back all of a payment or nothing: who is owed a share gets all that is left */
    /* What will be asked, malloc'ed; NULL: it can't be. payment_body: as the payment was asked for, or NULL. */
    char *(*body)(const struct refunding *refunding, const char *payment_body);
    /* Each ends in refund_answered(), now or later. ask: for the refund, with its key and body; look: what became of
     * the one that is called outside_id; search: is there one that was asked for with this attempt, whose key is too
     * old? */
    void (*ask)(const struct payment_refund_ports *ports, struct errand *errand);
    void (*look)(const struct payment_refund_ports *ports, struct errand *errand);
    void (*search)(const struct payment_refund_ports *ports, struct errand *errand);
};

extern const struct refund_way refund_way_yookassa, refund_way_stars;

void refund_answered(struct errand *errand, const struct refund_answer *answer);

#endif
