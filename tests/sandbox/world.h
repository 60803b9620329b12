/* What exists in the sandbox: people, their chats with the bot, messages, files, updates, payments, incomes. All in
 * memory; journal.c keeps it over a restart. */
#ifndef TESTS_SANDBOX_WORLD_H
#define TESTS_SANDBOX_WORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <json-c/json.h>

#include "tests/sandbox/buf.h"

#define USER_TOASTS_MAX 20
#define PHOTO_SIZES_MAX 3
#define PHOTO_SIDE_MAX 1280 /* Telegram re-encodes photos to this longer side */

struct sandbox;
struct request;
struct walker;

enum message_kind {
    MESSAGE_TEXT,
    MESSAGE_PHOTO,
    MESSAGE_DOCUMENT,
    MESSAGE_CONTACT,
    MESSAGE_STICKER,
    MESSAGE_VOICE,
    MESSAGE_LOCATION,
    MESSAGE_POLL,
    MESSAGE_SERVICE /* of the chat itself: only what stands in `extra` */
};

struct blob { /* bytes with one content, kept once */
    char hash[33];
    char *bytes; /* NULL until read from the data directory */
    size_t size;
};

struct file {
    char *id, *name, *mime;
    char unique_id[32];
    struct blob *blob;
    int width, height; /* 0 when not a picture */
    bool is_photo;
    bool is_scaled; /* the bytes are made from the blob when asked for */
    int64_t link_until_ms, number;
    int source_width, source_height; /* as uploaded */
    char *source_mime;               /* a photo's own type before it became JPEG; the largest size's only */
    struct file *head;               /* the photo this is a size of; itself for the largest */
    struct file *sizes[PHOTO_SIZES_MAX];
    unsigned size_count;
};

struct toast {
    char *text;
    int64_t id;
    bool alert;
};

struct bucket { /* a token bucket: `level` messages may go now */
    double level;
    int64_t at_ms; /* 0 = never used */
};

struct user {
    int64_t id;
    char *first_name, *username, *language_code;
    bool started; /* has written to the bot or pressed Start */
    bool blocked;
    int64_t version;
    struct message **messages;
    size_t count, room;
    char action[24];
    int64_t action_until_ms;
    struct toast toasts[USER_TOASTS_MAX];
    unsigned toast_count;
    struct request *waiters; /* chat page polls, linked by request.next_waiter */
    struct bucket flood;
    int64_t *topics; /* of the chat, by the id of the message that opened each */
    size_t topic_count;
    int64_t thread_id;     /* the topic in which the user writes; 0 = none */
    struct walker *walker; /* of the load generator; NULL = a person or a test */
};

struct message {
    int64_t id, date_ms, edit_ms, reply_to, thread_id;
    struct user *chat;
    struct file *file;
    char *text;     /* text or caption, after parsing; NULL when none */
    char *entities; /* a JSON array, or NULL */
    char *markup;   /* the inline keyboard as JSON, or NULL */
    char *keyboard; /* any other reply_markup as JSON, or NULL */
    char *extra;    /* further members as JSON text ("contact":{…}), or NULL */
    char *group_id;
    enum message_kind kind;
    bool from_bot, deleted;
};

struct update {
    int64_t id, expires_ms;
    char *body;            /* the members besides update_id */
    struct walker *walker; /* whose step it is, or NULL */
};

struct delayed { /* an update that is not there yet */
    int64_t due_ms, key;
    char *kind, *body;
};

struct callback {
    char id[24];
    struct user *user;
    int64_t at_ms;
    bool answered;
};

struct shop {          /* how YooKassa knows the shop */
    char receipts[12]; /* "optional", "required": a cash register of its own; "yookassa": "Чеки от ЮKassa" */
    bool is_live;      /* not a test shop */
};

struct payment {
    char id[37];
    int64_t created_ms, expires_ms, captured_ms, canceled_ms, kopecks, number;
    int64_t refunded_kopecks, refunding_kopecks; /* given back; on the way */
    char currency[4];
    char status[24];
    char reason[40], party[20];
    char method[20], card[20]; /* how it was paid; "" = not yet */
    json_object *asked;        /* the request's body */
    struct receipt *receipt;   /* NULL = none yet */
    bool paid, is_live;
};

struct refund {
    char id[37];
    struct payment *payment;
    int64_t created_ms, due_ms, kopecks, number; /* due_ms: when a pending one ends by itself; 0 = never */
    char status[12], reason[40];                 /* reason: of a canceled one, or how a pending one will end */
    json_object *asked;
    struct receipt *receipt;
};

struct receipt {
    char id[40], payment_id[37], refund_id[37]; /* one of the two is "" */
    char status[12];
    int64_t created_ms, registered_ms, kopecks, number;
    json_object *asked; /* the receipt as it was given */
    bool is_refund;
};

struct idempotence {
    char *request; /* the path and the body */
    char *answer;
    int64_t at_ms;
};

