/* A random walk through all conversations: people who send anything at any time, with hostile texts and forged presses,
 * while money, photos and verdicts arrive when they like. Nothing is expected of the words; the stage holds the core to
 * its promises after every event. `walk [seed [events]]` repeats one; the seed stands in every failure. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/talk/stage.h"
#include "tests/talk/stored.h"

enum { EVENTS = 200000, WHERE_BYTES = 64, CRASH_ODDS = 400, OWN_EVERY = 500, OWN_THERE_EVERY = 5 };

static uint64_t state_;

static uint64_t draw(uint64_t below)
{
    state_ ^= state_ << 13;
    state_ ^= state_ >> 7;
    state_ ^= state_ << 17;
    return state_ % below;
}

static const char *any_text(struct stage *stage)
{
    static const char *const texts[] = {"",
                                        " ",
                                        "Анна",
                                        "<b>&amp;",
                                        "a@b.ru",
                                        "<a@b.ru>",
                                        "8 916 123-45-67",
                                        "+7 916 123-45-67",
                                        "+",
                                        "👩‍👩‍👧",
                                        "\xff\xfe",
                                        "\xe2\x80\xae",
                                        "\xed\xa0\x80",
                                        "{name}",
                                        "%s%n",
                                        "&lt;",
                                        "\"'`_*[](",
                                        "a\nb\tc",
                                        "ref_ABC234",
                                        "сколько стоит?",
                                        "/",
                                        "\xe3\x85\xa4"};
    if (draw(8) > 0)
        return texts[draw(sizeof texts / sizeof texts[0])];
    size_t length = draw(5000);
    char *text = arena_alloc(&stage->keep, length + 1);
    for (size_t i = 0; i < length; i++)
        text[i] = (char)(draw(4) == 0 ? 1 + draw(255) : '!' + draw(90));
    return text;
}

static const char *any_command(void)
{
    static const char *const commands[] = {"start", "menu",    "cancel",  "new", "my",        "help",  "settings",
                                           "terms", "privacy", "unknown", "",    "start@bot", "health"};
    return commands[draw(sizeof commands / sizeof commands[0])];
}

/* A press on something that was shown once, or what a modified client makes of it. */
static struct event any_press(struct stage *stage)
{
    struct event event = {.kind = EVENT_BUTTON, .callback_id = "c", .text = "*:0:menu:0", .message_id = 1};
    size_t window = stage->message_count < 12 || draw(10) == 0 ? stage->message_count : 3;
    if (window > 0) {
        const struct stage_message *shown = &stage->messages[stage->message_count - 1 - draw(window)];
        const struct message *message = shown->message;
        event.message_id = shown->id;
        if (message->button_count > 0) {
            const struct button *button = &message->buttons[draw(message->button_count)];
            if (button->data != NULL)
                event.text = button->data;
        }
    }
    if (draw(20) == 0) {
        char *forged = arena_copy(&stage->keep, event.text);
        forged[draw(strlen(forged))] = (char)(1 + draw(255));
        event.text = forged;
    } else if (draw(20) == 0) {
        static const char *const places[] = {"menu",     "new",    "my",    "card",   "photos", "rename", "sets",
                                             "set",      "delete", "style", "pay",    "making", "again",  "files",
                                             "settings", "help",   "terms", "health", "x"};
        event.text = arena_format(&stage->keep, "*:0:%s:%d", places[draw(sizeof places / sizeof places[0])],
                                  (int)draw((uint64_t)stage->next_id + 3));
    } else if (draw(50) == 0) {
        event.text = any_text(stage);
    }
    return event;
}

