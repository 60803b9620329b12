/* A refund as YooKassa describes it, read strictly; and what is asked for one, as the bytes of the request. */
#ifndef BOT_SERVICES_YOOKASSA_REFUND_H
#define BOT_SERVICES_YOOKASSA_REFUND_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "bot/services/yookassa/payment.h"
#include "core/err.h"

enum { YOOKASSA_REFUNDS_MAX = 100 /* of one list: the most that YooKassa gives at once */ };

struct yookassa_refund {
    char id[YOOKASSA_ID_BYTES];
    char payment_id[YOOKASSA_ID_BYTES];
    enum yookassa_status status; /* pending, succeeded, canceled */
    int64_t amount_kopecks;
    char currency[YOOKASSA_CURRENCY_BYTES];
    int64_t refund_id, attempt;                /* ours, from the metadata; 0 = none */
    char cancel_reason[YOOKASSA_REASON_BYTES]; /* "insufficient_funds" …, or "" */
    int64_t created_at_s;                      /* unix; 0 = not told */
};

/* All refunds of one payment. */
struct yookassa_refunds {
    struct yookassa_refund *list;
    size_t count;
};

/* One refund object. ERR_INVALID as with payments. */
enum err yookassa_refund_parse(const char *json, size_t bytes, struct yookassa_refund *ret_refund) MUST_CHECK;
enum err yookassa_refund_read(struct json_object *object, struct yookassa_refund *ret_refund) MUST_CHECK;
/* A list of them; ERR_INVALID also when it goes on: then it is not known which are missing. *ret_refunds->list is
 * malloc'ed and the caller's. */
enum err yookassa_refunds_parse(const char *json, size_t bytes, struct yookassa_refunds *ret_refunds) MUST_CHECK;

struct yookassa_refund_order {
    int64_t refund_id;      /* ours … */
    int32_t attempt;        /* … and which try: they come back in the metadata */
    const char *payment_id; /* of whose money */
    int64_t amount_kopecks;
    const char *currency;
    const char *payment_body; /* as the payment was asked for: its receipt is the refund's, with the refund's sum; NULL:
                               * not known any more, and there will be none */
};

/* The body of POST /refunds: the same bytes for the same order. *ret_body is malloc'ed and the caller's. ERR_INVALID
 * when the payment's body can't be read. */
enum err yookassa_body_refund(const struct yookassa_refund_order *order, char **ret_body) MUST_CHECK;

#endif