struct tax_token { /* of a device that is signed in to "Мой налог" */
    char access[40], refresh[40], device[64];
    int64_t expires_ms;
};

struct income { /* registered with the tax service */
    char uuid[12];
    int64_t operation_ms, request_ms, registered_ms, kopecks;
    int64_t cancel_ms, canceled_ms; /* 0 = it stands */
    char *comment;                  /* why it was canceled */
    char device[64];
    json_object *asked;
};

struct notice { /* a notification of YooKassa's */
    int64_t number, born_ms, due_ms;
    char event[32], object_id[37];
    char *body;
    long attempts, status; /* of the last answer; 0 = none came */
    long repeats;          /* times it is sent though it was taken already */
    bool done;
};

struct star_invoice { /* a link */
    char slug[24];
    char *title, *payload;
    int64_t stars;
};

struct star_question { /* a payment that the bot is asked about */
    char id[24];
    struct user *user;
    const struct star_invoice *invoice;
    int64_t stars, at_ms, answered_ms; /* 0 = not answered */
    bool ok, affiliate;
    bool is_mute; /* the bot will not hear that it was paid */
};

struct star_transaction {
    char id[64]; /* a refund has its payment's */
    struct user *user;
    char *payload;
    int64_t stars, at_ms;
    bool is_refund, is_refunded, affiliate;
};

struct world {
    struct lh_table *users;  /* id → struct user */
    struct user **user_list; /* in order of creation */
    size_t user_count, user_room;
    int64_t next_user_id;
    struct message **messages; /* by id: the ids are one dense sequence */
    size_t message_count, message_room;
    struct lh_table *files; /* file id → struct file */
    struct lh_table *blobs; /* hash → struct blob */
    int64_t next_file;
    struct update *updates; /* a queue in [update_head, update_count) */
    size_t update_head, update_count, update_room;
    int64_t next_update_id;
    struct delayed *delayed;
    size_t delayed_count, delayed_room;
    int64_t next_delayed;
    json_object *allowed; /* array of names, or NULL = the default set */
    struct lh_table *callbacks;
    struct callback **callback_list; /* by time, [callback_head, callback_count) */
    size_t callback_head, callback_count, callback_room;
    int64_t next_callback, next_group, next_toast;
    json_object *settings; /* commands, descriptions, menu buttons: last value by key */
    struct lh_table *payments;
    struct payment **payment_list;
    size_t payment_count, payment_room;
    size_t payment_expired; /* those before it are not pending, or have expired */
    struct lh_table *refunds, *receipts;
    struct refund **refund_list, **refund_due; /* all; the pending ones that end by themselves */
    size_t refund_count, refund_room, due_count, due_room;
    struct receipt **receipt_list;
    size_t receipt_count, receipt_room;
    struct lh_table *idempotence; /* key → struct idempotence */
    struct shop shop;
    struct star_invoice **star_invoices;
    size_t star_invoice_count, star_invoice_room;
    struct star_question **star_questions;
    size_t star_question_count, star_question_room;
    struct star_transaction **star_transactions;
    size_t star_transaction_count, star_transaction_room;
    struct tax_token **token_list; /* the tax service's */
    size_t token_count, token_room;
    struct income **income_list;
    size_t income_count, income_room;
};

void world_init(struct sandbox *sb);
void world_done(struct sandbox *sb);

struct user *world_user(const struct sandbox *sb, int64_t id); /* NULL when there is none */
/* Makes a user; id 0 takes the next free one. NULL if the id is taken. Texts are copied. */
struct user *world_user_add(struct sandbox *sb, int64_t id, const char *first_name, const char *username,
                            const char *language_code);
/* The user's chat changed: raises its version and wakes who waits for it. */
void world_changed(struct sandbox *sb, struct user *user);

struct message *world_message(const struct sandbox *sb, int64_t chat_id, int64_t id); /* not deleted ones; or NULL */
/* Message ids that went to chats which nobody plays, as a busy bot's do. */
void world_pass_ids(struct sandbox *sb, size_t count);
/* A new message at the end of the chat. The caller fills it and calls world_message_save. id 0 = the next one. */
struct message *world_message_add(struct sandbox *sb, struct user *chat, enum message_kind kind, bool from_bot,
                                  int64_t id);
/* The message was filled or altered: journal it, tell the chat. */
void world_message_save(struct sandbox *sb, struct message *message);
/* A short word to the user; alert: one that must be closed. */
void world_toast(struct sandbox *sb, struct user *user, const char *text, bool alert);
void world_message_delete(struct sandbox *sb, struct message *message);

/* Adds the JSON of Bot API objects. */
void world_add_user_json(struct buf *out, const struct user *user);
void world_add_bot_json(const struct sandbox *sb, struct buf *out);
void world_add_message_json(const struct sandbox *sb, struct buf *out, const struct message *message);

int64_t world_bot_id(const struct sandbox *sb);

/* Appends to a growing array of pointers. */
void world_push(void ***list, size_t *count, size_t *room, void *item);

#endif