static void any_user_event(struct stage *stage)
{
    struct event event = {.kind = EVENT_NONE};
    if (draw(40) == 0)
        stage->thread_id = (int64_t)draw(3) * 77;
    switch (draw(13)) {
    case 0: event = (struct event){.kind = EVENT_TEXT, .text = any_text(stage)}; break;
    case 12: /* an edit, mostly of the last words */
        event = (struct event){.kind = EVENT_TEXT, .text = any_text(stage), .edited = true};
        event.message_id = draw(4) == 0 ? 1 + (int64_t)draw((uint64_t)stage->next_message_id)
                                        : stage->session.answer_message_id;
        break;
    case 1: event = (struct event){.kind = EVENT_COMMAND, .command = any_command(), .text = any_text(stage)}; break;
    case 2:
    case 3:
        event = (struct event){.kind = draw(4) == 0 ? EVENT_DOCUMENT : EVENT_PHOTO,
                               .media_group = draw(2) == 0 ? "album" : NULL,
                               .file = {"f", "u", 0, 0, 0, true}};
        for (uint64_t more = draw(24); more > 0; more--)
            stage_step(stage, event);
        break;
    case 4: event = (struct event){.kind = EVENT_OTHER}; break;
    case 5: event = (struct event){.kind = EVENT_CONTACT, .text = any_text(stage), .own_contact = draw(2) == 0}; break;
    default: event = any_press(stage); break;
    }
    stage_step(stage, event);
}

/* What somebody who wants photos would do here: without it a random walk never comes as far as paying. */
static void any_sensible_event(struct stage *stage)
{
    static const char *const codes[] = {"summer", "FREE", "old", "nothing"};
    if (stage->session.state == &state_promo) {
        stage_step(stage, (struct event){.kind = EVENT_TEXT, .text = codes[draw(sizeof codes / sizeof codes[0])]});
    } else if (stage->session.state == &state_checkout && draw(200) == 0) {
        (void)stored_play(stage, &stage->keep, "stored gift", "2");
    } else if (stage->session.state == &state_contact || stage->session.state == &state_receipt) {
        stage_step(stage, (struct event){.kind = EVENT_TEXT, .text = "a@b.ru"});
    } else if (stage->session.state == &state_photos && draw(2) == 0) {
        for (int i = 0; i < 12; i++)
            stage_step(stage, (struct event){.kind = EVENT_PHOTO, .file = {"f", "u", 0, 0, 0, true}});
        while (stage_examine(stage, PHOTO_GOOD))
            continue;
        stage_wait(stage, 2000);
    } else if (stage->session.state == &state_pay && draw(2) == 0) {
        stage_pay(stage, &stage->orders[stage->order_count - 1]);
    } else if (stage->message_count > 0) {
        const struct stage_message *shown = &stage->messages[stage->message_count - 1];
        const struct message *message = shown->message;
        for (size_t i = 0; i < message->button_count; i++)
            if (message->buttons[i].primary && message->buttons[i].data != NULL) {
                stage_step(stage, (struct event){.kind = EVENT_BUTTON,
                                                 .callback_id = "c",
                                                 .text = message->buttons[i].data,
                                                 .message_id = shown->id});
                return;
            }
        stage_step(stage, any_press(stage));
    }
}

static void any_news(struct stage *stage)
{
    struct order *order = stage->order_count == 0 ? NULL : &stage->orders[draw(stage->order_count)];
    struct job *job = stage->job_count == 0 ? NULL : &stage->jobs[draw(stage->job_count)];
    struct event event = {.kind = EVENT_NONE};
    switch (draw(11)) {
    case 10:
        if (order != NULL && order->job_id != 0)
            stage_begin(stage, order);
        break;
    case 0:
        if (order != NULL && order->status == ORDER_AWAITING) {
            order->link = "https://example.org/pay";
            order->link_until_ms = stage->now_ms + INT64_C(3600000);
            event = (struct event){.kind = EVENT_PAYMENT_LINK, .object = order->id};
        }
        break;
    case 1:
        if (order != NULL && order->status == ORDER_AWAITING) {
            order->status = ORDER_CANCELED;
            event = (struct event){.kind = draw(2) == 0 ? EVENT_PAYMENT_FAILED : EVENT_PAYMENT_CANCELED,
                                   .object = order->id,
                                   .reason = (enum payment_reason)draw(PAYMENT_REASON_COUNT)};
        }
        break;
    case 2:
        if (order != NULL && stage->job_count < CHAT_JOBS_MAX - 2)
            stage_pay(stage, order);
        break;
    case 3:
    case 4:
    case 5:
        for (uint64_t count = draw(24); job != NULL && count > 0 && stage_make(stage, job, draw(10) > 0);)
            count--;
        break;
    case 6:
        if (job != NULL)
            stage_deliver(stage, job);
        break;
    case 7:
        event = (struct event){.kind = (enum event_kind)(EVENT_PHOTO_READY + draw(EVENT_COUNT - EVENT_PHOTO_READY)),
                               .object = (int64_t)draw(500),
                               .other = (int64_t)draw(500),
                               .reason = (enum payment_reason)draw(PAYMENT_REASON_COUNT)};
        break;
    default:
        for (uint64_t count = draw(20); count > 0; count--)
            (void)stage_examine(
                stage, (enum photo_verdict)(draw(3) > 0 ? PHOTO_GOOD : PHOTO_GOOD + draw(PHOTO_VERDICT_COUNT - 1)));
        break;
    }
    stage_step(stage, event);
}

