/* My avatars: the list, one avatar's card, its finished sets, renaming it, deleting it. What is on a card are places,
 * so an old card still works; only deleting asks back. */
#include "core/correct.h"
#include "core/delivery.h"
#include "core/naming.h"
#include "core/record.h"
#include "core/sheet.h"

#define SHEET "my avatars"

#define STATES(S)                                                                                                      \
    S(my_avatars, "my", MY_AVATARS, MY_HINT, PHOTO_ELSEWHERE, 30 * DAY, USER, FACT_AVATARS, 0)                         \
    S(card, "card", CARD, CARD_HINT, CARD_PHOTO, 30 * DAY, USER, FACT_AVATARS | FACT_THUMBNAIL | FACT_SETS, 0)         \
    S(sets, "sets", SETS, SETS_HINT, PHOTO_ELSEWHERE, 30 * DAY, USER, FACT_AVATARS | FACT_SETS, 0)                     \
    S(set, "set", SET, SET_HINT, PHOTO_ELSEWHERE, 30 * DAY, USER, FACT_AVATARS | FACT_JOB, 0)                          \
    S(rename, "rename", RENAME, RENAME_HINT, RENAME_HINT, 7 * DAY, USER, FACT_AVATARS, 0)                              \
    S(delete, "delete", DELETE, DELETE_HINT, DELETE_HINT, DAY, USER, FACT_AVATARS | FACT_ORDER | FACT_JOBS, 0)

#define OUTCOMES(O) O(RENAMED) O(KEPT) O(DELETED) O(BUSY) O(GONE)

/*      from    on       to          also do */
#define MOVES(M)                                                                                                       \
    M(rename, RENAMED, card, give_name)                                                                                \
    M(rename, GONE, my_avatars, say_gone)                                                                              \
    M(delete, GONE, my_avatars, say_gone)                                                                              \
    M(delete, KEPT, card, nothing)                                                                                     \
    M(delete, BUSY, card, say_busy)                                                                                    \
    M(delete, DELETED, my_avatars, delete_avatar)

#define CORRECTIONS(C) C(rename, correct_name)

#include "core/talk/sheet.inc"

enum { SETS_PAGE = 8 /* buttons that a phone shows at once */ };

static struct avatar *current(struct step *step)
{
    return chat_avatar(step->chat, step->chat->session.avatar_id);
}

static int read_my_avatars(struct step *step)
{
    (void)step;
    return OUT_UNEXPECTED;
}

static bool is_enough(const struct step *step, const struct avatar *avatar)
{
    return avatar->good >= step->rules->photos_min;
}

static enum text_key label_of(const struct step *step, const struct avatar *avatar)
{
    static const enum text_key labels[AVATAR_STATUS_COUNT] = {TEXT_MY_DRAFT, TEXT_MY_PROCESSING, TEXT_MY_READY};
    return avatar->status == AVATAR_DRAFT && is_enough(step, avatar) ? TEXT_MY_ENOUGH : labels[avatar->status];
}

static void show_my_avatars(struct step *step)
{
    const struct avatars *avatars = chat_avatars(step->chat);
    int64_t count = (int64_t)avatars->count;
    screen_text(step, count == 0 ? TEXT_MY_NONE : TEXT_MY_AVATARS, ARGS(ARG_N("n", count)));
    for (size_t i = 0; i < avatars->count && i < KEYBOARD_BUTTONS_MAX - 4; i++) {
        const struct avatar *avatar = &avatars->list[i];
        screen_go_named(
            step,
            step_plain(step, label_of(step, avatar),
                       ARGS(ARG_S("name", avatar->name), ARG_N("photos", avatar->good), ARG_N("made", avatar->made))),
            "card", avatar->id);
    }
    screen_go(step, TEXT_BUTTON_NEW, "new", 0);
    screen_go(step, TEXT_BUTTON_MENU, "menu", 0);
    screen_beside(step);
}

/* The finished sets of an avatar, newest first: those of which photos have come to the chat. */
struct shelf {
    size_t count;
    const struct job *sets[CHAT_SETS_MAX];
    const struct job *running; /* the newest that is being made; NULL = none */
};

static void look(const struct step *step, int64_t avatar_id, struct shelf *ret_shelf)
{
    const struct jobs *jobs = chat_sets(step->chat);
    ret_shelf->count = 0;
    ret_shelf->running = NULL;
    for (size_t i = 0; i < jobs->count; i++) {
        const struct job *job = &jobs->list[i];
        if (job->avatar_id != avatar_id)
            continue;
        if (job_running(job) && (ret_shelf->running == NULL || job->id > ret_shelf->running->id))
            ret_shelf->running = job;
        if (job_count(job, SHOT_SENT) == 0 || ret_shelf->count == CHAT_SETS_MAX)
            continue;
        size_t at = ret_shelf->count++;
        for (; at > 0 && ret_shelf->sets[at - 1]->id < job->id; at--)
            ret_shelf->sets[at] = ret_shelf->sets[at - 1];
        ret_shelf->sets[at] = job;
    }
}

