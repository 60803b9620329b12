/* Each function here does the same thing twice: to what is loaded, for the next event of the batch, and as an effect,
 * for the database. Prices and counts are read from the catalogue at that moment, never from a message or button. */
#include "core/record.h"

#include <stdlib.h>
#include <string.h>

void record_consent(struct turn *turn, enum consent consent, bool given, const char *words)
{
    int32_t version = turn->rules->consents[consent];
    turn->chat->user.consents[consent] = given ? version : 0;
    struct effect *effect = turn_effect(turn, EFFECT_CONSENT);
    effect->object = consent;
    effect->number = version;
    effect->flag = given;
    effect->text = words;
    effect->id = lang_code(turn->chat->session.lang);
}

bool record_may_keep(const struct turn *turn)
{
    bool may = true;
    for (int i = 0; i < CONSENT_COUNT; i++)
        may = may && turn->chat->user.consents[i] >= turn->rules->consents[i];
    return may;
}

void record_contact(struct turn *turn, const char *contact)
{
    turn->chat->user.contact = contact;
    turn_effect(turn, EFFECT_CONTACT)->text = contact;
}

struct avatar *record_avatar_blank(const struct turn *turn)
{
    struct chat *chat = turn->chat;
    for (size_t i = 0; i < chat->avatar_count; i++) {
        struct avatar *avatar = &chat->avatars[i];
        if (avatar->status == AVATAR_DRAFT && avatar->sent == 0 && avatar->made == 0 && !avatar->touched)
            return avatar;
    }
    return NULL;
}

bool record_avatar_fits(const struct turn *turn)
{
    size_t count = turn->chat->avatar_count;
    return (count < (size_t)turn->rules->avatars_max && count < CHAT_AVATARS_MAX) || record_avatar_blank(turn) != NULL;
}

static struct avatar *create(struct turn *turn, const char *name)
{
    struct chat *chat = turn->chat;
    if (chat->avatar_count == CHAT_AVATARS_MAX)
        abort();
    struct avatar *avatar = &chat->avatars[chat->avatar_count++];
    *avatar = (struct avatar){.id = turn_new_id(turn, ID_AVATAR), .name = name};
    struct effect *effect = turn_effect(turn, EFFECT_AVATAR_CREATE);
    effect->object = avatar->id;
    effect->text = name;
    return avatar;
}

void record_avatar(struct turn *turn, const char *name)
{
    struct avatar *avatar = record_avatar_blank(turn);
    if (avatar == NULL)
        avatar = create(turn, name);
    else if (strcmp(avatar->name, name) != 0)
        record_avatar_name(turn, avatar, name);
    turn->chat->session.avatar_id = avatar->id;
    turn->chat->session.from_card = false;
    turn->chat->refusal_count = 0;
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

/* id: of a photo that was held; 0 = a new one. */
static void add_photo(struct turn *turn, struct avatar *avatar, int64_t id, const struct event_file *file)
{
    if (avatar->good + avatar->pending >= turn->rules->photos_max) {
        turn->chat->session.over++;
        return;
    }
    struct effect *effect = turn_effect(turn, EFFECT_PHOTO_ADD);
    effect->object = id != 0 ? id : turn_new_id(turn, ID_OWN);
    effect->other = avatar->id;
    effect->number = ++avatar->sent;
    effect->file = file;
    avatar->pending++;
}

static void show_after_album(struct turn *turn)
{
    turn->chat->session.refresh_at_ms = turn->now_ms + turn->rules->album_wait_ms;
    turn->later = true;
}

void record_photo(struct turn *turn, struct avatar *avatar)
{
    show_after_album(turn);
    if (record_may_keep(turn))
        add_photo(turn, avatar, 0, &turn->event->file);
    else
        record_photo_hold(turn);
}

void record_photo_hold(struct turn *turn)
{
    struct chat *chat = turn->chat;
    show_after_album(turn);
    if (chat->held_count == CHAT_HELD_MAX)
        return; /* more than any avatar can have */
    if (chat->held == NULL)
        chat->held = arena_array(turn->arena, CHAT_HELD_MAX, sizeof *chat->held);
    struct held *held = &chat->held[chat->held_count++];
    *held = (struct held){turn_new_id(turn, ID_OWN), turn->event->file};
    struct effect *effect = turn_effect(turn, EFFECT_PHOTO_HOLD);
    effect->object = held->id;
    effect->file = &held->file;
}

void record_held_take(struct turn *turn, struct avatar *avatar)
{
    for (size_t i = 0; i < turn->chat->held_count; i++)
        add_photo(turn, avatar, turn->chat->held[i].id, &turn->chat->held[i].file);
    record_held_drop(turn);
}

void record_held_drop(struct turn *turn)
{
    if (turn->chat->held_count > 0)
        (void)turn_effect(turn, EFFECT_HELD_CLEAR);
    turn->chat->held_count = 0;
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
    avatar->sent = 0;
    turn->chat->refusal_count = 0;
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
    struct avatar *avatar = chat_avatar(chat, chat->order.avatar_id);
    if (avatar != NULL)
        avatar->touched = true;
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
