/* Payments: their life from pending to succeeded or canceled, by the sandbox's clock.
 *
 * Expiry is worked out when a payment is looked at, so nothing has to run for it. A payment that expired can still be
 * paid with "force", since real ones now and then succeed after the shop gave up on them.
 */
#include "tests/sandbox/payments.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/sandbox/control.h"
#include "tests/sandbox/journal.h"

void payments_time(int64_t ms, char text[32])
{
    time_t seconds = (time_t)(ms / 1000);
    struct tm parts;
    gmtime_r(&seconds, &parts);
    size_t len = strftime(text, 32, "%Y-%m-%dT%H:%M:%S", &parts);
    snprintf(text + len, 32 - len, ".%03dZ", (int)(ms % 1000));
}

static void insert(struct sandbox *sb, struct payment *payment)
{
    struct world *world = &sb->world;
    payment->number = (int64_t)world->payment_count;
    lh_table_insert(world->payments, payment->id, payment);
    world_push((void ***)&world->payment_list, &world->payment_count, &world->payment_room, payment);
}

struct payment *payments_add(struct sandbox *sb, json_object *asked, int64_t kopecks)
{
    struct payment *payment = mem_new(sizeof(*payment));
    uint64_t a = sandbox_random(sb), b = sandbox_random(sb);
    snprintf(payment->id, sizeof(payment->id), "%08" PRIx64 "-000f-5%03" PRIx64 "-a%03" PRIx64 "-%012" PRIx64,
             a & 0xffffffff, a >> 32 & 0xfff, a >> 44 & 0xfff, b & 0xffffffffffff);
    payment->created_ms = sandbox_now_ms(sb);
    payment->expires_ms = payment->created_ms + PAYMENT_LIFE_MS;
    payment->kopecks = kopecks;
    snprintf(payment->currency, sizeof(payment->currency), "RUB");
    snprintf(payment->status, sizeof(payment->status), "pending");
    payment->asked = json_object_get(asked);
    insert(sb, payment);
    journal_payment(sb, payment);
    return payment;
}

void payments_cancel(struct sandbox *sb, struct payment *payment, const char *party, const char *reason)
{
    snprintf(payment->status, sizeof(payment->status), "canceled");
    snprintf(payment->party, sizeof(payment->party), "%s", party);
    snprintf(payment->reason, sizeof(payment->reason), "%s", reason);
    payment->paid = false;
    payment->canceled_ms = sandbox_now_ms(sb);
    journal_payment(sb, payment);
}

void payments_capture(struct sandbox *sb, struct payment *payment)
{
    snprintf(payment->status, sizeof(payment->status), "succeeded");
    payment->paid = true;
    payment->reason[0] = '\0';
    payment->captured_ms = sandbox_now_ms(sb);
    journal_payment(sb, payment);
}

void payments_refresh(struct sandbox *sb, struct payment *payment)
{
    if (sandbox_now_ms(sb) < payment->expires_ms)
        return;
    if (strcmp(payment->status, "pending") == 0)
        payments_cancel(sb, payment, "yoo_money", "expired_on_confirmation");
    else if (strcmp(payment->status, "waiting_for_capture") == 0)
        payments_cancel(sb, payment, "yoo_money", "expired_on_capture");
}

struct payment *payments_find(struct sandbox *sb, const char *id)
{
    void *found = NULL;
    if (!lh_table_lookup_ex(sb->world.payments, id, &found))
        return NULL;
    payments_refresh(sb, found);
    return found;
}

static json_object *asked_for(const struct payment *payment, const char *key)
{
    json_object *value = NULL;
    return json_object_object_get_ex(payment->asked, key, &value) ? value : NULL;
}

static void add_amount(struct buf *out, const char *key, int64_t kopecks, const char *currency)
{
    buf_addf(out, ",\"%s\":{\"value\":\"%" PRId64 ".%02d\",\"currency\":\"%s\"}", key, kopecks / 100,
             (int)(kopecks % 100), currency);
}

