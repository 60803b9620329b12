/* The mover of a chat's state, and the show of its question. It knows no conversation, but which states need a consent
 * first. */
#include "core/stand.h"

#include "core/gate.h"
#include "core/sheet.h"

/* Limits of a day and more end with a full hour: then most steps leave an indexed column as it is, and Postgres can
 * rewrite the row in place. */
static int64_t limit_of(int64_t now_ms, int64_t limit_s)
{
    static const int64_t hour_ms = INT64_C(3600) * 1000, day_s = INT64_C(86400);
    int64_t limit_ms = now_ms + limit_s * 1000;
    return limit_s < day_s ? limit_ms : (limit_ms + hour_ms - 1) / hour_ms * hour_ms;
}

void stand_at(struct step *step, const struct state *state)
{
    struct session *session = &step->chat->session;
    session->state = state;
    session->version++;
    session->misses = 0;
    if (gate_of_photos(step) == NULL) /* who goes on before their album has ended is asked then */
        session->refresh_at_ms = 0;
    session->limit_at_ms = limit_of(step->now_ms, state->limit_s);
    if (session->answer_state == NULL) /* what nobody took does not answer another question */
        session->answer_message_id = 0;
}

void stand_enter(struct step *step, const struct state *state)
{
    struct session *session = &step->chat->session;
    stand_at(step, state);
    session->over = 0;
    if (!gate_is_between(state))
        session->resume = NULL;
    if (session->resume == NULL) /* else the form is that of what a question came in between of */
        session->form = (struct form){0};
}

void stand_move(struct step *step, const struct move *move)
{
    struct session *session = &step->chat->session;
    struct form form = session->form;
    stand_enter(step, move->to);
    if (move->from->sheet == move->to->sheet)
        session->form = form;
}

void stand_between(struct step *step, const struct state *question)
{
    struct session *session = &step->chat->session;
    if (!gate_is_between(session->state))
        session->resume = session->state;
    stand_at(step, question);
    session->refresh_at_ms = 0;
}

void stand_show(struct step *step, bool again)
{
    struct session *session = &step->chat->session;
    step->screen = arena_alloc(step->arena, sizeof *step->screen);
    session->state->show(step);
    /* Telegram can't edit a message into or out of a keyboard; deleting the message takes its keyboard away. */
    bool keyboard = step->was != NULL && sheet_asks_contact(step->was);
    struct effect *effect = step_effect(step, EFFECT_SCREEN);
    effect->screen.message = step->screen;
    effect->screen.fresh = step->fresh || session->below || session->screen_message_id == 0 || keyboard ||
                           step->screen->ask_contact;
    effect->screen.replace = again || keyboard || step->replace;
    effect->screen.news = step->calls_back;
    session->below = false;
    session->shown_at_ms = step->now_ms;
    step->screen = NULL;
}

void stand_ask_before_photos(struct step *step)
{
    const struct state *state = step->chat->session.state;
    bool needs = state == &state_photos || state == &state_style || state == &state_checkout;
    if (needs && step->chat->user.consents[CONSENT_PERSONAL_DATA] == 0)
        stand_between(step, &state_consent);
}
