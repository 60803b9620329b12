/* Reading the list. Every transaction counts, since the list is read by number; what is not a payment or its refund
 * asks nothing of anybody. */
#include "bot/services/telegram/stars.h"

#include <string.h>
#include "bot/base/json.h"

enum { AMOUNT_MAX = 99999999 };

char *telegram_stars_invoice(const char *title, const char *description, const char *payload, int64_t stars)
{
    struct json_object *params = json_new_object(), *price = json_new_object(), *prices = json_new_array();
    json_add_text(price, "label", title);
    json_add(price, "amount", json_object_new_int64(stars));
    json_append(prices, price);
    json_add_text(params, "title", title);
    json_add_text(params, "description", description);
    json_add_text(params, "payload", payload);
    json_add_text(params, "provider_token", "");
    json_add_text(params, "currency", "XTR");
    json_add(params, "prices", prices);
    return json_write(params);
}

char *telegram_stars_params(int64_t offset)
{
    struct json_object *params = json_new_object();
    json_add(params, "offset", json_object_new_int64(offset));
    json_add(params, "limit", json_object_new_int(TELEGRAM_STARS_PAGE));
    return json_write(params);
}

/* With a user, for an invoice. A refund has the receiver where a payment has the source. */
static void take_partner(struct arena *arena, struct json_object *partner, enum telegram_star_kind kind,
                         struct telegram_star *star)
{
    const char *type = json_peek_text(partner, "type"), *what = json_peek_text(partner, "transaction_type");
    const char *payload = json_peek_text(partner, "invoice_payload");
    int64_t user_id = json_peek_number(json_peek(partner, "user", json_type_object), "id");
    if (type == NULL || strcmp(type, "user") != 0 || what == NULL || strcmp(what, "invoice_payment") != 0 ||
        user_id <= 0)
        return;
    star->kind = kind;
    star->user_id = user_id;
    star->payload = payload == NULL ? "" : arena_copy(arena, payload);
    star->affiliate = json_peek(partner, "affiliate", json_type_object) != NULL;
}

static struct telegram_star read_one(struct arena *arena, struct json_object *json)
{
    struct telegram_star star = {.kind = TELEGRAM_STAR_OTHER, .amount = json_peek_number(json, "amount")};
    const char *id = json_peek_text(json, "id");
    struct json_object *source = json_peek(json, "source", json_type_object);
    struct json_object *receiver = json_peek(json, "receiver", json_type_object);
    if (id == NULL || id[0] == '\0' || star.amount <= 0 || star.amount > AMOUNT_MAX)
        return star;
    star.id = arena_copy(arena, id);
    if (source != NULL)
        take_partner(arena, source, TELEGRAM_STAR_PAID, &star);
    else
        take_partner(arena, receiver, TELEGRAM_STAR_REFUND, &star);
    return star;
}

size_t telegram_stars(struct arena *arena, struct json_object *result, struct telegram_star **ret_list)
{
    struct json_object *list = json_peek(result, "transactions", json_type_array);
    size_t count = list == NULL ? 0 : json_object_array_length(list);
    *ret_list = arena_array(arena, count, sizeof **ret_list);
    for (size_t i = 0; i < count; i++)
        (*ret_list)[i] = read_one(arena, json_object_array_get_idx(list, i));
    return count;
}
