/* The cashier: creates the payment of a committed order, watches it until it ends, and settles it. Idempotence key and
 * body stand in the order's row before the first call and never change; only what our own GET by our stored id says is
 * believed; settle_payment() in the database is the one place where money becomes a job. */
#ifndef BOT_CHORES_CASHIER_H
#define BOT_CHORES_CASHIER_H

#include <stddef.h>
#include <stdint.h>
#include "bot/house/shop.h"

struct cashier;

struct cashier *cashier_new(struct shop *shop);
void cashier_free(struct cashier *cashier); /* accepts NULL */
/* An order was committed in state 'creating': read its key and body back and create the payment, retrying with the
 * same until it is certain. Ends with EVENT_PAYMENT_LINK or EVENT_PAYMENT_FAILED. */
void cashier_create(struct cashier *cashier, int64_t order_id);
/* The user asks whether it is paid: look now instead of at the next time. Rate-limited. What the look finds is news;
 * EVENT_PAYMENT_PENDING if it finds nothing, and none if YooKassa can't be asked. */
void cashier_check(struct cashier *cashier, int64_t order_id);
/* Load open orders (creating, pending) from the database: once at start. */
void cashier_resume(struct cashier *cashier);
/* Calls under way. */
size_t cashier_pending(const struct cashier *cashier);

#endif
