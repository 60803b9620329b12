/* What each reply of YooKassa means, the payment parser against odd answers, and the bytes of a request. */
#include "bot/services/yookassa/body.h"
#include "bot/services/yookassa/classify.h"
#include "bot/services/yookassa/payment.h"
#include "tests/check.h"

static struct yookassa_verdict classify(enum http_outcome outcome, long status, const char *body, int64_t retry_after_s)
{
    struct yookassa_verdict verdict;
    struct http_answer answer = {.outcome = outcome,
                                 .sent = outcome != HTTP_NOT_SENT,
                                 .status = status,
                                 .body = (char *)(uintptr_t)body,
                                 .bytes = strlen(body),
                                 .retry_after_s = retry_after_s,
                                 .content_type = "application/json",
                                 .error = outcome == HTTP_ANSWERED ? "" : "the connection broke"};
    yookassa_classify(&answer, &verdict);
    return verdict;
}

static void test_statuses(void)
{
    static const struct {
        long status;
        enum yookassa_verdict_kind kind;
    } rows[] = {{200, YOOKASSA_OK},        {202, YOOKASSA_AMBIGUOUS}, {204, YOOKASSA_AMBIGUOUS},
                {301, YOOKASSA_PERMANENT}, {400, YOOKASSA_PERMANENT}, {401, YOOKASSA_UNAUTHORIZED},
                {403, YOOKASSA_PERMANENT}, {404, YOOKASSA_NOT_FOUND}, {405, YOOKASSA_PERMANENT},
                {408, YOOKASSA_AMBIGUOUS}, {415, YOOKASSA_PERMANENT}, {429, YOOKASSA_RETRY},
                {500, YOOKASSA_AMBIGUOUS}, {502, YOOKASSA_AMBIGUOUS}, {503, YOOKASSA_AMBIGUOUS},
                {504, YOOKASSA_AMBIGUOUS}, {0, YOOKASSA_AMBIGUOUS}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        CHECK_INT(classify(HTTP_ANSWERED, rows[i].status, "", 0).kind, rows[i].kind);
        CHECK_INT(classify(HTTP_ANSWERED, rows[i].status, "<html>\xff", 0).kind, rows[i].kind);
    }
    CHECK_INT(classify(HTTP_NOT_SENT, 0, "", 0).kind, YOOKASSA_RETRY);
    CHECK_INT(classify(HTTP_AMBIGUOUS, 0, "", 0).kind, YOOKASSA_AMBIGUOUS);
    CHECK_INT(classify(HTTP_TOO_LARGE, 200, "", 0).kind, YOOKASSA_AMBIGUOUS);
    CHECK_INT(classify(HTTP_CANCELED, 0, "", 0).kind, YOOKASSA_AMBIGUOUS);
    CHECK_TEXT(classify(HTTP_AMBIGUOUS, 0, "", 0).description, "the connection broke");
    for (int kind = 0; kind < YOOKASSA_VERDICT_COUNT; kind++)
        CHECK(strcmp(yookassa_verdict_name((enum yookassa_verdict_kind)kind), "unknown") != 0);
}

static void test_words(void)
{
    struct yookassa_verdict verdict = classify(
        HTTP_ANSWERED, 400,
        "{\"type\":\"error\",\"id\":\"x\",\"code\":\"invalid_request\",\"description\":\"Receipt is missing\\nor "
        "illegal\",\"parameter\":\"receipt\"}",
        0);
    CHECK_TEXT(verdict.code, "invalid_request");
    CHECK_TEXT(verdict.parameter, "receipt");
    CHECK_TEXT(verdict.description, "Receipt is missing or illegal");
    CHECK_INT(verdict.status, 400);

    CHECK_INT(classify(HTTP_ANSWERED, 202, "{\"type\":\"processing\",\"retry_after\":1800}", 0).retry_after_ms, 1800);
    CHECK_INT(classify(HTTP_ANSWERED, 500, "{\"retry_after\":1800}", 7).retry_after_ms, 1800);
    CHECK_INT(classify(HTTP_ANSWERED, 429, "", 7).retry_after_ms, 7000);
    CHECK_INT(classify(HTTP_ANSWERED, 429, "{\"retry_after\":-5}", 0).retry_after_ms, 0);
    CHECK_INT(classify(HTTP_ANSWERED, 429, "{\"retry_after\":99999999999}", 0).retry_after_ms, 3600000);
    CHECK_INT(classify(HTTP_ANSWERED, 429, "", INT64_MAX).retry_after_ms, 3600000);

    /* Cut inside a two-byte letter: the half goes. */
    char body[1024] = "{\"description\":\"";
    for (int i = 0; i < 200; i++)
        memcpy(body + strlen(body), "ж", 3);
    memcpy(body + strlen(body), "\"}", 3);
    CHECK_INT(strlen(classify(HTTP_ANSWERED, 400, body, 0).description), YOOKASSA_DESCRIPTION_BYTES - 2);
}

