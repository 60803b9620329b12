/* The receipts of law 54-FZ: whom they go to, what was sold, and that the sum is the payment's.
 *
 * Two kinds of shop differ. With a cash register of its own it may send the receipt to an e-mail address or a phone and
 * list 100 things; with "Чеки от ЮKassa" only to an address, 80 things, and the subject, mode and measure of each.
 * Sums are compared in integers: amount × quantity over the items, in thousandths of a kopeck.
 */
#include "tests/sandbox/fields.h"

#include <math.h>
#include <string.h>

#include "tests/sandbox/html.h"

#define ITEMS_MAX 100
#define ITEMS_MAX_YOOKASSA 80
#define ITEM_DESCRIPTION_MAX 128
#define FULL_NAME_MAX 256
#define EMAIL_MAX 254

static const char illegal[] = "Receipt is missing or illegal";

static const char receipt_fields[] = "customer items tax_system_code internet receipt_industry_details "
                                     "receipt_operational_details timezone phone email ";
static const char item_fields[] = "description quantity amount vat_code payment_subject payment_mode measure "
                                  "country_of_origin_code customs_declaration_number excise product_code mark_mode "
                                  "mark_quantity mark_code_info supplier agent_type payment_subject_industry_details ";
static const char subjects[] =
    "commodity excise job service gambling_bet gambling_prize lottery lottery_prize "
    "intellectual_activity payment agent_commission composite property_right "
    "non_operating_gain insurance_premium sales_tax resort_fee marked non_marked "
    "marked_excise non_marked_excise fine tax lien cost casino agent_withdrawals "
    "pension_insurance_without_payouts pension_insurance_with_payouts "
    "health_insurance_without_payouts health_insurance_with_payouts health_insurance another ";
static const char modes[] = "full_prepayment partial_prepayment advance full_payment partial_payment credit "
                            "credit_payment ";
static const char measures[] = "piece gram kilogram ton centimeter decimeter meter square_centimeter square_decimeter "
                               "square_meter milliliter liter cubic_meter kilowatt_hour gigacalorie day hour minute "
                               "second kilobyte megabyte gigabyte terabyte another ";
static const char settlement_types[] = "cashless prepayment postpayment consideration ";

static bool is_one_of(const char *word, const char *words)
{
    size_t len = strlen(word);
    for (const char *at = strstr(words, word); len > 0 && at != NULL; at = strstr(at + 1, word)) {
        if (at[len] == ' ' && (at == words || at[-1] == ' '))
            return true;
    }
    return false;
}

/* A word of a closed list; absent is fine unless the shop's receipts need it. */
static bool check_word(struct refusal *refusal, json_object *item, const char *key, const char *words, bool needed,
                       const char *parameter)
{
    json_object *value = NULL;
    if (!json_object_object_get_ex(item, key, &value))
        return !needed || fields_refuse(refusal, parameter, illegal);
    if (!json_object_is_type(value, json_type_string) || !is_one_of(json_object_get_string(value), words))
        return fields_refuse(refusal, parameter, illegal);
    return true;
}

/* Not every contact of the right form is taken: a number of no country (+888, Telegram's own), an address that can't
 * be (RFC 2606). */
static bool check_taken(struct refusal *refusal, const char *email, const char *phone)
{
    static const char nowhere[] = ".invalid";
    size_t length = email == NULL ? 0 : strlen(email), ending = sizeof(nowhere) - 1;
    if (phone != NULL && strncmp(phone, "888", 3) == 0)
        return fields_refuse(refusal, "receipt.customer.phone", "Incorrect phone number");
    if (length > ending && strcmp(email + length - ending, nowhere) == 0)
        return fields_refuse(refusal, "receipt.customer.email", "Incorrect email address");
    return true;
}

static bool check_customer(struct refusal *refusal, const struct shop *shop, json_object *customer)
{
    if (customer == NULL || !fields_only_known(refusal, customer, "receipt.customer", "full_name inn email phone "))
        return fields_refuse(refusal, "receipt.customer", illegal);
    const char *email = fields_text(customer, "email"), *phone = fields_text(customer, "phone");
    const char *inn = fields_text(customer, "inn"), *name = fields_text(customer, "full_name");
    const char *at = email == NULL ? NULL : strchr(email, '@');
    bool email_ok = at != NULL && at != email && strchr(at, '.') != NULL && strchr(at + 1, '@') == NULL &&
                    strlen(email) <= EMAIL_MAX && strpbrk(email, " \t\r\n") == NULL;
    size_t digits = phone == NULL ? 0 : strspn(phone, "0123456789");
    bool phone_ok = digits >= 4 && digits <= 15 && phone[digits] == '\0';
    size_t inn_digits = inn == NULL ? 0 : strspn(inn, "0123456789");
    if (inn != NULL && ((inn_digits != 10 && inn_digits != 12) || inn[inn_digits] != '\0'))
        return fields_refuse(refusal, "receipt.customer.inn", illegal);
    if (name != NULL && html_length(name) > FULL_NAME_MAX)
        return fields_refuse(refusal, "receipt.customer.full_name", illegal);
    if (email == NULL && strcmp(shop->receipts, "yookassa") == 0)
        return fields_refuse(refusal, "receipt.customer.email", illegal);
    if ((email != NULL && !email_ok) || (phone != NULL && !phone_ok) || (email == NULL && phone == NULL))
        return fields_refuse(refusal, "receipt.customer", illegal);
    return check_taken(refusal, email, phone);
}

