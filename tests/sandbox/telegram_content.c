/* The pieces of a message as a bot gives them: styled text, markup, files, what is replied to.
 *
 * One function for each piece, used alike by sending and editing, so the limits stand in one place. Every function
 * fails the call itself, in Telegram's words, and leaves nothing behind then.
 */
#include "tests/sandbox/telegram.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "tests/sandbox/files.h"
#include "tests/sandbox/html.h"
#include "tests/sandbox/markup.h"

#define TEXT_MAX 4096 /* UTF-16 units after parsing */
#define CAPTION_MAX 1024
#define RAW_TEXT_MAX 32768 /* bytes before parsing */
#define ENTITIES_MAX 100   /* the server drops further ones without a word, so a bot that sends them has a mistake */

static bool parse_styled(struct request *request, const char *text, const char *parse_mode, json_object *entities,
                         struct styled *styled)
{
    if (parse_mode != NULL && parse_mode[0] != '\0') {
        char error[256];
        bool is_html = strcasecmp(parse_mode, "HTML") == 0;
        if (!is_html && strcasecmp(parse_mode, "MarkdownV2") != 0) {
            telegram_fail(request, 400, "Bad Request: unsupported parse_mode");
            return false;
        }
        if (!(is_html ? html_parse : markdown_parse)(text, &styled->text, &styled->entities, error, sizeof(error))) {
            telegram_fail(request, 400, "Bad Request: can't parse entities: %s", error);
            return false;
        }
        return true;
    }
    size_t cut = 0;
    styled->text = html_trim(text, &cut);
    if (entities != NULL && json_object_array_length(entities) > 0)
        styled->entities = mem_text(json_object_to_json_string_ext(entities, JSON_C_TO_STRING_PLAIN));
    return true;
}

static const char *refuse_styled(const struct styled *styled, bool is_caption)
{
    size_t units = html_length(styled->text), count = 0;
    json_object *entities = styled->entities == NULL ? NULL : json_tokener_parse(styled->entities);
    const char *why = NULL;
    if (entities != NULL)
        count = json_object_array_length(entities);
    for (size_t i = 0; i < count && why == NULL; i++) {
        json_object *entity = json_object_array_get_idx(entities, i), *from = NULL, *length = NULL;
        json_object_object_get_ex(entity, "offset", &from);
        json_object_object_get_ex(entity, "length", &length);
        if (json_object_get_int64(from) < 0 || json_object_get_int64(length) <= 0)
            why = "ENTITY_BOUNDS_INVALID";
    }
    json_object_put(entities);
    if (units > (is_caption ? CAPTION_MAX : TEXT_MAX))
        return is_caption ? "message caption is too long" : "message is too long";
    if (!is_caption && html_is_blank(styled->text))
        return "text must be non-empty";
    return count > ENTITIES_MAX ? "too many entities: further ones would be dropped" : why;
}

bool telegram_take_styled(struct request *request, const char *text, const char *parse_mode, json_object *entities,
                          bool is_caption, struct styled *ret_styled)
{
    struct styled styled = {0};
    if (text == NULL)
        text = "";
    const char *why = NULL;
    if (!html_is_utf8(text))
        why = "strings must be encoded in UTF-8";
    else if (strlen(text) > RAW_TEXT_MAX)
        why = "text is too long";
    else if (!is_caption && text[0] == '\0')
        why = "message text is empty";
    else if (!parse_styled(request, text, parse_mode, entities, &styled))
        return false;
    else
        why = refuse_styled(&styled, is_caption);
    if (why != NULL) {
        telegram_fail(request, 400, "Bad Request: %s", why);
        telegram_free_styled(&styled);
        return false;
    }
    if (html_is_blank(styled.text)) { /* such a caption is none */
        telegram_free_styled(&styled);
        styled = (struct styled){0};
    }
    *ret_styled = styled;
    return true;
}

