/* What people agree to: the offer, on the first screen, which says who we are; and the use of their photos and data, on
 * a screen of its own before the first photo is kept, as the law wants it. Each is recorded with its version and the
 * words as they were shown. Either is asked again when its version is raised, in between whatever the chat was about;
 * afterwards it goes on from there.
 *
 * Photos that come too early are held unseen, and taken the moment they may be. */
#include "core/places.h"
#include "core/record.h"
#include "core/sheet.h"
#include "core/taking.h"

#define SHEET "welcome"

#define STATES(S)                                                                                                      \
    S(welcome, "welcome", WELCOME, WELCOME_FIRST, WELCOME_FIRST, 365 * DAY, USER, FACT_AVATARS, 0)                     \
    S(consent, "consent", CONSENT, WELCOME_FIRST, WELCOME_FIRST, 30 * DAY, USER, FACT_AVATARS, 0)

#define OUTCOMES(O) O(AGREED) O(DATA_NEXT) O(PHOTOS_WAIT) O(NO_ROOM) O(DECLINED)

/*      from     on           to          also do; a menu stands for where the chat was, if it was somewhere */
#define MOVES(M)                                                                                                       \
    M(welcome, AGREED, menu, accept)                                                                                   \
    M(welcome, DATA_NEXT, consent, accept_offer)                                                                       \
    M(welcome, PHOTOS_WAIT, photos, accept_with_photos)                                                                \
    M(welcome, NO_ROOM, my_avatars, accept_without_photos)                                                             \
    M(consent, AGREED, menu, agree)                                                                                    \
    M(consent, PHOTOS_WAIT, photos, agree_with_photos)                                                                 \
    M(consent, NO_ROOM, my_avatars, agree_without_photos)                                                              \
    M(consent, DECLINED, menu, decline)

#include "core/talk/sheet.inc"

/* What is agreed to, word for word. */
static const char *words(struct step *step, enum consent consent)
{
    if (consent == CONSENT_OFFER)
        return step_text(step, TEXT_OFFER_TERMS, ARGS(ARG_S("offer", step->rules->offer_url)));
    return step_text(step, TEXT_CONSENT, ARGS(ARG_S("privacy", step->rules->privacy_url)));
}

/* Of the words and their version, in the button below them: nobody agrees to what was not on the screen. FNV-1a. */
static int64_t mark(struct step *step, enum consent consent)
{
    uint64_t hash = UINT64_C(14695981039346656037) ^ (uint64_t)step->rules->consents[consent];
    for (const char *p = words(step, consent); *p != '\0'; p++)
        hash = (hash ^ (unsigned char)*p) * UINT64_C(1099511628211);
    return (int64_t)(hash & INT64_MAX);
}

/* What is next once this one is agreed to. */
static int next(const struct step *step, enum consent consent)
{
    int32_t data = step->chat->user.consents[CONSENT_PERSONAL_DATA];
    bool photos = chat_held(step->chat)->count > 0;
    bool has_data = consent == CONSENT_PERSONAL_DATA || data >= step->rules->consents[CONSENT_PERSONAL_DATA];
    if (!has_data && (photos || data != 0))
        return DATA_NEXT;
    if (!photos)
        return AGREED;
    return taking_held_has_room(step) ? PHOTOS_WAIT : NO_ROOM;
}

static int read_agreed(struct step *step, enum consent consent)
{
    if (step->press.object == mark(step, consent))
        return next(step, consent);
    step_hint(step, TEXT_CONSENT_CHANGED, NO_ARGS);
    return OUT_AGAIN;
}

static int read_welcome(struct step *step)
{
    if (event_is_photo(step->event)) {
        record_photo_hold(step);
        return OUT_QUIET;
    }
    if (step->event->kind == EVENT_BUTTON && press_is(&step->press, "accept"))
        return read_agreed(step, CONSENT_OFFER);
    step_hint(step, TEXT_WELCOME_FIRST, NO_ARGS);
    return OUT_AGAIN;
}

static void say_held(struct step *step)
{
    if (step->hint == NULL && chat_held(step->chat)->count > 0)
        step_hint(step, TEXT_PHOTOS_HELD, NO_ARGS);
}

