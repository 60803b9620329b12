/* Each function here does the same thing twice: to what is loaded, for the next event of the batch, and as an effect,
 * for the database. Prices and counts are read from the catalogue at that moment, never from a message or button. */
#include "core/record.h"

#include <stdlib.h>
#include <string.h>

#include "core/bug.h"
#include "core/facts.h"

void record_consent(struct step *step, enum consent consent, bool given, const char *words)
{
    int32_t version = step->rules->consents[consent];
    step->chat->user.consents[consent] = given ? version : 0;
    struct effect *effect = step_effect(step, EFFECT_CONSENT);
    effect->consent.kind = consent;
    effect->consent.version = version;
    effect->consent.given = given;
    effect->consent.words = words;
    effect->consent.lang = lang_code(step->chat->session.lang);
}

bool record_may_keep(const struct step *step)
{
    bool may = true;
    for (int i = 0; i < CONSENT_COUNT; i++)
        may = may && step->chat->user.consents[i] >= step->rules->consents[i];
    return may;
}

void record_contact(struct step *step, const char *contact)
{
    step->chat->user.contact = contact;
    step_effect(step, EFFECT_CONTACT)->contact.contact = contact;
}

struct avatar *record_avatar_blank(const struct step *step)
{
    const struct avatars *avatars = chat_avatars(step->chat);
    for (size_t i = 0; i < avatars->count; i++) {
        struct avatar *avatar = &avatars->list[i];
        if (avatar->status == AVATAR_DRAFT && avatar->sent == 0 && avatar->made == 0 && !avatar->touched)
            return avatar;
    }
    return NULL;
}

bool record_avatar_fits(const struct step *step)
{
    size_t count = chat_avatars(step->chat)->count;
    return (count < (size_t)step->rules->avatars_max && count < CHAT_AVATARS_MAX) || record_avatar_blank(step) != NULL;
}

static struct avatar *create(struct step *step, const char *name)
{
    struct avatar *avatar = facts_add_avatar(step->chat->facts, step->arena);
    *avatar = (struct avatar){.id = step_new_id(step, ID_AVATAR), .name = name};
    struct effect *effect = step_effect(step, EFFECT_AVATAR_CREATE);
    effect->avatar_create.avatar_id = avatar->id;
    effect->avatar_create.name = name;
    return avatar;
}

void record_avatar(struct step *step, const char *name)
{
    struct avatar *avatar = record_avatar_blank(step);
    if (avatar == NULL)
        avatar = create(step, name);
    else if (strcmp(avatar->name, name) != 0)
        record_avatar_name(step, avatar, name);
    step->chat->session.avatar_id = avatar->id;
    step->chat->session.from_card = false;
    record_refusals_forget(step);
}

void record_avatar_name(struct step *step, struct avatar *avatar, const char *name)
{
    avatar->name = name;
    struct effect *effect = step_effect(step, EFFECT_AVATAR_RENAME);
    effect->avatar_rename.avatar_id = avatar->id;
    effect->avatar_rename.name = name;
}

/* Its sets go with it, and so does an order of it that nobody paid: its link is not offered any more. */
static void forget_sets(struct step *step, int64_t avatar_id)
{
    struct jobs *jobs = chat_jobs(step->chat);
    size_t kept = 0;
    for (size_t i = 0; i < jobs->count; i++)
        if (jobs->list[i].avatar_id != avatar_id)
            jobs->list[kept++] = jobs->list[i];
    jobs->count = kept;
    if (chat_order(step->chat)->avatar_id == avatar_id)
        record_order_cancel(step);
}

void record_avatar_delete(struct step *step, struct avatar *avatar)
{
    struct chat *chat = step->chat;
    struct avatars *avatars = chat_avatars(chat);
    step_effect(step, EFFECT_AVATAR_DELETE)->avatar_delete.avatar_id = avatar->id;
    forget_sets(step, avatar->id); /* an order is locked after its avatar, as the settlement does */
    if (chat->session.avatar_id == avatar->id)
        chat->session.avatar_id = 0;
    size_t at = (size_t)(avatar - avatars->list);
    memmove(avatar, avatar + 1, (avatars->count - at - 1) * sizeof *avatar);
    avatars->count--;
}

/* id: of a photo that was held; 0 = a new one. */
static void add_photo(struct step *step, struct avatar *avatar, int64_t id, const struct event_file *file)
{
    if (avatar->good + avatar->pending >= step->rules->photos_max) {
        step->chat->session.over++;
        return;
    }
    struct effect *effect = step_effect(step, EFFECT_PHOTO_ADD);
    effect->photo_add.intake_id = id != 0 ? id : step_new_id(step, ID_OWN);
    effect->photo_add.avatar_id = avatar->id;
    effect->photo_add.number = ++avatar->sent;
    effect->photo_add.file = file;
    avatar->pending++;
}

static void show_after_album(struct step *step)
{
    step->chat->session.refresh_at_ms = step->now_ms + step->rules->album_wait_ms;
    step->later = true;
}

void record_photo(struct step *step, struct avatar *avatar)
{
    show_after_album(step);
    if (record_may_keep(step))
        add_photo(step, avatar, 0, &step->event->file);
    else
        record_photo_hold(step);
}

void record_photo_hold(struct step *step)
{
    show_after_album(step);
    if (chat_held(step->chat)->count == CHAT_HELD_MAX)
        return; /* more than any avatar can have */
    struct held *held = facts_add_held(step->chat->facts, step->arena);
    *held = (struct held){step_new_id(step, ID_OWN), step->event->file};
    struct effect *effect = step_effect(step, EFFECT_PHOTO_HOLD);
    effect->photo_hold.held_id = held->id;
    effect->photo_hold.file = &held->file;
}