static int read_card(struct step *step)
{
    (void)step;
    return OUT_UNEXPECTED;
}

static void offer_again(struct step *step, const struct job *job)
{
    screen_go(step, TEXT_BUTTON_AGAIN, "again", job->id);
    screen_go(step, TEXT_BUTTON_FILES, "files", job->id);
}

static void show_card(struct step *step)
{
    static const enum text_key states[AVATAR_STATUS_COUNT] = {TEXT_STATUS_DRAFT, TEXT_STATUS_PROCESSING,
                                                              TEXT_STATUS_READY};
    struct avatar *avatar = current(step);
    if (avatar == NULL) {
        show_my_avatars(step);
        return;
    }
    struct shelf shelf;
    look(step, avatar->id, &shelf);
    bool enough = is_enough(step, avatar);
    enum text_key status = avatar->status == AVATAR_DRAFT && enough ? TEXT_STATUS_ENOUGH : states[avatar->status];
    screen_text(step, TEXT_CARD,
                ARGS(ARG_S("name", avatar->name), ARG_HTML("status", step_text(step, status, NO_ARGS)),
                     ARG_N("photos", avatar->good), ARG_N("made", avatar->made)));
    if (avatar->thumbnail != NULL)
        screen_picture(step, arena_format(step->arena, "file:%s", avatar->thumbnail));
    if (shelf.running != NULL)
        screen_go(step, TEXT_BUTTON_PROGRESS, "making", shelf.running->id);
    if (enough) {
        screen_go(step, TEXT_BUTTON_NEW_SET, "style", avatar->id);
        screen_primary(step);
    }
    if (shelf.count == 1)
        offer_again(step, shelf.sets[0]);
    else if (shelf.count > 1)
        screen_go_named(step, step_plain(step, TEXT_BUTTON_SETS, ARGS(ARG_N("n", (int64_t)shelf.count))), "sets",
                        shelf.sets[0]->id);
    screen_go(step, TEXT_BUTTON_ADD_PHOTOS, "photos", avatar->id);
    screen_go(step, TEXT_BUTTON_RENAME, "rename", avatar->id);
    screen_go(step, TEXT_BUTTON_DELETE, "delete", avatar->id);
    screen_beside(step);
    screen_go(step, TEXT_BUTTON_BACK, "my", 0);
    screen_go(step, TEXT_BUTTON_MENU, "menu", 0);
    screen_beside(step);
}

static int read_sets(struct step *step)
{
    (void)step;
    return OUT_UNEXPECTED;
}

static const char *style_of(struct step *step, const struct job *job)
{
    const struct style *style = style_find(step->rules->styles, job->style_id);
    return style != NULL ? style->name[step->chat->session.lang] : step_plain(step, TEXT_SET_STYLE_GONE, NO_ARGS);
}

static void offer_way_back(struct step *step, const char *place, int64_t object)
{
    screen_go(step, TEXT_BUTTON_BACK, place, object);
    screen_go(step, TEXT_BUTTON_MENU, "menu", 0);
    screen_beside(step);
}

/* The page with the session's set on it. */
static void show_sets(struct step *step)
{
    const struct avatar *avatar = current(step);
    struct shelf shelf;
    size_t at = 0;
    if (avatar == NULL) {
        show_my_avatars(step);
        return;
    }
    look(step, avatar->id, &shelf);
    for (size_t i = 0; i < shelf.count; i++)
        if (shelf.sets[i]->id == step->chat->session.job_id)
            at = i / SETS_PAGE * SETS_PAGE;
    size_t end = at + SETS_PAGE < shelf.count ? at + SETS_PAGE : shelf.count;
    screen_text(step, TEXT_SETS, ARGS(ARG_S("name", avatar->name), ARG_N("n", (int64_t)shelf.count)));
    for (size_t i = at; i < end; i++)
        screen_go_named(
            step,
            step_plain(step, TEXT_SET_LABEL,
                       ARGS(ARG_N("number", (int64_t)(shelf.count - i)), ARG_S("style", style_of(step, shelf.sets[i])),
                            ARG_S("date", step_date(step, shelf.sets[i]->since_ms)))),
            "set", shelf.sets[i]->id);
    if (at > 0)
        screen_go(step, TEXT_BUTTON_PREVIOUS, "sets", shelf.sets[at - SETS_PAGE]->id);
    if (end < shelf.count)
        screen_go(step, TEXT_BUTTON_NEXT, "sets", shelf.sets[end]->id);
    if (at > 0 && end < shelf.count)
        screen_beside(step);
    offer_way_back(step, "card", avatar->id);
}

