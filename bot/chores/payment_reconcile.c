/* Reconciliation. One pass: the refunds, page by page; the payments that succeeded, page by page, and after each page
 * those of it that do not stand here as they stand there are asked for by their name, and settled by what that says; at
 * last those of ours that no list named as they are. Each page, and each payment, is a transaction of its own, and may
 * come again: a pass that breaks off goes on where it was if the daemon lives, else from the beginning. The mark moves
 * when the whole pass is in the database. It is this pass's begin, and the next one looks from an hour before it:
 * clocks differ, and what is just happening comes into a list late.
 *
 * Must not: believe a list about money that is not here yet, or decide about money: settle_payment() does. */
#include "bot/chores/payment_reconcile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bot/base/log.h"
#include "bot/chores/payment_reconcile/private.h"
#include "core/bug.h"
#include "db/audit.h"

enum {
    AT_ONCE = 1,
    KNOWN_MAX = 8,
    LOUD_ATTEMPT = 5,
    BASE_MS = 5 * 1000,
    CAP_MS = 15 * 60 * 1000,
    REFUSED_WAIT_MS = 5 * 60 * 1000, /* a person may mend the reason */
    SECOND_MS = 1000,
    HOUR_S = 60 * 60,
    DAY_MS = 24 * HOUR_S * SECOND_MS
};
#define HELD_MAX_MS (INT64_C(30) * DAY_MS) /* a refund that is never over is not waited for longer */

/* ---- the end ---- */

static void write_end(void *self, const struct errand *errand, struct db_unit *unit, struct arena *arena)
{
    const struct pass *pass = errand->work;
    (void)self;
    if (pass == NULL)
        return;
    int64_t since_ms = pass->begun_ms, held_ms = pass->held_s * SECOND_MS;
    if (pass->held_s != 0 && held_ms < since_ms && held_ms > since_ms - HELD_MAX_MS)
        since_ms = held_ms;
    reconcile_add_passed(unit, arena, errand->id, pass->begun_ms, since_ms);
    if (pass->odd > 0)
        audit_add_hurry(unit);
}

static bool end_heard(void *ctx, struct errand *errand, const struct db_result *result)
{
    struct payment_reconcile *self = ctx;
    const struct pass *pass = errand->work;
    (void)result;
    if (pass->settled > 0 || pass->refunds > 0 || pass->odd > 0)
        log_info("payment_reconcile",
                 "YooKassa's lists: %d payments and %d refunds were not known here, %d are to be looked at",
                 pass->settled, pass->refunds, pass->odd);
    if (pass->odd > 0)
        engine_wake(self->ports.engine, CHORE_MONEY_AUDIT, 0);
    free(errand->work);
    errand->work = NULL;
    self->has_passed = true;
    errand_again(errand, self->ports.every_ms); /* its row says then whether there is something to compare */
    return false;
}

/* ---- what goes wrong ---- */

static void try_later(struct errand *errand, int64_t least_ms, const char *why)
{
    struct payment_reconcile *self = errand_self(errand);
    self->not_before_ms = self->ports.clock->unix_ms + (least_ms > BASE_MS ? least_ms : BASE_MS);
    errand_retry(errand, least_ms, why);
}

void pass_begin_anew(struct errand *errand, const char *why)
{
    free(errand->work);
    errand->work = NULL;
    try_later(errand, REFUSED_WAIT_MS, why);
}

void pass_not_answered(struct errand *errand, const struct yookassa_verdict *verdict)
{
    char why[ERRAND_WHY_MAX_BYTES];
    (void)snprintf(why, sizeof why, "YooKassa's lists can't be compared (HTTP %ld %s): %s", verdict->status,
                   yookassa_verdict_name(verdict->kind), verdict->description);
    switch (verdict->kind) {
    case YOOKASSA_RETRY:
    case YOOKASSA_AMBIGUOUS: try_later(errand, verdict->retry_after_ms, why); return;
    case YOOKASSA_OK:
    case YOOKASSA_PERMANENT: /* perhaps the cursor, which is too old */
    case YOOKASSA_UNAUTHORIZED:
    case YOOKASSA_NOT_FOUND:
    case YOOKASSA_CONTACT:
    case YOOKASSA_VERDICT_COUNT: pass_begin_anew(errand, why); return;
    }
}

bool pass_in_trouble(struct errand *errand, const struct db_failure *failure)
{
    struct pass *pass = errand->work;
    if (db_fault_of(failure) == DB_FAULT_SERVER) {
        errand_trouble(errand, 0, failure->message);
        return true;
    }
    if (!pass->failed)
        log_error("payment_reconcile", "can't record what YooKassa says: %s. To mend it: %s", failure->message,
                  db_remedy(failure->sqlstate));
    pass->failed = true;
    return false;
}

struct db_unit *pass_unit(struct arena *arena)
{
    arena_init(arena);
    return db_unit_new();
}

