/* Incomes as the tax service's web application writes them. Sums are text on our side and compared in kopecks; a name
 * is never cut here, because it is what the income is found by. */
#include "bot/services/tax/income.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "bot/base/json.h"
#include "core/bug.h"
#include "core/money.h"

enum { JSON_DEPTH_MAX = 32, MINUTE_S = 60, HOUR_MINUTES = 60, MS_PER_S = 1000 };

void tax_time(int64_t unix_ms, int32_t utc_offset_minutes, char ret_text[TAX_TIME_BYTES])
{
    time_t local = (time_t)(unix_ms / MS_PER_S + (int64_t)utc_offset_minutes * MINUTE_S);
    int32_t off = utc_offset_minutes < 0 ? -utc_offset_minutes : utc_offset_minutes;
    struct tm parts;
    size_t length = gmtime_r(&local, &parts) == NULL ? 0
                                                     : strftime(ret_text, TAX_TIME_BYTES, "%Y-%m-%dT%H:%M:%S", &parts);
    if (length == 0)
        bug("a time that no calendar has");
    (void)snprintf(ret_text + length, TAX_TIME_BYTES - length, "%c%02d:%02d", utc_offset_minutes < 0 ? '-' : '+',
                   (int)(off / HOUR_MINUTES % 100), (int)(off % HOUR_MINUTES));
}

static void add_time(struct json_object *body, const char *key, int64_t unix_ms, int32_t utc_offset_minutes)
{
    char text[TAX_TIME_BYTES];
    tax_time(unix_ms, utc_offset_minutes, text);
    json_add_text(body, key, text);
}

char *tax_income_body(const struct tax_income *income, int64_t now_ms, int32_t utc_offset_minutes)
{
    char sum[MONEY_TEXT_BYTES];
    struct json_object *body = json_new_object(), *services = json_new_array(), *service = json_new_object();
    struct json_object *client = json_new_object();
    money_format(income->kopecks, sum);
    add_time(body, "operationTime", income->at_ms, utc_offset_minutes);
    add_time(body, "requestTime", now_ms, utc_offset_minutes);
    json_add_text(service, "name", income->name);
    json_add_text(service, "amount", sum);
    json_add(service, "quantity", json_object_new_int(1));
    json_append(services, service);
    json_add(body, "services", services);
    json_add_text(body, "totalAmount", sum);
    json_add_null(client, "contactPhone");
    json_add_null(client, "displayName");
    json_add_null(client, "inn");
    json_add_text(client, "incomeType", "FROM_INDIVIDUAL");
    json_add(body, "client", client);
    json_add_text(body, "paymentType", "CASH"); /* whatever is no account of a company's */
    json_add(body, "ignoreMaxTotalIncomeRestriction", json_object_new_boolean(0));
    return json_write(body);
}

char *tax_cancel_body(const char *uuid, int64_t now_ms, int32_t utc_offset_minutes)
{
    struct json_object *body = json_new_object();
    add_time(body, "operationTime", now_ms, utc_offset_minutes);
    add_time(body, "requestTime", now_ms, utc_offset_minutes);
    json_add_text(body, "receiptUuid", uuid);
    json_add_text(body, "comment", "Возврат средств"); /* one of the two that there are */
    json_add_null(body, "partnerCode");
    return json_write(body);
}

static bool copy_uuid(struct json_object *object, char ret_uuid[TAX_UUID_BYTES])
{
    const char *text = json_peek_text(object, "approvedReceiptUuid");
    size_t length = text == NULL ? 0 : strlen(text);
    if (length == 0 || length >= TAX_UUID_BYTES ||
        strspn(text, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-") != length)
        return false;
    memcpy(ret_uuid, text, length + 1);
    return true;
}

enum err tax_read_uuid(const char *json, size_t bytes, char ret_uuid[TAX_UUID_BYTES])
{
    struct json_object *object = json_read(json, bytes, JSON_DEPTH_MAX);
    bool fine = copy_uuid(object, ret_uuid);
    json_object_put(object);
    return fine ? ERR_OK : ERR_INVALID;
}

enum err tax_read_canceled(const char *json, size_t bytes, const char *uuid)
{
    struct json_object *object = json_read(json, bytes, JSON_DEPTH_MAX);
    struct json_object *info = json_peek(object, "incomeInfo", json_type_object);
    char number[TAX_UUID_BYTES];
    bool fine = copy_uuid(info, number) && strcmp(number, uuid) == 0 &&
                json_peek(info, "cancellationInfo", json_type_object) != NULL;
    json_object_put(object);
    return fine ? ERR_OK : ERR_INVALID;
}

/* A number or a text: json-c keeps a number's digits as they were written, so none becomes a double. */
static enum err read_sum(struct json_object *one, int64_t *ret_kopecks)
{
    struct json_object *sum = NULL;
    if (!json_object_object_get_ex(one, "totalAmount", &sum) || sum == NULL)
        return ERR_INVALID;
    return money_parse(json_object_get_string(sum), ret_kopecks);
}

static bool has_name(struct json_object *one, const char *name)
{
    const char *text = json_peek_text(one, "name");
    struct json_object *services = json_peek(one, "services", json_type_array);
    if (text == NULL && services != NULL) /* then it stands with what was sold */
        text = json_peek_text(json_object_array_get_idx(services, 0), "name");
    return text != NULL && strcmp(text, name) == 0;
}

/* Is it the one that is looked for? An error if that can't be said. */
static enum err match(struct json_object *one, const struct tax_income *income, const char *uuid,
                      struct tax_found *found)
{
    char number[TAX_UUID_BYTES];
    int64_t kopecks = 0;
    bool canceled = json_peek(one, "cancellationInfo", json_type_object) != NULL;
    if (uuid == NULL && (canceled || !has_name(one, income->name)))
        return ERR_OK;
    if (!copy_uuid(one, number) || (uuid == NULL && read_sum(one, &kopecks) != ERR_OK))
        return ERR_INVALID;
    if (uuid != NULL ? strcmp(number, uuid) != 0 : kopecks != income->kopecks)
        return ERR_OK;
    memcpy(found->uuid, number, sizeof number);
    found->canceled = canceled;
    return ERR_OK;
}

enum err tax_read_page(const char *json, size_t bytes, const struct tax_income *income, const char *uuid,
                       struct tax_found *ret_found)
{
    struct json_object *object = json_read(json, bytes, JSON_DEPTH_MAX);
    struct json_object *list = json_peek(object, "content", json_type_array);
    struct tax_found found = {.more = json_peek_true(object, "hasMore")};
    size_t count = list == NULL ? 0 : json_object_array_length(list);
    enum err err = list == NULL ? ERR_INVALID : ERR_OK;
    found.count = (int)count;
    for (size_t i = 0; i < count && err == ERR_OK && found.uuid[0] == '\0'; i++)
        err = match(json_object_array_get_idx(list, i), income, uuid, &found);
    json_object_put(object);
    if (err == ERR_OK)
        *ret_found = found;
    return err;
}
