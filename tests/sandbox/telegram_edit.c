/* Methods that change or take away messages.
 *
 * An edit to what is there already is refused as "not modified", as at Telegram, where bots meet it constantly; a
 * private chat lets a bot delete both its own and the user's messages for 48 hours.
 */
#include "tests/sandbox/telegram.h"

#include <stdlib.h>
#include <string.h>

#define DELETE_MS (48LL * 3600 * 1000)
#define DELETE_IDS_MAX 100

static bool same(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static struct message *to_edit(struct request *request)
{
    struct user *chat = telegram_chat_to_write(request, 1); /* an edit counts as a message */
    if (chat == NULL)
        return NULL;
    if (telegram_param(request, "message_id") == NULL) {
        telegram_fail(request, 400, "Bad Request: message identifier is not specified");
        return NULL;
    }
    struct message *message = world_message(request->sb, chat->id, telegram_int(request, "message_id"));
    if (message == NULL) {
        telegram_fail(request, 400, "Bad Request: message to edit not found");
        return NULL;
    }
    if (!message->from_bot || message->keyboard != NULL) { /* one that brought a keyboard is as it is for ever */
        telegram_fail(request, 400, "Bad Request: message can't be edited");
        return NULL;
    }
    return message;
}

/* Puts the new content in, unless nothing differs, and answers. Takes styled and markup over. */
static void edit(struct request *request, struct message *message, struct styled styled, struct markup markup,
                 struct file *file)
{
    if (message->group_id != NULL) { /* an album has no keyboards: the server passes over them */
        free(markup.inline_keyboard);
        markup.inline_keyboard = NULL;
    }
    if (same(message->text, styled.text) && same(message->entities, styled.entities) &&
        same(message->markup, markup.inline_keyboard) && message->file == file) {
        telegram_free_styled(&styled);
        free(markup.inline_keyboard);
        telegram_fail(request, 400,
                      "Bad Request: message is not modified: specified new message content and reply markup are "
                      "exactly the same as a current content and reply markup of the message");
        return;
    }
    free(message->text);
    free(message->entities);
    free(message->markup);
    message->text = styled.text;
    message->entities = styled.entities;
    message->markup = markup.inline_keyboard;
    if (file != NULL && !file->is_photo)
        message->kind = MESSAGE_DOCUMENT;
    else if (file != NULL)
        message->kind = MESSAGE_PHOTO;
    message->file = file;
    message->edit_ms = sandbox_now_ms(request->sb);
    world_message_save(request->sb, message);
    struct buf result = {0};
    world_add_message_json(request->sb, &result, message);
    telegram_done(request, &result);
}

void telegram_edit_text(struct request *request)
{
    struct styled styled = {0};
    struct markup markup = {0};
    struct message *message = to_edit(request);
    if (message == NULL)
        return;
    if (message->kind != MESSAGE_TEXT) {
        telegram_fail(request, 400, "Bad Request: there is no text in the message to edit");
        return;
    }
    if (!telegram_take_styled(request, telegram_text(request, "text"), telegram_text(request, "parse_mode"),
                              telegram_param(request, "entities"), false, &styled))
        return;
    if (telegram_take_markup(request, true, &markup))
        edit(request, message, styled, markup, NULL);
    else
        telegram_free_styled(&styled);
}

void telegram_edit_caption(struct request *request)
{
    struct styled styled = {0};
    struct markup markup = {0};
    struct message *message = to_edit(request);
    if (message == NULL)
        return;
    if (message->file == NULL) {
        telegram_fail(request, 400, "Bad Request: there is no caption in the message to edit");
        return;
    }
    if (!telegram_take_styled(request, telegram_text(request, "caption"), telegram_text(request, "parse_mode"),
                              telegram_param(request, "caption_entities"), true, &styled))
        return;
    if (telegram_take_markup(request, true, &markup))
        edit(request, message, styled, markup, message->file);
    else
        telegram_free_styled(&styled);
}

void telegram_edit_media(struct request *request)
{
    struct styled styled = {0};
    struct markup markup = {0};
    struct file *file = NULL;
    struct message *message = to_edit(request);
    if (message == NULL)
        return;
    json_object *media = telegram_param(request, "media"), *value = NULL;
    const char *type = json_object_object_get_ex(media, "type", &value) ? json_object_get_string(value) : "";
    if (strcmp(type, "photo") != 0 && strcmp(type, "document") != 0) {
        telegram_fail(request, 400, "Bad Request: can't parse InputMedia: unsupported type");
        return;
    }
    const char *caption = json_object_object_get_ex(media, "caption", &value) ? json_object_get_string(value) : NULL;
    const char *mode = json_object_object_get_ex(media, "parse_mode", &value) ? json_object_get_string(value) : NULL;
    json_object *entities = NULL;
    json_object_object_get_ex(media, "caption_entities", &entities);
    if (!telegram_take_styled(request, caption, mode, entities, true, &styled))
        return;
    if (json_object_object_get_ex(media, "media", &value) &&
        telegram_take_file(request, value, strcmp(type, "photo") == 0, &file) &&
        telegram_take_markup(request, true, &markup)) {
        edit(request, message, styled, markup, file);
        return;
    }
    telegram_free_styled(&styled);
    if (!request->answered)
        telegram_fail(request, 400, "Bad Request: media not found");
}

void telegram_edit_markup(struct request *request)
{
    struct markup markup = {0};
    struct message *message = to_edit(request);
    if (message == NULL || !telegram_take_markup(request, true, &markup))
        return;
    struct styled styled = {.text = mem_text(message->text), .entities = mem_text(message->entities)};
    edit(request, message, styled, markup, message->file);
}

static const char *delete_one(struct sandbox *sb, const struct user *chat, int64_t id)
{
    struct message *message = world_message(sb, chat->id, id);
    if (message == NULL)
        return "Bad Request: message to delete not found";
    if (sandbox_now_ms(sb) - message->date_ms > DELETE_MS)
        return "Bad Request: message can't be deleted for everyone";
    world_message_delete(sb, message);
    return NULL;
}

void telegram_delete_message(struct request *request)
{
    struct user *chat = telegram_chat(request);
    if (chat == NULL)
        return;
    const char *why = delete_one(request->sb, chat, telegram_int(request, "message_id"));
    if (why != NULL)
        telegram_fail(request, 400, "%s", why);
    else
        telegram_true(request);
}

/* Those not found are skipped, as the description of the method says. */
void telegram_delete_messages(struct request *request)
{
    struct user *chat = telegram_chat(request);
    json_object *ids = telegram_param(request, "message_ids");
    size_t count = json_object_array_length(ids);
    if (chat == NULL)
        return;
    if (count == 0 || count > DELETE_IDS_MAX) {
        telegram_fail(request, 400, "Bad Request: %s",
                      count == 0 ? "message identifiers are not specified" : "too many message identifiers specified");
        return;
    }
    for (size_t i = 0; i < count; i++)
        (void)delete_one(request->sb, chat, json_object_get_int64(json_object_array_get_idx(ids, i)));
    telegram_true(request);
}

/* What is wrong with a reaction, or NULL. */
static const char *refuse_reaction(json_object *reaction)
{
    static const char known[] = "👍 👎 ❤ 🔥 🥰 👏 😁 🤔 🤯 😱 🤬 😢 🎉 🤩 🤮 "
                                "💩 🙏 👌 🕊 🤡 🥱 🥴 😍 🐳 ❤\u200d🔥 🌚 🌭 💯 🤣 ⚡ "
                                "🍌 🏆 💔 🤨 😐 🍓 🍾 💋 🖕 😈 😴 😭 🤓 👻 👨\u200d💻 "
                                "👀 🎃 🙈 😇 😨 🤝 ✍ 🤗 🫡 🎅 🎄 ☃ 💅 🤪 🗿 "
                                "🆒 💘 🙉 🦄 😘 💊 🙊 😎 👾 🤷\u200d♂ 🤷 🤷\u200d♀ 😡 ";
    json_object *type = NULL, *emoji = NULL;
    json_object_object_get_ex(reaction, "type", &type);
    bool is_custom = strcmp(json_object_get_string(type), "custom_emoji") == 0;
    if (!is_custom && strcmp(json_object_get_string(type), "emoji") != 0)
        return "can't parse ReactionType: invalid reaction type specified";
    if (!json_object_object_get_ex(reaction, is_custom ? "custom_emoji_id" : "emoji", &emoji))
        return "can't parse ReactionType: Can't find field";
    if (is_custom)
        return "REACTION_INVALID"; /* a private chat takes none from a bot */
    const char *text = json_object_get_string(emoji), *at = known;
    size_t len = strlen(text);
    if (len > 3 && strcmp(text + len - 3, "\xef\xb8\x8f") == 0) /* "as a picture" makes no difference */
        len -= 3;
    for (; *at != '\0'; at += strcspn(at, " ") + 1) {
        if (strcspn(at, " ") == len && memcmp(at, text, len) == 0)
            return NULL;
    }
    return "REACTION_INVALID";
}

void telegram_set_reaction(struct request *request)
{
    struct user *chat = telegram_chat(request);
    json_object *reactions = telegram_param(request, "reaction");
    size_t count = reactions == NULL ? 0 : json_object_array_length(reactions);
    if (chat == NULL)
        return;
    const char *why = count > 1 ? "REACTIONS_TOO_MANY" : NULL;
    if (world_message(request->sb, chat->id, telegram_int(request, "message_id")) == NULL)
        why = "message to react not found";
    else if (count == 1)
        why = refuse_reaction(json_object_array_get_idx(reactions, 0));
    if (why != NULL)
        telegram_fail(request, 400, "Bad Request: %s", why);
    else
        telegram_true(request);
}
