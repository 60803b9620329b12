/* What the governor is made of: token buckets in integers (millionths of a token, so fractional rates add up exactly),
 * and binary heaps, by time for those who sleep, by number for those in line: whoever leaves a line for a while comes
 * back to the same place. A node is in one heap at most. Must not know what its nodes are. */
#include "bot/services/telegram/waiting.h"

#include <stdlib.h>

#include "core/bug.h"

/* ---- token buckets ---- */

void waiting_refill(struct waiting_bucket *bucket, int64_t rate, int64_t cap, int64_t now_ms)
{
    int64_t missing = cap - bucket->micro, passed = now_ms - bucket->at_ms;
    if (passed <= 0)
        return;
    bucket->at_ms = now_ms;
    if (passed > missing / rate)
        bucket->micro = cap;
    else
        bucket->micro += passed * rate;
}

int64_t waiting_filled_at(const struct waiting_bucket *bucket, int64_t rate, int64_t want)
{
    int64_t missing = want - bucket->micro;
    return missing <= 0 ? bucket->at_ms : bucket->at_ms + (missing + rate - 1) / rate;
}

/* ---- heaps ---- */

static void heap_put(struct waiting_heap *heap, size_t at, struct waiting_node *node)
{
    heap->nodes[at] = node;
    node->at = at;
}

static void heap_settle(struct waiting_heap *heap, size_t at)
{
    struct waiting_node **nodes = heap->nodes, *node = nodes[at];
    for (; at > 1 && nodes[at / 2]->key > node->key; at /= 2)
        heap_put(heap, at, nodes[at / 2]);
    for (;;) {
        size_t child = at * 2;
        if (child < heap->count && nodes[child + 1]->key < nodes[child]->key)
            child++;
        if (child > heap->count || nodes[child]->key >= node->key)
            break;
        heap_put(heap, at, nodes[child]);
        at = child;
    }
    heap_put(heap, at, node);
}

void waiting_join(struct waiting_heap *heap, struct waiting_node *node, int64_t key)
{
    waiting_leave(node);
    if (heap->count + 2 > heap->capacity) {
        heap->capacity = heap->capacity == 0 ? 64 : heap->capacity * 2;
        heap->nodes = realloc(heap->nodes, heap->capacity * sizeof *heap->nodes);
        if (heap->nodes == NULL)
            bug("out of memory");
    }
    node->heap = heap;
    node->key = key;
    heap_put(heap, ++heap->count, node);
    heap_settle(heap, heap->count);
}

void waiting_leave(struct waiting_node *node)
{
    struct waiting_heap *heap = node->heap;
    if (heap == NULL)
        return;
    size_t at = node->at;
    struct waiting_node *last = heap->nodes[heap->count--];
    node->heap = NULL;
    if (last != node) {
        heap_put(heap, at, last);
        heap_settle(heap, at);
    }
}

struct waiting_node *waiting_first(const struct waiting_heap *heap)
{
    return heap->count > 0 ? heap->nodes[1] : NULL;
}

void waiting_heap_done(struct waiting_heap *heap)
{
    free(heap->nodes);
    *heap = (struct waiting_heap){0};
}
