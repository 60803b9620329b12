/* The pen of a step: effects, words and the screen being built. No rules of any conversation here. */
#include "core/turn.h"

#include "core/input.h"
#include "core/sheet.h"

#include <stdlib.h>
#include <string.h>

int64_t turn_new_id(struct turn *turn, enum id_kind kind)
{
    struct id_pool *pool = turn->ids;
    if (pool->used[kind] >= pool->count[kind])
        abort();
    return pool->ids[kind][pool->used[kind]++];
}

struct effect *turn_effect(struct turn *turn, enum effect_kind kind)
{
    struct effects *effects = turn->effects;
    if (effects->count == effects->capacity) {
        size_t capacity = effects->capacity == 0 ? 64 : effects->capacity * 2;
        struct effect *list = arena_array(turn->arena, capacity, sizeof *list);
        if (effects->count > 0)
            memcpy(list, effects->list, effects->count * sizeof *list);
        effects->list = list;
        effects->capacity = capacity;
    }
    struct effect *effect = &effects->list[effects->count++];
    effect->kind = kind;
    effect->chat_id = turn->chat->id;
    effect->thread_id = turn->chat->session.thread_id;
    return effect;
}

const char *turn_text(struct turn *turn, enum text_key key, const struct text_arg *args, size_t arg_count)
{
    return text_format(turn->arena, turn->rules->texts, turn->chat->session.lang, key, args, arg_count);
}

const char *turn_plain(struct turn *turn, enum text_key key, const struct text_arg *args, size_t arg_count)
{
    return text_plain(turn->arena, turn_text(turn, key, args, arg_count));
}

const char *turn_money(struct turn *turn, int64_t kopecks)
{
    return text_money(turn->arena, turn->chat->session.lang, kopecks);
}

const char *turn_clock(struct turn *turn, int64_t at_ms)
{
    int64_t minutes = at_ms / 60000 + turn->rules->utc_offset_minutes;
    int64_t of_day = ((minutes % 1440) + 1440) % 1440;
    const char *time = arena_format(turn->arena, "%02d:%02d", (int)(of_day / 60), (int)(of_day % 60));
    return turn_text(turn, TEXT_CLOCK, ARGS(ARG_S("time", time)));
}

const char *turn_contact_said(const struct turn *turn)
{
    bool shared = turn->event->kind == EVENT_CONTACT; /* by Telegram, which knows the number */
    return shared ? input_shared_phone(turn->arena, turn->event->text) : input_contact(turn->arena, turn->event->text);
}

bool turn_asks_price(const struct turn *turn, const char *text)
{
    bool asks = false;
    for (int lang = 0; lang < LANG_COUNT && !asks; lang++)
        asks = input_has_word(turn->arena, text, turn->rules->texts->words[lang][TEXT_PRICE_QUESTION]);
    return asks;
}

void turn_hint(struct turn *turn, enum text_key key, const struct text_arg *args, size_t arg_count)
{
    turn->hint = turn_text(turn, key, args, arg_count);
}

void turn_answer(struct turn *turn, enum text_key key)
{
    if (turn->answered || turn->event->kind != EVENT_BUTTON)
        return;
    turn->answered = true;
    struct effect *effect = turn_effect(turn, EFFECT_ANSWER);
    effect->id = turn->event->callback_id;
    effect->text = key == TEXT_COUNT ? NULL : turn_plain(turn, key, NO_ARGS);
}

void screen_text(struct turn *turn, enum text_key key, const struct text_arg *args, size_t arg_count)
{
    const char *html = turn_text(turn, key, args, arg_count);
    if (turn->hint != NULL)
        html = arena_format(turn->arena, "%s\n\n%s", turn->hint, html);
    turn->hint = NULL;
    turn->screen->html = html;
}

void screen_picture(struct turn *turn, const char *picture)
{
    turn->screen->picture = picture;
}

static struct button *add_button(struct turn *turn, const char *label)
{
    struct message *screen = turn->screen;
    if (screen->button_count == KEYBOARD_BUTTONS_MAX)
        abort();
    struct button *button = &screen->buttons[screen->button_count++];
    button->label = label;
    button->new_row = true;
    return button;
}

void screen_button_named(struct turn *turn, const char *label, const char *action, int64_t object)
{
    struct press press = {.version = turn->chat->session.version, .object = object};
    const char *state = turn->chat->session.state->name;
    memcpy(press.state, state, strlen(state));
    memcpy(press.action, action, strlen(action));
    add_button(turn, label)->data = press_format(turn->arena, &press);
}

void screen_button(struct turn *turn, enum text_key label, const char *action, int64_t object)
{
    screen_button_named(turn, turn_plain(turn, label, NO_ARGS), action, object);
}

void screen_go_named(struct turn *turn, const char *label, const char *place, int64_t object)
{
    struct press press = {.state = "*", .object = object};
    memcpy(press.action, place, strlen(place));
    add_button(turn, label)->data = press_format(turn->arena, &press);
}

void screen_go(struct turn *turn, enum text_key label, const char *place, int64_t object)
{
    screen_go_named(turn, turn_plain(turn, label, NO_ARGS), place, object);
}

void screen_link(struct turn *turn, const char *label, const char *url)
{
    add_button(turn, label)->url = url;
}

void screen_ask_contact(struct turn *turn, enum text_key label)
{
    add_button(turn, turn_plain(turn, label, NO_ARGS));
    add_button(turn, turn_plain(turn, TEXT_BUTTON_BACK, NO_ARGS));
    turn->screen->ask_contact = true;
}

bool screen_back_said(const struct turn *turn)
{
    bool said = false;
    for (int lang = 0; lang < LANG_COUNT; lang++)
        said = said || strcmp(turn->event->text,
                              text_plain(turn->arena, text_format(turn->arena, turn->rules->texts, (enum lang)lang,
                                                                  TEXT_BUTTON_BACK, NO_ARGS))) == 0;
    return said;
}

void screen_beside(struct turn *turn)
{
    turn->screen->buttons[turn->screen->button_count - 1].new_row = false;
}

void screen_primary(struct turn *turn)
{
    turn->screen->buttons[turn->screen->button_count - 1].primary = true;
}

void notice_begin(struct turn *turn)
{
    turn->screen = arena_alloc(turn->arena, sizeof *turn->screen);
}

struct effect *notice_end(struct turn *turn)
{
    struct effect *effect = turn_effect(turn, EFFECT_NOTICE);
    effect->message = turn->screen;
    turn->screen = NULL;
    return effect;
}

void turn_refresh_at(struct turn *turn, int64_t at_ms)
{
    int64_t *wish = &turn->chat->session.refresh_at_ms;
    if (*wish == 0 || at_ms < *wish)
        *wish = at_ms;
}
