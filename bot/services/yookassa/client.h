/* YooKassa v3 over the daemon's HTTP client: create a payment or a refund, ask about one, or for a list. Nothing here
 * retries, stores or decides about money: each call is one request and one reply, classified. Only what yookassa_get
 * says about an id is to be believed, and then compared in amount, currency, order and status; a list says which ids to
 * ask for. */
#ifndef BOT_SERVICES_YOOKASSA_CLIENT_H
#define BOT_SERVICES_YOOKASSA_CLIENT_H

#include "bot/services/http/http.h"
#include "bot/services/yookassa/body.h"
#include "bot/services/yookassa/classify.h"
#include "bot/services/yookassa/list.h"
#include "bot/services/yookassa/payment.h"
#include "bot/services/yookassa/refund.h"
#include "bot/services/yookassa/shop.h"
#include "core/err.h"

enum {
    YOOKASSA_TIMEOUT_MS = 40 * 1000, /* they answer within 30 s, or 500 and the outcome is unknown */
    YOOKASSA_ANSWER_MAX_BYTES = 256 * 1024,
    YOOKASSA_PAGE_MAX_BYTES = 8 * 1024 * 1024 /* a hundred payments with all that others may write into them */
};

struct yookassa;

/* Copied. */
struct yookassa_config {
    const char *api_url; /* "https://api.yookassa.ru/v3", with or without the last slash */
    const char *shop_id;
    const char *secret;
    const char *proxy;  /* NULL = none */
    int64_t timeout_ms; /* 0 = YOOKASSA_TIMEOUT_MS */
};

/* Valid during the callback only. */
struct yookassa_reply {
    struct yookassa_verdict verdict;
    /* What was asked for; not NULL exactly when the verdict is YOOKASSA_OK. */
    const struct yookassa_payment *payment;
    const struct yookassa_refund *refund;
    const struct yookassa_refunds *refunds;
    const struct yookassa_page *page;
    const struct yookassa_shop *shop;
    int64_t now_ms; /* the loop's time */
};
typedef void yookassa_done_fn(void *ctx, const struct yookassa_reply *reply);

/* Never NULL. http is borrowed and must outlive it. */
struct yookassa *yookassa_new(struct http *http, const struct yookassa_config *config);
/* Cancels what runs: each done is called, as after a failure. Accepts NULL. */
void yookassa_free(struct yookassa *yookassa);

/* POST /payments with a body of yookassa_body_payment and a key that was stored before: the same on every try. done
 * is called once and not from here. ERR_INVALID (done is not called): the key is not 1–64 of 0-9 a-z A-Z + - _ . */
enum err yookassa_create(struct yookassa *yookassa, const char *key, const char *body, yookassa_done_fn *done,
                         void *ctx) MUST_CHECK;
/* GET /payments/{id}. An answer about another id is YOOKASSA_AMBIGUOUS. ERR_INVALID (done is not called): not an id. */
enum err yookassa_get(struct yookassa *yookassa, const char *payment_id, yookassa_done_fn *done, void *ctx) MUST_CHECK;

/* POST /refunds with a body of yookassa_body_refund, GET /refunds/{id}, and the refunds of a payment: likewise. */
enum err yookassa_refund_create(struct yookassa *yookassa, const char *key, const char *body, yookassa_done_fn *done,
                                void *ctx) MUST_CHECK;
enum err yookassa_refund_get(struct yookassa *yookassa, const char *refund_id, yookassa_done_fn *done,
                             void *ctx) MUST_CHECK;
enum err yookassa_refunds_get(struct yookassa *yookassa, const char *payment_id, yookassa_done_fn *done,
                              void *ctx) MUST_CHECK;
/* A page of a list: what happened since then, newest first, behind cursor ("" = from the beginning). done as above. */
void yookassa_list(struct yookassa *yookassa, enum yookassa_list list, int64_t since_s, const char *cursor,
                   yookassa_done_fn *done, void *ctx);
/* GET /me. */
void yookassa_shop_get(struct yookassa *yookassa, yookassa_done_fn *done, void *ctx);

#endif
