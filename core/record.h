/* Changes of records: each mends the loaded chat and emits the effect that writes the same to the database, so that
 * the two can't drift apart. */
#ifndef CORE_RECORD_H
#define CORE_RECORD_H

#include "core/turn.h"

void record_consent(struct turn *turn);
void record_contact(struct turn *turn, const char *contact);
/* Creates the avatar and makes it the session's. */
void record_avatar(struct turn *turn, const char *name);
void record_avatar_name(struct turn *turn, struct avatar *avatar, const char *name);
void record_avatar_delete(struct turn *turn, struct avatar *avatar);
/* Takes the event's file as a reference photo of the avatar, to be fetched and examined. */
void record_photo(struct turn *turn, struct avatar *avatar);
void record_photo_drop(struct turn *turn, struct avatar *avatar);
void record_photos_clear(struct turn *turn, struct avatar *avatar);
/* Creates the order of the session's avatar and the style, makes it the session's, and asks for its payment. */
void record_order(struct turn *turn, const struct style *style);
void record_order_cancel(struct turn *turn);

#endif
