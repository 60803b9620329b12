/* A binary heap of waiting requests by due time.
 *
 * Each request knows its place (heap_at, counted from 1), so a wait can be taken out in the middle; thousands of
 * delayed answers may stand here during a load test. It must not answer anything itself: http.c does.
 */
#include "tests/sandbox/wait.h"

static void put(struct sandbox *sb, size_t at, struct request *request)
{
    sb->heap[at] = request;
    request->heap_at = at + 1;
}

static void sift(struct sandbox *sb, size_t at)
{
    struct request *request = sb->heap[at];
    while (at > 0 && sb->heap[(at - 1) / 2]->due_ms > request->due_ms) {
        put(sb, at, sb->heap[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
    for (;;) {
        size_t child = 2 * at + 1;
        if (child + 1 < sb->heap_count && sb->heap[child + 1]->due_ms < sb->heap[child]->due_ms)
            child++;
        if (child >= sb->heap_count || sb->heap[child]->due_ms >= request->due_ms)
            break;
        put(sb, at, sb->heap[child]);
        at = child;
    }
    put(sb, at, request);
}

void wait_add(struct sandbox *sb, struct request *request)
{
    if (sb->heap_count == sb->heap_room) {
        sb->heap_room = sb->heap_room == 0 ? 64 : sb->heap_room * 2;
        sb->heap = mem_grow(sb->heap, sb->heap_room * sizeof(sb->heap[0]));
    }
    put(sb, sb->heap_count++, request);
    sift(sb, sb->heap_count - 1);
}

void wait_remove(struct sandbox *sb, struct request *request)
{
    if (request->heap_at == 0)
        return;
    size_t at = request->heap_at - 1;
    struct request *last = sb->heap[--sb->heap_count];
    request->heap_at = 0;
    if (last != request) {
        put(sb, at, last);
        sift(sb, at);
    }
}
