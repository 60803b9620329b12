/* One call, whose answer is the link. That an order may be paid with stars was written before (db/stars.c), and what
 * the invoice says with it: this asks, and keeps what comes. Must not: know prices, nor make a payload. */
#include "bot/chores/star_invoice.h"

#include <stdlib.h>
#include <string.h>

#include "bot/base/memory.h"
#include "bot/services/telegram/client.h"
#include "core/bug.h"
#include "db/errands.h"
#include "db/stars.h"

#include <json-c/json.h>

enum {
    AT_ONCE = 8,
    LOUD_ATTEMPT = 3,
    BASE_MS = 500,
    CAP_MS = 60 * 1000,
    LEASE_MS = 5 * 60 * 1000,
    LINK_MAX_BYTES = 512
};

struct star_invoice {
    struct star_invoice_ports ports;
};

struct invoicing {
    int64_t order_id;
    char link[LINK_MAX_BYTES + 1];
};

static void invoice_answered(void *ctx, const struct telegram_verdict *verdict, struct json_object *result)
{
    struct errand *errand = ctx;
    if (!errand_answered(errand))
        return;
    struct invoicing *invoicing = errand->work;
    const char *link = json_object_is_type(result, json_type_string) ? json_object_get_string(result) : NULL;
    if (verdict->class == TELEGRAM_OK && link != NULL && link[0] != '\0' && strlen(link) <= LINK_MAX_BYTES) {
        memcpy(invoicing->link, link, strlen(link) + 1);
        errand_end(errand);
    } else if (verdict->class == TELEGRAM_BAD) {
        errand_fail(errand, verdict->description);
    } else {
        errand_retry(errand, verdict->retry_after_ms,
                     verdict->class == TELEGRAM_OK ? "Telegram answered without a link" : verdict->description);
    }
}

static void begin(void *ctx, struct errand *errand, const struct chore_row *row)
{
    const struct star_invoice *self = ctx;
    struct errands_row read = errands_read(row->result, row->statement, row->row);
    struct invoicing *invoicing = memory_need(calloc(1, sizeof *invoicing));
    struct telegram_call call = {
        .method = "createInvoiceLink", .repeat = TELEGRAM_REPEAT_FREELY, .params_json = read.body};
    free(errand->work);
    errand->work = invoicing;
    invoicing->order_id = strtoll(read.subject, NULL, 10);
    if (!errand_call(errand))
        return;
    if (telegram_call(self->ports.telegram, self->ports.clock->mono_ms, &call, invoice_answered, errand) != ERR_OK &&
        errand_answered(errand))
        errand_trouble(errand, BASE_MS, "too many calls are waiting");
}

static void write_end(void *ctx, const struct errand *errand, struct db_unit *unit, struct arena *arena)
{
    const struct invoicing *invoicing = errand->work;
    (void)ctx;
    if (errand->end == ERRAND_DONE)
        (void)stars_add_invoice(unit, arena, invoicing->order_id, invoicing->link);
    else
        stars_add_no_invoice(unit, arena, invoicing->order_id);
}

static bool end_heard(void *ctx, struct errand *errand, const struct db_result *result)
{
    const struct star_invoice *self = ctx;
    const struct invoicing *invoicing = errand->work;
    int64_t news_id = errand->end == ERRAND_DONE && result != NULL ? stars_read_news(result, 1) : 0;
    if (news_id != 0)
        errand_tell(errand,
                    (struct event){.kind = EVENT_PAYMENT_LINK, .object = invoicing->order_id, .news_id = news_id});
    engine_wake(self->ports.engine, CHORE_STAR_RECONCILE, 0); /* its payment is to be looked for */
    return true;
}

static void cancel(void *ctx, struct errand *errand)
{
    (void)ctx;
    free(errand->work);
}

struct star_invoice *star_invoice_new(const struct star_invoice_ports *ports)
{
    struct star_invoice *self = memory_need(calloc(1, sizeof *self));
    self->ports = *ports;
    engine_add(ports->engine, CHORE_STAR_INVOICE,
               &(struct chore){.self = self,
                               .at_once = AT_ONCE,
                               .loud = LOUD_ATTEMPT,
                               .base_ms = BASE_MS,
                               .cap_ms = CAP_MS,
                               .lease_ms = LEASE_MS,
                               .begin = begin,
                               .write = write_end,
                               .heard = end_heard,
                               .cancel = cancel});
    return self;
}

void star_invoice_free(struct star_invoice *self)
{
    free(self);
}
