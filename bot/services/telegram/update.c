/* One update to one event. Everything here comes from strangers, so nothing is taken for granted: a missing or odd
 * field makes the update ask nothing of us (EVENT_NONE) or, when a message is no message at all, poison. What people
 * send is a known list, and what of it no conversation takes is EVENT_OTHER, so that the person gets a word; all other
 * messages are Telegram's own about the chat, of which there are more every month: nobody waits for an answer to them.
 * Other updates are not for us.
 *
 * Only private chats are served. Must not decide anything about conversations: it names what came. */
#include "bot/services/telegram/update.h"
#include "core/utf8.h"

#include <ctype.h>
#include <string.h>
#include "bot/base/json.h"

enum {
    PAYLOAD_MAX_BYTES = 128, /* Telegram's limit */
    CHARGE_MAX_BYTES = 256,
    CURRENCY_BYTES = 3,
    AMOUNT_MAX = 99999999 /* what the tables hold, in whole ones */
};

static int32_t size_number(struct json_object *object, const char *name)
{
    int64_t value = json_peek_number(object, name);
    return value > 0 && value <= INT32_MAX ? (int32_t)value : 0;
}

/* A string of 1 to max bytes without a zero byte inside; NULL otherwise. */
static const char *string(struct arena *arena, struct json_object *object, const char *name, size_t max)
{
    struct json_object *value = json_peek(object, name, json_type_string);
    if (value == NULL)
        return NULL;
    size_t length = (size_t)json_object_get_string_len(value);
    const char *text = json_object_get_string(value);
    if (length == 0 || length > max || memchr(text, '\0', length) != NULL)
        return NULL;
    return arena_copy_n(arena, text, length);
}

/* Text a person wrote: zero bytes become spaces, an overlong tail is cut at a character. */
static const char *words(struct arena *arena, struct json_object *object, const char *name)
{
    struct json_object *value = json_peek(object, name, json_type_string);
    if (value == NULL)
        return NULL;
    size_t length = (size_t)json_object_get_string_len(value);
    const char *text = json_object_get_string(value);
    if (length > EVENT_TEXT_MAX_BYTES)
        for (length = EVENT_TEXT_MAX_BYTES; length > 0 && utf8_continues(text[length]);)
            length--;
    char *copy = arena_copy_n(arena, text, length);
    for (size_t i = 0; i < length; i++)
        if (copy[i] == '\0')
            copy[i] = ' ';
    return copy;
}

static void decode_sender(struct arena *arena, struct json_object *from, struct event *event)
{
    event->language_code = string(arena, from, "language_code", 35); /* the longest IETF tag */
    event->first_name = string(arena, from, "first_name", 1024);
    event->username = string(arena, from, "username", 64);
}

/* The user's id when the chat is private and the sender is its person; 0 otherwise. */
static int64_t private_chat(struct json_object *chat, struct json_object *from)
{
    const char *type = json_peek_text(chat, "type");
    int64_t id = json_peek_number(chat, "id");
    if (type == NULL || strcmp(type, "private") != 0 || id <= 0 || json_peek_number(from, "id") != id)
        return 0;
    return json_peek_true(from, "is_bot") ? 0 : id;
}

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* "/Start@the_bot  ref_ABC " to "start" and "ref_ABC". A lone "/" is text. */
static void decode_text(struct arena *arena, const char *text, struct event *event)
{
    event->kind = EVENT_TEXT;
    event->text = text;
    size_t length = 0;
    if (text[0] == '/')
        while (isalnum((unsigned char)text[1 + length]) || text[1 + length] == '_')
            length++;
    char after = text[0] == '/' ? text[1 + length] : '\0';
    if (length == 0 || length > 32 || (after != '\0' && after != '@' && !is_space(after)))
        return;
    char *command = arena_copy_n(arena, text + 1, length);
    for (char *c = command; *c != '\0'; c++)
        *c = (char)tolower((unsigned char)*c);
    const char *rest = text + 1 + length;
    if (*rest == '@')
        while (*rest != '\0' && !is_space(*rest))
            rest++;
    while (is_space(*rest))
        rest++;
    size_t end = strlen(rest);
    while (end > 0 && is_space(rest[end - 1]))
        end--;
    event->kind = EVENT_COMMAND;
    event->command = command;
    event->text = arena_copy_n(arena, rest, end);
}

