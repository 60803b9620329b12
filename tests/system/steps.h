/* The named steps of the daemon, out of its sources, so that none can be forgotten; which were met with a kill; and
 * which to aim at next. */
#ifndef TESTS_SYSTEM_STEPS_H
#define TESTS_SYSTEM_STEPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { STEPS_MAX = 256, STEP_NAME_BYTES = 48 };

struct step {
    char name[STEP_NAME_BYTES];
    long kills, misses; /* hit; aimed at in vain */
};

struct steps {
    struct step list[STEPS_MAX];
    size_t count;
};

/* Reads every failpoint("…") of the folder bot, and the steps of its chores. Ends the program when there is none. */
void steps_find(struct steps *steps);
/* Keeps those whose names begin so, or those whose don't. */
void steps_part(struct steps *steps, const char *prefix, bool keep);
/* Can the step come now? */
typedef bool steps_open_fn(const void *context, const char *name);
/* The least met step that is open; NULL if there is none. */
struct step *steps_choose(struct steps *steps, steps_open_fn *open, const void *context, uint64_t random);
struct step *steps_named(struct steps *steps, const char *name);
long steps_kills(const struct steps *steps);
size_t steps_met(const struct steps *steps);

#endif
