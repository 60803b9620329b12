/* Reads a payment object. What is read here decides whether somebody gets what they paid for, so nothing is guessed:
 * a missing or odd field makes the whole answer unreadable (and the caller asks again) rather than a payment with a
 * zero in it. Fields that we do not use are not looked at. Amounts are text on the wire and never become a double. */
#include "bot/services/yookassa/payment.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
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

/* In the payment's own currency, or it can't be compared with the amount. */
static enum err read_income(struct json_object *object, struct yookassa_payment *payment)
{
    struct json_object *income = json_peek(object, "income_amount", json_type_object);
    if (income == NULL)
        return ERR_OK;
    const char *value = json_peek_text(income, "value"), *currency = json_peek_text(income, "currency");
    if (value == NULL || money_parse(value, &payment->income_kopecks) != ERR_OK || payment->income_kopecks < 0)
        return ERR_INVALID;
    return currency != NULL && strcmp(currency, payment->currency) == 0 ? ERR_OK : ERR_INVALID;
}

static enum err read_shop(struct json_object *object, struct yookassa_payment *payment)
{
    struct json_object *recipient = json_peek(object, "recipient", json_type_object);
    if (json_peek_text(recipient, "account_id") == NULL)
        return ERR_OK;
    return yookassa_read_text(recipient, "account_id", payment->shop, sizeof payment->shop);
}

/* Reads exactly count digits; -1 when there is something else. */
static int read_digits(const char *text, int count)
{
    int number = 0;
    for (int i = 0; i < count; i++) {
        if (text[i] < '0' || text[i] > '9')
            return -1;
        number = number * 10 + (text[i] - '0');
    }
    return number;
}

/* "2026-07-18T10:51:18.139Z": YooKassa writes UTC. 0 when it is missing or of another form. */
static int64_t read_time(struct json_object *object, const char *key)
{
    static const char SHAPE[] = "0000-00-00T00:00:00";
    const char *text = json_peek_text(object, key);
    size_t length = sizeof SHAPE - 1;
    if (text == NULL || strlen(text) < length)
        return 0;
    for (size_t i = 0; i < length; i++)
        if (SHAPE[i] == '0' ? read_digits(text + i, 1) < 0 : text[i] != SHAPE[i])
            return 0;
    const char *end = text + length;
    if (*end == '.')
        end += 1 + strspn(end + 1, "0123456789");
    if (strcmp(end, "Z") != 0)
        return 0;
    struct tm tm = {.tm_year = read_digits(text, 4) - 1900,
                    .tm_mon = read_digits(text + 5, 2) - 1,
                    .tm_mday = read_digits(text + 8, 2),
                    .tm_hour = read_digits(text + 11, 2),
                    .tm_min = read_digits(text + 14, 2),
                    .tm_sec = read_digits(text + 17, 2)};
    return timegm(&tm);
}

/* The link exists only while the payer may use it; if it is there, it must be one that may go into a button. */
static enum err read_link(struct json_object *object, struct yookassa_payment *payment)
{
    struct json_object *confirmation = json_peek(object, "confirmation", json_type_object);
    if (json_peek_text(confirmation, "confirmation_url") == NULL)
        return ERR_OK;
    enum err err = yookassa_read_text(confirmation, "confirmation_url", payment->confirmation_url, YOOKASSA_URL_BYTES);
    if (err != ERR_OK)
        return err;
    const char *url = payment->confirmation_url;
    return strncmp(url, "https://", 8) == 0 || strncmp(url, "http://", 7) == 0 ? ERR_OK : ERR_INVALID;
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

static enum err read_payment(struct json_object *object, struct yookassa_payment *payment)
{
    if (!json_object_is_type(object, json_type_object) ||
        yookassa_read_text(object, "id", payment->id, sizeof payment->id) != ERR_OK ||
        !yookassa_id_valid(payment->id) || read_status(object, &payment->status) != ERR_OK ||
        yookassa_read_amount(object, &payment->amount_kopecks, payment->currency) != ERR_OK ||
        read_income(object, payment) != ERR_OK || read_shop(object, payment) != ERR_OK ||
        read_link(object, payment) != ERR_OK)
        return ERR_INVALID;
    payment->paid = json_peek_true(object, "paid");
    payment->test = json_peek_true(object, "test");
    payment->order_id = yookassa_read_ours(object, "order_id");
    payment->created_at_s = read_time(object, "created_at");
    read_cancellation(object, payment);
    read_receipt(object, payment);
    return payment->status == YOOKASSA_SUCCEEDED && !payment->paid ? ERR_INVALID : ERR_OK;
}

enum err yookassa_payment_parse(const char *json, size_t bytes, struct yookassa_payment *ret_payment)
{
    struct json_object *object = json_read(json, bytes, YOOKASSA_JSON_DEPTH_MAX);
    struct yookassa_payment payment;
    memset(&payment, 0, sizeof payment);
    enum err err = read_payment(object, &payment);
    json_object_put(object);
    if (err == ERR_OK)
        *ret_payment = payment;
    return err;
}