static void decode_file(struct arena *arena, struct json_object *from, enum event_kind kind, struct event *event)
{
    struct event_file file = {
        .file_id = string(arena, from, "file_id", EVENT_FILE_ID_MAX_BYTES),
        .file_unique_id = string(arena, from, "file_unique_id", EVENT_FILE_ID_MAX_BYTES),
        .width = size_number(from, "width"),
        .height = size_number(from, "height"),
        .as_photo = kind == EVENT_PHOTO,
    };
    int64_t bytes = json_peek_number(from, "file_size");
    file.size_bytes = bytes > 0 ? bytes : 0;
    if (file.file_id == NULL || file.file_unique_id == NULL)
        return;
    event->kind = kind;
    event->file = file;
}

/* The largest of the sizes; their order is not to be trusted. */
static struct json_object *largest(struct json_object *sizes)
{
    struct json_object *best = NULL;
    int64_t best_area = -1;
    for (size_t i = 0; i < json_object_array_length(sizes); i++) {
        struct json_object *one = json_object_array_get_idx(sizes, i);
        int64_t area = (int64_t)size_number(one, "width") * size_number(one, "height");
        if (json_peek(one, "file_id", json_type_string) != NULL && area > best_area) {
            best = one;
            best_area = area;
        }
    }
    return best;
}

static void decode_contact(struct arena *arena, struct json_object *contact, struct event *event)
{
    event->text = string(arena, contact, "phone_number", 64);
    event->kind = event->text == NULL ? EVENT_OTHER : EVENT_CONTACT;
    event->own_contact = json_peek_number(contact, "user_id") == event->chat_id;
}

