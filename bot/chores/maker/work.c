/* One claimed task, to its end: the provider makes the photo, the store keeps it, the database hears of it and alone
 * says whether the task was still ours. A kill anywhere leaves the task to whoever claims it when the lease is over;
 * what was stored by then is stored again under the same name.
 *
 * A failure of the task costs an attempt; trouble of our own (the store, the darkroom) gives the attempt back, because
 * a full disk must not cost anybody a paid photo. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "bot/base/log.h"
#include "bot/chores/maker/private.h"
#include "bot/base/timers.h"
#include "bot/turn/turns.h"
#include "core/backoff.h"

enum { MS_PER_S = 1000 };

static void tell(struct work *work, int64_t news_id, const char *event_text)
{
    if (event_text != NULL)
        log_warn("maker", "task %lld (photo %d of job %lld): %s%s%s", (long long)work->task_id, work->index + 1,
                 (long long)work->job_id, event_text, work->error[0] == '\0' ? "" : ": ", work->error);
    if (work->chat_id != 0)
        mailbox_put(work->maker->shop->mailbox, &(struct event){.kind = EVENT_JOB_PROGRESS,
                                                                .chat_id = work->chat_id,
                                                                .object = work->job_id,
                                                                .news_id = news_id});
}

/* ---- the end ---- */

static void again(void *ctx, int64_t task_id)
{
    struct maker *maker = ctx;
    for (struct work *work = maker->works; work != NULL; work = work->next)
        if (work->task_id == task_id && work->waiting) { /* a lost lease may have brought us the task twice */
            work->waiting = false;
            work_commit(work);
            return;
        }
}

/* Ours no more, or the first telling was taken and its answer lost: then the news of it is still to be told. */
static void heard(struct work *work, const struct db_result *result)
{
    int64_t chat_id = 0;
    bool ours = work->end == WORK_RELEASED ? db_rows(result, 0) > 0 : tasks_read_ended(result, 0, &chat_id);
    if (!ours && !work->uncertain)
        log_warn("maker", "task %lld: it was not ours any more; this result is dropped", (long long)work->task_id);
    else if (work->end == WORK_MADE)
        tell(work, tasks_read_news(result, 0), NULL);
    else if (work->end == WORK_FAILED && (chat_id != 0 || work->attempts >= work->max_attempts))
        tell(work, tasks_read_news(result, 0), "failed for good");
}

static void committed(void *ctx, const struct db_result *result, const struct db_failure *failure)
{
    struct work *work = ctx;
    struct maker *maker = work->maker;
    if (failure != NULL) {
        int64_t wait_ms = backoff_ms(work->tries, MAKER_BASE_MS, MAKER_CAP_MS, random_number());
        if (work->tries++ == 0)
            log_warn("maker", "task %lld: can't record its end: %s; trying on", (long long)work->task_id,
                     failure->message);
        work->uncertain = work->uncertain || failure->maybe_committed;
        work->waiting = true;
        timers_add(maker->shop->timers, maker->shop->clock.unix_ms + wait_ms, again, maker, work->task_id);
        return;
    }
    failpoint("maker.after_commit");
    heard(work, result);
    maker_drop(work);
}

void work_commit(struct work *work)
{
    struct arena arena;
    struct db_unit *unit = db_unit_new();
    arena_init(&arena);
    switch (work->end) {
    case WORK_MADE: (void)tasks_add_made(unit, &arena, work->task_id, work->token, work->url); break;
    case WORK_FAILED:
        (void)tasks_add_failed(unit, &arena, work->task_id, work->token, work->error, work->wait_ms,
                               work->max_attempts);
        break;
    case WORK_RELEASED:
        (void)tasks_add_released(unit, &arena, work->task_id, work->token, work->error, work->wait_ms);
        break;
    }
    arena_done(&arena);
    failpoint("maker.before_commit");
    db_submit(work->maker->shop->chores_db, unit, committed, work);
}

