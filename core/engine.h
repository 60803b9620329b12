/* The step: what one event does to one chat. Pure: the same chat, event, rules, time and ids give the same chat and
 * effects. Never fails: whatever a user or a stranger sends has an answer. */
#ifndef CORE_ENGINE_H
#define CORE_ENGINE_H

#include "core/step.h"

/* step: arena, rules, now_ms, chat, event, effects and ids set, the rest zero. Changes *step->chat and appends to
 * *step->effects. */
void engine_step(struct step *step);

/* News from outside (a payment, a job) that the current state did not take. (core/news.c) */
void engine_news(struct step *step);

enum { ENGINE_MISSES_MAX = 3 };

#endif
