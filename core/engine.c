/* The engine: what one event does to one chat, in the order that keeps every conversation simple.
 *
 *   1. a stranger is registered, and meets the welcome; whoever has not agreed to the present offer, or agreed to an
 *      older text about their data, is asked that first, and goes on from where they were; an edit of old words does
 *      nothing;
 *   2. moves common to all run first: commands, places named by lasting buttons, stale buttons, time limits;
 *   3. the current state's reader classifies the rest, and the sheet says where that leads;
 *   4. the question of the state is shown, as an edit of the living message, or below what the user wrote.
 *
 * It must not know any conversation: those are the sheets in core/talk. It never fails and never stays silent to a
 * person: what no reader takes is answered with a helpful line and the same question, three times in a row with the
 * menu.
 *
 * Reason: in which order things are met is the whole of it, and is to be read in one piece. */
#include "core/engine.h"

#include <stdlib.h>
#include <string.h>

#include "core/bug.h"
#include "core/commands.h"
#include "core/gate.h"
#include "core/places.h"
#include "core/record.h"
#include "core/referral.h"
#include "core/sheet.h"
#include "core/stand.h"

/* Words are what can be edited into others; a shared contact answers in their place. */
static bool is_words(const struct event *event)
{
    return event->kind == EVENT_COMMAND || event->kind == EVENT_TEXT || event->kind == EVENT_CONTACT;
}

enum { ALBUM_GAP_MS = 10000 }; /* pictures of one album come up to that far apart */

static void restart_at_menu(struct step *step, enum text_key why)
{
    step_hint(step, why, NO_ARGS);
    stand_enter(step, &state_menu);
    stand_show(step, false);
}

/* The state took the user's words: from now on an edit of them is a correction. */
static void note_answer(struct step *step, const struct state *state)
{
    struct session *session = &step->chat->session;
    session->answer_message_id = step->event->message_id;
    session->answer_state = state;
    session->answer_avatar_id = session->avatar_id;
}

static void follow(struct step *step, const struct state *from, int outcome)
{
    const struct sheet *sheet = from->sheet;
    for (size_t i = 0; i < sheet->move_count; i++) {
        const struct move *move = &sheet->moves[i];
        if (move->from != from || move->on != outcome)
            continue;
        stand_move(step, move);
        step->chat->session.misses = step->event->media_group != NULL; /* its siblings are on their way */
        move->also(step);
        if (is_words(step->event))
            note_answer(step, from);
        stand_ask_before_photos(step);
        if (!step->later)
            stand_show(step, from == move->to);
        return;
    }
    bug("a sheet without a move for an outcome");
}

/* The rest of an album whose first picture was answered just now: one answer is enough for all of it. */
static bool is_sibling(const struct step *step)
{
    const struct session *session = &step->chat->session;
    return step->event->media_group != NULL && session->misses > 0 &&
           step->now_ms - session->shown_at_ms < ALBUM_GAP_MS;
}

static void miss(struct step *step)
{
    struct session *session = &step->chat->session;
    if (is_sibling(step) || step->event->edited) /* it was answered before, and is no better now */
        return;
    session->misses++;
    if (session->misses >= ENGINE_MISSES_MAX) {
        restart_at_menu(step, TEXT_LOST);
        session->misses = step->event->media_group != NULL; /* its siblings are on their way */
        return;
    }
    if (step->hint == NULL)
        step_hint(step, event_is_photo(step->event) ? session->state->photo_hint : session->state->hint, NO_ARGS);
    stand_show(step, true);
}

/* What the user did is not done; where they were is kept for afterwards. */
static void ask_first(struct step *step, const struct state *question)
{
    if (step->event->kind == EVENT_BUTTON && step->event->message_id != step->chat->session.screen_message_id)
        step->fresh = true;
    stand_between(step, question);
    step->chat->session.misses = step->event->media_group != NULL; /* its siblings are on their way */
    stand_show(step, false);
}

/* What no reader could use may be a question, and the commonest one has an answer everywhere. */
static bool is_answered(struct step *step)
{
    if (step->event->kind != EVENT_TEXT || step->event->edited || !step_asks_price(step, step->event->text))
        return false;
    const struct style *cheapest = style_cheapest(step->rules->styles);
    step_hint(step, TEXT_PRICE,
              ARGS(ARG_N("photos", cheapest->photo_count), ARG_S("price", step_money(step, cheapest->price_kopecks))));
    return true;
}

