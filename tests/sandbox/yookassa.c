/* YooKassa's API v3: creating, reading, listing, capturing and cancelling payments.
 *
 * The part that matters most is the idempotence key: the same key with the same body answers with the first payment
 * for 24 hours, with another body it is refused, and after that it is a new payment — as the real one does.
 * Errors are its error objects; who pays and who declines is played in payments.c.
 */
#include "tests/sandbox/yookassa.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "tests/sandbox/faults.h"
#include "tests/sandbox/journal.h"
#include "tests/sandbox/payments.h"

#define LIST_LIMIT 10
#define LIST_LIMIT_MAX 100
#define KEY_MAX 64

static void fail(struct request *request, unsigned status, const char *code, const char *description,
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

static void answer_payment(struct request *request, const struct payment *payment)
{
    struct buf out = {0};
    payments_add_json(request->sb, &out, payment);
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

/* "POST\n<path>\n<key>" for the table; false when the call has failed. */
static bool take_key(struct request *request, const char *path, struct buf *ret_key)
{
    const char *key = http_header(request, "Idempotence-Key");
    size_t len = key == NULL ? 0 : strlen(key);
    bool ok = len >= 1 && len <= KEY_MAX;
    for (size_t i = 0; i < len && ok; i++)
        ok = strchr("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ+-_.", key[i]) != NULL;
    if (!ok) {
        fail(request, 400, "invalid_request",
             len == 0 ? "Idempotence key is missing" : "Idempotence key must have 1-64 characters", "Idempotence-Key");
        return false;
    }
    json_object_object_add(request->params, "idempotence_key", json_object_new_string(key));
    buf_addf(ret_key, "%s\n%s", path, key);
    return true;
}

/* The payment an earlier call with this key made. True: the call is answered. */
static bool answer_known(struct request *request, const char *key)
{
    struct sandbox *sb = request->sb;
    void *found = NULL;
    if (!lh_table_lookup_ex(sb->world.idempotence, key, &found))
        return false;
    const struct idempotence *idem = found;
    if (sandbox_now_ms(sb) - idem->at_ms >= IDEMPOTENCE_MS)
        return false;
    if (strcmp(idem->body, request->body.at == NULL ? "" : request->body.at) != 0) {
        fail(request, 400, "invalid_request", "Duplicate idempotence key", "Idempotence-Key");
        return true;
    }
    answer_payment(request, payments_find(sb, idem->payment_id));
    return true;
}

static void remember(struct request *request, const char *key, const struct payment *payment)
{
    struct sandbox *sb = request->sb;
    void *found = NULL;
    payments_remember(sb, key, request->body.at == NULL ? "" : request->body.at, payment->id, sandbox_now_ms(sb));
    if (lh_table_lookup_ex(sb->world.idempotence, key, &found))
        journal_idempotence(sb, key, found);
}

static void create(struct request *request, json_object *body)
{
    struct buf key = {0};
    int64_t kopecks = 0;
    const char *parameter = NULL;
    if (!take_key(request, "payments", &key))
        return;
    if (!answer_known(request, key.at)) {
        const char *why = payment_check(body, request->sb->opt.require_receipt, &kopecks, &parameter);
        if (why != NULL) {
            fail(request, 400, "invalid_request", why, parameter);
        } else {
            struct payment *payment = payments_add(request->sb, body, kopecks);
            remember(request, key.at, payment);
            answer_payment(request, payment);
        }
    }
    buf_done(&key);
}

static void capture_or_cancel(struct request *request, struct payment *payment, bool capture, const char *path)
{
    struct buf key = {0};
    if (!take_key(request, path, &key))
        return;
    if (!answer_known(request, key.at)) {
        if (strcmp(payment->status, "waiting_for_capture") != 0) {
            fail(request, 400, "invalid_request", "Payment is in a status that does not allow this", NULL);
        } else {
            if (capture)
                payments_capture(request->sb, payment);
            else
                payments_cancel(request->sb, payment, "merchant", "canceled_by_merchant");
            remember(request, key.at, payment);
            answer_payment(request, payment);
        }
    }
    buf_done(&key);
}

/* "2026-11-22T10:00:00[.123]Z" in ms; false for any other form. */
static bool parse_time(const char *text, int64_t *ret_ms)
{
    static const char form[] = "dddd-dd-ddTdd:dd:dd";
    size_t len = strlen(text);
    if (len < sizeof(form) || len > sizeof(form) + 10 || text[len - 1] != 'Z')
        return false;
    for (size_t i = 0; i < sizeof(form) - 1; i++) {
        if (form[i] == 'd' ? text[i] < '0' || text[i] > '9' : text[i] != form[i])
            return false;
    }
    const char *rest = text + sizeof(form) - 1;
    if (rest[0] != 'Z' && (rest[0] != '.' || strspn(rest + 1, "0123456789") != len - sizeof(form) - 1))
        return false;
    struct tm parts = {.tm_year = (int)strtol(text, NULL, 10) - 1900,
                       .tm_mon = (int)strtol(text + 5, NULL, 10) - 1,
                       .tm_mday = (int)strtol(text + 8, NULL, 10),
                       .tm_hour = (int)strtol(text + 11, NULL, 10),
                       .tm_min = (int)strtol(text + 14, NULL, 10),
                       .tm_sec = (int)strtol(text + 17, NULL, 10)};
    *ret_ms = (int64_t)timegm(&parts) * 1000 + (rest[0] == '.' ? (int64_t)(strtod(rest, NULL) * 1000) : 0);
    return true;
}

/* A bound of a list filter in ms; `otherwise` when it isn't given. */
static bool take_time(struct request *request, const char *name, int64_t otherwise, int64_t *ret_ms)
{
    const char *text = http_query(request, name);
    *ret_ms = otherwise;
    if (text != NULL && !parse_time(text, ret_ms)) {
        fail(request, 400, "invalid_request", "Incorrect date", name);
        return false;
    }
    return true;
}

static void list(struct request *request)
{
    struct sandbox *sb = request->sb;
    int64_t from_ms = 0, to_ms = 0, captured_ms = 0;
    const char *status = http_query(request, "status"), *cursor = http_query(request, "cursor");
    int64_t limit = http_query_int(request, "limit", LIST_LIMIT);
    if (!take_time(request, "created_at.gte", 0, &from_ms) || !take_time(request, "created_at.lt", INT64_MAX, &to_ms) ||
        !take_time(request, "captured_at.gte", 0, &captured_ms))
        return;
    if (limit < 1 || limit > LIST_LIMIT_MAX) {
        fail(request, 400, "invalid_request", "Incorrect limit", "limit");
        return;
    }
    struct buf out = {0};
    size_t at = cursor == NULL ? sb->world.payment_count : (size_t)strtoull(cursor, NULL, 10), added = 0;
    at = at > sb->world.payment_count ? sb->world.payment_count : at;
    buf_adds(&out, "{\"type\":\"list\",\"items\":[");
    for (; at > 0 && added < (size_t)limit; at--) {
        struct payment *payment = sb->world.payment_list[at - 1];
        payments_refresh(sb, payment);
        if (payment->created_ms < from_ms)
            at = 1; /* newest first: nothing younger follows */
        if (payment->created_ms < from_ms || payment->created_ms >= to_ms || payment->captured_ms < captured_ms ||
            (status != NULL && strcmp(status, payment->status) != 0))
            continue;
        buf_adds(&out, added++ == 0 ? "" : ",");
        payments_add_json(sb, &out, payment);
    }
    buf_adds(&out, "]");
    if (at > 0)
        buf_addf(&out, ",\"next_cursor\":\"%zu\"", at);
    buf_adds(&out, "}");
    http_answer_json(request, 200, &out);
}

static enum MHD_Result note_query(void *context, enum MHD_ValueKind kind, const char *name, const char *value)
{
    (void)kind;
    json_object_object_add(context, name, json_object_new_string(value == NULL ? "" : value));
    return MHD_YES;
}

/* What the record shows: the body, or the query. Returns the body as JSON, or NULL when the call has failed. */
static bool read_body(struct request *request, bool is_post)
{
    const char *type = http_header(request, MHD_HTTP_HEADER_CONTENT_TYPE);
    if (is_post && request->body.len > 0) /* with another method a body says nothing, whatever it is */
        request->params = json_tokener_parse(request->body.at);
    bool ok = !is_post || request->body.len == 0 || json_object_is_type(request->params, json_type_object);
    if (!json_object_is_type(request->params, json_type_object)) {
        json_object_put(request->params);
        request->params = json_object_new_object();
    }
    MHD_get_connection_values(request->connection, MHD_GET_ARGUMENT_KIND, note_query, request->params);
    if (is_post && (type == NULL || strncasecmp(type, "application/json", 16) != 0)) {
        fail(request, 415, "unsupported_media_type", "Content-Type must be application/json", NULL);
        return false;
    }
    if (!ok)
        fail(request, 400, "invalid_request", "Unable to parse the request body", NULL);
    return ok;
}

static void serve_payment(struct request *request, const char *rest, bool is_post)
{
    char id[40] = "";
    size_t len = strcspn(rest, "/");
    if (len < sizeof(id))
        memcpy(id, rest, len);
    struct payment *payment = payments_find(request->sb, id);
    const char *deed = rest + len;
    if (payment == NULL)
        fail(request, 404, "not_found", "Payment doesn't exist or access denied", "payment_id");
    else if (deed[0] == '\0' && !is_post)
        answer_payment(request, payment);
    else if (is_post && (strcmp(deed, "/capture") == 0 || strcmp(deed, "/cancel") == 0))
        capture_or_cancel(request, payment, deed[2] == 'a' && deed[3] == 'p', rest);
    else
        fail(request, 405, "method_not_allowed", "Method is not allowed", NULL);
}

/* What faults and the record call it: "POST /payments", "GET /payments/{id}". */
static void name_method(struct request *request, const char *path)
{
    const char *deed = strchr(path, '/');
    const char *after = deed == NULL ? NULL : strchr(deed + 1, '/');
    snprintf(request->method, sizeof(request->method), "%.8s /%.*s%s%.16s", request->http_method,
             (int)(deed == NULL ? strlen(path) : (size_t)(deed - path)) % 20, path, deed == NULL ? "" : "/{id}",
             after == NULL ? "" : after);
}

void yookassa_serve(struct request *request)
{
    const char *path = request->path + strlen("/yookassa/v3/");
    bool is_post = strcmp(request->http_method, "POST") == 0;
    request->service = "yookassa";
    name_method(request, path);
    bool readable = read_body(request, is_post);
    request->answered = false;
    if (faults_before(request))
        return;
    if (!is_authorised(request)) {
        fail(request, 401, "invalid_credentials", "Basic authentication failed. Shop ID or secret key is wrong", NULL);
        return;
    }
    if (!readable) {
        request->answered = true; /* read_body said why */
        return;
    }
    if (!is_post && strcmp(request->http_method, "GET") != 0) {
        fail(request, 405, "method_not_allowed", "Method is not allowed", NULL);
        return;
    }
    json_object *body = is_post ? json_object_get(request->params) : NULL;
    if (strcmp(path, "payments") == 0 && is_post) {
        json_object *copy = NULL;
        json_object_deep_copy(body, &copy, NULL); /* the record's params get the key added, the payment's don't */
        create(request, copy);
        json_object_put(copy);
    } else if (strcmp(path, "payments") == 0) {
        list(request);
    } else if (strncmp(path, "payments/", 9) == 0) {
        serve_payment(request, path + 9, is_post);
    } else {
        fail(request, 404, "not_found", "No such method", NULL);
    }
    json_object_put(body);
}
