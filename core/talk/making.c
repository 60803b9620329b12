/* A paid set being made, and its result. The bar is paced (one edit in PACE_MS at most); albums go out by
 * core/delivery.c as soon as they are full; the set ends with a message of its own. */
#include "core/delivery.h"
#include "core/record.h"
#include "core/sheet.h"

#define SHEET "making"

#define STATES(S)                                                                                                      \
    S(making, "making", MAKING, MAKING_HINT, MAKING_HINT, 30 * DAY, USER, FACT_ORDER | FACT_JOB, VOICE_SETS)           \
    S(result, "result", RESULT, RESULT_HINT, PHOTO_ELSEWHERE, 30 * DAY, USER, FACT_JOB, 0)

#define OUTCOMES(O) O(FINISHED) O(NO_JOB)

/*      from    on        to      also do */
#define MOVES(M)                                                                                                       \
    M(making, FINISHED, result, call_back)                                                                             \
    M(making, NO_JOB, menu, nothing)

#include "core/talk/sheet.inc"

enum { PACE_MS = 3000 };

static int read_making(struct step *step)
{
    struct session *session = &step->chat->session;
    bool begun = step->event->kind == EVENT_SET_BEGUN;
    if (begun && session->job_id == 0 && step->event->other == session->order_id) {
        session->job_id = step->event->object;
        return OUT_AGAIN;
    }
    if (begun || (event_is_news(step->event) && step->event->object != session->job_id))
        return OUT_UNEXPECTED;
    struct job *job = chat_job(step->chat, session->job_id);
    if (session->job_id == 0)
        return OUT_UNEXPECTED; /* its news are on their way */
    if (job == NULL)
        return NO_JOB;
    if (!event_is_news(step->event))
        return OUT_UNEXPECTED;
    delivery_plan(step, job);
    if (delivery_complete(job) && !job->finished)
        return FINISHED;
    if (step->now_ms - session->shown_at_ms >= PACE_MS)
        return OUT_AGAIN;
    step_refresh_at(step, session->shown_at_ms + PACE_MS);
    return OUT_QUIET;
}

static void show_making(struct step *step)
{
    const struct order *order = chat_order(step->chat);
    struct job *job = chat_job(step->chat, step->chat->session.job_id);
    int32_t total = job == NULL ? order->photo_count : job->total, made = job == NULL ? 0 : job_made(job);
    bool is_free = order->price_kopecks == 0 && (job == NULL || order->job_id == job->id);
    bool sending = job != NULL && !job_running(job);
    screen_text(step,
                sending   ? TEXT_MAKING_SENDING
                : is_free ? TEXT_MAKING_FREE
                          : TEXT_MAKING,
                ARGS(ARG_S("bar", delivery_bar(step->arena, made, total)), ARG_N("made", made), ARG_N("total", total)));
    screen_go(step, TEXT_BUTTON_MENU, "menu", 0);
}

static void call_back(struct step *step)
{
    record_job_finished(step, chat_job(step->chat, step->chat->session.job_id));
    step_call_back(step);
}

static int read_result(struct step *step)
{
    (void)step;
    return OUT_UNEXPECTED;
}

static void show_result(struct step *step)
{
    struct job *job = chat_job(step->chat, step->chat->session.job_id);
    if (job == NULL) {
        screen_text(step, TEXT_MENU, NO_ARGS);
        screen_go(step, TEXT_BUTTON_MENU, "menu", 0);
        return;
    }
    delivery_result(step, job);
}
