/* What is asked of YooKassa, as the bytes of the request. */
#ifndef BOT_SERVICES_YOOKASSA_BODY_H
#define BOT_SERVICES_YOOKASSA_BODY_H

#include <stdint.h>
#include "core/err.h"

enum {
    YOOKASSA_BODY_MAX_BYTES = 16 * 1024,
    YOOKASSA_KEY_MAX_LENGTH = 64,
    YOOKASSA_DESCRIPTION_MAX_CHARS = 128,
    YOOKASSA_EMAIL_MAX_LENGTH = 254
};

/* The receipt of 54-FZ: one item, whose sum is the payment's own. */
struct yookassa_receipt {
    const char *email;   /* where the receipt goes: at least one of these two; NULL = none */
    const char *phone;   /* digits only, with the country code (a '+' is dropped) */
    const char *item;    /* what was bought; cut at 128 characters */
    int vat_code;        /* 1–12 */
    int tax_system_code; /* 1–6; 0 = not sent */
    const char *subject; /* payment_subject, e.g. "service" */
    const char *mode;    /* payment_mode, e.g. "full_payment" */
};

struct yookassa_order {
    int64_t order_id; /* ours; comes back in the metadata; > 0 */
    int64_t amount_kopecks;
    const char *description; /* shown to the payer; cut at 128 characters */
    const char *return_url;
    const char *locale;                     /* "ru_RU", "en_US", or NULL */
    const struct yookassa_receipt *receipt; /* NULL = this shop sends none */
};

/* The body of POST /payments: one-stage, redirect, roubles. The same order gives the same bytes; YooKassa refuses a
 * known key with another body, so the order's fields (or this body) are stored with the key. *ret_body is malloc'ed
 * and the caller's. ERR_INVALID when a field is outside YooKassa's limits; *ret_why (static) names it then. */
enum err yookassa_body_payment(const struct yookassa_order *order, char **ret_body, const char **ret_why) MUST_CHECK;

#endif
