/* The small methods: who the bot and a chat are, the bot's commands and descriptions, presses, chat actions, files.
 */
#include "tests/sandbox/telegram.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sandbox/files.h"
#include "tests/sandbox/html.h"
#include "tests/sandbox/journal.h"
#include "tests/sandbox/updates.h"

#define COMMANDS_MAX 100
#define TOAST_TEXT_MAX 200
#define ACTION_MS 5000

void telegram_get_me(struct request *request)
{
    struct buf result = {0};
    world_add_bot_json(request->sb, &result);
    result.len--; /* the brace */
    buf_adds(&result,
             ",\"can_join_groups\":false,\"can_read_all_group_messages\":false,"
             "\"supports_inline_queries\":false,\"can_connect_to_business\":false,\"has_main_web_app\":false}");
    telegram_done(request, &result);
}

static void keep(struct request *request, const char *what, const char *scope, const char *language, json_object *value)
{
    struct buf key = {0};
    buf_addf(&key, "%s|%s|%s", what, scope, language == NULL ? "" : language);
    if (value == NULL)
        json_object_object_del(request->sb->world.settings, key.at);
    else
        json_object_object_add(request->sb->world.settings, key.at, json_object_get(value));
    buf_done(&key);
    journal_state(request->sb);
}

/* False when the call has failed. */
static bool check_language(struct request *request)
{
    static const char known[] = /* ISO 639-1 */
        "aa ab ae af ak am an ar as av ay az ba be bg bh bi bm bn bo br bs ca ce ch co cr cs cu cv cy da de dv dz ee "
        "el en eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz ia id ie ig ii ik io is "
        "it iu ja jv ka kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb lg li ln lo lt lu lv mg mh mi mk ml mn mr ms "
        "mt my na nb nd ne ng nl nn no nr nv ny oc oj om or os pa pi pl ps pt qu rm rn ro ru rw sa sc sd se sg si sk "
        "sl sm sn so sq sr ss st su sv sw ta te tg th ti tk tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi "
        "yo za zh zu ";
    const char *language = telegram_text(request, "language_code");
    if (language == NULL || language[0] == '\0')
        return true;
    for (const char *at = known; *at != '\0'; at += 3) {
        if (strlen(language) == 2 && memcmp(at, language, 2) == 0)
            return true;
    }
    telegram_fail(request, 400, "Bad Request: invalid language code specified");
    return false;
}

/* The scope as a short text: "default", "all_private_chats", "chat:71…". False when the call has failed. */
static bool take_scope(struct request *request, char *scope, size_t room)
{
    json_object *given = telegram_param(request, "scope"), *value = NULL;
    const char *type = "default";
    if (!check_language(request))
        return false;
    if (given != NULL)
        type = json_object_object_get_ex(given, "type", &value) ? json_object_get_string(value) : "";
    if (strcmp(type, "default") == 0 || strcmp(type, "all_private_chats") == 0 ||
        strcmp(type, "all_group_chats") == 0 || strcmp(type, "all_chat_administrators") == 0) {
        snprintf(scope, room, "%s", type);
        return true;
    }
    if (strcmp(type, "chat") != 0 || !json_object_object_get_ex(given, "chat_id", &value)) {
        telegram_fail(request, 400, "Bad Request: can't parse BotCommandScope: unsupported type specified");
        return false;
    }
    const struct user *user = world_user(request->sb, json_object_get_int64(value));
    if (user == NULL || !user->started) {
        telegram_fail(request, 400, "Bad Request: chat not found");
        return false;
    }
    snprintf(scope, room, "chat:%" PRId64, json_object_get_int64(value));
    return true;
}

static const char *refuse_command(json_object *command)
{
    json_object *name = NULL, *description = NULL;
    json_object_object_get_ex(command, "command", &name);
    json_object_object_get_ex(command, "description", &description);
    const char *text = json_object_get_string(name);
    size_t len = strlen(text), units = html_length(json_object_get_string(description));
    for (size_t i = 0; i < len; i++) {
        if (!(islower((unsigned char)text[i]) || isdigit((unsigned char)text[i]) || text[i] == '_'))
            return "Bad Request: BOT_COMMAND_INVALID";
    }
    if (len < 1 || len > 32)
        return "Bad Request: BOT_COMMAND_INVALID";
    if (units < 1 || units > 256)
        return "Bad Request: BOT_COMMAND_DESCRIPTION_INVALID";
    return NULL;
}

void telegram_set_my_commands(struct request *request)
{
    char scope[64];
    json_object *commands = telegram_param(request, "commands");
    size_t count = json_object_array_length(commands);
    if (!take_scope(request, scope, sizeof(scope)))
        return;
    const char *why = count > COMMANDS_MAX ? "Bad Request: BOT_COMMANDS_TOO_MUCH" : NULL;
    for (size_t i = 0; i < count && why == NULL; i++)
        why = refuse_command(json_object_array_get_idx(commands, i));
    if (why != NULL) {
        telegram_fail(request, 400, "%s", why);
        return;
    }
    keep(request, "commands", scope, telegram_text(request, "language_code"), count == 0 ? NULL : commands);
    telegram_true(request);
}

void telegram_delete_my_commands(struct request *request)
{
    char scope[64];
    if (!take_scope(request, scope, sizeof(scope)))
        return;
    keep(request, "commands", scope, telegram_text(request, "language_code"), NULL);
    telegram_true(request);
}

