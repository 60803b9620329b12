/* A new avatar: its name, and on to the photos. Photos that come before the name are taken: it can be given later. */
#include "core/correct.h"
#include "core/engine.h"
#include "core/naming.h"
#include "core/record.h"
#include "core/sheet.h"
#include "core/taking.h"

#define SHEET "new avatar"

#define STATES(S) S(avatar_name, "avatar_name", AVATAR_NAME, AVATAR_NAME_HINT, AVATAR_NAME_HINT, 7 * DAY)

#define OUTCOMES(O) O(NAMED) O(SKIPPED) O(TAKEN) O(NO_ROOM)

/*      from         on       to      also do */
#define MOVES(M)                                                                                                       \
    M(avatar_name, NAMED, photos, create_named)                                                                        \
    M(avatar_name, SKIPPED, photos, create_default)                                                                    \
    M(avatar_name, TAKEN, photos, take)                                                                                \
    M(avatar_name, NO_ROOM, my_avatars, say_no_room)

#define CORRECTIONS(C) C(avatar_name, correct_name)

#include "core/talk/sheet.inc"

static int read_avatar_name(struct turn *turn)
{
    if (turn->event->kind == EVENT_BUTTON && press_is(&turn->press, "skip"))
        return record_avatar_fits(turn) ? SKIPPED : NO_ROOM;
    if (engine_is_photo(turn->event) && record_avatar_fits(turn) && !record_may_keep(turn)) {
        record_photo_hold(turn);
        return OUT_QUIET;
    }
    if (engine_is_photo(turn->event))
        return record_avatar_fits(turn) ? TAKEN : NO_ROOM;
    if (turn->event->kind != EVENT_TEXT && turn->event->kind != EVENT_BUTTON)
        return OUT_UNEXPECTED;
    if (!naming_read(turn))
        return OUT_AGAIN;
    return record_avatar_fits(turn) ? NAMED : NO_ROOM;
}

static void show_avatar_name(struct turn *turn)
{
    if (!naming_show(turn))
        screen_text(turn, TEXT_AVATAR_NAME, NO_ARGS);
    screen_button(turn, TEXT_BUTTON_SKIP, "skip", 0);
    screen_go(turn, TEXT_BUTTON_MENU, "menu", 0);
}

static void create_named(struct turn *turn)
{
    record_avatar(turn, turn->name);
}

static void create_default(struct turn *turn)
{
    record_avatar(turn, naming_default(turn));
}

static void take(struct turn *turn)
{
    taking_photo(turn, false);
}

/* Somebody else (the web application, a second device) took the last place meanwhile. */
static void say_no_room(struct turn *turn)
{
    turn_hint(turn, TEXT_TOO_MANY_AVATARS, ARGS(ARG_N("max", turn->rules->avatars_max)));
}
