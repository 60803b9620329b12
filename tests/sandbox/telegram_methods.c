/* The table of Bot API methods with their fields, as Bot API 10.2 has them.
 *
 * A field that isn't in the table is refused, so a misspelt parameter is found here and not in production, where it
 * would be ignored in silence. Add a method here before a bot may call it.
 */
#include "tests/sandbox/telegram.h"

#include <strings.h>

#define END                                                                                                            \
    {                                                                                                                  \
        NULL, FIELD_END, false                                                                                         \
    }
#define REQ(name, type)                                                                                                \
    {                                                                                                                  \
        name, type, true                                                                                               \
    }
#define OPT(name, type)                                                                                                \
    {                                                                                                                  \
        name, type, false                                                                                              \
    }
/* What every send method takes. */
#define SEND_FIELDS                                                                                                    \
    OPT("business_connection_id", FIELD_TEXT), REQ("chat_id", FIELD_CHAT), OPT("message_thread_id", FIELD_INT),        \
        OPT("direct_messages_topic_id", FIELD_INT), OPT("disable_notification", FIELD_BOOL),                           \
        OPT("protect_content", FIELD_BOOL), OPT("allow_paid_broadcast", FIELD_BOOL),                                   \
        OPT("message_effect_id", FIELD_TEXT), OPT("reply_parameters", FIELD_OBJECT)
#define CAPTION_FIELDS                                                                                                 \
    OPT("caption", FIELD_TEXT), OPT("parse_mode", FIELD_TEXT), OPT("caption_entities", FIELD_ARRAY),                   \
        OPT("show_caption_above_media", FIELD_BOOL)
#define EDIT_FIELDS                                                                                                    \
    OPT("business_connection_id", FIELD_TEXT), OPT("chat_id", FIELD_CHAT), OPT("message_id", FIELD_INT),               \
        OPT("inline_message_id", FIELD_TEXT), OPT("reply_markup", FIELD_OBJECT)

static const struct field none[] = {END};
static const struct field get_updates[] = {OPT("offset", FIELD_INT), OPT("limit", FIELD_INT), OPT("timeout", FIELD_INT),
                                           OPT("allowed_updates", FIELD_ARRAY), END};
static const struct field set_webhook[] = {REQ("url", FIELD_TEXT),
                                           OPT("certificate", FIELD_FILE),
                                           OPT("ip_address", FIELD_TEXT),
                                           OPT("max_connections", FIELD_INT),
                                           OPT("allowed_updates", FIELD_ARRAY),
                                           OPT("drop_pending_updates", FIELD_BOOL),
                                           OPT("secret_token", FIELD_TEXT),
                                           END};
static const struct field delete_webhook[] = {OPT("drop_pending_updates", FIELD_BOOL), END};
static const struct field set_commands[] = {REQ("commands", FIELD_ARRAY), OPT("scope", FIELD_OBJECT),
                                            OPT("language_code", FIELD_TEXT), END};
static const struct field get_commands[] = {OPT("scope", FIELD_OBJECT), OPT("language_code", FIELD_TEXT), END};
static const struct field description[] = {OPT("description", FIELD_TEXT), OPT("language_code", FIELD_TEXT), END};
static const struct field short_description[] = {OPT("short_description", FIELD_TEXT), OPT("language_code", FIELD_TEXT),
                                                 END};
static const struct field menu_button[] = {OPT("chat_id", FIELD_INT), OPT("menu_button", FIELD_OBJECT), END};
static const struct field send_message[] = {SEND_FIELDS,
                                            REQ("text", FIELD_TEXT),
                                            OPT("parse_mode", FIELD_TEXT),
                                            OPT("entities", FIELD_ARRAY),
                                            OPT("link_preview_options", FIELD_OBJECT),
                                            OPT("reply_markup", FIELD_OBJECT),
                                            END};
static const struct field send_photo[] = {SEND_FIELDS,
                                          CAPTION_FIELDS,
                                          REQ("photo", FIELD_FILE),
                                          OPT("has_spoiler", FIELD_BOOL),
                                          OPT("reply_markup", FIELD_OBJECT),
                                          END};
