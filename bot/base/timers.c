/* A binary heap by time. No removal: an entry that lost its meaning is found meaningless by whoever it wakes. */
#include "bot/base/timers.h"

#include <stdlib.h>
#include <string.h>

#include "core/bug.h"

struct entry {
    int64_t unix_ms;
    timers_fn *due;
    void *ctx;
    int64_t object;
};

struct timers {
    struct entry *heap;
    size_t count, capacity;
};

struct timers *timers_new(void)
{
    struct timers *timers = calloc(1, sizeof *timers);
    if (timers == NULL)
        bug("out of memory");
    return timers;
}

void timers_free(struct timers *timers)
{
    if (timers != NULL)
        free(timers->heap);
    free(timers);
}

static void swap(struct entry *a, struct entry *b)
{
    struct entry kept = *a;
    *a = *b;
    *b = kept;
}

void timers_add(struct timers *timers, int64_t unix_ms, timers_fn *due, void *ctx, int64_t object)
{
    if (timers->count == timers->capacity) {
        timers->capacity = timers->capacity == 0 ? 64 : timers->capacity * 2;
        timers->heap = realloc(timers->heap, timers->capacity * sizeof *timers->heap);
        if (timers->heap == NULL)
            bug("out of memory");
    }
    size_t at = timers->count++;
    timers->heap[at] = (struct entry){unix_ms, due, ctx, object};
    while (at > 0 && timers->heap[at].unix_ms < timers->heap[(at - 1) / 2].unix_ms) {
        swap(&timers->heap[at], &timers->heap[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
}

int64_t timers_next_ms(const struct timers *timers)
{
    return timers->count == 0 ? INT64_MAX : timers->heap[0].unix_ms;
}

static struct entry pop(struct timers *timers)
{
    struct entry top = timers->heap[0];
    timers->heap[0] = timers->heap[--timers->count];
    for (size_t at = 0;;) {
        size_t left = 2 * at + 1, least = at;
        if (left < timers->count && timers->heap[left].unix_ms < timers->heap[least].unix_ms)
            least = left;
        if (left + 1 < timers->count && timers->heap[left + 1].unix_ms < timers->heap[least].unix_ms)
            least = left + 1;
        if (least == at)
            return top;
        swap(&timers->heap[at], &timers->heap[least]);
        at = least;
    }
}

void timers_run(struct timers *timers, int64_t unix_ms, size_t max)
{
    for (size_t i = 0; i < max && timers->count > 0 && timers->heap[0].unix_ms <= unix_ms; i++) {
        struct entry entry = pop(timers);
        entry.due(entry.ctx, entry.object);
    }
}
