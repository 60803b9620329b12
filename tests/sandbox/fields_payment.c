/* The bodies of POST /payments, /payments/{id}/capture and /refunds. Where an error's words are published (YooKassa's
 * list of descriptions), they are those. */
#include "tests/sandbox/fields.h"

#include <string.h>

#include "tests/sandbox/html.h"
#include "tests/sandbox/payments.h"

#define DESCRIPTION_MAX 128
#define REFUND_DESCRIPTION_MAX 250
#define RETURN_URL_MAX 2048
#define CUSTOMER_ID_MAX 200

static const char payment_fields[] = "amount description receipt recipient payment_token payment_method_id "
                                     "payment_method_data confirmation save_payment_method capture client_ip metadata "
                                     "airline transfers deal merchant_customer_id ";

static bool check_confirmation(struct refusal *refusal, json_object *body)
{
    json_object *confirmation = fields_member(body, "confirmation", json_type_object), *enforce = NULL;
    if (confirmation == NULL)
        return fields_refuse(refusal, "confirmation", "Missing confirmation type");
    if (!fields_only_known(refusal, confirmation, "confirmation", "type return_url locale enforce "))
        return false;
    const char *type = fields_text(confirmation, "type"), *url = fields_text(confirmation, "return_url");
    if (type == NULL || strcmp(type, "redirect") != 0)
        return fields_refuse(refusal, "confirmation.type", "Illegal confirmation type");
    if (url == NULL)
        return fields_refuse(refusal, "confirmation.return_url", "Return url is missing");
    if (strlen(url) > RETURN_URL_MAX ||
        (strncmp(url, "https://", 8) != 0 && strncmp(url, "http://", 7) != 0 && strncmp(url, "tg://", 5) != 0))
        return fields_refuse(refusal, "confirmation.return_url", "Incorrect return_url");
    const char *locale = fields_text(confirmation, "locale");
    if (locale != NULL && strcmp(locale, "ru_RU") != 0 && strcmp(locale, "en_US") != 0)
        return fields_refuse(refusal, "confirmation.locale", "Incorrect locale");
    if (json_object_object_get_ex(confirmation, "enforce", &enforce) &&
        !json_object_is_type(enforce, json_type_boolean))
        return fields_refuse(refusal, "confirmation.enforce", "Incorrect enforce: a boolean expected");
    return true;
}

/* One way to pay, or none: then the payer chooses on the page. The ones a shop needs a contract for are forbidden. */
static bool check_method(struct refusal *refusal, json_object *body, int64_t kopecks)
{
    json_object *data = NULL;
    int64_t max_kopecks = PAYMENT_MAX_KOPECKS;
    if (json_object_object_get_ex(body, "payment_token", NULL) ||
        json_object_object_get_ex(body, "payment_method_id", NULL))
        return fields_refuse(refusal, "payment_method_id", "Payment method is not found");
    if (json_object_object_get_ex(body, "payment_method_data", &data)) {
        const char *type = fields_text(data, "type");
        if (type == NULL || !fields_only_known(refusal, data, "payment_method_data", "type phone card login "))
            return fields_refuse(refusal, "payment_method_data.type", "Illegal payment method type");
        max_kopecks = payments_method_max(type);
        if (max_kopecks == 0)
            return fields_refuse(refusal, "payment_method_data.type", "Illegal payment method type");
        if (json_object_object_get_ex(data, "card", NULL))
            return fields_refuse(refusal, "payment_method_data.card", "Forbidden to send raw bank card data");
    }
    if (kopecks < PAYMENT_MIN_KOPECKS || kopecks > max_kopecks)
        return fields_refuse(refusal, "amount.value",
                             "Payment amount is illegal: out of the limits of the payment method");
    return true;
}

static bool check_flags(struct refusal *refusal, json_object *body)
{
    json_object *value = NULL;
    if (json_object_object_get_ex(body, "capture", &value) && !json_object_is_type(value, json_type_boolean))
        return fields_refuse(refusal, "capture", "Incorrect capture: a boolean expected");
    if (json_object_object_get_ex(body, "save_payment_method", &value) &&
        (!json_object_is_type(value, json_type_boolean) || json_object_get_boolean(value)))
        return fields_refuse(refusal, "save_payment_method", "Forbidden to save payment method");
    return true;
}

