/* The chore that compares YooKassa's lists of payments and refunds with our books, both ways: when the bot is taken,
 * and every so often as long as there is something to compare (reconcile_due() in the database). Woken with
 * RECONCILE_YOOKASSA when an order's payment is about to be made. */
#ifndef BOT_CHORES_PAYMENT_RECONCILE_H
#define BOT_CHORES_PAYMENT_RECONCILE_H

#include "bot/base/mailbox.h"
#include "bot/base/stop.h"
#include "bot/chores/engine.h"
#include "bot/services/yookassa/client.h"

struct payment_reconcile;

/* Borrowed, all outlive it. */
struct payment_reconcile_ports {
    struct engine *engine;
    struct db *db;
    struct yookassa *yookassa;
    struct mailbox *mailbox;
    const struct clock *clock;
    const struct stop *stop;
    const char *shop_id;
    int64_t every_ms;
};

/* Adds itself to the engine, which is freed before it. Never NULL. */
struct payment_reconcile *payment_reconcile_new(const struct payment_reconcile_ports *ports);
void payment_reconcile_free(struct payment_reconcile *self); /* accepts NULL */

#endif
