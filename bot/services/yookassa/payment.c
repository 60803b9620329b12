/* Reads a payment object. What is read here decides whether somebody gets what they paid for, so nothing is guessed:
 * that its name, status, sum or "paid" is missing or odd makes the whole answer unreadable (the caller asks again, and
 * a person hears of it) rather than a payment with a zero in it. Any other field that is odd is one that was not told:
 * money never stands because of it. Fields that we do not use are not looked at. */
#include "bot/services/yookassa/payment.h"

#include <string.h>
#include "bot/base/json.h"
#include "bot/services/yookassa/read.h"
#include "core/money.h"

static const char *const STATUS_NAMES[] = {"pending", "waiting_for_capture", "succeeded", "canceled"};
_Static_assert(sizeof STATUS_NAMES / sizeof STATUS_NAMES[0] == YOOKASSA_STATUS_COUNT, "one name a status");

bool yookassa_id_valid(const char *id)
{
    size_t length = strspn(id, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-");
    return length > 0 && length < YOOKASSA_ID_BYTES && id[length] == '\0';
}

static enum err read_status(struct json_object *object, enum yookassa_status *ret_status)
{
    const char *text = json_peek_text(object, "status");
    for (int i = 0; text != NULL && i < YOOKASSA_STATUS_COUNT; i++) {
        if (strcmp(text, STATUS_NAMES[i]) == 0) {
            *ret_status = (enum yookassa_status)i;
            return ERR_OK;
        }
    }
    return ERR_INVALID;
}

/* A sum beside the payment's, which it can be compared with: of the same currency, and no more. Else it is not known:
 * nothing that was paid waits for it. */
static int64_t read_part(struct json_object *object, const char *key, const struct yookassa_payment *payment,
                         int64_t not_known)
{
    struct json_object *part = json_peek(object, key, json_type_object);
    const char *value = json_peek_text(part, "value"), *currency = json_peek_text(part, "currency");
    int64_t kopecks = 0;
    if (value == NULL || currency == NULL || strcmp(currency, payment->currency) != 0 ||
        money_parse(value, &kopecks) != ERR_OK || kopecks < 0 || kopecks > payment->amount_kopecks)
        return not_known;
    return kopecks;
}

static void read_sums(struct json_object *object, struct yookassa_payment *payment)
{
    payment->income_kopecks = read_part(object, "income_amount", payment, 0);
    payment->refunded_kopecks = json_object_object_get_ex(object, "refunded_amount", NULL)
                                    ? read_part(object, "refunded_amount", payment, YOOKASSA_NOT_TOLD)
                                    : 0;
}

/* A name that is longer than any of ours is cut: it stays another's. */
static void read_shop(struct json_object *object, struct yookassa_payment *payment)
{
    struct json_object *recipient = json_peek(object, "recipient", json_type_object);
    const char *text = json_peek_text(recipient, "account_id");
    size_t length = text == NULL ? 0 : strlen(text);
    if (length > 0)
        memcpy(payment->shop, text, length < sizeof payment->shop ? length : sizeof payment->shop - 1);
}

/* The link exists only while the payer may use it; one that may not go into a button is none. */
static void read_link(struct json_object *object, struct yookassa_payment *payment)
{
    struct json_object *confirmation = json_peek(object, "confirmation", json_type_object);
    const char *url = payment->confirmation_url;
    if (yookassa_read_text(confirmation, "confirmation_url", payment->confirmation_url, YOOKASSA_URL_BYTES) != ERR_OK ||
        (strncmp(url, "https://", 8) != 0 && strncmp(url, "http://", 7) != 0))
        payment->confirmation_url[0] = '\0';
}

/* Told to people and kept in a row; a reason that we can't keep whole is dropped, the status alone decides. */
static void read_cancellation(struct json_object *object, struct yookassa_payment *payment)
{
    struct json_object *details = json_peek(object, "cancellation_details", json_type_object);
    if (details == NULL)
        return;
    if (yookassa_read_text(details, "party", payment->cancel_party, YOOKASSA_REASON_BYTES) != ERR_OK)
        payment->cancel_party[0] = '\0';
    if (yookassa_read_text(details, "reason", payment->cancel_reason, YOOKASSA_REASON_BYTES) != ERR_OK)
        payment->cancel_reason[0] = '\0';
}

/* A word of another year is no end of it. */
static void read_receipt(struct json_object *object, struct yookassa_payment *payment)
{
    if (yookassa_read_text(object, "receipt_registration", payment->receipt, sizeof payment->receipt) != ERR_OK)
        payment->receipt[0] = '\0';
}

bool yookassa_receipt_ended(const struct yookassa_payment *payment)
{
    return strcmp(payment->receipt, "succeeded") == 0 || strcmp(payment->receipt, "canceled") == 0;
}

enum err yookassa_payment_read(struct json_object *object, struct yookassa_payment *ret_payment)
{
    struct yookassa_payment payment;
    struct json_object *test = json_peek(object, "test", json_type_boolean);
    memset(&payment, 0, sizeof payment);
    if (!json_object_is_type(object, json_type_object) ||
        yookassa_read_text(object, "id", payment.id, sizeof payment.id) != ERR_OK || !yookassa_id_valid(payment.id) ||
        read_status(object, &payment.status) != ERR_OK ||
        yookassa_read_amount(object, &payment.amount_kopecks, payment.currency) != ERR_OK)
        return ERR_INVALID;
    payment.paid = json_peek_true(object, "paid");
    payment.test = test != NULL && json_object_get_boolean(test);
    payment.test_untold = test == NULL;
    payment.order_id = yookassa_read_ours(object, "order_id");
    payment.created_at_s = yookassa_read_time(object, "created_at");
    read_sums(object, &payment);
    read_shop(object, &payment);
    read_link(object, &payment);
    read_cancellation(object, &payment);
    read_receipt(object, &payment);
    if (payment.status == YOOKASSA_SUCCEEDED && !payment.paid)
        return ERR_INVALID;
    *ret_payment = payment;
    return ERR_OK;
}

enum err yookassa_payment_parse(const char *json, size_t bytes, struct yookassa_payment *ret_payment)
{
    struct json_object *object = json_read(json, bytes, YOOKASSA_JSON_DEPTH_MAX);
    enum err err = yookassa_payment_read(object, ret_payment);
    json_object_put(object);
    return err;
}
