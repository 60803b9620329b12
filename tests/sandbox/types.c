/* Types of members inside objects: a number where Telegram wants a text, a member that does not exist, one that is
 * missing. As strict as telegram.c is with parameters, for the same reason: what the real server would read as nothing,
 * and a client would never learn, is refused here.
 *
 * The table is the Bot API's (10.2) in a notation of one line an object: "name:Type", with "!" when it is needed,
 * "[Type]" for an array, "A|B" for either. "Id" is a number written as a text. Only what one could send to a shop's
 * chat stands here. Values are judged elsewhere: markup.c, telegram_content.c.
 */
#include "tests/sandbox/types.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sandbox/html.h"

struct slice { /* a piece of the table */
    const char *at;
    size_t len;
};

static const struct {
    const char *name, *members;
} types[] = {
    {"ReplyMarkup", "inline_keyboard:[[InlineKeyboardButton]] keyboard:[[KeyboardButton|String]] "
                    "is_persistent:Boolean resize_keyboard:Boolean one_time_keyboard:Boolean remove_keyboard:Boolean "
                    "force_reply:Boolean input_field_placeholder:String selective:Boolean"},
    /* "hide" is no member: a well-known library leaves it in its buttons, and Telegram overlooks it */
    {"InlineKeyboardButton",
     "text:String! icon_custom_emoji_id:Id style:String url:String callback_data:String web_app:WebAppInfo "
     "login_url:LoginUrl switch_inline_query:String switch_inline_query_current_chat:String "
     "switch_inline_query_chosen_chat:SwitchInlineQueryChosenChat copy_text:CopyTextButton "
     "callback_game:CallbackGame pay:Boolean hide:Boolean"},
    {"KeyboardButton", "text:String! icon_custom_emoji_id:Id style:String request_users:KeyboardButtonRequestUsers "
                       "request_chat:KeyboardButtonRequestChat request_managed_bot:KeyboardButtonRequestManagedBot "
                       "request_contact:Boolean request_location:Boolean request_poll:KeyboardButtonPollType "
                       "web_app:WebAppInfo hide:Boolean"},
    {"KeyboardButtonRequestUsers",
     "request_id:Integer! user_is_bot:Boolean user_is_premium:Boolean max_quantity:Integer request_name:Boolean "
     "request_username:Boolean request_photo:Boolean"},
    {"KeyboardButtonRequestChat",
     "request_id:Integer! chat_is_channel:Boolean! chat_is_forum:Boolean chat_has_username:Boolean "
     "chat_is_created:Boolean user_administrator_rights:ChatAdministratorRights "
     "bot_administrator_rights:ChatAdministratorRights bot_is_member:Boolean request_title:Boolean "
     "request_username:Boolean request_photo:Boolean"},
    {"ChatAdministratorRights",
     "is_anonymous:Boolean! can_manage_chat:Boolean! can_delete_messages:Boolean! can_manage_video_chats:Boolean! "
     "can_restrict_members:Boolean! can_promote_members:Boolean! can_change_info:Boolean! can_invite_users:Boolean! "
     "can_post_stories:Boolean! can_edit_stories:Boolean! can_delete_stories:Boolean! can_post_messages:Boolean "
     "can_edit_messages:Boolean can_pin_messages:Boolean can_manage_topics:Boolean "
     "can_manage_direct_messages:Boolean can_manage_tags:Boolean"},
    {"KeyboardButtonRequestManagedBot", "request_id:Integer! suggested_name:String suggested_username:String"},
    {"KeyboardButtonPollType", "type:String"},
    {"WebAppInfo", "url:String!"},
    {"LoginUrl", "url:String! forward_text:String bot_username:String request_write_access:Boolean"},
    {"SwitchInlineQueryChosenChat", "query:String allow_user_chats:Boolean allow_bot_chats:Boolean "
                                    "allow_group_chats:Boolean allow_channel_chats:Boolean"},
    {"CopyTextButton", "text:String!"},
    {"CallbackGame", ""},
    {"ReplyParameters",
     "message_id:Integer! chat_id:Integer|String allow_sending_without_reply:Boolean quote:String "
     "quote_parse_mode:String quote_entities:[MessageEntity] quote_position:Integer checklist_task_id:Integer "
     "poll_option_id:String"},
    {"LinkPreviewOptions", "is_disabled:Boolean url:String prefer_small_media:Boolean prefer_large_media:Boolean "
                           "show_above_text:Boolean"},
    {"MessageEntity", "type:String! offset:Integer! length:Integer! url:String user:User language:String "
                      "custom_emoji_id:Id unix_time:Integer date_time_format:String"},
    {"User", "id:Integer! is_bot:Boolean first_name:String last_name:String username:String language_code:String "
             "is_premium:Boolean added_to_attachment_menu:Boolean"},
    {"InputMedia", "type:String! media:String! thumbnail:String caption:String parse_mode:String "
                   "caption_entities:[MessageEntity] show_caption_above_media:Boolean has_spoiler:Boolean "
                   "disable_content_type_detection:Boolean"},
    {"BotCommand", "command:String! description:String!"},
    {"BotCommandScope", "type:String! chat_id:Integer|String user_id:Integer"},
    {"MenuButton", "type:String! text:String web_app:WebAppInfo"},
    {"ReactionType", "type:String! emoji:String custom_emoji_id:Id"},
    {"LabeledPrice", "label:String! amount:Integer!"},
    {"InputPollOption", "text:String! text_parse_mode:String text_entities:[MessageEntity]"},
};

