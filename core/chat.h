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
#include "core/promo.h"
#include "core/style.h"
#include "core/text.h"

enum {
    CHAT_AVATARS_MAX = 64,  /* loaded, the newest; the shop's own limit is lower */
    CHAT_JOBS_MAX = 24,     /* loaded: first those that are spoken of, then the newest, see FACT_JOBS */
    CHAT_SETS_MAX = 200,    /* … with FACT_SETS: more than anybody has of one avatar */
    CHAT_OPEN_MAX = 8,      /* loaded: more orders than anybody may have open at a time, the newest */
    CHAT_REFUSALS_MAX = 30, /* told in one counter message */
    CHAT_GRANTS_MAX = 8,    /* loaded, the oldest */
    CHAT_HELD_MAX = 100,    /* photos that wait for consent: as many as an avatar can ever have */
    AVATAR_NAME_MAX_CHARS = 64,
    AVATAR_NAME_MAX_BYTES = 4 * AVATAR_NAME_MAX_CHARS,
    CONTACT_MAX_BYTES = 254
};

struct state; /* core/sheet.h */

/* Answers of the conversation under way: core/form.h. */
struct form {
#define WORD(field, max_bytes) char field[(max_bytes) + 1];
#define NUMBER(field, least, most) int64_t field;
#include "core/form.def"
};

struct session {
    struct form form;
#define NUMBER(type, field, sql) type field;
#define WORD(field, max_bytes) char field[(max_bytes) + 1];
#define FLAG(field) bool field;
#define LANG(field) enum lang field;
#define STATE(field) const struct state *field;
#define SENT_NUMBER(field) int64_t field;
#define SENT_FLAG(field) bool field;
#include "core/session.def"
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
    const char *thumbnail; /* Telegram's file_id of a photo of it, or NULL: see FACT_THUMBNAIL */
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
    int64_t avatar_id; /* 0: it was deleted, and nothing can be made for the money */
    const char *style_id;
    int64_t price_kopecks;
    int32_t photo_count;
    const char *link;       /* NULL until the payment was created */
    int64_t link_until_ms;  /* unix ms */
    int64_t job_id;         /* 0 until paid */
    const char *contact;    /* of its receipt; NULL without one, and for the session's once there is a payment */
    int64_t stars;          /* what it costs in Telegram's stars; 0: it can't be paid with them (any more) */
    const char *invoice;    /* … the link to that; NULL until it was made */
    const char *promo;      /* the code that made its price; NULL = none */
    int64_t before_kopecks; /* … which was this before */
    int32_t sets;           /* bought with it: more than 1 is a pack */
};

/* What became of one photo of a set, and of its way to the chat. */
enum shot_state { SHOT_WAITING, SHOT_MADE, SHOT_QUEUED, SHOT_SENT, SHOT_FAILED, SHOT_STATE_COUNT };

struct job {
    int64_t id;
    int64_t avatar_id;
    const char *style_id;
    int64_t since_ms; /* unix ms: when it was paid */
    int32_t total;
    uint8_t shots[STYLE_PHOTOS_MAX]; /* enum shot_state by index */
    bool finished;                   /* the result was told */
    bool was_free;                   /* or of a pack: what is missing of it is not given back in money */
    bool again_coming, files_coming; /* asked for once more, as photos or as files, and still on the way */
};

/* Ids drawn from the sequences ahead of need, so that the core can name what it creates. ID_OWN serves the tables
 * that are the bot's alone. */
enum id_kind { ID_USER, ID_AVATAR, ID_OWN, ID_KIND_COUNT };

struct id_pool {
    const int64_t *ids[ID_KIND_COUNT];
    size_t count[ID_KIND_COUNT], used[ID_KIND_COUNT];
};

/* What a step may need to know of a chat beside its session and its user: core/needs.h says when. */
enum fact {
    FACT_AVATARS = 1,
    FACT_THUMBNAIL = 2, /* the picture of the avatar that may be shown: the session's, or the one that a button names */
    FACT_REFUSALS = 4,  /* of the session's avatar, not told yet */
    FACT_HELD = 8,
    FACT_ORDER = 16,    /* the session's */
    FACT_JOB = 32,      /* the session's, and those that the event names */
    FACT_JOBS = 64,     /* … and all whose end was not told */
    FACT_OPEN = 128,    /* orders that may be paid, and what is becoming so */
    FACT_SETS = 256,    /* … and all of the avatar that may be shown, see FACT_THUMBNAIL; or that a named job is of */
    FACT_HEALTH = 512,  /* of the shop */
    FACT_OFFERS = 1024, /* codes that are typed, or the form holds; and what is left of packs and gifts */
    FACTS_ALL = 1535    /* what may be asked of any chat */
};

/* How the shop is, for its owner. */
struct health {
    int64_t parked;   /* updates that wait until a table is mended */
    int64_t waiting;  /* messages to send */
    int64_t refused;  /* errands that are done, and a table does not let that be recorded */
    int64_t receipts; /* payments whose receipt is missing, or was refused */
};

/* Counted so far: more than a person wants to know exactly. */
enum { HEALTH_COUNT_MAX = 10000 };

struct avatars {
    struct avatar *list; /* oldest first */
    size_t count, capacity;
};

struct refusals {
    struct refusal *list;
    size_t count, capacity;
};

struct held_photos {
    struct held *list; /* in the order of sending */
    size_t count, capacity;
};

struct orders {
    struct order *list; /* oldest first */
    size_t count, capacity;
};

struct promos {
    struct promo *list;
    size_t count, capacity;
};

struct grants {
    struct grant *list; /* oldest first: that is the order in which they are used */
    size_t count, capacity;
};

struct jobs {
    struct job *list; /* newest first */
    size_t count, capacity;
};

struct chat {
    int64_t id;
    bool dirty; /* the session changed: write it */
    struct session session;
    struct user user;
    struct facts *facts; /* core/facts.h */
};

/* Each of these is a bug where the fact was not loaded. */
struct avatars *chat_avatars(const struct chat *chat);
struct refusals *chat_refusals(const struct chat *chat);
struct held_photos *chat_held(const struct chat *chat);
struct order *chat_order(const struct chat *chat); /* id 0: there is none */
struct orders *chat_open(const struct chat *chat);
struct grants *chat_grants(const struct chat *chat);
bool chat_has_promos(const struct chat *chat); /* is there any code that is on? */
/* The code, in the form that is stored; NULL if there is none. */
const struct promo *chat_promo(const struct chat *chat, const char *code);
struct jobs *chat_jobs(const struct chat *chat);
const struct jobs *chat_sets(const struct chat *chat); /* among others: see FACT_SETS */
const struct health *chat_health(const struct chat *chat);

/* The chat of that id among count, which ascend by id; NULL if it is not among them. */
struct chat *chat_find(const struct chat *chats, size_t count, int64_t id);
/* NULL if this chat has none of that id: the only way from an id in a button to an object, so nobody else's is met. */
struct avatar *chat_avatar(const struct chat *chat, int64_t id);
struct job *chat_job(const struct chat *chat, int64_t id); /* FACT_JOB, FACT_JOBS or FACT_SETS */
/* How many shots of the job are in that state. */
int32_t job_count(const struct job *job, enum shot_state state);
/* Shots that exist as pictures: made, queued or sent. */
int32_t job_made(const struct job *job);
bool job_running(const struct job *job);

#endif
