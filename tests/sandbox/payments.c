/* Payments: their life from pending to succeeded or canceled, by the sandbox's clock, and the object that tells it.
 *
 * A payment that expired can still be paid with "force" (payments_control.c), since real ones now and then succeed
 * after the shop gave up on them. What is kept of a payment is the request's body; the object is written from it.
 */
#include "tests/sandbox/payments.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sandbox/journal.h"
#include "tests/sandbox/notices.h"
#include "tests/sandbox/receipts.h"

/* The fee of a card payment, and the VAT on the fee (from 2026), in ten-thousandths. */
#define FEE 280
#define FEE_VAT 2200

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
    payments_id(sb, payment->id);
    payment->created_ms = sandbox_now_ms(sb);
    payment->expires_ms = payment->created_ms + PAYMENT_LIFE_MS;
    payment->kopecks = kopecks;
    payment->is_live = sb->world.shop.is_live;
    snprintf(payment->currency, sizeof(payment->currency), "RUB");
    snprintf(payment->status, sizeof(payment->status), "pending");
    payment->asked = json_object_get(asked);
    insert(sb, payment);
    journal_payment(sb, payment);
    return payment;
}

/* Its new status is kept and told. */
static void moved(struct sandbox *sb, const struct payment *payment)
{
    char event[32];
    struct buf object = {0};
    journal_payment(sb, payment);
    snprintf(event, sizeof(event), "payment.%.23s", payment->status);
    payments_add_json(sb, &object, payment);
    notices_add(sb, event, payment->id, object.at);
    buf_done(&object);
}

void payments_cancel(struct sandbox *sb, struct payment *payment, const char *party, const char *reason)
{
    snprintf(payment->status, sizeof(payment->status), "canceled");
    snprintf(payment->party, sizeof(payment->party), "%s", party);
    snprintf(payment->reason, sizeof(payment->reason), "%s", reason);
    payment->paid = false;
    payment->canceled_ms = sandbox_now_ms(sb);
    moved(sb, payment);
}

void payments_hold(struct sandbox *sb, struct payment *payment)
{
    snprintf(payment->status, sizeof(payment->status), "waiting_for_capture");
    payment->paid = true;
    payment->reason[0] = '\0';
    payment->expires_ms = sandbox_now_ms(sb) + CAPTURE_LIFE_MS;
    moved(sb, payment);
}

void payments_capture(struct sandbox *sb, struct payment *payment, int64_t kopecks, json_object *receipt)
{
    snprintf(payment->status, sizeof(payment->status), "succeeded");
    payment->paid = true;
    payment->reason[0] = '\0';
    payment->kopecks = kopecks;
    payment->captured_ms = sandbox_now_ms(sb);
    if (receipt == NULL)
        receipt = payments_asked(payment->asked, "receipt");
    if (receipt != NULL)
        payment->receipt = receipts_add(sb, receipt, kopecks, payment->id, NULL);
    moved(sb, payment);
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

int64_t payments_run(struct sandbox *sb)
{
    struct world *world = &sb->world;
    while (world->payment_expired < world->payment_count) { /* the list is in order of expiry: all live an hour */
        struct payment *payment = world->payment_list[world->payment_expired];
        payments_refresh(sb, payment);
        if (strcmp(payment->status, "pending") == 0)
            return payment->expires_ms - sandbox_now_ms(sb);
        world->payment_expired++;
    }
    return -1;
}

struct payment *payments_find(struct sandbox *sb, const char *id)
{
    void *found = NULL;
    if (!lh_table_lookup_ex(sb->world.payments, id, &found))
        return NULL;
    payments_refresh(sb, found);
    return found;
}

bool payments_has_receipt(const struct payment *payment)
{
    return payments_asked(payment->asked, "receipt") != NULL;
}

int64_t payments_method_max(const char *method)
{
    static const struct {
        const char *name;
        int64_t roubles;
    } methods[] = {
        {"bank_card", 350000}, {"sbp", 700000}, {"yoo_money", 250000}, {"sberbank", 700000}, {"tinkoff_bank", 700000}};
    for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
        if (strcmp(method, methods[i].name) == 0)
            return methods[i].roubles * 100;
    }
    return 0;
}

static void add_confirmation(const struct sandbox *sb, struct buf *out, const struct payment *payment)
{
    json_object *confirmation = payments_asked(payment->asked, "confirmation"), *url = NULL, *enforce = NULL;
    if (strcmp(payment->status, "pending") != 0 || confirmation == NULL)
        return;
    buf_adds(out, ",\"confirmation\":{\"type\":\"redirect\",\"return_url\":");
    json_object_object_get_ex(confirmation, "return_url", &url);
    buf_add_json(out, json_object_get_string(url));
    if (json_object_object_get_ex(confirmation, "enforce", &enforce))
        buf_addf(out, ",\"enforce\":%s", json_object_get_boolean(enforce) ? "true" : "false");
    if (sb->opt.public_url != NULL)
        buf_addf(out, ",\"confirmation_url\":\"%s/checkout/%s\"}", sb->opt.public_url, payment->id);
    else
        buf_addf(out, ",\"confirmation_url\":\"http://%s:%u/checkout/%s\"}", sb->opt.listen, sb->opt.port, payment->id);
}

