/* What must be agreed to before the rest. The offer, and consent to the use of personal data if it was given to an
 * older text, stand before everything; help and the texts themselves can be read all the same. The first consent to the
 * use of data is asked when photos are, or came, and, where it is missing or was ended, before a set is ordered of the
 * photos that are there. Whoever is asked in between goes on from where they were. */
#include "core/gate.h"

#include <string.h>

#include "core/engine.h"
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
    if (step->chat->held_count == 0 || record_may_keep(step))
        return NULL;
    const struct state *first = gate_question(step);
    return first != NULL ? first : &state_consent;
}

bool gate_is_between(const struct state *state)
{
    return state == &state_welcome || state == &state_consent || state == &state_help;
}

void gate_put(struct step *step, const struct state *question)
{
    struct session *session = &step->chat->session;
    if (!gate_is_between(session->state))
        session->resume = session->state;
    engine_stand(step, question);
    session->refresh_at_ms = 0;
}

static bool is_open(const char *place)
{
    return strcmp(place, "help") == 0 || strcmp(place, "terms") == 0 || strcmp(place, "privacy") == 0;
}

bool gate_go(struct step *step, const char *place, int64_t object)
{
    const struct state *first = gate_question(step);
    if (first != NULL && !is_open(place))
        return false;
    if (first != NULL)
        gate_put(step, first); /* where they were is kept */
    return engine_go(step, place, object);
}

bool gate_lets_pass(const struct event *event)
{
    struct press press;
    if (event->kind == EVENT_COMMAND)
        return is_open(event->command);
    return event->kind == EVENT_BUTTON && press_parse(event->text, &press) == ERR_OK && press_is_place(&press) &&
           is_open(press.action);
}
