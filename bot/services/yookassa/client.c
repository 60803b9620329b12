/* The calls to YooKassa. A call is one small block between http_start and its answer; the client keeps a list of
 * them only to cancel what runs when it is freed. The secret is given to the HTTP client as a password and stands in
 * no URL, header text or error; should the other side repeat it in a description, that is dropped here. It must not
 * retry: only the caller knows whether the key is stored and still usable. */
#include "bot/services/yookassa/client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "bot/base/memory.h"

enum { KEY_HEADER_BYTES = 128 };

enum subject { A_PAYMENT, A_REFUND, REFUNDS, A_PAGE, THE_SHOP };

struct call {
    LIST_ENTRY(call) next;
    enum subject subject;
    struct yookassa *yookassa;
    yookassa_done_fn *done;
    void *ctx;
    uint64_t transfer;
    char expected_id[YOOKASSA_ID_BYTES]; /* "" for a create, or a list */
    enum yookassa_list list;             /* of A_PAGE */
};

struct yookassa {
    struct http *http;
    char *base_url, *payments_url, *refunds_url, *shop_url; /* "…/", "…/payments" … */
    char *shop_id, *secret, *proxy;
    int64_t timeout_ms;
    LIST_HEAD(, call) calls;
};

static char *join(const char *one, size_t one_length, const char *two)
{
    size_t bytes = one_length + strlen(two) + 1;
    char *text = memory_need(malloc(bytes));
    (void)snprintf(text, bytes, "%.*s%s", (int)one_length, one, two);
    return text;
}

struct yookassa *yookassa_new(struct http *http, const struct yookassa_config *config)
{
    struct yookassa *yookassa = memory_need(calloc(1, sizeof *yookassa));
    size_t length = strlen(config->api_url);
    while (length > 0 && config->api_url[length - 1] == '/')
        length--;
    LIST_INIT(&yookassa->calls);
    yookassa->http = http;
    yookassa->base_url = join(config->api_url, length, "/");
    yookassa->payments_url = join(config->api_url, length, "/payments");
    yookassa->refunds_url = join(config->api_url, length, "/refunds");
    yookassa->shop_url = join(config->api_url, length, "/me");
    yookassa->shop_id = memory_copy(config->shop_id);
    yookassa->secret = memory_copy(config->secret);
    yookassa->proxy = memory_copy(config->proxy == NULL ? "" : config->proxy);
    yookassa->timeout_ms = config->timeout_ms > 0 ? config->timeout_ms : YOOKASSA_TIMEOUT_MS;
    return yookassa;
}

void yookassa_free(struct yookassa *yookassa)
{
    if (yookassa == NULL)
        return;
    while (!LIST_EMPTY(&yookassa->calls))
        http_cancel(yookassa->http, LIST_FIRST(&yookassa->calls)->transfer);
    explicit_bzero(yookassa->secret, strlen(yookassa->secret));
    free(yookassa->secret);
    free(yookassa->shop_id);
    free(yookassa->proxy);
    free(yookassa->base_url);
    free(yookassa->payments_url);
    free(yookassa->refunds_url);
    free(yookassa->shop_url);
    free(yookassa);
}

static struct call *link_call(struct yookassa *yookassa, enum subject subject, yookassa_done_fn *done, void *ctx)
{
    struct call *call = memory_need(calloc(1, sizeof *call));
    call->yookassa = yookassa;
    call->subject = subject;
    call->done = done;
    call->ctx = ctx;
    LIST_INSERT_HEAD(&yookassa->calls, call, next);
    return call;
}

/* A 200 that can't be read is no answer: what was asked may have been done. */
static void make_unreadable(struct yookassa_verdict *verdict, const char *why)
{
    verdict->kind = YOOKASSA_AMBIGUOUS;
    verdict->is_unreadable = true;
    (void)snprintf(verdict->description, sizeof verdict->description, "%s", why);
}