static void add_method(struct buf *out, const struct payment *payment)
{
    const char *card = payment->card;
    if (!payment->paid)
        return;
    buf_addf(out, ",\"payment_method\":{\"type\":\"%s\",\"id\":\"%s\",\"saved\":false,\"status\":\"inactive\"",
             payment->method, payment->id);
    if (strcmp(payment->method, "bank_card") == 0)
        buf_addf(out,
                 ",\"title\":\"Bank card *%s\",\"card\":{\"first6\":\"%.6s\",\"last4\":\"%s\",\"expiry_year\":"
                 "\"2030\",\"expiry_month\":\"12\",\"card_type\":\"%s\",\"issuer_country\":\"RU\"}",
                 card + 12, card, card + 12, card[0] == '2' ? "Mir" : "MasterCard");
    else if (strcmp(payment->method, "yoo_money") == 0)
        buf_adds(out, ",\"title\":\"YooMoney wallet 410011758831136\",\"account_number\":\"410011758831136\"");
    buf_adds(out, "}");
    if (strcmp(payment->method, "bank_card") == 0)
        buf_addf(out,
                 ",\"authorization_details\":{\"rrn\":\"1%011" PRId64 "\",\"auth_code\":\"000000\",\"three_d_secure\":"
                 "{\"applied\":%s}}",
                 payment->number, strcmp(card, "2202474301322987") == 0 ? "false" : "true");
}

/* What the shop gets: the fee and the VAT on it are rounded to kopecks each. */
static int64_t income_of(int64_t kopecks)
{
    int64_t fee = (kopecks * FEE + 5000) / 10000;
    return kopecks - fee - (fee * FEE_VAT + 5000) / 10000;
}

static const char *registration_of(const struct payment *payment)
{
    if (payment->receipt != NULL)
        return payment->receipt->status;
    return strcmp(payment->status, "canceled") == 0 ? "canceled" : "pending";
}

void payments_add_json(const struct sandbox *sb, struct buf *out, const struct payment *payment)
{
    bool succeeded = strcmp(payment->status, "succeeded") == 0;
    buf_addf(out, "{\"id\":\"%s\",\"status\":\"%s\"", payment->id, payment->status);
    payments_add_amount(out, "amount", payment->kopecks);
    if (succeeded) {
        payments_add_amount(out, "income_amount", income_of(payment->kopecks));
        payments_add_amount(out, "refunded_amount", payment->refunded_kopecks);
        payments_add_time(out, "captured_at", payment->captured_ms);
    }
    json_object *description = payments_asked(payment->asked, "description");
    if (description != NULL) {
        buf_adds(out, ",\"description\":");
        buf_add_json(out, json_object_get_string(description));
    }
    buf_addf(out, ",\"recipient\":{\"account_id\":\"%s\",\"gateway_id\":\"2000000\"}", sb->opt.shop_id);
    add_method(out, payment);
    payments_add_time(out, "created_at", payment->created_ms);
    if (strcmp(payment->status, "waiting_for_capture") == 0)
        payments_add_time(out, "expires_at", payment->expires_ms);
    add_confirmation(sb, out, payment);
    if (payment->reason[0] != '\0')
        buf_addf(out, ",\"cancellation_details\":{\"party\":\"%s\",\"reason\":\"%s\"}", payment->party,
                 payment->reason);
    if (payments_has_receipt(payment))
        buf_addf(out, ",\"receipt_registration\":\"%s\"", registration_of(payment));
    json_object *customer = payments_asked(payment->asked, "merchant_customer_id");
    if (customer != NULL) {
        buf_adds(out, ",\"merchant_customer_id\":");
        buf_add_json(out, json_object_get_string(customer));
    }
    payments_add_metadata(out, payment->asked);
    bool refundable = succeeded && payment->refunded_kopecks + payment->refunding_kopecks < payment->kopecks;
    buf_addf(out, ",\"paid\":%s,\"refundable\":%s,\"test\":%s}", payment->paid ? "true" : "false",
             refundable ? "true" : "false", payment->is_live ? "false" : "true");
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
    snprintf(payment->method, sizeof(payment->method), "%s", TEXT("method"));
    snprintf(payment->card, sizeof(payment->card), "%s", TEXT("card"));
    payment->created_ms = NUMBER("created_ms");
    payment->expires_ms = NUMBER("expires_ms");
    payment->captured_ms = NUMBER("captured_ms");
    payment->canceled_ms = NUMBER("canceled_ms");
    payment->kopecks = NUMBER("kopecks");
    payment->refunded_kopecks = NUMBER("refunded");
    payment->refunding_kopecks = NUMBER("refunding");
    payment->paid = NUMBER("paid") != 0;
    payment->is_live = NUMBER("live") != 0;
#undef TEXT
#undef NUMBER
    if (payment->paid && payment->card[0] == '\0' && payment->method[0] == '\0') { /* kept by an older sandbox */
        snprintf(payment->method, sizeof(payment->method), "bank_card");
        snprintf(payment->card, sizeof(payment->card), "5555555555554477");
    }
}

void payments_done(struct world *world)
{
    for (size_t i = 0; i < world->payment_count; i++) {
        json_object_put(world->payment_list[i]->asked);
        free(world->payment_list[i]);
    }
    free(world->payment_list);
    lh_table_free(world->payments);
}