static void show_welcome(struct step *step)
{
    const struct style *cheapest = style_cheapest(step->rules->styles);
    const char *terms = words(step, CONSENT_OFFER);
    bool renewed = step->chat->user.consents[CONSENT_OFFER] != 0;
    say_held(step);
    if (renewed)
        screen_text(step, TEXT_OFFER_RENEWED, ARGS(ARG_HTML("terms", terms)));
    else
        screen_text(step, TEXT_WELCOME,
                    ARGS(ARG_HTML("terms", terms), ARG_N("photos", cheapest->photo_count),
                         ARG_N("min", step->rules->photos_min),
                         ARG_S("price", step_money(step, cheapest->price_kopecks))));
    screen_button(step, renewed ? TEXT_BUTTON_ACCEPT_RENEWED : TEXT_BUTTON_ACCEPT, "accept", mark(step, CONSENT_OFFER));
    screen_primary(step);
}

/* Agreed to before, to older words: then it stands before everything. */
static bool is_renewed(const struct step *step)
{
    return step->chat->user.consents[CONSENT_PERSONAL_DATA] != 0;
}

static int read_consent(struct step *step)
{
    if (event_is_photo(step->event)) {
        record_photo_hold(step);
        return OUT_QUIET;
    }
    if (step->event->kind == EVENT_BUTTON && press_is(&step->press, "agree"))
        return read_agreed(step, CONSENT_PERSONAL_DATA);
    if (step->event->kind == EVENT_BUTTON && press_is(&step->press, "decline"))
        return DECLINED;
    step_hint(step, TEXT_WELCOME_FIRST, NO_ARGS);
    return is_renewed(step) ? OUT_AGAIN : OUT_UNEXPECTED;
}

static void show_consent(struct step *step)
{
    if (step->hint == NULL && is_renewed(step))
        step_hint(step, TEXT_CONSENT_RENEWED, NO_ARGS);
    say_held(step);
    screen_text(step, TEXT_CONSENT, ARGS(ARG_S("privacy", step->rules->privacy_url)));
    screen_button(step, TEXT_BUTTON_AGREE, "agree", mark(step, CONSENT_PERSONAL_DATA));
    screen_primary(step);
    screen_button(step, TEXT_BUTTON_DECLINE, "decline", 0);
}

static void accept_offer(struct step *step)
{
    record_consent(step, CONSENT_OFFER, true, words(step, CONSENT_OFFER));
}

static void agree_to_data(struct step *step)
{
    record_consent(step, CONSENT_PERSONAL_DATA, true, words(step, CONSENT_PERSONAL_DATA));
}

static void accept(struct step *step)
{
    accept_offer(step);
    places_resume(step);
}

static void agree(struct step *step)
{
    agree_to_data(step);
    places_resume(step);
}

static void accept_with_photos(struct step *step)
{
    accept_offer(step);
    taking_held(step);
}

static void agree_with_photos(struct step *step)
{
    agree_to_data(step);
    taking_held(step);
}

static void say_no_room(struct step *step)
{
    record_held_drop(step);
    step_hint(step, TEXT_TOO_MANY_AVATARS, ARGS(ARG_N("max", step->rules->avatars_max)));
}

static void accept_without_photos(struct step *step)
{
    accept_offer(step);
    say_no_room(step);
}

static void agree_without_photos(struct step *step)
{
    agree_to_data(step);
    say_no_room(step);
}

/* What waits for the consent is not kept, and an older one ends. */
static void decline(struct step *step)
{
    const struct avatars *avatars = chat_avatars(step->chat);
    bool kept = false;
    for (size_t i = 0; i < avatars->count; i++)
        kept = kept || avatars->list[i].good > 0;
    if (is_renewed(step))
        record_consent(step, CONSENT_PERSONAL_DATA, false, words(step, CONSENT_PERSONAL_DATA));
    record_held_drop(step);
    step_hint(step, kept ? TEXT_CONSENT_ENDED : TEXT_CONSENT_DECLINED, NO_ARGS);
}