static enum yookassa_verdict_kind kind_for(long status, const char *parameter)
{
    char body[256];
    (void)snprintf(body, sizeof body,
                   "{\"type\":\"error\",\"code\":\"invalid_request\",\"description\":\"Receipt is missing or illegal\","
                   "\"parameter\":\"%s\"}",
                   parameter);
    return classify(HTTP_ANSWERED, status, body, 0).kind;
}

/* Of all refusals, the one for the receipt's customer is the user's to mend. */
static void test_contact(void)
{
    static const char *const customers[] = {"receipt.customer", "receipt.customer.email", "receipt.customer.phone"};
    static const char *const others[] = {"", "receipt", "receipt.items", "receipt.customers", "amount", "customer"};
    for (size_t i = 0; i < sizeof customers / sizeof customers[0]; i++) {
        CHECK_INT(kind_for(400, customers[i]), YOOKASSA_CONTACT);
        CHECK_INT(kind_for(401, customers[i]), YOOKASSA_UNAUTHORIZED);
        CHECK_INT(kind_for(500, customers[i]), YOOKASSA_AMBIGUOUS);
        CHECK_INT(kind_for(429, customers[i]), YOOKASSA_RETRY);
        CHECK_INT(kind_for(200, customers[i]), YOOKASSA_OK);
    }
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        CHECK_INT(kind_for(400, others[i]), YOOKASSA_PERMANENT);
}