void pass_ask(struct errand *errand, struct db_unit *unit, struct arena *arena, question_fn *answered)
{
    struct payment_reconcile *self = errand_self(errand);
    arena_done(arena);
    question_ask(&self->questions, self->ports.db, unit, errand, answered);
}

/* ---- one step after the other ---- */

void pass_add_item(struct pass *pass, const char *name, int64_t made_s)
{
    if (pass->item_count == PASS_ITEMS_MAX || !yookassa_id_valid(name))
        bug("more, or other, names than a page has");
    (void)snprintf(pass->items[pass->item_count].name, YOOKASSA_ID_BYTES, "%s", name);
    pass->items[pass->item_count++].made_s = made_s;
}

void pass_go_on(struct errand *errand)
{
    const struct payment_reconcile *self = errand_self(errand);
    struct pass *pass = errand->work;
    if (self->ports.stop->asked)
        errand_again(errand, 0);
    else if (pass->at < pass->item_count)
        pass_ask_for_name(self, errand);
    else if (pass->is_paged && !pass_turn_page(pass) && pass->failed)
        pass_begin_anew(errand, "not all could be recorded");
    else if (pass->is_paged)
        errand_end(errand);
    else if (pass->part == PASS_UNSETTLED)
        pass_ask_for_unsettled(self, errand);
    else
        pass_ask_for_page(self, errand);
}

/* A mark that lies ahead was made by a clock that went wrong. */
static int64_t earlier(int64_t mark_s, int64_t now_s)
{
    return mark_s < now_s ? mark_s : now_s;
}

static void begin(void *self, struct errand *errand, const struct chore_row *row)
{
    (void)self;
    if (errand->work == NULL) {
        struct reconcile_row from = reconcile_read(row->result, row->statement, row->row);
        int64_t now_s = from.now_ms / SECOND_MS;
        int64_t payments_s = earlier(from.payments_since_ms / SECOND_MS, now_s);
        int64_t refunds_s = earlier(from.refunds_since_ms / SECOND_MS, now_s);
        struct pass *pass = calloc(1, sizeof *pass);
        if (pass == NULL)
            bug("out of memory");
        pass->begun_ms = from.now_ms;
        pass->payments_since_s = payments_s - HOUR_S;
        pass->refunds_since_s = refunds_s - HOUR_S;
        pass->refunds_mark_s = refunds_s;
        errand->work = pass;
    }
    pass_go_on(errand);
}

static void cancel(void *ctx, struct errand *errand)
{
    struct payment_reconcile *self = ctx;
    question_drop(&self->questions, errand);
    free(errand->work);
    errand->work = NULL;
}

/* ---- its row is the mark ---- */

static int find(void *ctx, struct db_unit *unit, struct arena *arena, int64_t id)
{
    const struct payment_reconcile *self = ctx;
    return reconcile_add_find(unit, arena, id, self->ports.shop_id);
}

static int load(void *ctx, struct db_unit *unit, struct arena *arena, int limit)
{
    (void)limit;
    return find(ctx, unit, arena, RECONCILE_YOOKASSA);
}

/* One pass in each life, however long ago the last one was. After that a look a day, which asks nobody but the
 * database, if there is nothing to compare: who makes a payment wakes it before. */
static int64_t wait_ms(const struct payment_reconcile *self, const struct errand *errand,
                       const struct reconcile_row *row)
{
    int64_t now_ms = self->ports.clock->unix_ms;
    if (now_ms < self->not_before_ms)
        return self->not_before_ms - now_ms;
    if (errand->work != NULL || !self->has_passed)
        return 0;
    return row->is_due ? self->ports.every_ms - row->passed_ms_ago : DAY_MS;
}

static bool read(void *ctx, const struct chore_row *row, struct errand *errand)
{
    struct reconcile_row read = reconcile_read(row->result, row->statement, row->row);
    int64_t wait = wait_ms(ctx, errand, &read);
    errand->id = read.id;
    errand->wait_ms = wait > 0 ? wait : 0;
    return true;
}

static const struct chore_table marks = {.load = load, .find = find, .read = read};

struct payment_reconcile *payment_reconcile_new(const struct payment_reconcile_ports *ports)
{
    struct payment_reconcile *self = calloc(1, sizeof *self);
    if (self == NULL)
        bug("out of memory");
    self->ports = *ports;
    LIST_INIT(&self->questions);
    engine_add(ports->engine, CHORE_PAYMENT_RECONCILE,
               &(struct chore){.self = self,
                               .table = &marks,
                               .at_once = AT_ONCE,
                               .known_max = KNOWN_MAX,
                               .loud = LOUD_ATTEMPT,
                               .base_ms = BASE_MS,
                               .cap_ms = CAP_MS,
                               .read_always = true,
                               .begin = begin,
                               .write = write_end,
                               .heard = end_heard,
                               .cancel = cancel});
    return self;
}

void payment_reconcile_free(struct payment_reconcile *self)
{
    if (self != NULL)
        question_free_all(&self->questions);
    free(self);
}
