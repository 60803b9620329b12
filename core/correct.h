/* What an edit of words that were taken does, for the sheets' CORRECTIONS. */
#ifndef CORE_CORRECT_H
#define CORE_CORRECT_H

#include "core/step.h"

/* They were a contact for receipts. */
bool correct_contact(struct step *step);
/* They were an avatar's name. */
bool correct_name(struct step *step);

#endif
