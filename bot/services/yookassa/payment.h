/* A payment as YooKassa describes it, read strictly. */
#ifndef BOT_SERVICES_YOOKASSA_PAYMENT_H
#define BOT_SERVICES_YOOKASSA_PAYMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "bot/services/yookassa/read.h"
#include "core/err.h"

enum yookassa_status {
    YOOKASSA_PENDING,
    YOOKASSA_WAITING_FOR_CAPTURE, /* two-stage payments only; ours are captured at once */
    YOOKASSA_SUCCEEDED,           /* final */
    YOOKASSA_CANCELED,            /* final */
    YOOKASSA_STATUS_COUNT
};

enum {
    YOOKASSA_ID_BYTES = 65,
    YOOKASSA_URL_BYTES = 2049,
    YOOKASSA_REASON_BYTES = 64,
    YOOKASSA_SHOP_BYTES = 65,
    YOOKASSA_NOT_TOLD = -1
};

struct yookassa_payment {
    char id[YOOKASSA_ID_BYTES];
    enum yookassa_status status;
    bool paid; /* always true when succeeded */
    bool test; /* made in a test shop: no real money */
    bool test_untold;
    int64_t amount_kopecks;
    int64_t income_kopecks;   /* what the fee leaves of it; 0 = not told */
    int64_t refunded_kopecks; /* what went back of it; YOOKASSA_NOT_TOLD */
    char currency[YOOKASSA_CURRENCY_BYTES];
    char shop[YOOKASSA_SHOP_BYTES];            /* whose money it is; "" = not told */
    int64_t order_id;                          /* ours, from the metadata; 0 = none */
    int64_t created_at_s;                      /* unix; 0 = not told */
    char confirmation_url[YOOKASSA_URL_BYTES]; /* while pending, else "" */
    char cancel_party[YOOKASSA_REASON_BYTES];  /* "yoo_money", "payment_network", "merchant", or "" */
    char cancel_reason[YOOKASSA_REASON_BYTES]; /* "expired_on_confirmation", "insufficient_funds" …, or "" */
    char receipt[YOOKASSA_REASON_BYTES];       /* its registration: "pending", "succeeded", "canceled", or "" */
};

/* One payment object. ERR_INVALID when it is not JSON, lacks id, status or amount, has a status we do not know, a sum
 * that is not exact money, or contradicts itself (succeeded but not paid). */
enum err yookassa_payment_parse(const char *json, size_t bytes, struct yookassa_payment *ret_payment) MUST_CHECK;
enum err yookassa_payment_read(struct json_object *object, struct yookassa_payment *ret_payment) MUST_CHECK;

/* Its receipt is registered, or was refused: nothing more comes. */
bool yookassa_receipt_ended(const struct yookassa_payment *payment);

/* A payment id that may stand in a URL: 1–64 of 0-9 a-z A-Z and '-'. */
bool yookassa_id_valid(const char *id);

#endif
