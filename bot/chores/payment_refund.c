/* A refund from "it is owed" to its end. The row of bot_refunds says what is next: nothing is asked of a provider
 * before key, body and sum stand in it, and each answer is kept before anything follows from it. So whatever breaks
 * off, the next look goes on from there: with the same key and body as long as the provider remembers them, then by a
 * search, and with another key only when it is certain that nothing was made by the last one. One refund of a payment
 * after the other: what stays of it depends on the order.
 *
 * Must not: decide that money goes back; take more than is left (the database refuses it, too); know a provider (its
 * way does). */
#include "bot/chores/payment_refund.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bot/base/log.h"
#include "bot/base/memory.h"
#include "bot/chores/payment_refund/private.h"
#include "bot/chores/question.h"
#include "core/bug.h"
#include "core/refund.h"
#include "db/audit.h"
#include "db/errands.h"

enum {
    AT_ONCE = 4,
    LOUD_ATTEMPT = 5,
    BASE_MS = 2000,
    CAP_MS = 10 * 60 * 1000,
    LEASE_MS = 5 * 60 * 1000,
    LOOK_EVERY_MS = 60 * 1000, /* workers on other machines, and the web application, make some due */
    TURN_MS = 15 * 1000,       /* until an older one of the same payment is answered */
    DECIMAL = 10
};

struct payment_refund {
    struct payment_refund_ports ports;
    struct questions questions;
};

static const struct refund_way *const ways[] = {&refund_way_yookassa, &refund_way_stars};

static const struct refund_way *way_of(const char *provider)
{
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++)
        if (strcmp(ways[i]->provider, provider) == 0)
            return ways[i];
    return NULL;
}

static const struct payment_refund_ports *ports_of(const struct errand *errand)
{
    const struct payment_refund *self = errand_self(errand);
    return &self->ports;
}

static void ask_database(struct errand *errand, struct db_unit *unit, question_fn *answered)
{
    struct payment_refund *self = errand_self(errand);
    question_ask(&self->questions, self->ports.db, unit, errand, answered);
}

static bool failed(struct errand *errand, const struct db_failure *failure)
{
    if (failure == NULL)
        return false;
    if (db_fault_of(failure) == DB_FAULT_SERVER)
        errand_trouble(errand, 0, failure->message);
    else
        errand_retry(errand, 0, failure->message);
    return true;
}

/* ---- the end ---- */

static void write_end(void *unused, const struct errand *errand, struct db_unit *unit, struct arena *arena)
{
    const struct refunding *refunding = errand->work;
    (void)unused;
    if (refunding->is_void)
        refunds_add_void(unit, arena, refunding->id);
    if (!refunding->is_done)
        return;
    (void)refunds_add_succeeded(unit, arena,
                                &(struct refunds_row){.id = refunding->id,
                                                      .key = refunding->key,
                                                      .outside_id = refunding->outside_id,
                                                      .provider = refunding->way->provider,
                                                      .kopecks = refunding->kopecks,
                                                      .sold = refunding->sold});
}

/* Statement 0 is the errand's own row. Whoever hears of it looks for the news, as after a try whose answer was lost. */
static bool end_heard(void *unused, struct errand *errand, const struct db_result *result)
{
    const struct refunding *refunding = errand->work;
    (void)unused;
    (void)result;
    if (refunding->is_done) {
        mailbox_look(ports_of(errand)->mailbox);
        engine_wake(ports_of(errand)->engine, CHORE_NPD_RECEIPT, 0);
    }
    return true;
}

/* ---- what the provider said ---- */

static void refusal_kept(struct errand *errand, const struct db_result *result, const struct db_failure *failure)
{
    const struct refunding *refunding = errand->work;
    (void)result;
    if (failed(errand, failure))
        return;
    mailbox_look(ports_of(errand)->mailbox);
    engine_wake(ports_of(errand)->engine, CHORE_MONEY_AUDIT, 0);
    if (refunding->is_asked_anew)
        errand_again(errand, refund_again_wait_ms(refunding->attempt));
    else
        errand_end(errand);
}

