/* Names of avatars. People answer the question for a name with questions of their own ("hello, what does it cost?"), or
 * with a command that is none: such a text is asked back about once, beside the price, and becomes the name only if it
 * is sent again or confirmed. Which words ask is said by the texts, in every language at once. */
#include "core/naming.h"

#include <string.h>

#include "core/form.h"
#include "core/input.h"
#include "core/record.h"

static bool is_question(struct step *step, const char *text)
{
    return input_has_question_mark(text) || strchr(text, '/') != NULL || step_asks_price(step, text);
}

static const char *price_line(struct step *step)
{
    const struct style *cheapest = style_cheapest(step->rules->styles);
    return step_text(
        step, TEXT_AVATAR_PRICE,
        ARGS(ARG_N("photos", cheapest->photo_count), ARG_S("price", step_money(step, cheapest->price_kopecks))));
}

/* "": about nothing any more. */
static void ask_about(struct step *step, const char *name)
{
    struct form *form = &step->chat->session.form;
    form_put(form->avatar_name, sizeof form->avatar_name, name);
}

static bool read_text(struct step *step)
{
    struct form *form = &step->chat->session.form;
    const char *name = input_name(step->arena, step->event->text, AVATAR_NAME_MAX_CHARS);
    bool doubtful = is_question(step, step->event->text);
    bool again = name != NULL && strcmp(name, form->avatar_name) == 0 &&
                 !step->event->edited; /* Telegram tells edits of nothing */
    ask_about(step, "");
    if (name == NULL && doubtful)
        step->hint = price_line(step);
    else if (name == NULL)
        step_hint(step, TEXT_AVATAR_NAME_BAD, ARGS(ARG_N("max", AVATAR_NAME_MAX_CHARS)));
    else if (doubtful && !again)
        ask_about(step, name);
    else
        step->name = name;
    return step->name != NULL;
}

bool naming_is_question(struct step *step)
{
    bool asks = is_question(step, step->event->text);
    if (asks)
        step->hint = price_line(step);
    return asks;
}

bool naming_read(struct step *step)
{
    const char *asked = step->chat->session.form.avatar_name;
    if (step->event->kind == EVENT_TEXT)
        return read_text(step);
    if (step->event->kind == EVENT_BUTTON && press_is(&step->press, "yes") && asked[0] != '\0') {
        step->name = arena_copy(step->arena, asked);
        ask_about(step, "");
    }
    return step->name != NULL;
}

bool naming_show(struct step *step)
{
    const char *asked = step->chat->session.form.avatar_name;
    if (asked[0] == '\0')
        return false;
    screen_text(step, TEXT_AVATAR_NAME_SURE, ARGS(ARG_S("name", asked), ARG_HTML("price", price_line(step))));
    screen_button(step, TEXT_BUTTON_NAME_YES, "yes", 0);
    return true;
}

/* An empty draft is used again, so its name is free. */
static bool is_taken(const struct step *step, const char *name)
{
    const struct avatar *blank = record_avatar_blank(step);
    const struct avatars *avatars = chat_avatars(step->chat);
    for (size_t i = 0; i < avatars->count; i++)
        if (&avatars->list[i] != blank && strcmp(avatars->list[i].name, name) == 0)
            return true;
    return false;
}

const char *naming_default(struct step *step)
{
    int64_t n = (int64_t)chat_avatars(step->chat)->count + (record_avatar_blank(step) == NULL);
    const char *name;
    do {
        name = step_plain(step, TEXT_AVATAR_DEFAULT, ARGS(ARG_N("n", n)));
        n++;
    } while (is_taken(step, name));
    return name;
}

const char *naming_own(struct step *step)
{
    const char *own = step->event->first_name;
    const char *name = own == NULL ? NULL : input_name(step->arena, own, AVATAR_NAME_MAX_CHARS);
    return name == NULL || is_taken(step, name) ? naming_default(step) : name;
}
