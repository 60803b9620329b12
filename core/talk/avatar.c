/* A new avatar: its name, and on to the photos. Photos that come before the name are taken: it can be given later. */
#include "core/correct.h"
#include "core/naming.h"
#include "core/record.h"
#include "core/sheet.h"
#include "core/taking.h"

#define SHEET "new avatar"

#define STATES(S)                                                                                                      \
    S(avatar_name, "avatar_name", AVATAR_NAME, AVATAR_NAME_HINT, AVATAR_NAME_HINT, 7 * DAY, USER, FACT_AVATARS, 0)

#define OUTCOMES(O) O(NAMED) O(SKIPPED) O(TAKEN) O(NO_ROOM)

/*      from         on       to      also do */
#define MOVES(M)                                                                                                       \
    M(avatar_name, NAMED, photos, create_named)                                                                        \
    M(avatar_name, SKIPPED, photos, create_default)                                                                    \
    M(avatar_name, TAKEN, photos, take)                                                                                \
    M(avatar_name, NO_ROOM, my_avatars, say_no_room)

#define CORRECTIONS(C) C(avatar_name, correct_name)

#include "core/talk/sheet.inc"

static int read_avatar_name(struct step *step)
{
    if (step->event->kind == EVENT_BUTTON && press_is(&step->press, "skip"))
        return record_avatar_fits(step) ? SKIPPED : NO_ROOM;
    if (event_is_photo(step->event) && record_avatar_fits(step) && !record_may_keep(step)) {
        record_photo_hold(step);
        return OUT_QUIET;
    }
    if (event_is_photo(step->event))
        return record_avatar_fits(step) ? TAKEN : NO_ROOM;
    if (step->event->kind != EVENT_TEXT && step->event->kind != EVENT_BUTTON)
        return OUT_UNEXPECTED;
    if (!naming_read(step))
        return OUT_AGAIN;
    return record_avatar_fits(step) ? NAMED : NO_ROOM;
}

static void show_avatar_name(struct step *step)
{
    if (!naming_show(step))
        screen_text(step, TEXT_AVATAR_NAME, NO_ARGS);
    screen_button(step, TEXT_BUTTON_SKIP, "skip", 0);
    screen_go(step, TEXT_BUTTON_MENU, "menu", 0);
}

static void create_named(struct step *step)
{
    record_avatar(step, step->name);
}

static void create_default(struct step *step)
{
    record_avatar(step, naming_default(step));
}

static void take(struct step *step)
{
    taking_photo(step, false);
}

/* Somebody else (the web application, a second device) took the last place meanwhile. */
static void say_no_room(struct step *step)
{
    step_hint(step, TEXT_TOO_MANY_AVATARS, ARGS(ARG_N("max", step->rules->avatars_max)));
}