/* Every reason that YooKassa has (its v3 reference), and what is none. */
static void test_reasons(void)
{
    static const struct {
        const char *word;
        enum payment_reason reason;
    } rows[] = {{"3d_secure_failed", PAYMENT_NOT_CONFIRMED},
                {"call_issuer", PAYMENT_CALL_BANK},
                {"canceled_by_merchant", PAYMENT_UNTOLD},
                {"card_expired", PAYMENT_CARD_WRONG},
                {"country_forbidden", PAYMENT_OTHER_WAY},
                {"deal_expired", PAYMENT_UNTOLD},
                {"expired_on_capture", PAYMENT_UNTOLD},
                {"expired_on_confirmation", PAYMENT_EXPIRED},
                {"fraud_suspected", PAYMENT_OTHER_WAY},
                {"general_decline", PAYMENT_DECLINED},
                {"identification_required", PAYMENT_OVER_LIMIT},
                {"insufficient_funds", PAYMENT_NO_FUNDS},
                {"internal_timeout", PAYMENT_UNTOLD},
                {"invalid_card_number", PAYMENT_CARD_WRONG},
                {"invalid_csc", PAYMENT_CARD_WRONG},
                {"issuer_unavailable", PAYMENT_BANK_AWAY},
                {"loan_declined", PAYMENT_OTHER_WAY},
                {"payment_method_limit_exceeded", PAYMENT_OVER_LIMIT},
                {"payment_method_restricted", PAYMENT_CALL_BANK},
                {"permission_revoked", PAYMENT_OTHER_WAY},
                {"unsupported_mobile_operator", PAYMENT_OTHER_WAY},
                {"", PAYMENT_UNTOLD},
                {"insufficient_funds_of_another_year", PAYMENT_UNTOLD}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        CHECK_INT(yookassa_reason(rows[i].word), rows[i].reason);
}

#define PAYMENT(fields) "{\"id\":\"22e12f66-000f-5000-8000-18db351245c7\"," fields "}"
#define AMOUNT "\"amount\":{\"value\":\"500.00\",\"currency\":\"RUB\"}"

static enum err parse(const char *json, struct yookassa_payment *ret_payment)
{
    return yookassa_payment_parse(json, strlen(json), ret_payment);
}

static void test_payment(void)
{
    struct yookassa_payment payment;
    CHECK_INT(
        parse(PAYMENT("\"status\":\"pending\",\"paid\":false,\"test\":true," AMOUNT
                      ",\"created_at\":\"2018-07-18T10:51:18.139Z\",\"confirmation\":{\"type\":\"redirect\","
                      "\"confirmation_url\":\"https://yoomoney.ru/pay?id=1\"},\"metadata\":{\"order_id\":\"77\"}"),
              &payment),
        ERR_OK);
    CHECK_TEXT(payment.id, "22e12f66-000f-5000-8000-18db351245c7");
    CHECK_INT(payment.status, YOOKASSA_PENDING);
    CHECK_INT(payment.amount_kopecks, 50000);
    CHECK_TEXT(payment.currency, "RUB");
    CHECK_TEXT(payment.confirmation_url, "https://yoomoney.ru/pay?id=1");
    CHECK_INT(payment.order_id, 77);
    CHECK_INT(payment.created_at_s, 1531911078);
    CHECK(!payment.paid && payment.test);

    CHECK_INT(parse(PAYMENT("\"status\":\"canceled\",\"paid\":false," AMOUNT ",\"cancellation_details\":{\"party\":"
                            "\"yoo_money\",\"reason\":\"expired_on_confirmation\"}"),
                    &payment),
              ERR_OK);
    CHECK_INT(payment.status, YOOKASSA_CANCELED);
    CHECK_TEXT(payment.cancel_reason, "expired_on_confirmation");
    CHECK_TEXT(payment.cancel_party, "yoo_money");
    CHECK_TEXT(payment.confirmation_url, "");
    CHECK_INT(payment.order_id, 0);

    CHECK_INT(parse(PAYMENT("\"status\":\"succeeded\",\"paid\":true," AMOUNT ",\"metadata\":{\"order_id\":\"7x\"}"),
                    &payment),
              ERR_OK);
    CHECK_INT(payment.order_id, 0);
    CHECK_INT(payment.income_kopecks, 0);
    CHECK_TEXT(payment.shop, "");
    CHECK_INT(parse(PAYMENT("\"status\":\"succeeded\",\"paid\":true," AMOUNT ",\"income_amount\":{\"value\":\"482.50\","
                            "\"currency\":\"RUB\"},\"recipient\":{\"account_id\":\"100500\",\"gateway_id\":\"2\"}"),
                    &payment),
              ERR_OK);
    CHECK_INT(payment.income_kopecks, 48250);
    CHECK_TEXT(payment.shop, "100500");
}

static void test_odd_payments(void)
{
    static const char *const refused[] = {
        "",
        "null",
        "[]",
        "{}",
        "{\"id\":\"1\"",
        PAYMENT("\"status\":\"pending\"," AMOUNT) "x",
        PAYMENT("\"status\":\"pending\""),
        PAYMENT(AMOUNT),
        PAYMENT("\"status\":\"refunded\"," AMOUNT),
        PAYMENT("\"status\":5," AMOUNT),
        PAYMENT("\"status\":\"succeeded\"," AMOUNT),
        PAYMENT("\"status\":\"succeeded\",\"paid\":false," AMOUNT),
        PAYMENT("\"status\":\"succeeded\",\"paid\":\"true\"," AMOUNT),
        PAYMENT("\"status\":\"pending\",\"amount\":\"500.00\""),
        PAYMENT("\"status\":\"pending\",\"amount\":{\"value\":500.00,\"currency\":\"RUB\"}"),
        PAYMENT("\"status\":\"pending\",\"amount\":{\"value\":\"500.001\",\"currency\":\"RUB\"}"),
        PAYMENT("\"status\":\"pending\",\"amount\":{\"value\":\"-500.00\",\"currency\":\"RUB\"}"),
        PAYMENT("\"status\":\"pending\",\"amount\":{\"value\":\"0.00\",\"currency\":\"RUB\"}"),
        PAYMENT("\"status\":\"pending\",\"amount\":{\"value\":\"5.00\\u00000\",\"currency\":\"RUB\"}"),
        PAYMENT("\"status\":\"pending\",\"amount\":{\"value\":\"500.00\"}"),
        PAYMENT("\"status\":\"pending\",\"amount\":{\"value\":\"500.00\",\"currency\":\"ROUBLES\"}"),
        "{\"id\":\"../refunds\",\"status\":\"pending\"," AMOUNT "}",
        "{\"id\":\"\",\"status\":\"pending\"," AMOUNT "}",
    };
    struct yookassa_payment payment;
    memset(&payment, 0x55, sizeof payment);
    struct yookassa_payment before = payment;
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        CHECK_INT(parse(refused[i], &payment), ERR_INVALID);
        CHECK(memcmp(&payment, &before, sizeof payment) == 0);
    }
}

