/* Refunds. A pending one holds its sum of the payment's, a succeeded one has it, a canceled one gives it up.
 *
 * What becomes of a refund is not the shop's to say: faults of the service "refund" decide when it is made ("pending"
 * with `ms`: it ends by itself then; with `description`: as canceled, for that reason; "refuse": at once), or a test
 * does later through /api/refunds/ID/succeed and /cancel.
 */
#include "tests/sandbox/refunds.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sandbox/control.h"
#include "tests/sandbox/faults.h"
#include "tests/sandbox/journal.h"
#include "tests/sandbox/notices.h"
#include "tests/sandbox/payments.h"
#include "tests/sandbox/receipts.h"

static void insert(struct sandbox *sb, struct refund *refund)
{
    struct world *world = &sb->world;
    refund->number = (int64_t)world->refund_count;
    lh_table_insert(world->refunds, refund->id, refund);
    world_push((void ***)&world->refund_list, &world->refund_count, &world->refund_room, refund);
}

static void succeed(struct sandbox *sb, struct refund *refund)
{
    struct buf object = {0};
    struct payment *payment = refund->payment;
    snprintf(refund->status, sizeof(refund->status), "succeeded");
    refund->reason[0] = '\0';
    payment->refunding_kopecks -= refund->kopecks;
    payment->refunded_kopecks += refund->kopecks;
    journal_refund(sb, refund);
    journal_payment(sb, payment);
    /* a whole one's receipt is written from the payment's */
    json_object *receipt = payments_asked(refund->asked, "receipt");
    if (receipt == NULL && refund->kopecks == payment->kopecks)
        receipt = payments_asked(payment->asked, "receipt");
    if (receipt != NULL)
        refund->receipt = receipts_add(sb, receipt, refund->kopecks, NULL, refund->id);
    refunds_add_json(sb, &object, refund);
    notices_add(sb, "refund.succeeded", refund->id, object.at);
    buf_done(&object);
}

static void cancel(struct sandbox *sb, struct refund *refund, const char *reason)
{
    snprintf(refund->status, sizeof(refund->status), "canceled");
    snprintf(refund->reason, sizeof(refund->reason), "%.39s", reason);
    refund->payment->refunding_kopecks -= refund->kopecks;
    journal_refund(sb, refund);
    journal_payment(sb, refund->payment);
}

static void wait_for_end(struct sandbox *sb, struct refund *refund)
{
    if (refund->due_ms > 0)
        world_push((void ***)&sb->world.refund_due, &sb->world.due_count, &sb->world.due_room, refund);
}

struct refund *refunds_add(struct sandbox *sb, struct payment *payment, json_object *asked, int64_t kopecks)
{
    struct fault fault;
    struct refund *refund = mem_new(sizeof(*refund));
    payments_id(sb, refund->id);
    refund->payment = payment;
    refund->created_ms = sandbox_now_ms(sb);
    refund->kopecks = kopecks;
    refund->asked = json_object_get(asked);
    snprintf(refund->status, sizeof(refund->status), "pending");
    payment->refunding_kopecks += kopecks;
    insert(sb, refund);
    if (!faults_pick(sb, "refund", "refund", &fault)) {
        succeed(sb, refund);
    } else if (strcmp(fault.kind, "refuse") == 0) {
        cancel(sb, refund, fault.description[0] == '\0' ? "general_decline" : fault.description);
    } else {
        refund->due_ms = fault.ms > 0 ? refund->created_ms + fault.ms : 0;
        snprintf(refund->reason, sizeof(refund->reason), "%.39s", fault.description);
        wait_for_end(sb, refund);
        journal_refund(sb, refund);
        journal_payment(sb, payment);
    }
    return refund;
}

static void end(struct sandbox *sb, struct refund *refund)
{
    char reason[sizeof(refund->reason)];
    memcpy(reason, refund->reason, sizeof(reason));
    if (reason[0] == '\0')
        succeed(sb, refund);
    else
        cancel(sb, refund, reason);
}

int64_t refunds_run(struct sandbox *sb)
{
    struct world *world = &sb->world;
    int64_t now_ms = sandbox_now_ms(sb), next_ms = -1;
    for (size_t i = 0; i < world->due_count; i++) {
        struct refund *refund = world->refund_due[i];
        bool is_pending = strcmp(refund->status, "pending") == 0;
        if (is_pending && refund->due_ms > now_ms) {
            next_ms = next_ms < 0 || refund->due_ms - now_ms < next_ms ? refund->due_ms - now_ms : next_ms;
            continue;
        }
        if (is_pending)
            end(sb, refund);
        world->refund_due[i--] = world->refund_due[--world->due_count];
    }
    return next_ms;
}