bool fields_payment(struct refusal *refusal, const struct shop *shop, json_object *body, int64_t *ret_kopecks)
{
    json_object *receipt = NULL;
    int64_t kopecks = 0;
    if (!fields_only_known(refusal, body, NULL, payment_fields) ||
        !fields_amount(refusal, fields_member(body, "amount", json_type_object), "amount", &kopecks) ||
        !check_method(refusal, body, kopecks) || !check_flags(refusal, body) || !check_confirmation(refusal, body) ||
        !fields_short(refusal, body, "description", DESCRIPTION_MAX, "Description is too long. Max. length is 128") ||
        !fields_short(refusal, body, "merchant_customer_id", CUSTOMER_ID_MAX, "Merchant_customer_id is too long") ||
        !fields_metadata(refusal, body))
        return false;
    if (json_object_object_get_ex(body, "receipt", &receipt)) {
        if (!fields_receipt(refusal, shop, receipt, kopecks))
            return false;
    } else if (strcmp(shop->receipts, "optional") != 0) {
        return fields_refuse(refusal, "receipt", "Receipt is missing or illegal");
    }
    *ret_kopecks = kopecks;
    return true;
}

bool fields_capture(struct refusal *refusal, const struct shop *shop, const struct payment *payment, json_object *body,
                    int64_t *ret_kopecks)
{
    json_object *amount = NULL, *receipt = NULL;
    int64_t kopecks = payment->kopecks;
    if (!fields_only_known(refusal, body, NULL, "amount receipt airline transfers deal "))
        return false;
    if (json_object_object_get_ex(body, "amount", &amount) &&
        !fields_amount(refusal, fields_member(body, "amount", json_type_object), "amount", &kopecks))
        return false;
    if (kopecks < PAYMENT_MIN_KOPECKS || kopecks > payment->kopecks)
        return fields_refuse(refusal, "amount", "Illegal amount for capture");
    if (json_object_object_get_ex(body, "receipt", &receipt)) {
        if (!fields_receipt(refusal, shop, receipt, kopecks))
            return false;
    } else if (kopecks != payment->kopecks && payments_has_receipt(payment)) {
        return fields_refuse(refusal, "receipt", "Receipt is missing or illegal");
    }
    *ret_kopecks = kopecks;
    return true;
}

bool fields_refund(struct refusal *refusal, const struct shop *shop, const struct payment *payment, json_object *body,
                   int64_t *ret_kopecks)
{
    json_object *receipt = NULL;
    int64_t kopecks = 0, left = payment->kopecks - payment->refunded_kopecks - payment->refunding_kopecks;
    if (!fields_only_known(refusal, body, NULL,
                           "payment_id amount description receipt metadata sources deal refund_method_data ") ||
        !fields_amount(refusal, fields_member(body, "amount", json_type_object), "amount", &kopecks) ||
        !fields_short(refusal, body, "description", REFUND_DESCRIPTION_MAX, "Description is malformed") ||
        !fields_metadata(refusal, body))
        return false;
    if (strcmp(payment->status, "succeeded") != 0)
        return fields_refuse(refusal, "payment_id", "Payment can not be refunded in current status.");
    if (left == 0)
        return fields_refuse(refusal, "payment_id", "Payment is already completely refunded");
    if (kopecks > left)
        return fields_refuse(refusal, "amount", "Refund sum exceeded");
    if (kopecks != left && left - kopecks <= PAYMENT_MIN_KOPECKS)
        return fields_refuse(refusal, "amount", "Remaining payment amount after refund must be greater than 1.00 RUB");
    if (json_object_object_get_ex(body, "receipt", &receipt)) {
        if (!fields_receipt(refusal, shop, receipt, kopecks))
            return false;
    } else if (kopecks != payment->kopecks && payments_has_receipt(payment)) { /* of a whole one YooKassa knows */
        return fields_refuse(refusal, "receipt", "Receipt is missing or illegal");
    }
    *ret_kopecks = kopecks;
    return true;
}
