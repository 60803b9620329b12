/* The rows of orders, for the chore that creates their payments and the one that watches them. */
#include "bot/chores/payment_orders.h"

#include <stdlib.h>
#include "bot/services/yookassa/client.h"
#include "core/payment_plan.h"

int payment_orders_load(struct db_unit *unit, struct arena *arena, enum payments_state state, const struct clock *clock,
                        int limit)
{
    return payments_add_open(unit, arena, state, clock->unix_ms - PAYMENT_PLAN_WATCH_MS, limit);
}

int payment_orders_find(void *self, struct db_unit *unit, struct arena *arena, int64_t id)
{
    (void)self;
    return payments_add_order(unit, arena, id);
}

bool payment_orders_read(void *self, const struct chore_row *row, struct errand *errand)
{
    struct payments_order order = payments_read_order(row->result, row->statement, row->row);
    (void)self;
    errand->id = order.id;
    errand->chat_id = order.chat_id;
    errand->born_ms = order.created_at_ms;
    errand->given_up = order.canceled && order.state == PAYMENTS_PENDING;
    errand_name(errand, order.payment_id != NULL && yookassa_id_valid(order.payment_id) ? order.payment_id : NULL);
    return true;
}

void payment_orders_forget(void *self, struct errand *errand)
{
    (void)self;
    free(errand->work);
}
