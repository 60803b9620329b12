/* The maker: how many photos are made at once, which, and under whose lease.
 *
 * A claim asks in the same round trip when the next task will be due, so there is one timer and an idle maker asks
 * nobody. All leases are extended together, at half their time; a task that is not ours any more is let go. Must not:
 * count anything about jobs (task_made() and task_failed() do), or wait. */
#include "bot/chores/maker.h"

#include <stdlib.h>
#include <string.h>
#include "bot/base/log.h"
#include "bot/chores/maker/private.h"
#include "bot/base/timers.h"
#include "core/backoff.h"
#include "core/bug.h"

enum {
    LOCKED_WAIT_MS = 1000, /* due, but another machine was just taking it */
    CLOCK_MARGIN_MS = 20,  /* ours and the database's don't tick together */
    MS_PER_S = 1000
};

struct maker *maker_new(struct shop *shop)
{
    struct maker *maker = calloc(1, sizeof *maker);
    if (maker == NULL)
        bug("out of memory");
    maker->shop = shop;
    maker->look_at_ms = INT64_MAX;
    maker->renew_at_ms = INT64_MAX;
    switch (shop->config->making.provider) {
    case CONFIG_PROVIDER_LOCAL:
    case CONFIG_PROVIDER_COUNT: maker->provider = provider_local_new(shop->darkroom, shop->store); break;
    }
    return maker;
}

/* Answers of the database are dropped with it; a work that the store will still answer is left to that answer. */
void maker_free(struct maker *maker)
{
    if (maker == NULL)
        return;
    maker->provider->free(maker->provider);
    for (struct work *work = maker->works, *next; work != NULL; work = next) {
        next = work->next;
        work->maker = NULL;
        if (!work->storing)
            free(work);
    }
    free(maker);
}

size_t maker_busy(const struct maker *maker)
{
    return maker->busy;
}

static void look(void *ctx, int64_t unused)
{
    struct maker *maker = ctx;
    (void)unused;
    if (maker->look_at_ms > maker->shop->clock.unix_ms)
        return; /* a wish that was taken back */
    maker->look_at_ms = INT64_MAX;
    maker_wake(maker);
}

static void look_after(struct maker *maker, int64_t wait_ms)
{
    int64_t at_ms = maker->shop->clock.unix_ms + wait_ms;
    if (at_ms >= maker->look_at_ms)
        return;
    maker->look_at_ms = at_ms;
    timers_add(maker->shop->timers, at_ms, look, maker, 0);
}

/* ---- leases ---- */

static int64_t lease_ms(const struct maker *maker)
{
    return (int64_t)maker->shop->config->making.lease_s * MS_PER_S;
}

static void renew(void *ctx, int64_t unused);

static void renew_after(struct maker *maker, int64_t wait_ms)
{
    if (maker->renew_at_ms != INT64_MAX)
        return;
    maker->renew_at_ms = maker->shop->clock.unix_ms + wait_ms;
    timers_add(maker->shop->timers, maker->renew_at_ms, renew, maker, 0);
}

static bool is_ours(const struct db_result *result, int64_t task_id)
{
    for (int row = 0; row < db_rows(result, 0); row++)
        if (db_int64(result, 0, row, 0) == task_id)
            return true;
    return false;
}

/* Only a work that is still being made is let go here: one that is telling its end hears the same from there. */
static void renewed(void *ctx, const struct db_result *result, const struct db_failure *failure)
{
    struct maker *maker = ctx;
    maker->renewing = false;
    if (failure != NULL)
        log_warn("maker", "can't extend the leases: %s", failure->message);
    for (struct work *work = maker->works, *next; work != NULL; work = next) {
        next = work->next;
        bool asked = work->renewing;
        work->renewing = false;
        if (failure != NULL || !asked || !work->making || is_ours(result, work->task_id))
            continue;
        log_warn("maker", "task %lld: the lease was lost; the photo is left to its new holder",
                 (long long)work->task_id);
        maker->provider->cancel(maker->provider, work);
        maker_drop(work);
    }
    if (maker->works != NULL)
        renew_after(maker, failure != NULL ? lease_ms(maker) / 8 : lease_ms(maker) / 2);
}

