/* GET /api/chats/<uid>: a chat as the page draws it.
 *
 * Only the newest CHAT_MESSAGES_MAX messages are given. Text goes out as safe HTML beside the plain text.
 */
#include "tests/sandbox/control.h"

#include <inttypes.h>
#include <string.h>

#include "tests/sandbox/files.h"
#include "tests/sandbox/html.h"

#define CHAT_MESSAGES_MAX 500

static const char *const kind_names[] = {"text",  "photo",    "document", "contact", "sticker",
                                         "voice", "location", "poll",     "service"};

static void add_file(struct buf *out, const struct message *message)
{
    const struct file *file = message->file;
    if (message->kind == MESSAGE_PHOTO)
        buf_addf(out, ",\"photo\":{\"file_id\":\"%s\",\"width\":%d,\"height\":%d,\"url\":\"/api/files/%s\"}", file->id,
                 file->width, file->height, file->id);
    if (message->kind == MESSAGE_DOCUMENT) {
        buf_addf(out, ",\"document\":{\"file_id\":\"%s\",\"file_name\":", file->id);
        buf_add_json(out, file->name);
        buf_addf(out, ",\"mime_type\":\"%s\",\"file_size\":%zu,\"url\":\"/api/files/%s\"}", file->mime,
                 file->blob->size, file->id);
    }
}

/* The rows of {"inline_keyboard":[…]}: the JSON text without its wrapper. */
static void add_buttons(struct buf *out, const struct message *message)
{
    static const char wrapper[] = "{\"inline_keyboard\":";
    buf_adds(out, ",\"buttons\":");
    if (message->markup == NULL || strncmp(message->markup, wrapper, sizeof(wrapper) - 1) != 0) {
        buf_adds(out, "[]");
        return;
    }
    buf_add(out, message->markup + sizeof(wrapper) - 1, strlen(message->markup) - sizeof(wrapper));
}

static void add_message(struct buf *out, const struct message *message)
{
    const char *text = message->text == NULL ? "" : message->text;
    buf_addf(out, "{\"message_id\":%" PRId64 ",\"from\":\"%s\",\"date_ms\":%" PRId64 ",\"edited\":%s,\"kind\":\"%s\"",
             message->id, message->from_bot ? "bot" : "user", message->date_ms, message->edit_ms > 0 ? "true" : "false",
             kind_names[message->kind]);
    struct buf html = {0};
    html_render(&html, text, message->entities);
    buf_adds(out, ",\"html\":");
    buf_add_json(out, html.at);
    buf_done(&html);
    buf_adds(out, ",\"text\":");
    buf_add_json(out, text);
    add_file(out, message);
    if (message->extra != NULL)
        buf_addf(out, ",%s", message->extra);
    if (message->group_id != NULL)
        buf_addf(out, ",\"media_group_id\":\"%s\"", message->group_id);
    if (message->reply_to > 0)
        buf_addf(out, ",\"reply_to\":%" PRId64, message->reply_to);
    if (message->thread_id > 0)
        buf_addf(out, ",\"thread_id\":%" PRId64, message->thread_id);
    add_buttons(out, message);
    if (message->keyboard != NULL)
        buf_addf(out, ",\"reply_keyboard\":%s", message->keyboard);
    buf_adds(out, "}");
}

void control_chat_answer(struct request *request)
{
    const struct user *user = request->chat;
    struct buf out = {0};
    buf_addf(&out, "{\"version\":%" PRId64, user->version);
    if (http_query_int(request, "version", -1) != user->version) {
        buf_adds(&out, ",\"messages\":[");
        size_t from = user->count > CHAT_MESSAGES_MAX ? user->count - CHAT_MESSAGES_MAX : 0;
        bool first = true;
        for (size_t i = from; i < user->count; i++) {
            if (user->messages[i]->deleted)
                continue;
            buf_adds(&out, first ? "" : ",");
            add_message(&out, user->messages[i]);
            first = false;
        }
        buf_adds(&out, "],\"action\":");
        if (user->action[0] != '\0' && user->action_until_ms > sandbox_now_ms(request->sb))
            buf_addf(&out, "{\"name\":\"%s\",\"until_ms\":%" PRId64 "}", user->action, user->action_until_ms);
        else
            buf_adds(&out, "null");
        buf_adds(&out, ",\"toasts\":[");
        for (unsigned i = 0; i < user->toast_count; i++) {
            buf_addf(&out, "%s{\"id\":%" PRId64 ",\"text\":", i == 0 ? "" : ",", user->toasts[i].id);
            buf_add_json(&out, user->toasts[i].text);
            buf_addf(&out, ",\"alert\":%s}", user->toasts[i].alert ? "true" : "false");
        }
        buf_addf(&out, "],\"blocked\":%s", user->blocked ? "true" : "false");
    }
    buf_adds(&out, "}");
    http_answer_json(request, 200, &out);
}
