/* Changes of records: each mends the loaded chat and emits the effect that writes the same to the database, so that
 * the two can't drift apart. */
#ifndef CORE_RECORD_H
#define CORE_RECORD_H

#include "core/turn.h"

/* Agreed to the version now in force, or not to be had: words is the text as it was shown. */
void record_consent(struct turn *turn, enum consent consent, bool given, const char *words);
/* May photos be kept: is everything agreed to that they need? */
bool record_may_keep(const struct turn *turn);
void record_contact(struct turn *turn, const char *contact);
/* A draft that nothing was ever sent to: it serves as a new avatar. NULL if there is none. */
struct avatar *record_avatar_blank(const struct turn *turn);
/* Is there room for one more avatar? */
bool record_avatar_fits(const struct turn *turn);
/* Creates the avatar, or takes an empty draft, and makes it the session's. */
void record_avatar(struct turn *turn, const char *name);
void record_avatar_name(struct turn *turn, struct avatar *avatar, const char *name);
void record_avatar_delete(struct turn *turn, struct avatar *avatar);
/* Takes the event's file as a reference photo of the avatar, to be fetched and examined, or counts it as one too many;
 * holds it if it may not be kept yet. Asks to be shown again once the album has ended. */
void record_photo(struct turn *turn, struct avatar *avatar);
/* Holds the event's file until it may be kept, and asks to be shown again likewise. */
void record_photo_hold(struct turn *turn);
/* The held photos become the avatar's. */
void record_held_take(struct turn *turn, struct avatar *avatar);
/* The held photos are not wanted any more. */
void record_held_drop(struct turn *turn);
/* The last good photo of the avatar, if it has one. */
void record_photo_drop(struct turn *turn, struct avatar *avatar);
void record_photos_clear(struct turn *turn, struct avatar *avatar);
/* The style the conversation is about. */
void record_style_choice(struct turn *turn, const char *style_id);
/* Creates the order of the session's avatar and the style, makes it the session's, and asks for its payment. */
void record_order(struct turn *turn, const struct style *style);
void record_order_cancel(struct turn *turn);
/* The result of the set is being told. */
void record_job_finished(struct turn *turn, struct job *job);

#endif
