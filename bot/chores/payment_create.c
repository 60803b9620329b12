/* Creating the payment of an order. Idempotence key and body stand in the order's row before the first call; both are
 * read from there for every try and sent as they stand; the row's state says whether a try is still wanted. Whatever
 * goes wrong after that (a lost answer, a lost commit, a kill) leads back to the same first step, and YooKassa answers
 * the same key with the same payment.
 *
 * Must not: make a key or a body, or try with a key that YooKassa may have forgotten: that would be a second payment.
 */
#include "bot/chores/payment_create.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "bot/base/failpoint.h"
#include "bot/base/log.h"
#include "bot/chores/payment_orders.h"
#include "core/bug.h"
#include "core/payment_plan.h"
#include "db/reconcile.h"

enum { AT_ONCE_MAX = 4 };

struct payment_create {
    struct payment_create_ports ports;
};

/* What is to be written. */
struct creating {
    bool unwanted;              /* nobody wants it any more */
    enum payments_end refusal;  /* of an end without a payment, unless it was lost … */
    enum payment_reason reason; /* … and why, as the user is told */
    int64_t asked_kopecks;
    char currency[YOOKASSA_CURRENCY_BYTES];
    char id[YOOKASSA_ID_BYTES]; /* "" = none was made */
    char url[YOOKASSA_URL_BYTES];
    int64_t until_ms;
};

/* ---- the end ---- */

static void write_end(void *unused, const struct errand *errand, struct db_unit *unit, struct arena *arena)
{
    const struct creating *creating = errand->work;
    (void)unused;
    if (creating == NULL) /* it has a payment, or needs none any more */
        return;
    if (errand->end == ERRAND_DONE && !creating->unwanted) {
        (void)payments_add_created(unit, arena,
                                   &(struct payments_created){.order_id = errand->id,
                                                              .payment_id = creating->id,
                                                              .url = creating->url[0] == '\0' ? NULL : creating->url,
                                                              .until_ms = creating->until_ms});
        return;
    }
    if (!creating->unwanted)
        failpoint("payment_create.before_failed");
    enum payments_end refused = errand->end == ERRAND_LOST ? PAYMENTS_LOST : creating->refusal;
    (void)payments_add_given_up(unit, arena, errand->id, creating->unwanted ? PAYMENTS_UNWANTED : refused,
                                creating->reason);
}

static bool end_heard(void *ctx, struct errand *errand, const struct db_result *result)
{
    const struct payment_create *self = ctx;
    const struct creating *creating = errand->work;
    bool failed = errand->end != ERRAND_DONE, changed = payments_read_done(result, 0) || errand->uncertain;
    if (failed)
        failpoint("payment_create.after_failed");
    struct event news = {.kind = failed ? EVENT_PAYMENT_FAILED : EVENT_PAYMENT_LINK,
                         .object = errand->id,
                         .reason = creating->reason,
                         .news_id = payments_read_news(result, 0)};
    if (!creating->unwanted && (changed || !failed))
        errand_tell(errand, news);
    if (!creating->unwanted && !(failed && changed)) /* the row says what is next, also if somebody else was faster */
        engine_wake(self->ports.engine, CHORE_PAYMENT_WATCH, errand->id);
    return true;
}

static bool end_refused(void *unused, struct errand *errand, const struct db_failure *failure)
{
    struct creating *creating = errand->work;
    (void)unused;
    if (failure->err != ERR_CONFLICT || errand->end != ERRAND_DONE)
        return false;
    log_error("payment_create", "order %" PRId64 ": YooKassa gave it a payment that already belongs to another order",
              errand->id);
    creating->refusal = PAYMENTS_NOT_OURS;
    creating->reason = PAYMENT_UNTOLD;
    errand_change(errand, ERRAND_FAILED, NULL);
    return true;
}

static void fail(struct errand *errand, enum payments_end refusal, enum payment_reason reason, const char *why)
{
    struct creating *creating = errand->work;
    creating->refusal = refusal;
    creating->reason = reason;
    errand_fail(errand, why);
}

/* ---- after YooKassa ---- */

static void keep(const struct payment_create *self, struct errand *errand, const struct yookassa_payment *payment)
{
    struct creating *creating = errand->work;
    int64_t made_at_ms = payment->created_at_s > 0 ? payment->created_at_s * 1000 : self->ports.clock->unix_ms;
    memcpy(creating->id, payment->id, sizeof creating->id);
    memcpy(creating->url, payment->confirmation_url, sizeof creating->url);
    creating->until_ms = made_at_ms + self->ports.link_life_ms;
    errand_end(errand);
}

static void refuse(struct errand *errand, const struct yookassa_verdict *verdict)
{
    char why[ERRAND_WHY_MAX_BYTES];
    if (verdict->kind == YOOKASSA_UNAUTHORIZED)
        (void)snprintf(why, sizeof why, "YooKassa refuses the shop id or the secret key (HTTP %ld %s)", verdict->status,
                       verdict->code);
    else
        (void)snprintf(why, sizeof why, "YooKassa refused the payment (HTTP %ld %s%s%s): %s", verdict->status,
                       verdict->code, verdict->parameter[0] == '\0' ? "" : ", ", verdict->parameter,
                       verdict->description);
    fail(errand, PAYMENTS_REFUSED, PAYMENT_UNTOLD, why);
}

