/* A paid set being made, and its result. The bar is paced (one edit in PACE_MS at most); albums go out by
 * core/delivery.c as soon as they are full; the set ends with a message of its own. */
#include "core/delivery.h"
#include "core/engine.h"
#include "core/record.h"
#include "core/sheet.h"

#define SHEET "making"

#define STATES(S)                                                                                                      \
    S(making, "making", MAKING, MAKING_HINT, MAKING_HINT, 30 * DAY)                                                    \
    S(result, "result", RESULT, RESULT_HINT, PHOTO_ELSEWHERE, 30 * DAY)

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
    bool is_news = kind == EVENT_JOB_PROGRESS || kind == EVENT_DELIVERED;
    if (engine_is_news(turn->event) && !(is_news && turn->event->object == session->job_id))
        return OUT_UNEXPECTED;
    if (job == NULL)
        return NO_JOB;
    if (!is_news)
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
    int32_t total = job == NULL ? turn->chat->order.photo_count : job->total, made = job == NULL ? 0 : job_made(job);
    screen_text(turn, job != NULL && !job_running(job) ? TEXT_MAKING_SENDING : TEXT_MAKING,
                ARGS(ARG_S("bar", delivery_bar(turn->arena, made, total)), ARG_N("made", made), ARG_N("total", total)));
    screen_go(turn, TEXT_BUTTON_MENU, "menu", 0);
}

static void call_back(struct turn *turn)
{
    record_job_finished(turn, chat_job(turn->chat, turn->chat->session.job_id));
    turn->fresh = turn->replace = true;
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
    delivery_result(turn, job);
}
