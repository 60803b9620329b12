/* Watching a payment until it ends. YooKassa is asked about the id that stands in our order; what it says is compared
 * with the order, and the database settles. The plan follows from the payment's age, so a look that changes nothing
 * writes nothing; it only gets slower, so money that comes late is still seen. Places are kept for those who ask.
 *
 * Must not: believe anything but the answer to our own question, or decide about money: settle_payment() in the
 * database is the one place where it becomes a job. */
#include "bot/chores/payment_watch.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "bot/base/failpoint.h"
#include "bot/base/log.h"
#include "bot/chores/payment_orders.h"
#include "core/bug.h"
#include "core/payment_plan.h"

enum {
    AT_ONCE_MAX = 8,
    KEPT = 4,
    ASKED_EVERY_MS = 2000,      /* between two looks that a user asks for */
    REFUSED_WAIT_MS = 60 * 1000 /* a question refused for good is asked again: a person may mend the reason */
};

struct payment_watch {
    struct payment_watch_ports ports;
};

/* How the payment ended. */
struct watched {
    enum { WATCHED_PAID, WATCHED_CANCELED, WATCHED_FOREIGN } end;
    int64_t amount_kopecks; /* PAID */
    char currency[YOOKASSA_CURRENCY_BYTES];
    enum payment_reason reason; /* CANCELED */
};

/* ---- the end ---- */

static void write_end(void *unused, const struct errand *errand, struct db_unit *unit, struct arena *arena)
{
    const struct watched *watched = errand->work;
    (void)unused;
    if (watched == NULL) /* the row says it already */
        return;
    switch (watched->end) {
    case WATCHED_PAID:
        failpoint("payment_watch.before_settle");
        (void)payments_add_settle(unit, arena, errand->outside, watched->amount_kopecks, watched->currency);
        break;
    case WATCHED_CANCELED:
        failpoint("payment_watch.before_canceled");
        (void)payments_add_canceled(unit, errand->outside, watched->reason);
        break;
    case WATCHED_FOREIGN: (void)payments_add_mismatch(unit, arena, errand->id); break;
    }
}

static void settled(const struct payment_watch *self, const struct errand *errand,
                    const struct payments_settled *answer)
{
    failpoint("payment_watch.after_settle");
    switch (answer->outcome) {
    case PAYMENTS_SETTLED:
    case PAYMENTS_ALREADY: /* or by the first try of this end, whose answer was lost */
        if (answer->job_id != 0)
            break;
        log_error("payment_watch",
                  "order %" PRId64 " is paid but has no photos to make (the avatar is gone): refund payment %s",
                  errand->id, errand->outside);
        break;
    case PAYMENTS_ORPHAN:
        log_error("payment_watch", "order %" PRId64 " is paid but its avatar is gone: refund payment %s", errand->id,
                  errand->outside);
        break;
    case PAYMENTS_WRONG_SUM:
        log_error("payment_watch",
                  "order %" PRId64 ": the sum or the currency of payment %s is not the order's: nothing was given",
                  errand->id, errand->outside);
        break;
    case PAYMENTS_UNKNOWN:
    case PAYMENTS_OUTCOME_COUNT:
        log_error("payment_watch", "payment %s is paid but no order has it", errand->outside);
        break;
    }
    /* Without a job the chat hears that too: nothing paid is ever silent. */
    errand_tell(errand, (struct event){.kind = EVENT_PAYMENT_SETTLED,
                                       .object = answer->order_id,
                                       .other = answer->job_id,
                                       .news_id = answer->news_id});
    if (answer->job_id != 0)
        engine_wake(self->ports.engine, CHORE_PHOTO_MAKE, answer->job_id);
}

static bool end_heard(void *ctx, struct errand *errand, const struct db_result *result)
{
    const struct watched *watched = errand->work;
    struct payments_settled answer;
    switch (watched->end) {
    case WATCHED_PAID:
        answer = payments_read_settle(result, 0);
        settled(ctx, errand, &answer);
        break;
    case WATCHED_CANCELED:
        failpoint("payment_watch.after_canceled");
        errand_tell(errand, (struct event){.kind = EVENT_PAYMENT_CANCELED,
                                           .object = errand->id,
                                           .reason = watched->reason,
                                           .news_id = payments_read_news(result, 0)});
        break;
    case WATCHED_FOREIGN:
        if (payments_read_done(result, 0))
            log_error("payment_watch",
                      "order %" PRId64 ": YooKassa says that its payment %s is another order's: nothing was given",
                      errand->id, errand->outside);
        errand_tell(errand, (struct event){.kind = EVENT_PAYMENT_FAILED,
                                           .object = errand->id,
                                           .news_id = payments_read_news(result, 0)});
        break;
    }
    return true;
}

/* ---- what YooKassa said ---- */

static void next_look(const struct payment_watch *self, struct errand *errand)
{
    int64_t now_ms = self->ports.clock->unix_ms;
    int64_t next_ms = payment_plan_next_ms(errand->born_ms, errand->given_up, now_ms);
    if (next_ms != 0) {
        errand_again(errand, next_ms - now_ms);
        return;
    }
    log_info("payment_watch",
             "order %" PRId64 ": its payment is still pending after a month and is not watched any more", errand->id);
    errand_end(errand);
}

