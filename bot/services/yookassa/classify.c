/* From an HTTP answer to what the caller may do. The line that matters is between RETRY (nothing happened there) and
 * AMBIGUOUS (it may have): an unknown 5xx, a time-out or a cut answer to a POST may stand for a payment that exists,
 * so only refusals that say so by their nature are RETRY. The error body adds words, and tells what of a request was
 * refused; whether it was is the status's to say. It must not decide what is done next: how often, how long, with which
 * key is the caller's. */
#include "bot/services/yookassa/classify.h"

#include <stdlib.h>
#include <string.h>

#include "bot/base/json.h"
#include "core/bug.h"
#include "core/utf8.h"

enum { RETRY_AFTER_MAX_MS = 60 * 60 * 1000, ERROR_BODY_MAX_BYTES = 64 * 1024, JSON_DEPTH_MAX = 32 };

const char *yookassa_verdict_name(enum yookassa_verdict_kind kind)
{
    switch (kind) {
    case YOOKASSA_OK: return "ok";
    case YOOKASSA_RETRY: return "retry";
    case YOOKASSA_AMBIGUOUS: return "ambiguous";
    case YOOKASSA_PERMANENT: return "permanent";
    case YOOKASSA_UNAUTHORIZED: return "unauthorized";
    case YOOKASSA_NOT_FOUND: return "not found";
    case YOOKASSA_CONTACT: return "contact refused";
    case YOOKASSA_VERDICT_COUNT: break;
    }
    return "unknown";
}

static void copy_field(struct json_object *object, const char *key, char *ret_text, size_t bytes)
{
    const char *text = json_peek_text(object, key);
    if (text != NULL)
        utf8_copy_line(ret_text, bytes, text);
}

static void read_error(const struct http_answer *answer, struct yookassa_verdict *verdict)
{
    if (answer->body == NULL || answer->bytes > ERROR_BODY_MAX_BYTES)
        return;
    struct json_object *object = json_read(answer->body, answer->bytes, JSON_DEPTH_MAX);
    copy_field(object, "code", verdict->code, sizeof verdict->code);
    copy_field(object, "parameter", verdict->parameter, sizeof verdict->parameter);
    copy_field(object, "description", verdict->description, sizeof verdict->description);
    verdict->retry_after_ms = json_peek_number(object, "retry_after");
    json_object_put(object);
}

static enum yookassa_verdict_kind kind_of_status(long status)
{
    switch (status) {
    case 200: return YOOKASSA_OK;
    case 202: return YOOKASSA_AMBIGUOUS; /* still processing: the older form of 500 */
    case 401: return YOOKASSA_UNAUTHORIZED;
    case 404: return YOOKASSA_NOT_FOUND;
    case 408: return YOOKASSA_AMBIGUOUS;
    case 429: return YOOKASSA_RETRY;
    default: break;
    }
    /* Everything else that was refused was not done. A redirect is a wrong api_url; 1xx, 5xx and the rest are unknown.
     */
    return status >= 300 && status < 500 ? YOOKASSA_PERMANENT : YOOKASSA_AMBIGUOUS;
}

static enum yookassa_verdict_kind kind_of(const struct http_answer *answer)
{
    switch (answer->outcome) {
    case HTTP_ANSWERED: return kind_of_status(answer->status);
    case HTTP_NOT_SENT: return YOOKASSA_RETRY;
    case HTTP_AMBIGUOUS: return YOOKASSA_AMBIGUOUS;
    case HTTP_TOO_LARGE: return YOOKASSA_AMBIGUOUS;
    case HTTP_CANCELED: return answer->sent ? YOOKASSA_AMBIGUOUS : YOOKASSA_RETRY;
    case HTTP_OUTCOME_COUNT: break;
    }
    bug("an outcome that http does not have");
}

/* "receipt.customer", "receipt.customer.email" … */
static bool is_of_customer(const char *parameter)
{
    static const char customer[] = "receipt.customer";
    size_t length = sizeof customer - 1;
    return strncmp(parameter, customer, length) == 0 && (parameter[length] == '\0' || parameter[length] == '.');
}

enum payment_reason yookassa_reason(const char *cancel_reason)
{
    static const struct {
        const char *word;
        enum payment_reason reason;
    } reasons[] = {{"expired_on_confirmation", PAYMENT_EXPIRED},
                   {"insufficient_funds", PAYMENT_NO_FUNDS},
                   {"3d_secure_failed", PAYMENT_NOT_CONFIRMED},
                   {"card_expired", PAYMENT_CARD_WRONG},
                   {"invalid_card_number", PAYMENT_CARD_WRONG},
                   {"invalid_csc", PAYMENT_CARD_WRONG},
                   {"payment_method_limit_exceeded", PAYMENT_OVER_LIMIT},
                   {"identification_required", PAYMENT_OVER_LIMIT}, /* of a wallet whose owner is not known */
                   {"call_issuer", PAYMENT_CALL_BANK},
                   {"payment_method_restricted", PAYMENT_CALL_BANK}, /* blocked: lost, or broken into */
                   {"country_forbidden", PAYMENT_OTHER_WAY},
                   {"fraud_suspected", PAYMENT_OTHER_WAY},
                   {"loan_declined", PAYMENT_OTHER_WAY},
                   {"permission_revoked", PAYMENT_OTHER_WAY},
                   {"unsupported_mobile_operator", PAYMENT_OTHER_WAY},
                   {"issuer_unavailable", PAYMENT_BANK_AWAY},
                   {"general_decline", PAYMENT_DECLINED}};
    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++)
        if (strcmp(cancel_reason, reasons[i].word) == 0)
            return reasons[i].reason;
    return PAYMENT_UNTOLD; /* the shop's or YooKassa's own doing, or one of another year */
}

bool yookassa_refund_may_pass(const char *cancel_reason)
{
    static const char *const passing[] = {"insufficient_funds", "general_decline", "rejected_by_timeout"};
    for (size_t i = 0; i < sizeof passing / sizeof passing[0]; i++)
        if (strcmp(cancel_reason, passing[i]) == 0)
            return true;
    return false; /* the payer's account or bank does not take it, or one of another year: a person must look */
}

static int64_t header_wait_ms(int64_t retry_after_s)
{
    if (retry_after_s <= 0)
        return 0;
    return retry_after_s > RETRY_AFTER_MAX_MS / 1000 ? RETRY_AFTER_MAX_MS : retry_after_s * 1000;
}

void yookassa_classify(const struct http_answer *answer, struct yookassa_verdict *ret_verdict)
{
    memset(ret_verdict, 0, sizeof *ret_verdict);
    ret_verdict->kind = kind_of(answer);
    ret_verdict->status = answer->status;
    if (ret_verdict->kind == YOOKASSA_OK)
        return;
    if (answer->outcome == HTTP_ANSWERED)
        read_error(answer, ret_verdict);
    if (ret_verdict->kind == YOOKASSA_PERMANENT && is_of_customer(ret_verdict->parameter))
        ret_verdict->kind = YOOKASSA_CONTACT;
    if (ret_verdict->retry_after_ms <= 0)
        ret_verdict->retry_after_ms = header_wait_ms(answer->retry_after_s);
    if (ret_verdict->retry_after_ms > RETRY_AFTER_MAX_MS)
        ret_verdict->retry_after_ms = RETRY_AFTER_MAX_MS;
    if (ret_verdict->description[0] == '\0' && answer->error != NULL)
        utf8_copy_line(ret_verdict->description, sizeof ret_verdict->description, answer->error);
}