static void renew(void *ctx, int64_t unused)
{
    struct maker *maker = ctx;
    int64_t ids[MAKER_RENEWED_MAX];
    const char *tokens[MAKER_RENEWED_MAX];
    size_t count = 0;
    (void)unused;
    maker->renew_at_ms = INT64_MAX;
    if (maker->works == NULL || maker->renewing)
        return;
    for (struct work *work = maker->works; work != NULL && count < MAKER_RENEWED_MAX; work = work->next) {
        ids[count] = work->task_id;
        tokens[count++] = work->token;
        work->renewing = true;
    }
    struct arena arena;
    struct db_unit *unit = db_unit_new();
    arena_init(&arena);
    (void)tasks_add_renew(unit, &arena, ids, tokens, count, lease_ms(maker));
    arena_done(&arena);
    maker->renewing = true;
    db_submit(maker->shop->chores_db, unit, renewed, maker);
}

/* ---- claims ---- */

static struct work *work_new(struct maker *maker, const struct tasks_claimed *task, const char *token)
{
    struct work *work = calloc(1, sizeof *work);
    if (work == NULL)
        bug("out of memory");
    work->maker = maker;
    work->task_id = task->id;
    work->job_id = task->job_id;
    work->chat_id = task->chat_id;
    work->index = task->index;
    work->attempts = task->attempts;
    memcpy(work->token, token, sizeof work->token);
    work->next = maker->works;
    if (work->next != NULL)
        work->next->previous = work;
    maker->works = work;
    maker->busy++;
    return work;
}

void maker_drop(struct work *work)
{
    struct maker *maker = work->maker;
    *(work->previous == NULL ? &maker->works : &work->previous->next) = work->next;
    if (work->next != NULL)
        work->next->previous = work->previous;
    maker->busy--;
    free(work);
    maker_wake(maker);
}

static void start(struct maker *maker, const struct tasks_claimed *task, const char *token)
{
    struct work *work = work_new(maker, task, token);
    if (maker->shop->stop.asked)
        work_give_up(work, WORK_RELEASED, "the daemon was stopped", 0, 0);
    else if (task->attempts > maker->shop->config->making.max_attempts) /* each attempt took its worker with it */
        work_give_up(work, WORK_FAILED, "every worker that tried it died", 0, 0);
    else
        work_begin(work, task);
}

static void claimed(void *ctx, const struct db_result *result, const struct db_failure *failure)
{
    struct maker *maker = ctx;
    if (failure != NULL) {
        int64_t wait_ms = backoff_ms(maker->claim_failures++, MAKER_BASE_MS, MAKER_CAP_MS, random_number());
        if (maker->claim_failures == 1)
            log_warn("maker", "can't ask for tasks: %s; trying on", failure->message);
        maker->claiming = maker->again = false;
        look_after(maker, wait_ms);
        return;
    }
    failpoint("maker.after_claim");
    int rows = db_rows(result, 0);
    maker->claim_failures = 0;
    for (int row = 0; row < rows; row++) { /* still claiming: a work that ends at once does not claim in between */
        struct tasks_claimed task = tasks_read_claimed(result, 0, row);
        start(maker, &task, maker->claim_token);
    }
    if (rows > 0)
        renew_after(maker, lease_ms(maker) / 2);
    if (rows < maker->claim_wanted) {
        int64_t wait_ms = tasks_read_next_wait_ms(result, 0);
        if (wait_ms != INT64_MAX)
            look_after(maker, wait_ms == 0 ? LOCKED_WAIT_MS : wait_ms + CLOCK_MARGIN_MS);
    }
    maker->claiming = false;
    if (maker->again) {
        maker->again = false;
        maker_wake(maker);
    }
}

void maker_wake(struct maker *maker)
{
    const struct shop *shop = maker->shop;
    int workers = shop->config->making.workers < MAKER_RENEWED_MAX ? shop->config->making.workers : MAKER_RENEWED_MAX;
    int free_workers = workers - (int)maker->busy;
    if (shop->stop.asked || (shop->config->roles & CONFIG_ROLE_GENERATE) == 0 || free_workers <= 0)
        return;
    if (maker->claiming) {
        maker->again = true;
        return;
    }
    struct db_unit *unit = db_unit_new();
    struct arena arena;
    maker->claim_wanted = free_workers;
    random_uuid(maker->claim_token);
    arena_init(&arena);
    (void)tasks_add_claim(unit, &arena, shop->owner, maker->claim_token, free_workers, lease_ms(maker),
                          shop->rules.photos_min);
    arena_done(&arena);
    maker->claiming = true;
    failpoint("maker.before_claim");
    db_submit(shop->chores_db, unit, claimed, maker);
}
