/* Collecting the reference photos of the session's avatar.
 *
 * Each photo is durable by itself the moment it arrives; it is fetched and examined afterwards, and the verdict comes
 * back as news. An album is only a burst of such messages, in any order and with no count, so nothing here waits for
 * it: the counter is asked to be shown after a silence (album_wait_ms), once for all of them. */
#include "core/record.h"
#include "core/sheet.h"

#define SHEET "photos"

#define STATES(S)                                                                                                      \
    S(photos, "photos", PHOTOS, PHOTOS_PLEASE, PHOTOS_PLEASE, 30 * DAY, USER,                                          \
      FACT_AVATARS | FACT_REFUSALS | FACT_JOBS, VOICE_PHOTOS)                                                          \
    S(photos_clear, "photos_clear", PHOTOS_CLEAR, PHOTOS_CLEAR_HINT, PHOTOS_CLEAR_HINT, DAY, USER,                     \
      FACT_AVATARS | FACT_JOBS, 0)

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
static void refusals_read(struct step *step)
{
    const struct refusals *refusals = chat_refusals(step->chat);
    for (size_t i = 0; i < refusals->count; i++)
        step_effect(step, EFFECT_PHOTO_TOLD)->photo_told.intake_id = refusals->list[i].intake_id;
    record_refusals_forget(step);
    step->chat->session.over = 0;
}

/* A paid set is being made from them: a photo taken away now could not be made any more. */
static bool are_in_use(const struct chat *chat, const struct avatar *avatar)
{
    bool in_use = avatar->status == AVATAR_PROCESSING;
    const struct jobs *jobs = chat_jobs(chat);
    for (size_t i = 0; i < jobs->count; i++)
        in_use = in_use || (jobs->list[i].avatar_id == avatar->id && job_running(&jobs->list[i]));
    return in_use;
}

/* The press may come twice, by an impatient finger or by Telegram: the second one finds its button used up. */
static void drop(struct step *step, struct avatar *avatar)
{
    record_photo_drop(step, avatar);
    step->chat->session.version++;
}

static int read_photos_button(struct step *step, struct avatar *avatar)
{
    refusals_read(step);
    if (press_is(&step->press, "clear"))
        return ASK_CLEAR;
    if (press_is(&step->press, "drop")) {
        if (are_in_use(step->chat, avatar))
            step_answer(step, TEXT_PHOTOS_BUSY);
        else
            drop(step, avatar);
        return OUT_AGAIN;
    }
    if (!press_is(&step->press, "done"))
        return OUT_AGAIN;
    if (avatar->good >= step->rules->photos_min)
        return step->chat->session.from_card ? BACK : ENOUGH;
    step_answer(step, avatar->pending > 0 ? TEXT_PHOTOS_EXAMINING : TEXT_PHOTOS_FEW);
    return OUT_AGAIN;
}

static int read_photos(struct step *step)
{
    struct avatar *avatar = chat_avatar(step->chat, step->chat->session.avatar_id);
    enum event_kind kind = step->event->kind;
    if (avatar == NULL)
        return LOST_AVATAR;
    if (event_is_photo(step->event)) {
        if (step->chat->session.refresh_at_ms == 0) /* the first of an album */
            refusals_read(step);
        record_photo(step, avatar);
        return OUT_QUIET;
    }
    if (kind == EVENT_PHOTO_READY) {
        if (step->chat->session.refresh_at_ms == 0) /* an album that is still coming is told as a whole */
            step_refresh_at(step, step->now_ms + EXAMINED_WAIT_MS);
        return OUT_QUIET;
    }
    if (kind == EVENT_BUTTON)
        return read_photos_button(step, avatar);
    return OUT_UNEXPECTED;
}

/* "Photos 4, 7: too small …", a line for each reason. */
static const char *refusal_line(struct step *step, enum photo_verdict verdict)
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
    const struct refusals *refusals = chat_refusals(step->chat);
    const char *numbers = "";
    int64_t count = 0;
    for (size_t i = 0; i < refusals->count; i++)
        if (refusals->list[i].verdict == verdict)
            numbers = arena_format(step->arena, "%s%s%d", numbers, count++ == 0 ? "" : ", ",
                                   (int)refusals->list[i].number);
    return step_text(step, why[verdict],
                     ARGS(ARG_S("numbers", numbers), ARG_N("n", count), ARG_N("px", step->rules->min_side_px)));
}

