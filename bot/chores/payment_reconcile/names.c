/* Payments asked for by their name: what YooKassa then says is settled, as whoever else sees it does, and compared with
 * what stands here. Must not: decide about money, settle_payment() does. */
#include "bot/chores/payment_reconcile/private.h"

#include <stdio.h>

#include "bot/chores/payment_orders.h"
#include "core/bug.h"

static void settled(const struct payment_reconcile *self, struct pass *pass, struct payments_settled answer)
{
    if (answer.news_id != 0) {
        pass->settled++;
        mailbox_look(self->ports.mailbox);
    }
    if (answer.job_id != 0)
        engine_wake(self->ports.engine, CHORE_PHOTO_MAKE, answer.job_id);
    pass->odd += answer.outcome == PAYMENTS_HELD || answer.outcome == PAYMENTS_OWED ||
                 answer.outcome == PAYMENTS_UNKNOWN;
}

static void name_recorded(struct errand *errand, const struct db_result *result, const struct db_failure *failure)
{
    struct payment_reconcile *self = errand_self(errand);
    struct pass *pass = errand->work;
    if (failure != NULL && pass_in_trouble(errand, failure))
        return;
    pass->at++;
    if (failure == NULL) {
        pass->odd += reconcile_read_odd(result, pass->compared_at);
        if (pass->is_settling)
            settled(self, pass, payments_read_seen(result, 0));
    }
    pass_go_on(errand);
}

static void record_name(struct errand *errand, const struct yookassa_payment *payment, const char *status)
{
    struct pass *pass = errand->work;
    struct reconcile_payment said = {.provider = PASS_PROVIDER, .id = pass->items[pass->at].name, .status = status};
    struct arena arena;
    struct db_unit *unit = pass_unit(&arena);
    pass->is_settling = payment != NULL &&
                        (payment->status == YOOKASSA_SUCCEEDED || payment->status == YOOKASSA_CANCELED);
    if (payment != NULL) {
        said.kopecks = payment->amount_kopecks;
        said.currency = payment->currency;
        said.refunded_kopecks = payment->refunded_kopecks;
    }
    if (pass->is_settling) { /* first: then it may be compared */
        struct payments_seen seen = payment_orders_seen(payment);
        (void)payments_add_seen(unit, &arena, &seen);
    }
    pass->compared_at = reconcile_add_compared(unit, &arena, &said);
    pass_ask(errand, unit, &arena, name_recorded);
}

const char *pass_word_of(enum yookassa_status status)
{
    switch (status) {
    case YOOKASSA_SUCCEEDED: return "succeeded";
    case YOOKASSA_CANCELED: return "canceled";
    case YOOKASSA_PENDING:
    case YOOKASSA_WAITING_FOR_CAPTURE:
    case YOOKASSA_STATUS_COUNT: break;
    }
    return "pending";
}

static void name_answered(void *ctx, const struct yookassa_reply *reply)
{
    struct errand *errand = ctx;
    const struct yookassa_payment *payment = reply->payment;
    if (!errand_answered(errand))
        return;
    if (payment != NULL)
        record_name(errand, payment, pass_word_of(payment->status));
    else if (reply->verdict.kind == YOOKASSA_NOT_FOUND)
        record_name(errand, NULL, "missing");
    else if (reply->verdict.is_unreadable)
        record_name(errand, NULL, "unreadable");
    else
        pass_not_answered(errand, &reply->verdict);
}

void pass_ask_for_name(const struct payment_reconcile *self, struct errand *errand)
{
    const struct pass *pass = errand->work;
    if (!errand_call(errand))
        return;
    if (yookassa_get(self->ports.yookassa, pass->items[pass->at].name, name_answered, errand) != ERR_OK)
        bug("a payment id that was found well-formed");
}

/* ---- those that no list named ---- */

static void unsettled_read(struct errand *errand, const struct db_result *result, const struct db_failure *failure)
{
    struct pass *pass = errand->work;
    if (failure != NULL) {
        errand_trouble(errand, 0, failure->message);
        return;
    }
    int rows = db_rows(result, 0);
    pass->item_count = pass->at = 0;
    for (int row = 0; row < rows; row++) {
        pass->after = reconcile_read_number(result, 0, row);
        if (yookassa_id_valid(reconcile_read_id(result, 0, row)))
            pass_add_item(pass, reconcile_read_id(result, 0, row), 0);
    }
    pass->is_paged = rows < RECONCILE_UNSETTLED_MAX;
    pass_go_on(errand);
}

void pass_ask_for_unsettled(const struct payment_reconcile *self, struct errand *errand)
{
    const struct pass *pass = errand->work;
    struct arena arena;
    struct db_unit *unit = pass_unit(&arena);
    (void)reconcile_add_unsettled(unit, &arena, self->ports.shop_id, pass->after);
    pass_ask(errand, unit, &arena, unsettled_read);
}
