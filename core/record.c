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

bool record_avatar_fits(const struct turn *turn)
{
    size_t count = turn->chat->avatar_count;
    return count < (size_t)turn->rules->avatars_max && count < CHAT_AVATARS_MAX;
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

/* Its sets go with it, and so does an order of it that nobody paid: its link is not offered any more. */
static void forget_sets(struct turn *turn, int64_t avatar_id)
{
    struct chat *chat = turn->chat;
    size_t kept = 0;
    for (size_t i = 0; i < chat->job_count; i++)
        if (chat->jobs[i].avatar_id != avatar_id)
            chat->jobs[kept++] = chat->jobs[i];
    chat->job_count = kept;
    if (chat->order.avatar_id == avatar_id)
        record_order_cancel(turn);
}

void record_avatar_delete(struct turn *turn, struct avatar *avatar)
{
    struct chat *chat = turn->chat;
    forget_sets(turn, avatar->id);
    turn_effect(turn, EFFECT_AVATAR_DELETE)->object = avatar->id;
    if (chat->session.avatar_id == avatar->id)
        chat->session.avatar_id = 0;
    size_t at = (size_t)(avatar - chat->avatars);
    memmove(avatar, avatar + 1, (chat->avatar_count - at - 1) * sizeof *avatar);
    chat->avatar_count--;
}

void record_photo(struct turn *turn, struct avatar *avatar)
{
    turn->chat->session.refresh_at_ms = turn->now_ms + turn->rules->album_wait_ms;
    if (avatar->good + avatar->pending >= turn->rules->photos_max) {
        turn->chat->session.over++;
        return;
    }
    struct effect *effect = turn_effect(turn, EFFECT_PHOTO_ADD);
    effect->object = turn_new_id(turn, ID_OWN);
    effect->other = avatar->id;
    effect->number = ++turn->chat->intake_count;
    effect->file = &turn->event->file;
    avatar->pending++;
}

void record_photo_drop(struct turn *turn, struct avatar *avatar)
{
    if (avatar->good == 0)
        return;
    turn_effect(turn, EFFECT_PHOTO_DROP)->other = avatar->id;
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

void record_style_choice(struct turn *turn, const char *style_id)
{
    char *kept = turn->chat->session.style_id;
    size_t length = strlen(style_id);
    if (length > STYLE_ID_MAX_BYTES)
        abort();
    memset(kept, 0, STYLE_ID_MAX_BYTES + 1);
    memcpy(kept, style_id, length);
}

void record_order(struct turn *turn, const struct style *style)
{
    struct chat *chat = turn->chat;
    chat->order = (struct order){.id = turn_new_id(turn, ID_OWN),
                                 .status = ORDER_AWAITING,
                                 .avatar_id = chat->session.avatar_id,
                                 .style_id = style->id,
                                 .contact = chat->user.contact,
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

void record_job_finished(struct turn *turn, struct job *job)
{
    job->finished = true;
    turn_effect(turn, EFFECT_JOB_FINISHED)->object = job->id;
}
