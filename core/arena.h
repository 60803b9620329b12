/* A bump allocator for the life of one step. Everything allocated from it dies at once with arena_reset or
 * arena_done; nothing is freed one by one. Out of memory aborts: Postgres holds the truth and the service
 * manager restarts the daemon. Memory is zeroed and aligned for any object. */
#ifndef CORE_ARENA_H
#define CORE_ARENA_H

#include <stdarg.h>
#include <stddef.h>
#include "core/err.h"

struct arena_block;
struct arena {
    struct arena_block *head; /* newest block first */
    size_t used_bytes;        /* handed out since the last reset, for tests and for shrinking */
};

void arena_init(struct arena *arena);
void arena_done(struct arena *arena);  /* accepts a done arena */
void arena_reset(struct arena *arena); /* keeps one block of at most 64 KiB for the next turn */

/* Zeroed memory; bytes may be 0. Never NULL. */
void *arena_alloc(struct arena *arena, size_t bytes);
/* count × bytes with an overflow check (aborts). */
void *arena_array(struct arena *arena, size_t count, size_t bytes);
/* A list of count elements with room for one more, zeroed at the end: the list itself, or a copy twice as large. */
void *arena_grow(struct arena *arena, void *list, size_t count, size_t *capacity, size_t bytes);
char *arena_copy(struct arena *arena, const char *text);                  /* NULL gives NULL */
char *arena_copy_n(struct arena *arena, const char *text, size_t length); /* adds the final 0 */
char *arena_format(struct arena *arena, const char *format, ...) PRINTF_LIKE(2, 3);
char *arena_vformat(struct arena *arena, const char *format, va_list args) PRINTF_LIKE(2, 0);

#endif