static void add_time(struct buf *out, const char *key, int64_t ms)
{
    char text[32];
    payments_time(ms, text);
    buf_addf(out, ",\"%s\":\"%s\"", key, text);
}

static void add_confirmation(const struct sandbox *sb, struct buf *out, const struct payment *payment)
{
    json_object *confirmation = asked_for(payment, "confirmation"), *url = NULL;
    if (strcmp(payment->status, "pending") != 0 || confirmation == NULL)
        return;
    buf_adds(out, ",\"confirmation\":{\"type\":\"redirect\",\"return_url\":");
    json_object_object_get_ex(confirmation, "return_url", &url);
    buf_add_json(out, json_object_get_string(url));
    if (sb->opt.public_url != NULL)
        buf_addf(out, ",\"confirmation_url\":\"%s/checkout/%s\"}", sb->opt.public_url, payment->id);
    else
        buf_addf(out, ",\"confirmation_url\":\"http://%s:%u/checkout/%s\"}", sb->opt.listen, sb->opt.port, payment->id);
}

void payments_add_json(const struct sandbox *sb, struct buf *out, const struct payment *payment)
{
    bool succeeded = strcmp(payment->status, "succeeded") == 0;
    buf_addf(out, "{\"id\":\"%s\",\"status\":\"%s\"", payment->id, payment->status);
    add_amount(out, "amount", payment->kopecks, payment->currency);
    if (succeeded) {
        add_amount(out, "income_amount", payment->kopecks - payment->kopecks * 35 / 1000, payment->currency);
        add_amount(out, "refunded_amount", 0, payment->currency);
        add_time(out, "captured_at", payment->captured_ms);
    }
    json_object *description = asked_for(payment, "description"), *metadata = asked_for(payment, "metadata");
    if (description != NULL) {
        buf_adds(out, ",\"description\":");
        buf_add_json(out, json_object_get_string(description));
    }
    buf_addf(out, ",\"recipient\":{\"account_id\":\"%s\",\"gateway_id\":\"2000000\"}", sb->opt.shop_id);
    if (payment->paid)
        buf_addf(out,
                 ",\"payment_method\":{\"type\":\"bank_card\",\"id\":\"%s\",\"saved\":false,\"status\":\"inactive\","
                 "\"title\":\"Bank card *4477\",\"card\":{\"first6\":\"555555\",\"last4\":\"4477\",\"expiry_year\":"
                 "\"2030\",\"expiry_month\":\"12\",\"card_type\":\"MasterCard\",\"issuer_country\":\"RU\"}}",
                 payment->id);
    add_time(out, "created_at", payment->created_ms);
    if (strcmp(payment->status, "waiting_for_capture") == 0)
        add_time(out, "expires_at", payment->expires_ms);
    add_confirmation(sb, out, payment);
    if (payment->reason[0] != '\0')
        buf_addf(out, ",\"cancellation_details\":{\"party\":\"%s\",\"reason\":\"%s\"}", payment->party,
                 payment->reason);
    if (asked_for(payment, "receipt") != NULL)
        buf_addf(out, ",\"receipt_registration\":\"%s\"",
                 succeeded                                  ? "succeeded"
                 : strcmp(payment->status, "canceled") == 0 ? "canceled"
                                                            : "pending");
    buf_addf(out, ",\"metadata\":%s",
             metadata == NULL ? "{}" : json_object_to_json_string_ext(metadata, JSON_C_TO_STRING_PLAIN));
    buf_addf(out, ",\"paid\":%s,\"refundable\":%s,\"test\":true}", payment->paid ? "true" : "false",
             succeeded ? "true" : "false");
}

