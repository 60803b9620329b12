/* Watching a payment until it ends. YooKassa is asked about the id that stands in our order; what it says is compared
 * with the order, and the database settles. The plan only gets slower with the payment's age, so money that comes late
 * is still seen.
 *
 * Must not: believe anything but the answer to our own question, or write to the database when nothing changed. */
#include "bot/chores/cashier/private.h"

#include <stdlib.h>
#include <string.h>
#include "bot/base/log.h"
#include "bot/chores/maker.h"
#include "core/payment_plan.h"

enum { REFUSED_WAIT_MS = 60 * 1000 /* a question refused for good is asked again: a person may mend the reason */ };

void cashier_next_look(struct open_order *order)
{
    int64_t now_ms = order->cashier->shop->clock.unix_ms, next_ms = payment_plan_next_ms(order->created_at_ms, now_ms);
    if (next_ms == 0) {
        log_info("cashier", "order %lld: its payment is still pending after a month and is not watched any more",
                 (long long)order->id);
        cashier_forget(order);
        return;
    }
    cashier_again(order, next_ms - now_ms);
}

/* ---- the ends ---- */

static void settled(void *ctx, const struct db_result *result, const struct db_failure *failure)
{
    struct open_order *order = ctx;
    struct cashier *cashier = order->cashier;
    if (failure != NULL) {
        cashier_retry(order, 0, "settling the payment", failure->message);
        return;
    }
    failpoint("cashier.after_settle");
    struct payments_settled answer = payments_read_settle(result, 0);
    bool has_job = answer.job_id != 0;
    switch (answer.outcome) {
    case PAYMENTS_SETTLED:
    case PAYMENTS_ALREADY: /* or by the first try of this step, whose answer was lost */
        if (has_job)
            break;
        log_error("cashier", "order %lld is paid but has no photos to make (the avatar is gone): refund payment %s",
                  (long long)order->id, order->payment_id);
        break;
    case PAYMENTS_ORPHAN:
        log_error("cashier", "order %lld is paid but its avatar is gone: refund payment %s", (long long)order->id,
                  order->payment_id);
        break;
    case PAYMENTS_WRONG_SUM:
        log_error("cashier", "order %lld: the sum or the currency of payment %s is not the order's: nothing was given",
                  (long long)order->id, order->payment_id);
        break;
    case PAYMENTS_UNKNOWN:
    case PAYMENTS_OUTCOME_COUNT:
        log_error("cashier", "payment %s is paid but no order has it", order->payment_id);
        break;
    }
    /* Without a job the chat hears that too: nothing paid is ever silent. */
    cashier_post(cashier, &(struct event){.kind = EVENT_PAYMENT_SETTLED,
                                          .chat_id = answer.chat_id,
                                          .object = answer.order_id,
                                          .other = answer.job_id,
                                          .news_id = answer.news_id});
    if (has_job)
        maker_wake(cashier->shop->maker);
    cashier_forget(order);
}

static void canceled(void *ctx, const struct db_result *result, const struct db_failure *failure)
{
    struct open_order *order = ctx;
    if (failure != NULL) {
        cashier_retry(order, 0, "recording the end of the payment", failure->message);
        return;
    }
    failpoint("cashier.after_commit_canceled");
    cashier_post(order->cashier, &(struct event){.kind = EVENT_PAYMENT_CANCELED,
                                                 .chat_id = order->chat_id,
                                                 .object = order->id,
                                                 .reason = order->reason,
                                                 .news_id = payments_read_news(result, 0)});
    cashier_forget(order);
}

static void put_off(void *ctx, const struct db_result *result, const struct db_failure *failure)
{
    struct open_order *order = ctx;
    if (failure != NULL) {
        cashier_retry(order, 0, "recording the mismatch", failure->message);
        return;
    }
    if (payments_read_done(result, 0))
        log_error("cashier", "order %lld: YooKassa says that its payment %s is another order's: nothing was given",
                  (long long)order->id, order->payment_id);
    cashier_post(order->cashier, &(struct event){.kind = EVENT_PAYMENT_FAILED,
                                                 .chat_id = order->chat_id,
                                                 .object = order->id,
                                                 .news_id = payments_read_news(result, 0)});
    cashier_forget(order);
}

/* ---- what YooKassa said ---- */

static void take_answer(struct open_order *order, const struct yookassa_payment *payment)
{
    struct arena arena;
    struct db_unit *unit = db_unit_new();
    db_done_fn *done = settled;
    arena_init(&arena);
    if (payment->order_id != order->id) {
        (void)payments_add_mismatch(unit, &arena, order->id);
        done = put_off;
    } else if (payment->status == YOOKASSA_SUCCEEDED) {
        failpoint("cashier.before_settle");
        (void)payments_add_settle(unit, &arena, order->payment_id, payment->amount_kopecks, payment->currency);
    } else {
        log_info("cashier", "order %lld: payment canceled (%s: %s)", (long long)order->id, payment->cancel_party,
                 payment->cancel_reason);
        failpoint("cashier.before_commit_canceled");
        order->reason = yookassa_reason(payment->cancel_reason);
        (void)payments_add_canceled(unit, order->payment_id, order->reason);
        done = canceled;
    }
    arena_done(&arena);
    db_submit(order->cashier->shop->chores_db, unit, done, order);
}

static void still_pending(struct open_order *order)
{
    if (order->asked)
        cashier_post(order->cashier,
                     &(struct event){.kind = EVENT_PAYMENT_PENDING, .chat_id = order->chat_id, .object = order->id});
    order->asked = false;
    cashier_next_look(order);
}

static void told(void *ctx, const struct yookassa_reply *reply)
{
    struct open_order *order = ctx;
    if (order->cashier == NULL) {
        free(order);
        return;
    }
    order->asking = false;
    failpoint("cashier.after_get");
    const char *why = reply->verdict.description[0] != '\0' ? reply->verdict.description
                                                            : yookassa_verdict_name(reply->verdict.kind);
    switch (reply->verdict.kind) {
    case YOOKASSA_OK: {
        bool open = reply->payment->status == YOOKASSA_PENDING ||
                    reply->payment->status == YOOKASSA_WAITING_FOR_CAPTURE;
        cashier_fine(order);
        if (open && reply->payment->order_id == order->id)
            still_pending(order);
        else
            take_answer(order, reply->payment);
        break;
    }
    case YOOKASSA_RETRY:
    case YOOKASSA_AMBIGUOUS:
        cashier_retry(order, reply->verdict.retry_after_ms, "asking about the payment", why);
        break;
    case YOOKASSA_PERMANENT:
    case YOOKASSA_UNAUTHORIZED:
    case YOOKASSA_NOT_FOUND:
    case YOOKASSA_CONTACT:
    case YOOKASSA_VERDICT_COUNT: cashier_retry(order, REFUSED_WAIT_MS, "asking about the payment", why); break;
    }
}

void cashier_run_watch(struct open_order *order)
{
    failpoint("cashier.before_get");
    order->asking = true;
    if (yookassa_get(order->cashier->shop->yookassa, order->payment_id, told, order) != ERR_OK) {
        order->asking = false;
        log_error("cashier", "order %lld: its payment id is malformed", (long long)order->id);
        cashier_forget(order);
    }
}
