/* What a user does in the chat: writes, presses, edits, shares a contact, blocks; service messages; and raw updates for
 * poison tests.
 *
 * Every deed makes the message a real client would make and queues the update Telegram would queue. What is written may
 * stand in a topic ("message_thread_id"); a service message is whatever members are given.
 */
#include "tests/sandbox/control.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sandbox/control_media.h"
#include "tests/sandbox/html.h"
#include "tests/sandbox/journal.h"
#include "tests/sandbox/markup.h"
#include "tests/sandbox/stars.h"
#include "tests/sandbox/topics.h"
#include "tests/sandbox/updates.h"

#define REPEATS_MAX 1000

/* Stores the user's message and queues its update. */
static void message_done(struct request *request, struct message *message, const char *kind)
{
    world_message_save(request->sb, message);
    updates_push_message(request->sb, kind, message, 0);
}

static void answer_message(struct request *request, const struct message *message)
{
    struct buf out = {0};
    buf_addf(&out, "{\"message_id\":%" PRId64 "}", message->id);
    http_answer_json(request, 200, &out);
}

/* Commands stand at the beginning of a word: /name, up to 32 characters. */
static char *command_entities(const char *text)
{
    struct buf out = {0};
    for (size_t i = 0; text[i] != '\0'; i++) {
        if (text[i] != '/' || (i > 0 && !isspace((unsigned char)text[i - 1])))
            continue;
        size_t len = 1;
        while (isalnum((unsigned char)text[i + len]) || text[i + len] == '_' || text[i + len] == '@')
            len++;
        if (len < 2 || len > 64 || (text[i + len] != '\0' && !isspace((unsigned char)text[i + len])))
            continue;
        char *before = mem_text_n(text, i);
        buf_addf(&out, "%s{\"offset\":%zu,\"length\":%zu,\"type\":\"bot_command\"}", out.len == 0 ? "[" : ",",
                 html_length(before), len);
        free(before);
    }
    if (out.len == 0)
        return NULL;
    buf_adds(&out, "]");
    return buf_take(&out);
}

/* Writing to a bot that was blocked unblocks it, as the client does. */
static void set_blocked(struct request *request, struct user *user, bool blocked)
{
    struct sandbox *sb = request->sb;
    if (user->blocked == blocked)
        return;
    user->blocked = blocked;
    journal_user(sb, user);
    world_changed(sb, user);
    struct buf body = {0};
    buf_addf(&body, "\"my_chat_member\":{\"chat\":{\"id\":%" PRId64 ",\"first_name\":", user->id);
    buf_add_json(&body, user->first_name);
    buf_adds(&body, ",\"type\":\"private\"},\"from\":");
    world_add_user_json(&body, user);
    buf_addf(&body, ",\"date\":%" PRId64, sandbox_now_ms(sb) / 1000);
    for (int i = 0; i < 2; i++) {
        bool kicked = (i == 0) != blocked;
        buf_addf(&body, ",\"%s_chat_member\":{\"user\":", i == 0 ? "old" : "new");
        world_add_bot_json(sb, &body);
        buf_addf(&body, ",\"status\":\"%s\"%s}", kicked ? "kicked" : "member", kicked ? ",\"until_date\":0" : "");
    }
    buf_adds(&body, "}");
    updates_push(sb, "my_chat_member", buf_take(&body), 0, false);
}

struct message *control_write(struct sandbox *sb, struct user *user, char *text, int64_t reply_to, int64_t delay_ms)
{
    struct message *message = world_message_add(sb, user, MESSAGE_TEXT, false, 0);
    message->text = text;
    message->entities = command_entities(text);
    message->reply_to = reply_to;
    world_message_save(sb, message);
    updates_push_message(sb, "message", message, delay_ms);
    return message;
}

static void write_text(struct request *request, struct user *user)
{
    const char *text = control_text(request, "text");
    size_t cut = 0;
    char *trimmed = html_trim(text == NULL ? "" : text, &cut);
    if (trimmed[0] == '\0' || html_length(trimmed) > 4096) {
        free(trimmed);
        control_fail(request, 400, "text must have 1-4096 characters");
        return;
    }
    set_blocked(request, user, false);
    answer_message(request, control_write(request->sb, user, trimmed, control_int(request, "reply_to", 0),
                                          control_int(request, "delay_ms", 0)));
}

static void edit_text(struct request *request, struct user *user)
{
    const char *text = control_text(request, "text");
    struct message *message = world_message(request->sb, user->id, control_int(request, "message_id", 0));
    if (message == NULL || message->from_bot || text == NULL || text[0] == '\0') {
        control_fail(request, 400, "no such message of the user's, or no text");
        return;
    }
    free(message->text);
    free(message->entities);
    message->text = mem_text(text);
    message->entities = command_entities(text);
    message->edit_ms = sandbox_now_ms(request->sb);
    message_done(request, message, "edited_message");
    answer_message(request, message);
}

struct callback *control_press(struct sandbox *sb, struct user *user, const struct message *message, const char *data)
{
    struct buf body = {0};
    struct callback *callback = updates_callback_add(sb, user);
    buf_addf(&body, "\"callback_query\":{\"id\":\"%s\",\"from\":", callback->id);
    world_add_user_json(&body, user);
    buf_adds(&body, ",\"message\":");
    world_add_message_json(sb, &body, message);
    buf_addf(&body, ",\"chat_instance\":\"%" PRId64 "\",\"data\":", user->id * 37);
    buf_add_json(&body, data);
    buf_adds(&body, "}");
    updates_push(sb, "callback_query", buf_take(&body), 0, false);
    return callback;
}