/* Did a person send it? What is forwarded was, whatever it is. */
static bool is_content(struct json_object *message)
{
    static const char *const names[] = {
        "text",  "rich_message", "photo",     "live_photo", "document",   "animation",     "audio", "voice",
        "video", "video_note",   "sticker",   "story",      "contact",    "location",      "venue", "poll",
        "dice",  "game",         "checklist", "invoice",    "paid_media", "forward_origin"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (json_object_object_get_ex(message, names[i], NULL))
            return true;
    return false;
}

/* Stars came, or went back: a message of Telegram's own about it. What can't be kept is nobody's to guess at. */
static const char *decode_stars(struct arena *arena, struct json_object *message, struct json_object *payment,
                                enum event_kind kind, struct event *event)
{
    int64_t chat_id = private_chat(json_peek(message, "chat", json_type_object),
                                   json_peek(message, "from", json_type_object));
    if (kind == EVENT_STARS_REFUNDED && chat_id == 0) /* the bot itself may be called its sender */
        chat_id = json_peek_number(json_peek(message, "chat", json_type_object), "id");
    const char *payload = string(arena, payment, "invoice_payload", PAYLOAD_MAX_BYTES);
    event->charge_id = string(arena, payment, "telegram_payment_charge_id", CHARGE_MAX_BYTES);
    event->currency = string(arena, payment, "currency", CURRENCY_BYTES);
    event->object = json_peek_number(payment, "total_amount");
    if (chat_id <= 0 || event->charge_id == NULL || event->currency == NULL || event->object <= 0 ||
        event->object > AMOUNT_MAX)
        return "stars without their payer, name, currency or number";
    event->text = payload == NULL ? "" : payload;
    event->chat_id = chat_id;
    event->kind = kind;
    return NULL;
}

static void decode_message(struct arena *arena, struct json_object *message, struct event *event)
{
    struct json_object *from = json_peek(message, "from", json_type_object), *found;
    int64_t chat_id = private_chat(json_peek(message, "chat", json_type_object), from);
    int64_t message_id = json_peek_number(message, "message_id");
    if (chat_id == 0 || message_id <= 0 || !is_content(message))
        return;
    event->chat_id = chat_id;
    event->message_id = message_id;
    event->date_s = json_peek_number(message, "date");
    event->thread_id = json_peek_number(message, "message_thread_id");
    event->media_group = string(arena, message, "media_group_id", 64);
    decode_sender(arena, from, event);
    event->kind = EVENT_OTHER;
    const char *text = words(arena, message, "text");
    if (text != NULL && json_object_object_get_ex(message, "forward_origin", NULL) == 0) {
        decode_text(arena, text, event);
    } else if (text != NULL) { /* a forwarded "/command" was not meant for us */
        event->kind = EVENT_TEXT;
        event->text = text;
    } else if ((found = json_peek(message, "photo", json_type_array)) != NULL) {
        decode_file(arena, largest(found), EVENT_PHOTO, event);
    } else if (json_object_object_get_ex(message, "animation", NULL)) {
        return; /* it comes with a document for old clients */
    } else if ((found = json_peek(message, "document", json_type_object)) != NULL) {
        decode_file(arena, found, EVENT_DOCUMENT, event);
    } else if ((found = json_peek(message, "contact", json_type_object)) != NULL) {
        decode_contact(arena, found, event);
    }
}

/* Only words can be edited into other words; a new caption of a photo says nothing to us. */
static void decode_edit(struct arena *arena, struct json_object *message, struct event *event)
{
    struct event now = *event;
    decode_message(arena, message, &now);
    if (now.kind != EVENT_TEXT && now.kind != EVENT_COMMAND)
        return;
    *event = now;
    event->edited = true;
}

static void decode_button(struct arena *arena, struct json_object *query, struct event *event)
{
    struct json_object *from = json_peek(query, "from", json_type_object);
    struct json_object *message = json_peek(query, "message", json_type_object);
    int64_t chat_id = private_chat(json_peek(message, "chat", json_type_object), from);
    const char *id = string(arena, query, "id", 128);
    const char *data = string(arena, query, "data", EVENT_CALLBACK_MAX_BYTES);
    int64_t message_id = json_peek_number(message, "message_id");
    if (chat_id == 0 || id == NULL || data == NULL || message_id <= 0)
        return;
    event->kind = EVENT_BUTTON;
    event->chat_id = chat_id;
    event->message_id = message_id;
    event->date_s = json_peek_number(message, "date"); /* 0 when the message is inaccessible */
    event->thread_id = event->date_s == 0 ? EVENT_THREAD_UNKNOWN : json_peek_number(message, "message_thread_id");
    event->callback_id = id;
    event->text = data;
    decode_sender(arena, from, event);
}

static void decode_membership(struct arena *arena, struct json_object *change, struct event *event)
{
    struct json_object *from = json_peek(change, "from", json_type_object);
    int64_t chat_id = private_chat(json_peek(change, "chat", json_type_object), from);
    struct json_object *member_now = json_peek(change, "new_chat_member", json_type_object);
    const char *status = json_peek_text(member_now, "status");
    if (chat_id == 0 || status == NULL)
        return;
    if (strcmp(status, "kicked") == 0)
        event->kind = EVENT_BLOCKED;
    else if (strcmp(status, "member") == 0)
        event->kind = EVENT_UNBLOCKED;
    else
        return;
    event->chat_id = chat_id;
    event->date_s = json_peek_number(change, "date");
    decode_sender(arena, from, event);
}

/* NULL, or why the update is poison. Its id is known before. */
const char *update_decode(struct arena *arena, struct json_object *update, struct event *event)
{
    struct json_object *found;
    if (json_object_object_get_ex(update, "message", &found)) {
        if (!json_object_is_type(found, json_type_object))
            return "message is no object";
        struct json_object *payment;
        if ((payment = json_peek(found, "successful_payment", json_type_object)) != NULL)
            return decode_stars(arena, found, payment, EVENT_STARS_PAID, event);
        if ((payment = json_peek(found, "refunded_payment", json_type_object)) != NULL)
            return decode_stars(arena, found, payment, EVENT_STARS_REFUNDED, event);
        decode_message(arena, found, event);
    } else if (json_object_object_get_ex(update, "edited_message", &found)) {
        if (!json_object_is_type(found, json_type_object))
            return "edited_message is no object";
        decode_edit(arena, found, event);
    } else if (json_object_object_get_ex(update, "callback_query", &found)) {
        if (!json_object_is_type(found, json_type_object))
            return "callback_query is no object";
        decode_button(arena, found, event);
    } else if (json_object_object_get_ex(update, "my_chat_member", &found)) {
        if (!json_object_is_type(found, json_type_object))
            return "my_chat_member is no object";
        decode_membership(arena, found, event);
    }
    return NULL;
}
