/* Stars. An invoice is a link; whoever opens it and confirms is asked for nothing more, but the bot is
 * ("pre_checkout_query"): a yes within 10 s makes the payment, everything else leaves it alone, and the user reads why.
 * Users have as many stars as they want. A refund is a transaction of its own with the payment's id.
 *
 * As strict as telegram.c: what Telegram would leave out in silence is refused.
 */
#include "tests/sandbox/stars.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sandbox/control.h"
#include "tests/sandbox/html.h"
#include "tests/sandbox/journal.h"
#include "tests/sandbox/telegram.h"
#include "tests/sandbox/updates.h"

#define TITLE_MAX 32
#define DESCRIPTION_MAX 255
#define PAYLOAD_MAX 128 /* bytes */
#define ERROR_MAX 255
#define ANSWER_LIFE_MS 10000
#define PAGE_MAX 100
#define REPEATS_MAX 16

static const char link_start[] = "https://t.me/$";

/* ---- invoices ---- */

static struct star_invoice *add_invoice(struct sandbox *sb, const char *slug, const char *title, const char *payload,
                                        int64_t stars)
{
    struct world *world = &sb->world;
    struct star_invoice *invoice = mem_new(sizeof(*invoice));
    snprintf(invoice->slug, sizeof(invoice->slug), "%s", slug);
    invoice->title = mem_text(title);
    invoice->payload = mem_text(payload);
    invoice->stars = stars;
    world_push((void ***)&world->star_invoices, &world->star_invoice_count, &world->star_invoice_room, invoice);
    return invoice;
}

/* What is wrong with the invoice that is asked for, or NULL. */
static const char *check_invoice(struct request *request)
{
    const char *title = telegram_text(request, "title"), *description = telegram_text(request, "description");
    const char *payload = telegram_text(request, "payload"), *token = telegram_text(request, "provider_token");
    json_object *prices = telegram_param(request, "prices"), *amount = NULL;
    if (html_is_blank(title) || html_length(title) > TITLE_MAX)
        return "title must be 1-32 characters long";
    if (html_is_blank(description) || html_length(description) > DESCRIPTION_MAX)
        return "description must be 1-255 characters long";
    if (payload[0] == '\0' || strlen(payload) > PAYLOAD_MAX)
        return "INVOICE_PAYLOAD_INVALID";
    if (strcmp(telegram_text(request, "currency"), "XTR") != 0)
        return "CURRENCY_INVALID"; /* for any other one a provider is needed, which this bot has not */
    if (token != NULL && token[0] != '\0')
        return "PAYMENT_PROVIDER_INVALID";
    if (json_object_array_length(prices) != 1)
        return "STARS_INVOICE_INVALID";
    json_object_object_get_ex(json_object_array_get_idx(prices, 0), "amount", &amount);
    if (json_object_get_int64(amount) <= 0)
        return "CURRENCY_TOTAL_AMOUNT_INVALID";
    return NULL;
}

void telegram_create_invoice_link(struct request *request)
{
    struct sandbox *sb = request->sb;
    const char *why = check_invoice(request);
    if (why != NULL) {
        telegram_fail(request, 400, "Bad Request: %s", why);
        return;
    }
    char slug[24];
    json_object *amount = NULL;
    struct buf result = {0};
    json_object_object_get_ex(json_object_array_get_idx(telegram_param(request, "prices"), 0), "amount", &amount);
    snprintf(slug, sizeof(slug), "%016" PRIx64, sandbox_random(sb));
    journal_star_invoice(sb, add_invoice(sb, slug, telegram_text(request, "title"), telegram_text(request, "payload"),
                                         json_object_get_int64(amount)));
    buf_addf(&result, "\"%s%s\"", link_start, slug);
    telegram_done(request, &result);
}

static const struct star_invoice *invoice_of(const struct world *world, const char *link)
{
    if (link == NULL || strncmp(link, link_start, strlen(link_start)) != 0)
        return NULL;
    for (size_t i = 0; i < world->star_invoice_count; i++) {
        if (strcmp(world->star_invoices[i]->slug, link + strlen(link_start)) == 0)
            return world->star_invoices[i];
    }
    return NULL;
}

