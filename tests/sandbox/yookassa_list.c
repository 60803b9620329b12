/* Lists: newest first, filtered by times and fields, in pages that a cursor continues. Filters that there are not are
 * refused, since a misspelt one would be passed over in silence by the real one. */
#include "tests/sandbox/yookassa.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/sandbox/payments.h"
#include "tests/sandbox/receipts.h"
#include "tests/sandbox/refunds.h"

#define LIMIT 10
#define LIMIT_MAX 100

struct range {
    int64_t from_ms, to_ms; /* both inclusive */
};

struct item { /* what filters see of an object */
    const char *id, *status, *payment_method, *payment_id, *refund_id;
    int64_t created_ms, captured_ms;
};

struct listing {
    const char *filters; /* each ends with a blank; those of times without their ".gte" */
    const char *statuses;
    size_t (*count)(const struct sandbox *sb);
    struct item (*peek)(struct sandbox *sb, size_t at);
    void (*add)(struct sandbox *sb, struct buf *out, size_t at);
    bool (*find)(struct sandbox *sb, const char *id, size_t *ret_at);
};

bool yookassa_time(const char *text, int64_t *ret_ms)
{
    static const char form[] = "dddd-dd-ddTdd:dd:dd";
    size_t whole = sizeof(form) - 1, len = strlen(text);
    if (len <= whole || len > whole + 16)
        return false;
    for (size_t i = 0; i < whole; i++) {
        if (form[i] == 'd' ? text[i] < '0' || text[i] > '9' : text[i] != form[i])
            return false;
    }
    const char *rest = text + whole;
    int64_t ms = 0, offset_s = 0;
    if (rest[0] == '.') {
        size_t digits = strspn(rest + 1, "0123456789");
        if (digits < 1 || digits > 9)
            return false;
        ms = (int64_t)(strtod(rest, NULL) * 1000 + 0.5);
        rest += 1 + digits;
    }
    if ((rest[0] == '+' || rest[0] == '-') && strlen(rest) == 6 && rest[3] == ':') {
        offset_s = (strtoll(rest + 1, NULL, 10) * 60 + strtoll(rest + 4, NULL, 10)) * 60;
        offset_s = rest[0] == '-' ? -offset_s : offset_s;
    } else if (strcmp(rest, "Z") != 0) {
        return false;
    }
    struct tm parts = {.tm_year = (int)strtol(text, NULL, 10) - 1900,
                       .tm_mon = (int)strtol(text + 5, NULL, 10) - 1,
                       .tm_mday = (int)strtol(text + 8, NULL, 10),
                       .tm_hour = (int)strtol(text + 11, NULL, 10),
                       .tm_min = (int)strtol(text + 14, NULL, 10),
                       .tm_sec = (int)strtol(text + 17, NULL, 10)};
    struct tm asked = parts;
    int64_t seconds = (int64_t)timegm(&parts); /* moves what there is not, as the 31st of April, to what there is */
    if (parts.tm_mon != asked.tm_mon || parts.tm_mday != asked.tm_mday || parts.tm_hour != asked.tm_hour ||
        parts.tm_min != asked.tm_min || parts.tm_sec != asked.tm_sec)
        return false;
    *ret_ms = (seconds - offset_s) * 1000 + ms;
    return true;
}

static bool take_bound(struct request *request, const char *field, const char *which, int64_t shift_ms, bool is_from,
                       struct range *range)
{
    char name[32];
    int64_t ms = 0;
    snprintf(name, sizeof(name), "%s.%s", field, which);
    const char *text = http_query(request, name);
    if (text == NULL)
        return true;
    if (!yookassa_time(text, &ms)) {
        yookassa_fail(request, 400, "invalid_request", "Incorrect date",
                      strcmp(field, "created_at") == 0 ? "created_at" : "captured_at");
        return false;
    }
    ms += shift_ms;
    if (is_from)
        range->from_ms = ms > range->from_ms ? ms : range->from_ms;
    else
        range->to_ms = ms < range->to_ms ? ms : range->to_ms;
    return true;
}

