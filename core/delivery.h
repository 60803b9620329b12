/* Planning how a set reaches the chat: in order, in albums of up to ten, each photo once. Pure arithmetic on the
 * states of the job's shots. */
#ifndef CORE_DELIVERY_H
#define CORE_DELIVERY_H

#include "core/step.h"

/* Emits an album for every full run of ten photos that can go now, and the rest once nothing is waiting any more;
 * marks them queued. A photo that failed for good is passed over, so it never holds up the others. */
void delivery_plan(struct step *step, struct job *job);
/* Emits all sent photos of the job again, in order. files = as documents, the originals. */
void delivery_repeat(struct step *step, struct job *job, bool files);
/* Has every photo that could be made reached the chat? */
bool delivery_complete(const struct job *job);

/* Writes what became of a finished set, and where to go from there, to the screen being shown. */
void delivery_result(struct step *step, const struct job *job);

/* "▓▓▓▓░░░░" for done of total. */
const char *delivery_bar(struct arena *arena, int32_t done, int32_t total);

#endif
