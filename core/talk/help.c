/* Help: short answers, and the way to the offer and the privacy policy. */
#include "core/engine.h"
#include "core/sheet.h"

#define SHEET "help"

#define STATES(S) S(help, "help", HELP, HELP_HINT, PHOTO_ELSEWHERE, 30 * DAY)

#define OUTCOMES(O)

#define MOVES(M)

#include "core/talk/sheet.inc"

static int read_help(struct turn *turn)
{
    (void)turn;
    return OUT_UNEXPECTED;
}

static void show_help(struct turn *turn)
{
    const struct style *cheapest = style_cheapest(turn->rules->styles);
    screen_text(turn, TEXT_HELP,
                ARGS(ARG_N("min", turn->rules->photos_min), ARG_N("max", turn->rules->photos_max),
                     ARG_N("photos", cheapest->photo_count), ARG_S("price", turn_money(turn, cheapest->price_kopecks)),
                     ARG_S("offer", turn->rules->offer_url), ARG_S("privacy", turn->rules->privacy_url)));
    screen_go(turn, TEXT_BUTTON_MENU, "menu", 0);
}