static bool take_range(struct request *request, const char *field, struct range *range)
{
    *range = (struct range){.to_ms = INT64_MAX};
    return take_bound(request, field, "gte", 0, true, range) && take_bound(request, field, "gt", 1, true, range) &&
           take_bound(request, field, "lte", 0, false, range) && take_bound(request, field, "lt", -1, false, range);
}

struct names {
    const char *filters;
    char unknown[64];
};

static bool has_word(const char *words, const char *word, size_t len)
{
    for (const char *at = words; *at != '\0'; at += strcspn(at, " ") + 1) {
        if (strcspn(at, " ") == len && strncmp(at, word, len) == 0)
            return true;
    }
    return false;
}

static enum MHD_Result check_name(void *context, enum MHD_ValueKind kind, const char *name, const char *value)
{
    (void)kind, (void)value;
    struct names *names = context;
    const char *dot = strchr(name, '.');
    bool is_time = dot != NULL && has_word("gte gt lte lt ", dot + 1, strlen(dot + 1)) &&
                   has_word("created_at captured_at ", name, (size_t)(dot - name));
    size_t len = is_time ? (size_t)(dot - name) : strlen(name);
    bool bare_time = !is_time && has_word("created_at captured_at ", name, len);
    if (bare_time || !has_word(names->filters, name, len))
        snprintf(names->unknown, sizeof(names->unknown), "%s", name);
    return MHD_YES;
}

static bool is_wanted(struct request *request, const struct item *item, const struct range *created,
                      const struct range *captured)
{
    const char *status = http_query(request, "status"), *method = http_query(request, "payment_method");
    const char *payment = http_query(request, "payment_id"), *refund = http_query(request, "refund_id");
    bool is_captured_asked = captured->from_ms > 0 || captured->to_ms < INT64_MAX;
    return item->created_ms >= created->from_ms && item->created_ms <= created->to_ms &&
           (!is_captured_asked || (item->captured_ms > 0 && item->captured_ms >= captured->from_ms &&
                                   item->captured_ms <= captured->to_ms)) &&
           (status == NULL || strcmp(status, item->status) == 0) &&
           (method == NULL || strcmp(method, item->payment_method) == 0) &&
           (payment == NULL || strcmp(payment, item->payment_id) == 0) &&
           (refund == NULL || strcmp(refund, item->refund_id) == 0);
}

/* The limit and where to begin; false when the call has failed. */
static bool take_page(struct request *request, const struct listing *listing, int64_t *ret_limit, size_t *ret_at)
{
    const char *limit = http_query(request, "limit"), *cursor = http_query(request, "cursor");
    const char *status = http_query(request, "status");
    struct names names = {.filters = listing->filters};
    size_t at = 0;
    MHD_get_connection_values(request->connection, MHD_GET_ARGUMENT_KIND, check_name, &names);
    *ret_limit = limit == NULL ? LIMIT : strtoll(limit, NULL, 10);
    *ret_at = listing->count(request->sb);
    if (names.unknown[0] != '\0') {
        yookassa_fail(request, 400, "invalid_request", "Invalid request parameter", names.unknown);
        return false;
    }
    if (*ret_limit < 1 || *ret_limit > LIMIT_MAX || (limit != NULL && limit[strspn(limit, "0123456789")] != '\0')) {
        yookassa_fail(request, 400, "invalid_request", "Incorrect limit", "limit");
        return false;
    }
    if (status != NULL && !has_word(listing->statuses, status, strlen(status))) {
        yookassa_fail(request, 400, "invalid_request", "Incorrect status", "status");
        return false;
    }
    if (cursor != NULL && !listing->find(request->sb, cursor, &at)) {
        yookassa_fail(request, 400, "invalid_request", "Incorrect cursor", "cursor");
        return false;
    }
    *ret_at = cursor == NULL ? *ret_at : at + 1;
    return true;
}

