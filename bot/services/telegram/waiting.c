/* What the governor is made of: token buckets in integers (millionths of a token, so fractional rates add up exactly),
 * a binary heap by time, and lists whose members can leave from the middle. A node is in one list or in the heap, never
 * both. Must not know what its nodes are. */
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

/* When the bucket will hold so much. */
int64_t waiting_filled_at(const struct waiting_bucket *bucket, int64_t rate, int64_t want)
{
    int64_t missing = want - bucket->micro;
    return missing <= 0 ? bucket->at_ms : bucket->at_ms + (missing + rate - 1) / rate;
}

/* ---- the heap of those who wait for a time ---- */

static void heap_put(struct waiting_heap *heap, size_t at, struct waiting_node *node)
{
    heap->nodes[at] = node;
    node->heap_at = at;
}

static void heap_settle(struct waiting_heap *heap, size_t at)
{
    struct waiting_node **nodes = heap->nodes, *node = nodes[at];
    for (; at > 1 && nodes[at / 2]->wake_ms > node->wake_ms; at /= 2)
        heap_put(heap, at, nodes[at / 2]);
    for (;;) {
        size_t child = at * 2;
        if (child < heap->count && nodes[child + 1]->wake_ms < nodes[child]->wake_ms)
            child++;
        if (child > heap->count || nodes[child]->wake_ms >= node->wake_ms)
            break;
        heap_put(heap, at, nodes[child]);
        at = child;
    }
    heap_put(heap, at, node);
}

void waiting_heap_add(struct waiting_heap *heap, struct waiting_node *node, int64_t wake_ms)
{
    if (heap->count + 2 > heap->capacity) {
        heap->capacity = heap->capacity == 0 ? 64 : heap->capacity * 2;
        heap->nodes = realloc(heap->nodes, heap->capacity * sizeof *heap->nodes);
        if (heap->nodes == NULL)
            bug("out of memory");
    }
    node->wake_ms = wake_ms;
    heap_put(heap, ++heap->count, node);
    heap_settle(heap, heap->count);
}

void waiting_heap_remove(struct waiting_heap *heap, struct waiting_node *node)
{
    size_t at = node->heap_at;
    struct waiting_node *last = heap->nodes[heap->count--];
    node->heap_at = 0;
    if (last != node) {
        heap_put(heap, at, last);
        heap_settle(heap, at);
    }
}

/* ---- the lists of those who could go now ---- */

void waiting_list_add(struct waiting_list *list, struct waiting_node *node)
{
    node->list = list;
    node->next = NULL;
    node->previous = list->last;
    if (list->last != NULL)
        list->last->next = node;
    else
        list->first = node;
    list->last = node;
}

void waiting_unlink(struct waiting_heap *heap, struct waiting_node *node)
{
    struct waiting_list *list = node->list;
    if (node->heap_at != 0)
        waiting_heap_remove(heap, node);
    if (list == NULL)
        return;
    if (node->previous != NULL)
        node->previous->next = node->next;
    else
        list->first = node->next;
    if (node->next != NULL)
        node->next->previous = node->previous;
    else
        list->last = node->previous;
    node->list = NULL;
}

void waiting_heap_done(struct waiting_heap *heap)
{
    free(heap->nodes);
    *heap = (struct waiting_heap){0};
}
