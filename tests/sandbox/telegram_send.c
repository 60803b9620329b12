/* Methods that put messages into a chat: sendMessage, sendPhoto, sendDocument, sendMediaGroup, copyMessage.
 *
 * Everything is checked before anything is stored, so a refused call leaves the chat as it was.
 */
#include "tests/sandbox/telegram.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define GROUP_MIN 2
#define GROUP_MAX 10

static void answer_message(struct request *request, struct message *message)
{
    struct buf result = {0};
    world_message_save(request->sb, message);
    world_add_message_json(request->sb, &result, message);
    telegram_done(request, &result);
}

/* A new message of the bot's; takes the styled text and the markup over. */
static struct message *put(struct request *request, struct user *chat, enum message_kind kind, struct styled styled,
                           struct markup markup, int64_t reply_to)
{
    struct message *message = world_message_add(request->sb, chat, kind, true, 0);
    message->text = styled.text;
    message->entities = styled.entities;
    message->markup = markup.inline_keyboard;
    message->keyboard = markup.other;
    message->reply_to = reply_to;
    message->thread_id = telegram_int(request, "message_thread_id");
    return message;
}

void telegram_send_message(struct request *request)
{
    struct styled styled = {0};
    struct markup markup = {0};
    int64_t reply_to = 0;
    struct user *chat = telegram_chat_to_write(request, 1);
    if (chat == NULL ||
        !telegram_take_styled(request, telegram_text(request, "text"), telegram_text(request, "parse_mode"),
                              telegram_param(request, "entities"), false, &styled))
        return;
    if (!telegram_take_reply(request, chat, &reply_to) || !telegram_take_markup(request, false, &markup)) {
        telegram_free_styled(&styled);
        return;
    }
    answer_message(request, put(request, chat, MESSAGE_TEXT, styled, markup, reply_to));
}

static void send_file(struct request *request, bool is_photo)
{
    struct styled styled = {0};
    struct markup markup = {0};
    struct file *file = NULL;
    int64_t reply_to = 0;
    struct user *chat = telegram_chat_to_write(request, 1);
    if (chat == NULL ||
        !telegram_take_styled(request, telegram_text(request, "caption"), telegram_text(request, "parse_mode"),
                              telegram_param(request, "caption_entities"), true, &styled))
        return;
    if (!telegram_take_reply(request, chat, &reply_to) || !telegram_take_markup(request, false, &markup)) {
        telegram_free_styled(&styled);
        return;
    }
    if (!telegram_take_file(request, telegram_param(request, is_photo ? "photo" : "document"), is_photo, &file)) {
        telegram_free_styled(&styled);
        free(markup.inline_keyboard);
        free(markup.other);
        return;
    }
    struct message *message = put(request, chat, is_photo ? MESSAGE_PHOTO : MESSAGE_DOCUMENT, styled, markup, reply_to);
    message->file = file;
    answer_message(request, message);
}

void telegram_send_photo(struct request *request)
{
    send_file(request, true);
}

void telegram_send_document(struct request *request)
{
    send_file(request, false);
}

struct item {
    struct styled styled;
    struct file *file;
    bool is_photo;
};

static const char *text_of(json_object *object, const char *key)
{
    json_object *value = NULL;
    return json_object_object_get_ex(object, key, &value) && json_object_is_type(value, json_type_string)
               ? json_object_get_string(value)
               : NULL;
}

static bool take_item(struct request *request, json_object *media, struct item *item)
{
    static const char *const known[] = {"type",
                                        "media",
                                        "caption",
                                        "parse_mode",
                                        "thumbnail",
                                        "caption_entities",
                                        "has_spoiler",
                                        "show_caption_above_media",
                                        "disable_content_type_detection"};
    json_object_object_foreach(media, key, value)
    {
        (void)value;
        bool ok = false;
        for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
            ok = ok || strcmp(known[i], key) == 0;
        if (!ok) {
            telegram_fail(request, 400, "Bad Request: can't parse InputMedia: unknown field \"%s\"", key);
            return false;
        }
    }
    const char *type = text_of(media, "type");
    if (type == NULL || (strcmp(type, "photo") != 0 && strcmp(type, "document") != 0)) {
        telegram_fail(request, 400, "Bad Request: can't parse InputMedia: unsupported type");
        return false;
    }
    item->is_photo = strcmp(type, "photo") == 0;
    json_object *entities = NULL, *file = NULL;
    json_object_object_get_ex(media, "caption_entities", &entities);
    if (!json_object_object_get_ex(media, "media", &file)) {
        telegram_fail(request, 400, "Bad Request: media not found");
        return false;
    }
    return telegram_take_styled(request, text_of(media, "caption"), text_of(media, "parse_mode"), entities, true,
                                &item->styled) &&
           telegram_take_file(request, file, item->is_photo, &item->file);
}