static void take_end(struct errand *errand, const struct yookassa_payment *payment)
{
    struct watched *watched = calloc(1, sizeof *watched);
    if (watched == NULL)
        bug("out of memory");
    if (payment->order_id != errand->id) {
        watched->end = WATCHED_FOREIGN;
    } else if (payment->status == YOOKASSA_SUCCEEDED) {
        watched->end = WATCHED_PAID;
        watched->amount_kopecks = payment->amount_kopecks;
        memcpy(watched->currency, payment->currency, sizeof watched->currency);
    } else {
        log_info("payment_watch", "order %" PRId64 ": payment canceled (%s: %s)", errand->id, payment->cancel_party,
                 payment->cancel_reason);
        watched->end = WATCHED_CANCELED;
        watched->reason = yookassa_reason(payment->cancel_reason);
    }
    errand->work = watched;
    errand_end(errand);
}

static void take(const struct payment_watch *self, struct errand *errand, const struct yookassa_payment *payment)
{
    bool is_open = payment->status == YOOKASSA_PENDING || payment->status == YOOKASSA_WAITING_FOR_CAPTURE;
    if (!is_open || payment->order_id != errand->id) {
        take_end(errand, payment);
        return;
    }
    if (errand->asked)
        errand_tell(errand, (struct event){.kind = EVENT_PAYMENT_PENDING, .object = errand->id});
    next_look(self, errand);
}

static void yookassa_answered(void *ctx, const struct yookassa_reply *reply)
{
    struct errand *errand = ctx;
    const struct yookassa_verdict *verdict = &reply->verdict;
    if (!errand_answered(errand))
        return;
    const char *why = verdict->description[0] != '\0' ? verdict->description : yookassa_verdict_name(verdict->kind);
    switch (verdict->kind) {
    case YOOKASSA_OK: take(errand_self(errand), errand, reply->payment); break;
    case YOOKASSA_RETRY:
    case YOOKASSA_AMBIGUOUS: errand_retry(errand, verdict->retry_after_ms, why); break;
    case YOOKASSA_PERMANENT:
    case YOOKASSA_UNAUTHORIZED:
    case YOOKASSA_NOT_FOUND:
    case YOOKASSA_CONTACT:
    case YOOKASSA_VERDICT_COUNT: errand_retry(errand, REFUSED_WAIT_MS, why); break;
    }
}

static void look(const struct payment_watch *self, struct errand *errand)
{
    if (errand->outside == NULL) {
        log_error("payment_watch", "order %" PRId64 ": pending, but without a payment id", errand->id);
        errand_end(errand);
        return;
    }
    if (!errand_call(errand))
        return;
    if (yookassa_get(self->ports.yookassa, errand->outside, yookassa_answered, errand) != ERR_OK)
        bug("a payment id that was read and found well-formed");
}

/* ---- its row, when there is something new in it ---- */

/* If its end was not told yet, the row of the news stands. Else it was told while the user was elsewhere, which says
 * nothing of payments that came to nothing: whoever asks hears of it. */
static void tell_end(const struct payment_watch *self, const struct errand *errand, const struct payments_order *order)
{
    mailbox_look(self->ports.mailbox);
    if (errand->asked && (order->state == PAYMENTS_FAILED || order->state == PAYMENTS_CANCELED))
        errand_tell(errand, (struct event){.kind = order->state == PAYMENTS_FAILED ? EVENT_PAYMENT_FAILED
                                                                                   : EVENT_PAYMENT_CANCELED,
                                           .object = order->id,
                                           .reason = order->reason,
                                           .asked = true});
}

static void begin(void *ctx, struct errand *errand, const struct chore_row *row)
{
    const struct payment_watch *self = ctx;
    if (row == NULL) {
        look(self, errand);
        return;
    }
    struct payments_order order = payments_read_order(row->result, row->statement, row->row);
    if (order.state == PAYMENTS_CREATING) /* whoever asks hears of it with the link */
        engine_wake(self->ports.engine, CHORE_PAYMENT_CREATE, errand->id);
    else if (order.state != PAYMENTS_PENDING)
        tell_end(self, errand, &order);
    if (order.state != PAYMENTS_PENDING)
        errand_end(errand);
    else if (errand->asked || errand->outside == NULL)
        look(self, errand);
    else
        next_look(self, errand);
}

/* ---- its rows are orders ---- */

static int load(void *ctx, struct db_unit *unit, struct arena *arena, int limit)
{
    const struct payment_watch *self = ctx;
    return payment_orders_load(unit, arena, PAYMENTS_PENDING, self->ports.clock, limit);
}

static const struct chore_table orders = {.load = load, .find = payment_orders_find, .read = payment_orders_read};

struct payment_watch *payment_watch_new(const struct payment_watch_ports *ports)
{
    struct payment_watch *self = calloc(1, sizeof *self);
    if (self == NULL)
        bug("out of memory");
    self->ports = *ports;
    engine_add(ports->engine, CHORE_PAYMENT_WATCH,
               &(struct chore){.self = self,
                               .table = &orders,
                               .at_once = AT_ONCE_MAX,
                               .kept = KEPT,
                               .known_max = PAYMENT_ORDERS_MAX,
                               .loud = 1,
                               .base_ms = PAYMENT_ORDERS_BASE_MS,
                               .cap_ms = PAYMENT_ORDERS_CAP_MS,
                               .asked_every_ms = ASKED_EVERY_MS,
                               .begin = begin,
                               .write = write_end,
                               .heard = end_heard,
                               .cancel = payment_orders_forget});
    return self;
}

void payment_watch_free(struct payment_watch *self)
{
    free(self);
}
