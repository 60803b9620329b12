/* Refunds as YooKassa writes them, and the bytes of a request: what is odd is no refund, and a list that may lack one
 * is no list. */
#include "bot/services/yookassa/classify.h"
#include "bot/services/yookassa/refund.h"
#include "tests/check.h"

#define ID "216749f7-0016-50be-b000-078d43a63ae4"
#define PAYMENT "216749da-000f-50be-b000-096747fad91e"
#define AMOUNT "\"amount\":{\"value\":\"65.22\",\"currency\":\"RUB\"}"
#define REFUND "{\"id\":\"" ID "\",\"payment_id\":\"" PAYMENT "\",\"status\":\"succeeded\"," AMOUNT "}"

static enum err parse(const char *json, struct yookassa_refund *ret_refund)
{
    return yookassa_refund_parse(json, strlen(json), ret_refund);
}

static void test_read(void)
{
    struct yookassa_refund refund;
    CHECK_INT(parse("{\"id\":\"" ID "\",\"payment_id\":\"" PAYMENT "\",\"status\":\"canceled\"," AMOUNT
                    ",\"cancellation_details\":{\"party\":\"yoo_money\",\"reason\":\"insufficient_funds\"},"
                    "\"metadata\":{\"refund_id\":\"17\",\"attempt\":\"2\"}}",
                    &refund),
              ERR_OK);
    CHECK_TEXT(refund.id, ID);
    CHECK_TEXT(refund.payment_id, PAYMENT);
    CHECK_TEXT(refund.currency, "RUB");
    CHECK_TEXT(refund.cancel_reason, "insufficient_funds");
    CHECK(refund.status == YOOKASSA_CANCELED && refund.amount_kopecks == 6522);
    CHECK(refund.refund_id == 17 && refund.attempt == 2);
    CHECK_INT(parse(REFUND, &refund), ERR_OK);
    CHECK(refund.status == YOOKASSA_SUCCEEDED && refund.refund_id == 0 && refund.cancel_reason[0] == '\0');
}

static void test_odd(void)
{
    static const char *const odd[] = {
        "",
        "[]",
        "null",
        "<html>",
        "{\"payment_id\":\"" PAYMENT "\",\"status\":\"succeeded\"," AMOUNT "}",
        "{\"id\":\"../payments\",\"payment_id\":\"" PAYMENT "\",\"status\":\"succeeded\"," AMOUNT "}",
        "{\"id\":\"" ID "\",\"status\":\"succeeded\"," AMOUNT "}",
        "{\"id\":\"" ID "\",\"payment_id\":\"" PAYMENT "\",\"status\":\"waiting_for_capture\"," AMOUNT "}",
        "{\"id\":\"" ID "\",\"payment_id\":\"" PAYMENT "\",\"status\":\"done\"," AMOUNT "}",
        "{\"id\":\"" ID "\",\"payment_id\":\"" PAYMENT "\",\"status\":\"succeeded\"}",
        "{\"id\":\"" ID "\",\"payment_id\":\"" PAYMENT "\",\"status\":\"succeeded\",\"amount\":{\"value\":65.22,"
        "\"currency\":\"RUB\"}}",
        "{\"id\":\"" ID "\",\"payment_id\":\"" PAYMENT "\",\"status\":\"succeeded\",\"amount\":{\"value\":\"0.00\","
        "\"currency\":\"RUB\"}}",
        "{\"id\":\"" ID "\",\"payment_id\":\"" PAYMENT "\",\"status\":\"succeeded\",\"amount\":{\"value\":\"65.22\","
        "\"currency\":\"ROUBLES\"}}"};
    struct yookassa_refund refund = {.attempt = 42};
    for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++)
        CHECK_INT(parse(odd[i], &refund), ERR_INVALID);
    CHECK_INT(refund.attempt, 42);
}

static void check_list(const char *json, int want)
{
    struct yookassa_refunds refunds = {.count = 42};
    enum err err = yookassa_refunds_parse(json, strlen(json), &refunds);
    CHECK_INT(err == ERR_OK ? (int)refunds.count : -1, want);
    if (err == ERR_OK)
        free(refunds.list);
    else
        CHECK_INT(refunds.count, 42);
}

static void test_lists(void)
{
    check_list("{\"type\":\"list\",\"items\":[]}", 0);
    check_list("{\"type\":\"list\",\"items\":[" REFUND "," REFUND "]}", 2);
    check_list("{\"type\":\"list\",\"items\":[" REFUND "],\"next_cursor\":\"37a5c87d\"}", -1); /* it goes on */
    check_list("{\"type\":\"list\",\"items\":[" REFUND ",{}]}", -1);
    check_list("{\"type\":\"list\"}", -1);
    check_list(REFUND, -1);
}

static void check_body(const char *payment_body, const char *want)
{
    struct yookassa_refund_order order = {.refund_id = 17,
                                          .attempt = 2,
                                          .payment_id = PAYMENT,
                                          .amount_kopecks = 6522,
                                          .currency = "RUB",
                                          .payment_body = payment_body};
    for (int time = 0; time < 2; time++) { /* the same bytes each time */
        char *body = NULL;
        enum err err = yookassa_body_refund(&order, &body);
        CHECK_INT(err, want == NULL ? ERR_INVALID : ERR_OK);
        if (want != NULL)
            CHECK_TEXT(body, want);
        free(body);
    }
}

/* The receipt is the payment's, whatever stands in it, with the refund's sum; and where there was none, there is none.
 */
static void test_bodies(void)
{
#define ASKED "{\"payment_id\":\"" PAYMENT "\"," AMOUNT ",\"metadata\":{\"refund_id\":\"17\",\"attempt\":\"2\"}"
    check_body(NULL, ASKED "}");
    check_body("{\"amount\":{}}", ASKED "}");
    check_body("{\"receipt\":{\"customer\":{\"phone\":\"79161234567\"},\"items\":[{\"description\":\"Набор\","
               "\"quantity\":2.5,\"amount\":{\"value\":\"200.00\",\"currency\":\"RUB\"},\"vat_code\":4,"
               "\"measure\":\"piece\"},{\"description\":\"more\"}],\"tax_system_code\":2}}",
               ASKED ",\"receipt\":{\"customer\":{\"phone\":\"79161234567\"},\"items\":[{\"description\":\"Набор\","
                     "\"quantity\":1," AMOUNT ",\"vat_code\":4,\"measure\":\"piece\"}],\"tax_system_code\":2}}");
    check_body("not JSON", NULL);
    check_body("[]", NULL);
#undef ASKED
}

static void test_reasons(void)
{
    static const char *const passing[] = {"insufficient_funds", "general_decline", "rejected_by_timeout"};
    static const char *const final[] = {"rejected_by_payee", "yoo_money_account_closed", "payment_expired", "",
                                        "of 2030"};
    for (size_t i = 0; i < sizeof passing / sizeof passing[0]; i++)
        CHECK(yookassa_refund_may_pass(passing[i]));
    for (size_t i = 0; i < sizeof final / sizeof final[0]; i++)
        CHECK(!yookassa_refund_may_pass(final[i]));
}

int main(void)
{
    test_read();
    test_odd();
    test_lists();
    test_bodies();
    test_reasons();
    return 0;
}
