/* Judges the body of POST /payments as strictly as YooKassa does, and a little more: unknown fields are refused, since
 * a misspelt one would be lost in silence there.
 *
 * Sums are compared in integers: amount × quantity over the receipt's items must be the payment's amount.
 */
#include "tests/sandbox/yookassa.h"

#include <ctype.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sandbox/html.h"

#define DESCRIPTION_MAX 128
#define RETURN_URL_MAX 2048
#define METADATA_KEYS_MAX 16
#define METADATA_KEY_MAX 32
#define METADATA_VALUE_MAX 512
#define ITEMS_MAX 100
#define AMOUNT_MAX_KOPECKS (700000LL * 100)

struct check {
    const char *why, *parameter;
};

static bool refuse(struct check *check, const char *parameter, const char *why)
{
    if (check->why == NULL)
        *check = (struct check){.why = why, .parameter = parameter};
    return false;
}

static json_object *member(json_object *object, const char *key, enum json_type type)
{
    json_object *value = NULL;
    return json_object_object_get_ex(object, key, &value) && json_object_is_type(value, type) ? value : NULL;
}

static const char *text_of(json_object *object, const char *key)
{
    json_object *value = member(object, key, json_type_string);
    return value == NULL ? NULL : json_object_get_string(value);
}

static bool only_known(struct check *check, json_object *object, const char *parameter, const char *names)
{
    json_object_object_foreach(object, key, value)
    {
        (void)value;
        const char *at = strstr(names, key);
        size_t len = strlen(key);
        while (at != NULL && !(at[len] == ' ' && (at == names || at[-1] == ' ')))
            at = strstr(at + 1, key);
        if (at == NULL)
            return refuse(check, parameter, "Unknown field in the request");
    }
    return true;
}

bool payment_kopecks(const char *text, int64_t *ret_kopecks)
{
    size_t whole = text == NULL ? 0 : strspn(text, "0123456789");
    if (whole < 1 || whole > 8 || text[whole] != '.' || strspn(text + whole + 1, "0123456789") != 2 ||
        text[whole + 3] != '\0' || (text[0] == '0' && whole > 1))
        return false;
    *ret_kopecks = strtoll(text, NULL, 10) * 100 + strtoll(text + whole + 1, NULL, 10);
    return true;
}

static bool check_amount(struct check *check, json_object *amount, const char *parameter, int64_t *kopecks)
{
    if (amount == NULL)
        return refuse(check, parameter, "Invalid request: amount is missing");
    if (!only_known(check, amount, parameter, "value currency "))
        return false;
    const char *currency = text_of(amount, "currency");
    if (!payment_kopecks(text_of(amount, "value"), kopecks))
        return refuse(check, parameter, "Incorrect amount value: a string with two decimals expected");
    if (currency == NULL || strcmp(currency, "RUB") != 0)
        return refuse(check, parameter, "Incorrect currency");
    return true;
}

static bool check_confirmation(struct check *check, json_object *body)
{
    json_object *confirmation = member(body, "confirmation", json_type_object);
    if (confirmation == NULL)
        return refuse(check, "confirmation", "Payment confirmation is required");
    if (!only_known(check, confirmation, "confirmation", "type return_url locale enforce "))
        return false;
    const char *type = text_of(confirmation, "type"), *url = text_of(confirmation, "return_url");
    if (type == NULL || strcmp(type, "redirect") != 0)
        return refuse(check, "confirmation.type", "This confirmation type is not supported here");
    if (url == NULL || strlen(url) > RETURN_URL_MAX ||
        (strncmp(url, "https://", 8) != 0 && strncmp(url, "http://", 7) != 0 && strncmp(url, "tg://", 5) != 0))
        return refuse(check, "confirmation.return_url", "Incorrect return_url");
    const char *locale = text_of(confirmation, "locale");
    if (locale != NULL && strcmp(locale, "ru_RU") != 0 && strcmp(locale, "en_US") != 0)
        return refuse(check, "confirmation.locale", "Incorrect locale");
    return true;
}

/* Not every contact of the right form is taken: a number of no country (+888, Telegram's own), an address that can't
 * be (RFC 2606). */
static bool check_taken(struct check *check, const char *email, const char *phone)
{
    static const char nowhere[] = ".invalid";
    size_t length = email == NULL ? 0 : strlen(email), ending = sizeof(nowhere) - 1;
    if (phone != NULL && strncmp(phone, "888", 3) == 0)
        return refuse(check, "receipt.customer.phone", "Incorrect phone number");
    if (length > ending && strcmp(email + length - ending, nowhere) == 0)
        return refuse(check, "receipt.customer.email", "Incorrect email address");
    return true;
}

static bool check_customer(struct check *check, json_object *customer)
{
    if (customer == NULL || !only_known(check, customer, "receipt.customer", "full_name inn email phone "))
        return refuse(check, "receipt.customer", "Receipt is missing or illegal");
    const char *email = text_of(customer, "email"), *phone = text_of(customer, "phone");
    const char *at = email == NULL ? NULL : strchr(email, '@');
    bool email_ok = at != NULL && at != email && strchr(at, '.') != NULL && strchr(at + 1, '@') == NULL &&
                    strlen(email) <= 254 && strpbrk(email, " \t\r\n") == NULL;
    size_t digits = phone == NULL ? 0 : strspn(phone, "0123456789");
    bool phone_ok = digits >= 4 && digits <= 15 && phone[digits] == '\0';
    if ((email != NULL && !email_ok) || (phone != NULL && !phone_ok) || (email == NULL && phone == NULL))
        return refuse(check, "receipt.customer", "Receipt is missing or illegal");
    return check_taken(check, email, phone);
}

