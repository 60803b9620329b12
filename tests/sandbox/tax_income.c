/* Incomes of the self-employed. There is NO idempotency: the same request twice is the same income twice, as with the
 * real one, so who lost an answer must search before asking again.
 *
 * Times need a date, a time and an offset; sums are compared in kopecks; the yearly limit holds unless the request says
 * to ignore it. An income is canceled whole, for one of two reasons.
 */
#include "tests/sandbox/tax.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/sandbox/fields.h"
#include "tests/sandbox/html.h"
#include "tests/sandbox/journal.h"
#include "tests/sandbox/payments.h"
#include "tests/sandbox/yookassa.h"

#define NAME_MAX_CHARS 256
#define YEAR_MAX_KOPECKS (2400000LL * 100)
#define FUTURE_MAX_MS (60LL * 1000)
#define MOSCOW_MS (3 * 3600LL * 1000)
#define LIMIT_MAX 100

static const char invalid[] = "validation.failed";

/* A number or a text with at most two decimals, more than nothing, in kopecks. */
static bool read_kopecks(json_object *value, int64_t *ret_kopecks)
{
    bool is_number = json_object_is_type(value, json_type_int) || json_object_is_type(value, json_type_double);
    const char *text = is_number || json_object_is_type(value, json_type_string) ? json_object_get_string(value) : "";
    char *end = NULL;
    double roubles = strtod(text, &end);
    if (text[0] == '\0' || *end != '\0' || !(roubles > 0) || roubles > 1e9)
        return false;
    *ret_kopecks = llround(roubles * 100);
    return fabs(roubles * 100 - (double)*ret_kopecks) < 1e-6;
}

static int year_of(int64_t ms)
{
    time_t seconds = (time_t)((ms + MOSCOW_MS) / 1000);
    struct tm parts;
    gmtime_r(&seconds, &parts);
    return parts.tm_year + 1900;
}

static int month_of(int64_t ms) /* 202611 */
{
    time_t seconds = (time_t)((ms + MOSCOW_MS) / 1000);
    struct tm parts;
    gmtime_r(&seconds, &parts);
    return (parts.tm_year + 1900) * 100 + parts.tm_mon + 1;
}

static bool is_over_limit(const struct sandbox *sb, int64_t operation_ms, int64_t kopecks)
{
    for (size_t i = 0; i < sb->world.income_count; i++) {
        const struct income *income = sb->world.income_list[i];
        if (income->cancel_ms == 0 && year_of(income->operation_ms) == year_of(operation_ms))
            kopecks += income->kopecks;
    }
    return kopecks > YEAR_MAX_KOPECKS;
}

/* A time that must be there and may not be to come; false: the call has failed. */
static bool take_time(struct request *request, const char *key, int64_t *ret_ms)
{
    const char *text = fields_text(request->params, key);
    if (text == NULL || !yookassa_time(text, ret_ms)) {
        tax_fail(request, 400, invalid, "operationTime and requestTime must be dates with a time and an offset");
        return false;
    }
    if (*ret_ms > sandbox_now_ms(request->sb) + FUTURE_MAX_MS) {
        tax_fail(request, 400, invalid, "Дата и время расчета не могут быть позже текущего времени");
        return false;
    }
    return true;
}

static bool is_service(json_object *service, int64_t *sum_kopecks)
{
    const char *name = fields_text(service, "name");
    json_object *quantity = payments_asked(service, "quantity");
    double count = json_object_get_double(quantity);
    int64_t kopecks = 0;
    if (!json_object_is_type(service, json_type_object) || name == NULL || html_length(name) < 1 ||
        html_length(name) > NAME_MAX_CHARS || !read_kopecks(payments_asked(service, "amount"), &kopecks) ||
        !(json_object_is_type(quantity, json_type_int) || json_object_is_type(quantity, json_type_double)) ||
        !(count > 0))
        return false;
    *sum_kopecks += llround((double)kopecks * count);
    return true;
}