/* What a parameter of this name holds, in whichever method. */
static const struct {
    const char *name, *type;
} parameters[] = {
    {"reply_markup", "ReplyMarkup"},
    {"reply_parameters", "ReplyParameters"},
    {"link_preview_options", "LinkPreviewOptions"},
    {"entities", "[MessageEntity]"},
    {"caption_entities", "[MessageEntity]"},
    {"question_entities", "[MessageEntity]"},
    {"explanation_entities", "[MessageEntity]"},
    {"media", "[InputMedia]|InputMedia"},
    {"commands", "[BotCommand]"},
    {"scope", "BotCommandScope"},
    {"menu_button", "MenuButton"},
    {"reaction", "[ReactionType]"},
    {"options", "[InputPollOption|String]"},
    {"correct_option_ids", "[Integer]"},
    {"message_ids", "[Integer]"},
    {"prices", "[LabeledPrice]"},
    {"allowed_updates", "[String]"},
};

static bool is(struct slice slice, const char *text)
{
    return strlen(text) == slice.len && memcmp(slice.at, text, slice.len) == 0;
}

/* The alternative at the beginning of `type`; what is behind it goes to *rest. */
static struct slice first_of(struct slice type, struct slice *rest)
{
    size_t len = 0;
    for (int depth = 0; len < type.len && (depth > 0 || type.at[len] != '|'); len++)
        depth += type.at[len] == '[' ? 1 : type.at[len] == ']' ? -1 : 0;
    size_t used = len < type.len ? len + 1 : len;
    *rest = (struct slice){type.at + used, type.len - used};
    return (struct slice){type.at, len};
}

static enum json_type kind_of(struct slice type)
{
    if (type.at[0] == '[')
        return json_type_array;
    if (is(type, "String") || is(type, "Id"))
        return json_type_string;
    if (is(type, "Integer"))
        return json_type_int;
    return is(type, "Boolean") ? json_type_boolean : json_type_object;
}

static const char *members_of(struct slice type)
{
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        if (is(type, types[i].name))
            return types[i].members;
    }
    abort(); /* the table names a type that it does not have */
}

/* The member at *at ("name:Type!"), and *at behind it; false at the end. */
static bool next_member(const char **at, struct slice *name, struct slice *type, bool *required)
{
    *at += strspn(*at, " ");
    if (**at == '\0')
        return false;
    size_t len = strcspn(*at, " "), colon = strcspn(*at, ":");
    *required = (*at)[len - 1] == '!';
    *name = (struct slice){*at, colon};
    *type = (struct slice){*at + colon + 1, len - colon - 1 - (*required ? 1 : 0)};
    *at += len;
    return true;
}

static bool check(struct slice type, json_object *value, const char *owner, const char *name, struct buf *ret_why);

static bool check_object(struct slice type, json_object *object, struct buf *ret_why)
{
    const char *members = members_of(type), *at = members;
    char owner[48];
    struct slice name, member;
    bool required = false;
    snprintf(owner, sizeof(owner), "%.*s", (int)type.len, type.at);
    while (next_member(&at, &name, &member, &required)) {
        char key[48];
        json_object *value = NULL;
        snprintf(key, sizeof(key), "%.*s", (int)name.len, name.at);
        bool given = json_object_object_get_ex(object, key, &value);
        if (!given && required) {
            buf_addf(ret_why, "can't parse %s: Can't find field \"%s\"", owner, key);
            return false;
        }
        if (given && !check(member, value, owner, key, ret_why))
            return false;
    }
    json_object_object_foreach(object, key, value)
    {
        (void)value;
        bool known = false;
        for (at = members; !known && next_member(&at, &name, &member, &required);)
            known = is(name, key);
        if (!known) {
            buf_addf(ret_why, "can't parse %s: unknown field \"%.40s\"", owner, key);
            return false;
        }
    }
    return true;
}

static bool check_text(struct slice type, const char *text, const char *name, struct buf *ret_why)
{
    if (!html_is_utf8(text)) {
        buf_adds(ret_why, "strings must be encoded in UTF-8");
        return false;
    }
    if (is(type, "Id") && !html_is_emoji_id(text)) {
        buf_addf(ret_why, "Field \"%s\" must be a valid identifier of a custom emoji", name);
        return false;
    }
    return true;
}

/* The value is the member `name` of an `owner`, or one in an array that is. */
static bool check(struct slice type, json_object *value, const char *owner, const char *name, struct buf *ret_why)
{
    struct slice rest = type, one = first_of(type, &rest);
    while (!json_object_is_type(value, kind_of(one)) && rest.len > 0)
        one = first_of(rest, &rest);
    if (!json_object_is_type(value, kind_of(one))) {
        buf_addf(ret_why, "can't parse %s: Field \"%s\" must be of type %.*s", owner, name, (int)type.len, type.at);
        return false;
    }
    switch (kind_of(one)) {
    case json_type_array:
        for (size_t i = 0; i < json_object_array_length(value); i++) {
            struct slice inner = {one.at + 1, one.len - 2};
            if (!check(inner, json_object_array_get_idx(value, i), owner, name, ret_why))
                return false;
        }
        return true;
    case json_type_object: return check_object(one, value, ret_why);
    case json_type_string: return check_text(one, json_object_get_string(value), name, ret_why);
    case json_type_null:
    case json_type_boolean:
    case json_type_double:
    case json_type_int: break;
    }
    return true;
}

bool types_check(const char *name, json_object *value, struct buf *ret_why)
{
    for (size_t i = 0; i < sizeof(parameters) / sizeof(parameters[0]); i++) {
        const char *type = parameters[i].type;
        if (strcmp(parameters[i].name, name) == 0)
            return check((struct slice){type, strlen(type)}, value, "parameters", name, ret_why);
    }
    return true;
}
