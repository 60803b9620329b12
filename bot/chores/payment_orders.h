/* What the chores of payments share: how the rows of orders are read, which are the errands of two of them, and what is
 * told of a payment. */
#ifndef BOT_CHORES_PAYMENT_ORDERS_H
#define BOT_CHORES_PAYMENT_ORDERS_H

#include "bot/base/clock.h"
#include "bot/chores/chores.h"
#include "bot/services/yookassa/client.h"
#include "db/payments.h"

enum {
    PAYMENT_ORDERS_MAX = 50000, /* loaded, the newest; each takes about 200 bytes */
    PAYMENT_ORDERS_BASE_MS = 2000,
    PAYMENT_ORDERS_CAP_MS = 60 * 1000
};

/* For load(): those in this state that are still watched. */
int payment_orders_load(struct db_unit *unit, struct arena *arena, enum payments_state state, const struct clock *clock,
                        int limit);
/* As find(), read() and cancel() of a chore; errand->work is freed. */
int payment_orders_find(void *self, struct db_unit *unit, struct arena *arena, int64_t id);
bool payment_orders_read(void *self, const struct chore_row *row, struct errand *errand);
void payment_orders_forget(void *self, struct errand *errand);

/* What YooKassa says of a payment, for the settlement. Its texts are the payment's. */
struct payments_seen payment_orders_seen(const struct yookassa_payment *payment);

#endif