void payments_restore(struct sandbox *sb, json_object *line)
{
    json_object *get = NULL;
#define TEXT(key) (json_object_object_get_ex(line, key, &get) ? json_object_get_string(get) : "")
#define NUMBER(key) (json_object_object_get_ex(line, key, &get) ? json_object_get_int64(get) : 0)
    void *found = NULL;
    struct payment *payment = NULL;
    if (lh_table_lookup_ex(sb->world.payments, TEXT("id"), &found)) {
        payment = found;
    } else {
        payment = mem_new(sizeof(*payment));
        snprintf(payment->id, sizeof(payment->id), "%s", TEXT("id"));
        snprintf(payment->currency, sizeof(payment->currency), "RUB");
        if (json_object_object_get_ex(line, "asked", &get))
            payment->asked = json_object_get(get);
        insert(sb, payment);
    }
    snprintf(payment->status, sizeof(payment->status), "%s", TEXT("status"));
    snprintf(payment->reason, sizeof(payment->reason), "%s", TEXT("reason"));
    snprintf(payment->party, sizeof(payment->party), "%s", TEXT("party"));
    payment->created_ms = NUMBER("created_ms");
    payment->expires_ms = NUMBER("expires_ms");
    payment->captured_ms = NUMBER("captured_ms");
    payment->canceled_ms = NUMBER("canceled_ms");
    payment->kopecks = NUMBER("kopecks");
    payment->paid = NUMBER("paid") != 0;
#undef TEXT
#undef NUMBER
}

void payments_remember(struct sandbox *sb, const char *key, const char *body, const char *payment_id, int64_t at_ms)
{
    void *found = NULL;
    struct idempotence *idem = NULL;
    if (lh_table_lookup_ex(sb->world.idempotence, key, &found)) {
        idem = found;
    } else {
        idem = mem_new(sizeof(*idem));
        lh_table_insert(sb->world.idempotence, mem_text(key), idem);
    }
    char *copy = mem_text(body);
    free(idem->body);
    idem->body = copy;
    idem->at_ms = at_ms;
    snprintf(idem->payment_id, sizeof(idem->payment_id), "%s", payment_id);
}

void payments_done(struct world *world)
{
    for (size_t i = 0; i < world->payment_count; i++) {
        json_object_put(world->payment_list[i]->asked);
        free(world->payment_list[i]);
    }
    free(world->payment_list);
    lh_table_free(world->payments);
    struct lh_entry *entry, *next;
    lh_foreach_safe(world->idempotence, entry, next)
    {
        struct idempotence *idem = (struct idempotence *)(uintptr_t)lh_entry_v(entry);
        free(idem->body);
        free(idem);
        free(lh_entry_k(entry));
    }
    lh_table_free(world->idempotence);
}

static void pay(struct request *request, struct payment *payment)
{
    struct sandbox *sb = request->sb;
    json_object *capture = asked_for(payment, "capture");
    bool is_pending = strcmp(payment->status, "pending") == 0;
    if (!is_pending && !(control_flag(request, "force") && strcmp(payment->status, "canceled") == 0)) {
        control_fail(request, 409, "the payment is %s", payment->status);
        return;
    }
    if (json_object_get_boolean(capture)) {
        payments_capture(sb, payment);
    } else {
        snprintf(payment->status, sizeof(payment->status), "waiting_for_capture");
        payment->paid = true;
        payment->expires_ms = sandbox_now_ms(sb) + CAPTURE_LIFE_MS;
        journal_payment(sb, payment);
    }
    control_ok(request);
}

static void decline(struct request *request, struct payment *payment)
{
    const char *reason = control_text(request, "reason");
    if (strcmp(payment->status, "pending") != 0) {
        control_fail(request, 409, "the payment is %s", payment->status);
        return;
    }
    payments_cancel(request->sb, payment, "payment_network", reason == NULL ? "general_decline" : reason);
    control_ok(request);
}

/* For the checkout page: the API's object and, also once it is no longer pending, where to go back to. */
static void add_for_page(struct sandbox *sb, struct buf *out, struct payment *payment)
{
    json_object *confirmation = asked_for(payment, "confirmation"), *url = NULL;
    payments_refresh(sb, payment);
    payments_add_json(sb, out, payment);
    out->len--; /* the brace */
    buf_adds(out, ",\"return_url\":");
    if (confirmation != NULL && json_object_object_get_ex(confirmation, "return_url", &url))
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
