/* Photos that came before they were asked for: which avatar takes them. */
#ifndef CORE_TAKING_H
#define CORE_TAKING_H

#include "core/step.h"

/* Is there an avatar they could stand in, or room for one? go_on: an unfinished one may go on. */
bool taking_has_room(const struct step *step, bool go_on);
/* Takes the event's photo into that avatar, which becomes the session's. There must be room. */
void taking_photo(struct step *step, bool go_on);
/* Can the held photos stand somewhere? */
bool taking_held_has_room(const struct step *step);
/* Takes the held photos, if there are any. There must be room. */
void taking_held(struct step *step);

#endif