#define SUCCEEDED "\"status\":\"succeeded\",\"paid\":true," AMOUNT

/* What is odd, and is not what decides about money, was not told: nobody's payment stands because of it. */
static void test_odd_fields(void)
{
    static const char *const odd[] = {
        "\"income_amount\":{\"value\":\"4.8\",\"currency\":\"USD\"}",
        "\"income_amount\":{\"value\":\"-1\",\"currency\":\"RUB\"}",
        "\"income_amount\":{\"value\":\"500.01\",\"currency\":\"RUB\"}",
        "\"income_amount\":{\"value\":4.8,\"currency\":\"RUB\"}",
        "\"income_amount\":{\"value\":\"482.5000\",\"currency\":\"RUB\"}",
        "\"income_amount\":\"482.50\"",
        "\"confirmation\":{\"confirmation_url\":\"javascript:1\"}",
        "\"confirmation\":[]",
        "\"recipient\":{\"account_id\":\"\"}",
        "\"recipient\":{\"account_id\":5}",
        "\"test\":\"true\"",
        "\"created_at\":\"18.07.2018\",\"captured_at\":5",
        "\"cancellation_details\":{\"party\":\"yoo_money\"}",
        "\"cancellation_details\":{\"reason\":7}",
        "\"metadata\":\"order\"",
    };
    struct yookassa_payment payment;
    for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++) {
        char json[512];
        (void)snprintf(json, sizeof json, PAYMENT(SUCCEEDED ",%s"), odd[i]);
        memset(&payment, 0x55, sizeof payment);
        CHECK_INT(parse(json, &payment), ERR_OK);
        CHECK(payment.income_kopecks == 0 && payment.created_at_s == 0 && payment.order_id == 0);
        CHECK(payment.shop[0] == '\0' && payment.confirmation_url[0] == '\0' && payment.cancel_reason[0] == '\0');
        CHECK(payment.test_untold && !payment.test && payment.paid);
        CHECK_INT(payment.refunded_kopecks, 0);
    }
    CHECK_INT(parse(PAYMENT(SUCCEEDED ",\"test\":false,\"refunded_amount\":{\"value\":\"600\",\"currency\":\"RUB\"}"),
                    &payment),
              ERR_OK);
    CHECK_INT(payment.refunded_kopecks, YOOKASSA_NOT_TOLD);
    CHECK(!payment.test_untold);
    CHECK_INT(parse(PAYMENT(SUCCEEDED ",\"refunded_amount\":{\"value\":\"100.50\",\"currency\":\"RUB\"}"), &payment),
              ERR_OK);
    CHECK_INT(payment.refunded_kopecks, 10050);
    CHECK_INT(parse(PAYMENT(SUCCEEDED ",\"recipient\":{\"account_id\":\"1005000000000000000000000000000000000000000000"
                                      "0000000000000000000000000000\"}"),
                    &payment),
              ERR_OK);
    CHECK_INT(strlen(payment.shop), YOOKASSA_SHOP_BYTES - 1); /* cut, and another's still */
}

