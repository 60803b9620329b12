/* The payer: what is done on the checkout page and by tests. The card decides, as in a test shop of YooKassa's: each of
 * its test cards has one outcome. */
#include "tests/sandbox/payments.h"

#include <inttypes.h>
#include <string.h>

#include "tests/sandbox/control.h"

#define CARD "5555555555554477"

/* NULL = the bank lets it through. */
static const char *reason_of(const char *card)
{
    static const char *const refused[][2] = {{"5555555555554592", "3d_secure_failed"},
                                             {"5555555555554535", "call_issuer"},
                                             {"5555555555554543", "card_expired"},
                                             {"5555555555554584", "country_forbidden"},
                                             {"5555555555554568", "fraud_suspected"},
                                             {"5555555555554527", "general_decline"},
                                             {"5555555555554600", "insufficient_funds"},
                                             {"5555555555554618", "invalid_card_number"},
                                             {"5555555555554626", "invalid_csc"},
                                             {"5555555555554501", "issuer_unavailable"},
                                             {"5555555555554576", "payment_method_limit_exceeded"},
                                             {"5555555555554550", "payment_method_restricted"}};
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        if (strcmp(card, refused[i][0]) == 0)
            return refused[i][1];
    }
    return NULL;
}

/* Those that are let through; with any other one nothing can be paid here. */
static bool is_test_card(const char *card)
{
    static const char *const fine[] = {CARD, "5555555555554444", "2200000000000004", "2202474301322987"};
    for (size_t i = 0; i < sizeof(fine) / sizeof(fine[0]); i++) {
        if (strcmp(card, fine[i]) == 0)
            return true;
    }
    return reason_of(card) != NULL;
}

static const char *party_of(const char *reason)
{
    static const char *const own[] = {"expired_on_confirmation", "expired_on_capture", "internal_timeout",
                                      "fraud_suspected",         "country_forbidden",  "identification_required"};
    for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++) {
        if (strcmp(reason, own[i]) == 0)
            return "yoo_money";
    }
    return "payment_network";
}

static void pay(struct request *request, struct payment *payment)
{
    struct sandbox *sb = request->sb;
    const char *method = control_text(request, "method"), *card = control_text(request, "card");
    const char *asked = json_object_get_string(
        payments_asked(payments_asked(payment->asked, "payment_method_data"), "type"));
    bool is_pending = strcmp(payment->status, "pending") == 0;
    if (method == NULL)
        method = asked != NULL ? asked : "bank_card";
    if (card == NULL)
        card = CARD;
    if (!is_pending && !(control_flag(request, "force") && strcmp(payment->status, "canceled") == 0)) {
        control_fail(request, 409, "the payment is %s", payment->status);
        return;
    }
    bool is_card = strcmp(method, "bank_card") == 0;
    if (payment->kopecks > payments_method_max(method) || (asked != NULL && strcmp(asked, method) != 0) ||
        (is_card && !is_test_card(card))) {
        control_fail(request, 409, "it can't be paid that way");
        return;
    }
    const char *reason = is_card ? reason_of(card) : NULL;
    snprintf(payment->method, sizeof(payment->method), "%s", method);
    snprintf(payment->card, sizeof(payment->card), "%s", is_card ? card : "");
    if (reason != NULL)
        payments_cancel(sb, payment, party_of(reason), reason);
    else if (json_object_get_boolean(payments_asked(payment->asked, "capture")))
        payments_capture(sb, payment, payment->kopecks, NULL);
    else
        payments_hold(sb, payment);
    control_ok(request);
}

static void decline(struct request *request, struct payment *payment)
{
    const char *reason = control_text(request, "reason");
    if (strcmp(payment->status, "pending") != 0) {
        control_fail(request, 409, "the payment is %s", payment->status);
        return;
    }
    reason = reason == NULL ? "general_decline" : reason;
    payments_cancel(request->sb, payment, party_of(reason), reason);
    control_ok(request);
}

/* For the checkout page: the API's object and, also once it is no longer pending, where to go back to. */
static void add_for_page(struct sandbox *sb, struct buf *out, struct payment *payment)
{
    json_object *url = payments_asked(payments_asked(payment->asked, "confirmation"), "return_url");
    payments_refresh(sb, payment);
    payments_add_json(sb, out, payment);
    out->len--; /* the brace */
    buf_adds(out, ",\"return_url\":");
    if (url != NULL)
        buf_add_json(out, json_object_get_string(url));
    else
        buf_adds(out, "null");
    buf_addf(out, ",\"expires_ms\":%" PRId64 ",\"request\":%s}", payment->expires_ms,
             json_object_to_json_string_ext(payment->asked, JSON_C_TO_STRING_PLAIN));
}

void payments_control(struct request *request, const char *rest)
{
    struct sandbox *sb = request->sb;
    struct buf out = {0};
    if (rest[0] == '\0') {
        buf_adds(&out, "[");
        for (size_t i = 0; i < sb->world.payment_count; i++) {
            buf_adds(&out, i == 0 ? "" : ",");
            add_for_page(sb, &out, sb->world.payment_list[i]);
        }
        buf_adds(&out, "]");
        http_answer_json(request, 200, &out);
        return;
    }
    char id[40] = "";
    size_t len = rest[0] == '/' ? strcspn(rest + 1, "/") : 0;
    if (len < sizeof(id))
        memcpy(id, rest + 1, len);
    struct payment *payment = payments_find(sb, id);
    const char *deed = rest + 1 + len;
    bool is_post = strcmp(request->http_method, "POST") == 0;
    if (payment == NULL) {
        control_fail(request, 404, "no such payment");
    } else if (deed[0] == '\0') {
        add_for_page(sb, &out, payment);
        http_answer_json(request, 200, &out);
    } else if (is_post && strcmp(deed, "/pay") == 0) {
        pay(request, payment);
    } else if (is_post && strcmp(deed, "/decline") == 0) {
        decline(request, payment);
    } else {
        control_fail(request, 404, "no such path");
    }
}
