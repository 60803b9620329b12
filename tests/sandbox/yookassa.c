/* YooKassa's API v3: payments, refunds and receipts.
 *
 * Who may ask, what the call is named for faults and the record, and which deed it is. The keys that make a repeated
 * call harmless are keys.c's, what is wrong with a body is said by fields*.c, lists are yookassa_list.c's; who pays and
 * who declines is played in payments_control.c. Errors are its error objects.
 */
#include "tests/sandbox/yookassa.h"

#include <inttypes.h>
#include <string.h>
#include <strings.h>

#include "tests/sandbox/faults.h"
#include "tests/sandbox/fields.h"
#include "tests/sandbox/keys.h"
#include "tests/sandbox/payments.h"
#include "tests/sandbox/receipts.h"
#include "tests/sandbox/refunds.h"

#define REFUND_LIFE_MS (3LL * 365 * 86400 * 1000)

static const char no_payment[] = "Payment doesn't exist or access denied";

void yookassa_fail(struct request *request, unsigned status, const char *code, const char *description,
                   const char *parameter)
{
    struct buf out = {0};
    buf_addf(&out,
             "{\"type\":\"error\",\"id\":\"%08" PRIx64 "-0000-4000-8000-000000000000\",\"code\":\"%s\","
             "\"description\":",
             sandbox_random(request->sb) & 0xffffffff, code);
    buf_add_json(&out, description);
    if (parameter != NULL)
        buf_addf(&out, ",\"parameter\":\"%s\"", parameter);
    buf_adds(&out, "}");
    http_answer_json(request, status, &out);
}

static void refuse(struct request *request, const struct refusal *refusal)
{
    yookassa_fail(request, 400, "invalid_request", refusal->why, refusal->parameter);
}

static void answer_payment(struct request *request, const struct payment *payment)
{
    struct buf out = {0};
    payments_add_json(request->sb, &out, payment);
    http_answer_json(request, 200, &out);
}

static void answer_refund(struct request *request, const struct refund *refund)
{
    struct buf out = {0};
    refunds_add_json(request->sb, &out, refund);
    http_answer_json(request, 200, &out);
}

static void answer_receipt(struct request *request, const struct receipt *receipt)
{
    struct buf out = {0};
    receipts_add_json(request->sb, &out, receipt);
    http_answer_json(request, 200, &out);
}

static bool is_authorised(struct request *request)
{
    char *password = NULL;
    char *user = MHD_basic_auth_get_username_password(request->connection, &password);
    bool ok = user != NULL && password != NULL && strcmp(user, request->sb->opt.shop_id) == 0 &&
              strcmp(password, request->sb->opt.shop_secret) == 0;
    MHD_free(user);
    MHD_free(password);
    return ok;
}

static void payment_create(struct request *request, json_object *body)
{
    struct refusal refusal = {0};
    int64_t kopecks = 0;
    if (!fields_payment(&refusal, &request->sb->world.shop, body, &kopecks))
        refuse(request, &refusal);
    else
        answer_payment(request, payments_add(request->sb, body, kopecks));
}

static void payment_capture(struct request *request, struct payment *payment, json_object *body)
{
    struct refusal refusal = {0};
    int64_t kopecks = 0;
    if (strcmp(payment->status, "waiting_for_capture") != 0) {
        yookassa_fail(request, 400, "invalid_request", "Payment can not be captured in current status.", "payment_id");
    } else if (!fields_capture(&refusal, &request->sb->world.shop, payment, body, &kopecks)) {
        refuse(request, &refusal);
    } else {
        payments_capture(request->sb, payment, kopecks, payments_asked(body, "receipt"));
        answer_payment(request, payment);
    }
}

static void payment_cancel(struct request *request, struct payment *payment)
{
    if (strcmp(payment->status, "waiting_for_capture") != 0) {
        yookassa_fail(request, 400, "invalid_request", "Payment can not be canceled in current status", "payment_id");
    } else {
        payments_cancel(request->sb, payment, "merchant", "canceled_by_merchant");
        answer_payment(request, payment);
    }
}

static void refund_create(struct request *request, json_object *body)
{
    struct sandbox *sb = request->sb;
    struct refusal refusal = {0};
    const char *id = fields_text(body, "payment_id");
    struct payment *payment = id == NULL ? NULL : payments_find(sb, id);
    int64_t kopecks = 0;
    (void)refunds_run(sb);
    if (id == NULL)
        yookassa_fail(request, 400, "invalid_request", "Payment id is missing", "payment_id");
    else if (payment == NULL)
        yookassa_fail(request, 404, "not_found", no_payment, "payment_id");
    else if (!fields_refund(&refusal, &sb->world.shop, payment, body, &kopecks))
        refuse(request, &refusal);
    else if (sandbox_now_ms(sb) - payment->captured_ms > REFUND_LIFE_MS)
        yookassa_fail(request, 400, "invalid_request", "Refund for given sum is not available", "payment_id");
    else
        answer_refund(request, refunds_add(sb, payment, body, kopecks));
}

