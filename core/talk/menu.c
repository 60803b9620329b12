/* The menu: the place every road leads back to. Its buttons are places, so they work from an old message too. Photos
 * that are sent here are taken as what they are: the beginning of an avatar, or its rest. */
#include "core/engine.h"
#include "core/record.h"
#include "core/sheet.h"
#include "core/taking.h"

#define SHEET "menu"

#define STATES(S) S(menu, "menu", MENU, MENU_HINT, MENU_HINT, 30 * DAY)

#define OUTCOMES(O) O(TAKEN) O(NO_ROOM)

/*      from  on       to          also do */
#define MOVES(M)                                                                                                       \
    M(menu, TAKEN, photos, take)                                                                                       \
    M(menu, NO_ROOM, my_avatars, say_no_room)

#include "core/talk/sheet.inc"

static int read_menu(struct turn *turn)
{
    if (!engine_is_photo(turn->event))
        return OUT_UNEXPECTED;
    if (!taking_has_room(turn, true))
        return NO_ROOM;
    if (record_may_keep(turn))
        return TAKEN;
    record_photo_hold(turn);
    return OUT_QUIET;
}

static void show_menu(struct turn *turn)
{
    const struct order *order = &turn->chat->order;
    bool unpaid = order->id != 0 && order->status == ORDER_AWAITING && order->link_until_ms > turn->now_ms;
    if (turn->chat->avatar_count > 0)
        screen_text(turn, TEXT_MENU, NO_ARGS);
    else
        screen_text(turn, TEXT_MENU_FIRST,
                    ARGS(ARG_N("min", turn->rules->photos_min), ARG_N("max", turn->rules->photos_max)));
    if (unpaid) {
        screen_go_named(turn,
                        turn_plain(turn, TEXT_BUTTON_PAY, ARGS(ARG_S("price", turn_money(turn, order->price_kopecks)))),
                        "pay", order->id);
        screen_primary(turn);
    }
    screen_go(turn, TEXT_BUTTON_NEW, "new", 0);
    if (!unpaid)
        screen_primary(turn);
    if (turn->chat->avatar_count > 0)
        screen_go(turn, TEXT_BUTTON_MY, "my", 0);
    screen_go(turn, TEXT_BUTTON_SETTINGS, "settings", 0);
    screen_go(turn, TEXT_BUTTON_HELP, "help", 0);
    screen_beside(turn);
}

static void take(struct turn *turn)
{
    taking_photo(turn, true);
}

static void say_no_room(struct turn *turn)
{
    turn_hint(turn, TEXT_TOO_MANY_AVATARS, ARGS(ARG_N("max", turn->rules->avatars_max)));
}
