/* The step: what one event does to one chat. Pure: the same chat, event, rules, time and ids give the same chat and
 * effects. Never fails: whatever a user or a stranger sends has an answer. */
#ifndef CORE_ENGINE_H
#define CORE_ENGINE_H

#include "core/step.h"

/* step: arena, rules, now_ms, chat, event, effects and ids set, the rest zero. Changes *step->chat and appends to
 * *step->effects. */
void engine_step(struct step *step);

/* Goes to a state from wherever the chat is: version up, time limit set, counters cleared. Shows nothing by itself. */
void engine_enter(struct step *step, const struct state *state);
/* The same without forgetting anything of the session: for a question that comes in between, and back from it. */
void engine_stand(struct step *step, const struct state *state);
/* Back to where the chat was before a consent was asked in between, if that is still there. (core/places.c) */
void engine_resume(struct step *step);
/* Renders the state's question as the screen; before photos are asked for, the consent they need. */
void engine_show(struct step *step);

/* A place named by a lasting button or a command ("menu", "card" with an avatar …): goes there and shows it.
 * False if there is no such place or the object is not this user's. (core/places.c) */
bool engine_go(struct step *step, const char *place, int64_t object);
/* The place that a command leads to, or NULL. (core/places.c) */
const char *engine_place_of(const char *command);
/* News from outside (a payment, a job) that the current state did not take. (core/news.c) */
void engine_news(struct step *step);

enum { ENGINE_MISSES_MAX = 3 };

static inline bool engine_is_photo(const struct event *event)
{
    return event->kind == EVENT_PHOTO || event->kind == EVENT_DOCUMENT;
}

/* Is it news from outside, not something the user did? */
static inline bool engine_is_news(const struct event *event)
{
    return event->kind >= EVENT_PHOTO_READY;
}

#endif
