/* "May these stars be taken?" is answered here, beside the turns: Telegram waits for 10 s, and a turn may wait for the
 * database longer. One look at the order, and a yes or a no; without an answer of the database in time, a kind no. */
#ifndef BOT_TURN_CHECKOUTS_H
#define BOT_TURN_CHECKOUTS_H

#include <stddef.h>
#include "bot/base/clock.h"
#include "bot/base/timers.h"
#include "core/step.h"
#include "db/db.h"

struct checkouts;
struct telegram;

/* All borrowed. */
struct checkouts_ports {
    struct db *db; /* the turns': no big query is before us */
    struct timers *timers;
    struct telegram *telegram;
    const struct clock *clock;
    const struct rules *rules;
};

/* Never NULL. */
struct checkouts *checkouts_new(const struct checkouts_ports *ports);
void checkouts_free(struct checkouts *checkouts); /* after db; accepts NULL */
/* A body of getUpdates, before anything else is done with it. */
void checkouts_batch(struct checkouts *checkouts, const char *body, size_t bytes);

#endif
