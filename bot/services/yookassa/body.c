/* The body of a payment request. YooKassa compares the body of a repeated key with the first one, so the bytes depend
 * on the order alone: fixed order of fields, integers formatted by core/money, no time, no randomness. Texts over the
 * limit are cut at a character (a long style name must not cost a sale); everything else out of limits is refused
 * here, with the field's name, and not by a 400 an hour later. */
#include "bot/services/yookassa/body.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "bot/base/json.h"
#include "core/bug.h"
#include "core/money.h"
#include "core/utf8.h"

enum { URL_MAX_LENGTH = 2048, PHONE_MIN_DIGITS = 4, PHONE_MAX_DIGITS = 15, VAT_CODE_MAX = 12, TAX_SYSTEM_MAX = 6 };

/* At most max_chars characters of UTF-8. */
static void add_cut(struct json_object *object, const char *key, const char *text, int max_chars)
{
    const char *end = text;
    int chars = 0;
    for (; *end != '\0'; end++)
        if (!utf8_continues(*end) && ++chars > max_chars)
            break;
    json_add(object, key, json_object_new_string_len(text, (int)(end - text)));
}

static void add_amount(struct json_object *object, int64_t kopecks)
{
    char text[MONEY_TEXT_BYTES];
    struct json_object *amount = json_new_object();
    money_format(kopecks, text);
    json_add_text(amount, "value", text);
    json_add_text(amount, "currency", "RUB");
    json_add(object, "amount", amount);
}

static const char *phone_digits(const char *phone)
{
    return phone[0] == '+' ? phone + 1 : phone;
}

static void add_receipt(struct json_object *body, const struct yookassa_receipt *receipt, int64_t amount_kopecks)
{
    struct json_object *object = json_new_object(), *customer = json_new_object();
    struct json_object *items = json_new_array(), *item = json_new_object();
    if (receipt->email != NULL)
        json_add_text(customer, "email", receipt->email);
    if (receipt->phone != NULL)
        json_add_text(customer, "phone", phone_digits(receipt->phone));
    json_add(object, "customer", customer);

    add_cut(item, "description", receipt->item, YOOKASSA_DESCRIPTION_MAX_CHARS);
    json_add(item, "quantity", json_object_new_int(1));
    add_amount(item, amount_kopecks);
    json_add(item, "vat_code", json_object_new_int(receipt->vat_code));
    json_add_text(item, "payment_subject", receipt->subject);
    json_add_text(item, "payment_mode", receipt->mode);
    json_add_text(item, "measure", "piece");
    json_append(items, item);
    json_add(object, "items", items);
    if (receipt->tax_system_code != 0)
        json_add(object, "tax_system_code", json_object_new_int(receipt->tax_system_code));
    json_add(body, "receipt", object);
}

static bool filled(const char *text)
{
    return text != NULL && text[0] != '\0';
}

static bool email_right(const char *email)
{
    const char *at = strchr(email, '@');
    return strlen(email) <= YOOKASSA_EMAIL_MAX_LENGTH && at != NULL && at != email && at[1] != '\0' &&
           strchr(at + 1, '@') == NULL && strpbrk(email, " \t\r\n<>,;\"") == NULL;
}

static bool phone_right(const char *phone)
{
    const char *digits = phone_digits(phone);
    size_t length = strlen(digits);
    return length >= PHONE_MIN_DIGITS && length <= PHONE_MAX_DIGITS && strspn(digits, "0123456789") == length;
}

/* NULL, or the name of the field that YooKassa would refuse. */
static const char *wrong_receipt(const struct yookassa_receipt *receipt)
{
    if (receipt->email == NULL && receipt->phone == NULL)
        return "receipt customer";
    if (receipt->email != NULL && !email_right(receipt->email))
        return "receipt email";
    if (receipt->phone != NULL && !phone_right(receipt->phone))
        return "receipt phone";
    if (!filled(receipt->item))
        return "receipt item";
    if (receipt->vat_code < 1 || receipt->vat_code > VAT_CODE_MAX)
        return "receipt vat_code";
    if (receipt->tax_system_code < 0 || receipt->tax_system_code > TAX_SYSTEM_MAX)
        return "receipt tax_system_code";
    if (!filled(receipt->subject))
        return "receipt payment_subject";
    return filled(receipt->mode) ? NULL : "receipt payment_mode";
}

static const char *wrong_order(const struct yookassa_order *order)
{
    if (order->order_id <= 0)
        return "order id";
    if (order->amount_kopecks < 100 || order->amount_kopecks > MONEY_MAX_KOPECKS)
        return "amount";
    if (!filled(order->description))
        return "description";
    if (!filled(order->return_url) || strlen(order->return_url) > URL_MAX_LENGTH)
        return "return_url";
    return order->receipt == NULL ? NULL : wrong_receipt(order->receipt);
}

enum err yookassa_body_payment(const struct yookassa_order *order, char **ret_body, const char **ret_why)
{
    const char *why = wrong_order(order);
    if (why != NULL) {
        *ret_why = why;
        return ERR_INVALID;
    }
    char id[24];
    (void)snprintf(id, sizeof id, "%" PRId64, order->order_id);
    struct json_object *body = json_new_object(), *confirmation = json_new_object();
    struct json_object *metadata = json_new_object();
    add_amount(body, order->amount_kopecks);
    json_add(body, "capture", json_object_new_boolean(1));
    json_add_text(confirmation, "type", "redirect");
    json_add_text(confirmation, "return_url", order->return_url);
    if (order->locale != NULL)
        json_add_text(confirmation, "locale", order->locale);
    json_add(body, "confirmation", confirmation);
    add_cut(body, "description", order->description, YOOKASSA_DESCRIPTION_MAX_CHARS);
    json_add_text(metadata, "order_id", id);
    json_add(body, "metadata", metadata);
    if (order->receipt != NULL)
        add_receipt(body, order->receipt, order->amount_kopecks);

    char *text = json_write(body);
    if (strlen(text) > YOOKASSA_BODY_MAX_BYTES)
        bug("the body of a payment outgrew its bound");
    *ret_body = text;
    return ERR_OK;
}
