/* Refunds at YooKassa. What it says is compared with what was asked: a refund of another payment, or of another sum, is
 * none of ours, whatever its status. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "bot/chores/payment_refund/private.h"

enum { WHY_BYTES = 400 };

static char *yookassa_body(const struct refunding *refunding, const char *payment_body)
{
    char *body = NULL;
    struct yookassa_refund_order order = {.refund_id = refunding->id,
                                          .attempt = refunding->attempt,
                                          .payment_id = refunding->payment_id,
                                          .amount_kopecks = refunding->kopecks,
                                          .currency = refunding->currency,
                                          .payment_body = payment_body};
    return yookassa_body_refund(&order, &body) == ERR_OK ? body : NULL;
}

/* Our numbers in its metadata tell two of the same sum apart; if it brings none back, payment and sum must do. */
static bool is_ours(const struct refunding *refunding, const struct yookassa_refund *refund)
{
    return strcmp(refund->payment_id, refunding->payment_id) == 0 && refund->amount_kopecks == refunding->kopecks &&
           strcmp(refund->currency, refunding->currency) == 0 &&
           (refund->refund_id == 0 || (refund->refund_id == refunding->id && refund->attempt == refunding->attempt));
}

static void take(struct errand *errand, const struct yookassa_refund *refund)
{
    struct refund_answer answer = {.outside_id = refund->id};
    char why[WHY_BYTES];
    if (!is_ours(errand->work, refund)) { /* not a no: what was asked may have been done */
        (void)snprintf(why, sizeof why, "YooKassa answered with refund %s, which is not the one that was asked for",
                       refund->id);
        answer.said = REFUND_SAID_NOTHING;
        answer.why = why;
    } else if (refund->status == YOOKASSA_SUCCEEDED) {
        answer.said = REFUND_SAID_SUCCEEDED;
    } else if (refund->status == YOOKASSA_CANCELED) {
        answer.said = REFUND_SAID_NO;
        answer.why = refund->cancel_reason[0] == '\0' ? "canceled" : refund->cancel_reason;
        answer.may_pass = yookassa_refund_may_pass(refund->cancel_reason);
    } else {
        answer.said = REFUND_SAID_PENDING;
    }
    refund_answered(errand, &answer);
}

/* No answer that is one. asks: a refusal is one of what was asked for; else of the question. */
static void take_failure(struct errand *errand, const struct yookassa_verdict *verdict, bool asks)
{
    char why[WHY_BYTES];
    (void)snprintf(why, sizeof why, "HTTP %ld %s%s%s: %s", verdict->status,
                   verdict->code[0] != '\0' ? verdict->code : yookassa_verdict_name(verdict->kind),
                   verdict->parameter[0] == '\0' ? "" : ", ", verdict->parameter, verdict->description);
    struct refund_answer answer = {.said = REFUND_SAID_NOTHING, .why = why, .least_ms = verdict->retry_after_ms};
    switch (verdict->kind) {
    case YOOKASSA_OK:
    case YOOKASSA_RETRY:
    case YOOKASSA_AMBIGUOUS: break;
    case YOOKASSA_UNAUTHORIZED: answer.said = REFUND_SAID_TROUBLE; break;
    case YOOKASSA_PERMANENT:
    case YOOKASSA_NOT_FOUND:
    case YOOKASSA_CONTACT:
    case YOOKASSA_VERDICT_COUNT: answer.said = asks ? REFUND_SAID_NO : REFUND_SAID_NOTHING; break;
    }
    refund_answered(errand, &answer);
}

static void yookassa_asked(void *ctx, const struct yookassa_reply *reply)
{
    struct errand *errand = ctx;
    if (!errand_answered(errand))
        return;
    if (reply->refund != NULL)
        take(errand, reply->refund);
    else
        take_failure(errand, &reply->verdict, true);
}

static void yookassa_looked(void *ctx, const struct yookassa_reply *reply)
{
    struct errand *errand = ctx;
    if (!errand_answered(errand))
        return;
    if (reply->refund != NULL)
        take(errand, reply->refund);
    else
        take_failure(errand, &reply->verdict, false);
}

static void yookassa_searched(void *ctx, const struct yookassa_reply *reply)
{
    struct errand *errand = ctx;
    if (!errand_answered(errand))
        return;
    if (reply->refunds == NULL) {
        take_failure(errand, &reply->verdict, false);
        return;
    }
    for (size_t i = 0; i < reply->refunds->count; i++) {
        if (is_ours(errand->work, &reply->refunds->list[i])) {
            take(errand, &reply->refunds->list[i]);
            return;
        }
    }
    refund_answered(errand, &(struct refund_answer){.said = REFUND_SAID_UNMADE});
}

/* A name or a key that is none is answered at once. */
static void started(struct errand *errand, enum err err, enum refund_said said)
{
    if (err != ERR_OK && errand_answered(errand))
        refund_answered(errand, &(struct refund_answer){.said = said, .why = "its name or its key is malformed"});
}

static void yookassa_ask(const struct payment_refund_ports *ports, struct errand *errand)
{
    const struct refunding *refunding = errand->work;
    if (errand_call(errand))
        started(errand,
                yookassa_refund_create(ports->yookassa, refunding->key, refunding->body, yookassa_asked, errand),
                REFUND_SAID_NO);
}

static void yookassa_look(const struct payment_refund_ports *ports, struct errand *errand)
{
    const struct refunding *refunding = errand->work;
    if (errand_call(errand))
        started(errand, yookassa_refund_get(ports->yookassa, refunding->outside_id, yookassa_looked, errand),
                REFUND_SAID_NOTHING);
}

static void yookassa_search(const struct payment_refund_ports *ports, struct errand *errand)
{
    const struct refunding *refunding = errand->work;
    if (errand_call(errand))
        started(errand, yookassa_refunds_get(ports->yookassa, refunding->payment_id, yookassa_searched, errand),
                REFUND_SAID_NOTHING);
}

const struct refund_way refund_way_yookassa = {.provider = "yookassa",
                                               .body = yookassa_body,
                                               .ask = yookassa_ask,
                                               .look = yookassa_look,
                                               .search = yookassa_search};
