/* What must be agreed to before the rest. The offer, and consent to the use of personal data if it was given to an
 * older text, stand before everything; help and the texts themselves can be read all the same. The first consent to the
 * use of data is asked when photos are, or came, and, where it is missing or was ended, before a set is ordered of the
 * photos that are there. Whoever is asked in between goes on from where they were. */
#include "core/gate.h"

#include <string.h>

#include "core/press.h"
#include "core/record.h"
#include "core/sheet.h"

const struct state *gate_question(const struct step *step)
{
    const int32_t *given = step->chat->user.consents, *wanted = step->rules->consents;
    if (given[CONSENT_OFFER] < wanted[CONSENT_OFFER])
        return &state_welcome;
    int32_t data = given[CONSENT_PERSONAL_DATA];
    return data != 0 && data < wanted[CONSENT_PERSONAL_DATA] ? &state_consent : NULL;
}

const struct state *gate_of_photos(const struct step *step)
{
    if (record_may_keep(step) || chat_held(step->chat)->count == 0)
        return NULL;
    const struct state *first = gate_question(step);
    return first != NULL ? first : &state_consent;
}

bool gate_is_between(const struct state *state)
{
    return state == &state_welcome || state == &state_consent || state == &state_help;
}

bool gate_is_open(const char *place)
{
    return strcmp(place, "help") == 0 || strcmp(place, "terms") == 0 || strcmp(place, "privacy") == 0;
}

bool gate_lets_pass(const struct event *event)
{
    struct press press;
    if (event->kind == EVENT_COMMAND)
        return gate_is_open(event->command);
    return event->kind == EVENT_BUTTON && press_parse(event->text, &press) == ERR_OK && press_is_place(&press) &&
           gate_is_open(press.action);
}
