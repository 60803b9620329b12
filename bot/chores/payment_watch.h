/* The chore that watches a payment until it ends, and settles it. Woken with the order's id when its row says something
 * new (the payment was created, its user gave it up), asked when the user asks whether it is paid: what that look finds
 * is news, EVENT_PAYMENT_PENDING if it finds nothing, and none if YooKassa can't be asked. */
#ifndef BOT_CHORES_PAYMENT_WATCH_H
#define BOT_CHORES_PAYMENT_WATCH_H

#include "bot/chores/engine.h"
#include "bot/services/yookassa/client.h"

struct payment_watch;

/* Borrowed, all outlive it. */
struct payment_watch_ports {
    struct engine *engine;
    struct yookassa *yookassa;
    struct mailbox *mailbox;
    const struct clock *clock;
};

/* Adds itself to the engine, which is freed before it. Never NULL. */
struct payment_watch *payment_watch_new(const struct payment_watch_ports *ports);
void payment_watch_free(struct payment_watch *self); /* accepts NULL */

#endif
