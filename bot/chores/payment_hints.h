/* YooKassa says that a payment or a refund has moved (bot/services/notices): it is looked up, and payment_watch or
 * payment_refund looks at once. No errand: what is lost with the process is seen a little later, as if nothing had been
 * said. */
#ifndef BOT_CHORES_PAYMENT_HINTS_H
#define BOT_CHORES_PAYMENT_HINTS_H

#include <stdbool.h>
#include "bot/base/clock.h"
#include "bot/base/timers.h"
#include "bot/chores/engine.h"

enum {
    PAYMENT_HINTS_MAX = 64,        /* names that wait for the look-up */
    PAYMENT_HINTS_NAME_BYTES = 65, /* longer ones are nobody's */
    PAYMENT_HINTS_EVERY_MS = 200   /* between two look-ups, each of all names that wait */
};

struct payment_hints;

/* Borrowed, all but db outlive it. */
struct payment_hints_ports {
    struct engine *engine;
    struct db *db;
    struct timers *timers;
    const struct clock *clock;
};

/* Never NULL. */
struct payment_hints *payment_hints_new(const struct payment_hints_ports *ports);
/* An answer of the database is dropped with that. Accepts NULL. */
void payment_hints_free(struct payment_hints *hints);
/* By YooKassa's name for the payment, or the refund. False: too many wait; say it again later. */
bool payment_hints_take(struct payment_hints *hints, const char *name);

#endif
