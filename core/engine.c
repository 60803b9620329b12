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

#include "core/gate.h"
#include "core/record.h"
#include "core/referral.h"
#include "core/sheet.h"

static bool from_user(const struct event *event)
{
    return event->kind >= EVENT_COMMAND && event->kind <= EVENT_BUTTON;
}

static bool is_message(const struct event *event)
{
    return event->kind >= EVENT_COMMAND && event->kind <= EVENT_OTHER && !event->edited;
}

/* Words are what can be edited into others; a shared contact answers in their place. */
static bool is_words(const struct event *event)
{
    return event->kind == EVENT_COMMAND || event->kind == EVENT_TEXT || event->kind == EVENT_CONTACT;
}

/* Limits of a day and more end with a full hour: then most steps leave an indexed column as it is, and Postgres can
 * rewrite the row in place. */
static int64_t limit_of(int64_t now_ms, int64_t limit_s)
{
    static const int64_t hour_ms = INT64_C(3600) * 1000, day_s = INT64_C(86400);
    int64_t limit_ms = now_ms + limit_s * 1000;
    return limit_s < day_s ? limit_ms : (limit_ms + hour_ms - 1) / hour_ms * hour_ms;
}

void engine_stand(struct turn *turn, const struct state *state)
{
    struct session *session = &turn->chat->session;
    session->state = state;
    session->version++;
    session->misses = 0;
    if (gate_of_photos(turn) == NULL) /* who goes on before their album has ended is asked then */
        session->refresh_at_ms = 0;
    session->limit_at_ms = limit_of(turn->now_ms, state->limit_s);
    if (session->answer_state == NULL) /* what nobody took does not answer another question */
        session->answer_message_id = 0;
}

void engine_enter(struct turn *turn, const struct state *state)
{
    struct session *session = &turn->chat->session;
    engine_stand(turn, state);
    session->page = 0;
    session->over = 0;
    session->typed[0] = '\0';
    if (!gate_is_between(state))
        session->resume = NULL;
}

/* again: the same question as before, so the old copy of it may go. */
static void show(struct turn *turn, bool again)
{
    struct session *session = &turn->chat->session;
    turn->screen = arena_alloc(turn->arena, sizeof *turn->screen);
    session->state->show(turn);
    /* Telegram can't edit a message into or out of a keyboard; deleting the message takes its keyboard away. */
    bool keyboard = turn->was != NULL && sheet_asks_contact(turn->was);
    struct effect *effect = turn_effect(turn, EFFECT_SCREEN);
    effect->message = turn->screen;
    effect->fresh = turn->fresh || session->below || session->screen_message_id == 0 || keyboard ||
                    turn->screen->ask_contact;
    effect->replace = again || keyboard || turn->replace;
    session->below = false;
    session->shown_at_ms = turn->now_ms;
    turn->screen = NULL;
}

/* No photo is asked for that may not be kept, and no set is offered of those that may not be used. */
static void ask_before_photos(struct turn *turn)
{
    const struct state *state = turn->chat->session.state;
    bool needs = state == &state_photos || state == &state_style || state == &state_checkout;
    if (needs && turn->chat->user.consents[CONSENT_PERSONAL_DATA] == 0)
        gate_put(turn, &state_consent);
}

void engine_show(struct turn *turn)
{
    ask_before_photos(turn);
    show(turn, false);
}

enum { ALBUM_GAP_MS = 10000 }; /* pictures of one album come up to that far apart */

static void restart_at_menu(struct turn *turn, enum text_key why)
{
    turn_hint(turn, why, NO_ARGS);
    engine_enter(turn, &state_menu);
    show(turn, false);
}

/* The state took the user's words: from now on an edit of them is a correction. */
static void note_answer(struct turn *turn, const struct state *state)
{
    struct session *session = &turn->chat->session;
    session->answer_message_id = turn->event->message_id;
    session->answer_state = state;
    session->answer_avatar_id = session->avatar_id;
}