static void take(const struct payment_create *self, struct errand *errand, const struct yookassa_payment *payment)
{
    const struct creating *creating = errand->work;
    char why[ERRAND_WHY_MAX_BYTES];
    if (payment->order_id != errand->id) {
        (void)snprintf(why, sizeof why, "YooKassa answered with payment %s, which is another order's", payment->id);
        fail(errand, PAYMENTS_NOT_OURS, PAYMENT_UNTOLD, why);
    } else if (payment->shop[0] != '\0' && strcmp(payment->shop, self->ports.shop_id) != 0) {
        (void)snprintf(why, sizeof why, "YooKassa answered with payment %s, which is another shop's", payment->id);
        fail(errand, PAYMENTS_NOT_OURS, PAYMENT_UNTOLD, why);
    } else if (payment->test_untold) {
        fail(errand, PAYMENTS_REFUSED, PAYMENT_UNTOLD, "YooKassa does not say whether this is a test shop");
    } else if (payment->test != self->ports.test_shop) { /* before anybody sees the link */
        fail(errand, PAYMENTS_REFUSED, PAYMENT_UNTOLD,
             payment->test ? "this is a test shop, and yookassa.test_shop does not say so"
                           : "this is no test shop, but yookassa.test_shop says so");
    } else if (payment->amount_kopecks != creating->asked_kopecks ||
               strcmp(payment->currency, creating->currency) != 0) {
        (void)snprintf(why, sizeof why, "YooKassa made payment %s of another sum or currency than was asked: cancel it",
                       payment->id);
        fail(errand, PAYMENTS_OTHER_SUM, PAYMENT_UNTOLD, why);
    } else if (payment->status == YOOKASSA_PENDING && payment->confirmation_url[0] == '\0') {
        errand_retry(errand, 0, "YooKassa gave no link");
    } else {
        keep(self, errand, payment); /* one that has ended already is met by the watch: only a GET is believed */
    }
}

static void yookassa_answered(void *ctx, const struct yookassa_reply *reply)
{
    struct errand *errand = ctx;
    const struct yookassa_verdict *verdict = &reply->verdict;
    if (!errand_answered(errand))
        return;
    switch (verdict->kind) {
    case YOOKASSA_OK: take(errand_self(errand), errand, reply->payment); break;
    case YOOKASSA_RETRY:
    case YOOKASSA_AMBIGUOUS:
        errand_retry(errand, verdict->retry_after_ms,
                     verdict->description[0] != '\0' ? verdict->description : yookassa_verdict_name(verdict->kind));
        break;
    case YOOKASSA_CONTACT: /* the user's to mend; what was refused stands in the order's row, and in no log */
        log_info("payment_create", "order %" PRId64 " has no payment: YooKassa refuses its %s", errand->id,
                 verdict->parameter);
        fail(errand, PAYMENTS_REFUSED, PAYMENT_CONTACT_REFUSED, NULL);
        break;
    case YOOKASSA_PERMANENT:
    case YOOKASSA_UNAUTHORIZED:
    case YOOKASSA_NOT_FOUND:
    case YOOKASSA_VERDICT_COUNT: refuse(errand, verdict); break;
    }
}

/* ---- before YooKassa ---- */

static void create(const struct payment_create *self, struct errand *errand, const struct payments_order *order)
{
    struct creating *creating = calloc(1, sizeof *creating);
    if (creating == NULL)
        bug("out of memory");
    creating->asked_kopecks = order->asked_kopecks;
    (void)snprintf(creating->currency, sizeof creating->currency, "%s", order->currency);
    errand->work = creating;
    if (order->canceled) { /* a link that nobody was shown can't be paid */
        creating->unwanted = true;
        errand_end(errand);
        return;
    }
    engine_wake(self->ports.engine, CHORE_PAYMENT_RECONCILE, RECONCILE_YOOKASSA);
    if (!errand_call(errand))
        return;
    if (yookassa_create(self->ports.yookassa, order->key, order->body, yookassa_answered, errand) != ERR_OK &&
        errand_answered(errand))
        fail(errand, PAYMENTS_REFUSED, PAYMENT_UNTOLD, "its idempotence key is malformed");
}

static void begin(void *ctx, struct errand *errand, const struct chore_row *row)
{
    const struct payment_create *self = ctx;
    struct payments_order order = payments_read_order(row->result, row->statement, row->row);
    free(errand->work); /* of an earlier try */
    errand->work = NULL;
    if (order.state == PAYMENTS_CREATING) {
        create(self, errand, &order);
        return;
    }
    engine_wake(self->ports.engine, CHORE_PAYMENT_WATCH, errand->id);
    errand_end(errand);
}

/* ---- its rows are orders ---- */

static int load(void *ctx, struct db_unit *unit, struct arena *arena, int limit)
{
    const struct payment_create *self = ctx;
    return payment_orders_load(unit, arena, PAYMENTS_CREATING, self->ports.clock, limit);
}

static const struct chore_table orders = {.load = load, .find = payment_orders_find, .read = payment_orders_read};

struct payment_create *payment_create_new(const struct payment_create_ports *ports)
{
    struct payment_create *self = calloc(1, sizeof *self);
    if (self == NULL)
        bug("out of memory");
    self->ports = *ports;
    engine_add(ports->engine, CHORE_PAYMENT_CREATE,
               &(struct chore){.self = self,
                               .table = &orders,
                               .at_once = AT_ONCE_MAX,
                               .known_max = PAYMENT_ORDERS_MAX,
                               .loud = 1,
                               .base_ms = PAYMENT_ORDERS_BASE_MS,
                               .cap_ms = PAYMENT_ORDERS_CAP_MS,
                               .key_life_ms = PAYMENT_PLAN_KEY_MS,
                               .read_always = true,
                               .begin = begin,
                               .write = write_end,
                               .heard = end_heard,
                               .refused = end_refused,
                               .cancel = payment_orders_forget});
    return self;
}

void payment_create_free(struct payment_create *self)
{
    free(self);
}
