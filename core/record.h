/* Changes of records: each mends the loaded chat and emits the effect that writes the same to the database, so that
 * the two can't drift apart. */
#ifndef CORE_RECORD_H
#define CORE_RECORD_H

#include "core/offer.h"
#include "core/step.h"

/* Agreed to the version now in force, or not to be had: words is the text as it was shown. */
void record_consent(struct step *step, enum consent consent, bool given, const char *words);
/* May photos be kept: is everything agreed to that they need? */
bool record_may_keep(const struct step *step);
void record_contact(struct step *step, const char *contact);
/* A draft that nothing was ever sent to: it serves as a new avatar. NULL if there is none. */
struct avatar *record_avatar_blank(const struct step *step);
/* Is there room for one more avatar? */
bool record_avatar_fits(const struct step *step);
/* Creates the avatar, or takes an empty draft, and makes it the session's. */
void record_avatar(struct step *step, const char *name);
void record_avatar_name(struct step *step, struct avatar *avatar, const char *name);
void record_avatar_delete(struct step *step, struct avatar *avatar);
/* Takes the event's file as a reference photo of the avatar, to be fetched and examined, or counts it as one too many;
 * holds it if it may not be kept yet. Asks to be shown again once the album has ended. */
void record_photo(struct step *step, struct avatar *avatar);
/* Holds the event's file until it may be kept, and asks to be shown again likewise. */
void record_photo_hold(struct step *step);
/* The held photos become the avatar's. */
void record_held_take(struct step *step, struct avatar *avatar);
/* The held photos are not wanted any more. */
void record_held_drop(struct step *step);
/* The last good photo of the avatar, if it has one. */
void record_photo_drop(struct step *step, struct avatar *avatar);
void record_photos_clear(struct step *step, struct avatar *avatar);
/* What was refused is told, or is another avatar's. */
void record_refusals_forget(struct step *step);
/* The style the conversation is about. */
void record_style_choice(struct step *step, const char *style_id);
/* Creates the order of the session's avatar and what is offered, and makes it the session's. Its payment is asked for,
 * or, if it costs nothing, its set is given. */
void record_order(struct step *step, const struct offer *offer);
/* The session turns to one of the chat's open orders. */
void record_order_take(struct step *step, const struct order *order);
void record_order_cancel(struct step *step);
/* What the event says of stars: nothing of it is judged here, that is the settlement's. */
void record_stars(struct step *step);
/* The result of the set is being told. */
void record_job_finished(struct step *step, struct job *job);

#endif