static void follow(struct turn *turn, const struct state *from, int outcome)
{
    const struct sheet *sheet = from->sheet;
    for (size_t i = 0; i < sheet->move_count; i++) {
        const struct move *move = &sheet->moves[i];
        if (move->from != from || move->on != outcome)
            continue;
        engine_enter(turn, move->to);
        turn->chat->session.misses = turn->event->media_group != NULL; /* its siblings are on their way */
        move->also(turn);
        if (is_words(turn->event))
            note_answer(turn, from);
        ask_before_photos(turn);
        if (!turn->later)
            show(turn, from == move->to);
        return;
    }
    abort(); /* a sheet without a move for an outcome; the walk of the sheets in the tests finds it */
}

/* The rest of an album whose first picture was answered just now: one answer is enough for all of it. */
static bool is_sibling(const struct turn *turn)
{
    const struct session *session = &turn->chat->session;
    return turn->event->media_group != NULL && session->misses > 0 &&
           turn->now_ms - session->shown_at_ms < ALBUM_GAP_MS;
}

static void miss(struct turn *turn)
{
    struct session *session = &turn->chat->session;
    if (is_sibling(turn) || turn->event->edited) /* it was answered before, and is no better now */
        return;
    session->misses++;
    if (session->misses >= ENGINE_MISSES_MAX) {
        restart_at_menu(turn, TEXT_LOST);
        session->misses = turn->event->media_group != NULL; /* its siblings are on their way */
        return;
    }
    if (turn->hint == NULL)
        turn_hint(turn, engine_is_photo(turn->event) ? session->state->photo_hint : session->state->hint, NO_ARGS);
    show(turn, true);
}

/* What the user did is not done; where they were is kept for afterwards. */
static void ask_first(struct turn *turn, const struct state *question)
{
    if (turn->event->kind == EVENT_BUTTON && turn->event->message_id != turn->chat->session.screen_message_id)
        turn->fresh = true;
    gate_put(turn, question);
    turn->chat->session.misses = turn->event->media_group != NULL; /* its siblings are on their way */
    show(turn, false);
}

/* What no reader could use may be a question, and the commonest one has an answer everywhere. */
static bool is_answered(struct turn *turn)
{
    if (turn->event->kind != EVENT_TEXT || turn->event->edited || !turn_asks_price(turn, turn->event->text))
        return false;
    const struct style *cheapest = style_cheapest(turn->rules->styles);
    turn_hint(turn, TEXT_PRICE,
              ARGS(ARG_N("photos", cheapest->photo_count), ARG_S("price", turn_money(turn, cheapest->price_kopecks))));
    return true;
}

static void ask_reader(struct turn *turn)
{
    const struct state *state = turn->chat->session.state, *first = gate_question(turn);
    int outcome = state->read(turn);
    bool refused = outcome == OUT_UNEXPECTED || (outcome == OUT_AGAIN && turn->hint != NULL);
    if (refused && is_answered(turn))
        outcome = OUT_AGAIN;
    if (outcome != OUT_UNEXPECTED && from_user(turn->event))
        turn->chat->session.misses = 0; /* understood: misses count in a row */
    if (outcome == OUT_UNEXPECTED && engine_is_news(turn->event))
        engine_news(turn);
    else if (outcome == OUT_UNEXPECTED && first != NULL && first != state)
        ask_first(turn, first); /* a photo that nobody takes here */
    else if (outcome == OUT_UNEXPECTED)
        miss(turn);
    else if (outcome == OUT_AGAIN)
        show(turn, true);
    else if (outcome != OUT_QUIET)
        follow(turn, state, outcome);
}