/* ---- the bot is asked ---- */

void stars_pay(struct request *request, struct user *user)
{
    struct sandbox *sb = request->sb;
    struct world *world = &sb->world;
    const struct star_invoice *invoice = invoice_of(world, control_text(request, "link"));
    int64_t repeat = control_int(request, "repeat", 1);
    if (invoice == NULL || repeat < 1 || repeat > REPEATS_MAX) {
        control_fail(request, 404, "there is no such invoice");
        return;
    }
    for (int64_t i = 0; i < repeat; i++) {
        struct star_question *question = mem_new(sizeof(*question));
        struct buf body = {0};
        snprintf(question->id, sizeof(question->id), "%" PRIu64, (sandbox_random(sb) >> 1) | 1);
        question->user = user;
        question->invoice = invoice;
        question->stars = control_int(request, "stars", invoice->stars);
        question->affiliate = control_flag(request, "affiliate");
        question->is_mute = control_flag(request, "mute");
        question->at_ms = sandbox_now_ms(sb);
        world_push((void ***)&world->star_questions, &world->star_question_count, &world->star_question_room, question);
        buf_addf(&body, "\"pre_checkout_query\":{\"id\":\"%s\",\"from\":", question->id);
        world_add_user_json(&body, user);
        buf_addf(&body, ",\"currency\":\"XTR\",\"total_amount\":%" PRId64 ",\"invoice_payload\":", question->stars);
        buf_add_json(&body, invoice->payload);
        buf_adds(&body, "}");
        updates_push(sb, "pre_checkout_query", buf_take(&body), 0, false);
    }
    control_ok(request);
}

static struct star_transaction *add_transaction(struct sandbox *sb, const char *id, struct user *user,
                                                const char *payload, int64_t stars)
{
    struct world *world = &sb->world;
    struct star_transaction *transaction = mem_new(sizeof(*transaction));
    snprintf(transaction->id, sizeof(transaction->id), "%s", id);
    transaction->user = user;
    transaction->payload = mem_text(payload);
    transaction->stars = stars;
    transaction->at_ms = sandbox_now_ms(sb);
    world_push((void ***)&world->star_transactions, &world->star_transaction_count, &world->star_transaction_room,
               transaction);
    return transaction;
}

/* The message of Telegram's own that tells both sides; mute: the bot does not hear of it. */
static void tell(struct sandbox *sb, const struct star_transaction *transaction, bool is_mute)
{
    struct buf extra = {0};
    struct message *message = world_message_add(sb, transaction->user, MESSAGE_SERVICE, false, 0);
    buf_addf(&extra, "\"%s\":{\"currency\":\"XTR\",\"total_amount\":%" PRId64 ",\"invoice_payload\":",
             transaction->is_refund ? "refunded_payment" : "successful_payment", transaction->stars);
    buf_add_json(&extra, transaction->payload);
    buf_addf(&extra, ",\"telegram_payment_charge_id\":\"%s\"", transaction->id);
    if (!transaction->is_refund)
        buf_addf(&extra, ",\"provider_payment_charge_id\":\"%" PRId64 "_1\"", transaction->user->id);
    buf_adds(&extra, "}");
    message->extra = buf_take(&extra);
    world_message_save(sb, message);
    if (!is_mute)
        updates_push_message(sb, "message", message, 0);
}

static void take_stars(struct sandbox *sb, const struct star_question *question)
{
    char id[64];
    snprintf(id, sizeof(id), "stxH%016" PRIx64 "%016" PRIx64, sandbox_random(sb), sandbox_random(sb));
    struct star_transaction *transaction = add_transaction(sb, id, question->user, question->invoice->payload,
                                                           question->stars);
    transaction->affiliate = question->affiliate;
    journal_star_transaction(sb, transaction);
    tell(sb, transaction, question->is_mute);
}