/* What is offered beside single sets, to some. */
static void any_offers(struct stage *stage)
{
    static const char *const offers[][2] = {{"stored code", "SUMMER 20%"},
                                            {"stored code", "FREE 100% each 1"},
                                            {"stored code", "OLD 300 over"},
                                            {"stored pack", "3 129000"}};
    for (size_t i = 0; i < sizeof offers / sizeof offers[0]; i++)
        if (draw(3) > 0 && stored_play(stage, &stage->keep, offers[i][0], offers[i][1]) != NULL)
            stage_fail(stage, "no such offer: %s", offers[i][1]);
}

static void any_event(struct stage *stage)
{
    stage_mark(stage);
    uint64_t what = draw(CRASH_ODDS);
    if (what == 0)
        stage->session.state = NULL; /* stored by another version */
    else if (what == 1)
        stage->user.consents[draw(CONSENT_COUNT)] = 0;
    else if (what == 6)
        stage->rules.consents[draw(CONSENT_COUNT)]++;
    else if (what < 6)
        stage_step(stage, (struct event){.kind = what < 4 ? EVENT_BLOCKED : EVENT_UNBLOCKED});
    else if (what < 60)
        stage_wait(stage, (int64_t)draw(what < 10 ? UINT64_C(40) * DAY * 1000 : 5000));
    else if (what < 160)
        any_news(stage);
    else if (what < 280)
        any_sensible_event(stage);
    else
        any_user_event(stage);
}

/* The walk is worth something only if it comes everywhere. */
static void note_visit(const struct stage *stage, uint64_t *visits)
{
    const struct state *const *states = sheet_states();
    for (size_t i = 0; states[i] != NULL; i++)
        visits[i] += states[i] == stage->session.state;
}

int main(int argc, char **argv)
{
    uint64_t seed = argc > 1 ? strtoull(argv[1], NULL, 10) : 20251122, visits[64] = {0};
    long events = argc > 2 ? strtol(argv[2], NULL, 10) : EVENTS;
    char where[WHERE_BYTES];
    struct stage *stage = NULL;
    state_ = seed * 2 + 1;
    for (long i = 0; i < events; i++) {
        if (stage == NULL || stage_is_full(stage)) {
            stage_free(stage);
            stage = stage_new(stage_rules());
            stage->where = where;
            stage_own(stage, draw(2) == 0);
            stage->language_code = draw(2) == 0 ? "ru" : "en";
            stage->first_name = draw(4) == 0 ? NULL : any_text(stage);
            any_offers(stage);
        }
        (void)snprintf(where, sizeof where, "walk %" PRIu64 ", event %ld", seed, i);
        bool at_owners = stage->session.state == &state_health || stage->session.resume == &state_health;
        if (draw(at_owners ? OWN_THERE_EVERY : OWN_EVERY) == 0) /* somebody is taken off the list, or put on it */
            stage_own(stage, draw(2) == 0);
        any_event(stage);
        note_visit(stage, visits);
    }
    stage_free(stage);
    for (size_t i = 0; sheet_states()[i] != NULL; i++) {
        printf("%-14s %" PRIu64 "\n", sheet_states()[i]->name, visits[i]);
        if (visits[i] == 0) {
            fprintf(stderr, "the walk never came to %s\n", sheet_states()[i]->name);
            return 1;
        }
    }
    return 0;
}
