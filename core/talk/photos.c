/* Collecting the reference photos of the session's avatar.
 *
 * Each photo is durable by itself the moment it arrives; it is fetched and examined afterwards, and the verdict comes
 * back as news. An album is only a burst of such messages, in any order and with no count, so nothing here waits for
 * it: the counter is asked to be shown after a silence (album_wait_ms), once for all of them. */
#include "core/engine.h"
#include "core/record.h"
#include "core/sheet.h"

#define SHEET "photos"

#define STATES(S)                                                                                                      \
    S(photos, "photos", PHOTOS, PHOTOS_PLEASE, PHOTOS_PLEASE, 30 * DAY)                                                \
    S(photos_clear, "photos_clear", PHOTOS_CLEAR, PHOTOS_CLEAR_HINT, PHOTOS_CLEAR_HINT, DAY)

#define OUTCOMES(O) O(ENOUGH) O(BACK) O(ASK_CLEAR) O(CLEARED) O(KEPT) O(IN_USE) O(LOST_AVATAR)

/*      from          on           to            also do */
#define MOVES(M)                                                                                                       \
    M(photos, ENOUGH, style, nothing)                                                                                  \
    M(photos, BACK, card, nothing)                                                                                     \
    M(photos, ASK_CLEAR, photos_clear, nothing)                                                                        \
    M(photos, LOST_AVATAR, menu, nothing)                                                                              \
    M(photos_clear, CLEARED, photos, clear)                                                                            \
    M(photos_clear, KEPT, photos, nothing)                                                                             \
    M(photos_clear, IN_USE, photos, say_in_use)

#include "core/talk/sheet.inc"

enum { EXAMINED_WAIT_MS = 600 }; /* verdicts come in a row: tell them together */

/* The user goes on, so what was refused has been read. */
static void refusals_read(struct turn *turn)
{
    struct chat *chat = turn->chat;
    for (size_t i = 0; i < chat->refusal_count; i++)
        turn_effect(turn, EFFECT_PHOTO_TOLD)->object = chat->refusals[i].intake_id;
    chat->refusal_count = 0;
    chat->session.over = 0;
}

/* A paid set is being made from them: a photo taken away now could not be made any more. */
static bool are_in_use(const struct chat *chat, const struct avatar *avatar)
{
    bool in_use = avatar->status == AVATAR_PROCESSING;
    for (size_t i = 0; i < chat->job_count; i++)
        in_use = in_use || (chat->jobs[i].avatar_id == avatar->id && job_running(&chat->jobs[i]));
    return in_use;
}

/* The press may come twice, by an impatient finger or by Telegram: the second one finds its button used up. */
static void drop(struct turn *turn, struct avatar *avatar)
{
    record_photo_drop(turn, avatar);
    turn->chat->session.version++;
}

static int read_photos_button(struct turn *turn, struct avatar *avatar)
{
    refusals_read(turn);
    if (press_is(&turn->press, "clear"))
        return ASK_CLEAR;
    if (press_is(&turn->press, "drop")) {
        if (are_in_use(turn->chat, avatar))
            turn_answer(turn, TEXT_PHOTOS_BUSY);
        else
            drop(turn, avatar);
        return OUT_AGAIN;
    }
    if (!press_is(&turn->press, "done"))
        return OUT_AGAIN;
    if (avatar->good >= turn->rules->photos_min)
        return turn->chat->session.from_card ? BACK : ENOUGH;
    turn_answer(turn, avatar->pending > 0 ? TEXT_PHOTOS_EXAMINING : TEXT_PHOTOS_FEW);
    return OUT_AGAIN;
}

static int read_photos(struct turn *turn)
{
    struct avatar *avatar = chat_avatar(turn->chat, turn->chat->session.avatar_id);
    enum event_kind kind = turn->event->kind;
    if (engine_is_news(turn->event) && kind != EVENT_PHOTO_READY)
        return OUT_UNEXPECTED;
    if (avatar == NULL)
        return LOST_AVATAR;
    if (engine_is_photo(turn->event)) {
        if (turn->chat->session.refresh_at_ms == 0) /* the first of an album */
            refusals_read(turn);
        record_photo(turn, avatar);
        return OUT_QUIET;
    }
    if (kind == EVENT_PHOTO_READY) {
        if (turn->chat->session.refresh_at_ms == 0) /* an album that is still coming is told as a whole */
            turn_refresh_at(turn, turn->now_ms + EXAMINED_WAIT_MS);
        return OUT_QUIET;
    }
    if (kind == EVENT_BUTTON)
        return read_photos_button(turn, avatar);
    return OUT_UNEXPECTED;
}

/* "Photos 4, 7: too small …", a line for each reason. */
static const char *refusal_line(struct turn *turn, enum photo_verdict verdict)
{
    static const enum text_key why[PHOTO_VERDICT_COUNT] = {[PHOTO_DUPLICATE] = TEXT_REFUSED_DUPLICATE,
                                                           [PHOTO_TOO_SMALL] = TEXT_REFUSED_TOO_SMALL,
                                                           [PHOTO_BLURRED] = TEXT_REFUSED_BLURRED,
                                                           [PHOTO_BROKEN] = TEXT_REFUSED_BROKEN,
                                                           [PHOTO_NOT_IMAGE] = TEXT_REFUSED_NOT_IMAGE,
                                                           [PHOTO_TOO_BIG] = TEXT_REFUSED_TOO_BIG,
                                                           [PHOTO_UNREACHABLE] = TEXT_REFUSED_UNREACHABLE,
                                                           [PHOTO_INCOMPLETE] = TEXT_REFUSED_INCOMPLETE,
                                                           [PHOTO_TOO_MANY_PIXELS] = TEXT_REFUSED_TOO_MANY_PIXELS,
                                                           [PHOTO_UNREADABLE] = TEXT_REFUSED_UNREADABLE};
    const struct chat *chat = turn->chat;
    const char *numbers = "";
    int64_t count = 0;
    for (size_t i = 0; i < chat->refusal_count; i++)
        if (chat->refusals[i].verdict == verdict)
            numbers = arena_format(turn->arena, "%s%s%d", numbers, count++ == 0 ? "" : ", ",
                                   (int)chat->refusals[i].number);
    return turn_text(turn, why[verdict],
                     ARGS(ARG_S("numbers", numbers), ARG_N("n", count), ARG_N("px", turn->rules->min_side_px)));
}

