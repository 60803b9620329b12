/* JSON of messages. What is stored in the outbox is the call without its address, so that at sending time the chat and
 * the message are spliced in without parsing: ten thousand screens a second pass here. */
#include "bot/outbox/compose.h"

#include <inttypes.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/bug.h"

enum { JSON_FLAGS = JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE };

static struct json_object *inline_keyboard(const struct message *message)
{
    struct json_object *rows = json_object_new_array(), *row = NULL;
    for (size_t i = 0; i < message->button_count; i++) {
        const struct button *button = &message->buttons[i];
        struct json_object *json = json_object_new_object();
        json_object_object_add(json, "text", json_object_new_string(button->label));
        if (button->url != NULL)
            json_object_object_add(json, "url", json_object_new_string(button->url));
        else
            json_object_object_add(json, "callback_data", json_object_new_string(button->data));
        if (button->primary)
            json_object_object_add(json, "style", json_object_new_string("primary"));
        if (row == NULL || button->new_row) {
            row = json_object_new_array();
            json_object_array_add(rows, row);
        }
        json_object_array_add(row, json);
    }
    struct json_object *markup = json_object_new_object();
    json_object_object_add(markup, "inline_keyboard", rows);
    return markup;
}

/* The first button asks for the own phone number; what the others say comes back as a text. */
static struct json_object *contact_keyboard(const struct message *message)
{
    struct json_object *rows = json_object_new_array(), *markup = json_object_new_object();
    for (size_t i = 0; i < message->button_count; i++) {
        struct json_object *button = json_object_new_object(), *row = json_object_new_array();
        json_object_object_add(button, "text", json_object_new_string(message->buttons[i].label));
        if (i == 0)
            json_object_object_add(button, "request_contact", json_object_new_boolean(1));
        json_object_array_add(row, button);
        json_object_array_add(rows, row);
    }
    json_object_object_add(markup, "keyboard", rows);
    json_object_object_add(markup, "resize_keyboard", json_object_new_boolean(1));
    json_object_object_add(markup, "one_time_keyboard", json_object_new_boolean(1));
    return markup;
}

const char *compose_message(struct arena *arena, const struct message *message)
{
    struct json_object *body = json_object_new_object();
    bool picture = message->picture != NULL;
    json_object_object_add(body, "parse_mode", json_object_new_string("HTML"));
    json_object_object_add(body, picture ? "caption" : "text", json_object_new_string(message->html));
    if (!picture) {
        struct json_object *preview = json_object_new_object();
        json_object_object_add(preview, "is_disabled", json_object_new_boolean(1));
        json_object_object_add(body, "link_preview_options", preview);
    }
    if (message->ask_contact)
        json_object_object_add(body, "reply_markup", contact_keyboard(message));
    else if (message->button_count > 0)
        json_object_object_add(body, "reply_markup", inline_keyboard(message));
    const char *text = arena_copy(arena, json_object_to_json_string_ext(body, JSON_FLAGS));
    json_object_put(body);
    return text;
}

const char *compose_indexes(struct arena *arena, const uint8_t *indexes, size_t count)
{
    const char *text = "[";
    for (size_t i = 0; i < count; i++)
        text = arena_format(arena, "%s%s%d", text, i == 0 ? "" : ",", indexes[i]);
    return arena_format(arena, "%s]", text);
}

size_t compose_read_indexes(const char *text, uint8_t ret_indexes[ALBUM_MAX])
{
    size_t count = 0;
    struct json_object *list = json_tokener_parse(text);
    if (json_object_is_type(list, json_type_array))
        for (; count < json_object_array_length(list) && count < ALBUM_MAX; count++)
            ret_indexes[count] = (uint8_t)json_object_get_int(json_object_array_get_idx(list, count));
    json_object_put(list);
    return count;
}

/* "{" + head + the members of body. */
static char *splice(const char *head, const char *body)
{
    bool empty = body[0] != '{' || body[1] == '}';
    size_t head_bytes = strlen(head), body_bytes = strlen(body);
    char *call = malloc(head_bytes + body_bytes + 3);
    if (call == NULL)
        bug("out of memory");
    memcpy(call, head, head_bytes);
    if (empty) {
        memcpy(call + head_bytes, "}", 2);
    } else {
        call[head_bytes] = ',';
        memcpy(call + head_bytes + 1, body + 1, body_bytes);
    }
    return call;
}

char *compose_send(const char *body, int64_t chat_id, int64_t thread_id)
{
    char head[96];
    if (thread_id != 0)
        (void)snprintf(head, sizeof head, "{\"chat_id\":%" PRId64 ",\"message_thread_id\":%" PRId64, chat_id,
                       thread_id);
    else
        (void)snprintf(head, sizeof head, "{\"chat_id\":%" PRId64, chat_id);
    return splice(head, body);
}

char *compose_call(const char *body, int64_t chat_id, int64_t message_id)
{
    char head[96];
    (void)snprintf(head, sizeof head, "{\"chat_id\":%" PRId64 ",\"message_id\":%" PRId64, chat_id, message_id);
    return splice(head, body);
}

static char *take_text(struct json_object *json)
{
    char *text = strdup(json_object_to_json_string_ext(json, JSON_FLAGS));
    if (text == NULL)
        bug("out of memory");
    json_object_put(json);
    return text;
}

static struct json_object *parse(const char *body)
{
    struct json_object *json = json_tokener_parse(body);
    return json_object_is_type(json, json_type_object) ? json : json_object_new_object();
}

static void move_member(struct json_object *from, struct json_object *to, const char *name)
{
    struct json_object *value = json_object_object_get(from, name);
    if (value != NULL)
        json_object_object_add(to, name, json_object_get(value));
    json_object_object_del(from, name);
}

char *compose_media_edit(const char *body, int64_t chat_id, int64_t message_id, const char *photo)
{
    struct json_object *call = parse(body), *media = json_object_new_object();
    json_object_object_add(media, "type", json_object_new_string("photo"));
    json_object_object_add(media, "media", json_object_new_string(photo));
    move_member(call, media, "caption");
    move_member(call, media, "parse_mode");
    json_object_object_add(call, "media", media);
    json_object_object_add(call, "chat_id", json_object_new_int64(chat_id));
    json_object_object_add(call, "message_id", json_object_new_int64(message_id));
    return take_text(call);
}

char *compose_photo(const char *body, int64_t chat_id, int64_t thread_id, const char *photo)
{
    struct json_object *call = parse(body);
    json_object_object_add(call, "chat_id", json_object_new_int64(chat_id));
    if (thread_id != 0)
        json_object_object_add(call, "message_thread_id", json_object_new_int64(thread_id));
    if (photo != NULL)
        json_object_object_add(call, "photo", json_object_new_string(photo));
    return take_text(call);
}

char *compose_text(const char *body)
{
    struct json_object *call = parse(body), *caption = json_object_object_get(call, "caption");
    if (caption != NULL)
        json_object_object_add(call, "text", json_object_get(caption));
    json_object_object_del(call, "caption");
    return take_text(call);
}

char *compose_plain(const char *body)
{
    struct json_object *call = parse(body);
    json_object_object_del(call, "parse_mode");
    return take_text(call);
}