static void keep_refusal(struct errand *errand, const struct refund_answer *answer)
{
    struct refunding *refunding = errand->work;
    struct db_unit *unit = db_unit_new();
    struct arena arena;
    refunding->is_asked_anew = answer->may_pass && refunding->attempt < REFUND_ATTEMPTS_MAX;
    log_error("payment_refund", "refund %" PRId64 " (of %s %s) was refused: %s; %s", refunding->id,
              refunding->way->provider, refunding->payment_id, answer->why,
              refunding->is_asked_anew ? "it is asked for again later" : "a person must look");
    arena_init(&arena);
    (void)refunds_add_refused(unit, &arena, refunding->id, refunding->key, answer->why, refunding->is_asked_anew);
    audit_add_hurry(unit);
    arena_done(&arena);
    ask_database(errand, unit, refusal_kept);
}

static void pending_kept(struct errand *errand, const struct db_result *result, const struct db_failure *failure)
{
    if (failed(errand, failure))
        return;
    (void)result;
    mailbox_look(ports_of(errand)->mailbox);
    errand_again(errand, refund_look_wait_ms(0));
}

static void keep_pending(struct errand *errand, const char *outside_id)
{
    struct refunding *refunding = errand->work;
    struct db_unit *unit = db_unit_new();
    struct arena arena;
    if (refunding->outside_id[0] != '\0') { /* as before */
        db_unit_free(unit);
        errand_again(errand, refund_look_wait_ms(refunding->age_ms));
        return;
    }
    arena_init(&arena);
    (void)refunds_add_pending(unit, &arena, refunding->id, refunding->key, outside_id);
    arena_done(&arena);
    ask_database(errand, unit, pending_kept);
}

static void unmade_kept(struct errand *errand, const struct db_result *result, const struct db_failure *failure)
{
    if (failed(errand, failure))
        return;
    (void)result;
    errand_again(errand, 0);
}

static void keep_unmade(struct errand *errand)
{
    const struct refunding *refunding = errand->work;
    struct db_unit *unit = db_unit_new();
    struct arena arena;
    arena_init(&arena);
    (void)refunds_add_unmade(unit, &arena, refunding->id, refunding->key);
    arena_done(&arena);
    ask_database(errand, unit, unmade_kept);
}

void refund_answered(struct errand *errand, const struct refund_answer *answer)
{
    struct refunding *refunding = errand->work;
    switch (answer->said) {
    case REFUND_SAID_SUCCEEDED:
        (void)snprintf(refunding->outside_id, sizeof refunding->outside_id, "%s", answer->outside_id);
        refunding->is_done = true;
        errand_end(errand);
        return;
    case REFUND_SAID_PENDING: keep_pending(errand, answer->outside_id); return;
    case REFUND_SAID_NO: keep_refusal(errand, answer); return;
    case REFUND_SAID_UNMADE: keep_unmade(errand); return;
    case REFUND_SAID_NOTHING: errand_retry(errand, answer->least_ms, answer->why); return;
    case REFUND_SAID_TROUBLE: errand_trouble(errand, 0, answer->why); return;
    }
    bug("an answer that there is not");
}

/* ---- asking ---- */

static void asked_kept(struct errand *errand, const struct db_result *result, const struct db_failure *failure)
{
    const struct refunding *refunding = errand->work;
    if (failed(errand, failure))
        return;
    if (!refunds_read_done(result, 0))
        errand_end(errand); /* it is not owed any more */
    else
        refunding->way->ask(ports_of(errand), errand);
}

/* A share that is computed now, or the sum that was; never more than is left. */
static int64_t sum_of(const struct refund_way *way, const struct refunds_row *row)
{
    if (row->kopecks != 0)
        return row->kopecks;
    if (way->is_whole)
        return row->left_kopecks;
    if (row->photos < row->missing)
        return 0; /* of an order that is none: the audit shows that it does not end */
    return refund_share(&(struct refund_terms){.price_kopecks = row->price_kopecks,
                                               .photos = row->photos,
                                               .missing = row->missing,
                                               .left_kopecks = row->left_kopecks});
}

