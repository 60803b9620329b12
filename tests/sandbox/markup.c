/* Checks reply_markup the way Telegram's client library and server do: one action a button, limits in bytes, links that
 * lead somewhere. That members exist and have the right types was seen before (types.c).
 *
 * Only the kinds of buttons a shop can use are known. Buttons without a text, which Telegram leaves out in silence, are
 * refused: a bot that sends one has a mistake.
 */
#include "tests/sandbox/markup.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "tests/sandbox/html.h"

#define INLINE_BUTTONS_MAX 100
#define ROW_BUTTONS_MAX 8
#define CALLBACK_DATA_MAX 64 /* bytes */
#define COPY_TEXT_MAX 256
#define QUERY_MAX 256
#define MARKUP_MAX 10240 /* bytes of JSON */
#define PLACEHOLDER_MAX 64
#define PLAIN_JSON (JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE)

static json_object *member(json_object *object, const char *key)
{
    json_object *value = NULL;
    return json_object_object_get_ex(object, key, &value) ? value : NULL;
}

static const char *text_of(json_object *object, const char *key)
{
    json_object *value = member(object, key);
    return value == NULL ? NULL : json_object_get_string(value);
}

static bool flag_of(json_object *object, const char *key)
{
    return json_object_get_boolean(member(object, key));
}

static bool begins(const char *text, const char *prefix)
{
    return strncasecmp(text, prefix, strlen(prefix)) == 0;
}

static bool is_host(const char *at, size_t len, bool dotted)
{
    bool dot = false, ok = len > 0;
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)at[i];
        dot = dot || c == '.';
        ok = ok && (c >= 0x80 || isalnum(c) || c == '-' || c == '_' || (dotted && c == '.'));
    }
    return ok && (dot || !dotted);
}

/* http, https (or neither: http is meant) with a dot in its host, or tg. Control characters, which the client library
 * escapes in a path, are refused everywhere: a link that holds one is broken. */
static const char *check_url(const char *url, bool https_only)
{
    static const char invalid[] = "Bad Request: BUTTON_URL_INVALID";
    bool is_tg = begins(url, "tg://"), is_https = begins(url, "https://");
    if (https_only && !is_https)
        return invalid;
    for (const char *at = url; *at != '\0'; at++) {
        if ((unsigned char)*at <= ' ' || *at == 0x7f)
            return invalid;
    }
    const char *host = is_tg ? url + 5 : is_https ? url + 8 : begins(url, "http://") ? url + 7 : url;
    size_t len = strcspn(host, "/?#");
    const char *at_sign = memchr(host, '@', len);
    if (at_sign != NULL && !is_tg) {
        len -= (size_t)(at_sign + 1 - host);
        host = at_sign + 1;
    }
    const char *colon = is_tg ? NULL : memchr(host, ':', len);
    if (colon != NULL) {
        size_t digits = strspn(colon + 1, "0123456789");
        if (digits < 1 || digits > 5 || colon + 1 + digits != host + len)
            return invalid;
        len = (size_t)(colon - host);
    }
    return is_host(host, len, !is_tg) ? NULL : invalid;
}

static const char *check_data(json_object *button)
{
    const char *data = text_of(button, "callback_data"), *url = text_of(button, "url");
    json_object *copy = member(button, "copy_text"), *app = member(button, "web_app");
    json_object *login = member(button, "login_url"), *chosen = member(button, "switch_inline_query_chosen_chat");
    if (data != NULL && (data[0] == '\0' || strlen(data) > CALLBACK_DATA_MAX))
        return "Bad Request: BUTTON_DATA_INVALID";
    if (url != NULL)
        return check_url(url, false);
    if (app != NULL || login != NULL)
        return check_url(text_of(app != NULL ? app : login, "url"), true);
    if (copy != NULL && (html_is_blank(text_of(copy, "text")) || html_length(text_of(copy, "text")) > COPY_TEXT_MAX))
        return "Bad Request: BUTTON_COPY_TEXT_INVALID";
    if (chosen != NULL && !flag_of(chosen, "allow_user_chats") && !flag_of(chosen, "allow_bot_chats") &&
        !flag_of(chosen, "allow_group_chats") && !flag_of(chosen, "allow_channel_chats"))
        return "Bad Request: at least one chat type must be allowed";
    static const char *const queries[] = {"switch_inline_query", "switch_inline_query_current_chat"};
    for (size_t i = 0; i < 2; i++) {
        if (text_of(button, queries[i]) != NULL && html_length(text_of(button, queries[i])) > QUERY_MAX)
            return "Bad Request: SWITCH_PM_TEXT_INVALID";
    }
    /* a game or a payment belongs to a message that there can't be here */
    return member(button, "pay") != NULL || member(button, "callback_game") != NULL ? "Bad Request: BUTTON_TYPE_INVALID"
                                                                                    : NULL;
}

