/* Creating the payment of an order. Key and body are read from the order's row for every try and sent as they stand
 * there; the row's state says whether a try is still wanted. Whatever goes wrong after that (a lost answer, a lost
 * commit, a kill) leads back to the same first step, and YooKassa answers the same key with the same payment.
 *
 * Must not: make a key or a body, or try with a key that YooKassa may have forgotten: that would be a second payment.
 */
#include "bot/chores/cashier/private.h"

#include <stdlib.h>
#include <string.h>
#include "bot/base/log.h"
#include "core/payment_plan.h"

/* ---- the ends ---- */

static void refused(void *ctx, const struct db_result *result, const struct db_failure *failure)
{
    struct open_order *order = ctx;
    if (failure != NULL) {
        cashier_retry(order, 0, "recording that there will be no payment", failure->message);
        return;
    }
    failpoint("cashier.after_commit_failed");
    if (payments_read_done(result, 0)) {
        cashier_post(order->cashier, &(struct event){.kind = EVENT_PAYMENT_FAILED,
                                                     .chat_id = order->chat_id,
                                                     .object = order->id,
                                                     .reason = order->reason,
                                                     .news_id = payments_read_news(result, 0)});
        cashier_forget(order);
    } else {
        cashier_again(order, 1); /* it moved meanwhile: read it again */
    }
}

static void unwanted(void *ctx, const struct db_result *result, const struct db_failure *failure)
{
    struct open_order *order = ctx;
    (void)result;
    if (failure != NULL)
        cashier_retry(order, 0, "closing a canceled order", failure->message);
    else
        cashier_forget(order);
}

static void give_up(struct open_order *order, bool is_refused, enum payment_reason reason)
{
    struct arena arena;
    struct db_unit *unit = db_unit_new();
    order->reason = reason;
    arena_init(&arena);
    (void)payments_add_given_up(unit, &arena, order->id, is_refused, reason);
    arena_done(&arena);
    failpoint("cashier.before_commit_failed");
    db_submit(order->cashier->shop->chores_db, unit, is_refused ? refused : unwanted, order);
}

/* ---- after YooKassa ---- */

static void kept(void *ctx, const struct db_result *result, const struct db_failure *failure)
{
    struct open_order *order = ctx;
    if (failure != NULL && failure->err == ERR_CONFLICT) { /* this payment is another order's */
        log_error("cashier", "order %lld: YooKassa gave it a payment that already belongs to another order",
                  (long long)order->id);
        give_up(order, true, PAYMENT_UNTOLD);
        return;
    }
    if (failure != NULL) {
        cashier_retry(order, 0, "keeping the payment", failure->message);
        return;
    }
    failpoint("cashier.after_commit_created");
    cashier_post(order->cashier, &(struct event){.kind = EVENT_PAYMENT_LINK,
                                                 .chat_id = order->chat_id,
                                                 .object = order->id,
                                                 .news_id = payments_read_news(result, 0)});
    cashier_again(order, 1); /* the row says what is next, also if somebody else was faster */
}

static void keep(struct open_order *order, const struct yookassa_payment *payment)
{
    struct shop *shop = order->cashier->shop;
    int64_t made_at_ms = payment->created_at_s > 0 ? payment->created_at_s * 1000 : shop->clock.unix_ms;
    struct arena arena;
    struct db_unit *unit = db_unit_new();
    arena_init(&arena);
    (void)payments_add_created(
        unit, &arena,
        &(struct payments_created){.order_id = order->id,
                                   .payment_id = payment->id,
                                   .url = payment->confirmation_url[0] == '\0' ? NULL : payment->confirmation_url,
                                   .until_ms = made_at_ms + INT64_C(60000) * shop->config->yookassa.link_life_minutes});
    arena_done(&arena);
    failpoint("cashier.before_commit_created");
    db_submit(shop->chores_db, unit, kept, order);
}

/* The one line for the owner. */
static void complain(const struct open_order *order, const struct yookassa_verdict *verdict)
{
    if (verdict->kind == YOOKASSA_UNAUTHORIZED)
        log_error("cashier", "order %lld has no payment: YooKassa refuses the shop id or the secret key (HTTP %ld %s)",
                  (long long)order->id, verdict->status, verdict->code);
    else
        log_error("cashier", "order %lld has no payment: YooKassa refused it (HTTP %ld %s%s%s): %s",
                  (long long)order->id, verdict->status, verdict->code, verdict->parameter[0] == '\0' ? "" : ", ",
                  verdict->parameter, verdict->description);
}

