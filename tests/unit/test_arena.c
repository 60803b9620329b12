/* The arena: alignment, zeroing, growth, reuse after a reset. */
#include <stdint.h>
#include "core/arena.h"
#include "tests/check.h"

int main(void)
{
    struct arena arena;
    arena_init(&arena);
    for (size_t i = 0; i < 2000; i++) {
        unsigned char *memory = arena_alloc(&arena, i);
        CHECK_INT((uintptr_t)memory % _Alignof(max_align_t), 0);
        for (size_t k = 0; k < i; k++)
            CHECK_INT(memory[k], 0);
        memset(memory, 0xff, i);
        if (i % 500 == 0)
            arena_reset(&arena);
    }
    CHECK_TEXT(arena_format(&arena, "%s %d", "photo", 23), "photo 23");
    CHECK(arena_copy(&arena, NULL) == NULL);
    CHECK_TEXT(arena_copy_n(&arena, "abcdef", 3), "abc");
    arena_done(&arena);
    arena_done(&arena);
    return 0;
}
