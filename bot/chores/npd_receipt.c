/* One step of one receipt at a time. The tax service does not know a repeat from another sale, so an income is written
 * down before it is asked for; when it is not known what became of it, it is looked for, and asked for again only when
 * it is surely not there. So a kill, a lost answer or an outage leads to the same question, and never to a second
 * income. Nothing gives up: an outage of a day delays receipts, and nobody's set waits for one. What is late is for the
 * look through the books to tell (db/audit.c), which is hurried.
 *
 * Must not: ask for an income in the look that found one not there without writing that down, or say anything of a
 * payment whose lease is not ours. */
#include "bot/chores/npd_receipt.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "bot/base/log.h"
#include "bot/base/memory.h"
#include "db/npd_receipts.h"

enum {
    AT_ONCE = 1, /* the service is asked by one session, as a person would */
    LOUD_ATTEMPT = 5,
    BASE_MS = 2000,
    CAP_MS = 10 * 60 * 1000,
    REFUSED_MS = 60 * 60 * 1000, /* a person has to mend it */
    LEASE_MS = 5 * 60 * 1000,
    LOOK_EVERY_MS = 1000, /* sales and refunds make rows, and tell nobody */
    INN_BYTES = 16
};

struct npd_receipt {
    struct npd_receipt_ports ports;
};

/* Of one errand. */
struct work {
    int64_t order_id, sold_ms, asked_ago_ms;
    struct npd_facts facts;
    char *name;                /* of the income that this is about; NULL = none yet */
    char uuid[TAX_UUID_BYTES]; /* its number; "" = not known */
    enum npd_step step;        /* that is under way, or ended */
    bool is_lost;              /* to another worker, as it turned out when it was to be written down */
};

static const struct npd_receipt_ports *ports_of(const struct errand *errand)
{
    const struct npd_receipt *self = errand_self(errand);
    return &self->ports;
}

/* ---- the end ---- */

static void write_end(void *ctx, const struct errand *errand, struct db_unit *unit, struct arena *arena)
{
    const struct npd_receipt *self = ctx;
    const struct work *work = errand->work;
    enum npd_receipts_later later = NPD_RECEIPTS_AGAIN;
    switch (errand->end) {
    case ERRAND_DONE:
        (void)npd_receipts_add_ended(unit, arena, errand->id, errand->token, work->step,
                                     work->step == NPD_REGISTER ? work->uuid : NULL);
        return;
    case ERRAND_NOTED: (void)npd_receipts_add_asked(unit, arena, errand->id, errand->token, self->ports.inn); return;
    case ERRAND_RETRIED: later = NPD_RECEIPTS_FAILED; break;
    case ERRAND_GIVEN_BACK: later = NPD_RECEIPTS_RELEASED; break;
    case ERRAND_AGAIN:
    case ERRAND_FAILED:
    case ERRAND_LOST:
    case ERRAND_END_COUNT: break;
    }
    (void)npd_receipts_add_later(unit, arena, errand->id, errand->token, errand->wait_ms, errand->why, later);
}

/* What is asked for now is in its row; or it is another worker's, who is left alone. */
static void asked_heard(struct work *work, const struct db_result *result)
{
    const char *name = npd_receipts_read_asked(result, 0, &work->facts.asked_kopecks);
    work->is_lost = name == NULL;
    free(work->name);
    work->name = name == NULL ? NULL : memory_copy(name);
}

static void ended_heard(const struct npd_receipt *self, const struct errand *errand, const struct db_result *result)
{
    const struct work *work = errand->work;
    struct event news = {.kind = EVENT_RECEIPT, .object = work->order_id, .other = work->facts.asked_kopecks};
    bool ours = npd_receipts_read_ended(result, 0, &news.news_id);
    if (!ours && !errand->uncertain)
        log_warn("npd_receipt", "%" PRId64 ": it was not ours any more; this result is dropped", errand->id);
    else if (work->step == NPD_REGISTER) {
        (void)snprintf(news.receipt, sizeof news.receipt, "%s/%s", self->ports.inn, work->uuid);
        errand_tell(errand, news);
    }
}