/* NULL when all is well, else what is wrong. */
static const char *wrong_income(json_object *body, int64_t *ret_kopecks)
{
    json_object *services = fields_member(body, "services", json_type_array);
    json_object *client = fields_member(body, "client", json_type_object);
    const char *payment = fields_text(body, "paymentType"), *from = fields_text(client, "incomeType");
    int64_t sum = 0, total = 0;
    if (services == NULL || json_object_array_length(services) == 0)
        return "services must not be empty";
    for (size_t i = 0; i < json_object_array_length(services); i++) {
        if (!is_service(json_object_array_get_idx(services, i), &sum))
            return "a service must have a name, an amount and a quantity";
    }
    if (!read_kopecks(payments_asked(body, "totalAmount"), &total) || total != sum)
        return "totalAmount must be the sum of the services";
    if (payment == NULL || (strcmp(payment, "CASH") != 0 && strcmp(payment, "ACCOUNT") != 0))
        return "paymentType must be CASH or ACCOUNT";
    if (from == NULL || (strcmp(from, "FROM_INDIVIDUAL") != 0 && strcmp(from, "FROM_LEGAL_ENTITY") != 0 &&
                         strcmp(from, "FROM_FOREIGN_AGENCY") != 0))
        return "client.incomeType is unknown";
    if (strcmp(from, "FROM_LEGAL_ENTITY") == 0 &&
        (fields_text(client, "inn") == NULL || fields_text(client, "displayName") == NULL))
        return "a legal entity must have inn and displayName";
    *ret_kopecks = total;
    return NULL;
}

static struct income *find(struct sandbox *sb, const char *uuid)
{
    for (size_t i = sb->world.income_count; i > 0; i--) {
        if (strcmp(sb->world.income_list[i - 1]->uuid, uuid) == 0)
            return sb->world.income_list[i - 1];
    }
    return NULL;
}

/* "2" and nine of [0-9a-z], as on the real receipts. */
static void make_uuid(struct sandbox *sb, char uuid[12])
{
    static const char letters[] = "0123456789abcdefghijklmnopqrstuvwxyz";
    uint64_t random = sandbox_random(sb);
    uuid[0] = '2';
    for (size_t i = 1; i < 10; i++, random /= 36)
        uuid[i] = letters[random % 36];
    uuid[10] = '\0';
}

void tax_register(struct request *request, const char *device)
{
    struct sandbox *sb = request->sb;
    int64_t operation_ms = 0, request_ms = 0, kopecks = 0;
    if (!take_time(request, "operationTime", &operation_ms) || !take_time(request, "requestTime", &request_ms))
        return;
    const char *why = wrong_income(request->params, &kopecks);
    bool ignore = json_object_get_boolean(payments_asked(request->params, "ignoreMaxTotalIncomeRestriction"));
    if (why != NULL) {
        tax_fail(request, 400, invalid, why);
        return;
    }
    if (!ignore && is_over_limit(sb, operation_ms, kopecks)) {
        tax_fail(request, 400, "income.total.limit.exceeded", "Сумма доходов за год превысит 2,4 млн рублей");
        return;
    }
    struct income *income = mem_new(sizeof(*income));
    make_uuid(sb, income->uuid);
    income->operation_ms = operation_ms;
    income->request_ms = request_ms;
    income->registered_ms = sandbox_now_ms(sb);
    income->kopecks = kopecks;
    snprintf(income->device, sizeof(income->device), "%s", device);
    json_object_deep_copy(request->params, &income->asked, NULL);
    world_push((void ***)&sb->world.income_list, &sb->world.income_count, &sb->world.income_room, income);
    journal_income(sb, income);
    struct buf out = {0};
    buf_addf(&out, "{\"approvedReceiptUuid\":\"%s\"}", income->uuid);
    http_answer_json(request, 200, &out);
}

static void add_text(struct buf *out, const char *key, const char *text)
{
    buf_addf(out, ",\"%s\":", key);
    text == NULL ? buf_adds(out, "null") : buf_add_json(out, text);
}

/* What a list, a receipt and the answer to a cancellation have in common. */
static void add_income(const struct sandbox *sb, struct buf *out, const struct income *income, const char *id_key)
{
    json_object *client = payments_asked(income->asked, "client"),
                *services = payments_asked(income->asked, "services");
    buf_addf(out, "{\"%s\":\"%s\"", id_key, income->uuid);
    add_text(out, "name", fields_text(json_object_array_get_idx(services, 0), "name"));
    buf_addf(out, ",\"services\":%s", json_object_to_json_string_ext(services, JSON_C_TO_STRING_PLAIN));
    payments_add_time(out, "operationTime", income->operation_ms);
    payments_add_time(out, "requestTime", income->request_ms);
    payments_add_time(out, "registerTime", income->registered_ms);
    buf_addf(out, ",\"taxPeriodId\":%d", month_of(income->operation_ms));
    add_text(out, "paymentType", fields_text(income->asked, "paymentType"));
    add_text(out, "incomeType", fields_text(client, "incomeType"));
    buf_addf(out, ",\"partnerCode\":null,\"totalAmount\":%" PRId64 ".%02d", income->kopecks / 100,
             (int)(income->kopecks % 100));
    if (income->cancel_ms == 0) {
        buf_adds(out, ",\"cancellationInfo\":null");
    } else {
        buf_addf(out, ",\"cancellationInfo\":{\"taxPeriodId\":%d", month_of(income->operation_ms));
        payments_add_time(out, "operationTime", income->cancel_ms);
        payments_add_time(out, "registerTime", income->canceled_ms);
        add_text(out, "comment", income->comment);
        buf_adds(out, "}");
    }
    add_text(out, "sourceDeviceId", income->device);
    add_text(out, "clientInn", fields_text(client, "inn"));
    add_text(out, "clientDisplayName", fields_text(client, "displayName"));
    buf_addf(out,
             ",\"partnerDisplayName\":null,\"partnerLogo\":null,\"partnerInn\":null,\"inn\":\"%s\",\"profession\":\"\","
             "\"description\":[],\"invoiceId\":null}",
             sb->opt.inn);
}