void telegram_answer_pre_checkout(struct request *request)
{
    struct sandbox *sb = request->sb;
    struct star_question *question = NULL;
    const char *id = telegram_text(request, "pre_checkout_query_id"), *why = telegram_text(request, "error_message");
    bool ok = telegram_flag(request, "ok");
    for (size_t i = 0; i < sb->world.star_question_count; i++) {
        if (strcmp(sb->world.star_questions[i]->id, id) == 0)
            question = sb->world.star_questions[i];
    }
    if (!ok && html_is_blank(why)) {
        telegram_fail(request, 400, "Bad Request: error message must be non-empty");
    } else if (!ok && html_length(why) > ERROR_MAX) {
        telegram_fail(request, 400, "Bad Request: MESSAGE_TOO_LONG");
    } else if (question == NULL || question->answered_ms > 0 || sandbox_now_ms(sb) - question->at_ms > ANSWER_LIFE_MS) {
        telegram_fail(request, 400,
                      "Bad Request: query is too old and response timeout expired or query ID is invalid");
    } else {
        question->answered_ms = sandbox_now_ms(sb);
        question->ok = ok;
        if (ok)
            take_stars(sb, question);
        else
            world_toast(sb, question->user, why, true);
        telegram_true(request);
    }
}

/* ---- afterwards ---- */

void telegram_refund_star_payment(struct request *request)
{
    struct sandbox *sb = request->sb;
    const struct world *world = &sb->world;
    const char *id = telegram_text(request, "telegram_payment_charge_id");
    int64_t user_id = telegram_int(request, "user_id");
    struct star_transaction *paid = NULL;
    for (size_t i = 0; i < world->star_transaction_count; i++) {
        struct star_transaction *one = world->star_transactions[i];
        if (!one->is_refund && strcmp(one->id, id) == 0 && one->user->id == user_id)
            paid = one;
    }
    if (paid == NULL) {
        telegram_fail(request, 400, "Bad Request: CHARGE_NOT_FOUND");
    } else if (paid->is_refunded) {
        telegram_fail(request, 400, "Bad Request: CHARGE_ALREADY_REFUNDED");
    } else {
        struct star_transaction *refund = add_transaction(sb, paid->id, paid->user, paid->payload, paid->stars);
        refund->is_refund = paid->is_refunded = true;
        journal_star_transaction(sb, paid);
        journal_star_transaction(sb, refund);
        tell(sb, refund, false);
        telegram_true(request);
    }
}

static void add_transaction_json(struct buf *out, const struct star_transaction *transaction)
{
    buf_addf(out,
             "{\"id\":\"%s\",\"amount\":%" PRId64 ",\"date\":%" PRId64 ",\"%s\":{\"type\":\"user\","
             "\"transaction_type\":\"invoice_payment\",\"user\":",
             transaction->id, transaction->stars, transaction->at_ms / 1000,
             transaction->is_refund ? "receiver" : "source");
    world_add_user_json(out, transaction->user);
    buf_adds(out, ",\"invoice_payload\":");
    buf_add_json(out, transaction->payload);
    if (transaction->affiliate)
        buf_addf(out, ",\"affiliate\":{\"commission_per_mille\":100,\"amount\":%" PRId64 "}", transaction->stars / 10);
    buf_adds(out, "}}");
}

void telegram_get_star_transactions(struct request *request)
{
    const struct world *world = &request->sb->world;
    bool limited = telegram_param(request, "limit") != NULL;
    int64_t offset = telegram_int(request, "offset"), limit = limited ? telegram_int(request, "limit") : PAGE_MAX;
    if (offset < 0 || limit < 1 || limit > PAGE_MAX) {
        telegram_fail(request, 400, "Bad Request: %s", offset < 0 ? "invalid offset" : "limit must be 1-100");
        return;
    }
    struct buf result = {0};
    buf_adds(&result, "{\"transactions\":[");
    for (int64_t i = offset; i < (int64_t)world->star_transaction_count && i < offset + limit; i++) {
        buf_adds(&result, i == offset ? "" : ",");
        add_transaction_json(&result, world->star_transactions[i]);
    }
    buf_adds(&result, "]}");
    telegram_done(request, &result);
}

