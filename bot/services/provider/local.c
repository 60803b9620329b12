/* The provider that needs nobody: it takes a reference photo from the store and has the darkroom crop and grade it by
 * the look's recipe. A reference that is not ours (another program's link) or can't be read is passed over for the
 * next one, so that one bad photo does not cost the set; only when none is left has the task failed. */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include "bot/base/memory.h"
#include "bot/services/provider/provider.h"

struct local {
    struct provider provider; /* first */
    struct darkroom *darkroom;
    struct store *store;
    LIST_HEAD(, making) makings;
};

struct making {
    LIST_ENTRY(making) next;
    struct local *local; /* NULL: canceled while the store was asked */
    provider_done_fn *done;
    void *ctx;
    char *recipe;
    uint64_t seed;
    size_t at, count; /* the reference being tried */
    bool reading;     /* the store was asked and has not answered */
    bool missing;     /* a reference was not in the store */
    bool unsure;      /* … or could not be read for a reason that may pass */
    char names[PROVIDER_REFERENCES_MAX][STORE_NAME_BYTES];
};

static void try_next(struct making *making);

static void making_free(struct making *making)
{
    free(making->recipe);
    free(making);
}

static void finish(struct making *making, const struct provider_result *result)
{
    LIST_REMOVE(making, next);
    making->done(making->ctx, result);
    making_free(making);
}

static void fail(struct making *making, enum provider_outcome outcome, const char *why)
{
    finish(making, &(struct provider_result){.outcome = outcome, .why = why});
}

static void picture_made(void *ctx, enum err err, struct darkroom_result *result)
{
    struct making *making = ctx;
    if (err == ERR_OK)
        finish(making, &(struct provider_result){
                           .outcome = PROVIDER_MADE, .jpeg = result->jpeg, .jpeg_bytes = result->jpeg_len});
    else if (err == ERR_INVALID) /* this reference, or the recipe: then the others fail too */
        try_next(making);
    else if (err == ERR_CLOSED || err == ERR_TIMEOUT)
        fail(making, PROVIDER_RETRY, err == ERR_CLOSED ? "the darkroom died on it" : "the darkroom took too long");
    else
        fail(making, PROVIDER_TROUBLE, "the darkroom can't work");
}

static void reference_read(void *ctx, enum err err, const struct store_object *object)
{
    struct making *making = ctx;
    making->reading = false;
    if (making->local == NULL) {
        making_free(making);
        return;
    }
    if (err != ERR_OK) {
        making->missing = making->missing || err == ERR_NOT_FOUND;
        making->unsure = making->unsure || (err != ERR_NOT_FOUND && err != ERR_INVALID);
        try_next(making);
        return;
    }
    err = darkroom_make(making->local->darkroom, object->bytes, object->length, making->recipe, making->seed,
                        picture_made, making);
    if (err == ERR_AGAIN)
        fail(making, PROVIDER_TROUBLE, "the darkroom's queue is full");
    else if (err != ERR_OK)
        try_next(making);
}

static void read_reference(struct making *making)
{
    making->reading = true;
    store_get(making->local->store, making->names[making->at], reference_read, making);
}

static void try_next(struct making *making)
{
    if (++making->at < making->count)
        read_reference(making);
    else if (making->unsure)
        fail(making, PROVIDER_TROUBLE, "no reference photo could be read");
    else if (making->missing)
        fail(making, PROVIDER_RETRY, "a reference photo is not in the store");
    else
        fail(making, PROVIDER_PERMANENT, "no reference photo can be used with this recipe");
}

static void local_make(struct provider *provider, const struct provider_task *task, provider_done_fn *done, void *ctx)
{
    struct local *local = (struct local *)provider;
    struct making *making = memory_need(calloc(1, sizeof *making));
    making->recipe = memory_copy(task->recipe);
    making->local = local;
    making->done = done;
    making->ctx = ctx;
    making->seed = task->seed;
    for (size_t i = 0; i < task->reference_count && making->count < PROVIDER_REFERENCES_MAX; i++) {
        const char *name = store_name_in_url(task->references[i]);
        if (name != NULL && store_name_valid(name))
            memcpy(making->names[making->count++], name, STORE_NAME_BYTES);
    }
    LIST_INSERT_HEAD(&local->makings, making, next);
    if (making->count == 0)
        fail(making, PROVIDER_PERMANENT, "there is no reference photo");
    else
        read_reference(making);
}

/* One that the store will still answer is left to that answer. */
static void drop(struct making *making)
{
    struct darkroom *darkroom = making->local->darkroom;
    LIST_REMOVE(making, next);
    if (making->reading) {
        making->local = NULL;
        return;
    }
    darkroom_cancel(darkroom, making);
    making_free(making);
}

static void local_cancel(struct provider *provider, const void *ctx)
{
    struct local *local = (struct local *)provider;
    struct making *making;
    LIST_FOREACH(making, &local->makings, next)
        if (making->ctx == ctx) {
            drop(making);
            return;
        }
}

static void local_free(struct provider *provider)
{
    struct local *local = (struct local *)provider;
    for (struct making *making = LIST_FIRST(&local->makings), *after; making != NULL; making = after) {
        after = LIST_NEXT(making, next);
        drop(making);
    }
    free(local);
}

struct provider *provider_local_new(struct darkroom *darkroom, struct store *store)
{
    struct local *local = memory_need(calloc(1, sizeof *local));
    LIST_INIT(&local->makings);
    local->provider = (struct provider){local_make, local_cancel, local_free};
    local->darkroom = darkroom;
    local->store = store;
    return &local->provider;
}