struct refund *refunds_find(struct sandbox *sb, const char *id)
{
    void *found = NULL;
    (void)refunds_run(sb);
    return lh_table_lookup_ex(sb->world.refunds, id, &found) ? found : NULL;
}

void refunds_add_json(const struct sandbox *sb, struct buf *out, const struct refund *refund)
{
    (void)sb;
    json_object *description = payments_asked(refund->asked, "description");
    bool is_canceled = strcmp(refund->status, "canceled") == 0;
    bool has_receipt = payments_asked(refund->asked, "receipt") != NULL ||
                       (refund->kopecks == refund->payment->kopecks && payments_has_receipt(refund->payment));
    buf_addf(out, "{\"id\":\"%s\",\"payment_id\":\"%s\",\"status\":\"%s\"", refund->id, refund->payment->id,
             refund->status);
    if (is_canceled)
        buf_addf(out, ",\"cancellation_details\":{\"party\":\"%s\",\"reason\":\"%s\"}",
                 strncmp(refund->reason, "rejected_by_payee", 17) == 0 ? "payment_network" : "yoo_money",
                 refund->reason);
    if (has_receipt)
        buf_addf(out, ",\"receipt_registration\":\"%s\"",
                 refund->receipt != NULL ? refund->receipt->status
                 : is_canceled           ? "canceled"
                                         : "pending");
    payments_add_time(out, "created_at", refund->created_ms);
    payments_add_amount(out, "amount", refund->kopecks);
    if (description != NULL) {
        buf_adds(out, ",\"description\":");
        buf_add_json(out, json_object_get_string(description));
    }
    payments_add_metadata(out, refund->asked);
    buf_adds(out, "}");
}

void refunds_restore(struct sandbox *sb, json_object *line)
{
    json_object *get = NULL;
#define TEXT(key) (json_object_object_get_ex(line, key, &get) ? json_object_get_string(get) : "")
#define NUMBER(key) (json_object_object_get_ex(line, key, &get) ? json_object_get_int64(get) : 0)
    void *found = NULL, *payment = NULL;
    struct refund *refund = NULL;
    if (!lh_table_lookup_ex(sb->world.payments, TEXT("payment"), &payment))
        return;
    if (lh_table_lookup_ex(sb->world.refunds, TEXT("id"), &found)) {
        refund = found;
    } else {
        refund = mem_new(sizeof(*refund));
        snprintf(refund->id, sizeof(refund->id), "%s", TEXT("id"));
        refund->payment = payment;
        refund->asked = json_object_get(payments_asked(line, "asked"));
        refund->created_ms = NUMBER("created_ms");
        refund->due_ms = NUMBER("due_ms");
        refund->kopecks = NUMBER("kopecks");
        insert(sb, refund);
        wait_for_end(sb, refund);
    }
    snprintf(refund->status, sizeof(refund->status), "%s", TEXT("status"));
    snprintf(refund->reason, sizeof(refund->reason), "%s", TEXT("reason"));
#undef TEXT
#undef NUMBER
}

void refunds_done(struct world *world)
{
    for (size_t i = 0; i < world->refund_count; i++) {
        json_object_put(world->refund_list[i]->asked);
        free(world->refund_list[i]);
    }
    free(world->refund_list);
    free(world->refund_due);
    lh_table_free(world->refunds);
}

void refunds_control(struct request *request, const char *rest)
{
    struct sandbox *sb = request->sb;
    struct buf out = {0};
    char id[40] = "";
    size_t len = rest[0] == '/' ? strcspn(rest + 1, "/") : 0;
    if (rest[0] == '\0') {
        buf_adds(&out, "[");
        (void)refunds_run(sb);
        for (size_t i = 0; i < sb->world.refund_count; i++) {
            buf_adds(&out, i == 0 ? "" : ",");
            refunds_add_json(sb, &out, sb->world.refund_list[i]);
        }
        buf_adds(&out, "]");
        http_answer_json(request, 200, &out);
        return;
    }
    if (len < sizeof(id))
        memcpy(id, rest + 1, len);
    struct refund *refund = refunds_find(sb, id);
    const char *deed = rest + 1 + len, *reason = control_text(request, "reason");
    if (refund == NULL || strcmp(request->http_method, "POST") != 0 ||
        (strcmp(deed, "/succeed") != 0 && strcmp(deed, "/cancel") != 0)) {
        control_fail(request, 404, "no such refund, or no such deed");
    } else if (strcmp(refund->status, "pending") != 0) {
        control_fail(request, 409, "the refund is %s", refund->status);
    } else {
        if (strcmp(deed, "/succeed") == 0)
            succeed(sb, refund);
        else
            cancel(sb, refund, reason == NULL ? "general_decline" : reason);
        control_ok(request);
    }
}
