/* Each function here does the same thing twice: to what is loaded, for the next event of the batch, and as an effect,
 * for the database. Prices and counts are read from the catalogue at that moment, never from a message or button. */
#include "core/record.h"

#include <stdlib.h>
#include <string.h>

void record_consent(struct turn *turn)
{
    turn->chat->user.consent = turn->rules->consent_version;
    turn_effect(turn, EFFECT_CONSENT)->number = turn->rules->consent_version;
}

void record_contact(struct turn *turn, const char *contact)
{
    turn->chat->user.contact = contact;
    turn_effect(turn, EFFECT_CONTACT)->text = contact;
}

void record_avatar(struct turn *turn, const char *name)
{
    struct chat *chat = turn->chat;
    if (chat->avatar_count == CHAT_AVATARS_MAX)
        abort();
    struct avatar *avatar = &chat->avatars[chat->avatar_count++];
    *avatar = (struct avatar){.id = turn_new_id(turn, ID_AVATAR), .name = name};
    struct effect *effect = turn_effect(turn, EFFECT_AVATAR_CREATE);
    effect->object = avatar->id;
    effect->text = name;
    chat->session.avatar_id = avatar->id;
    chat->refusal_count = 0;
    chat->intake_count = 0;
}

void record_avatar_name(struct turn *turn, struct avatar *avatar, const char *name)
{
    avatar->name = name;
    struct effect *effect = turn_effect(turn, EFFECT_AVATAR_RENAME);
    effect->object = avatar->id;
    effect->text = name;
}

void record_avatar_delete(struct turn *turn, struct avatar *avatar)
{
    struct chat *chat = turn->chat;
    turn_effect(turn, EFFECT_AVATAR_DELETE)->object = avatar->id;
    if (chat->session.avatar_id == avatar->id)
        chat->session.avatar_id = 0;
    size_t at = (size_t)(avatar - chat->avatars);
    memmove(avatar, avatar + 1, (chat->avatar_count - at - 1) * sizeof *avatar);
    chat->avatar_count--;
}

void record_photo(struct turn *turn, struct avatar *avatar)
{
    struct effect *effect = turn_effect(turn, EFFECT_PHOTO_ADD);
    effect->object = turn_new_id(turn, ID_OWN);
    effect->other = avatar->id;
    effect->number = ++turn->chat->intake_count;
    effect->file = &turn->event->file;
    avatar->pending++;
}

void record_photo_drop(struct turn *turn, struct avatar *avatar)
{
    turn_effect(turn, EFFECT_PHOTO_DROP)->other = avatar->id;
    if (avatar->good > 0)
        avatar->good--;
}

void record_photos_clear(struct turn *turn, struct avatar *avatar)
{
    turn_effect(turn, EFFECT_PHOTOS_CLEAR)->other = avatar->id;
    avatar->good = 0;
    avatar->pending = 0;
    turn->chat->refusal_count = 0;
    turn->chat->intake_count = 0;
}

void record_order(struct turn *turn, const struct style *style)
{
    struct chat *chat = turn->chat;
    chat->order = (struct order){.id = turn_new_id(turn, ID_OWN),
                                 .status = ORDER_AWAITING,
                                 .avatar_id = chat->session.avatar_id,
                                 .style_id = style->id,
                                 .price_kopecks = style->price_kopecks,
                                 .photo_count = style->photo_count};
    chat->session.order_id = chat->order.id;
    struct effect *effect = turn_effect(turn, EFFECT_ORDER_CREATE);
    effect->object = chat->order.id;
    effect->other = chat->order.avatar_id;
    effect->text = style->id;
    effect->number = style->price_kopecks;
    effect->count = style->photo_count;
}

void record_order_cancel(struct turn *turn)
{
    struct chat *chat = turn->chat;
    if (chat->order.id == 0 || chat->order.status != ORDER_AWAITING)
        return;
    chat->order.status = ORDER_CANCELED;
    turn_effect(turn, EFFECT_ORDER_CANCEL)->object = chat->order.id;
}