/* Registers whoever writes for the first time, wherever they come in. */
static void arrive(struct turn *turn)
{
    struct chat *chat = turn->chat;
    const struct event *event = turn->event;
    chat->session.lang = lang_from_tag(event->language_code);
    if (chat->user.id == 0) {
        chat->user.id = turn_new_id(turn, ID_USER);
        struct effect *effect = turn_effect(turn, EFFECT_REGISTER);
        effect->object = chat->user.id;
        if (event->kind == EVENT_COMMAND && strcmp(event->command, "start") == 0)
            effect->text = referral_code(turn->arena, event->text);
    }
    engine_enter(turn, &state_welcome);
    turn->fresh = true;
    turn_effect(turn, EFFECT_EXAMPLES);
    if (engine_is_photo(event))
        record_photo_hold(turn); /* the welcome comes once the album has ended */
    else
        show(turn, false);
    turn_answer(turn, TEXT_COUNT);
}

static void command(struct turn *turn)
{
    const char *place = engine_place_of(turn->event->command);
    if (place != NULL && gate_go(turn, place, 0))
        return;
    turn_hint(turn, TEXT_UNKNOWN_COMMAND, NO_ARGS);
    miss(turn);
}

/* A button of another time. A second press of the button just used says nothing; one on an older message brings the
 * current question down to where the user is looking. */
static void stale(struct turn *turn)
{
    if (turn->event->message_id == turn->chat->session.screen_message_id) {
        turn_answer(turn, TEXT_COUNT);
        return;
    }
    turn_answer(turn, TEXT_STALE_BUTTON);
    turn->fresh = true;
    show(turn, true);
}

/* A place that is not there any more: its avatar was deleted elsewhere, its order is paid. The screen is shown as it is
 * now; one that was about that very avatar gives way to the list of those that are left. */
static void gone(struct turn *turn)
{
    struct chat *chat = turn->chat;
    int64_t avatar_id = chat->session.avatar_id;
    bool about_it = avatar_id != 0 && avatar_id == turn->press.object && chat_avatar(chat, avatar_id) == NULL;
    turn_answer(turn, TEXT_GONE);
    if (!about_it || !engine_go(turn, "my", 0))
        show(turn, true);
}

static void button(struct turn *turn)
{
    struct session *session = &turn->chat->session;
    if (press_parse(turn->event->text, &turn->press) != ERR_OK) {
        stale(turn);
    } else if (press_is_place(&turn->press) && gate_question(turn) != NULL && !gate_lets_pass(turn->event)) {
        stale(turn); /* it is there, but not open yet */
    } else if (press_is_place(&turn->press)) {
        turn->fresh = turn->event->message_id != session->screen_message_id;
        if (!gate_go(turn, turn->press.action, turn->press.object))
            gone(turn);
    } else if (strcmp(turn->press.state, session->state->name) != 0 || turn->press.version != session->version) {
        stale(turn);
    } else {
        session->screen_message_id = turn->event->message_id;
        ask_reader(turn);
    }
}

/* Words that were taken are edited. Where they can't be corrected, and where that changes nothing, there is nothing to
 * say. */
static void correct(struct turn *turn)
{
    const struct state *state = turn->chat->session.answer_state;
    bool mended = true;
    for (size_t i = 0; i < state->sheet->correction_count; i++)
        if (state->sheet->corrections[i].of == state)
            mended = state->sheet->corrections[i].correct(turn);
    if (!mended)
        ask_reader(turn);
    else if (turn->hint != NULL)
        show(turn, true);
}

static void refresh(struct turn *turn)
{
    const struct state *question = gate_of_photos(turn);
    if (question != NULL && question != turn->chat->session.state)
        ask_first(turn, question);
    else
        show(turn, true);
}

static void wake(struct turn *turn)
{
    struct session *session = &turn->chat->session;
    if (session->limit_at_ms != 0 && session->limit_at_ms <= turn->now_ms) {
        session->limit_at_ms = 0;
        if (session->state != &state_menu && gate_question(turn) == NULL)
            restart_at_menu(turn, TEXT_TIME_LIMIT);
    } else if (session->refresh_at_ms != 0 && session->refresh_at_ms <= turn->now_ms) {
        session->refresh_at_ms = 0;
        refresh(turn);
    }
}

