/* Where a chat stands: going to a state, a question that comes in between, and the state's question on the screen. */
#ifndef CORE_STAND_H
#define CORE_STAND_H

#include "core/step.h"

struct move; /* core/sheet.h */

/* Goes to a state from wherever the chat is, and begins there anew: version up, time limit set, counters cleared, the
 * form emptied. Shows nothing by itself. */
void stand_enter(struct step *step, const struct state *state);
/* The same by a move of a sheet: within its conversation the form stays. */
void stand_move(struct step *step, const struct move *move);
/* The same without forgetting anything of the session: for a question that comes in between, and back from it. */
void stand_at(struct step *step, const struct state *state);
/* Puts the question in between: where the chat was is kept in session.resume. */
void stand_between(struct step *step, const struct state *question);
/* No photo is asked for that may not be kept, and no set is offered of those that may not be used: the consent comes in
 * between. */
void stand_ask_before_photos(struct step *step);
/* Renders the state's question as the screen. again: the same question as before, so the old copy of it may go. */
void stand_show(struct step *step, bool again);

#endif