static void press(struct request *request, struct user *user)
{
    struct sandbox *sb = request->sb;
    const char *data = control_text(request, "data");
    int64_t repeat = control_int(request, "repeat", 1);
    struct message *message = world_message(sb, user->id, control_int(request, "message_id", 0));
    if (message == NULL || data == NULL || repeat < 1 || repeat > REPEATS_MAX) {
        control_fail(request, 400, "no such message, no data or a wrong repeat");
        return;
    }
    if (!control_flag(request, "force") && (message->markup == NULL || !markup_has_data(message->markup, data))) {
        control_fail(request, 400, "the message has no button with this data");
        return;
    }
    struct buf ids = {0}, out = {0};
    struct callback *callback = NULL;
    for (int64_t i = 0; i < repeat; i++) {
        callback = control_press(sb, user, message, data);
        buf_addf(&ids, "%s\"%s\"", i == 0 ? "" : ",", callback->id);
    }
    buf_addf(&out, "{\"callback_id\":\"%s\",\"callback_ids\":[%s]}", callback->id, ids.at);
    buf_done(&ids);
    http_answer_json(request, 200, &out);
}

static void share_contact(struct request *request, struct user *user)
{
    const char *phone = control_text(request, "phone");
    if (phone == NULL || phone[0] == '\0') {
        control_fail(request, 400, "phone is needed");
        return;
    }
    struct message *message = world_message_add(request->sb, user, MESSAGE_CONTACT, false, 0);
    struct buf extra = {0};
    buf_adds(&extra, "\"contact\":{\"phone_number\":");
    buf_add_json(&extra, phone);
    buf_adds(&extra, ",\"first_name\":");
    buf_add_json(&extra, user->first_name);
    if (control_flag(request, "own"))
        buf_addf(&extra, ",\"user_id\":%" PRId64, user->id);
    buf_adds(&extra, "}");
    message->extra = buf_take(&extra);
    message_done(request, message, "message");
    answer_message(request, message);
}

/* A message whose only content is `extra` (members as JSON text; taken over). */
static void send_thing(struct request *request, struct user *user, enum message_kind kind, char *extra)
{
    struct message *message = world_message_add(request->sb, user, kind, false, 0);
    message->extra = extra;
    message_done(request, message, "message");
    answer_message(request, message);
}

/* The request's body without its outer braces, as it came. */
static char *members_of_body(struct request *request)
{
    const char *from = strchr(request->body.at, '{') + 1, *to = strrchr(request->body.at, '}');
    return mem_text_n(from, json_object_object_length(request->params) == 0 ? 0 : (size_t)(to - from));
}

/* The update as given, even where it makes no sense to a bot. */
static void push_raw(struct request *request, struct user *user)
{
    const char *kind = "raw";
    struct json_object_iterator first = json_object_iter_begin(request->params);
    if (json_object_object_length(request->params) > 0)
        kind = json_object_iter_peek_name(&first);
    json_object *message = NULL, *thread = NULL;
    if (json_object_object_get_ex(request->params, "message", &message) &&
        json_object_object_get_ex(message, "message_thread_id", &thread))
        topics_add(user, json_object_get_int64(thread));
    if (!user->started) { /* whoever an update comes from has pressed Start */
        user->started = true;
        journal_user(request->sb, user);
    }
    updates_push(request->sb, kind, members_of_body(request), 0, true);
    control_ok(request);
}

void control_user_serve(struct request *request, struct user *user, const char *deed)
{
    if (strcmp(deed, "text") == 0)
        write_text(request, user);
    else if (strcmp(deed, "press") == 0)
        press(request, user);
    else if (strcmp(deed, "photos") == 0)
        control_photos(request, user);
    else if (strcmp(deed, "samples") == 0)
        control_samples(request, user);
    else if (strcmp(deed, "topic") == 0)
        topics_serve(request, user);
    else if (strcmp(deed, "edit") == 0)
        edit_text(request, user);
    else if (strcmp(deed, "contact") == 0)
        share_contact(request, user);
    else if (strcmp(deed, "stars") == 0)
        stars_pay(request, user);
    else if (strcmp(deed, "sticker") == 0)
        send_thing(
            request, user, MESSAGE_STICKER,
            mem_text("\"sticker\":{\"file_id\":\"CAACAgIAAxkBAAEBsticker\",\"file_unique_id\":\"AgADsticker\","
                     "\"type\":\"regular\",\"width\":512,\"height\":512,\"is_animated\":false,\"is_video\":false,"
                     "\"emoji\":\"\xf0\x9f\x91\x8d\"}"));
    else if (strcmp(deed, "voice") == 0)
        send_thing(
            request, user, MESSAGE_VOICE,
            mem_text("\"voice\":{\"file_id\":\"AwACAgIAAxkBAAEBvoice\",\"file_unique_id\":\"AgADvoice\",\"duration\":3,"
                     "\"mime_type\":\"audio/ogg\",\"file_size\":9000}"));
    else if (strcmp(deed, "block") == 0 || strcmp(deed, "unblock") == 0) {
        set_blocked(request, user, deed[0] == 'b');
        control_ok(request);
    } else if (strcmp(deed, "service") == 0 && request->params != NULL)
        send_thing(request, user, MESSAGE_SERVICE, members_of_body(request));
    else if (strcmp(deed, "raw") == 0 && request->params != NULL)
        push_raw(request, user);
    else
        control_fail(request, 404, "no such deed");
}
