/* The needs. A state's own facts stand in its sheet, a place's in core/places.c, and what the engine does to anybody's
 * chat is here: a third surprise and a time limit lead to the menu, a consent may come in between, what is gone leads
 * to the list. */
#include "core/needs.h"

#include "core/commands.h"
#include "core/places.h"

static unsigned facts_of_press(const struct event *event, int64_t *ret_object)
{
    struct press press;
    if (press_parse(event->text, &press) != ERR_OK || !press_is_place(&press))
        return 0;
    *ret_object = press.object;
    return places_facts(press.action);
}

static unsigned facts_of_command(const struct event *event)
{
    const struct command *command = commands_find(event->command);
    return command == NULL ? 0 : places_facts(command->place);
}

int64_t needs_add(struct needs *needs, const struct event *event)
{
    enum voice voice = event_voice(event->kind);
    int64_t object = 0;
    if (voice == VOICE_CHAT)
        needs->facts |= NEEDS_ENGINE;
    if (event->kind == EVENT_BUTTON)
        needs->facts |= facts_of_press(event, &object);
    if (event->kind == EVENT_COMMAND)
        needs->facts |= facts_of_command(event);
    if (voice == VOICE_SETS || event->kind == EVENT_PAYMENT_SETTLED) { /* told wherever the user is: core/news.c */
        needs->facts |= FACT_JOB;
        object = voice == VOICE_SETS ? event->object : event->other;
    }
    needs->several = needs->several || (needs->voices != 0 && voice != VOICE_NONE);
    needs->voices |= voice;
    return object;
}

unsigned needs_of_state(const struct state *state)
{
    unsigned facts = FACT_HELD | state->facts; /* whoever goes to a state may be asked for a consent first */
    for (size_t i = 0; i < state->sheet->move_count; i++)
        if (state->sheet->moves[i].from == state)
            facts |= state->sheet->moves[i].to->facts;
    return facts;
}

unsigned needs_at_most(const struct needs *needs)
{
    unsigned facts = needs->facts;
    if (needs->voices == 0)
        return facts;
    for (const struct state *const *state = sheet_states(); *state != NULL; state++)
        if ((needs->voices & (*state)->hears) != 0 && (*state)->who <= needs->who)
            facts |= needs_of_state(*state);
    return facts | NEEDS_ENGINE | (needs->several ? FACTS_ALL : 0);
}

unsigned needs_of(const struct needs *needs, const struct session *session)
{
    bool met = session->state != NULL || session->version != 0;
    const struct state *state = met ? session->state : &state_welcome;
    unsigned facts = needs->facts;
    if (state == NULL && needs->voices != 0) /* of another version: the engine begins anew */
        return facts | (needs->several ? FACTS_ALL : NEEDS_ENGINE);
    if (state == NULL || (needs->voices & state->hears) == 0)
        return facts;
    facts |= needs_of_state(state);
    if (session->resume != NULL)
        facts |= needs_of_state(session->resume);
    return (needs->several ? facts | FACTS_ALL : facts) & needs_at_most(needs);
}
