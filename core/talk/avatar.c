/* A new avatar: its name, and on to the photos. */
#include "core/correct.h"
#include "core/input.h"
#include "core/record.h"
#include "core/sheet.h"

#define SHEET "new avatar"

#define STATES(S) S(avatar_name, "avatar_name", AVATAR_NAME, AVATAR_NAME_HINT, AVATAR_NAME_FIRST, 7 * DAY)

#define OUTCOMES(O) O(NAMED) O(SKIPPED) O(NO_ROOM)

/*      from         on       to      also do */
#define MOVES(M)                                                                                                       \
    M(avatar_name, NAMED, photos, create_named)                                                                        \
    M(avatar_name, SKIPPED, photos, create_default)                                                                    \
    M(avatar_name, NO_ROOM, my_avatars, say_no_room)

#define CORRECTIONS(C) C(avatar_name, correct_name)

#include "core/talk/sheet.inc"

static int read_avatar_name(struct turn *turn)
{
    if (turn->event->kind == EVENT_BUTTON && press_is(&turn->press, "skip"))
        return record_avatar_fits(turn) ? SKIPPED : NO_ROOM;
    if (turn->event->kind != EVENT_TEXT)
        return OUT_UNEXPECTED;
    if (input_name(turn->arena, turn->event->text, AVATAR_NAME_MAX_CHARS) != NULL)
        return record_avatar_fits(turn) ? NAMED : NO_ROOM;
    turn_hint(turn, TEXT_AVATAR_NAME_BAD, ARGS(ARG_N("max", AVATAR_NAME_MAX_CHARS)));
    return OUT_AGAIN;
}

static void show_avatar_name(struct turn *turn)
{
    screen_text(turn, TEXT_AVATAR_NAME, NO_ARGS);
    screen_button(turn, TEXT_BUTTON_SKIP, "skip", 0);
    screen_go(turn, TEXT_BUTTON_MENU, "menu", 0);
}

static void create_named(struct turn *turn)
{
    record_avatar(turn, input_name(turn->arena, turn->event->text, AVATAR_NAME_MAX_CHARS));
}

static void create_default(struct turn *turn)
{
    record_avatar(turn, turn_text(turn, TEXT_AVATAR_DEFAULT, ARGS(ARG_N("n", (int64_t)turn->chat->avatar_count + 1))));
}

/* Somebody else (the web application, a second device) took the last place meanwhile. */
static void say_no_room(struct turn *turn)
{
    turn_hint(turn, TEXT_TOO_MANY_AVATARS, ARGS(ARG_N("max", turn->rules->avatars_max)));
}
