/* The first screen: who we are, the offer and the privacy policy, one button to accept them. Nothing else of the bot
 * opens before it, so no photo is taken without consent (stored with version and time). */
#include "core/engine.h"
#include "core/record.h"
#include "core/sheet.h"

#define SHEET "welcome"

#define STATES(S) S(welcome, "welcome", WELCOME, WELCOME_FIRST, WELCOME_FIRST, 365 * DAY)

#define OUTCOMES(O) O(ACCEPTED)

/*      from     on        to    also do */
#define MOVES(M) M(welcome, ACCEPTED, menu, accept)

#include "core/talk/sheet.inc"

static int read_welcome(struct turn *turn)
{
    if (turn->event->kind == EVENT_BUTTON && press_is(&turn->press, "accept"))
        return ACCEPTED;
    if (engine_is_news(turn->event))
        return OUT_UNEXPECTED;
    turn_hint(turn, TEXT_WELCOME_FIRST, NO_ARGS);
    return OUT_AGAIN;
}

static void show_welcome(struct turn *turn)
{
    const struct style *cheapest = style_cheapest(turn->rules->styles);
    screen_text(turn, TEXT_WELCOME,
                ARGS(ARG_S("offer", turn->rules->offer_url), ARG_S("privacy", turn->rules->privacy_url),
                     ARG_N("photos", cheapest->photo_count), ARG_N("min", turn->rules->photos_min),
                     ARG_S("price", turn_money(turn, cheapest->price_kopecks))));
    screen_button(turn, TEXT_BUTTON_ACCEPT, "accept", 0);
    screen_primary(turn);
}

static void accept(struct turn *turn)
{
    record_consent(turn);
}