void telegram_get_my_commands(struct request *request)
{
    char scope[64];
    const char *language = telegram_text(request, "language_code");
    if (!take_scope(request, scope, sizeof(scope)))
        return;
    struct buf key = {0}, result = {0};
    json_object *commands = NULL;
    buf_addf(&key, "commands|%s|%s", scope, language == NULL ? "" : language);
    bool found = json_object_object_get_ex(request->sb->world.settings, key.at, &commands);
    buf_adds(&result, found ? json_object_to_json_string_ext(commands, JSON_C_TO_STRING_PLAIN) : "[]");
    buf_done(&key);
    telegram_done(request, &result);
}

static void set_description(struct request *request, const char *name, size_t max)
{
    const char *text = telegram_text(request, name);
    if (!check_language(request))
        return;
    if (text != NULL && html_length(text) > max) {
        telegram_fail(request, 400, "Bad Request: %s is too long", name);
        return;
    }
    keep(request, name, "", telegram_text(request, "language_code"), telegram_param(request, name));
    telegram_true(request);
}

void telegram_set_my_description(struct request *request)
{
    set_description(request, "description", 512);
}

void telegram_set_my_short_description(struct request *request)
{
    set_description(request, "short_description", 120);
}

void telegram_set_chat_menu_button(struct request *request)
{
    char scope[32] = "default";
    if (telegram_param(request, "chat_id") != NULL) {
        if (telegram_chat(request) == NULL)
            return;
        snprintf(scope, sizeof(scope), "%" PRId64, telegram_int(request, "chat_id"));
    }
    keep(request, "menu_button", scope, NULL, telegram_param(request, "menu_button"));
    telegram_true(request);
}

void telegram_get_chat(struct request *request)
{
    const struct user *user = telegram_chat(request);
    struct buf result = {0};
    if (user == NULL)
        return;
    buf_addf(&result, "{\"id\":%" PRId64 ",\"type\":\"private\",\"first_name\":", user->id);
    buf_add_json(&result, user->first_name);
    if (user->username != NULL) {
        buf_adds(&result, ",\"username\":");
        buf_add_json(&result, user->username);
        buf_adds(&result, ",\"active_usernames\":[");
        buf_add_json(&result, user->username);
        buf_adds(&result, "]");
    }
    buf_adds(&result, ",\"accent_color_id\":0,\"max_reaction_count\":11,\"accepted_gift_types\":"
                      "{\"unlimited_gifts\":true,\"limited_gifts\":true,\"unique_gifts\":true,"
                      "\"premium_subscription\":true,\"gifts_from_channels\":true}}");
    telegram_done(request, &result);
}

void telegram_get_file(struct request *request)
{
    struct file *file = files_find(request->sb, telegram_text(request, "file_id"));
    if (file == NULL) {
        telegram_fail(request, 400, "Bad Request: invalid file_id");
        return;
    }
    if (file->blob->size > FILE_DOWNLOAD_MAX) {
        telegram_fail(request, 400, "Bad Request: file is too big");
        return;
    }
    char path[160];
    struct buf result = {0};
    files_path(file, path, sizeof(path));
    file->link_until_ms = sandbox_now_ms(request->sb) + FILE_LINK_MS;
    buf_addf(&result, "{\"file_id\":\"%s\",\"file_unique_id\":\"%s\"", file->id, file->unique_id);
    if (!file->is_scaled)
        buf_addf(&result, ",\"file_size\":%zu", file->blob->size);
    buf_addf(&result, ",\"file_path\":\"%s\"}", path);
    telegram_done(request, &result);
}

void telegram_answer_callback(struct request *request)
{
    struct sandbox *sb = request->sb;
    const char *text = telegram_text(request, "text");
    struct callback *callback = updates_callback(sb, telegram_text(request, "callback_query_id"));
    if (callback == NULL) {
        telegram_fail(request, 400,
                      "Bad Request: query is too old and response timeout expired or query ID is invalid");
        return;
    }
    if (text != NULL && html_length(text) > TOAST_TEXT_MAX) {
        telegram_fail(request, 400, "Bad Request: MESSAGE_TOO_LONG");
        return;
    }
    callback->answered = true;
    journal_callback(sb, callback);
    if (text != NULL && text[0] != '\0')
        world_toast(sb, callback->user, text, telegram_flag(request, "show_alert"));
    telegram_true(request);
}

void telegram_send_chat_action(struct request *request)
{
    static const char *const actions[] = {"typing",        "upload_photo",      "record_video",     "upload_video",
                                          "record_voice",  "upload_voice",      "upload_document",  "choose_sticker",
                                          "find_location", "record_video_note", "upload_video_note"};
    struct user *user = telegram_chat(request);
    const char *action = telegram_text(request, "action");
    bool known = false;
    if (user == NULL)
        return;
    for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++)
        known = known || strcmp(actions[i], action) == 0;
    if (!telegram_is_reachable(request, user))
        return;
    if (!known) {
        telegram_fail(request, 400, "Bad Request: wrong parameter action in request");
    } else if (telegram_take_thread(request, user)) {
        snprintf(user->action, sizeof(user->action), "%s", action);
        user->action_until_ms = sandbox_now_ms(request->sb) + ACTION_MS;
        world_changed(request->sb, user);
        telegram_true(request);
    }
}