static bool end_heard(void *ctx, struct errand *errand, const struct db_result *result)
{
    const struct npd_receipt *self = ctx;
    bool hurried = false;
    if (errand->end == ERRAND_NOTED) {
        asked_heard(errand->work, result);
        return false;
    }
    if (errand->end == ERRAND_DONE)
        ended_heard(self, errand, result);
    else if (npd_receipts_read_later(result, 0, &hurried) && hurried)
        engine_wake(self->ports.engine, CHORE_MONEY_AUDIT, 0);
    return true;
}

static void end_step(struct errand *errand, enum npd_step step)
{
    struct work *work = errand->work;
    work->step = step;
    errand_end(errand);
}

/* ---- what the tax service says ---- */

/* It did not do what it was asked for, or nobody knows. */
static void not_done(struct errand *errand, const struct tax_verdict *verdict)
{
    char why[ERRAND_WHY_MAX_BYTES];
    int64_t least_ms = 0;
    switch (verdict->kind) {
    case TAX_LOGIN:
        (void)snprintf(why, sizeof why, "the tax service refuses npd.inn or its password: %s", verdict->message);
        least_ms = TAX_LOGIN_EVERY_MS;
        break;
    case TAX_REFUSED:
        (void)snprintf(why, sizeof why, "the tax service refuses it: %s%s%s", verdict->code,
                       verdict->code[0] == '\0' ? "" : ": ", verdict->message);
        least_ms = REFUSED_MS;
        break;
    case TAX_OK:
    case TAX_RETRY:
    case TAX_AMBIGUOUS:
    case TAX_STALE:
    case TAX_VERDICT_COUNT:
        (void)snprintf(why, sizeof why, "the tax service does not answer: %s", verdict->message);
        break;
    }
    errand_retry(errand, least_ms, why);
}

static struct tax_income income_of(const struct work *work)
{
    return (struct tax_income){.name = work->name, .kopecks = work->facts.asked_kopecks, .at_ms = work->sold_ms};
}

static void found_registered(void *ctx, const struct tax_reply *reply)
{
    struct errand *errand = ctx;
    if (!errand_answered(errand))
        return;
    struct work *work = errand->work;
    if (reply->verdict.kind != TAX_OK) {
        not_done(errand, &reply->verdict);
        return;
    }
    if (reply->uuid[0] != '\0') {
        (void)snprintf(work->uuid, sizeof work->uuid, "%s", reply->uuid);
        end_step(errand, NPD_REGISTER);
        return;
    }
    enum npd_step next = npd_plan_unfound(&work->facts, work->asked_ago_ms);
    if (next == NPD_WAIT)
        errand_again(errand, NPD_SETTLE_MS - work->asked_ago_ms);
    else if (next == NPD_VOID)
        end_step(errand, NPD_VOID);
    else
        errand_note(errand, work->name);
}

static void register_answered(void *ctx, const struct tax_reply *reply)
{
    struct errand *errand = ctx;
    if (!errand_answered(errand))
        return;
    struct work *work = errand->work;
    if (reply->verdict.kind != TAX_OK) {
        not_done(errand, &reply->verdict);
        return;
    }
    (void)snprintf(work->uuid, sizeof work->uuid, "%s", reply->uuid);
    end_step(errand, NPD_REGISTER);
}

static void found_canceled(void *ctx, const struct tax_reply *reply)
{
    struct errand *errand = ctx;
    static const struct tax_verdict stands = {.kind = TAX_REFUSED, .message = "the receipt can't be canceled"};
    if (!errand_answered(errand))
        return;
    if (reply->verdict.kind == TAX_OK && reply->canceled)
        end_step(errand, NPD_CANCEL);
    else
        not_done(errand, reply->verdict.kind == TAX_OK ? &stands : &reply->verdict);
}

