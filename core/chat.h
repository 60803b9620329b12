/* Everything the core knows of one private chat: its session (the conversation's own memory) and the records loaded
 * beside it. Loaded by db/, changed by the core in step with the effects it emits, so that the next event of the same
 * batch sees what the previous one did. All of it lives in the turn's arena. */
#ifndef CORE_CHAT_H
#define CORE_CHAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "core/effect.h"
#include "core/event.h"
#include "core/style.h"
#include "core/text.h"

enum {
    CHAT_AVATARS_MAX = 64,  /* loaded; the shop's own limit is lower */
    CHAT_JOBS_MAX = 24,     /* loaded: the session's, those spoken of, the newest of each avatar, the unfinished */
    CHAT_OPEN_MAX = 8,      /* loaded: more orders than anybody may have open at a time, the newest */
    CHAT_REFUSALS_MAX = 30, /* told in one counter message */
    CHAT_HELD_MAX = 100,    /* photos that wait for consent: as many as an avatar can ever have */
    SESSION_STATE_MAX_BYTES = 24,
    AVATAR_NAME_MAX_CHARS = 64,
    AVATAR_NAME_MAX_BYTES = 4 * AVATAR_NAME_MAX_CHARS,
    CONTACT_MAX_BYTES = 254
};

struct state; /* core/sheet.h */

struct session {
    const struct state *state; /* NULL: a new chat */
    enum lang lang;
    uint32_t version;  /* grows with every state entered; buttons carry it */
    int64_t avatar_id; /* what the conversation is about; 0 = nothing */
    int64_t order_id;
    int64_t job_id;
    char style_id[STYLE_ID_MAX_BYTES + 1];
    int32_t page;               /* of a list that is leafed through */
    int32_t misses;             /* unexpected inputs in a row */
    int32_t over;               /* photos not taken because there are enough */
    bool from_card;             /* photos and styles of an avatar were come to from its card, and lead back there */
    const struct state *resume; /* where the chat was when a consent was asked in between; NULL = nowhere */
    char typed[AVATAR_NAME_MAX_BYTES + 1]; /* a name that the user was asked about; "" = none */
    int64_t screen_message_id;             /* the living message; 0 = none */
    bool screen_is_photo;                  /* a photo with a caption can't be edited into a text */
    bool below;                            /* the user wrote something below the living message, or in another topic */
    int64_t shown_at_ms;                   /* when the screen was last rendered, for the pace of a bar */
    int64_t limit_at_ms;                   /* when the state's time limit ends; 0 = never */
    int64_t refresh_at_ms;                 /* when the screen wants to be rendered again; 0 = never */
    int64_t thread_id;                     /* the topic in which the user is; 0 = none */
    int64_t answer_message_id;             /* the user's last words, whose edit counts; 0 = none */
    const struct state *answer_state;      /* … the question that took them; NULL: none did, and it still stands */
    int64_t answer_avatar_id;              /* … and the avatar that was spoken of then */
};

struct user {
    int64_t id;                      /* users.id; 0 until registered */
    int32_t consents[CONSENT_COUNT]; /* the version agreed to; 0 = none */
    const char *contact;             /* e-mail or phone (+7…) for the receipt, or NULL */
    bool blocked;                    /* the user blocked the bot */
};

enum avatar_status { AVATAR_DRAFT, AVATAR_PROCESSING, AVATAR_READY, AVATAR_STATUS_COUNT };

struct avatar {
    int64_t id;
    const char *name;
    enum avatar_status status;
    int32_t good;          /* reference photos accepted */
    int32_t pending;       /* reference photos still being examined */
    int32_t made;          /* finished photos of all sets */
    int32_t sent;          /* reference photos ever sent for it: their numbers */
    bool touched;          /* an order, or a photo that did not come through this chat, hangs on it */
    const char *thumbnail; /* Telegram's file_id of a photo of it, or NULL; loaded of the avatar that may be shown */
};

/* A photo sent before it may be kept: nothing of it is fetched. */
struct held {
    int64_t id;
    struct event_file file;
};

struct refusal {
    int64_t intake_id;
    int32_t number; /* the how-manyth photo the user sent for this avatar */
    enum photo_verdict verdict;
};

enum order_status { ORDER_AWAITING, ORDER_PAID, ORDER_CANCELED, ORDER_STATUS_COUNT };

struct order {
    int64_t id; /* 0 = none loaded */
    enum order_status status;
    int64_t avatar_id;
    const char *style_id;
    int64_t price_kopecks;
    int32_t photo_count;
    const char *link;      /* NULL until the payment was created */
    int64_t link_until_ms; /* unix ms */
    int64_t job_id;        /* 0 until paid */
    const char *contact;   /* of its receipt; NULL without one, and for the session's once there is a payment */
};

/* What became of one photo of a set, and of its way to the chat. */
enum shot_state { SHOT_WAITING, SHOT_MADE, SHOT_QUEUED, SHOT_SENT, SHOT_FAILED, SHOT_STATE_COUNT };

struct job {
    int64_t id;
    int64_t avatar_id;
    const char *style_id;
    int32_t total;
    uint8_t shots[STYLE_PHOTOS_MAX]; /* enum shot_state by index */
    bool finished;                   /* the result was told */
    bool again_coming, files_coming; /* asked for once more, as photos or as files, and still on the way */
};

/* Ids drawn from the sequences ahead of need, so that the core can name what it creates. ID_OWN serves the tables
 * that are the bot's alone. */
enum id_kind { ID_USER, ID_AVATAR, ID_OWN, ID_KIND_COUNT };

struct id_pool {
    const int64_t *ids[ID_KIND_COUNT];
    size_t count[ID_KIND_COUNT], used[ID_KIND_COUNT];
};

struct chat {
    int64_t id;
    bool dirty; /* the session changed: write it */
    struct session session;
    struct user user;
    struct avatar avatars[CHAT_AVATARS_MAX]; /* oldest first */
    size_t avatar_count;
    struct refusal refusals[CHAT_REFUSALS_MAX]; /* of the session's avatar, not told yet */
    size_t refusal_count;
    struct held *held; /* in the order of sending; room for CHAT_HELD_MAX, NULL until the first */
    size_t held_count;
    struct order order; /* the session's */
    struct order
        open[CHAT_OPEN_MAX]; /* oldest first: what may be paid, and what is becoming so; of whoever may order */
    size_t open_count;
    struct job jobs[CHAT_JOBS_MAX];
    size_t job_count;
};

/* The chat of that id among count, which ascend by id; NULL if it is not among them. */
struct chat *chat_find(const struct chat *chats, size_t count, int64_t id);
/* NULL if this chat has none of that id: the only way from an id in a button to an object, so nobody else's is met. */
struct avatar *chat_avatar(struct chat *chat, int64_t id);
struct job *chat_job(struct chat *chat, int64_t id);
/* The newest job of an avatar, or NULL. */
struct job *chat_avatar_job(struct chat *chat, int64_t avatar_id);
/* How many shots of the job are in that state. */
int32_t job_count(const struct job *job, enum shot_state state);
/* Shots that exist as pictures: made, queued or sent. */
int32_t job_made(const struct job *job);
bool job_running(const struct job *job);

#endif
