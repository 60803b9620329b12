/* Receipts. The cash register answers at once here; faults of the service "receipt" (methods "payment" and "refund")
 * keep one "pending" or "refuse" it, and a test ends a pending one through /api/receipts/ID/register and /refuse. */
#include "tests/sandbox/receipts.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sandbox/control.h"
#include "tests/sandbox/faults.h"
#include "tests/sandbox/journal.h"
#include "tests/sandbox/payments.h"

static void insert(struct sandbox *sb, struct receipt *receipt)
{
    struct world *world = &sb->world;
    receipt->number = (int64_t)world->receipt_count;
    lh_table_insert(world->receipts, receipt->id, receipt);
    world_push((void ***)&world->receipt_list, &world->receipt_count, &world->receipt_room, receipt);
}

static void end(struct sandbox *sb, struct receipt *receipt, const char *status)
{
    snprintf(receipt->status, sizeof(receipt->status), "%s", status);
    receipt->registered_ms = strcmp(status, "succeeded") == 0 ? sandbox_now_ms(sb) : 0;
}

struct receipt *receipts_add(struct sandbox *sb, json_object *asked, int64_t kopecks, const char *payment_id,
                             const char *refund_id)
{
    struct fault fault;
    char id[37];
    struct receipt *receipt = mem_new(sizeof(*receipt));
    payments_id(sb, id);
    snprintf(receipt->id, sizeof(receipt->id), "rt_%s", id);
    snprintf(receipt->payment_id, sizeof(receipt->payment_id), "%s", payment_id == NULL ? "" : payment_id);
    snprintf(receipt->refund_id, sizeof(receipt->refund_id), "%s", refund_id == NULL ? "" : refund_id);
    receipt->is_refund = refund_id != NULL;
    receipt->created_ms = sandbox_now_ms(sb);
    receipt->kopecks = kopecks;
    receipt->asked = json_object_get(asked);
    bool has_fault = faults_pick(sb, "receipt", receipt->is_refund ? "refund" : "payment", &fault);
    end(sb, receipt, !has_fault ? "succeeded" : strcmp(fault.kind, "refuse") == 0 ? "canceled" : "pending");
    insert(sb, receipt);
    journal_receipt(sb, receipt);
    return receipt;
}

struct receipt *receipts_find(struct sandbox *sb, const char *id)
{
    void *found = NULL;
    return lh_table_lookup_ex(sb->world.receipts, id, &found) ? found : NULL;
}

static void add_member(struct buf *out, json_object *asked, const char *key)
{
    json_object *value = payments_asked(asked, key);
    if (value != NULL)
        buf_addf(out, ",\"%s\":%s", key, json_object_to_json_string_ext(value, JSON_C_TO_STRING_PLAIN));
}

void receipts_add_json(const struct sandbox *sb, struct buf *out, const struct receipt *receipt)
{
    (void)sb;
    buf_addf(out, "{\"id\":\"%s\",\"type\":\"%s\"", receipt->id, receipt->is_refund ? "refund" : "payment");
    if (receipt->payment_id[0] != '\0')
        buf_addf(out, ",\"payment_id\":\"%s\"", receipt->payment_id);
    if (receipt->refund_id[0] != '\0')
        buf_addf(out, ",\"refund_id\":\"%s\"", receipt->refund_id);
    buf_addf(out, ",\"status\":\"%s\"", receipt->status);
    if (receipt->registered_ms > 0) {
        buf_addf(out,
                 ",\"fiscal_document_number\":\"%" PRId64 "\",\"fiscal_storage_number\":\"9288000100115785\","
                 "\"fiscal_attribute\":\"26%08" PRId64 "\",\"fiscal_provider_id\":\"fd9e9404-eaca-4000-8ec9-%012" PRIx64
                 "\"",
                 3986 + receipt->number, receipt->number, (uint64_t)receipt->number);
        payments_add_time(out, "registered_at", receipt->registered_ms);
    }
    add_member(out, receipt->asked, "tax_system_code");
    add_member(out, receipt->asked, "items");
    if (payments_asked(receipt->asked, "settlements") != NULL) {
        add_member(out, receipt->asked, "settlements");
    } else {
        buf_adds(out, ",\"settlements\":[{\"type\":\"cashless\"");
        payments_add_amount(out, "amount", receipt->kopecks);
        buf_adds(out, "}]");
    }
    buf_adds(out, "}");
}