void stars_control(struct request *request)
{
    const struct world *world = &request->sb->world;
    struct buf out = {0};
    buf_adds(&out, "{\"invoices\":[");
    for (size_t i = 0; i < world->star_invoice_count; i++) {
        const struct star_invoice *invoice = world->star_invoices[i];
        buf_addf(&out, "%s{\"link\":\"%s%s\",\"stars\":%" PRId64 ",\"title\":", i == 0 ? "" : ",", link_start,
                 invoice->slug, invoice->stars);
        buf_add_json(&out, invoice->title);
        buf_adds(&out, ",\"payload\":");
        buf_add_json(&out, invoice->payload);
        buf_adds(&out, "}");
    }
    buf_adds(&out, "],\"questions\":[");
    for (size_t i = 0; i < world->star_question_count; i++) {
        const struct star_question *question = world->star_questions[i];
        int64_t took_ms = question->answered_ms > 0 ? question->answered_ms - question->at_ms : -1;
        buf_addf(&out, "%s{\"took_ms\":%" PRId64 ",\"ok\":%s}", i == 0 ? "" : ",", took_ms,
                 question->ok ? "true" : "false");
    }
    buf_adds(&out, "],\"transactions\":[");
    for (size_t i = 0; i < world->star_transaction_count; i++) {
        buf_adds(&out, i == 0 ? "" : ",");
        add_transaction_json(&out, world->star_transactions[i]);
    }
    buf_adds(&out, "]}");
    http_answer_json(request, 200, &out);
}

/* ---- over a restart: questions are over by then ---- */

static const char *text_of(json_object *line, const char *key)
{
    json_object *value = NULL;
    return json_object_object_get_ex(line, key, &value) ? json_object_get_string(value) : "";
}

static int64_t number_of(json_object *line, const char *key)
{
    json_object *value = NULL;
    return json_object_object_get_ex(line, key, &value) ? json_object_get_int64(value) : 0;
}

void stars_restore_invoice(struct sandbox *sb, json_object *line)
{
    (void)add_invoice(sb, text_of(line, "slug"), text_of(line, "title"), text_of(line, "payload"),
                      number_of(line, "stars"));
}

void stars_restore_transaction(struct sandbox *sb, json_object *line)
{
    struct world *world = &sb->world;
    struct user *user = world_user(sb, number_of(line, "user"));
    struct star_transaction *transaction = NULL;
    bool is_refund = number_of(line, "refund") != 0;
    for (size_t i = 0; i < world->star_transaction_count; i++) {
        if (strcmp(world->star_transactions[i]->id, text_of(line, "id")) == 0 &&
            world->star_transactions[i]->is_refund == is_refund)
            transaction = world->star_transactions[i];
    }
    if (user == NULL)
        return;
    if (transaction == NULL)
        transaction = add_transaction(sb, text_of(line, "id"), user, text_of(line, "payload"),
                                      number_of(line, "stars"));
    transaction->at_ms = number_of(line, "at_ms");
    transaction->is_refund = is_refund;
    transaction->is_refunded = number_of(line, "refunded") != 0;
    transaction->affiliate = number_of(line, "affiliate") != 0;
}

void stars_done(struct world *world)
{
    for (size_t i = 0; i < world->star_invoice_count; i++) {
        free(world->star_invoices[i]->title);
        free(world->star_invoices[i]->payload);
        free(world->star_invoices[i]);
    }
    for (size_t i = 0; i < world->star_question_count; i++)
        free(world->star_questions[i]);
    for (size_t i = 0; i < world->star_transaction_count; i++) {
        free(world->star_transactions[i]->payload);
        free(world->star_transactions[i]);
    }
    free(world->star_invoices);
    free(world->star_questions);
    free(world->star_transactions);
}
