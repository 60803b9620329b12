/* Places: what lasting buttons and commands name. */
#ifndef CORE_PLACES_H
#define CORE_PLACES_H

#include "core/step.h"

/* What it takes to go there, beside what any press or command takes (core/needs.c); 0 for a place there is not. */
unsigned places_facts(const char *place);
/* Goes to a place ("menu", "card" with an avatar …) and shows it, if it is open to this user now: all are when
 * everything is agreed to, help and the texts always. False if there is no such place for them or the object is not
 * theirs. */
bool places_go(struct step *step, const char *place, int64_t object);
/* Back to where the chat was before a consent was asked in between, if that is still there. */
void places_resume(struct step *step);

#endif