void tax_cancel(struct request *request)
{
    struct sandbox *sb = request->sb;
    const char *uuid = fields_text(request->params, "receiptUuid"), *comment = fields_text(request->params, "comment");
    struct income *income = uuid == NULL ? NULL : find(sb, uuid);
    int64_t operation_ms = 0, request_ms = 0;
    if (!take_time(request, "operationTime", &operation_ms) || !take_time(request, "requestTime", &request_ms))
        return;
    if (comment == NULL ||
        (strcmp(comment, "Возврат средств") != 0 && strcmp(comment, "Чек сформирован ошибочно") != 0)) {
        tax_fail(request, 400, invalid, "comment must be one of the two reasons");
        return;
    }
    if (income == NULL) {
        tax_fail(request, 404, "receipt.not.found", "Чек не найден");
        return;
    }
    if (income->cancel_ms != 0) {
        tax_fail(request, 400, "receipt.already.cancelled", "Чек уже аннулирован");
        return;
    }
    income->cancel_ms = operation_ms;
    income->canceled_ms = sandbox_now_ms(sb);
    income->comment = mem_text(comment);
    journal_income(sb, income);
    struct buf out = {0};
    buf_adds(&out, "{\"incomeInfo\":");
    add_income(sb, &out, income, "approvedReceiptUuid");
    buf_adds(&out, "}");
    http_answer_json(request, 200, &out);
}

static int by_operation(const void *a, const void *b)
{
    const struct income *one = *(struct income *const *)a, *two = *(struct income *const *)b;
    return one->operation_ms < two->operation_ms ? 1 : one->operation_ms > two->operation_ms ? -1 : 0;
}

static int by_total(const void *a, const void *b)
{
    const struct income *one = *(struct income *const *)a, *two = *(struct income *const *)b;
    return one->kopecks < two->kopecks ? 1 : one->kopecks > two->kopecks ? -1 : 0;
}

static bool is_sort(const char *sort)
{
    static const char *const sorts[] = {"operation_time:desc", "operation_time:asc", "total_amount:desc",
                                        "total_amount:asc"};
    for (size_t i = 0; i < sizeof(sorts) / sizeof(sorts[0]); i++) {
        if (strcmp(sort, sorts[i]) == 0)
            return true;
    }
    return false;
}

/* Those that are asked for, sorted, newest first unless the query says otherwise; to be freed. */
static struct income **select_incomes(struct request *request, int64_t from_ms, int64_t to_ms, const char *sort,
                                      size_t *ret_count)
{
    const struct world *world = &request->sb->world;
    const char *kind = http_query(request, "receiptType");
    struct income **found = mem_new((world->income_count + 1) * sizeof(*found));
    size_t count = 0;
    for (size_t i = 0; i < world->income_count; i++) {
        struct income *income = world->income_list[i];
        bool wanted = kind == NULL || (strcmp(kind, "CANCELLED") == 0) == (income->cancel_ms != 0);
        if (wanted && income->operation_ms >= from_ms && income->operation_ms <= to_ms)
            found[count++] = income;
    }
    qsort(found, count, sizeof(*found), strncmp(sort, "total", 5) == 0 ? by_total : by_operation);
    for (size_t i = 0; strstr(sort, ":asc") != NULL && i < count / 2; i++) {
        struct income *other = found[count - 1 - i];
        found[count - 1 - i] = found[i];
        found[i] = other;
    }
    *ret_count = count;
    return found;
}

