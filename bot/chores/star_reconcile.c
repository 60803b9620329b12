/* A page of the list an errand: from where the last one ended, to be written together with what it says. The list only
 * grows, so nothing of it is read twice, or passed over. Everything that it says may have been heard before, and
 * changes nothing then. Must not: decide about money; that is stars_paid() and settle_payment(). */
#include "bot/chores/star_reconcile.h"

#include <stdlib.h>

#include "bot/base/memory.h"
#include "bot/chores/question.h"
#include "bot/services/telegram/client.h"
#include "bot/services/telegram/stars.h"
#include "db/stars.h"

enum { AT_ONCE = 1, LOUD_ATTEMPT = 5, BASE_MS = 2000, CAP_MS = 10 * 60 * 1000, LEASE_MS = 5 * 60 * 1000 };

struct star_reconcile {
    struct star_reconcile_ports ports;
    struct questions questions;
};

struct page {
    struct arena arena;
    int64_t from;
    struct telegram_star *list;
    size_t count;
};

static bool is_full(const struct page *page)
{
    return page->count >= TELEGRAM_STARS_PAGE;
}

static void list_answered(void *ctx, const struct telegram_verdict *verdict, struct json_object *result)
{
    struct errand *errand = ctx;
    if (!errand_answered(errand))
        return;
    struct page *page = errand->work;
    if (verdict->class != TELEGRAM_OK || result == NULL) {
        errand_retry(errand, verdict->retry_after_ms, verdict->description);
        return;
    }
    page->count = telegram_stars(&page->arena, result, &page->list);
    errand_end(errand);
}

static void seen_answered(struct errand *errand, const struct db_result *result, const struct db_failure *failure)
{
    const struct star_reconcile *self = errand_self(errand);
    struct page *page = errand->work;
    if (failure != NULL) {
        errand_trouble(errand, 0, failure->message);
        return;
    }
    page->from = stars_read_seen(result, 0);
    if (!errand_call(errand))
        return;
    char *params = telegram_stars_params(page->from);
    struct telegram_call call = {
        .method = "getStarTransactions", .repeat = TELEGRAM_REPEAT_FREELY, .params_json = params};
    if (telegram_call(self->ports.telegram, self->ports.clock->mono_ms, &call, list_answered, errand) != ERR_OK &&
        errand_answered(errand))
        errand_trouble(errand, BASE_MS, "too many calls are waiting");
    free(params);
}

static void drop(struct errand *errand)
{
    struct page *page = errand->work;
    if (page != NULL)
        arena_done(&page->arena);
    free(page);
    errand->work = NULL;
}

static void begin(void *ctx, struct errand *errand, const struct chore_row *row)
{
    struct star_reconcile *self = ctx;
    struct page *page = memory_need(calloc(1, sizeof *page));
    struct db_unit *unit = db_unit_new();
    (void)row;
    drop(errand);
    arena_init(&page->arena);
    errand->work = page;
    (void)stars_add_seen(unit, &page->arena, *self->ports.bot_id);
    question_ask(&self->questions, self->ports.db, unit, errand, seen_answered);
}

static void write_one(struct db_unit *unit, struct arena *arena, const struct telegram_star *star)
{
    const struct stars_said said = {.charge_id = star->id,
                                    .payload = star->payload,
                                    .currency = "XTR",
                                    .amount = star->amount,
                                    .payer = star->user_id};
    switch (star->kind) {
    case TELEGRAM_STAR_PAID:
        stars_add_paid(unit, arena, &said);
        stars_add_listed(unit, arena, star->id, star->affiliate);
        break;
    case TELEGRAM_STAR_REFUND:
        stars_add_given_back(unit, arena, &said);
        stars_add_refund_listed(unit, arena, star->id);
        break;
    case TELEGRAM_STAR_OTHER:
    case TELEGRAM_STAR_KIND_COUNT: break;
    }
}

static void write_end(void *ctx, const struct errand *errand, struct db_unit *unit, struct arena *arena)
{
    const struct star_reconcile *self = ctx;
    const struct page *page = errand->work;
    for (size_t i = 0; i < page->count; i++)
        write_one(unit, arena, &page->list[i]);
    stars_add_mark(unit, arena, *self->ports.bot_id, page->from + (int64_t)page->count, !is_full(page));
    stars_add_look(unit, arena, is_full(page));
}

static bool end_heard(void *ctx, struct errand *errand, const struct db_result *result)
{
    const struct star_reconcile *self = ctx;
    const struct page *page = errand->work;
    (void)result;
    if (page->count > 0) { /* it may have news of what nobody had heard of, a set to be made, stars to go back */
        mailbox_look(self->ports.mailbox);
        engine_wake(self->ports.engine, CHORE_PHOTO_MAKE, 0);
        engine_wake(self->ports.engine, CHORE_PAYMENT_REFUND, 0);
    }
    engine_wake(self->ports.engine, CHORE_STAR_RECONCILE, 0);
    return true;
}

static void cancel(void *ctx, struct errand *errand)
{
    struct star_reconcile *self = ctx;
    question_drop(&self->questions, errand);
    drop(errand);
}

struct star_reconcile *star_reconcile_new(const struct star_reconcile_ports *ports)
{
    struct star_reconcile *self = memory_need(calloc(1, sizeof *self));
    self->ports = *ports;
    LIST_INIT(&self->questions);
    engine_add(ports->engine, CHORE_STAR_RECONCILE,
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

void star_reconcile_free(struct star_reconcile *self)
{
    if (self != NULL)
        question_free_all(&self->questions);
    free(self);
}
