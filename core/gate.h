/* What must be agreed to before the rest: which question is due, and what passes it. */
#ifndef CORE_GATE_H
#define CORE_GATE_H

#include "core/step.h"

/* What must be agreed to before anything else, or NULL: the offer, when its present version is new to the user; the use
 * of personal data, when it was agreed to in an older version. Who was never asked that is asked before photos. */
const struct state *gate_question(const struct step *step);
/* The question whose answer the held photos wait for; NULL: none do. */
const struct state *gate_of_photos(const struct step *step);
/* Questions that come in between, and what may be read before they are answered: nowhere to come back to. */
bool gate_is_between(const struct state *state);
/* Is the place open before anything is agreed to? */
bool gate_is_open(const char *place);
/* Does the event ask for a place that is always open? */
bool gate_lets_pass(const struct event *event);

#endif
