/* The time as the loop read it last: once a round, for all. Parts keep a pointer and never ask the system. */
#ifndef BOT_BASE_CLOCK_H
#define BOT_BASE_CLOCK_H

#include <stdint.h>

struct clock {
    int64_t mono_ms; /* monotonic: for what is waited for in this life */
    int64_t unix_ms; /* wall clock, never set back within a life: for what is stored or told */
};

#endif
