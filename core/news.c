/* News that the current state did not take: the user is elsewhere when the money or the photos come. Nothing paid is
 * ever silent, so these are messages of their own with lasting buttons; what the user is doing goes on undisturbed. */
#include "core/delivery.h"
#include "core/ending.h"
#include "core/engine.h"
#include "core/record.h"
#include "core/sheet.h"

static void paid(struct step *step)
{
    notice_begin(step);
    screen_text(step, ending_paid(step->event->reason, step->event->other != 0), NO_ARGS);
    struct job *job = chat_job(step->chat, step->event->other);
    if (job != NULL)
        screen_go(step, TEXT_BUTTON_PROGRESS, "making", job->id);
    else /* not among what was loaded: nothing to look at */
        screen_go(step, TEXT_BUTTON_MENU, "menu", 0);
    (void)notice_end(step);
}

/* It costs nothing, so there is no payment to tell of. */
static void begun(struct step *step)
{
    notice_begin(step);
    screen_text(step, TEXT_NOTICE_BEGUN, NO_ARGS);
    screen_go(step, TEXT_BUTTON_PROGRESS, "making", step->event->object);
    (void)notice_end(step);
}

static void sets_given(struct step *step)
{
    notice_begin(step);
    screen_text(step, TEXT_SETS_GIVEN, ARGS(ARG_N("sets", step->event->object)));
    screen_go(step, TEXT_BUTTON_MY, "my", 0);
    screen_go(step, TEXT_BUTTON_MENU, "menu", 0);
    screen_beside(step);
    (void)notice_end(step);
}

static void finished(struct step *step, struct job *job)
{
    record_job_finished(step, job);
    notice_begin(step);
    delivery_result(step, job);
    (void)notice_end(step);
}

/* Which sum, for what, and where it is. */
static void refund(struct step *step)
{
    static const enum text_key whys[REFUND_WHY_COUNT] = {[REFUND_OF_DOUBLE] = TEXT_REFUND_OF_DOUBLE,
                                                         [REFUND_OF_AVATAR] = TEXT_REFUND_OF_AVATAR,
                                                         [REFUND_BY_PERSON] = TEXT_REFUND_BY_PERSON,
                                                         [REFUND_OF_FAILED] = TEXT_REFUND_OF_FAILED,
                                                         [REFUND_OF_UNDELIVERED] = TEXT_REFUND_OF_UNDELIVERED};
    enum event_kind kind = step->event->kind;
    enum text_key key = kind == EVENT_REFUND_DONE      ? TEXT_REFUND_DONE
                        : kind == EVENT_REFUND_PENDING ? TEXT_REFUND_PENDING
                                                       : TEXT_REFUND_REFUSED;
    notice_begin(step);
    screen_text(step, key,
                ARGS(ARG_S("sum", step->event->in_stars ? step_stars(step, step->event->other)
                                                        : step_money(step, step->event->other)),
                     ARG_HTML("why", step_text(step, whys[step->event->refund_why], NO_ARGS))));
    screen_go(step, TEXT_BUTTON_MENU, "menu", 0);
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

/* The tax service's: whoever has the link may look. */
static void receipt(struct step *step)
{
    const struct event *event = step->event;
    notice_begin(step);
    screen_text(step, TEXT_RECEIPT_READY, ARGS(ARG_S("price", step_money(step, event->other))));
    screen_link(step, step_plain(step, TEXT_BUTTON_OPEN_RECEIPT, NO_ARGS),
                arena_format(step->arena, "%s/receipt/%s/print", step->rules->receipts_url, event->receipt));
    screen_go(step, TEXT_BUTTON_MENU, "menu", 0);
    (void)notice_end(step);
}

void engine_news(struct step *step)
{
    enum event_kind kind = step->event->kind;
    if (kind == EVENT_RECEIPT)
        receipt(step);
    if (kind == EVENT_MONEY_ODD)
        money_odd(step);
    if (kind == EVENT_REFUND_PENDING || kind == EVENT_REFUND_DONE || kind == EVENT_REFUND_REFUSED)
        refund(step);
    if (kind == EVENT_PAYMENT_SETTLED)
        paid(step);
    if (kind == EVENT_SET_BEGUN)
        begun(step);
    if (kind == EVENT_SETS_GIVEN)
        sets_given(step);
    if (kind != EVENT_JOB_PROGRESS && kind != EVENT_DELIVERED)
        return;
    struct job *job = chat_job(step->chat, step->event->object);
    if (job == NULL)
        return;
    delivery_plan(step, job);
    if (delivery_complete(job) && !job->finished)
        finished(step, job);
}
