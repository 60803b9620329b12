/* Chance that a seed repeats: xorshift. */
#ifndef TESTS_SYSTEM_DICE_H
#define TESTS_SYSTEM_DICE_H

#include <stdint.h>

struct dice {
    uint64_t state;
};

static inline struct dice dice_new(uint64_t seed)
{
    return (struct dice){(seed + 1) * 0x9e3779b97f4a7c15U | 1};
}

/* 0 … sides - 1 */
static inline int64_t dice_roll(struct dice *dice, int64_t sides)
{
    dice->state ^= dice->state << 13;
    dice->state ^= dice->state >> 7;
    dice->state ^= dice->state << 17;
    return (int64_t)((dice->state >> 11) % (uint64_t)sides);
}

#endif
