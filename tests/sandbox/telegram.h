/* The Telegram Bot API side: how a call gets to its method, and what methods use. */
#ifndef TESTS_SANDBOX_TELEGRAM_H
#define TESTS_SANDBOX_TELEGRAM_H

#include "tests/sandbox/http.h"

void telegram_serve(struct request *request);
void telegram_serve_file(struct request *request);
void telegram_poll_answer(struct request *request); /* the wait of a getUpdates is over */

/* Types of fields. A form's text is turned into the type; a JSON body must have it already. */
enum field_type {
    FIELD_END,
    FIELD_INT,
    FIELD_NUMBER,
    FIELD_BOOL,
    FIELD_TEXT,
    FIELD_CHAT,
    FIELD_OBJECT,
    FIELD_ARRAY,
    FIELD_FILE
};

struct field {
    const char *name;
    enum field_type type;
    bool required;
};

struct method {
    const char *name;
    void (*run)(struct request *request);
    const struct field *fields; /* up to FIELD_END */
};

const struct method *telegram_method(const char *name); /* NULL when there is none */

/* Answers. `result` is JSON text, taken over by telegram_done. */
void telegram_done(struct request *request, struct buf *result);
void telegram_true(struct request *request);
/* The status is the number Telegram gives; the text starts with its name ("Bad Request: …"). */
void telegram_fail(struct request *request, unsigned status, const char *format, ...) PRINTF_LIKE(3, 4);

/* Parameters, typed already; absent ones are 0 or NULL. */
json_object *telegram_param(const struct request *request, const char *name);
const char *telegram_text(const struct request *request, const char *name);
int64_t telegram_int(const struct request *request, const char *name);
bool telegram_flag(const struct request *request, const char *name);

/* The chat of a call, or NULL and the call has failed. */
struct user *telegram_chat(struct request *request);
/* False, and the call has failed: the user did not press Start, or blocked the bot. */
bool telegram_is_reachable(struct request *request, const struct user *user);
/* telegram_chat, and it may be written to: the user has pressed Start and did not block the bot, the topic
 * is there, and the flood limits allow this many messages or edits. */
struct user *telegram_chat_to_write(struct request *request, unsigned messages);
/* False, and the call has failed, if it names a topic that the chat has not. */
bool telegram_take_thread(struct request *request, const struct user *user);

/* telegram_content.c: pieces of messages. All return false after failing the call. */
struct styled { /* text after parsing; owned */
    char *text, *entities;
};
bool telegram_take_styled(struct request *request, const char *text, const char *parse_mode, json_object *entities,
                          bool is_caption, struct styled *ret_styled);
void telegram_free_styled(struct styled *styled);
/* The free effects that everybody has; an unknown one is refused. */
bool telegram_take_effect(struct request *request);
struct markup { /* owned; both NULL when there was none, or nothing in it */
    char *inline_keyboard, *other;
};
bool telegram_take_markup(struct request *request, bool inline_only, struct markup *ret_markup);
/* A file parameter or an InputMedia's "media": a file_id, attach://part or an uploaded part. */
bool telegram_take_file(struct request *request, json_object *value, bool is_photo, struct file **ret_file);
bool telegram_take_reply(struct request *request, const struct user *chat, int64_t *ret_message_id);

/* The methods, by file. */
void telegram_get_me(struct request *request);
void telegram_get_updates(struct request *request);
void telegram_set_webhook(struct request *request);
void telegram_delete_webhook(struct request *request);
void telegram_get_webhook_info(struct request *request);
void telegram_set_my_commands(struct request *request);
void telegram_get_my_commands(struct request *request);
void telegram_delete_my_commands(struct request *request);
void telegram_set_my_description(struct request *request);
void telegram_set_my_short_description(struct request *request);
void telegram_set_chat_menu_button(struct request *request);
void telegram_get_chat(struct request *request);
void telegram_get_file(struct request *request);
void telegram_send_message(struct request *request);
void telegram_send_photo(struct request *request);
void telegram_send_document(struct request *request);
void telegram_send_location(struct request *request);
void telegram_send_poll(struct request *request);
void telegram_send_media_group(struct request *request);
void telegram_copy_message(struct request *request);
void telegram_send_chat_action(struct request *request);
void telegram_edit_text(struct request *request);
void telegram_edit_caption(struct request *request);
void telegram_edit_media(struct request *request);
void telegram_edit_markup(struct request *request);
void telegram_delete_message(struct request *request);
void telegram_delete_messages(struct request *request);
void telegram_answer_callback(struct request *request);
void telegram_set_reaction(struct request *request);
/* stars.c */
void telegram_create_invoice_link(struct request *request);
void telegram_answer_pre_checkout(struct request *request);
void telegram_refund_star_payment(struct request *request);
void telegram_get_star_transactions(struct request *request);

#endif