static void hide_secret(struct yookassa_verdict *verdict, const char *secret)
{
    if (secret[0] == '\0')
        return;
    if (strstr(verdict->description, secret) != NULL)
        (void)snprintf(verdict->description, sizeof verdict->description, "(hidden: it held the secret)");
    if (strstr(verdict->code, secret) != NULL)
        verdict->code[0] = '\0';
    if (strstr(verdict->parameter, secret) != NULL)
        verdict->parameter[0] = '\0';
}

static void tell(const struct call *call, struct yookassa_reply *reply)
{
    hide_secret(&reply->verdict, call->yookassa->secret);
    call->done(call->ctx, reply);
}

static bool is_another(const struct call *call, const char *id)
{
    return call->expected_id[0] != '\0' && strcmp(call->expected_id, id) != 0;
}

static void read_payment(const struct call *call, const struct http_answer *answer, struct yookassa_reply *reply)
{
    struct yookassa_payment payment;
    if (yookassa_payment_parse(answer->body, answer->bytes, &payment) != ERR_OK)
        make_unreadable(&reply->verdict, "the answer is not a payment");
    else if (is_another(call, payment.id))
        make_unreadable(&reply->verdict, "the answer is about another payment");
    else
        reply->payment = &payment;
    tell(call, reply);
}

static void read_refund(const struct call *call, const struct http_answer *answer, struct yookassa_reply *reply)
{
    struct yookassa_refund refund;
    if (yookassa_refund_parse(answer->body, answer->bytes, &refund) != ERR_OK)
        make_unreadable(&reply->verdict, "the answer is not a refund");
    else if (is_another(call, refund.id))
        make_unreadable(&reply->verdict, "the answer is about another refund");
    else
        reply->refund = &refund;
    tell(call, reply);
}

static void read_refunds(const struct call *call, const struct http_answer *answer, struct yookassa_reply *reply)
{
    struct yookassa_refunds refunds = {0};
    if (yookassa_refunds_parse(answer->body, answer->bytes, &refunds) != ERR_OK)
        make_unreadable(&reply->verdict, "the answer is not a whole list of refunds");
    else
        reply->refunds = &refunds;
    tell(call, reply);
    free(refunds.list);
}

static void read_page(const struct call *call, const struct http_answer *answer, struct yookassa_reply *reply)
{
    struct yookassa_page *page = NULL;
    if (yookassa_page_parse(call->list, answer->body, answer->bytes, &page) != ERR_OK)
        make_unreadable(&reply->verdict, "the answer is not a list");
    reply->page = page;
    tell(call, reply);
    yookassa_page_free(page);
}

static void read_shop(const struct call *call, const struct http_answer *answer, struct yookassa_reply *reply)
{
    struct yookassa_shop shop;
    if (yookassa_shop_parse(answer->body, answer->bytes, &shop) != ERR_OK)
        make_unreadable(&reply->verdict, "the answer is not a shop");
    else
        reply->shop = &shop;
    tell(call, reply);
}

static void call_answered(void *ctx, struct http_answer *answer)
{
    static void (*const read[])(const struct call *, const struct http_answer *,
                                struct yookassa_reply *) = {[A_PAYMENT] = read_payment,
                                                            [A_REFUND] = read_refund,
                                                            [REFUNDS] = read_refunds,
                                                            [A_PAGE] = read_page,
                                                            [THE_SHOP] = read_shop};
    struct call *call = ctx;
    struct yookassa_reply reply = {.payment = NULL, .now_ms = answer->now_ms};
    LIST_REMOVE(call, next);
    yookassa_classify(answer, &reply.verdict);
    if (reply.verdict.kind == YOOKASSA_OK)
        read[call->subject](call, answer, &reply);
    else
        tell(call, &reply);
    free(call);
}

static void start(struct call *call, struct http_request *request)
{
    struct yookassa *yookassa = call->yookassa;
    request->user = yookassa->shop_id;
    request->password = yookassa->secret;
    request->timeout_ms = yookassa->timeout_ms;
    request->proxy = yookassa->proxy;
    request->max_answer_bytes = call->subject == A_PAGE ? YOOKASSA_PAGE_MAX_BYTES : YOOKASSA_ANSWER_MAX_BYTES;
    call->transfer = http_start(yookassa->http, request, call_answered, call);
}

