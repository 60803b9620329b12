/* The chore that gives money back: a row of bot_refunds is owed, and this follows it to its end. Woken with any id when
 * there may be one; what comes of it is EVENT_REFUND_PENDING, EVENT_REFUND_DONE or EVENT_REFUND_REFUSED. */
#ifndef BOT_CHORES_PAYMENT_REFUND_H
#define BOT_CHORES_PAYMENT_REFUND_H

#include "bot/base/clock.h"
#include "bot/chores/engine.h"
#include "bot/services/telegram/client.h"
#include "bot/services/yookassa/client.h"

struct payment_refund;

/* Borrowed, all outlive it. */
struct payment_refund_ports {
    struct engine *engine;
    struct db *db;
    struct yookassa *yookassa;
    struct telegram *telegram;
    const struct clock *clock;
    struct mailbox *mailbox;
};

/* Adds itself to the engine, which is freed before it. Never NULL. */
struct payment_refund *payment_refund_new(const struct payment_refund_ports *ports);
void payment_refund_free(struct payment_refund *self); /* accepts NULL */

#endif