static bool check_quantity(struct refusal *refusal, json_object *item, int64_t *ret_milli)
{
    json_object *quantity = NULL;
    json_object_object_get_ex(item, "quantity", &quantity);
    bool is_number = json_object_is_type(quantity, json_type_int) || json_object_is_type(quantity, json_type_double);
    double count = is_number ? json_object_get_double(quantity) : 0;
    double milli = count * 1000;
    if (!(count > 0 && count <= 99999.999) || fabs(milli - (double)llround(milli)) > 1e-6)
        return fields_refuse(refusal, "receipt.items.quantity", illegal);
    *ret_milli = llround(milli);
    return true;
}

/* Adds the item's sum in thousandths of a kopeck: its quantity may have three decimals. */
static bool check_item(struct refusal *refusal, const struct shop *shop, json_object *item, int64_t *sum_milli)
{
    bool is_yookassa = strcmp(shop->receipts, "yookassa") == 0;
    int64_t kopecks = 0, milli = 0;
    json_object *vat = fields_member(item, "vat_code", json_type_int);
    const char *description = fields_text(item, "description");
    if (!json_object_is_type(item, json_type_object) || !fields_only_known(refusal, item, "receipt.items", item_fields))
        return fields_refuse(refusal, "receipt.items", illegal);
    if (description == NULL || html_length(description) < 1 || html_length(description) > ITEM_DESCRIPTION_MAX)
        return fields_refuse(refusal, "receipt.items.description", illegal);
    if (!fields_amount(refusal, fields_member(item, "amount", json_type_object), "receipt.items.amount", &kopecks) ||
        !check_quantity(refusal, item, &milli))
        return false;
    if (vat == NULL || json_object_get_int64(vat) < 1 || json_object_get_int64(vat) > 12)
        return fields_refuse(refusal, "receipt.items.vat_code", illegal);
    *sum_milli += kopecks * milli;
    return check_word(refusal, item, "payment_subject", subjects, is_yookassa, "receipt.items.payment_subject") &&
           check_word(refusal, item, "payment_mode", modes, is_yookassa, "receipt.items.payment_mode") &&
           check_word(refusal, item, "measure", measures, is_yookassa, "receipt.items.measure");
}

static bool check_items(struct refusal *refusal, const struct shop *shop, json_object *receipt, int64_t *ret_milli)
{
    json_object *items = fields_member(receipt, "items", json_type_array), *tax = NULL;
    size_t max = strcmp(shop->receipts, "yookassa") == 0 ? ITEMS_MAX_YOOKASSA : ITEMS_MAX;
    if (!check_customer(refusal, shop, fields_member(receipt, "customer", json_type_object)))
        return false;
    if (items == NULL || json_object_array_length(items) < 1 || json_object_array_length(items) > max)
        return fields_refuse(refusal, "receipt.items", illegal);
    for (size_t i = 0; i < json_object_array_length(items); i++) {
        if (!check_item(refusal, shop, json_object_array_get_idx(items, i), ret_milli))
            return false;
    }
    if (json_object_object_get_ex(receipt, "tax_system_code", &tax) &&
        (!json_object_is_type(tax, json_type_int) || json_object_get_int64(tax) < 1 || json_object_get_int64(tax) > 6))
        return fields_refuse(refusal, "receipt.tax_system_code", illegal);
    return true;
}

bool fields_receipt(struct refusal *refusal, const struct shop *shop, json_object *receipt, int64_t kopecks)
{
    int64_t sum_milli = 0;
    if (!json_object_is_type(receipt, json_type_object) ||
        !fields_only_known(refusal, receipt, "receipt", receipt_fields))
        return fields_refuse(refusal, "receipt", illegal);
    if (!check_items(refusal, shop, receipt, &sum_milli))
        return false;
    if (sum_milli != kopecks * 1000)
        return fields_refuse(refusal, "receipt", "Receipt amount is not equal to payment amount");
    return true;
}

bool fields_receipt_alone(struct refusal *refusal, const struct shop *shop, json_object *body, int64_t *ret_kopecks)
{
    static const char known[] = "type payment_id refund_id customer items tax_system_code send settlements "
                                "additional_user_props receipt_industry_details receipt_operational_details internet "
                                "timezone ";
    json_object *settlements = fields_member(body, "settlements", json_type_array);
    const char *type = fields_text(body, "type");
    int64_t sum_milli = 0, settled = 0, kopecks = 0;
    if (!fields_only_known(refusal, body, NULL, known))
        return false;
    if (type == NULL || !is_one_of(type, "payment refund "))
        return fields_refuse(refusal, "type", illegal);
    if ((fields_text(body, "payment_id") == NULL) == (fields_text(body, "refund_id") == NULL))
        return fields_refuse(refusal, "payment_id", "Request should contain only one of: payment_id, refund_id");
    if (!json_object_get_boolean(fields_member(body, "send", json_type_boolean)))
        return fields_refuse(refusal, "send", "Send is illegal: only true is possible");
    if (settlements == NULL || json_object_array_length(settlements) < 1)
        return fields_refuse(refusal, "settlements", "Settlements are missing");
    for (size_t i = 0; i < json_object_array_length(settlements); i++) {
        json_object *settlement = json_object_array_get_idx(settlements, i);
        if (!json_object_is_type(settlement, json_type_object) ||
            !check_word(refusal, settlement, "type", settlement_types, true, "settlements.type") ||
            !fields_amount(refusal, fields_member(settlement, "amount", json_type_object), "settlements.amount",
                           &kopecks))
            return fields_refuse(refusal, "settlements", "Settlements are illegal");
        settled += kopecks;
    }
    if (!check_items(refusal, shop, body, &sum_milli))
        return false;
    if (sum_milli != settled * 1000)
        return fields_refuse(refusal, "settlements", "Receipt amount is not equal to the sum of settlements");
    *ret_kopecks = settled;
    return true;
}