/* Photos that are being examined take room, which those that are refused give back. */
static const char *over_line(struct turn *turn)
{
    const struct avatar *avatar = chat_avatar(turn->chat, turn->chat->session.avatar_id);
    struct text_arg n = ARG_N("n", turn->chat->session.over);
    if (avatar != NULL && avatar->pending == 0 && avatar->good < turn->rules->photos_max)
        return turn_text(turn, TEXT_PHOTOS_ROOM, &n, 1);
    return turn_text(turn, TEXT_PHOTOS_OVER, ARGS(n, ARG_N("max", turn->rules->photos_max)));
}

/* They stay on the screen until the user goes on: the counter is edited while an album is examined. */
static const char *refusals(struct turn *turn)
{
    const struct session *session = &turn->chat->session;
    const char *lines = "";
    bool told[PHOTO_VERDICT_COUNT] = {false};
    for (size_t i = 0; i < turn->chat->refusal_count; i++) { /* by number, so in the order they were sent */
        enum photo_verdict verdict = turn->chat->refusals[i].verdict;
        if (!told[verdict])
            lines = arena_format(turn->arena, "%s\n%s", lines, refusal_line(turn, verdict));
        told[verdict] = true;
    }
    if (session->over > 0)
        lines = arena_format(turn->arena, "%s\n%s", lines, over_line(turn));
    return lines[0] == '\0' ? "" : arena_format(turn->arena, "\n%s", lines);
}

static void show_photos(struct turn *turn)
{
    struct avatar *avatar = chat_avatar(turn->chat, turn->chat->session.avatar_id);
    int32_t good = avatar == NULL ? 0 : avatar->good, pending = avatar == NULL ? 0 : avatar->pending;
    int32_t more = turn->rules->photos_min - good;
    const char *told = refusals(turn);
    const char *examining = pending == 0 ? "" : turn_text(turn, TEXT_PHOTOS_PENDING, ARGS(ARG_N("n", pending)));
    const char *name = avatar == NULL ? "" : avatar->name;
    if (good == 0 && pending == 0) {
        screen_text(turn, TEXT_PHOTOS,
                    ARGS(ARG_N("min", turn->rules->photos_min), ARG_N("max", turn->rules->photos_max),
                         ARG_S("name", name), ARG_HTML("refused", told)));
    } else {
        bool full = good >= turn->rules->photos_max;
        screen_text(turn,
                    more > 0 ? TEXT_PHOTOS_COUNTER
                    : full   ? TEXT_PHOTOS_COUNTER_FULL
                             : TEXT_PHOTOS_COUNTER_ENOUGH,
                    ARGS(ARG_S("name", name), ARG_N("good", good), ARG_N("min", turn->rules->photos_min),
                         ARG_N("more", more), ARG_N("max", turn->rules->photos_max), ARG_HTML("pending", examining),
                         ARG_HTML("refused", told)));
    }
    if (more <= 0) {
        screen_button(turn, TEXT_BUTTON_DONE, "done", 0);
        screen_primary(turn);
    }
    if (good > 0) {
        screen_button(turn, TEXT_BUTTON_DROP, "drop", 0);
        screen_button(turn, TEXT_BUTTON_CLEAR, "clear", 0);
        screen_beside(turn);
    }
    screen_go(turn, TEXT_BUTTON_MENU, "menu", 0);
}

static int read_photos_clear(struct turn *turn)
{
    struct avatar *avatar = chat_avatar(turn->chat, turn->chat->session.avatar_id);
    if (engine_is_photo(turn->event) && avatar != NULL) {
        record_photo(turn, avatar); /* the rest of an album; whether it stays is what was asked */
        return OUT_QUIET;
    }
    if (turn->event->kind != EVENT_BUTTON)
        return OUT_UNEXPECTED;
    if (!press_is(&turn->press, "yes"))
        return KEPT;
    return avatar != NULL && are_in_use(turn->chat, avatar) ? IN_USE : CLEARED;
}

static void show_photos_clear(struct turn *turn)
{
    screen_text(turn, TEXT_PHOTOS_CLEAR, NO_ARGS);
    screen_button(turn, TEXT_BUTTON_YES_CLEAR, "yes", 0);
    screen_button(turn, TEXT_BUTTON_NO_KEEP, "no", 0);
    screen_beside(turn);
    screen_go(turn, TEXT_BUTTON_MENU, "menu", 0);
}

static void say_in_use(struct turn *turn)
{
    turn_hint(turn, TEXT_PHOTOS_BUSY, NO_ARGS);
}

static void clear(struct turn *turn)
{
    struct avatar *avatar = chat_avatar(turn->chat, turn->chat->session.avatar_id);
    if (avatar != NULL)
        record_photos_clear(turn, avatar);
}
