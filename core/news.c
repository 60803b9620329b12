/* News that the current state did not take: the user is elsewhere when the money or the photos come. Nothing paid is
 * ever silent, so these are messages of their own with lasting buttons; what the user is doing goes on undisturbed. */
#include "core/delivery.h"
#include "core/engine.h"
#include "core/record.h"
#include "core/sheet.h"

static void paid(struct turn *turn)
{
    notice_begin(turn);
    screen_text(turn, turn->event->other != 0 ? TEXT_NOTICE_PAID : TEXT_PAID_STUCK, NO_ARGS);
    struct job *job = chat_job(turn->chat, turn->event->other);
    if (job != NULL)
        screen_go(turn, TEXT_BUTTON_PROGRESS, "making", job->id);
    else /* not among what was loaded: nothing to look at */
        screen_go(turn, TEXT_BUTTON_MENU, "menu", 0);
    (void)notice_end(turn);
}

static void finished(struct turn *turn, struct job *job)
{
    record_job_finished(turn, job);
    notice_begin(turn);
    delivery_result(turn, job);
    (void)notice_end(turn);
}

void engine_news(struct turn *turn)
{
    enum event_kind kind = turn->event->kind;
    if (kind == EVENT_PAYMENT_SETTLED)
        paid(turn);
    if (kind != EVENT_JOB_PROGRESS && kind != EVENT_DELIVERED)
        return;
    struct job *job = chat_job(turn->chat, turn->event->object);
    if (job == NULL)
        return;
    delivery_plan(turn, job);
    if (delivery_complete(job) && !job->finished)
        finished(turn, job);
}
