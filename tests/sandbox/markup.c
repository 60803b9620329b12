/* Checks reply_markup the way Telegram's client library does: types, one action a button, limits in bytes.
 *
 * Unknown members are refused, as in telegram.c. Only the kinds of buttons a shop can use are known.
 */
#include "tests/sandbox/markup.h"

#include <string.h>

#include "tests/sandbox/html.h"

#define INLINE_BUTTONS_MAX 100
#define ROW_BUTTONS_MAX 8
#define CALLBACK_DATA_MAX 64 /* bytes */
#define COPY_TEXT_MAX 256

static bool is_known(const char *key, const char *const *names)
{
    for (; *names != NULL; names++) {
        if (strcmp(*names, key) == 0)
            return true;
    }
    return false;
}

static const char *text_of(json_object *object, const char *key)
{
    json_object *value = NULL;
    if (!json_object_object_get_ex(object, key, &value) || !json_object_is_type(value, json_type_string))
        return NULL;
    return json_object_get_string(value);
}

static const char *check_url(const char *url)
{
    bool ok = strncmp(url, "http://", 7) == 0 || strncmp(url, "https://", 8) == 0 || strncmp(url, "tg://", 5) == 0;
    return ok && strlen(url) > 8 && strchr(url, ' ') == NULL ? NULL : "Bad Request: BUTTON_URL_INVALID";
}

static const char *check_action(json_object *button)
{
    static const char *const actions[] = {"url",       "callback_data",
                                          "web_app",   "switch_inline_query",
                                          "copy_text", "switch_inline_query_current_chat",
                                          "pay",       "switch_inline_query_chosen_chat",
                                          "login_url", "callback_game",
                                          NULL};
    static const char *const others[] = {"text", "style", "icon_custom_emoji_id", NULL};
    unsigned count = 0;
    json_object_object_foreach(button, key, value)
    {
        (void)value;
        if (is_known(key, actions))
            count++;
        else if (!is_known(key, others))
            return "Bad Request: can't parse inline keyboard button: unknown field in the button";
    }
    if (count != 1)
        return "Bad Request: can't parse inline keyboard button: text buttons are unallowed in the inline keyboard";
    const char *data = text_of(button, "callback_data"), *url = text_of(button, "url");
    if (data != NULL && (strlen(data) < 1 || strlen(data) > CALLBACK_DATA_MAX))
        return "Bad Request: BUTTON_DATA_INVALID";
    if (url != NULL && check_url(url) != NULL)
        return check_url(url);
    json_object *copy = NULL;
    if (json_object_object_get_ex(button, "copy_text", &copy)) {
        const char *text = text_of(copy, "text");
        if (text == NULL || html_length(text) < 1 || html_length(text) > COPY_TEXT_MAX)
            return "Bad Request: BUTTON_COPY_TEXT_INVALID";
    }
    const char *style = text_of(button, "style");
    if (style != NULL && strcmp(style, "danger") != 0 && strcmp(style, "success") != 0 && strcmp(style, "primary") != 0)
        return "Bad Request: invalid button style specified";
    return NULL;
}

static const char *check_button(json_object *button, bool is_inline)
{
    if (!json_object_is_type(button, json_type_object))
        return is_inline ? "Bad Request: can't parse inline keyboard button: InlineKeyboardButton must be an Object"
                         : NULL; /* a reply button may be a string */
    const char *text = text_of(button, "text");
    if (text == NULL || text[0] == '\0')
        return "Bad Request: can't parse keyboard button: Button text must be non-empty";
    if (!html_is_utf8(text))
        return "Bad Request: strings must be encoded in UTF-8";
    return is_inline ? check_action(button) : NULL;
}

/* Rows of buttons; *ret_count is how many there are. */
static const char *check_rows(json_object *rows, bool is_inline, size_t *ret_count)
{
    size_t count = 0;
    if (!json_object_is_type(rows, json_type_array))
        return "Bad Request: can't parse reply keyboard markup: Field \"keyboard\" must be of type Array";
    for (size_t i = 0; i < json_object_array_length(rows); i++) {
        json_object *row = json_object_array_get_idx(rows, i);
        if (!json_object_is_type(row, json_type_array))
            return "Bad Request: can't parse reply keyboard markup: an Array of Arrays expected";
        if (json_object_array_length(row) > ROW_BUTTONS_MAX && is_inline)
            return "Bad Request: too many buttons in a row";
        for (size_t j = 0; j < json_object_array_length(row); j++) {
            const char *why = check_button(json_object_array_get_idx(row, j), is_inline);
            if (why != NULL)
                return why;
            count++;
        }
    }
    *ret_count = count;
    return count > INLINE_BUTTONS_MAX ? "Bad Request: REPLY_MARKUP_TOO_LONG" : NULL;
}

const char *markup_read(json_object *markup, bool inline_only, char **ret_inline, char **ret_other)
{
    static const char *const known[] = {"keyboard",      "resize_keyboard",         "one_time_keyboard",
                                        "is_persistent", "remove_keyboard",         "selective",
                                        "force_reply",   "input_field_placeholder", NULL};
    json_object *rows = NULL;
    size_t count = 0;
    const char *json = json_object_to_json_string_ext(markup, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
    if (json_object_object_get_ex(markup, "inline_keyboard", &rows)) {
        if (json_object_object_length(markup) != 1)
            return "Bad Request: can't parse reply markup: unknown field";
        const char *why = check_rows(rows, true, &count);
        if (why == NULL && count > 0)
            *ret_inline = mem_text(json);
        return why;
    }
    if (inline_only)
        return "Bad Request: inline keyboard expected";
    json_object_object_foreach(markup, key, value)
    {
        (void)value;
        if (!is_known(key, known))
            return "Bad Request: can't parse reply markup: unknown field";
    }
    const char *why = json_object_object_get_ex(markup, "keyboard", &rows) ? check_rows(rows, false, &count) : NULL;
    if (why == NULL)
        *ret_other = mem_text(json);
    return why;
}

bool markup_has_data(const char *inline_keyboard, const char *data)
{
    json_object *markup = json_tokener_parse(inline_keyboard), *rows = NULL;
    bool found = false;
    json_object_object_get_ex(markup, "inline_keyboard", &rows);
    for (size_t i = 0; rows != NULL && i < json_object_array_length(rows); i++) {
        json_object *row = json_object_array_get_idx(rows, i);
        for (size_t j = 0; j < json_object_array_length(row); j++) {
            const char *has = text_of(json_object_array_get_idx(row, j), "callback_data");
            found = found || (has != NULL && strcmp(has, data) == 0);
        }
    }
    json_object_put(markup);
    return found;
}