static void test_body(void)
{
    struct yookassa_receipt receipt = {.email = "anna@example.org",
                                       .phone = NULL,
                                       .item = "Фотосет «Деловой», 23 фото",
                                       .vat_code = 1,
                                       .subject = "service",
                                       .mode = "full_payment"};
    struct yookassa_order order = {.order_id = 77,
                                   .amount_kopecks = 50000,
                                   .description = "Заказ 77",
                                   .return_url = "https://t.me/fotoset_bot",
                                   .locale = "ru_RU",
                                   .receipt = &receipt};
    char *body = NULL, *again = NULL;
    const char *why = NULL;
    CHECK_INT(yookassa_body_payment(&order, &body, &why), ERR_OK);
    CHECK_TEXT(body,
               "{\"amount\":{\"value\":\"500.00\",\"currency\":\"RUB\"},\"capture\":true,\"confirmation\":{\"type\":"
               "\"redirect\",\"return_url\":\"https://t.me/fotoset_bot\",\"locale\":\"ru_RU\"},\"description\":"
               "\"Заказ 77\",\"metadata\":{\"order_id\":\"77\"},\"receipt\":{\"customer\":{\"email\":"
               "\"anna@example.org\"},\"items\":[{\"description\":\"Фотосет «Деловой», 23 фото\",\"quantity\":1,"
               "\"amount\":{\"value\":\"500.00\",\"currency\":\"RUB\"},\"vat_code\":1,\"payment_subject\":"
               "\"service\",\"payment_mode\":\"full_payment\",\"measure\":\"piece\"}]}}");
    CHECK_INT(yookassa_body_payment(&order, &again, &why), ERR_OK);
    CHECK_TEXT(again, body);
    free(body);
    free(again);

    char longer[600] = "";
    for (int i = 0; i < 200; i++)
        memcpy(longer + strlen(longer), "ж", 3);
    order.description = longer;
    order.receipt = NULL;
    CHECK_INT(yookassa_body_payment(&order, &body, &why), ERR_OK);
    CHECK(strstr(body, "receipt") == NULL);
    const char *from = strstr(body, "ж");
    CHECK(from != NULL);
    CHECK_INT(strchr(from, '"') - from, 128 * 2);
    free(body);
}

static const char *why_not(struct yookassa_order order, struct yookassa_receipt receipt)
{
    char *body = NULL;
    const char *why = "nothing";
    order.receipt = &receipt;
    if (yookassa_body_payment(&order, &body, &why) == ERR_OK)
        free(body);
    return why;
}

static void test_refused_orders(void)
{
    const struct yookassa_receipt good = {.email = "a@b.ru",
                                          .item = "Set",
                                          .vat_code = 12,
                                          .tax_system_code = 6,
                                          .subject = "service",
                                          .mode = "full_payment"};
    const struct yookassa_order order = {
        .order_id = 1, .amount_kopecks = 100, .description = "Set", .return_url = "https://t.me/x"};
    struct yookassa_order o = order;
    struct yookassa_receipt r = good;
    CHECK_TEXT(why_not(o, r), "nothing");
    o.amount_kopecks = 99;
    CHECK_TEXT(why_not(o, r), "amount");
    o = order;
    o.order_id = 0;
    CHECK_TEXT(why_not(o, r), "order id");
    o = order;
    o.return_url = "";
    CHECK_TEXT(why_not(o, r), "return_url");

    static const char *const emails[] = {"", "a", "@b", "a@", "a@b@c", "a b@c.ru", "a@b.ru\nBcc:c@d.ru"};
    for (size_t i = 0; i < sizeof emails / sizeof emails[0]; i++) {
        r.email = emails[i];
        CHECK_TEXT(why_not(order, r), "receipt email");
    }
    r.email = NULL;
    CHECK_TEXT(why_not(order, r), "receipt customer");
    r.phone = "+79161234567";
    CHECK_TEXT(why_not(order, r), "nothing");
    r.phone = "8 916 123";
    CHECK_TEXT(why_not(order, r), "receipt phone");
    r = good;
    r.vat_code = 13;
    CHECK_TEXT(why_not(order, r), "receipt vat_code");
    r = good;
    r.subject = NULL;
    CHECK_TEXT(why_not(order, r), "receipt payment_subject");
}

int main(void)
{
    test_statuses();
    test_words();
    test_contact();
    test_reasons();
    test_payment();
    test_odd_payments();
    test_odd_fields();
    test_body();
    test_refused_orders();
    return 0;
}