static void blocked(struct turn *turn, bool is_blocked)
{
    struct chat *chat = turn->chat;
    if (chat->user.id == 0 || chat->user.blocked == is_blocked)
        return;
    chat->user.blocked = is_blocked;
    turn_effect(turn, EFFECT_BLOCKED)->flag = is_blocked;
}

static void dispatch(struct turn *turn)
{
    const struct event *event = turn->event;
    struct session *session = &turn->chat->session;
    const struct state *first = gate_question(turn);
    bool corrects = event->edited && event->kind == EVENT_TEXT && session->answer_state != NULL;
    bool shut = first != NULL && !gate_lets_pass(event);
    if (is_words(event) && !corrects) {
        session->answer_message_id = event->message_id;
        session->answer_state = NULL;
    }
    if (event->kind == EVENT_WAKE)
        wake(turn);
    else if (corrects)
        correct(turn);
    else if (shut && first != session->state && from_user(event) && !engine_is_photo(event))
        ask_first(turn, first); /* photos go to the reader: it holds them, if it can */
    else if (event->kind == EVENT_BUTTON)
        button(turn);
    else if (event->kind == EVENT_COMMAND && shut)
        show(turn, true);
    else if (event->kind == EVENT_COMMAND)
        command(turn);
    else if (!shut || !is_sibling(turn)) /* of a photo that nobody took where it came */
        ask_reader(turn);
    if (event->kind == EVENT_COMMAND) /* it led to where the user is: mended, it leads elsewhere */
        session->answer_message_id = event->message_id;
    turn_answer(turn, TEXT_COUNT);
}

/* A stored state this version does not know: politely back to where everything starts. News still count. */
static void restart(struct turn *turn)
{
    turn->fresh = true; /* what kind of message the old screen is, is not known either */
    const struct state *waiting = gate_of_photos(turn), *first = waiting != NULL ? waiting : gate_question(turn);
    if (first == NULL) {
        restart_at_menu(turn, TEXT_RESTARTED);
    } else {
        engine_enter(turn, first);
        turn->chat->session.refresh_at_ms = 0;
        show(turn, false);
    }
    if (engine_is_news(turn->event))
        engine_news(turn);
    turn_answer(turn, TEXT_COUNT);
}

/* An edit of the last words, not of older ones. */
static bool is_edit_that_counts(const struct turn *turn)
{
    const struct session *session = &turn->chat->session;
    return session->state != NULL && session->answer_message_id == turn->event->message_id;
}

/* The user is in another topic of the chat than before: the living message is not where they look. */
static void follow_topic(struct turn *turn)
{
    struct session *session = &turn->chat->session;
    int64_t thread_id = turn->event->thread_id;
    if (thread_id == EVENT_THREAD_UNKNOWN || thread_id == session->thread_id)
        return;
    session->thread_id = thread_id;
    session->below = true;
}

void engine_step(struct turn *turn)
{
    struct chat *chat = turn->chat;
    const struct event *event = turn->event;
    turn->was = chat->session.state;
    turn->resume = chat->session.resume;
    if (event->kind == EVENT_NONE || (event->edited && !is_edit_that_counts(turn)))
        return;
    if (event->kind == EVENT_BLOCKED || event->kind == EVENT_UNBLOCKED) {
        blocked(turn, event->kind == EVENT_BLOCKED);
        return;
    }
    if (from_user(event)) {
        follow_topic(turn);
        blocked(turn, false); /* who writes has unblocked us, even if that update was lost */
    }
    if (is_message(event))
        chat->session.below = true;
    bool met = chat->session.state != NULL || chat->session.version != 0;
    if (from_user(event) && (!met || chat->user.id == 0)) /* 0: new, or taken out of the database meanwhile */
        arrive(turn);
    else if (chat->session.state != NULL)
        dispatch(turn);
    else if (met)
        restart(turn);
    else
        engine_news(turn); /* known to the shop, never met here */
    chat->dirty = chat->dirty || chat->session.state != NULL;
}