static void free_items(struct item *items, size_t count)
{
    for (size_t i = 0; i < count; i++)
        telegram_free_styled(&items[i].styled);
}

static bool take_group(struct request *request, json_object *media, struct item *items, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        json_object *one = json_object_array_get_idx(media, i);
        if (!json_object_is_type(one, json_type_object)) {
            telegram_fail(request, 400, "Bad Request: can't parse InputMedia: an Object expected");
            return false;
        }
        if (!take_item(request, one, &items[i]))
            return false;
        if (items[i].is_photo != items[0].is_photo) {
            telegram_fail(request, 400, "Bad Request: Document can't be mixed with other media types");
            return false;
        }
    }
    return true;
}

void telegram_send_media_group(struct request *request)
{
    struct sandbox *sb = request->sb;
    json_object *media = telegram_param(request, "media");
    size_t count = json_object_array_length(media);
    struct item items[GROUP_MAX] = {0};
    int64_t reply_to = 0;
    if (count < GROUP_MIN || count > GROUP_MAX) {
        telegram_fail(request, 400, "Bad Request: %s",
                      count > GROUP_MAX ? "too many messages to send as an album"
                                        : "there are not enough messages to send as an album");
        return;
    }
    struct user *chat = telegram_chat_to_write(request, (unsigned)count);
    if (chat == NULL || !telegram_take_reply(request, chat, &reply_to) || !take_group(request, media, items, count)) {
        free_items(items, GROUP_MAX);
        return;
    }
    struct buf result = {0}, group = {0};
    buf_addf(&group, "1380%013" PRId64, sb->world.next_group++);
    for (size_t i = 0; i < count; i++) {
        struct message *message = put(request, chat, items[i].is_photo ? MESSAGE_PHOTO : MESSAGE_DOCUMENT,
                                      items[i].styled, (struct markup){0}, reply_to);
        message->file = items[i].file;
        message->group_id = mem_text(group.at);
        world_message_save(sb, message);
        buf_adds(&result, i == 0 ? "[" : ",");
        world_add_message_json(sb, &result, message);
    }
    buf_adds(&result, "]");
    buf_done(&group);
    telegram_done(request, &result);
}

void telegram_copy_message(struct request *request)
{
    struct sandbox *sb = request->sb;
    struct styled styled = {0};
    struct markup markup = {0};
    int64_t reply_to = 0;
    struct user *chat = telegram_chat_to_write(request, 1);
    if (chat == NULL)
        return;
    const struct message *from = world_message(sb, telegram_int(request, "from_chat_id"),
                                               telegram_int(request, "message_id"));
    if (from == NULL) {
        telegram_fail(request, 400, "Bad Request: message to copy not found");
        return;
    }
    bool new_caption = telegram_param(request, "caption") != NULL && from->kind != MESSAGE_TEXT;
    if (new_caption &&
        !telegram_take_styled(request, telegram_text(request, "caption"), telegram_text(request, "parse_mode"),
                              telegram_param(request, "caption_entities"), true, &styled))
        return;
    if (!telegram_take_reply(request, chat, &reply_to) || !telegram_take_markup(request, false, &markup)) {
        telegram_free_styled(&styled);
        return;
    }
    if (!new_caption)
        styled = (struct styled){.text = mem_text(from->text), .entities = mem_text(from->entities)};
    struct message *message = put(request, chat, from->kind, styled, markup, reply_to);
    message->file = from->file;
    message->extra = mem_text(from->extra);
    world_message_save(sb, message);
    struct buf result = {0};
    buf_addf(&result, "{\"message_id\":%" PRId64 "}", message->id);
    telegram_done(request, &result);
}
