/* News that the current state did not take: the user is elsewhere when the money or the photos come. Nothing paid is
 * ever silent, so these are messages of their own with lasting buttons; what the user is doing goes on undisturbed. */
#include "core/delivery.h"
#include "core/engine.h"
#include "core/record.h"
#include "core/sheet.h"

static void paid(struct step *step)
{
    notice_begin(step);
    screen_text(step, step->event->other != 0 ? TEXT_NOTICE_PAID : TEXT_PAID_STUCK, NO_ARGS);
    struct job *job = chat_job(step->chat, step->event->other);
    if (job != NULL)
        screen_go(step, TEXT_BUTTON_PROGRESS, "making", job->id);
    else /* not among what was loaded: nothing to look at */
        screen_go(step, TEXT_BUTTON_MENU, "menu", 0);
    (void)notice_end(step);
}

static void finished(struct step *step, struct job *job)
{
    record_job_finished(step, job);
    notice_begin(step);
    delivery_result(step, job);
    (void)notice_end(step);
}

/* Who is off the list of owners by now hears nothing. */
static void money_odd(struct step *step)
{
    if (step_who(step) < WHO_OWNER)
        return;
    notice_begin(step);
    screen_text(step, TEXT_MONEY_ODD, ARGS(ARG_N("rows", step->event->object)));
    screen_go(step, TEXT_BUTTON_MENU, "menu", 0);
    (void)notice_end(step);
}

void engine_news(struct step *step)
{
    enum event_kind kind = step->event->kind;
    if (kind == EVENT_MONEY_ODD)
        money_odd(step);
    if (kind == EVENT_PAYMENT_SETTLED)
        paid(step);
    if (kind != EVENT_JOB_PROGRESS && kind != EVENT_DELIVERED)
        return;
    struct job *job = chat_job(step->chat, step->event->object);
    if (job == NULL)
        return;
    delivery_plan(step, job);
    if (delivery_complete(job) && !job->finished)
        finished(step, job);
}
