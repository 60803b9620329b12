/* The rows of orders, for the chore that creates their payments and the one that watches them. */
#include "bot/chores/payment_orders.h"

#include <stdlib.h>
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

struct payments_seen payment_orders_seen(const struct yookassa_payment *payment)
{
    struct payments_seen seen = {.provider = "yookassa",
                                 .payment_id = payment->id,
                                 .paid = payment->paid,
                                 .test = payment->test,
                                 .test_untold = payment->test_untold,
                                 .amount_kopecks = payment->amount_kopecks,
                                 .income_kopecks = payment->income_kopecks,
                                 .currency = payment->currency,
                                 .order_id = payment->order_id,
                                 .shop = payment->shop[0] == '\0' ? NULL : payment->shop};
    if (payment->status == YOOKASSA_SUCCEEDED) {
        seen.status = PAYMENTS_SAID_SUCCEEDED;
        seen.receipt = yookassa_receipt_ended(payment) ? payment->receipt : NULL;
    } else if (payment->status == YOOKASSA_CANCELED) {
        seen.status = PAYMENTS_SAID_CANCELED;
        seen.reason = yookassa_reason(payment->cancel_reason);
    }
    return seen;
}

void payment_orders_forget(void *self, struct errand *errand)
{
    (void)self;
    free(errand->work);
}