bool telegram_take_effect(struct request *request)
{
    static const char *const known[] = {"5104841245755180586", "5107584321108051014", "5104858069142078462",
                                        "5159385139981059251", "5046509860389126442", "5046589136895476101"};
    const char *id = telegram_text(request, "message_effect_id");
    for (size_t i = 0; id != NULL && i < sizeof(known) / sizeof(known[0]); i++) {
        if (strcmp(known[i], id) == 0)
            return true;
    }
    if (id != NULL)
        telegram_fail(request, 400, "Bad Request: EFFECT_ID_INVALID");
    return id == NULL;
}

void telegram_free_styled(struct styled *styled)
{
    free(styled->text);
    free(styled->entities);
}

bool telegram_take_markup(struct request *request, bool inline_only, struct markup *ret_markup)
{
    struct markup markup = {0};
    json_object *value = telegram_param(request, "reply_markup");
    const char *why = value == NULL ? NULL : markup_read(value, inline_only, &markup.inline_keyboard, &markup.other);
    if (why != NULL) {
        telegram_fail(request, 400, "%s", why);
        return false;
    }
    *ret_markup = markup;
    return true;
}

static bool take_upload(struct request *request, const struct part *part, bool is_photo, struct file **ret_file)
{
    const char *why = part->bytes.len == 0 ? "Bad Request: file must be non-empty" : NULL;
    if (is_photo)
        why = files_photo_refusal(part->bytes.at, part->bytes.len);
    if (part->bytes.len > FILE_UPLOAD_MAX) {
        telegram_fail(request, 413, "Request Entity Too Large");
        return false;
    }
    if (why != NULL) {
        telegram_fail(request, 400, "%s", why);
        return false;
    }
    *ret_file = files_add(request->sb, is_photo, part->filename, part->mime, part->bytes.at, part->bytes.len);
    return true;
}

bool telegram_take_file(struct request *request, json_object *value, bool is_photo, struct file **ret_file)
{
    const char *name = NULL;
    struct part *part = NULL;
    if (json_object_is_type(value, json_type_object)) { /* what stands in the record for an uploaded part */
        part = http_part(request, is_photo ? "photo" : "document");
    } else if (json_object_is_type(value, json_type_string)) {
        name = json_object_get_string(value);
        if (strncmp(name, "attach://", 9) == 0) {
            part = http_part(request, name + 9);
            if (part == NULL || !part->is_file) {
                telegram_fail(request, 400, "Bad Request: wrong file identifier/HTTP URL specified");
                return false;
            }
        }
    }
    if (part != NULL)
        return take_upload(request, part, is_photo, ret_file);
    if (name != NULL && (strncmp(name, "http://", 7) == 0 || strncmp(name, "https://", 8) == 0)) {
        telegram_fail(request, 400, "Bad Request: failed to get HTTP URL content"); /* it fetches nothing */
        return false;
    }
    struct file *file = name == NULL ? NULL : files_find(request->sb, name);
    if (file == NULL) {
        telegram_fail(request, 400, "Bad Request: wrong file identifier/HTTP URL specified");
        return false;
    }
    if (file->is_photo != is_photo) {
        telegram_fail(request, 400, "Bad Request: can't use file of type %s as %s",
                      file->is_photo ? "Photo" : "Document", is_photo ? "Photo" : "Document");
        return false;
    }
    *ret_file = file->head;
    return true;
}

bool telegram_take_reply(struct request *request, const struct user *chat, int64_t *ret_message_id)
{
    json_object *reply = telegram_param(request, "reply_parameters"), *value = NULL;
    if (reply == NULL)
        return true;
    int64_t id = json_object_object_get_ex(reply, "message_id", &value) ? json_object_get_int64(value) : 0;
    bool lenient = json_object_object_get_ex(reply, "allow_sending_without_reply", &value) &&
                   json_object_get_boolean(value);
    bool found = world_message(request->sb, chat->id, id) != NULL;
    if (!found && !lenient) {
        telegram_fail(request, 400, "Bad Request: message to be replied not found");
        return false;
    }
    *ret_message_id = found ? id : 0;
    return true;
}