/* Photos that are being examined take room, which those that are refused give back. */
static const char *over_line(struct step *step)
{
    const struct avatar *avatar = chat_avatar(step->chat, step->chat->session.avatar_id);
    struct text_arg n = ARG_N("n", step->chat->session.over);
    if (avatar != NULL && avatar->pending == 0 && avatar->good < step->rules->photos_max)
        return step_text(step, TEXT_PHOTOS_ROOM, &n, 1);
    return step_text(step, TEXT_PHOTOS_OVER, ARGS(n, ARG_N("max", step->rules->photos_max)));
}

/* They stay on the screen until the user goes on: the counter is edited while an album is examined. */
static const char *refusal_lines(struct step *step)
{
    const struct session *session = &step->chat->session;
    const struct refusals *refusals = chat_refusals(step->chat);
    const char *lines = "";
    bool told[PHOTO_VERDICT_COUNT] = {false};
    for (size_t i = 0; i < refusals->count; i++) { /* by number, so in the order they were sent */
        enum photo_verdict verdict = refusals->list[i].verdict;
        if (!told[verdict])
            lines = arena_format(step->arena, "%s\n%s", lines, refusal_line(step, verdict));
        told[verdict] = true;
    }
    if (session->over > 0)
        lines = arena_format(step->arena, "%s\n%s", lines, over_line(step));
    return lines[0] == '\0' ? "" : arena_format(step->arena, "\n%s", lines);
}

static void show_photos(struct step *step)
{
    struct avatar *avatar = chat_avatar(step->chat, step->chat->session.avatar_id);
    int32_t good = avatar == NULL ? 0 : avatar->good, pending = avatar == NULL ? 0 : avatar->pending;
    int32_t more = step->rules->photos_min - good;
    const char *told = refusal_lines(step);
    const char *examining = pending == 0 ? "" : step_text(step, TEXT_PHOTOS_PENDING, ARGS(ARG_N("n", pending)));
    const char *name = avatar == NULL ? "" : avatar->name;
    if (good == 0 && pending == 0) {
        screen_text(step, TEXT_PHOTOS,
                    ARGS(ARG_N("min", step->rules->photos_min), ARG_N("max", step->rules->photos_max),
                         ARG_S("name", name), ARG_HTML("refused", told)));
    } else {
        bool full = good >= step->rules->photos_max;
        screen_text(step,
                    more > 0 ? TEXT_PHOTOS_COUNTER
                    : full   ? TEXT_PHOTOS_COUNTER_FULL
                             : TEXT_PHOTOS_COUNTER_ENOUGH,
                    ARGS(ARG_S("name", name), ARG_N("good", good), ARG_N("min", step->rules->photos_min),
                         ARG_N("more", more), ARG_N("max", step->rules->photos_max), ARG_HTML("pending", examining),
                         ARG_HTML("refused", told)));
    }
    if (more <= 0) {
        screen_button(step, TEXT_BUTTON_DONE, "done", 0);
        screen_primary(step);
    }
    if (good > 0) {
        screen_button(step, TEXT_BUTTON_DROP, "drop", 0);
        screen_button(step, TEXT_BUTTON_CLEAR, "clear", 0);
        screen_beside(step);
    }
    screen_go(step, TEXT_BUTTON_MENU, "menu", 0);
}

static int read_photos_clear(struct step *step)
{
    struct avatar *avatar = chat_avatar(step->chat, step->chat->session.avatar_id);
    if (event_is_photo(step->event) && avatar != NULL) {
        record_photo(step, avatar); /* the rest of an album; whether it stays is what was asked */
        return OUT_QUIET;
    }
    if (step->event->kind != EVENT_BUTTON)
        return OUT_UNEXPECTED;
    if (!press_is(&step->press, "yes"))
        return KEPT;
    return avatar != NULL && are_in_use(step->chat, avatar) ? IN_USE : CLEARED;
}

static void show_photos_clear(struct step *step)
{
    screen_text(step, TEXT_PHOTOS_CLEAR, NO_ARGS);
    screen_button(step, TEXT_BUTTON_YES_CLEAR, "yes", 0);
    screen_button(step, TEXT_BUTTON_NO_KEEP, "no", 0);
    screen_beside(step);
    screen_go(step, TEXT_BUTTON_MENU, "menu", 0);
}

static void say_in_use(struct step *step)
{
    step_hint(step, TEXT_PHOTOS_BUSY, NO_ARGS);
}

static void clear(struct step *step)
{
    struct avatar *avatar = chat_avatar(step->chat, step->chat->session.avatar_id);
    if (avatar != NULL)
        record_photos_clear(step, avatar);
}