void work_give_up(struct work *work, enum work_end end, const char *why, int64_t wait_ms, int max_attempts)
{
    work->end = end;
    (void)snprintf(work->error, sizeof work->error, "%s", why);
    log_redact(work->error);
    work->wait_ms = wait_ms;
    work->max_attempts = max_attempts;
    work_commit(work);
}

static void trouble(struct work *work, const char *why, int64_t least_ms)
{
    struct maker *maker = work->maker;
    int64_t wait_ms = backoff_ms(maker->troubles++, MAKER_BASE_MS, MAKER_CAP_MS, random_number());
    if (maker->troubles == 1)
        log_error("maker", "no photos can be made: %s; trying on", why);
    work_give_up(work, WORK_RELEASED, why, wait_ms > least_ms ? wait_ms : least_ms, 0);
}

/* ---- making and storing ---- */

static void stored(void *ctx, enum err err, const struct store_object *object)
{
    struct work *work = ctx;
    work->storing = false;
    if (work->maker == NULL) {
        free(work);
        return;
    }
    if (err != ERR_OK) {
        trouble(work, "the store does not take the photo", 0);
        return;
    }
    failpoint("maker.after_store");
    work->maker->troubles = 0;
    store_url(object->name, work->url);
    work->end = WORK_MADE;
    work_commit(work);
}

static void made(void *ctx, const struct provider_result *result)
{
    struct work *work = ctx;
    const struct config_making *config = &work->maker->shop->config->making;
    work->making = false;
    failpoint("maker.after_make");
    switch (result->outcome) {
    case PROVIDER_MADE:
        work->storing = true;
        failpoint("maker.before_store");
        store_put(work->maker->shop->store, result->jpeg, result->jpeg_bytes, stored, work);
        break;
    case PROVIDER_RETRY: {
        int64_t wait_ms = backoff_ms(work->attempts - 1, (int64_t)config->retry_base_s * MS_PER_S,
                                     (int64_t)config->retry_cap_s * MS_PER_S, random_number());
        work_give_up(work, WORK_FAILED, result->why,
                     wait_ms > result->retry_after_ms ? wait_ms : result->retry_after_ms, config->max_attempts);
        break;
    }
    case PROVIDER_TROUBLE: trouble(work, result->why, result->retry_after_ms); break;
    case PROVIDER_PERMANENT:
    case PROVIDER_OUTCOME_COUNT: work_give_up(work, WORK_FAILED, result->why, 0, 0); break;
    }
}

/* Spreads job and index over all bits: the same for every attempt. */
static uint64_t seed_of(const struct work *work)
{
    uint64_t seed = ((uint64_t)work->job_id << 16) ^ (uint64_t)work->index;
    seed = (seed ^ (seed >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    seed = (seed ^ (seed >> 27)) * UINT64_C(0x94d049bb133111eb);
    return seed ^ (seed >> 31);
}

/* The references in turns: the next photo of the set begins with the next one, the next set of the avatar one further,
 * and so does another attempt, because the last one may have failed for its reference. */
static size_t order_references(struct arena *arena, const struct tasks_claimed *task, const char **ret_references)
{
    const char *lines[PROVIDER_REFERENCES_MAX];
    size_t count = 0;
    for (char *at = arena_copy(arena, task->references); *at != '\0' && count < PROVIDER_REFERENCES_MAX;) {
        char *end = at + strcspn(at, "\n");
        lines[count++] = at;
        at = *end == '\0' ? end : end + 1;
        *end = '\0';
    }
    for (size_t i = 0; i < count; i++)
        ret_references[i] = lines[(i + (size_t)(task->index + task->set + task->attempts - 1)) % count];
    return count;
}

void work_begin(struct work *work, const struct tasks_claimed *task)
{
    struct provider *provider = work->maker->provider;
    const char *references[PROVIDER_REFERENCES_MAX];
    struct arena arena;
    arena_init(&arena);
    struct provider_task asked = {.prompt = task->prompt,
                                  .recipe = task->recipe,
                                  .seed = seed_of(work),
                                  .references = references,
                                  .reference_count = order_references(&arena, task, references)};
    work->making = true;
    failpoint("maker.before_make");
    provider->make(provider, &asked, made, work);
    arena_done(&arena);
}
