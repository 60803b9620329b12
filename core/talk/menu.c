/* The menu: the place every road leads back to. Its buttons are places, so they work from an old message too. Photos
 * that are sent here are taken as what they are: the beginning of an avatar, or its rest. */
#include "core/record.h"
#include "core/sheet.h"
#include "core/taking.h"

#define SHEET "menu"

#define STATES(S) S(menu, "menu", MENU, MENU_HINT, MENU_HINT, 30 * DAY, USER, FACT_AVATARS | FACT_ORDER, 0)

#define OUTCOMES(O) O(TAKEN) O(NO_ROOM)

/*      from  on       to          also do */
#define MOVES(M)                                                                                                       \
    M(menu, TAKEN, photos, take)                                                                                       \
    M(menu, NO_ROOM, my_avatars, say_no_room)

#include "core/talk/sheet.inc"

static int read_menu(struct step *step)
{
    if (!event_is_photo(step->event))
        return OUT_UNEXPECTED;
    if (!taking_has_room(step, true))
        return NO_ROOM;
    if (record_may_keep(step))
        return TAKEN;
    record_photo_hold(step);
    return OUT_QUIET;
}

static void show_menu(struct step *step)
{
    const struct order *order = chat_order(step->chat);
    bool unpaid = order->status == ORDER_AWAITING && order->avatar_id != 0 && order->link_until_ms > step->now_ms;
    if (chat_avatars(step->chat)->count > 0)
        screen_text(step, TEXT_MENU, NO_ARGS);
    else
        screen_text(step, TEXT_MENU_FIRST,
                    ARGS(ARG_N("min", step->rules->photos_min), ARG_N("max", step->rules->photos_max)));
    if (unpaid) {
        screen_go_named(step,
                        step_plain(step, TEXT_BUTTON_PAY, ARGS(ARG_S("price", step_money(step, order->price_kopecks)))),
                        "pay", order->id);
        screen_primary(step);
    }
    screen_go(step, TEXT_BUTTON_NEW, "new", 0);
    if (!unpaid)
        screen_primary(step);
    if (chat_avatars(step->chat)->count > 0)
        screen_go(step, TEXT_BUTTON_MY, "my", 0);
    screen_go(step, TEXT_BUTTON_SETTINGS, "settings", 0);
    screen_go(step, TEXT_BUTTON_HELP, "help", 0);
    screen_beside(step);
}

static void take(struct step *step)
{
    taking_photo(step, true);
}

static void say_no_room(struct step *step)
{
    step_hint(step, TEXT_TOO_MANY_AVATARS, ARGS(ARG_N("max", step->rules->avatars_max)));
}
