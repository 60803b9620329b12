/* What a step wants done: the core's only output beside the changed chat. Message effects become rows of the outbox,
 * record effects become statements; all of them are committed in one transaction with the session and the offset, and
 * only then does anything leave the house. Pointers live in the turn's arena. */
#ifndef CORE_EFFECT_H
#define CORE_EFFECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "core/event.h"
#include "core/promo.h"

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
#define ANSWER(NAME, word) EFFECT_##NAME,
#define MESSAGE(NAME, word) EFFECT_##NAME,
#define RECORD(NAME, word) EFFECT_##NAME,
#define MESSAGE_RECORD(NAME, word) EFFECT_##NAME,
#define RECORD_WAKES(NAME, word, chore) EFFECT_##NAME,
#define WAKES(NAME, word, chore) EFFECT_##NAME,
#include "core/effects.def"
    EFFECT_COUNT
};

/* Shots of a job, as an album or as files. */
struct shots {
    int64_t job_id;
    bool again; /* they were sent before */
    size_t count;
    uint8_t indexes[ALBUM_MAX];
};

struct effect {
    enum effect_kind kind;
    int64_t chat_id;
    int64_t thread_id; /* the topic new messages go to; 0 = none */
    union {            /* by kind; one that is not here says all by its name */
        struct {       /* the living message */
            const struct message *message;
            bool fresh;   /* sent anew even if there is a living message; else edited in place */
            bool replace; /* the old living message is deleted when sent anew */
            bool news;    /* it calls the user back: it must not come twice */
        } screen;
        struct { /* a new message that calls the user back */
            const struct message *message;
            int64_t closes_job_id; /* whose photos, that were sent again, it closes; 0 = none */
            bool closes_files;     /* … as files */
        } notice;
        struct {
            const char *callback_id;
            const char *toast; /* NULL: without words */
        } answer;
        struct shots album; /* unless again, they are queued by it */
        struct shots files; /* the originals as documents */
        struct {
            int64_t user_id;
            const char *referral_code; /* NULL = none */
        } register_user;
        struct {
            enum consent kind;
            int32_t version;
            bool given;
            const char *words; /* as they were shown */
            const char *lang;  /* code of their language */
        } consent;
        struct {
            const char *contact; /* e-mail or phone for receipts; NULL: forgotten */
        } contact;
        struct {
            bool is_blocked; /* else back */
        } blocked;
        struct {
            int64_t avatar_id;
            const char *name;
        } avatar_create, avatar_rename;
        struct {
            int64_t avatar_id;
        } avatar_delete, photo_drop, photos_clear; /* photo_drop: the last good photo of it */
        struct {
            int64_t intake_id, avatar_id;
            int32_t number; /* of the photo among all that were sent for the avatar */
            const struct event_file *file;
        } photo_add;
        struct { /* kept unseen until the photo may be taken; held_clear: they were taken, or are not wanted */
            int64_t held_id;
            const struct event_file *file;
        } photo_hold;
        struct {
            int64_t intake_id; /* its refusal was told */
        } photo_told;
        struct {
            int64_t order_id, avatar_id;
            const char *style_id;
            int64_t price_kopecks;
            int32_t photo_count;
            int32_t sets;           /* bought with it: more than 1 is a pack */
            const char *promo;      /* the code that is used; NULL = none */
            int64_t before_kopecks; /* … and the price without it */
            struct grant grant;     /* order_take: as it was before this set came out of it; id 0 = none */
        } order_create, order_take; /* asks for its payment, too; costs nothing, and its set is given at once */
        struct {
            int64_t order_id;
            const char *style_id;
            int32_t photo_count;
            int64_t stars;
        } order_stars; /* it may be paid with so many stars as well */
        struct {
            const char *charge_id, *payload, *currency;
            int64_t amount;
        } stars_paid, stars_refunded; /* as Telegram says it */
        struct {
            int64_t order_id;
        } order_cancel, payment_check; /* the user does not want to pay it any more; look now */
        struct {
            int64_t job_id; /* its result was told */
        } job_finished;
    };
};

struct effects {
    struct effect *list;
    size_t count, capacity;
};

#endif