static void answer(struct request *request, const struct listing *listing)
{
    struct sandbox *sb = request->sb;
    struct range created, captured;
    int64_t limit = 0;
    size_t at = 0, added = 0;
    if (!take_page(request, listing, &limit, &at) || !take_range(request, "created_at", &created) ||
        !take_range(request, "captured_at", &captured))
        return;
    struct buf out = {0};
    buf_adds(&out, "{\"type\":\"list\",\"items\":[");
    for (; at > 0; at--) {
        struct item item = listing->peek(sb, at - 1);
        if (item.created_ms < created.from_ms) { /* newest first: nothing younger follows */
            at = 0;
            break;
        }
        if (!is_wanted(request, &item, &created, &captured))
            continue;
        if (added == (size_t)limit)
            break;
        buf_adds(&out, added++ == 0 ? "" : ",");
        listing->add(sb, &out, at - 1);
    }
    buf_adds(&out, "]");
    if (at > 0) /* the cursor is the first object of the next page */
        buf_addf(&out, ",\"next_cursor\":\"%s\"", listing->peek(sb, at - 1).id);
    buf_adds(&out, "}");
    http_answer_json(request, 200, &out);
}

static size_t payments_count(const struct sandbox *sb)
{
    return sb->world.payment_count;
}

static struct item payments_peek(struct sandbox *sb, size_t at)
{
    struct payment *payment = sb->world.payment_list[at];
    payments_refresh(sb, payment);
    return (struct item){.id = payment->id,
                         .status = payment->status,
                         .payment_method = payment->method,
                         .created_ms = payment->created_ms,
                         .captured_ms = payment->captured_ms};
}

static void payments_put(struct sandbox *sb, struct buf *out, size_t at)
{
    payments_add_json(sb, out, sb->world.payment_list[at]);
}

static bool payments_at(struct sandbox *sb, const char *id, size_t *ret_at)
{
    const struct payment *payment = payments_find(sb, id);
    if (payment != NULL)
        *ret_at = (size_t)payment->number;
    return payment != NULL;
}

void yookassa_list_payments(struct request *request)
{
    static const struct listing listing = {"created_at captured_at payment_method status limit cursor ",
                                           "pending waiting_for_capture succeeded canceled ",
                                           payments_count,
                                           payments_peek,
                                           payments_put,
                                           payments_at};
    answer(request, &listing);
}

static size_t refunds_count(const struct sandbox *sb)
{
    return sb->world.refund_count;
}

static struct item refunds_peek(struct sandbox *sb, size_t at)
{
    const struct refund *refund = sb->world.refund_list[at];
    return (struct item){.id = refund->id,
                         .status = refund->status,
                         .payment_id = refund->payment->id,
                         .created_ms = refund->created_ms};
}

static void refunds_put(struct sandbox *sb, struct buf *out, size_t at)
{
    refunds_add_json(sb, out, sb->world.refund_list[at]);
}

static bool refunds_at(struct sandbox *sb, const char *id, size_t *ret_at)
{
    const struct refund *refund = refunds_find(sb, id);
    if (refund != NULL)
        *ret_at = (size_t)refund->number;
    return refund != NULL;
}

void yookassa_list_refunds(struct request *request)
{
    static const struct listing listing = {"created_at payment_id status limit cursor ",
                                           "pending succeeded canceled ",
                                           refunds_count,
                                           refunds_peek,
                                           refunds_put,
                                           refunds_at};
    (void)refunds_run(request->sb);
    answer(request, &listing);
}

static size_t receipts_count(const struct sandbox *sb)
{
    return sb->world.receipt_count;
}

static struct item receipts_peek(struct sandbox *sb, size_t at)
{
    const struct receipt *receipt = sb->world.receipt_list[at];
    return (struct item){.id = receipt->id,
                         .status = receipt->status,
                         .payment_id = receipt->payment_id,
                         .refund_id = receipt->refund_id,
                         .created_ms = receipt->created_ms};
}

static void receipts_put(struct sandbox *sb, struct buf *out, size_t at)
{
    receipts_add_json(sb, out, sb->world.receipt_list[at]);
}

static bool receipts_at(struct sandbox *sb, const char *id, size_t *ret_at)
{
    const struct receipt *receipt = receipts_find(sb, id);
    if (receipt != NULL)
        *ret_at = (size_t)receipt->number;
    return receipt != NULL;
}

void yookassa_list_receipts(struct request *request)
{
    static const struct listing listing = {"created_at payment_id refund_id status limit cursor ",
                                           "pending succeeded canceled ",
                                           receipts_count,
                                           receipts_peek,
                                           receipts_put,
                                           receipts_at};
    answer(request, &listing);
}
