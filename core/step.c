/* The pen of a step: effects, words and the screen being built. No rules of any conversation here. */
#include "core/step.h"

#include "core/bug.h"
#include "core/input.h"
#include "core/sheet.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

int64_t step_new_id(struct step *step, enum id_kind kind)
{
    struct id_pool *pool = step->ids;
    if (pool->used[kind] >= pool->count[kind])
        bug("more ids were drawn than the step can need");
    return pool->ids[kind][pool->used[kind]++];
}

struct effect *step_effect(struct step *step, enum effect_kind kind)
{
    struct effects *effects = step->effects;
    if (effects->count == effects->capacity) {
        size_t capacity = effects->capacity == 0 ? 64 : effects->capacity * 2;
        struct effect *list = arena_array(step->arena, capacity, sizeof *list);
        if (effects->count > 0)
            memcpy(list, effects->list, effects->count * sizeof *list);
        effects->list = list;
        effects->capacity = capacity;
    }
    struct effect *effect = &effects->list[effects->count++];
    effect->kind = kind;
    effect->chat_id = step->chat->id;
    effect->thread_id = step->chat->session.thread_id;
    return effect;
}

void step_call_back(struct step *step)
{
    step->fresh = step->replace = step->calls_back = true;
}

enum who rules_who(const struct rules *rules, int64_t chat_id)
{
    for (size_t i = 0; i < rules->admin_count; i++)
        if (rules->admins[i] == chat_id) /* a private chat has its user's id */
            return WHO_OWNER;
    return WHO_USER;
}

enum who step_who(const struct step *step)
{
    return rules_who(step->rules, step->chat->id);
}

const char *step_text(struct step *step, enum text_key key, const struct text_arg *args, size_t arg_count)
{
    return text_format(step->arena, step->rules->texts, step->chat->session.lang, key, args, arg_count);
}

const char *step_plain(struct step *step, enum text_key key, const struct text_arg *args, size_t arg_count)
{
    return text_plain(step->arena, step_text(step, key, args, arg_count));
}

const char *step_money(struct step *step, int64_t kopecks)
{
    return text_money(step->arena, step->chat->session.lang, kopecks);
}

const char *step_stars(struct step *step, int64_t stars)
{
    return text_stars(step->arena, step->chat->session.lang, stars);
}

const char *step_clock(struct step *step, int64_t at_ms)
{
    int64_t minutes = at_ms / 60000 + step->rules->utc_offset_minutes;
    int64_t of_day = ((minutes % 1440) + 1440) % 1440;
    const char *time = arena_format(step->arena, "%02d:%02d", (int)(of_day / 60), (int)(of_day % 60));
    return step_text(step, TEXT_CLOCK, ARGS(ARG_S("time", time)));
}

const char *step_date(struct step *step, int64_t at_ms)
{
    time_t seconds = (time_t)(at_ms / 1000 + (int64_t)step->rules->utc_offset_minutes * 60);
    struct tm date = {0};
    if (gmtime_r(&seconds, &date) == NULL)
        bug("a date beyond the years");
    return step_text(step, TEXT_DATE,
                     ARGS(ARG_S("day", arena_format(step->arena, "%02d", date.tm_mday)),
                          ARG_S("month", arena_format(step->arena, "%02d", date.tm_mon + 1)),
                          ARG_S("year", arena_format(step->arena, "%d", date.tm_year + 1900))));
}

const char *step_contact_said(const struct step *step)
{
    bool shared = step->event->kind == EVENT_CONTACT; /* by Telegram, which knows the number */
    return shared ? input_shared_phone(step->arena, step->event->text) : input_contact(step->arena, step->event->text);
}

bool step_asks_price(const struct step *step, const char *text)
{
    bool asks = false;
    for (int lang = 0; lang < LANG_COUNT && !asks; lang++)
        asks = input_has_word(step->arena, text, step->rules->texts->words[lang][TEXT_PRICE_QUESTION]);
    return asks;
}

