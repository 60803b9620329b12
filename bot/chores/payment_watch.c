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
#include "db/receipts.h"

enum {
    AT_ONCE_MAX = 8,
    KEPT = 4,
    ASKED_EVERY_MS = 2000,      /* between two looks that a user asks for */
    REFUSED_WAIT_MS = 60 * 1000 /* a question refused for good is asked again: a person may mend the reason */
};

struct payment_watch {
    struct payment_watch_ports ports;
};

/* What was said of a payment that has ended, and is to be settled. */
struct watched {
    bool is_over;              /* it ended without money, says its row, and somebody hints that money came after all */
    bool is_seen;              /* this was said: */
    struct payments_seen seen; /* its texts are these: */
    char shop[YOOKASSA_SHOP_BYTES];
    char currency[YOOKASSA_CURRENCY_BYTES];
    char receipt[YOOKASSA_REASON_BYTES];
};

/* ---- the end ---- */

static void write_end(void *unused, const struct errand *errand, struct db_unit *unit, struct arena *arena)
{
    const struct watched *watched = errand->work;
    (void)unused;
    if (watched == NULL || !watched->is_seen) /* the row says it already */
        return;
    struct payments_seen seen = watched->seen;
    seen.payment_id = errand->outside;
    if (seen.status == PAYMENTS_SAID_SUCCEEDED)
        failpoint("payment_watch.before_settle");
    else
        failpoint("payment_watch.before_canceled");
    (void)payments_add_seen(unit, arena, &seen);
}

/* What a person must look at; the audit tells the owner of the same. */
static void log_outcome(const struct errand *errand, const struct payments_settled *answer)
{
    switch (answer->outcome) {
    case PAYMENTS_HELD:
        log_error("payment_watch", "order %" PRId64 ": payment %s is not as it was asked for: nothing was given",
                  errand->id, errand->outside);
        break;
    case PAYMENTS_OWED:
        log_error("payment_watch",
                  "order %" PRId64 ": nothing can be given for payment %s (the avatar is gone, or it was paid"
                  " already): it is to be given back",
                  errand->id, errand->outside);
        break;
    case PAYMENTS_FOREIGN:
        log_error("payment_watch", "order %" PRId64 ": YooKassa says that its payment %s is another order's",
                  errand->id, errand->outside);
        break;
    case PAYMENTS_UNKNOWN: log_error("payment_watch", "payment %s is known to no order", errand->outside); break;
    case PAYMENTS_SETTLED:
    case PAYMENTS_ALREADY:
    case PAYMENTS_UNPAID:
    case PAYMENTS_NOTHING:
    case PAYMENTS_OUTCOME_COUNT: break;
    }
}

/* Without a job the chat hears that too: nothing paid is ever silent. */
static void money_heard(const struct payment_watch *self, const struct errand *errand,
                        const struct payments_settled *answer, bool audit_is_due)
{
    failpoint("payment_watch.after_settle");
    errand_tell(errand, (struct event){.kind = EVENT_PAYMENT_SETTLED,
                                       .object = answer->order_id,
                                       .other = answer->job_id,
                                       .news_id = answer->news_id});
    if (answer->job_id != 0)
        engine_wake(self->ports.engine, CHORE_PHOTO_MAKE, answer->job_id);
    if (answer->outcome == PAYMENTS_OWED)
        engine_wake(self->ports.engine, CHORE_PAYMENT_REFUND, 0);
    if (audit_is_due)
        engine_wake(self->ports.engine, CHORE_MONEY_AUDIT, 0);
    engine_wake(self->ports.engine, CHORE_NPD_RECEIPT, 0);
}

static bool end_heard(void *ctx, struct errand *errand, const struct db_result *result)
{
    const struct watched *watched = errand->work;
    const struct payments_settled answer = payments_read_seen(result, 0);
    log_outcome(errand, &answer);
    if (watched->seen.status == PAYMENTS_SAID_SUCCEEDED) {
        const struct payment_watch *self = ctx;
        money_heard(self, errand, &answer, watched->seen.receipt != NULL && receipts_read_due(result, 1));
        if (watched->seen.receipt == NULL) /* if it is to have one */
            engine_wake(self->ports.engine, CHORE_RECEIPT_WATCH, 0);
        return true;
    }
    failpoint("payment_watch.after_canceled");
    errand_tell(errand, (struct event){.kind = answer.outcome == PAYMENTS_FOREIGN ? EVENT_PAYMENT_FAILED
                                                                                  : EVENT_PAYMENT_CANCELED,
                                       .object = errand->id,
                                       .reason = watched->seen.reason,
                                       .news_id = answer.news_id});
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

static struct watched *watched_of(struct errand *errand)
{
    if (errand->work == NULL && (errand->work = calloc(1, sizeof(struct watched))) == NULL)
        bug("out of memory");
    return errand->work;
}

static void take_end(struct errand *errand, const struct yookassa_payment *payment)
{
    struct watched *watched = watched_of(errand);
    memcpy(watched->shop, payment->shop, sizeof watched->shop);
    memcpy(watched->currency, payment->currency, sizeof watched->currency);
    memcpy(watched->receipt, payment->receipt, sizeof watched->receipt);
    watched->is_seen = true;
    watched->seen = payment_orders_seen(payment);
    watched->seen.currency = watched->currency;
    watched->seen.shop = watched->shop[0] == '\0' ? NULL : watched->shop;
    watched->seen.receipt = watched->seen.receipt == NULL ? NULL : watched->receipt;
    if (payment->status == YOOKASSA_CANCELED)
        log_info("payment_watch", "order %" PRId64 ": payment canceled (%s: %s)", errand->id, payment->cancel_party,
                 payment->cancel_reason);
    errand_end(errand);
}

static void take(const struct payment_watch *self, struct errand *errand, const struct yookassa_payment *payment)
{
    const struct watched *watched = errand->work;
    bool is_open = payment->status == YOOKASSA_PENDING || payment->status == YOOKASSA_WAITING_FOR_CAPTURE;
    if (watched != NULL && watched->is_over && payment->status != YOOKASSA_SUCCEEDED) {
        errand_end(errand);
        return;
    }
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
    const struct watched *watched = errand->work;
    const char *why = verdict->description[0] != '\0' ? verdict->description : yookassa_verdict_name(verdict->kind);
    if (verdict->kind != YOOKASSA_OK && watched != NULL && watched->is_over) { /* a hint is good for one look */
        errand_end(errand);
        return;
    }
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
    if (errand->hinted && !errand->asked && errand->outside != NULL &&
        (order.state == PAYMENTS_CANCELED || order.state == PAYMENTS_FAILED)) {
        watched_of(errand)->is_over = true;
        look(self, errand);
        return;
    }
    if (order.state == PAYMENTS_CREATING) /* whoever asks hears of it with the link */
        engine_wake(self->ports.engine, CHORE_PAYMENT_CREATE, errand->id);
    else if (order.state != PAYMENTS_PENDING)
        tell_end(self, errand, &order);
    if (order.state != PAYMENTS_PENDING)
        errand_end(errand);
    else if (errand->asked || errand->hinted || errand->outside == NULL)
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