/* The item's sum in thousandths of a kopeck: its quantity may have three decimals. */
static bool check_item(struct check *check, json_object *item, int64_t *sum_milli)
{
    static const char known[] = "description quantity amount vat_code payment_subject payment_mode measure "
                                "country_of_origin_code customs_declaration_number excise product_code "
                                "mark_mode mark_quantity mark_code_info supplier agent_type "
                                "payment_subject_industry_details ";
    int64_t kopecks = 0;
    json_object *quantity = NULL, *vat = member(item, "vat_code", json_type_int);
    const char *description = text_of(item, "description");
    if (!json_object_is_type(item, json_type_object) || !only_known(check, item, "receipt.items", known))
        return refuse(check, "receipt.items", "Receipt is missing or illegal");
    if (description == NULL || html_length(description) < 1 || html_length(description) > DESCRIPTION_MAX)
        return refuse(check, "receipt.items.description", "Receipt is missing or illegal");
    if (!check_amount(check, member(item, "amount", json_type_object), "receipt.items.amount", &kopecks))
        return false;
    if (!json_object_object_get_ex(item, "quantity", &quantity))
        return refuse(check, "receipt.items.quantity", "Receipt is missing or illegal");
    bool is_number = json_object_is_type(quantity, json_type_int) || json_object_is_type(quantity, json_type_double);
    double count = json_object_get_double(quantity);
    if (!is_number || !(count > 0 && count <= 99999.999))
        return refuse(check, "receipt.items.quantity", "Receipt is missing or illegal");
    if (vat == NULL || json_object_get_int64(vat) < 1 || json_object_get_int64(vat) > 12)
        return refuse(check, "receipt.items.vat_code", "Receipt is missing or illegal");
    *sum_milli += kopecks * (int64_t)llround(count * 1000);
    return true;
}

static bool check_receipt(struct check *check, json_object *receipt, int64_t kopecks)
{
    if (!json_object_is_type(receipt, json_type_object) ||
        !only_known(check, receipt, "receipt",
                    "customer items tax_system_code internet receipt_industry_details receipt_operational_details "
                    "timezone phone email "))
        return refuse(check, "receipt", "Receipt is missing or illegal");
    json_object *items = member(receipt, "items", json_type_array), *tax = NULL;
    int64_t sum_milli = 0;
    if (!check_customer(check, member(receipt, "customer", json_type_object)))
        return false;
    if (items == NULL || json_object_array_length(items) < 1 || json_object_array_length(items) > ITEMS_MAX)
        return refuse(check, "receipt.items", "Receipt is missing or illegal");
    for (size_t i = 0; i < json_object_array_length(items); i++) {
        if (!check_item(check, json_object_array_get_idx(items, i), &sum_milli))
            return false;
    }
    if (json_object_object_get_ex(receipt, "tax_system_code", &tax) &&
        (json_object_get_int64(tax) < 1 || json_object_get_int64(tax) > 6))
        return refuse(check, "receipt.tax_system_code", "Receipt is missing or illegal");
    if (sum_milli != kopecks * 1000)
        return refuse(check, "receipt", "Receipt amount is not equal to payment amount");
    return true;
}

static bool check_metadata(struct check *check, json_object *metadata)
{
    if (!json_object_is_type(metadata, json_type_object) || json_object_object_length(metadata) > METADATA_KEYS_MAX)
        return refuse(check, "metadata", "Incorrect metadata");
    json_object_object_foreach(metadata, key, value)
    {
        if (strlen(key) > METADATA_KEY_MAX || !json_object_is_type(value, json_type_string) ||
            html_length(json_object_get_string(value)) > METADATA_VALUE_MAX)
            return refuse(check, "metadata", "Incorrect metadata");
    }
    return true;
}

const char *payment_check(json_object *body, bool require_receipt, int64_t *ret_kopecks, const char **ret_parameter)
{
    static const char known[] = "amount description receipt recipient payment_token payment_method_id "
                                "payment_method_data confirmation save_payment_method capture client_ip metadata "
                                "airline transfers deal merchant_customer_id ";
    struct check check = {0};
    int64_t kopecks = 0;
    json_object *value = NULL;
    bool ok = only_known(&check, body, NULL, known) &&
              check_amount(&check, member(body, "amount", json_type_object), "amount", &kopecks);
    if (ok && (kopecks < 100 || kopecks > AMOUNT_MAX_KOPECKS))
        ok = refuse(&check, "amount.value", "Incorrect amount value: out of the limits of the payment method");
    if (ok && json_object_object_get_ex(body, "capture", &value) && !json_object_is_type(value, json_type_boolean))
        ok = refuse(&check, "capture", "Incorrect capture: a boolean expected");
    ok = ok && check_confirmation(&check, body);
    if (ok && json_object_object_get_ex(body, "description", &value) &&
        (!json_object_is_type(value, json_type_string) || html_length(json_object_get_string(value)) > DESCRIPTION_MAX))
        ok = refuse(&check, "description", "Incorrect description: too long");
    if (ok && json_object_object_get_ex(body, "metadata", &value))
        ok = check_metadata(&check, value);
    if (ok && json_object_object_get_ex(body, "receipt", &value))
        ok = check_receipt(&check, value, kopecks);
    else if (ok && require_receipt)
        ok = refuse(&check, "receipt", "Receipt is missing or illegal");
    if (ok)
        *ret_kopecks = kopecks;
    else
        *ret_parameter = check.parameter;
    return check.why;
}