static void ask(struct errand *errand, const struct refund_way *way, const struct refunds_row *row)
{
    struct refunding *refunding = errand->work;
    refunding->kopecks = sum_of(way, row);
    refunding->attempt = row->attempt + 1;
    random_uuid(refunding->key);
    if (refunding->kopecks == 0) {
        refunding->is_void = true;
        errand_end(errand);
        return;
    }
    refunding->body = way->body(refunding, row->payment_body);
    if (refunding->body == NULL) {
        errand_retry(errand, CAP_MS, "what its payment was asked for with can't be read");
        return;
    }
    struct db_unit *unit = db_unit_new();
    struct arena arena;
    arena_init(&arena);
    (void)refunds_add_asked(unit, &arena, refunding->id, refunding->kopecks, refunding->currency, refunding->key,
                            refunding->body);
    arena_done(&arena);
    ask_database(errand, unit, asked_kept);
}

static void take_row(struct errand *errand, const struct refund_way *way, const struct refunds_row *row)
{
    struct refunding *refunding = errand->work;
    switch (row->state) {
    case REFUNDS_OWED:
        if (row->waits)
            errand_again(errand, TURN_MS);
        else
            ask(errand, way, row);
        return;
    case REFUNDS_ASKED:
        refunding->body = memory_copy(row->body);
        if (row->age_ms < REFUND_KEY_MS)
            way->ask(ports_of(errand), errand);
        else
            way->search(ports_of(errand), errand);
        return;
    case REFUNDS_PENDING: way->look(ports_of(errand), errand); return;
    case REFUNDS_SUCCEEDED:
    case REFUNDS_REFUSED:
    case REFUNDS_VOID:
    case REFUNDS_STATE_COUNT: errand_end(errand); return;
    }
    bug("a refund in no state");
}

static void put(char *ret_text, size_t bytes, const char *text)
{
    (void)snprintf(ret_text, bytes, "%s", text == NULL ? "" : text);
}

static void row_read(struct errand *errand, const struct db_result *result, const struct db_failure *failure)
{
    struct refunding *refunding = errand->work;
    if (failed(errand, failure))
        return;
    if (db_rows(result, 0) == 0) {
        errand_end(errand);
        return;
    }
    struct refunds_row row = refunds_read(result, 0);
    refunding->way = way_of(row.provider);
    refunding->kopecks = row.kopecks;
    refunding->attempt = row.attempt;
    refunding->age_ms = row.age_ms;
    refunding->sold = row.sold;
    refunding->payer = row.payer;
    put(refunding->payment_id, sizeof refunding->payment_id, row.payment_id);
    put(refunding->currency, sizeof refunding->currency, row.currency);
    put(refunding->key, sizeof refunding->key, row.key);
    put(refunding->outside_id, sizeof refunding->outside_id, row.outside_id);
    if (refunding->way == NULL)
        errand_retry(errand, CAP_MS, "there is no way to give money back at this provider");
    else
        take_row(errand, refunding->way, &row);
}

static void refund_begin(void *unused, struct errand *errand, const struct chore_row *row)
{
    struct refunding *refunding = memory_need(calloc(1, sizeof *refunding));
    struct db_unit *unit = db_unit_new();
    struct arena arena;
    (void)unused;
    refunding->id = strtoll(errands_read(row->result, row->statement, row->row).subject, NULL, DECIMAL);
    errand->work = refunding;
    arena_init(&arena);
    (void)refunds_add_find(unit, &arena, refunding->id);
    arena_done(&arena);
    ask_database(errand, unit, row_read);
}

static void refund_cancel(void *ctx, struct errand *errand)
{
    struct payment_refund *self = ctx;
    struct refunding *refunding = errand->work;
    question_drop(&self->questions, errand);
    if (refunding != NULL)
        free(refunding->body);
    free(refunding);
    errand->work = NULL;
}

struct payment_refund *payment_refund_new(const struct payment_refund_ports *ports)
{
    struct payment_refund *self = memory_need(calloc(1, sizeof *self));
    self->ports = *ports;
    LIST_INIT(&self->questions);
    engine_add(ports->engine, CHORE_PAYMENT_REFUND,
               &(struct chore){.self = self,
                               .at_once = AT_ONCE,
                               .loud = LOUD_ATTEMPT,
                               .base_ms = BASE_MS,
                               .cap_ms = CAP_MS,
                               .lease_ms = LEASE_MS,
                               .look_every_ms = LOOK_EVERY_MS,
                               .begin = refund_begin,
                               .write = write_end,
                               .heard = end_heard,
                               .cancel = refund_cancel});
    return self;
}

void payment_refund_free(struct payment_refund *self)
{
    if (self != NULL)
        question_free_all(&self->questions);
    free(self);
}