static int read_set(struct step *step)
{
    (void)step;
    return OUT_UNEXPECTED;
}

static void show_set(struct step *step)
{
    const struct avatar *avatar = current(step);
    const struct job *job = chat_job(step->chat, step->chat->session.job_id);
    if (avatar == NULL || job == NULL) {
        show_my_avatars(step);
        return;
    }
    screen_text(step, TEXT_SET,
                ARGS(ARG_S("name", avatar->name), ARG_S("style", style_of(step, job)),
                     ARG_S("date", step_date(step, job->since_ms)), ARG_N("n", job_count(job, SHOT_SENT))));
    offer_again(step, job);
    offer_way_back(step, "sets", job->id);
}

static int read_rename(struct step *step)
{
    if (step->event->kind != EVENT_TEXT && step->event->kind != EVENT_BUTTON)
        return OUT_UNEXPECTED;
    if (current(step) == NULL)
        return GONE;
    return naming_read(step) ? RENAMED : OUT_AGAIN;
}

static void show_rename(struct step *step)
{
    struct avatar *avatar = current(step);
    if (!naming_show(step))
        screen_text(step, TEXT_RENAME, ARGS(ARG_S("name", avatar == NULL ? "" : avatar->name)));
    screen_go(step, TEXT_BUTTON_BACK, "card", step->chat->session.avatar_id);
    screen_go(step, TEXT_BUTTON_MENU, "menu", 0);
    screen_beside(step);
}

static void give_name(struct step *step)
{
    record_avatar_name(step, current(step), step->name);
}

/* A set of it is being made, or is on its way to the chat. */
static bool is_busy(const struct chat *chat, const struct avatar *avatar)
{
    bool busy = avatar->status == AVATAR_PROCESSING;
    const struct jobs *jobs = chat_jobs(chat);
    for (size_t i = 0; i < jobs->count; i++)
        busy = busy || (jobs->list[i].avatar_id == avatar->id && !delivery_complete(&jobs->list[i]));
    return busy;
}

static int read_delete(struct step *step)
{
    struct avatar *avatar = current(step);
    if (step->event->kind != EVENT_BUTTON)
        return OUT_UNEXPECTED;
    if (avatar == NULL)
        return GONE;
    if (!press_is(&step->press, "yes"))
        return KEPT;
    return is_busy(step->chat, avatar) ? BUSY : DELETED;
}

/* "12 photos of yours and 23 finished ones", whatever there is of it; NULL for nothing. */
static const char *what_goes(struct step *step, const struct avatar *avatar)
{
    int32_t sent = avatar->good + avatar->pending;
    const char *photos = step_text(step, TEXT_DELETE_PHOTOS, ARGS(ARG_N("n", sent)));
    const char *made = step_text(step, TEXT_DELETE_MADE, ARGS(ARG_N("n", avatar->made)));
    if (sent > 0 && avatar->made > 0)
        return step_text(step, TEXT_DELETE_BOTH, ARGS(ARG_HTML("photos", photos), ARG_HTML("made", made)));
    if (sent > 0)
        return photos;
    return avatar->made > 0 ? made : NULL;
}

static void show_delete(struct step *step)
{
    struct avatar *avatar = current(step);
    const char *name = avatar == NULL ? "" : avatar->name, *what = avatar == NULL ? NULL : what_goes(step, avatar);
    if (what == NULL)
        screen_text(step, TEXT_DELETE_EMPTY, ARGS(ARG_S("name", name)));
    else
        screen_text(step, TEXT_DELETE, ARGS(ARG_S("name", name), ARG_HTML("what", what)));
    screen_button(step, TEXT_BUTTON_YES_DELETE, "yes", 0);
    screen_button(step, TEXT_BUTTON_NO_KEEP, "no", 0);
    screen_beside(step);
    screen_go(step, TEXT_BUTTON_MENU, "menu", 0);
}

/* Deleted elsewhere, by the web application or on another device. */
static void say_gone(struct step *step)
{
    step_hint(step, TEXT_AVATAR_GONE, NO_ARGS);
}

static void say_busy(struct step *step)
{
    step_hint(step, TEXT_DELETE_BUSY, NO_ARGS);
}

static void delete_avatar(struct step *step)
{
    step_hint(step, TEXT_DELETED, ARGS(ARG_S("name", current(step)->name)));
    record_avatar_delete(step, current(step));
}
