/* The turn's arena. Blocks grow from 16 KiB; the first fit is always the newest block, so that an allocation is a
 * pointer bump. It must stay ignorant of what it holds: no destructors, no per-object frees. */
#include "core/arena.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/bug.h"

enum { BLOCK_BYTES = 16 * 1024, KEPT_BYTES = 64 * 1024, ALIGN = _Alignof(max_align_t), GROW_FIRST = 2 };

struct arena_block {
    struct arena_block *next;
    size_t size;
    size_t used;
    _Alignas(max_align_t) unsigned char data[];
};

void arena_init(struct arena *arena)
{
    arena->head = NULL;
    arena->used_bytes = 0;
}

static void free_blocks(struct arena_block *block)
{
    while (block != NULL) {
        struct arena_block *next = block->next;
        free(block);
        block = next;
    }
}

void arena_done(struct arena *arena)
{
    free_blocks(arena->head);
    arena_init(arena);
}

void arena_reset(struct arena *arena)
{
    struct arena_block *keep = arena->head;
    arena->used_bytes = 0;
    if (keep == NULL)
        return;
    free_blocks(keep->next);
    keep->next = NULL;
    if (keep->size > KEPT_BYTES) {
        free(keep);
        arena->head = NULL;
        return;
    }
    keep->used = 0;
}

void *arena_alloc(struct arena *arena, size_t bytes)
{
    struct arena_block *block = arena->head;
    if (bytes > SIZE_MAX / 2)
        bug("an allocation of more than half the address space");
    size_t need = (bytes + ALIGN - 1) / ALIGN * ALIGN;
    if (block == NULL || block->size - block->used < need) {
        size_t size = need > BLOCK_BYTES ? need : BLOCK_BYTES;
        block = malloc(sizeof *block + size);
        if (block == NULL)
            bug("out of memory");
        block->next = arena->head;
        block->size = size;
        block->used = 0;
        arena->head = block;
    }
    void *memory = block->data + block->used;
    block->used += need;
    arena->used_bytes += need;
    return memset(memory, 0, need);
}

void *arena_array(struct arena *arena, size_t count, size_t bytes)
{
    if (bytes != 0 && count > SIZE_MAX / bytes)
        bug("an array larger than the address space");
    return arena_alloc(arena, count * bytes);
}

char *arena_copy_n(struct arena *arena, const char *text, size_t length)
{
    char *copy = arena_alloc(arena, length + 1);
    if (length > 0)
        memcpy(copy, text, length);
    return copy;
}

void *arena_grow(struct arena *arena, void *list, size_t count, size_t *capacity, size_t bytes)
{
    if (count == *capacity) {
        size_t grown = *capacity == 0 ? GROW_FIRST : *capacity * 2;
        void *copy = arena_array(arena, grown, bytes);
        if (count > 0)
            memcpy(copy, list, count * bytes);
        *capacity = grown;
        return copy;
    }
    memset((char *)list + count * bytes, 0, bytes); /* one may have been taken off before */
    return list;
}

char *arena_copy(struct arena *arena, const char *text)
{
    return text == NULL ? NULL : arena_copy_n(arena, text, strlen(text));
}

char *arena_vformat(struct arena *arena, const char *format, va_list args)
{
    va_list again;
    va_copy(again, args);
    int length = vsnprintf(NULL, 0, format, args);
    if (length < 0)
        bug("a format that can't be formatted");
    char *text = arena_alloc(arena, (size_t)length + 1);
    (void)vsnprintf(text, (size_t)length + 1, format, again);
    va_end(again);
    return text;
}

char *arena_format(struct arena *arena, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char *text = arena_vformat(arena, format, args);
    va_end(args);
    return text;
}
