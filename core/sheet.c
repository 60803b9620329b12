/* The list of all states: look-up by stored name. A name from an older or newer version that is not here makes the
 * engine restart politely at the menu. */
#include "core/sheet.h"

#include <string.h>

static const struct state *const states[] = {
#define LIST_STATE(id) &state_##id,
    ALL_STATES(LIST_STATE)
#undef LIST_STATE
        NULL};

const struct state *const *sheet_states(void)
{
    return states;
}

bool sheet_asks_contact(const struct state *state)
{
    return state == &state_contact || state == &state_receipt;
}

const struct state *sheet_state(const char *name)
{
    for (size_t i = 0; states[i] != NULL; i++)
        if (strcmp(states[i]->name, name) == 0)
            return states[i];
    return NULL;
}
