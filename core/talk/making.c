/* A paid set being made, and its result. The bar is paced (one edit in PACE_MS at most); albums go out by
 * core/delivery.c as soon as they are full; the set ends with a message of its own. */
#include "core/delivery.h"
#include "core/engine.h"
#include "core/sheet.h"

#define SHEET "making"

#define STATES(S)                                                                                                      \
    S(making, "making", MAKING, 30 * DAY)                                                                              \
    S(result, "result", RESULT, 30 * DAY)

#define OUTCOMES(O) O(FINISHED) O(NO_JOB)

/*      from    on        to      also do */
#define MOVES(M)                                                                                                       \
    M(making, FINISHED, result, call_back)                                                                             \
    M(making, NO_JOB, menu, nothing)

#include "core/talk/sheet.inc"

enum { PACE_MS = 3000 };

static int read_making(struct turn *turn)
{
    struct session *session = &turn->chat->session;
    struct job *job = chat_job(turn->chat, session->job_id);
    enum event_kind kind = turn->event->kind;
    if (job == NULL)
        return NO_JOB;
    if ((kind != EVENT_JOB_PROGRESS && kind != EVENT_DELIVERED) || turn->event->object != job->id)
        return OUT_UNEXPECTED;
    delivery_plan(turn, job);
    if (delivery_complete(job) && !job->finished)
        return FINISHED;
    if (turn->now_ms - session->shown_at_ms >= PACE_MS)
        return OUT_AGAIN;
    turn_refresh_at(turn, session->shown_at_ms + PACE_MS);
    return OUT_QUIET;
}

static void show_making(struct turn *turn)
{
    struct job *job = chat_job(turn->chat, turn->chat->session.job_id);
    int32_t total = job == NULL ? 0 : job->total, made = job == NULL ? 0 : job_made(job);
    screen_text(
        turn, total > 0 && made == total ? TEXT_MAKING_SENDING : TEXT_MAKING,
        ARGS(ARG_HTML("bar", delivery_bar(turn->arena, made, total)), ARG_N("made", made), ARG_N("total", total)));
    screen_go(turn, TEXT_BUTTON_MENU, "menu", 0);
}

static void call_back(struct turn *turn)
{
    struct job *job = chat_job(turn->chat, turn->chat->session.job_id);
    job->finished = true;
    turn_effect(turn, EFFECT_JOB_FINISHED)->object = job->id;
    turn->fresh = true;
}

static int read_result(struct turn *turn)
{
    (void)turn;
    return OUT_UNEXPECTED;
}

static void show_result(struct turn *turn)
{
    struct job *job = chat_job(turn->chat, turn->chat->session.job_id);
    if (job == NULL) {
        screen_text(turn, TEXT_MENU, NO_ARGS);
        screen_go(turn, TEXT_BUTTON_MENU, "menu", 0);
        return;
    }
    int32_t failed = job_count(job, SHOT_FAILED), made = job_made(job);
    screen_text(turn, failed == 0 ? TEXT_RESULT : TEXT_RESULT_PARTLY,
                ARGS(ARG_N("made", made), ARG_N("failed", failed)));
    screen_go(turn, TEXT_BUTTON_FILES, "files", job->id);
    screen_go(turn, TEXT_BUTTON_ANOTHER_STYLE, "style", job->avatar_id);
    screen_primary(turn);
    screen_go(turn, TEXT_BUTTON_MENU, "menu", 0);
}
