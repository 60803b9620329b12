/* Refunds. What decides about money is read as strictly as with payments. The receipt of a refund (54-FZ) is the
 * payment's own, with the sum of what goes back: whom it goes to, what was sold, its tax, subject and mode are as they
 * were when it was sold, also when the configuration says something else by now. */
#include "bot/services/yookassa/refund.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "bot/base/json.h"
#include "bot/base/memory.h"
#include "bot/services/yookassa/body.h"
#include "bot/services/yookassa/read.h"
#include "core/bug.h"
#include "core/money.h"

static enum err read_status(struct json_object *object, enum yookassa_status *ret_status)
{
    static const struct {
        const char *word;
        enum yookassa_status status;
    } statuses[] = {{"pending", YOOKASSA_PENDING}, {"succeeded", YOOKASSA_SUCCEEDED}, {"canceled", YOOKASSA_CANCELED}};
    const char *text = json_peek_text(object, "status");
    for (size_t i = 0; text != NULL && i < sizeof statuses / sizeof statuses[0]; i++) {
        if (strcmp(text, statuses[i].word) == 0) {
            *ret_status = statuses[i].status;
            return ERR_OK;
        }
    }
    return ERR_INVALID;
}

enum err yookassa_refund_read(struct json_object *object, struct yookassa_refund *ret_refund)
{
    struct json_object *details = json_peek(object, "cancellation_details", json_type_object);
    struct yookassa_refund refund;
    memset(&refund, 0, sizeof refund);
    if (!json_object_is_type(object, json_type_object) ||
        yookassa_read_text(object, "id", refund.id, sizeof refund.id) != ERR_OK || !yookassa_id_valid(refund.id) ||
        yookassa_read_text(object, "payment_id", refund.payment_id, sizeof refund.payment_id) != ERR_OK ||
        read_status(object, &refund.status) != ERR_OK ||
        yookassa_read_amount(object, &refund.amount_kopecks, refund.currency) != ERR_OK)
        return ERR_INVALID;
    refund.refund_id = yookassa_read_ours(object, "refund_id");
    refund.attempt = yookassa_read_ours(object, "attempt");
    refund.created_at_s = yookassa_read_time(object, "created_at");
    if (yookassa_read_text(details, "reason", refund.cancel_reason, sizeof refund.cancel_reason) != ERR_OK)
        refund.cancel_reason[0] = '\0';
    *ret_refund = refund;
    return ERR_OK;
}

enum err yookassa_refund_parse(const char *json, size_t bytes, struct yookassa_refund *ret_refund)
{
    struct json_object *object = json_read(json, bytes, YOOKASSA_JSON_DEPTH_MAX);
    enum err err = yookassa_refund_read(object, ret_refund);
    json_object_put(object);
    return err;
}

static enum err read_refunds(struct json_object *object, struct yookassa_refunds *refunds)
{
    struct json_object *items = json_peek(object, "items", json_type_array);
    size_t count = items == NULL ? 0 : json_object_array_length(items);
    if (items == NULL || count > YOOKASSA_REFUNDS_MAX || json_peek_text(object, "next_cursor") != NULL)
        return ERR_INVALID;
    for (size_t i = 0; i < count; i++)
        if (yookassa_refund_read(json_object_array_get_idx(items, i), &refunds->list[refunds->count++]) != ERR_OK)
            return ERR_INVALID;
    return ERR_OK;
}

enum err yookassa_refunds_parse(const char *json, size_t bytes, struct yookassa_refunds *ret_refunds)
{
    struct json_object *object = json_read(json, bytes, YOOKASSA_JSON_DEPTH_MAX);
    struct yookassa_refunds refunds = {
        .list = memory_need(calloc(YOOKASSA_REFUNDS_MAX, sizeof(struct yookassa_refund)))};
    enum err err = read_refunds(object, &refunds);
    json_object_put(object);
    if (err == ERR_OK)
        *ret_refunds = refunds;
    else
        free(refunds.list);
    return err;
}

/* ---- what is asked ---- */

static void add_amount(struct json_object *object, const struct yookassa_refund_order *order)
{
    char text[MONEY_TEXT_BYTES];
    struct json_object *amount = json_new_object();
    money_format(order->amount_kopecks, text);
    json_add_text(amount, "value", text);
    json_add_text(amount, "currency", order->currency);
    json_add(object, "amount", amount);
}

/* One item, whose sum is the refund's: the first of the payment's, all else of which stays. */
static void set_item(struct json_object *receipt, const struct yookassa_refund_order *order)
{
    struct json_object *items = json_peek(receipt, "items", json_type_array);
    if (items == NULL || json_object_array_length(items) == 0)
        return;
    struct json_object *item = json_object_get(json_object_array_get_idx(items, 0)), *one = json_new_array();
    add_amount(item, order);
    json_add(item, "quantity", json_object_new_int(1));
    json_append(one, item);
    json_add(receipt, "items", one);
}

static enum err add_receipt(struct json_object *body, const struct yookassa_refund_order *order)
{
    const char *text = order->payment_body;
    struct json_object *asked = text == NULL ? NULL : json_read(text, strlen(text), YOOKASSA_JSON_DEPTH_MAX);
    if (text != NULL && !json_object_is_type(asked, json_type_object)) {
        json_object_put(asked);
        return ERR_INVALID;
    }
    struct json_object *receipt = json_peek(asked, "receipt", json_type_object);
    if (receipt != NULL) {
        set_item(receipt, order);
        json_add(body, "receipt", json_object_get(receipt));
    }
    json_object_put(asked);
    return ERR_OK;
}

enum err yookassa_body_refund(const struct yookassa_refund_order *order, char **ret_body)
{
    char number[24];
    struct json_object *body = json_new_object(), *metadata = json_new_object();
    json_add_text(body, "payment_id", order->payment_id);
    add_amount(body, order);
    (void)snprintf(number, sizeof number, "%" PRId64, order->refund_id);
    json_add_text(metadata, "refund_id", number);
    (void)snprintf(number, sizeof number, "%" PRId32, order->attempt);
    json_add_text(metadata, "attempt", number);
    json_add(body, "metadata", metadata);
    if (add_receipt(body, order) != ERR_OK) {
        json_object_put(body);
        return ERR_INVALID;
    }
    char *text = json_write(body);
    if (strlen(text) > YOOKASSA_BODY_MAX_BYTES)
        bug("the body of a refund outgrew its bound");
    *ret_body = text;
    return ERR_OK;
}