static void ask_reader(struct step *step)
{
    const struct state *state = step->chat->session.state, *first = gate_question(step);
    bool heard = (event_voice(step->event->kind) & state->hears) != 0 && state->who <= step_who(step);
    int outcome = heard ? state->read(step) : OUT_UNEXPECTED;
    bool refused = outcome == OUT_UNEXPECTED || (outcome == OUT_AGAIN && step->hint != NULL);
    if (refused && is_answered(step))
        outcome = OUT_AGAIN;
    if (outcome != OUT_UNEXPECTED && event_is_from_user(step->event))
        step->chat->session.misses = 0; /* understood: misses count in a row */
    if (outcome == OUT_UNEXPECTED && event_is_news(step->event))
        engine_news(step);
    else if (outcome == OUT_UNEXPECTED && first != NULL && first != state)
        ask_first(step, first); /* a photo that nobody takes here */
    else if (outcome == OUT_UNEXPECTED)
        miss(step);
    else if (outcome == OUT_AGAIN)
        stand_show(step, true);
    else if (outcome != OUT_QUIET)
        follow(step, state, outcome);
}

/* Registers whoever writes for the first time, wherever they come in. */
static void arrive(struct step *step)
{
    struct chat *chat = step->chat;
    const struct event *event = step->event;
    chat->session.lang = lang_from_tag(event->language_code);
    if (chat->user.id == 0) {
        chat->user.id = step_new_id(step, ID_USER);
        struct effect *effect = step_effect(step, EFFECT_REGISTER);
        effect->register_user.user_id = chat->user.id;
        if (event->kind == EVENT_COMMAND && strcmp(event->command, "start") == 0)
            effect->register_user.referral_code = referral_code(step->arena, event->text);
    }
    stand_enter(step, &state_welcome);
    step->fresh = true;
    step_effect(step, EFFECT_EXAMPLES);
    if (event_is_photo(event))
        record_photo_hold(step); /* the welcome comes once the album has ended */
    else
        stand_show(step, false);
    step_answer(step, TEXT_COUNT);
}

static void command(struct step *step)
{
    const struct command *known = commands_find(step->event->command);
    if (known != NULL && known->who <= step_who(step) && places_go(step, known->place, 0))
        return;
    step_hint(step, TEXT_UNKNOWN_COMMAND, NO_ARGS);
    miss(step);
}

/* A button of another time. A second press of the button just used says nothing; one on an older message brings the
 * current question down to where the user is looking. */
static void stale(struct step *step)
{
    if (step->event->message_id == step->chat->session.screen_message_id) {
        step_answer(step, TEXT_COUNT);
        return;
    }
    step_answer(step, TEXT_STALE_BUTTON);
    step->fresh = true;
    stand_show(step, true);
}

/* A place that is not there any more: its avatar was deleted elsewhere, its order is paid. The screen is shown as it is
 * now; one that was about that very avatar gives way to the list of those that are left. */
static void gone(struct step *step)
{
    struct chat *chat = step->chat;
    int64_t avatar_id = chat->session.avatar_id;
    bool about_it = avatar_id != 0 && avatar_id == step->press.object && chat_avatar(chat, avatar_id) == NULL;
    step_answer(step, TEXT_GONE);
    if (!about_it || !places_go(step, "my", 0))
        stand_show(step, true);
}

static void button(struct step *step)
{
    struct session *session = &step->chat->session;
    if (press_parse(step->event->text, &step->press) != ERR_OK) {
        stale(step);
    } else if (press_is_place(&step->press) && gate_question(step) != NULL && !gate_lets_pass(step->event)) {
        stale(step); /* it is there, but not open yet */
    } else if (press_is_place(&step->press)) {
        step->fresh = step->event->message_id != session->screen_message_id;
        if (!places_go(step, step->press.action, step->press.object))
            gone(step);
    } else if (strcmp(step->press.state, session->state->name) != 0 || step->press.version != session->version) {
        stale(step);
    } else {
        session->screen_message_id = step->event->message_id;
        ask_reader(step);
    }
}

/* Words that were taken are edited. Where they can't be corrected, and where that changes nothing, there is nothing to
 * say. */
static void correct(struct step *step)
{
    const struct state *state = step->chat->session.answer_state;
    bool mended = true;
    for (size_t i = 0; i < state->sheet->correction_count; i++)
        if (state->sheet->corrections[i].of == state)
            mended = state->sheet->corrections[i].correct(step);
    if (!mended)
        ask_reader(step);
    else if (step->hint != NULL)
        stand_show(step, true);
}

static void refresh(struct step *step)
{
    const struct state *question = gate_of_photos(step);
    if (question != NULL && question != step->chat->session.state)
        ask_first(step, question);
    else
        stand_show(step, true);
}

