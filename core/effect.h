/* What a step wants done: the core's only output beside the changed chat. Message effects become rows of the outbox,
 * record effects become statements; all of them are committed in one transaction with the session and the offset, and
 * only then does anything leave the house. Pointers live in the turn's arena. */
#ifndef CORE_EFFECT_H
#define CORE_EFFECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "core/event.h"

enum {
    KEYBOARD_BUTTONS_MAX = 40,
    BUTTON_DATA_MAX_BYTES = 64, /* Telegram's limit of callback_data */
    ALBUM_MAX = 10,             /* Telegram's limit of a media group */
    ALBUM_MIN = 2
};

/* What people agree to, each with a screen and a record of its own. */
enum consent { CONSENT_OFFER, CONSENT_PERSONAL_DATA, CONSENT_COUNT };

struct button {
    const char *label;
    const char *data; /* callback_data, or NULL for a link */
    const char *url;
    bool primary; /* drawn as the main one where clients can */
    bool new_row; /* starts a row */
};

/* One message to show: Telegram HTML, at most one picture, inline buttons. */
struct message {
    const char *html;
    const char *picture; /* "style:<id>", "file:<Telegram's file_id>", or NULL for a text message */
    struct button buttons[KEYBOARD_BUTTONS_MAX];
    size_t button_count;
    bool ask_contact; /* a reply keyboard: the first button shares the own phone number, others say their label */
};

enum effect_kind {
    EFFECT_SCREEN,   /* the living message: edited in place, or sent anew if `fresh` */
    EFFECT_NOTICE,   /* a new message that calls the user back; object = the job whose photos it closes, that were sent
                      * again (flag: as files), 0 = none */
    EFFECT_EXAMPLES, /* the greeting's example album */
    EFFECT_ANSWER,   /* answer to a press: text = toast or NULL; id = callback id */
    EFFECT_ALBUM,    /* shots of a job: object = job, indexes; marks them queued */
    EFFECT_FILES,    /* the originals of a job as documents: object = job, indexes */
    EFFECT_REGISTER, /* object = new users.id; text = referral code or NULL */
    EFFECT_CONSENT,  /* object = enum consent, number = version, flag = given, text = the words shown, id = language */
    EFFECT_CONTACT,  /* text = e-mail or phone for receipts */
    EFFECT_BLOCKED,  /* flag = blocked or back */
    EFFECT_AVATAR_CREATE, /* object = new avatars.id, text = name */
    EFFECT_AVATAR_RENAME, /* object, text */
    EFFECT_AVATAR_DELETE, /* object */
    EFFECT_PHOTO_ADD,     /* object = new intake id, other = avatar, number, file */
    EFFECT_PHOTO_HOLD,    /* object = new id, file: kept unseen until the photo may be taken */
    EFFECT_HELD_CLEAR,    /* all held photos of the chat: they were taken, or are not wanted */
    EFFECT_PHOTO_TOLD,    /* object = intake id: its refusal was told */
    EFFECT_PHOTO_DROP,    /* other = avatar: the last good photo of it */
    EFFECT_PHOTOS_CLEAR,  /* other = avatar: all photos of it */
    EFFECT_ORDER_CREATE,  /* object = new order id, other = avatar, text = style, number = kopecks, count = photos */
    EFFECT_ORDER_CANCEL,  /* object = order: the user does not want to pay it any more */
    EFFECT_PAYMENT_CHECK, /* object = order: look now */
    EFFECT_JOB_FINISHED,  /* object = job: the result was told */
    EFFECT_COUNT
};

struct effect {
    enum effect_kind kind;
    int64_t chat_id;
    int64_t thread_id; /* the topic new messages go to; 0 = none */
    int64_t object, other, number;
    int32_t count;
    bool flag;
    bool fresh;   /* EFFECT_SCREEN: send anew even if there is a living message */
    bool replace; /* EFFECT_SCREEN: delete the old living message when sent anew */
    const char *text;
    const char *id;
    const struct message *message;
    const struct event_file *file;
    const void *terms; /* EFFECT_ORDER_CREATE: struct order_terms of db/commit.h, added by the shell */
    uint8_t indexes[ALBUM_MAX];
    size_t index_count;
};

struct effects {
    struct effect *list;
    size_t count, capacity;
};

#endif
