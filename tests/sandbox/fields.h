/* Fields of YooKassa's requests, judged as strictly as YooKassa does: a refusal has a reason and names the field. */
#ifndef TESTS_SANDBOX_FIELDS_H
#define TESTS_SANDBOX_FIELDS_H

#include <stdbool.h>
#include <stdint.h>

#include <json-c/json.h>

#include "tests/sandbox/world.h"

struct refusal { /* why = NULL: nothing is wrong yet. Texts are static. */
    const char *why, *parameter;
};

/* Keeps the first refusal; always false. */
bool fields_refuse(struct refusal *refusal, const char *parameter, const char *why);
/* The member if it is there and of this type, else NULL. */
json_object *fields_member(json_object *object, const char *key, enum json_type type);
const char *fields_text(json_object *object, const char *key);
/* `names` ends each name with a blank. */
bool fields_only_known(struct refusal *refusal, json_object *object, const char *parameter, const char *names);
/* "500.00" as kopecks; false for any other form. */
bool fields_kopecks(const char *text, int64_t *ret_kopecks);
/* {"value","currency"}, in roubles and more than nothing. */
bool fields_amount(struct refusal *refusal, json_object *amount, const char *parameter, int64_t *ret_kopecks);
/* An optional text of at most `max` characters. */
bool fields_short(struct refusal *refusal, json_object *body, const char *key, size_t max, const char *why);
bool fields_metadata(struct refusal *refusal, json_object *body);

/* fields_receipt.c. The receipt of a payment or a refund: its sum must be `kopecks`. */
bool fields_receipt(struct refusal *refusal, const struct shop *shop, json_object *receipt, int64_t kopecks);
/* The body of POST /receipts; `ret_kopecks`: what it is about. */
bool fields_receipt_alone(struct refusal *refusal, const struct shop *shop, json_object *body, int64_t *ret_kopecks);

/* fields_payment.c: bodies of POST /payments, …/capture and /refunds. */
bool fields_payment(struct refusal *refusal, const struct shop *shop, json_object *body, int64_t *ret_kopecks);
/* Without an amount the whole payment is captured. */
bool fields_capture(struct refusal *refusal, const struct shop *shop, const struct payment *payment, json_object *body,
                    int64_t *ret_kopecks);
bool fields_refund(struct refusal *refusal, const struct shop *shop, const struct payment *payment, json_object *body,
                   int64_t *ret_kopecks);

#endif