static const struct field send_document[] = {SEND_FIELDS,
                                             OPT("caption", FIELD_TEXT),
                                             OPT("parse_mode", FIELD_TEXT),
                                             OPT("caption_entities", FIELD_ARRAY),
                                             REQ("document", FIELD_FILE),
                                             OPT("thumbnail", FIELD_FILE),
                                             OPT("disable_content_type_detection", FIELD_BOOL),
                                             OPT("reply_markup", FIELD_OBJECT),
                                             END};
static const struct field send_location[] = {SEND_FIELDS,
                                             REQ("latitude", FIELD_NUMBER),
                                             REQ("longitude", FIELD_NUMBER),
                                             OPT("horizontal_accuracy", FIELD_NUMBER),
                                             OPT("live_period", FIELD_INT),
                                             OPT("heading", FIELD_INT),
                                             OPT("proximity_alert_radius", FIELD_INT),
                                             OPT("reply_markup", FIELD_OBJECT),
                                             END};
static const struct field send_poll[] = {SEND_FIELDS,
                                         REQ("question", FIELD_TEXT),
                                         OPT("question_parse_mode", FIELD_TEXT),
                                         OPT("question_entities", FIELD_ARRAY),
                                         REQ("options", FIELD_ARRAY),
                                         OPT("is_anonymous", FIELD_BOOL),
                                         OPT("type", FIELD_TEXT),
                                         OPT("allows_multiple_answers", FIELD_BOOL),
                                         OPT("allows_revoting", FIELD_BOOL),
                                         OPT("correct_option_id", FIELD_INT), /* of before Bot API 9.6 */
                                         OPT("correct_option_ids", FIELD_ARRAY),
                                         OPT("explanation", FIELD_TEXT),
                                         OPT("explanation_parse_mode", FIELD_TEXT),
                                         OPT("explanation_entities", FIELD_ARRAY),
                                         OPT("open_period", FIELD_INT),
                                         OPT("close_date", FIELD_INT),
                                         OPT("is_closed", FIELD_BOOL),
                                         OPT("reply_markup", FIELD_OBJECT),
                                         END};
static const struct field send_media_group[] = {SEND_FIELDS, REQ("media", FIELD_ARRAY), END};
static const struct field copy_message[] = {SEND_FIELDS,
                                            CAPTION_FIELDS,
                                            REQ("from_chat_id", FIELD_CHAT),
                                            REQ("message_id", FIELD_INT),
                                            OPT("reply_markup", FIELD_OBJECT),
                                            END};
static const struct field edit_text[] = {EDIT_FIELDS,
                                         OPT("text", FIELD_TEXT),
                                         OPT("parse_mode", FIELD_TEXT),
                                         OPT("entities", FIELD_ARRAY),
                                         OPT("link_preview_options", FIELD_OBJECT),
                                         END};
static const struct field edit_caption[] = {EDIT_FIELDS, CAPTION_FIELDS, END};
static const struct field edit_media[] = {EDIT_FIELDS, REQ("media", FIELD_OBJECT), END};
static const struct field edit_markup[] = {EDIT_FIELDS, END};
static const struct field delete_message[] = {REQ("chat_id", FIELD_CHAT), REQ("message_id", FIELD_INT), END};
static const struct field delete_messages[] = {REQ("chat_id", FIELD_CHAT), REQ("message_ids", FIELD_ARRAY), END};
static const struct field answer_callback[] = {REQ("callback_query_id", FIELD_TEXT), OPT("text", FIELD_TEXT),
                                               OPT("show_alert", FIELD_BOOL),        OPT("url", FIELD_TEXT),
                                               OPT("cache_time", FIELD_INT),         END};
static const struct field chat_action[] = {OPT("business_connection_id", FIELD_TEXT), REQ("chat_id", FIELD_CHAT),
                                           OPT("message_thread_id", FIELD_INT), REQ("action", FIELD_TEXT), END};
