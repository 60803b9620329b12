/* How the shop is, for its owner: what waits, and may need a hand. */
#include "core/sheet.h"

#define SHEET "health"

#define STATES(S) S(health, "health", HEALTH, HEALTH_HINT, PHOTO_ELSEWHERE, DAY, OWNER, FACT_HEALTH, 0)

#define OUTCOMES(O)

#define MOVES(M)

#include "core/talk/sheet.inc"

static int read_health(struct step *step)
{
    return step->event->kind == EVENT_BUTTON ? OUT_AGAIN : OUT_UNEXPECTED; /* there is one button: look again */
}

static const char *count(struct step *step, int64_t n)
{
    return arena_format(step->arena, "%d%s", (int)n, n < HEALTH_COUNT_MAX ? "" : "+");
}

static void show_health(struct step *step)
{
    const struct health *health = chat_health(step->chat);
    screen_text(step, TEXT_HEALTH,
                ARGS(ARG_S("parked", count(step, health->parked)), ARG_S("waiting", count(step, health->waiting)),
                     ARG_S("refused", count(step, health->refused)), ARG_S("receipts", count(step, health->receipts)),
                     ARG_S("time", step_clock(step, step->now_ms))));
    screen_button(step, TEXT_BUTTON_LOOK, "look", 0);
    screen_primary(step);
    screen_go(step, TEXT_BUTTON_MENU, "menu", 0);
}
