/* What people agree to: the offer, on the first screen, which says who we are; and the use of their photos and data, on
 * a screen of its own before the first photo is kept, as the law wants it. Each is recorded with its version and the
 * words as they were shown. Either is asked again when its version is raised, in between whatever the chat was about;
 * afterwards it goes on from there.
 *
 * Photos that come too early are held unseen, and taken the moment they may be. */
#include "core/engine.h"
#include "core/record.h"
#include "core/sheet.h"
#include "core/taking.h"

#define SHEET "welcome"

#define STATES(S)                                                                                                      \
    S(welcome, "welcome", WELCOME, WELCOME_FIRST, WELCOME_FIRST, 365 * DAY)                                            \
    S(consent, "consent", CONSENT, WELCOME_FIRST, WELCOME_FIRST, 30 * DAY)

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
static const char *words(struct turn *turn, enum consent consent)
{
    if (consent == CONSENT_OFFER)
        return turn_text(turn, TEXT_OFFER_TERMS, ARGS(ARG_S("offer", turn->rules->offer_url)));
    return turn_text(turn, TEXT_CONSENT, ARGS(ARG_S("privacy", turn->rules->privacy_url)));
}

/* Of the words and their version, in the button below them: nobody agrees to what was not on the screen. FNV-1a. */
static int64_t mark(struct turn *turn, enum consent consent)
{
    uint64_t hash = UINT64_C(14695981039346656037) ^ (uint64_t)turn->rules->consents[consent];
    for (const char *p = words(turn, consent); *p != '\0'; p++)
        hash = (hash ^ (unsigned char)*p) * UINT64_C(1099511628211);
    return (int64_t)(hash & INT64_MAX);
}

/* What is next once this one is agreed to. */
static int next(const struct turn *turn, enum consent consent)
{
    int32_t data = turn->chat->user.consents[CONSENT_PERSONAL_DATA];
    bool photos = turn->chat->held_count > 0;
    bool has_data = consent == CONSENT_PERSONAL_DATA || data >= turn->rules->consents[CONSENT_PERSONAL_DATA];
    if (!has_data && (photos || data != 0))
        return DATA_NEXT;
    if (!photos)
        return AGREED;
    return taking_held_has_room(turn) ? PHOTOS_WAIT : NO_ROOM;
}

static int read_agreed(struct turn *turn, enum consent consent)
{
    if (turn->press.object == mark(turn, consent))
        return next(turn, consent);
    turn_hint(turn, TEXT_CONSENT_CHANGED, NO_ARGS);
    return OUT_AGAIN;
}

static int read_welcome(struct turn *turn)
{
    if (engine_is_news(turn->event))
        return OUT_UNEXPECTED;
    if (engine_is_photo(turn->event)) {
        record_photo_hold(turn);
        return OUT_QUIET;
    }
    if (turn->event->kind == EVENT_BUTTON && press_is(&turn->press, "accept"))
        return read_agreed(turn, CONSENT_OFFER);
    turn_hint(turn, TEXT_WELCOME_FIRST, NO_ARGS);
    return OUT_AGAIN;
}

static void say_held(struct turn *turn)
{
    if (turn->hint == NULL && turn->chat->held_count > 0)
        turn_hint(turn, TEXT_PHOTOS_HELD, NO_ARGS);
}

static void show_welcome(struct turn *turn)
{
    const struct style *cheapest = style_cheapest(turn->rules->styles);
    const char *terms = words(turn, CONSENT_OFFER);
    bool renewed = turn->chat->user.consents[CONSENT_OFFER] != 0;
    say_held(turn);
    if (renewed)
        screen_text(turn, TEXT_OFFER_RENEWED, ARGS(ARG_HTML("terms", terms)));
    else
        screen_text(turn, TEXT_WELCOME,
                    ARGS(ARG_HTML("terms", terms), ARG_N("photos", cheapest->photo_count),
                         ARG_N("min", turn->rules->photos_min),
                         ARG_S("price", turn_money(turn, cheapest->price_kopecks))));
    screen_button(turn, renewed ? TEXT_BUTTON_ACCEPT_RENEWED : TEXT_BUTTON_ACCEPT, "accept", mark(turn, CONSENT_OFFER));
    screen_primary(turn);
}

/* Agreed to before, to older words: then it stands before everything. */
static bool is_renewed(const struct turn *turn)
{
    return turn->chat->user.consents[CONSENT_PERSONAL_DATA] != 0;
}

static int read_consent(struct turn *turn)
{
    if (engine_is_news(turn->event))
        return OUT_UNEXPECTED;
    if (engine_is_photo(turn->event)) {
        record_photo_hold(turn);
        return OUT_QUIET;
    }
    if (turn->event->kind == EVENT_BUTTON && press_is(&turn->press, "agree"))
        return read_agreed(turn, CONSENT_PERSONAL_DATA);
    if (turn->event->kind == EVENT_BUTTON && press_is(&turn->press, "decline"))
        return DECLINED;
    turn_hint(turn, TEXT_WELCOME_FIRST, NO_ARGS);
    return is_renewed(turn) ? OUT_AGAIN : OUT_UNEXPECTED;
}

static void show_consent(struct turn *turn)
{
    if (turn->hint == NULL && is_renewed(turn))
        turn_hint(turn, TEXT_CONSENT_RENEWED, NO_ARGS);
    say_held(turn);
    screen_text(turn, TEXT_CONSENT, ARGS(ARG_S("privacy", turn->rules->privacy_url)));
    screen_button(turn, TEXT_BUTTON_AGREE, "agree", mark(turn, CONSENT_PERSONAL_DATA));
    screen_primary(turn);
    screen_button(turn, TEXT_BUTTON_DECLINE, "decline", 0);
}

static void accept_offer(struct turn *turn)
{
    record_consent(turn, CONSENT_OFFER, true, words(turn, CONSENT_OFFER));
}

static void agree_to_data(struct turn *turn)
{
    record_consent(turn, CONSENT_PERSONAL_DATA, true, words(turn, CONSENT_PERSONAL_DATA));
}

static void accept(struct turn *turn)
{
    accept_offer(turn);
    engine_resume(turn);
}

static void agree(struct turn *turn)
{
    agree_to_data(turn);
    engine_resume(turn);
}

static void accept_with_photos(struct turn *turn)
{
    accept_offer(turn);
    taking_held(turn);
}

static void agree_with_photos(struct turn *turn)
{
    agree_to_data(turn);
    taking_held(turn);
}

static void say_no_room(struct turn *turn)
{
    record_held_drop(turn);
    turn_hint(turn, TEXT_TOO_MANY_AVATARS, ARGS(ARG_N("max", turn->rules->avatars_max)));
}

static void accept_without_photos(struct turn *turn)
{
    accept_offer(turn);
    say_no_room(turn);
}

static void agree_without_photos(struct turn *turn)
{
    agree_to_data(turn);
    say_no_room(turn);
}

/* What waits for the consent is not kept, and an older one ends. */
static void decline(struct turn *turn)
{
    bool kept = false;
    for (size_t i = 0; i < turn->chat->avatar_count; i++)
        kept = kept || turn->chat->avatars[i].good > 0;
    if (is_renewed(turn))
        record_consent(turn, CONSENT_PERSONAL_DATA, false, words(turn, CONSENT_PERSONAL_DATA));
    record_held_drop(turn);
    turn_hint(turn, kept ? TEXT_CONSENT_ENDED : TEXT_CONSENT_DECLINED, NO_ARGS);
}
