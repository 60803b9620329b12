/* Finding the questions, and sending the answers. An answer is a request of its own, since whatever waits in the
 * governor (a flood limit, 64 calls on their way) would cost the payer the payment. It may be repeated freely: the
 * first one counts, and the others are "too old". Must not: decide what is answered. */
#include "bot/services/telegram/checkout.h"

#include <stdlib.h>
#include <string.h>
#include "bot/base/failpoint.h"
#include "bot/base/json.h"
#include "bot/base/log.h"
#include "bot/base/memory.h"
#include "bot/services/telegram/decode.h"
#include "bot/services/telegram/private.h"
#include "bot/services/telegram/url.h"
#include "core/bug.h"

enum {
    QUERY_ID_MAX_BYTES = 128,
    PAYLOAD_MAX_BYTES = 128,
    AMOUNT_MAX = 99999999,
    TRY_MS = 3000,  /* of one request */
    HELPS_MS = 9000 /* after it an answer is too late */
};

static const char word[] = "\"pre_checkout_query\"";

struct checkout_reply {
    LIST_ENTRY(checkout_reply) next;
    struct telegram *tg;
    char *params;
    uint64_t transfer;
    int64_t until_ms;
};

/* ---- finding ---- */

static bool take(struct arena *arena, struct json_object *query, struct telegram_checkout *checkout)
{
    struct json_object *from = json_peek(query, "from", json_type_object);
    const char *id = json_peek_text(query, "id"), *payload = json_peek_text(query, "invoice_payload");
    const char *currency = json_peek_text(query, "currency"), *language = json_peek_text(from, "language_code");
    *checkout = (struct telegram_checkout){.user_id = json_peek_number(from, "id"),
                                           .amount = json_peek_number(query, "total_amount")};
    if (id == NULL || strlen(id) > QUERY_ID_MAX_BYTES || payload == NULL || strlen(payload) > PAYLOAD_MAX_BYTES ||
        currency == NULL || checkout->user_id <= 0 || checkout->amount <= 0 || checkout->amount > AMOUNT_MAX)
        return false;
    checkout->query_id = arena_copy(arena, id);
    checkout->payload = arena_copy(arena, payload);
    checkout->currency = arena_copy(arena, currency);
    checkout->language_code = arena_copy(arena, language);
    return true;
}

static bool has_word(const char *body, size_t bytes)
{
    for (const char *at = body; (at = memchr(at, '"', bytes - (size_t)(at - body))) != NULL; at++) {
        if (bytes - (size_t)(at - body) < sizeof word - 1)
            return false;
        if (memcmp(at, word, sizeof word - 1) == 0)
            return true;
    }
    return false;
}

size_t telegram_checkouts(struct arena *arena, const char *body, size_t bytes, struct telegram_checkout **ret_list)
{
    struct json_object *reply = has_word(body, bytes) ? json_read(body, bytes, TELEGRAM_JSON_MAX_DEPTH) : NULL;
    struct json_object *updates = json_peek(reply, "result", json_type_array);
    size_t count = updates == NULL ? 0 : json_object_array_length(updates), found = 0;
    if (count > TELEGRAM_BATCH_MAX)
        count = TELEGRAM_BATCH_MAX;
    *ret_list = arena_array(arena, count, sizeof **ret_list);
    for (size_t i = 0; i < count; i++) {
        struct json_object *query = json_peek(json_object_array_get_idx(updates, i), "pre_checkout_query",
                                              json_type_object);
        if (query != NULL && take(arena, query, &(*ret_list)[found]))
            found++;
    }
    json_object_put(reply);
    return found;
}

/* ---- answering ---- */

static void checkout_answered(void *ctx, struct http_answer *answer);

static void send(struct checkout_reply *reply)
{
    static const char *const headers[] = {"Content-Type: application/json", NULL};
    char url[TELEGRAM_URL_MAX_BYTES];
    const struct telegram *tg = reply->tg;
    if (telegram_url_method(url, tg->api_url, tg->token, "answerPreCheckoutQuery") != ERR_OK)
        bug("an address that telegram_new let through");
    struct http_request request = {.url = url,
                                   .method = HTTP_POST,
                                   .headers = headers,
                                   .body = reply->params,
                                   .body_bytes = strlen(reply->params),
                                   .timeout_ms = TRY_MS,
                                   .max_answer_bytes = TELEGRAM_REPLY_MAX_BYTES,
                                   .own_connection = true};
    reply->transfer = http_start(tg->http, &request, checkout_answered, reply);
}

static void drop(struct checkout_reply *reply)
{
    LIST_REMOVE(reply, next);
    free(reply->params);
    free(reply);
}

static void checkout_answered(void *ctx, struct http_answer *answer)
{
    struct checkout_reply *reply = ctx;
    struct json_object *json;
    struct telegram_verdict verdict = telegram_judge("answerPreCheckoutQuery", answer, &json);
    json_object_put(json);
    failpoint("checkout.answered");
    bool again = verdict.class == TELEGRAM_RETRY || verdict.class == TELEGRAM_AMBIGUOUS;
    if (again && !reply->tg->canceling && answer->now_ms < reply->until_ms) {
        send(reply);
        return;
    }
    if (verdict.class != TELEGRAM_OK && verdict.class != TELEGRAM_CANCELED)
        log_error("telegram", "a payment with stars could not be confirmed: %s", verdict.description);
    drop(reply);
}

void telegram_answer_checkout(struct telegram *tg, int64_t now_ms, const char *query_id, const char *why)
{
    struct checkout_reply *reply = memory_need(calloc(1, sizeof *reply));
    struct json_object *params = json_new_object();
    json_add_text(params, "pre_checkout_query_id", query_id);
    json_add(params, "ok", json_object_new_boolean(why == NULL));
    if (why != NULL)
        json_add_text(params, "error_message", why);
    reply->tg = tg;
    reply->params = json_write(params);
    reply->until_ms = now_ms + HELPS_MS;
    LIST_INSERT_HEAD(&tg->replies, reply, next);
    failpoint("checkout.before_answer");
    send(reply);
}

void telegram_cancel_checkouts(struct telegram *tg)
{
    while (!LIST_EMPTY(&tg->replies))
        http_cancel(tg->http, LIST_FIRST(&tg->replies)->transfer);
}

size_t telegram_checkouts_pending(const struct telegram *tg)
{
    const struct checkout_reply *reply;
    size_t count = 0;
    LIST_FOREACH(reply, &tg->replies, next)
        count++;
    return count;
}