void step_hint(struct step *step, enum text_key key, const struct text_arg *args, size_t arg_count)
{
    step->hint = step_text(step, key, args, arg_count);
}

void step_answer(struct step *step, enum text_key key)
{
    if (step->answered || step->event->kind != EVENT_BUTTON)
        return;
    step->answered = true;
    struct effect *effect = step_effect(step, EFFECT_ANSWER);
    effect->answer.callback_id = step->event->callback_id;
    effect->answer.toast = key == TEXT_COUNT ? NULL : step_plain(step, key, NO_ARGS);
}

void screen_text(struct step *step, enum text_key key, const struct text_arg *args, size_t arg_count)
{
    const char *html = step_text(step, key, args, arg_count);
    if (step->hint != NULL)
        html = arena_format(step->arena, "%s\n\n%s", step->hint, html);
    step->hint = NULL;
    step->screen->html = html;
}

void screen_picture(struct step *step, const char *picture)
{
    step->screen->picture = picture;
}

static struct button *add_button(struct step *step, const char *label)
{
    struct message *screen = step->screen;
    if (screen->button_count == KEYBOARD_BUTTONS_MAX)
        bug("more buttons than KEYBOARD_BUTTONS_MAX");
    struct button *button = &screen->buttons[screen->button_count++];
    button->label = label;
    button->new_row = true;
    return button;
}

static void put_word(char *field, size_t bytes, const char *word)
{
    size_t length = strlen(word);
    if (length >= bytes)
        bug("a word too long for a button");
    memcpy(field, word, length + 1);
}

void screen_button_named(struct step *step, const char *label, const char *action, int64_t object)
{
    struct press press = {.version = step->chat->session.version, .object = object};
    put_word(press.state, sizeof press.state, step->chat->session.state->name);
    put_word(press.action, sizeof press.action, action);
    add_button(step, label)->data = press_format(step->arena, &press);
}

void screen_button(struct step *step, enum text_key label, const char *action, int64_t object)
{
    screen_button_named(step, step_plain(step, label, NO_ARGS), action, object);
}

void screen_go_named(struct step *step, const char *label, const char *place, int64_t object)
{
    struct press press = {.state = "*", .object = object};
    put_word(press.action, sizeof press.action, place);
    add_button(step, label)->data = press_format(step->arena, &press);
}

void screen_go(struct step *step, enum text_key label, const char *place, int64_t object)
{
    screen_go_named(step, step_plain(step, label, NO_ARGS), place, object);
}

void screen_link(struct step *step, const char *label, const char *url)
{
    add_button(step, label)->url = url;
}

void screen_ask_contact(struct step *step, enum text_key label)
{
    add_button(step, step_plain(step, label, NO_ARGS));
    add_button(step, step_plain(step, TEXT_BUTTON_BACK, NO_ARGS));
    step->screen->ask_contact = true;
}

bool screen_back_said(const struct step *step)
{
    bool said = false;
    for (int lang = 0; lang < LANG_COUNT; lang++)
        said = said || strcmp(step->event->text,
                              text_plain(step->arena, text_format(step->arena, step->rules->texts, (enum lang)lang,
                                                                  TEXT_BUTTON_BACK, NO_ARGS))) == 0;
    return said;
}

void screen_beside(struct step *step)
{
    step->screen->buttons[step->screen->button_count - 1].new_row = false;
}

void screen_primary(struct step *step)
{
    step->screen->buttons[step->screen->button_count - 1].primary = true;
}

void notice_begin(struct step *step)
{
    step->screen = arena_alloc(step->arena, sizeof *step->screen);
}

struct effect *notice_end(struct step *step)
{
    struct effect *effect = step_effect(step, EFFECT_NOTICE);
    effect->notice.message = step->screen;
    step->screen = NULL;
    return effect;
}

void step_refresh_at(struct step *step, int64_t at_ms)
{
    int64_t *wish = &step->chat->session.refresh_at_ms;
    if (*wish == 0 || at_ms < *wish)
        *wish = at_ms;
}