void record_held_take(struct step *step, struct avatar *avatar)
{
    const struct held_photos *held = chat_held(step->chat);
    for (size_t i = 0; i < held->count; i++)
        add_photo(step, avatar, held->list[i].id, &held->list[i].file);
    record_held_drop(step);
}

void record_held_drop(struct step *step)
{
    struct held_photos *held = chat_held(step->chat);
    if (held->count > 0)
        (void)step_effect(step, EFFECT_HELD_CLEAR);
    held->count = 0;
}

void record_photo_drop(struct step *step, struct avatar *avatar)
{
    if (avatar->good == 0)
        return;
    step_effect(step, EFFECT_PHOTO_DROP)->photo_drop.avatar_id = avatar->id;
    avatar->good--;
}

void record_photos_clear(struct step *step, struct avatar *avatar)
{
    step_effect(step, EFFECT_PHOTOS_CLEAR)->photos_clear.avatar_id = avatar->id;
    avatar->good = 0;
    avatar->pending = 0;
    avatar->sent = 0;
    record_refusals_forget(step);
}

void record_refusals_forget(struct step *step)
{
    step->chat->facts->refusals.count = 0;
}

void record_style_choice(struct step *step, const char *style_id)
{
    char *kept = step->chat->session.style_id;
    size_t length = strlen(style_id);
    if (length > STYLE_ID_MAX_BYTES)
        bug("a style id longer than STYLE_ID_MAX_BYTES");
    memset(kept, 0, STYLE_ID_MAX_BYTES + 1);
    memcpy(kept, style_id, length);
}

/* The same price: a star that is begun is a whole one. */
static void offer_stars(struct step *step, struct order *order)
{
    int64_t rate = step->rules->kopecks_per_star;
    struct effect *effect = step_effect(step, EFFECT_ORDER_STARS);
    order->stars = (order->price_kopecks + rate - 1) / rate;
    effect->order_stars.order_id = order->id;
    effect->order_stars.style_id = order->style_id;
    effect->order_stars.photo_count = order->photo_count;
    effect->order_stars.stars = order->stars;
}

/* The first one: see core/offer.h. */
static void use_grant(struct step *step)
{
    struct grants *grants = chat_grants(step->chat);
    struct grant *grant = &grants->list[0];
    grant->owed_kopecks -= grant_share(grant);
    if (--grant->unused == 0)
        memmove(grant, grant + 1, --grants->count * sizeof *grant);
}

static void give_set(struct step *step, const struct offer *offer, struct avatar *avatar)
{
    chat_order(step->chat)->status = ORDER_PAID;
    step->chat->session.job_id = 0; /* its news say it */
    if (avatar != NULL)
        avatar->status = AVATAR_PROCESSING;
    if (offer->grant.id != 0)
        use_grant(step);
}

void record_order(struct step *step, const struct offer *offer)
{
    struct chat *chat = step->chat;
    const struct style *style = offer->style;
    struct order *order = chat_order(chat);
    bool is_free = offer->price_kopecks == 0;
    *order = (struct order){.id = step_new_id(step, ID_OWN),
                            .status = ORDER_AWAITING,
                            .avatar_id = chat->session.avatar_id,
                            .style_id = style->id,
                            .contact = chat->user.contact,
                            .price_kopecks = offer->price_kopecks,
                            .photo_count = style->photo_count,
                            .promo = offer->promo == NULL ? NULL : offer->promo->code,
                            .before_kopecks = offer->before_kopecks,
                            .sets = offer->sets};
    chat->session.order_id = order->id;
    struct avatar *avatar = chat_avatar(chat, order->avatar_id);
    if (avatar != NULL)
        avatar->touched = true;
    struct effect *effect = step_effect(step, is_free ? EFFECT_ORDER_TAKE : EFFECT_ORDER_CREATE);
    effect->order_create.order_id = order->id;
    effect->order_create.avatar_id = order->avatar_id;
    effect->order_create.style_id = style->id;
    effect->order_create.price_kopecks = order->price_kopecks;
    effect->order_create.photo_count = style->photo_count;
    effect->order_create.sets = order->sets;
    effect->order_create.promo = order->promo;
    effect->order_create.before_kopecks = order->before_kopecks;
    effect->order_create.grant = offer->grant;
    if (is_free)
        give_set(step, offer, avatar);
    else if (step->rules->kopecks_per_star > 0 && order->sets == 1)
        offer_stars(step, order);
}

void record_order_take(struct step *step, const struct order *order)
{
    *chat_order(step->chat) = *order;
    step->chat->session.order_id = order->id;
}

void record_order_cancel(struct step *step)
{
    struct order *order = chat_order(step->chat);
    if (order->id == 0 || order->status != ORDER_AWAITING)
        return;
    order->status = ORDER_CANCELED;
    step_effect(step, EFFECT_ORDER_CANCEL)->order_cancel.order_id = order->id;
}

void record_stars(struct step *step)
{
    const struct event *event = step->event;
    bool paid = event->kind == EVENT_STARS_PAID;
    struct effect *effect = step_effect(step, paid ? EFFECT_STARS_PAID : EFFECT_STARS_REFUNDED);
    effect->stars_paid.charge_id = event->charge_id;
    effect->stars_paid.payload = event->text;
    effect->stars_paid.currency = event->currency;
    effect->stars_paid.amount = event->object;
}

void record_job_finished(struct step *step, struct job *job)
{
    job->finished = true;
    step_effect(step, EFFECT_JOB_FINISHED)->job_finished.job_id = job->id;
}
