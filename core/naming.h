/* Names of avatars: what is typed, and what is taken when nothing is. */
#ifndef CORE_NAMING_H
#define CORE_NAMING_H

#include "core/step.h"

/* Reads the name that was typed, or the "yes" to the question about it, into step->name. False: it is none; the screen
 * is to be shown again, with a hint or the question (naming_show). */
bool naming_read(struct step *step);
/* Does what was typed ask something rather than name? Then the price is put as the hint. */
bool naming_is_question(struct step *step);
/* Shows the question about what was typed; false if there is nothing to ask. */
bool naming_show(struct step *step);
/* "Avatar 2": none of the user's avatars is called so. */
const char *naming_default(struct step *step);
/* The sender's own name, or the default if that is no name or taken. */
const char *naming_own(struct step *step);

#endif
