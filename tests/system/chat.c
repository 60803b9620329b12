/* Reading a chat as a person would: the last question with buttons counts, pictures are told apart by their captions.
 * Must not know what the conversation means; that is user.c. */
#include "tests/system/chat.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *chat_field(struct json_object *message, const char *key)
{
    struct json_object *value = NULL;
    const char *text = json_object_object_get_ex(message, key, &value) ? json_object_get_string(value) : NULL;
    return text == NULL ? "" : text;
}

struct json_object *chat_messages(struct json_object *chat)
{
    struct json_object *messages = NULL;
    (void)json_object_object_get_ex(chat, "messages", &messages);
    return messages;
}

static size_t count_of(struct json_object *list)
{
    return json_object_is_type(list, json_type_array) ? json_object_array_length(list) : 0;
}

static int64_t id_of(struct json_object *message)
{
    struct json_object *value = NULL;
    return json_object_object_get_ex(message, "message_id", &value) ? json_object_get_int64(value) : 0;
}

struct screen chat_screen(struct json_object *chat, int64_t message_id)
{
    struct json_object *messages = chat_messages(chat), *value = NULL;
    for (size_t i = count_of(messages); i > 0; i--) {
        struct json_object *message = json_object_array_get_idx(messages, i - 1), *buttons = NULL;
        if (strcmp(chat_field(message, "from"), "bot") != 0 || (message_id != 0 && id_of(message) != message_id))
            continue;
        (void)json_object_object_get_ex(message, "buttons", &buttons);
        bool keyboard = json_object_object_get_ex(message, "reply_keyboard", &value) && value != NULL;
        if (count_of(buttons) > 0 || keyboard)
            return (struct screen){id_of(message), chat_field(message, "text"), buttons, keyboard};
    }
    return (struct screen){0};
}

static bool fits(const char *data, const char *state, const char *action)
{
    size_t state_length = strlen(state), action_length = strlen(action);
    if (strncmp(data, state, state_length) != 0 || data[state_length] != ':')
        return false;
    const char *at = strchr(data + state_length + 1, ':');
    return at != NULL && strncmp(at + 1, action, action_length) == 0 && at[1 + action_length] == ':';
}

const char *chat_button(const struct screen *screen, const char *state, const char *action)
{
    for (size_t row = 0; row < count_of(screen->buttons); row++) {
        struct json_object *line = json_object_array_get_idx(screen->buttons, row);
        for (size_t i = 0; i < count_of(line); i++) {
            const char *data = chat_field(json_object_array_get_idx(line, i), "callback_data");
            if (fits(data, state, action))
                return data;
        }
    }
    return NULL;
}

int64_t chat_button_object(const char *data)
{
    const char *colon = strrchr(data, ':');
    return colon == NULL ? 0 : strtoll(colon + 1, NULL, 10);
}

/* The address of the first button that has one, and if it begins so. */
static const char *link_to(const struct screen *screen, const char *start)
{
    for (size_t row = 0; row < count_of(screen->buttons); row++) {
        struct json_object *line = json_object_array_get_idx(screen->buttons, row);
        for (size_t i = 0; i < count_of(line); i++) {
            const char *url = chat_field(json_object_array_get_idx(line, i), "url");
            if (url[0] != '\0' && strncmp(url, start, strlen(start)) == 0)
                return url;
        }
    }
    return NULL;
}

const char *chat_link(const struct screen *screen)
{
    return link_to(screen, "");
}

const char *chat_invoice(const struct screen *screen)
{
    return link_to(screen, "https://t.me/$");
}

static const char *file_of(struct json_object *message, const char *kind)
{
    struct json_object *file = NULL;
    return json_object_object_get_ex(message, kind, &file) ? chat_field(file, "file_id") : "";
}

int chat_pictures(struct json_object *chat, const char *kind, int which[], const char *file_ids[], int room)
{
    struct json_object *messages = chat_messages(chat);
    int count = 0;
    for (size_t i = 0; i < count_of(messages) && count < room; i++) {
        struct json_object *message = json_object_array_get_idx(messages, i);
        const char *text = chat_field(message, "text");
        char *end = NULL;
        long n = strtol(text, &end, 10);
        if (strcmp(chat_field(message, "from"), "bot") != 0 || strcmp(chat_field(message, "kind"), kind) != 0 ||
            end == text || *end != '/')
            continue;
        if (file_ids != NULL)
            file_ids[count] = file_of(message, kind);
        which[count++] = (int)n;
    }
    return count;
}

int chat_sent(struct json_object *chat, const char *file_ids[], int room)
{
    struct json_object *messages = chat_messages(chat);
    int count = 0;
    for (size_t i = 0; i < count_of(messages) && count < room; i++) {
        struct json_object *message = json_object_array_get_idx(messages, i);
        const char *kind = chat_field(message, "kind");
        if (strcmp(chat_field(message, "from"), "user") == 0 &&
            (strcmp(kind, "photo") == 0 || strcmp(kind, "document") == 0))
            file_ids[count++] = file_of(message, kind);
    }
    return count;
}

bool chat_says(struct json_object *chat, const char *words)
{
    struct json_object *messages = chat_messages(chat);
    for (size_t i = 0; i < count_of(messages); i++) {
        struct json_object *message = json_object_array_get_idx(messages, i);
        if (strcmp(chat_field(message, "from"), "bot") == 0 && strstr(chat_field(message, "text"), words) != NULL)
            return true;
    }
    return false;
}
