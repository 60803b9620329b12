/* One photo of a set. A kill anywhere leaves the task to whoever claims it when the lease is over; what was stored by
 * then is stored again under the same name, which its row has before (bot/chores/store_sweep.c says why). A failure of
 * the task costs an attempt; trouble of our own (the store, the darkroom) gives the attempt back, because a full disk
 * must not cost anybody a paid photo.
 *
 * Must not: count anything about jobs (task_made() and task_failed() do). */
#include "bot/chores/photo_make.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "bot/base/failpoint.h"
#include "bot/base/log.h"
#include "core/bug.h"
#include "db/tasks.h"

enum { WORKERS_MAX = 128 };

struct photo_make {
    struct photo_make_ports ports;
};

struct making {
    int64_t job_id;
    bool making;   /* the provider has it */
    uint8_t *jpeg; /* … has made it, until it is in the store */
    size_t jpeg_bytes;
    char url[STORE_URL_BYTES]; /* … which has it by this name */
    bool is_lost;              /* to another worker, as it turned out when it was to be named */
};

static const struct photo_make_ports *ports_of(const struct errand *errand)
{
    const struct photo_make *self = errand_self(errand);
    return &self->ports;
}

/* ---- the end ---- */

static void write_end(void *unused, const struct errand *errand, struct db_unit *unit, struct arena *arena)
{
    const struct making *making = errand->work;
    (void)unused;
    switch (errand->end) {
    case ERRAND_DONE: (void)tasks_add_made(unit, arena, errand->id, errand->token, making->url); return;
    case ERRAND_FAILED: (void)tasks_add_failed(unit, arena, errand->id, errand->token, errand->why, 0, 0); return;
    case ERRAND_RETRIED:
        (void)tasks_add_failed(unit, arena, errand->id, errand->token, errand->why, errand->wait_ms, INT32_MAX);
        return;
    case ERRAND_GIVEN_BACK: (void)tasks_add_released(unit, arena, errand->id, errand->token, errand->why); return;
    case ERRAND_NOTED: (void)tasks_add_named(unit, arena, errand->id, errand->token, making->url); return;
    case ERRAND_LOST:
    case ERRAND_AGAIN:
    case ERRAND_END_COUNT: break;
    }
    bug("a photo ends in another way");
}

/* Ours no more, or the first telling was taken and its answer lost: then the news of it is still to be told. */
static bool end_heard(void *unused, struct errand *errand, const struct db_result *result)
{
    struct making *making = errand->work;
    int64_t chat_id = 0;
    (void)unused;
    if (errand->end == ERRAND_NOTED) {
        making->is_lost = db_rows(result, 0) == 0;
        return false;
    }
    bool ours = errand->end == ERRAND_GIVEN_BACK ? db_rows(result, 0) > 0 : tasks_read_ended(result, 0, &chat_id);
    if (!ours && !errand->uncertain)
        log_warn("photo_make", "task %" PRId64 ": it was not ours any more; this result is dropped", errand->id);
    else if (errand->end == ERRAND_DONE || errand->end == ERRAND_FAILED)
        errand_tell(errand, (struct event){.kind = EVENT_JOB_PROGRESS,
                                           .object = making->job_id,
                                           .news_id = tasks_read_news(result, 0)});
    if (errand->end == ERRAND_FAILED) /* it may have been the last one: its share goes back */
        engine_wake(ports_of(errand)->engine, CHORE_PAYMENT_REFUND, 0);
    return true;
}

/* ---- making and storing ---- */

static void photo_stored(void *ctx, enum err err, const struct store_object *object)
{
    struct errand *errand = ctx;
    if (!errand_answered(errand))
        return;
    (void)object;
    if (err != ERR_OK) {
        errand_trouble(errand, 0, "the store does not take the photo");
        return;
    }
    failpoint("photo_make.after_store");
    errand_end(errand);
}

static void name_photo(struct errand *errand, const struct provider_result *result)
{
    struct making *making = errand->work;
    char name[STORE_NAME_BYTES];
    making->jpeg = malloc(result->jpeg_bytes);
    if (making->jpeg == NULL)
        bug("out of memory");
    memcpy(making->jpeg, result->jpeg, result->jpeg_bytes);
    making->jpeg_bytes = result->jpeg_bytes;
    store_name(making->jpeg, making->jpeg_bytes, name);
    store_url(name, making->url);
    errand_note(errand, making->url);
}

