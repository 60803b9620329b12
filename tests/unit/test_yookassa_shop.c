/* What YooKassa says of a shop, in its newer and its older form. */
#include "bot/services/yookassa/shop.h"

#include "bot/services/yookassa/payment.h"
#include "tests/check.h"

static void test_shops(void)
{
    static const struct {
        const char *json;
        struct yookassa_shop want;
    } rows[] = {
        {"{\"account_id\":\"1\",\"status\":\"enabled\",\"test\":true,\"fiscalization\":{\"enabled\":true}}",
         {.test = true, .enabled = true, .receipts_told = true, .receipts = true}},
        {"{\"account_id\":\"1\",\"status\":\"enabled\",\"test\":false,\"fiscalization_enabled\":true}",
         {.enabled = true, .receipts_told = true, .receipts = true}},
        {"{\"account_id\":\"1\",\"status\":\"disabled\",\"fiscalization\":{\"enabled\":false}}",
         {.receipts_told = true}},
        {"{\"account_id\":\"1\",\"status\":\"enabled\",\"test\":\"true\"}", {.enabled = true}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct yookassa_shop shop;
        CHECK_INT(yookassa_shop_parse(rows[i].json, strlen(rows[i].json), &shop), ERR_OK);
        CHECK(shop.test == rows[i].want.test && shop.enabled == rows[i].want.enabled);
        CHECK(shop.receipts_told == rows[i].want.receipts_told && shop.receipts == rows[i].want.receipts);
    }
}

static void test_nonsense(void)
{
    static const char *const rows[] = {"",
                                       "{}",
                                       "[]",
                                       "null",
                                       "{\"account_id\":\"1\"}",
                                       "{\"status\":\"enabled\"}",
                                       "{\"account_id\":1,\"status\":\"enabled\"}"};
    struct yookassa_shop shop = {.test = true};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        CHECK_INT(yookassa_shop_parse(rows[i], strlen(rows[i]), &shop), ERR_INVALID);
    CHECK(shop.test);
}

/* Of a word that is not known it is not said that it ended. */
static void test_receipts(void)
{
    static const struct {
        const char *member;
        bool ended;
    } rows[] = {{"\"receipt_registration\":\"succeeded\",", true}, {"\"receipt_registration\":\"canceled\",", true},
                {"\"receipt_registration\":\"pending\",", false},  {"\"receipt_registration\":\"postponed\",", false},
                {"\"receipt_registration\":null,", false},         {"", false}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char json[512];
        struct yookassa_payment payment;
        (void)snprintf(json, sizeof json,
                       "{%s\"id\":\"a\",\"status\":\"succeeded\",\"paid\":true,"
                       "\"amount\":{\"value\":\"500.00\",\"currency\":\"RUB\"}}",
                       rows[i].member);
        CHECK_INT(yookassa_payment_parse(json, strlen(json), &payment), ERR_OK);
        CHECK_INT(yookassa_receipt_ended(&payment), rows[i].ended);
    }
}

int main(void)
{
    test_shops();
    test_nonsense();
    test_receipts();
    return 0;
}
