/* Help: short answers, and the way to the offer and the privacy policy. */
#include "core/sheet.h"

#define SHEET "help"

#define STATES(S) S(help, "help", HELP, HELP_HINT, PHOTO_ELSEWHERE, 30 * DAY, USER, 0, 0)

#define OUTCOMES(O)

#define MOVES(M)

#include "core/talk/sheet.inc"

static int read_help(struct step *step)
{
    (void)step;
    return OUT_UNEXPECTED;
}

static void show_help(struct step *step)
{
    const struct style *cheapest = style_cheapest(step->rules->styles);
    screen_text(step, TEXT_HELP,
                ARGS(ARG_N("min", step->rules->photos_min), ARG_N("max", step->rules->photos_max),
                     ARG_N("photos", cheapest->photo_count), ARG_S("price", step_money(step, cheapest->price_kopecks)),
                     ARG_S("offer", step->rules->offer_url), ARG_S("privacy", step->rules->privacy_url)));
    screen_go(step, TEXT_BUTTON_MENU, "menu", 0);
}
