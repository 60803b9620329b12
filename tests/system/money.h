/* What must be true of money once nothing is under way, whatever went wrong before: our books and what the provider
 * says agree to the kopeck, both ways; and of all money that came it is known what became of it. */
#ifndef TESTS_SYSTEM_MONEY_H
#define TESTS_SYSTEM_MONEY_H

#include "tests/system/invariants.h"

/* What can be asked of a world; each fact (money.c) names what it needs. */
enum {
    MONEY_ENDED = 1,  /* no link is open any more */
    MONEY_ALERTED = 2 /* there is an owner, and the daemon's own look through the books is over */
};

/* Before anything is planted; the daemon's tables must be there. */
void money_begin(struct world *world);
/* Notes what was done to a payment on purpose: "sum", "shop", "test": it is not as it was asked, and is to be held for
 * it; "late": it came after it had been canceled. */
void money_plant(struct world *world, const char *payment, const char *what);
/* All facts that need no more than this. The daemon may be stopped. */
void money_check(struct invariants *all, unsigned can);

#endif
