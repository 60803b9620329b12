/* What a person asks while the bot asks something else. Pure. */
#ifndef CORE_QUESTION_H
#define CORE_QUESTION_H

#include <stdbool.h>
#include "core/arena.h"

/* Is it about what something costs, in Russian or English? */
bool question_of_price(struct arena *arena, const char *text);

#endif
