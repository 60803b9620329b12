/* Methods that put messages into a chat: sendMessage, sendPhoto, sendDocument, sendLocation, sendPoll, sendMediaGroup,
 * copyMessage.
 *
 * Everything is checked before anything is stored, so a refused call leaves the chat as it was.
 */
#include "tests/sandbox/telegram.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sandbox/html.h"

#define GROUP_MIN 2
#define GROUP_MAX 10
#define POLL_QUESTION_MAX 300
#define POLL_OPTIONS_MAX 12
#define POLL_OPTION_MAX 100

/* The chat for so many new messages, or NULL and the call has failed. */
static struct user *chat_to_send(struct request *request, unsigned messages)
{
    struct sandbox *sb = request->sb;
    struct user *chat = telegram_take_effect(request) ? telegram_chat_to_write(request, messages) : NULL;
    if (chat != NULL && sb->opt.busy > 0)
        world_pass_ids(sb, sandbox_random(sb) % (uint64_t)(sb->opt.busy + 1));
    return chat;
}

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
    struct user *chat = chat_to_send(request, 1);
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
    struct user *chat = chat_to_send(request, 1);
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

/* A message whose content is `extra`, members as JSON text; taken over. */
static void send_extra(struct request *request, enum message_kind kind, char *extra)
{
    struct markup markup = {0};
    int64_t reply_to = 0;
    struct user *chat = chat_to_send(request, 1);
    if (chat == NULL || !telegram_take_reply(request, chat, &reply_to) ||
        !telegram_take_markup(request, false, &markup)) {
        free(extra);
        return;
    }
    struct message *message = put(request, chat, kind, (struct styled){0}, markup, reply_to);
    message->extra = extra;
    answer_message(request, message);
}

void telegram_send_location(struct request *request)
{
    double latitude = json_object_get_double(telegram_param(request, "latitude"));
    double longitude = json_object_get_double(telegram_param(request, "longitude"));
    if (!(fabs(latitude) <= 90 && fabs(longitude) <= 180)) {
        telegram_fail(request, 400, "Bad Request: wrong location specified");
        return;
    }
    struct buf extra = {0};
    buf_addf(&extra, "\"location\":{\"latitude\":%.6f,\"longitude\":%.6f}", latitude, longitude);
    send_extra(request, MESSAGE_LOCATION, buf_take(&extra));
}

static const char *text_of(json_object *object, const char *key)
{
    json_object *value = NULL;
    return json_object_object_get_ex(object, key, &value) ? json_object_get_string(value) : NULL;
}

/* The texts of the options, as PollOption objects; what is wrong with them, or NULL. */
static const char *take_options(json_object *options, struct buf *out)
{
    size_t count = json_object_array_length(options);
    if (count == 0)
        return "poll must have at least 1 option";
    if (count > POLL_OPTIONS_MAX)
        return "poll can't have more than 12 options";
    for (size_t i = 0; i < count; i++) {
        json_object *option = json_object_array_get_idx(options, i);
        const char *text = json_object_is_type(option, json_type_string) ? json_object_get_string(option)
                                                                         : text_of(option, "text");
        if (html_is_blank(text))
            return "poll options must be non-empty";
        if (html_length(text) > POLL_OPTION_MAX)
            return "poll options length must not exceed 100";
        buf_addf(out, "%s{\"persistent_id\":\"%zu\",\"text\":", i == 0 ? "" : ",", i);
        buf_add_json(out, text);
        buf_adds(out, ",\"voter_count\":0}");
    }
    return NULL;
}

void telegram_send_poll(struct request *request)
{
    const char *question = telegram_text(request, "question"), *type = telegram_text(request, "type");
    struct buf extra = {0};
    buf_addf(&extra, "\"poll\":{\"id\":\"%" PRIu64 "\",\"question\":", sandbox_random(request->sb));
    buf_add_json(&extra, question);
    buf_adds(&extra, ",\"options\":[");
    const char *why = take_options(telegram_param(request, "options"), &extra);
    if (html_is_blank(question))
        why = "poll question must be non-empty";
    else if (html_length(question) > POLL_QUESTION_MAX)
        why = "poll question length must not exceed 300";
    else if (type != NULL && strcmp(type, "regular") != 0 && strcmp(type, "quiz") != 0)
        why = "unsupported poll type specified";
    if (why != NULL) {
        buf_done(&extra);
        telegram_fail(request, 400, "Bad Request: %s", why);
        return;
    }
    bool is_anonymous = telegram_param(request, "is_anonymous") == NULL || telegram_flag(request, "is_anonymous");
    buf_addf(&extra,
             "],\"total_voter_count\":0,\"is_closed\":%s,\"is_anonymous\":%s,\"type\":\"%s\","
             "\"allows_multiple_answers\":%s,\"allows_revoting\":%s,\"members_only\":false}",
             telegram_flag(request, "is_closed") ? "true" : "false", is_anonymous ? "true" : "false",
             type == NULL ? "regular" : type, telegram_flag(request, "allows_multiple_answers") ? "true" : "false",
             telegram_flag(request, "allows_revoting") ? "true" : "false");
    send_extra(request, MESSAGE_POLL, buf_take(&extra));
}

struct item {
    struct styled styled;
    struct file *file;
    bool is_photo;
};

static bool take_item(struct request *request, json_object *media, struct item *item)
{
    const char *type = text_of(media, "type");
    if (strcmp(type, "photo") != 0 && strcmp(type, "document") != 0) {
        telegram_fail(request, 400, "Bad Request: can't parse InputMedia: unsupported type");
        return false;
    }
    item->is_photo = strcmp(type, "photo") == 0;
    json_object *entities = NULL, *file = NULL;
    json_object_object_get_ex(media, "caption_entities", &entities);
    json_object_object_get_ex(media, "media", &file);
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
        if (!take_item(request, json_object_array_get_idx(media, i), &items[i]))
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
    struct user *chat = chat_to_send(request, (unsigned)count);
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
    struct user *chat = chat_to_send(request, 1);
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