void tax_list(struct request *request)
{
    const char *from = http_query(request, "from"), *to = http_query(request, "to");
    const char *sort = http_query(request, "sortBy");
    int64_t offset = http_query_int(request, "offset", 0), limit = http_query_int(request, "limit", 50);
    int64_t from_ms = 0, to_ms = INT64_MAX;
    size_t count = 0;
    if ((from != NULL && !yookassa_time(from, &from_ms)) || (to != NULL && !yookassa_time(to, &to_ms))) {
        tax_fail(request, 400, invalid, "from and to must be dates with a time and an offset");
        return;
    }
    if (offset < 0 || limit < 1 || limit > LIMIT_MAX || (sort != NULL && !is_sort(sort))) {
        tax_fail(request, 400, invalid, "offset, limit or sortBy is wrong");
        return;
    }
    struct income **found = select_incomes(request, from_ms, to_ms, sort == NULL ? "operation_time:desc" : sort,
                                           &count);
    struct buf out = {0};
    buf_adds(&out, "{\"content\":[");
    for (int64_t i = offset; i < (int64_t)count && i < offset + limit; i++) {
        buf_adds(&out, i == offset ? "" : ",");
        add_income(request->sb, &out, found[i], "approvedReceiptUuid");
    }
    buf_addf(&out, "],\"hasMore\":%s,\"currentOffset\":%" PRId64 ",\"currentLimit\":%" PRId64 "}",
             (int64_t)count > offset + limit ? "true" : "false", offset, limit);
    free(found);
    http_answer_json(request, 200, &out);
}

void tax_receipt(struct request *request, const char *rest)
{
    const char *inn = request->sb->opt.inn;
    char uuid[16] = "";
    size_t len = strlen(inn), uuid_len = 0;
    if (strncmp(rest, inn, len) == 0 && rest[len] == '/') {
        uuid_len = strcspn(rest + len + 1, "/");
        snprintf(uuid, sizeof(uuid), "%.*s", (int)(uuid_len > 15 ? 15 : uuid_len), rest + len + 1);
    }
    const struct income *income = find(request->sb, uuid);
    const char *form = uuid_len == 0 ? "" : rest + len + 1 + uuid_len;
    struct buf out = {0};
    if (income == NULL || (strcmp(form, "/print") != 0 && strcmp(form, "/json") != 0)) {
        tax_fail(request, 404, "receipt.not.found", "Чек не найден");
    } else if (strcmp(form, "/json") == 0) {
        add_income(request->sb, &out, income, "receiptId");
        http_answer_json(request, 200, &out);
    } else {
        buf_addf(&out, "<!doctype html><meta charset=utf-8><title>Чек %s</title><h1>Чек № %s</h1><p>ИНН %s<p>", uuid,
                 uuid, inn);
        buf_addf(&out, "%" PRId64 ",%02d ₽%s", income->kopecks / 100, (int)(income->kopecks % 100),
                 income->cancel_ms == 0 ? "" : "<p>Чек аннулирован");
        size_t bytes = out.len;
        http_answer(request, 200, "text/html; charset=utf-8", buf_take(&out), bytes);
    }
}

void tax_add_incomes(const struct sandbox *sb, struct buf *out)
{
    buf_adds(out, "[");
    for (size_t i = 0; i < sb->world.income_count; i++) {
        buf_adds(out, i == 0 ? "" : ",");
        add_income(sb, out, sb->world.income_list[i], "approvedReceiptUuid");
    }
    buf_adds(out, "]");
}

void tax_income_restore(struct sandbox *sb, json_object *line)
{
#define NUMBER(key) json_object_get_int64(payments_asked(line, key))
    struct income *income = find(sb, fields_text(line, "uuid"));
    if (income == NULL) {
        income = mem_new(sizeof(*income));
        snprintf(income->uuid, sizeof(income->uuid), "%s", fields_text(line, "uuid"));
        snprintf(income->device, sizeof(income->device), "%s", fields_text(line, "device"));
        income->operation_ms = NUMBER("operation_ms");
        income->request_ms = NUMBER("request_ms");
        income->registered_ms = NUMBER("registered_ms");
        income->kopecks = NUMBER("kopecks");
        income->asked = json_object_get(payments_asked(line, "asked"));
        world_push((void ***)&sb->world.income_list, &sb->world.income_count, &sb->world.income_room, income);
    }
    income->cancel_ms = NUMBER("cancel_ms");
    income->canceled_ms = NUMBER("canceled_ms");
    free(income->comment);
    income->comment = mem_text(fields_text(line, "comment"));
#undef NUMBER
}