/* Its row names it; or it is another worker's, who is left alone: then the end is not taken. */
static void put_in_store(struct errand *errand)
{
    const struct making *making = errand->work;
    failpoint("photo_make.before_store");
    if (making->is_lost)
        errand_end(errand);
    else if (errand_call(errand))
        store_put(ports_of(errand)->store, making->jpeg, making->jpeg_bytes, photo_stored, errand);
}

static void photo_made(void *ctx, const struct provider_result *result)
{
    struct errand *errand = ctx;
    if (!errand_answered(errand))
        return;
    struct making *making = errand->work;
    making->making = false;
    switch (result->outcome) {
    case PROVIDER_MADE: name_photo(errand, result); break;
    case PROVIDER_RETRY: errand_retry(errand, result->retry_after_ms, result->why); break;
    case PROVIDER_TROUBLE: errand_trouble(errand, result->retry_after_ms, result->why); break;
    case PROVIDER_PERMANENT:
    case PROVIDER_OUTCOME_COUNT: errand_fail(errand, result->why); break;
    }
}

/* Spreads job and index over all bits: the same for every attempt. */
static uint64_t seed_of(const struct tasks_claimed *task)
{
    uint64_t seed = ((uint64_t)task->job_id << 16) ^ (uint64_t)task->index;
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

static void make(const struct photo_make *self, struct errand *errand, const struct chore_row *row)
{
    struct tasks_claimed task = tasks_read_claimed(row->result, row->statement, row->row);
    const char *references[PROVIDER_REFERENCES_MAX];
    struct arena arena;
    struct making *making = errand->work;
    arena_init(&arena);
    struct provider_task asked = {.prompt = task.prompt,
                                  .recipe = task.recipe,
                                  .seed = seed_of(&task),
                                  .references = references,
                                  .reference_count = order_references(&arena, &task, references)};
    if (errand_call(errand)) {
        making->making = true;
        self->ports.provider->make(self->ports.provider, &asked, photo_made, errand);
    }
    arena_done(&arena);
}

static void begin(void *ctx, struct errand *errand, const struct chore_row *row)
{
    const struct making *making = errand->work;
    if (making->jpeg == NULL)
        make(ctx, errand, row);
    else
        put_in_store(errand);
}

static void forget(void *ctx, struct errand *errand)
{
    const struct photo_make *self = ctx;
    struct making *making = errand->work;
    if (making->making) {
        self->ports.provider->cancel(self->ports.provider, errand);
        errand_called_off(errand);
    }
    free(making->jpeg);
    free(making);
}

/* ---- its rows are photo_tasks ---- */

static int claim(void *ctx, struct db_unit *unit, struct arena *arena, const struct claim *claim)
{
    const struct photo_make *self = ctx;
    return tasks_add_claim(unit, arena, claim, self->ports.references_min);
}

static bool read_row(void *unused, const struct chore_row *row, struct errand *errand)
{
    struct tasks_claimed task = tasks_read_claimed(row->result, row->statement, row->row);
    struct making *making = calloc(1, sizeof *making);
    (void)unused;
    if (making == NULL)
        bug("out of memory");
    making->job_id = task.job_id;
    errand->id = task.id;
    errand->chat_id = task.chat_id;
    errand->attempts = task.attempts - 1;
    errand->work = making;
    return true;
}

static const struct chore_table tasks = {
    .claim = claim, .next_wait_ms = tasks_read_next_wait_ms, .renew = tasks_add_renew, .read = read_row};

struct photo_make *photo_make_new(const struct photo_make_ports *ports)
{
    struct photo_make *self = calloc(1, sizeof *self);
    if (self == NULL)
        bug("out of memory");
    self->ports = *ports;
    engine_add(ports->engine, CHORE_PHOTO_MAKE,
               &(struct chore){.self = self,
                               .table = &tasks,
                               .at_once = ports->workers < WORKERS_MAX ? ports->workers : WORKERS_MAX,
                               .attempts_max = ports->max_attempts,
                               .loud = ports->max_attempts,
                               .base_ms = ports->retry_base_ms,
                               .cap_ms = ports->retry_cap_ms,
                               .lease_ms = ports->lease_ms,
                               .begin = begin,
                               .write = write_end,
                               .heard = end_heard,
                               .cancel = forget});
    return self;
}

void photo_make_free(struct photo_make *self)
{
    free(self);
}