static void wake(struct step *step)
{
    struct session *session = &step->chat->session;
    if (session->limit_at_ms != 0 && session->limit_at_ms <= step->now_ms) {
        session->limit_at_ms = 0;
        if (session->state != &state_menu && gate_question(step) == NULL)
            restart_at_menu(step, TEXT_TIME_LIMIT);
    } else if (session->refresh_at_ms != 0 && session->refresh_at_ms <= step->now_ms) {
        session->refresh_at_ms = 0;
        refresh(step);
    }
}

static void blocked(struct step *step, bool is_blocked)
{
    struct chat *chat = step->chat;
    if (chat->user.id == 0 || chat->user.blocked == is_blocked)
        return;
    chat->user.blocked = is_blocked;
    step_effect(step, EFFECT_BLOCKED)->blocked.is_blocked = is_blocked;
}

/* A stored state this version does not know: politely back to where everything starts. News still count. */
static void restart(struct step *step)
{
    step->fresh = true; /* what kind of message the old screen is, is not known either */
    const struct state *waiting = gate_of_photos(step), *first = waiting != NULL ? waiting : gate_question(step);
    if (first == NULL) {
        restart_at_menu(step, TEXT_RESTARTED);
    } else {
        stand_enter(step, first);
        step->chat->session.refresh_at_ms = 0;
        stand_show(step, false);
    }
    if (event_is_news(step->event))
        engine_news(step);
    step_answer(step, TEXT_COUNT);
}

static void dispatch(struct step *step)
{
    const struct event *event = step->event;
    struct session *session = &step->chat->session;
    const struct state *first = gate_question(step);
    bool corrects = event->edited && event->kind == EVENT_TEXT && session->answer_state != NULL;
    bool shut = first != NULL && !gate_lets_pass(event);
    if (session->state->who > step_who(step)) { /* what they were, they are not any more */
        if (event_is_news(event))               /* not of their doing: they stay until they do something */
            engine_news(step);
        else
            restart(step);
        return;
    }
    if (is_words(event) && !corrects) {
        session->answer_message_id = event->message_id;
        session->answer_state = NULL;
    }
    if (event->kind == EVENT_WAKE)
        wake(step);
    else if (corrects)
        correct(step);
    else if (shut && first != session->state && event_is_from_user(event) && !event_is_photo(event))
        ask_first(step, first); /* photos go to the reader: it holds them, if it can */
    else if (event->kind == EVENT_BUTTON)
        button(step);
    else if (event->kind == EVENT_COMMAND && shut)
        stand_show(step, true);
    else if (event->kind == EVENT_COMMAND)
        command(step);
    else if (!shut || !is_sibling(step)) /* of a photo that nobody took where it came */
        ask_reader(step);
    if (event->kind == EVENT_COMMAND) /* it led to where the user is: mended, it leads elsewhere */
        session->answer_message_id = event->message_id;
    step_answer(step, TEXT_COUNT);
}

/* An edit of the last words, not of older ones. */
static bool is_edit_that_counts(const struct step *step)
{
    const struct session *session = &step->chat->session;
    return session->state != NULL && session->answer_message_id == step->event->message_id;
}

/* The user is in another topic of the chat than before: the living message is not where they look. */
static void follow_topic(struct step *step)
{
    struct session *session = &step->chat->session;
    int64_t thread_id = step->event->thread_id;
    if (thread_id == EVENT_THREAD_UNKNOWN || thread_id == session->thread_id)
        return;
    session->thread_id = thread_id;
    session->below = true;
}

void engine_step(struct step *step)
{
    struct chat *chat = step->chat;
    const struct event *event = step->event;
    step->was = chat->session.state;
    step->resume = chat->session.resume;
    step->form = chat->session.form;
    if (event->kind == EVENT_NONE || (event->edited && !is_edit_that_counts(step)))
        return;
    if (event->kind == EVENT_BLOCKED || event->kind == EVENT_UNBLOCKED) {
        blocked(step, event->kind == EVENT_BLOCKED);
        return;
    }
    if (event->kind == EVENT_STARS_PAID || event->kind == EVENT_STARS_REFUNDED) {
        record_stars(step); /* what comes of it is news */
        return;
    }
    if (event_is_from_user(event)) {
        follow_topic(step);
        blocked(step, false); /* who writes has unblocked us, even if that update was lost */
    }
    if (event_is_message(event) && !event->edited)
        chat->session.below = true;
    bool met = chat->session.state != NULL || chat->session.version != 0;
    if (event_is_from_user(event) && (!met || chat->user.id == 0)) /* 0: new, or taken out of the database meanwhile */
        arrive(step);
    else if (chat->session.state != NULL)
        dispatch(step);
    else if (met)
        restart(step);
    else
        engine_news(step); /* known to the shop, never met here */
    chat->dirty = chat->dirty || chat->session.state != NULL;
}
