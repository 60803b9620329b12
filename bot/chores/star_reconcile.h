/* Our books and Telegram's list of the bot's transactions are compared: what came and was not heard of is settled, what
 * went back is written down, and what the list has is marked, so that what it has not is seen (db/audit.c). At the
 * start, and every hour as long as there is an invoice that may be paid, or a payment that is not listed yet. */
#ifndef BOT_CHORES_STAR_RECONCILE_H
#define BOT_CHORES_STAR_RECONCILE_H

#include "bot/base/clock.h"
#include "bot/base/mailbox.h"
#include "bot/chores/engine.h"

struct star_reconcile;
struct telegram;

/* Borrowed; all outlive it. */
struct star_reconcile_ports {
    struct engine *engine;
    struct telegram *telegram;
    struct db *db;
    struct mailbox *mailbox;
    const struct clock *clock;
    const int64_t *bot_id; /* whose list: known before the chore is opened */
};

/* Adds the chore to the engine, which is freed first. Never NULL. */
struct star_reconcile *star_reconcile_new(const struct star_reconcile_ports *ports);
void star_reconcile_free(struct star_reconcile *self); /* accepts NULL */

#endif
