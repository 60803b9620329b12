/* Names of avatars. People answer the question for a name with questions of their own ("hello, what does it cost?"), or
 * with a command that is none: such a text is asked back about once, beside the price, and becomes the name only if it
 * is sent again or confirmed. Which words ask is said by the texts, in every language at once. */
#include "core/naming.h"

#include <string.h>

#include "core/input.h"
#include "core/record.h"

static bool is_question(struct turn *turn, const char *text)
{
    return input_has_question_mark(text) || strchr(text, '/') != NULL || turn_asks_price(turn, text);
}

static const char *price_line(struct turn *turn)
{
    const struct style *cheapest = style_cheapest(turn->rules->styles);
    return turn_text(
        turn, TEXT_AVATAR_PRICE,
        ARGS(ARG_N("photos", cheapest->photo_count), ARG_S("price", turn_money(turn, cheapest->price_kopecks))));
}

static bool read_text(struct turn *turn)
{
    char *typed = turn->chat->session.typed;
    const char *name = input_name(turn->arena, turn->event->text, AVATAR_NAME_MAX_CHARS);
    bool doubtful = is_question(turn, turn->event->text);
    bool again = name != NULL && strcmp(name, typed) == 0 && !turn->event->edited; /* Telegram tells edits of nothing */
    memset(typed, 0, AVATAR_NAME_MAX_BYTES + 1);
    if (name == NULL && doubtful)
        turn->hint = price_line(turn);
    else if (name == NULL)
        turn_hint(turn, TEXT_AVATAR_NAME_BAD, ARGS(ARG_N("max", AVATAR_NAME_MAX_CHARS)));
    else if (doubtful && !again)
        memcpy(typed, name, strlen(name));
    else
        turn->name = name;
    return turn->name != NULL;
}

bool naming_is_question(struct turn *turn)
{
    bool asks = is_question(turn, turn->event->text);
    if (asks)
        turn->hint = price_line(turn);
    return asks;
}

bool naming_read(struct turn *turn)
{
    const char *typed = turn->chat->session.typed;
    if (turn->event->kind == EVENT_TEXT)
        return read_text(turn);
    if (turn->event->kind == EVENT_BUTTON && press_is(&turn->press, "yes") && typed[0] != '\0')
        turn->name = arena_copy(turn->arena, typed);
    return turn->name != NULL;
}

bool naming_show(struct turn *turn)
{
    const char *typed = turn->chat->session.typed;
    if (typed[0] == '\0')
        return false;
    screen_text(turn, TEXT_AVATAR_NAME_SURE, ARGS(ARG_S("name", typed), ARG_HTML("price", price_line(turn))));
    screen_button(turn, TEXT_BUTTON_NAME_YES, "yes", 0);
    return true;
}

/* An empty draft is used again, so its name is free. */
static bool is_taken(const struct turn *turn, const char *name)
{
    const struct avatar *blank = record_avatar_blank(turn);
    for (size_t i = 0; i < turn->chat->avatar_count; i++)
        if (&turn->chat->avatars[i] != blank && strcmp(turn->chat->avatars[i].name, name) == 0)
            return true;
    return false;
}

const char *naming_default(struct turn *turn)
{
    int64_t n = (int64_t)turn->chat->avatar_count + (record_avatar_blank(turn) == NULL);
    const char *name;
    do {
        name = turn_plain(turn, TEXT_AVATAR_DEFAULT, ARGS(ARG_N("n", n)));
        n++;
    } while (is_taken(turn, name));
    return name;
}

const char *naming_own(struct turn *turn)
{
    const char *own = turn->event->first_name;
    const char *name = own == NULL ? NULL : input_name(turn->arena, own, AVATAR_NAME_MAX_CHARS);
    return name == NULL || is_taken(turn, name) ? naming_default(turn) : name;
}
