/* One look after the other, the older the payment the fewer: most receipts are there within seconds, and what is not
 * there after five minutes is a person's to look at, who may mend it a month later. A receipt is only asked for with
 * its payment: nothing is asked for here, so nothing can be there twice. Must not: tell anybody. */
#include "bot/chores/receipt_watch.h"

#include <stdlib.h>
#include <string.h>
#include "bot/base/log.h"
#include "bot/chores/question.h"
#include "core/bug.h"
#include "db/receipts.h"

enum {
    AT_ONCE = 4,
    LOUD_ATTEMPT = 5,
    BASE_MS = 2000,
    CAP_MS = 60 * 1000,
    LEASE_MS = 5 * 60 * 1000,
    MINUTE_MS = 60 * 1000,
    DAY_MS = 24 * 60 * MINUTE_MS,
    SOON_MS = 20 * 1000,
    MONTH_DAYS = 30
};

struct receipt_watch {
    struct receipt_watch_ports ports;
    struct questions questions;
};

/* What was said of a receipt that came to its end. */
struct receipt {
    char said[YOOKASSA_REASON_BYTES];
};

static int64_t age_ms(const struct receipt_watch *watch, const struct errand *errand)
{
    return watch->ports.clock->unix_ms - errand->born_ms;
}

/* ---- the end ---- */

static void receipt_write(void *unused, const struct errand *errand, struct db_unit *unit, struct arena *arena)
{
    const struct receipt *receipt = errand->work;
    (void)unused;
    (void)arena;
    if (receipt != NULL)
        (void)receipts_add_seen(unit, errand->outside, receipt->said);
}

static bool receipt_heard(void *ctx, struct errand *errand, const struct db_result *result)
{
    const struct receipt_watch *watch = ctx;
    if (errand->work != NULL && (result == NULL || receipts_read_due(result, 1)))
        engine_wake(watch->ports.engine, CHORE_MONEY_AUDIT, 0);
    return true;
}

static void receipt_ends(struct errand *errand, const char *said)
{
    struct receipt *receipt = calloc(1, sizeof *receipt);
    if (receipt == NULL)
        bug("out of memory");
    memcpy(receipt->said, said, strlen(said) + 1);
    errand->work = receipt;
    errand_end(errand);
}

/* ---- it is not there ---- */

static void look_later(struct errand *errand, int64_t age)
{
    if (age >= MONTH_DAYS * (int64_t)DAY_MS)
        errand_end(errand); /* the look through the books goes on telling of it */
    else if (age < MINUTE_MS)
        errand_again(errand, SOON_MS);
    else if (age < RECEIPTS_LATE_MS)
        errand_again(errand, age < RECEIPTS_LATE_MS - MINUTE_MS ? MINUTE_MS : RECEIPTS_LATE_MS - age + 1000);
    else
        errand_again(errand, age < DAY_MS ? age : DAY_MS);
}

static void late_noted(struct errand *errand, const struct db_result *result, const struct db_failure *failure)
{
    const struct receipt_watch *watch = errand_self(errand);
    if (failure != NULL) {
        errand_trouble(errand, 0, failure->message);
        return;
    }
    if (receipts_read_due(result, 0))
        engine_wake(watch->ports.engine, CHORE_MONEY_AUDIT, 0);
    look_later(errand, age_ms(watch, errand));
}

static void receipt_missing(struct receipt_watch *watch, struct errand *errand)
{
    if (age_ms(watch, errand) < RECEIPTS_LATE_MS) {
        look_later(errand, age_ms(watch, errand));
        return;
    }
    struct db_unit *unit = db_unit_new();
    (void)receipts_add_missed(unit, errand->outside);
    question_ask(&watch->questions, watch->ports.db, unit, errand, late_noted);
}

/* ---- the look ---- */

static void payment_answered(void *ctx, const struct yookassa_reply *reply)
{
    struct errand *errand = ctx;
    const struct yookassa_verdict *verdict = &reply->verdict;
    if (!errand_answered(errand))
        return;
    if (verdict->kind != YOOKASSA_OK)
        log_info("receipt_watch", "payment %s can't be asked for: %s", errand->outside,
                 verdict->description[0] != '\0' ? verdict->description : yookassa_verdict_name(verdict->kind));
    if (verdict->kind == YOOKASSA_OK && yookassa_receipt_ended(reply->payment))
        receipt_ends(errand, reply->payment->receipt);
    else
        receipt_missing(errand_self(errand), errand);
}

static void receipt_begin(void *ctx, struct errand *errand, const struct chore_row *row)
{
    const struct receipt_watch *watch = ctx;
    (void)row;
    if (errand->outside == NULL || !yookassa_id_valid(errand->outside))
        errand_fail(errand, "its payment has no name at YooKassa");
    else if (errand_call(errand) &&
             yookassa_get(watch->ports.yookassa, errand->outside, payment_answered, errand) != ERR_OK)
        bug("a payment id that was found well-formed");
}

static void receipt_cancel(void *ctx, struct errand *errand)
{
    struct receipt_watch *watch = ctx;
    question_drop(&watch->questions, errand);
    free(errand->work);
}

struct receipt_watch *receipt_watch_new(const struct receipt_watch_ports *ports)
{
    struct receipt_watch *watch = calloc(1, sizeof *watch);
    if (watch == NULL)
        bug("out of memory");
    watch->ports = *ports;
    LIST_INIT(&watch->questions);
    engine_add(ports->engine, CHORE_RECEIPT_WATCH,
               &(struct chore){.self = watch,
                               .at_once = AT_ONCE,
                               .loud = LOUD_ATTEMPT,
                               .base_ms = BASE_MS,
                               .cap_ms = CAP_MS,
                               .lease_ms = LEASE_MS,
                               .look_every_ms = MINUTE_MS,
                               .begin = receipt_begin,
                               .write = receipt_write,
                               .heard = receipt_heard,
                               .cancel = receipt_cancel});
    return watch;
}

void receipt_watch_free(struct receipt_watch *watch)
{
    if (watch != NULL)
        question_free_all(&watch->questions);
    free(watch);
}
