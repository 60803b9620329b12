/* Refunds of stars. Telegram gives a payment back once, and whole; asked again it says that it did, and that is a
 * success. So asking is all there is: neither a key nor a search is needed, whatever became of the last time. */
#include <stdlib.h>

#include "bot/base/json.h"
#include "bot/chores/payment_refund/private.h"

static char *stars_body(const struct refunding *refunding, const char *payment_body)
{
    (void)payment_body;
    if (refunding->payer == 0)
        return NULL;
    struct json_object *json = json_new_object();
    json_add(json, "user_id", json_object_new_int64(refunding->payer));
    json_add_text(json, "telegram_payment_charge_id", refunding->payment_id);
    return json_write(json);
}

/* What is refused may be possible later: the bot may have no stars left. */
static void stars_answered(void *ctx, const struct telegram_verdict *verdict, struct json_object *result)
{
    struct errand *errand = ctx;
    (void)result;
    if (!errand_answered(errand))
        return;
    const struct refunding *refunding = errand->work;
    struct refund_answer answer = {.said = REFUND_SAID_NO, .why = verdict->description, .may_pass = true};
    if (verdict->class == TELEGRAM_OK) {
        answer.said = REFUND_SAID_SUCCEEDED;
        answer.outside_id = refunding->payment_id;
    } else if (verdict->class == TELEGRAM_UNAUTHORIZED) {
        answer.said = REFUND_SAID_TROUBLE;
    } else if (verdict->class == TELEGRAM_RETRY || verdict->class == TELEGRAM_AMBIGUOUS ||
               verdict->class == TELEGRAM_CANCELED) {
        answer.said = REFUND_SAID_NOTHING;
        answer.least_ms = verdict->retry_after_ms;
    }
    refund_answered(errand, &answer);
}

static void stars_ask(const struct payment_refund_ports *ports, struct errand *errand)
{
    const struct refunding *refunding = errand->work;
    struct telegram_call call = {
        .method = "refundStarPayment", .repeat = TELEGRAM_REPEAT_FREELY, .params_json = refunding->body};
    if (!errand_call(errand))
        return;
    if (telegram_call(ports->telegram, ports->clock->mono_ms, &call, stars_answered, errand) != ERR_OK &&
        errand_answered(errand))
        refund_answered(errand,
                        &(struct refund_answer){.said = REFUND_SAID_NOTHING, .why = "too many calls are waiting"});
}

const struct refund_way refund_way_stars = {.provider = "stars",
                                            .is_whole = true,
                                            .body = stars_body,
                                            .ask = stars_ask,
                                            .look = stars_ask,
                                            .search = stars_ask};