/* Whose receipt it is; the first one of each counts. */
static void attach(struct sandbox *sb, struct receipt *receipt)
{
    void *found = NULL;
    if (lh_table_lookup_ex(sb->world.payments, receipt->payment_id, &found) &&
        ((struct payment *)found)->receipt == NULL)
        ((struct payment *)found)->receipt = receipt;
    if (lh_table_lookup_ex(sb->world.refunds, receipt->refund_id, &found) && ((struct refund *)found)->receipt == NULL)
        ((struct refund *)found)->receipt = receipt;
}

void receipts_restore(struct sandbox *sb, json_object *line)
{
    json_object *get = NULL;
#define TEXT(key) (json_object_object_get_ex(line, key, &get) ? json_object_get_string(get) : "")
#define NUMBER(key) (json_object_object_get_ex(line, key, &get) ? json_object_get_int64(get) : 0)
    struct receipt *receipt = receipts_find(sb, TEXT("id"));
    if (receipt == NULL) {
        receipt = mem_new(sizeof(*receipt));
        snprintf(receipt->id, sizeof(receipt->id), "%s", TEXT("id"));
        snprintf(receipt->payment_id, sizeof(receipt->payment_id), "%s", TEXT("payment"));
        snprintf(receipt->refund_id, sizeof(receipt->refund_id), "%s", TEXT("refund"));
        receipt->is_refund = NUMBER("is_refund") != 0;
        receipt->created_ms = NUMBER("created_ms");
        receipt->kopecks = NUMBER("kopecks");
        receipt->asked = json_object_get(payments_asked(line, "asked"));
        insert(sb, receipt);
        attach(sb, receipt);
    }
    snprintf(receipt->status, sizeof(receipt->status), "%s", TEXT("status"));
    receipt->registered_ms = NUMBER("registered_ms");
#undef TEXT
#undef NUMBER
}

void receipts_done(struct world *world)
{
    for (size_t i = 0; i < world->receipt_count; i++) {
        json_object_put(world->receipt_list[i]->asked);
        free(world->receipt_list[i]);
    }
    free(world->receipt_list);
    lh_table_free(world->receipts);
}

void receipts_control(struct request *request, const char *rest)
{
    struct sandbox *sb = request->sb;
    struct buf out = {0};
    char id[44] = "";
    size_t len = rest[0] == '/' ? strcspn(rest + 1, "/") : 0;
    if (rest[0] == '\0') {
        buf_adds(&out, "[");
        for (size_t i = 0; i < sb->world.receipt_count; i++) {
            buf_adds(&out, i == 0 ? "" : ",");
            receipts_add_json(sb, &out, sb->world.receipt_list[i]);
        }
        buf_adds(&out, "]");
        http_answer_json(request, 200, &out);
        return;
    }
    if (len < sizeof(id))
        memcpy(id, rest + 1, len);
    struct receipt *receipt = receipts_find(sb, id);
    const char *deed = rest + 1 + len;
    if (receipt == NULL || strcmp(request->http_method, "POST") != 0 ||
        (strcmp(deed, "/register") != 0 && strcmp(deed, "/refuse") != 0)) {
        control_fail(request, 404, "no such receipt, or no such deed");
    } else if (strcmp(receipt->status, "pending") != 0) {
        control_fail(request, 409, "the receipt is %s", receipt->status);
    } else {
        end(sb, receipt, strcmp(deed, "/register") == 0 ? "succeeded" : "canceled");
        journal_receipt(sb, receipt);
        control_ok(request);
    }
}