static bool key_right(const char *key)
{
    size_t length = strspn(key, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ+-_.");
    return length > 0 && length <= YOOKASSA_KEY_MAX_LENGTH && key[length] == '\0';
}

/* A request that makes something: with a key, so that its repeat makes nothing more. */
static void post(const char *url, const char *key, const char *body, struct call *call)
{
    char header[KEY_HEADER_BYTES];
    (void)snprintf(header, sizeof header, "Idempotence-Key: %s", key);
    const char *headers[] = {"Content-Type: application/json", header, NULL};
    struct http_request request = {
        .url = url, .method = HTTP_POST, .headers = headers, .body = body, .body_bytes = strlen(body)};
    start(call, &request);
}

enum err yookassa_create(struct yookassa *yookassa, const char *key, const char *body, yookassa_done_fn *done,
                         void *ctx)
{
    if (!key_right(key))
        return ERR_INVALID;
    post(yookassa->payments_url, key, body, link_call(yookassa, A_PAYMENT, done, ctx));
    return ERR_OK;
}

enum err yookassa_refund_create(struct yookassa *yookassa, const char *key, const char *body, yookassa_done_fn *done,
                                void *ctx)
{
    if (!key_right(key))
        return ERR_INVALID;
    post(yookassa->refunds_url, key, body, link_call(yookassa, A_REFUND, done, ctx));
    return ERR_OK;
}

/* What is behind url, a separator and an id that was found well-formed. */
static void get(const char *url, const char *between, const char *id, struct call *call)
{
    char *base = join(url, strlen(url), between), *whole = join(base, strlen(base), id);
    struct http_request request = {.url = whole, .method = HTTP_GET};
    start(call, &request);
    free(whole);
    free(base);
}

enum err yookassa_get(struct yookassa *yookassa, const char *payment_id, yookassa_done_fn *done, void *ctx)
{
    if (!yookassa_id_valid(payment_id))
        return ERR_INVALID;
    struct call *call = link_call(yookassa, A_PAYMENT, done, ctx);
    (void)snprintf(call->expected_id, sizeof call->expected_id, "%s", payment_id);
    get(yookassa->payments_url, "/", payment_id, call);
    return ERR_OK;
}

enum err yookassa_refund_get(struct yookassa *yookassa, const char *refund_id, yookassa_done_fn *done, void *ctx)
{
    if (!yookassa_id_valid(refund_id))
        return ERR_INVALID;
    struct call *call = link_call(yookassa, A_REFUND, done, ctx);
    (void)snprintf(call->expected_id, sizeof call->expected_id, "%s", refund_id);
    get(yookassa->refunds_url, "/", refund_id, call);
    return ERR_OK;
}

enum err yookassa_refunds_get(struct yookassa *yookassa, const char *payment_id, yookassa_done_fn *done, void *ctx)
{
    if (!yookassa_id_valid(payment_id))
        return ERR_INVALID;
    get(yookassa->refunds_url, "?limit=100&payment_id=", payment_id, link_call(yookassa, REFUNDS, done, ctx));
    return ERR_OK;
}

void yookassa_list(struct yookassa *yookassa, enum yookassa_list list, int64_t since_s, const char *cursor,
                   yookassa_done_fn *done, void *ctx)
{
    char query[YOOKASSA_QUERY_BYTES];
    struct call *call = link_call(yookassa, A_PAGE, done, ctx);
    call->list = list;
    yookassa_page_query(list, since_s, cursor, query);
    get(yookassa->base_url, "", query, call);
}

void yookassa_shop_get(struct yookassa *yookassa, yookassa_done_fn *done, void *ctx)
{
    struct http_request request = {.url = yookassa->shop_url, .method = HTTP_GET};
    start(link_call(yookassa, THE_SHOP, done, ctx), &request);
}