/* The payment or refund a receipt is asked for must be over. */
static void receipt_create(struct request *request, json_object *body)
{
    struct sandbox *sb = request->sb;
    struct refusal refusal = {0};
    int64_t kopecks = 0;
    if (!fields_receipt_alone(&refusal, &sb->world.shop, body, &kopecks)) {
        refuse(request, &refusal);
        return;
    }
    const char *payment_id = fields_text(body, "payment_id"), *refund_id = fields_text(body, "refund_id");
    const struct payment *payment = payment_id == NULL ? NULL : payments_find(sb, payment_id);
    const struct refund *refund = refund_id == NULL ? NULL : refunds_find(sb, refund_id);
    bool is_refund = strcmp(fields_text(body, "type"), "refund") == 0;
    if (payment == NULL && refund == NULL)
        yookassa_fail(request, 404, "not_found", "Payment or refund doesn't exist", "payment_id");
    else if (is_refund != (refund != NULL))
        yookassa_fail(request, 400, "invalid_request", "Type is not that of the object", "type");
    else if (strcmp(refund != NULL ? refund->status : payment->status, "succeeded") != 0)
        yookassa_fail(request, 400, "invalid_request", "Receipt can not be made in current status", "payment_id");
    else
        answer_receipt(request, receipts_add(sb, body, kopecks, payment_id, refund_id));
}

static enum MHD_Result note_query(void *context, enum MHD_ValueKind kind, const char *name, const char *value)
{
    (void)kind;
    json_object_object_add(context, name, json_object_new_string(value == NULL ? "" : value));
    return MHD_YES;
}

bool yookassa_read(struct request *request, bool is_post)
{
    if (is_post && request->body.len > 0) /* with another method a body says nothing, whatever it is */
        request->params = json_tokener_parse(request->body.at);
    bool ok = !is_post || request->body.len == 0 || json_object_is_type(request->params, json_type_object);
    if (!json_object_is_type(request->params, json_type_object)) {
        json_object_put(request->params);
        request->params = json_object_new_object();
    }
    MHD_get_connection_values(request->connection, MHD_GET_ARGUMENT_KIND, note_query, request->params);
    return ok;
}

/* The settings of the shop, as far as a shop would ask for them. */
static void me(struct request *request)
{
    const struct sandbox *sb = request->sb;
    struct buf out = {0};
    bool fiscal = strcmp(sb->world.shop.receipts, "optional") != 0;
    buf_addf(&out, "{\"account_id\":\"%s\",\"status\":\"enabled\",\"test\":%s,\"fiscalization\":{\"enabled\":%s",
             sb->opt.shop_id, sb->world.shop.is_live ? "false" : "true", fiscal ? "true" : "false");
    if (fiscal)
        buf_addf(&out, ",\"provider\":\"%s\"", strcmp(sb->world.shop.receipts, "yookassa") == 0 ? "avanpost" : "atol");
    buf_addf(&out, "},\"fiscalization_enabled\":%s,\"payment_methods\":[\"yoo_money\",\"bank_card\",\"sbp\"]}",
             fiscal ? "true" : "false");
    http_answer_json(request, 200, &out);
}

/* Splits "payments/ID/deed" into its three parts; those that are absent are "". */
struct target {
    char what[16], id[44], deed[16];
};

static struct target target_of(const char *path)
{
    struct target target = {0};
    const char *id = strchr(path, '/'), *deed = id == NULL ? NULL : strchr(id + 1, '/');
    size_t id_len = id == NULL ? 0 : strcspn(id + 1, "/"), what_len = strcspn(path, "/");
    snprintf(target.what, sizeof(target.what), "%.*s", (int)(what_len > 15 ? 15 : what_len), path);
    if (id_len < sizeof(target.id) && id != NULL)
        snprintf(target.id, sizeof(target.id), "%.*s", (int)id_len, id + 1);
    if (deed != NULL)
        snprintf(target.deed, sizeof(target.deed), "%.15s", deed + 1);
    return target;
}