static const char *check_action(json_object *button)
{
    static const char *const actions[] = {"url",       "callback_data",
                                          "web_app",   "switch_inline_query",
                                          "copy_text", "switch_inline_query_current_chat",
                                          "pay",       "switch_inline_query_chosen_chat",
                                          "login_url", "callback_game"};
    unsigned count = 0;
    for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++)
        count += member(button, actions[i]) != NULL;
    if (count == 0)
        return "Bad Request: can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard";
    if (count > 1) /* the server takes the first it knows: the other would be lost in silence */
        return "Bad Request: can't parse inline keyboard button: exactly one action is allowed";
    return check_data(button);
}

static const char *check_request(json_object *button)
{
    static const char *const requests[] = {"request_contact", "request_location", "request_poll",       "web_app",
                                           "request_users",   "request_chat",     "request_managed_bot"};
    unsigned count = 0;
    for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++)
        count += member(button, requests[i]) != NULL;
    if (count > 1)
        return "Bad Request: can't parse keyboard button: at most one request is allowed";
    json_object *app = member(button, "web_app");
    return app == NULL ? NULL : check_url(text_of(app, "url"), true);
}

static const char *check_button(json_object *button, bool is_inline)
{
    bool is_text = json_object_is_type(button, json_type_string); /* a reply button may be only that */
    const char *text = is_text ? json_object_get_string(button) : text_of(button, "text");
    const char *style = is_text ? NULL : text_of(button, "style");
    if (html_is_blank(text))
        return "Bad Request: can't parse keyboard button: button text must be non-empty";
    if (style != NULL && strcmp(style, "danger") != 0 && strcmp(style, "success") != 0 && strcmp(style, "primary") != 0)
        return "Bad Request: invalid button style specified";
    if (is_text)
        return NULL;
    return is_inline ? check_action(button) : check_request(button);
}

/* Rows of buttons; *ret_count is how many there are. */
static const char *check_rows(json_object *rows, bool is_inline, size_t *ret_count)
{
    size_t count = 0;
    for (size_t i = 0; i < json_object_array_length(rows); i++) {
        json_object *row = json_object_array_get_idx(rows, i);
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
    json_object *inline_rows = member(markup, "inline_keyboard"), *rows = member(markup, "keyboard");
    const char *json = json_object_to_json_string_ext(markup, PLAIN_JSON);
    const char *placeholder = text_of(markup, "input_field_placeholder");
    size_t count = 0;
    if (strlen(json) > MARKUP_MAX)
        return "Bad Request: REPLY_MARKUP_TOO_LONG";
    if (inline_rows != NULL) {
        if (json_object_object_length(markup) != 1)
            return "Bad Request: can't parse reply markup: nothing may stand beside the inline keyboard";
        const char *why = check_rows(inline_rows, true, &count);
        if (why == NULL && count > 0)
            *ret_inline = mem_text(json);
        return why;
    }
    const char *why = rows == NULL ? NULL : check_rows(rows, false, &count);
    if (why != NULL)
        return why;
    if (count == 0 && !flag_of(markup, "remove_keyboard") && !flag_of(markup, "force_reply"))
        return NULL; /* no markup at all */
    if (inline_only)
        return "Bad Request: inline keyboard expected";
    if (placeholder != NULL && (html_is_blank(placeholder) || html_length(placeholder) > PLACEHOLDER_MAX))
        return "Bad Request: INPUT_FIELD_PLACEHOLDER_INVALID";
    *ret_other = mem_text(json);
    return NULL;
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
