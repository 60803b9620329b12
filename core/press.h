/* What stands in a button: conversation state, session version, action and object, in at most 64 bytes.
 *   "photos:1a:done:0"   a button of state "photos", shown at version 0x1a
 *   "*:0:card:17"        a place to go, from any state and at any time
 * It comes back from a client that may be modified or from a message of last year, so it is parsed as hostile. */
#ifndef CORE_PRESS_H
#define CORE_PRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "core/arena.h"
#include "core/err.h"

enum { PRESS_ACTION_MAX_BYTES = 16, PRESS_STATE_MAX_BYTES = 24 };

struct press {
    char state[PRESS_STATE_MAX_BYTES + 1]; /* "*" = a place to go */
    char action[PRESS_ACTION_MAX_BYTES + 1];
    uint32_t version;
    int64_t object;
};

/* ERR_INVALID if the text is none of ours. */
enum err press_parse(const char *data, struct press *ret_press) MUST_CHECK;
/* The text of a press in the arena; aborts if it passes 64 bytes (a bug in a sheet). */
const char *press_format(struct arena *arena, const struct press *press);
bool press_is_place(const struct press *press);
bool press_is(const struct press *press, const char *action);

#endif