static void created(void *ctx, const struct yookassa_reply *reply)
{
    struct open_order *order = ctx;
    if (order->cashier == NULL) {
        free(order);
        return;
    }
    order->asking = false;
    failpoint("cashier.after_create");
    switch (reply->verdict.kind) {
    case YOOKASSA_OK:
        if (reply->payment->order_id != order->id) {
            log_error("cashier", "order %lld: YooKassa answered with a payment of order %lld", (long long)order->id,
                      (long long)reply->payment->order_id);
            give_up(order, true, PAYMENT_UNTOLD);
        } else if (reply->payment->status == YOOKASSA_PENDING && reply->payment->confirmation_url[0] == '\0') {
            cashier_retry(order, 0, "creating the payment", "YooKassa gave no link");
        } else {
            keep(order, reply->payment); /* one that has ended already is met by the watch: only a GET is believed */
        }
        break;
    case YOOKASSA_RETRY:
    case YOOKASSA_AMBIGUOUS:
        cashier_retry(order, reply->verdict.retry_after_ms, "creating the payment",
                      reply->verdict.description[0] != '\0' ? reply->verdict.description
                                                            : yookassa_verdict_name(reply->verdict.kind));
        break;
    case YOOKASSA_CONTACT: /* the user's to mend; what was refused stands in the order's row, and in no log */
        log_info("cashier", "order %lld has no payment: YooKassa refuses its %s", (long long)order->id,
                 reply->verdict.parameter);
        give_up(order, true, PAYMENT_CONTACT_REFUSED);
        break;
    case YOOKASSA_PERMANENT:
    case YOOKASSA_UNAUTHORIZED:
    case YOOKASSA_NOT_FOUND:
    case YOOKASSA_VERDICT_COUNT:
        complain(order, &reply->verdict);
        give_up(order, true, PAYMENT_UNTOLD);
        break;
    }
}

/* ---- before YooKassa ---- */

static void create(struct open_order *order, const struct payments_order *row)
{
    struct shop *shop = order->cashier->shop;
    if (row->canceled) { /* a link that nobody was shown can't be paid */
        give_up(order, false, PAYMENT_UNTOLD);
        return;
    }
    if (!payment_plan_key_usable(row->created_at_ms, shop->clock.unix_ms)) {
        log_error("cashier",
                  "order %lld: its payment could not be created while its key was good. It may or may not exist at"
                  " YooKassa: look for order_id %lld in the payments' metadata",
                  (long long)order->id, (long long)order->id);
        give_up(order, true, PAYMENT_UNTOLD);
        return;
    }
    failpoint("cashier.before_create");
    order->asking = true;
    if (yookassa_create(shop->yookassa, row->key, row->body, created, order) != ERR_OK) {
        order->asking = false;
        log_error("cashier", "order %lld: its idempotence key is malformed", (long long)order->id);
        give_up(order, true, PAYMENT_UNTOLD);
    }
}

static void watch(struct open_order *order, const struct payments_order *row)
{
    if (row->payment_id == NULL || !yookassa_id_valid(row->payment_id)) {
        log_error("cashier", "order %lld: pending, but without a payment id", (long long)order->id);
        cashier_forget(order);
        return;
    }
    memcpy(order->payment_id, row->payment_id, strlen(row->payment_id) + 1);
    order->stage = OPEN_WATCH;
    cashier_fine(order);
    if (order->asked)
        cashier_again(order, 1); /* the user waits for this look */
    else
        cashier_next_look(order);
}

/* If it was not told yet, its row stands. Else it was told while the user was elsewhere, which says nothing of payments
 * that came to nothing: whoever asks hears of it. */
static void tell_end(struct open_order *order, const struct payments_order *row)
{
    struct event news = {.kind = row->state == PAYMENTS_FAILED ? EVENT_PAYMENT_FAILED : EVENT_PAYMENT_CANCELED,
                         .chat_id = row->chat_id,
                         .object = row->id,
                         .reason = row->reason,
                         .asked = true};
    mailbox_look(order->cashier->shop->mailbox);
    if (order->asked && (row->state == PAYMENTS_FAILED || row->state == PAYMENTS_CANCELED))
        cashier_post(order->cashier, &news);
}

static void read_row(void *ctx, const struct db_result *result, const struct db_failure *failure)
{
    struct open_order *order = ctx;
    if (failure != NULL) {
        cashier_retry(order, 0, "reading the order", failure->message);
        return;
    }
    if (db_rows(result, 0) == 0) { /* the user is gone, and the order with them */
        cashier_forget(order);
        return;
    }
    struct payments_order row = payments_read_order(result, 0, 0);
    order->chat_id = row.chat_id;
    order->created_at_ms = row.created_at_ms;
    switch (row.state) {
    case PAYMENTS_CREATING: create(order, &row); break;
    case PAYMENTS_PENDING: watch(order, &row); break;
    case PAYMENTS_SUCCEEDED:
    case PAYMENTS_CANCELED:
    case PAYMENTS_FAILED:
    case PAYMENTS_MISMATCH:
    case PAYMENTS_STATE_COUNT:
        tell_end(order, &row);
        cashier_forget(order);
        break;
    }
}

void cashier_run_read(struct open_order *order)
{
    struct arena arena;
    struct db_unit *unit = db_unit_new();
    arena_init(&arena);
    (void)payments_add_order(unit, &arena, order->id);
    arena_done(&arena);
    db_submit(order->cashier->shop->chores_db, unit, read_row, order);
}