static const struct field get_chat[] = {REQ("chat_id", FIELD_CHAT), END};
static const struct field get_file[] = {REQ("file_id", FIELD_TEXT), END};
static const struct field reaction[] = {REQ("chat_id", FIELD_CHAT), REQ("message_id", FIELD_INT),
                                        OPT("reaction", FIELD_ARRAY), OPT("is_big", FIELD_BOOL), END};

static const struct field invoice_link[] = {OPT("business_connection_id", FIELD_TEXT),
                                            REQ("title", FIELD_TEXT),
                                            REQ("description", FIELD_TEXT),
                                            REQ("payload", FIELD_TEXT),
                                            OPT("provider_token", FIELD_TEXT),
                                            REQ("currency", FIELD_TEXT),
                                            REQ("prices", FIELD_ARRAY),
                                            OPT("photo_url", FIELD_TEXT),
                                            OPT("photo_size", FIELD_INT),
                                            OPT("photo_width", FIELD_INT),
                                            OPT("photo_height", FIELD_INT),
                                            END};
static const struct field answer_pre_checkout[] = {REQ("pre_checkout_query_id", FIELD_TEXT), REQ("ok", FIELD_BOOL),
                                                   OPT("error_message", FIELD_TEXT), END};
static const struct field refund_stars[] = {REQ("user_id", FIELD_INT), REQ("telegram_payment_charge_id", FIELD_TEXT),
                                            END};
static const struct field star_transactions[] = {OPT("offset", FIELD_INT), OPT("limit", FIELD_INT), END};

static const struct method methods[] = {
    {"sendMessage", telegram_send_message, send_message},
    {"getUpdates", telegram_get_updates, get_updates},
    {"editMessageText", telegram_edit_text, edit_text},
    {"answerCallbackQuery", telegram_answer_callback, answer_callback},
    {"sendPhoto", telegram_send_photo, send_photo},
    {"sendMediaGroup", telegram_send_media_group, send_media_group},
    {"sendDocument", telegram_send_document, send_document},
    {"sendLocation", telegram_send_location, send_location},
    {"sendPoll", telegram_send_poll, send_poll},
    {"getChat", telegram_get_chat, get_chat},
    {"sendChatAction", telegram_send_chat_action, chat_action},
    {"getFile", telegram_get_file, get_file},
    {"editMessageCaption", telegram_edit_caption, edit_caption},
    {"editMessageMedia", telegram_edit_media, edit_media},
    {"editMessageReplyMarkup", telegram_edit_markup, edit_markup},
    {"deleteMessage", telegram_delete_message, delete_message},
    {"deleteMessages", telegram_delete_messages, delete_messages},
    {"copyMessage", telegram_copy_message, copy_message},
    {"setMessageReaction", telegram_set_reaction, reaction},
    {"createInvoiceLink", telegram_create_invoice_link, invoice_link},
    {"answerPreCheckoutQuery", telegram_answer_pre_checkout, answer_pre_checkout},
    {"refundStarPayment", telegram_refund_star_payment, refund_stars},
    {"getStarTransactions", telegram_get_star_transactions, star_transactions},
    {"getMe", telegram_get_me, none},
    {"deleteWebhook", telegram_delete_webhook, delete_webhook},
    {"getWebhookInfo", telegram_get_webhook_info, none},
    {"setWebhook", telegram_set_webhook, set_webhook},
    {"setMyCommands", telegram_set_my_commands, set_commands},
    {"getMyCommands", telegram_get_my_commands, get_commands},
    {"deleteMyCommands", telegram_delete_my_commands, get_commands},
    {"setMyDescription", telegram_set_my_description, description},
    {"setMyShortDescription", telegram_set_my_short_description, short_description},
    {"setChatMenuButton", telegram_set_chat_menu_button, menu_button},
};

const struct method *telegram_method(const char *name)
{
    for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
        if (strcasecmp(methods[i].name, name) == 0)
            return &methods[i];
    }
    return NULL;
}