static void get_one(struct request *request, const struct target *target)
{
    struct sandbox *sb = request->sb;
    if (strcmp(target->what, "payments") == 0) {
        const struct payment *payment = payments_find(sb, target->id);
        payment == NULL ? yookassa_fail(request, 404, "not_found", no_payment, "payment_id")
                        : answer_payment(request, payment);
    } else if (strcmp(target->what, "refunds") == 0) {
        const struct refund *refund = refunds_find(sb, target->id);
        refund == NULL ? yookassa_fail(request, 404, "not_found", "Refund doesn't exist or access denied", "refund_id")
                       : answer_refund(request, refund);
    } else {
        const struct receipt *receipt = receipts_find(sb, target->id);
        receipt == NULL
            ? yookassa_fail(request, 404, "not_found", "Receipt doesn't exist or access denied", "receipt_id")
            : answer_receipt(request, receipt);
    }
}

static void get(struct request *request, const struct target *target)
{
    bool is_list = target->id[0] == '\0';
    if (target->deed[0] != '\0')
        yookassa_fail(request, 405, "method_not_allowed", "Method is not allowed", NULL);
    else if (!is_list)
        get_one(request, target);
    else if (strcmp(target->what, "payments") == 0)
        yookassa_list_payments(request);
    else if (strcmp(target->what, "refunds") == 0)
        yookassa_list_refunds(request);
    else
        yookassa_list_receipts(request);
}

static void post(struct request *request, const struct target *target, json_object *body, const char *path)
{
    bool is_create = target->id[0] == '\0', is_payment = strcmp(target->what, "payments") == 0;
    bool is_capture = strcmp(target->deed, "capture") == 0, is_cancel = strcmp(target->deed, "cancel") == 0;
    struct payment *payment = is_payment && !is_create ? payments_find(request->sb, target->id) : NULL;
    if (!is_create && !(is_payment && (is_capture || is_cancel))) {
        yookassa_fail(request, 405, "method_not_allowed", "Method is not allowed", NULL);
        return;
    }
    if (!is_create && payment == NULL) {
        yookassa_fail(request, 404, "not_found", no_payment, "payment_id");
        return;
    }
    if (!keys_begin(request, path))
        return;
    if (is_capture)
        payment_capture(request, payment, body);
    else if (is_cancel)
        payment_cancel(request, payment);
    else if (is_payment)
        payment_create(request, body);
    else if (strcmp(target->what, "refunds") == 0)
        refund_create(request, body);
    else
        receipt_create(request, body);
    keys_end(request, path);
}

static void serve(struct request *request, const char *path, bool is_post)
{
    struct target target = target_of(path);
    bool is_known = strcmp(target.what, "payments") == 0 || strcmp(target.what, "refunds") == 0 ||
                    strcmp(target.what, "receipts") == 0;
    if (strcmp(path, "me") == 0 && !is_post) {
        me(request);
    } else if (!is_known) {
        yookassa_fail(request, 404, "not_found", "No such method", NULL);
    } else if (!is_post) {
        get(request, &target);
    } else {
        json_object *body = NULL; /* the record's params get the key added, the payment's don't */
        json_object_deep_copy(request->params, &body, NULL);
        post(request, &target, body, path);
        json_object_put(body);
    }
}

/* What faults and the record call it: "POST /payments", "GET /payments/{id}". */
static void name_method(struct request *request, const char *path)
{
    struct target target = target_of(path);
    snprintf(request->method, sizeof(request->method), "%.8s /%s%s%s%s", request->http_method, target.what,
             target.id[0] == '\0' ? "" : "/{id}", target.deed[0] == '\0' ? "" : "/", target.deed);
}

void yookassa_serve(struct request *request)
{
    const char *path = request->path + strlen("/yookassa/v3/");
    const char *type = http_header(request, MHD_HTTP_HEADER_CONTENT_TYPE);
    bool is_post = strcmp(request->http_method, "POST") == 0;
    request->service = "yookassa";
    name_method(request, path);
    bool readable = yookassa_read(request, is_post);
    if (faults_before(request))
        return;
    if (!is_authorised(request))
        yookassa_fail(request, 401, "invalid_credentials",
                      "Basic authentication failed. Shop ID or secret key is wrong", NULL);
    else if (is_post && (type == NULL || strncasecmp(type, "application/json", 16) != 0))
        yookassa_fail(request, 415, "unsupported_media_type", "Content-Type must be application/json", NULL);
    else if (!readable)
        yookassa_fail(request, 400, "invalid_request", "Failed to parse request body", NULL);
    else if (!is_post && strcmp(request->http_method, "GET") != 0)
        yookassa_fail(request, 405, "method_not_allowed", "Method is not allowed", NULL);
    else
        serve(request, path, is_post);
}