/* A refusal may be that of a cancellation that was made already. */
static void cancel_answered(void *ctx, const struct tax_reply *reply)
{
    struct errand *errand = ctx;
    if (!errand_answered(errand))
        return;
    const struct npd_receipt_ports *ports = ports_of(errand);
    const struct work *work = errand->work;
    const struct tax_income income = income_of(work);
    if (reply->verdict.kind == TAX_OK)
        end_step(errand, NPD_CANCEL);
    else if (reply->verdict.kind != TAX_REFUSED)
        not_done(errand, &reply->verdict);
    else if (errand_call(errand))
        tax_find(ports->tax, ports->clock->unix_ms, &income, work->uuid, found_canceled, errand);
}

/* ---- the steps ---- */

/* It is written down, or it is another worker's: then the end is not taken. */
static void go_on(const struct npd_receipt *self, struct errand *errand)
{
    const struct work *work = errand->work;
    if (work->is_lost) {
        end_step(errand, NPD_REST);
        return;
    }
    const struct tax_income income = income_of(work);
    if (errand_call(errand))
        tax_register(self->ports.tax, self->ports.clock->unix_ms, &income, register_answered, errand);
}

static void begin(void *ctx, struct errand *errand, const struct chore_row *row)
{
    const struct npd_receipt *self = ctx;
    struct work *work = errand->work;
    if (row == NULL) {
        go_on(self, errand);
        return;
    }
    work->step = npd_plan_next(&work->facts);
    const struct tax_income income = income_of(work);
    if (work->step == NPD_REST)
        errand_end(errand);
    else if (work->step == NPD_REGISTER)
        errand_note(errand, "");
    else if (!errand_call(errand))
        return;
    else if (work->step == NPD_LOOK)
        tax_find(self->ports.tax, self->ports.clock->unix_ms, &income, NULL, found_registered, errand);
    else
        tax_cancel(self->ports.tax, self->ports.clock->unix_ms, work->uuid, cancel_answered, errand);
}

static void forget(void *unused, struct errand *errand)
{
    struct work *work = errand->work;
    (void)unused;
    if (work != NULL)
        free(work->name);
    free(work);
    errand->work = NULL;
}

/* ---- its rows are npd_receipts ---- */

static int claim(void *unused, struct db_unit *unit, struct arena *arena, const struct claim *claim)
{
    (void)unused;
    return npd_receipts_add_claim(unit, arena, claim);
}

static bool read_row(void *unused, const struct chore_row *row, struct errand *errand)
{
    struct npd_receipts_claimed claimed = npd_receipts_read_claimed(row->result, row->statement, row->row);
    struct work *work = memory_need(calloc(1, sizeof *work));
    (void)unused;
    work->order_id = claimed.order_id;
    work->sold_ms = claimed.sold_ms;
    work->asked_ago_ms = claimed.asked_ago_ms;
    work->facts = claimed.facts;
    work->name = claimed.name == NULL ? NULL : memory_copy(claimed.name);
    (void)snprintf(work->uuid, sizeof work->uuid, "%s", claimed.uuid == NULL ? "" : claimed.uuid);
    errand->id = claimed.id;
    errand->chat_id = claimed.chat_id;
    errand->attempts = claimed.attempts - 1;
    errand->work = work;
    return true;
}

static const struct chore_table receipts = {
    .claim = claim, .next_wait_ms = npd_receipts_read_next_wait_ms, .renew = npd_receipts_add_renew, .read = read_row};

struct npd_receipt *npd_receipt_new(const struct npd_receipt_ports *ports)
{
    struct npd_receipt *self = memory_need(calloc(1, sizeof *self));
    self->ports = *ports;
    engine_add(ports->engine, CHORE_NPD_RECEIPT,
               &(struct chore){.self = self,
                               .table = &receipts,
                               .at_once = AT_ONCE,
                               .loud = LOUD_ATTEMPT,
                               .base_ms = BASE_MS,
                               .cap_ms = CAP_MS,
                               .lease_ms = LEASE_MS,
                               .look_every_ms = LOOK_EVERY_MS,
                               .begin = begin,
                               .write = write_end,
                               .heard = end_heard,
                               .cancel = forget});
    return self;
}

void npd_receipt_free(struct npd_receipt *self)
{
    free(self);
}
