/* From an HTTP answer to what the caller may do. An income that is asked for twice is there twice, so everything that
 * may stand for one that was registered is AMBIGUOUS: a 5xx of whoever stands in front, a time-out, a cut answer. Only
 * what was not sent, and refusals that say so by their nature, did nothing. */
#include "bot/services/tax/classify.h"

#include <string.h>

#include "bot/base/json.h"
#include "core/bug.h"
#include "core/utf8.h"

enum { ERROR_BODY_MAX_BYTES = 64 * 1024, JSON_DEPTH_MAX = 32 };

static const char *tax_verdict_name(enum tax_verdict_kind kind)
{
    switch (kind) {
    case TAX_OK: return "ok";
    case TAX_RETRY: return "retry";
    case TAX_AMBIGUOUS: return "ambiguous";
    case TAX_REFUSED: return "refused";
    case TAX_LOGIN: return "login refused";
    case TAX_STALE: return "token over";
    case TAX_VERDICT_COUNT: break;
    }
    return "unknown";
}

static void read_error(const struct http_answer *answer, struct tax_verdict *verdict)
{
    if (answer->body == NULL || answer->bytes > ERROR_BODY_MAX_BYTES)
        return;
    struct json_object *object = json_read(answer->body, answer->bytes, JSON_DEPTH_MAX);
    const char *code = json_peek_text(object, "code"), *message = json_peek_text(object, "message");
    utf8_copy_line(verdict->code, sizeof verdict->code, code == NULL ? "" : code);
    utf8_copy_line(verdict->message, sizeof verdict->message, message == NULL ? "" : message);
    json_object_put(object);
}

static enum tax_verdict_kind kind_of_status(long status)
{
    switch (status) {
    case 200: return TAX_OK;
    case 401: return TAX_STALE;
    case 408: return TAX_AMBIGUOUS;
    case 429: return TAX_RETRY;
    default: break;
    }
    return status >= 300 && status < 500 ? TAX_REFUSED : TAX_AMBIGUOUS;
}

static enum tax_verdict_kind kind_of(const struct http_answer *answer)
{
    switch (answer->outcome) {
    case HTTP_ANSWERED: return kind_of_status(answer->status);
    case HTTP_NOT_SENT: return TAX_RETRY;
    case HTTP_AMBIGUOUS: return TAX_AMBIGUOUS;
    case HTTP_TOO_LARGE: return TAX_AMBIGUOUS;
    case HTTP_CANCELED: return answer->sent ? TAX_AMBIGUOUS : TAX_RETRY;
    case HTTP_OUTCOME_COUNT: break;
    }
    bug("an outcome that http does not have");
}

void tax_classify(const struct http_answer *answer, struct tax_verdict *ret_verdict)
{
    memset(ret_verdict, 0, sizeof *ret_verdict);
    ret_verdict->kind = kind_of(answer);
    ret_verdict->status = answer->status;
    if (ret_verdict->kind == TAX_OK)
        return;
    if (answer->outcome == HTTP_ANSWERED)
        read_error(answer, ret_verdict);
    if (ret_verdict->message[0] == '\0' && answer->error != NULL)
        utf8_copy_line(ret_verdict->message, sizeof ret_verdict->message, answer->error);
    if (ret_verdict->message[0] == '\0')
        utf8_copy_line(ret_verdict->message, sizeof ret_verdict->message, tax_verdict_name(ret_verdict->kind));
}
