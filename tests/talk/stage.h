/* The shell in miniature, for tests of conversations: it loads a chat from its tables before each step, applies the
 * effects to them afterwards, and keeps what the user's phone would show. After every step it holds the core to its
 * promises: limits of Telegram, one answer per press, records and effects that do not drift apart. A broken promise
 * prints `where` and aborts. */
#ifndef TESTS_TALK_STAGE_H
#define TESTS_TALK_STAGE_H

#include "core/engine.h"
#include "core/facts.h"
#include "core/sheet.h"

enum {
    STAGE_ROWS_MAX = 4096, /* of each table, in the life of one stage */

    STAGE_CODES_MAX = 16,
    STAGE_JOB_PHOTOS = 23,
    STAGE_BATCH_MAX = 100 /* effects of one step */
};

#define STAGE_CHAT_ID INT64_C(5000000001) /* past 32 bits, as real ones are */

struct stage_avatar {
    int64_t id;
    const char *name; /* NULL: deleted */
};

struct stage_intake {
    int64_t id, avatar_id; /* 0: cleared */
    bool dropped;          /* taken away again; its number stays used */
    int32_t number;
    enum photo_verdict verdict;
    bool told;
    bool as_photo; /* not as a file */
};

struct stage_code {
    struct promo promo;
    int32_t each; /* uses of one user; 0 = any number */
};

/* One rendering of a message on the phone: an edit is a new rendering of the same message. */
struct stage_message {
    int64_t id, thread_id;
    enum effect_kind kind;
    bool fresh, gone;
    const struct message *message;
};

struct stage {
    const char *where;  /* the test's own words for a failure */
    struct arena keep;  /* lives as long as the stage */
    struct arena load;  /* what is loaded for one step */
    struct rules rules; /* its own: versions may be raised */
    int64_t now_ms;
    int64_t next_id, next_message_id;
    int64_t named_id;  /* what the event of the step names */
    int64_t thread_id; /* the topic in which the user writes; 0 = none */
    const char *language_code, *first_name;

    struct session session;
    struct user user;
    struct held held[CHAT_HELD_MAX];
    size_t held_count;
    const char *referral;
    struct stage_avatar avatars[STAGE_ROWS_MAX];
    struct stage_intake intakes[STAGE_ROWS_MAX];
    struct order orders[STAGE_ROWS_MAX];
    struct job jobs[STAGE_ROWS_MAX];
    bool refused[STAGE_ROWS_MAX]; /* of an order: no payment could be made */
    size_t avatar_count, intake_count, order_count, job_count;
    struct stage_code codes[STAGE_CODES_MAX];
    struct grant grants[STAGE_ROWS_MAX]; /* used up ones, too */
    struct pack packs[PACKS_MAX];
    size_t code_count, grant_count;

    struct stage_message messages[STAGE_ROWS_MAX];
    size_t message_count;
    size_t shown_from; /* messages from here on came of the last steps, see stage_mark */
    const char **told; /* the effects of all steps since stage_mark, as dialogues name them; in keep */
    size_t told_count, told_capacity;
};

struct stage *stage_new(const struct rules *rules);
void stage_free(struct stage *stage); /* accepts NULL */
/* The person is, or is no more, one of the shop's owners. */
void stage_own(struct stage *stage, bool owner);
/* What a set of the style costs, and how many photos it has, from now on. */
void stage_sell(struct stage *stage, const char *style_id, int64_t price_kopecks, int32_t photo_count);
/* Has it room for many more steps? */
bool stage_is_full(const struct stage *stage);
/* Forgets the effects of the steps before: what comes is the answer to what comes. */
void stage_mark(struct stage *stage);
/* One event through the core. chat_id, update and message ids are set here if they are 0. */
void stage_step(struct stage *stage, struct event event);
/* Moves the clock, waking the session whenever it asked for it. */
void stage_wait(struct stage *stage, int64_t ms);

/* One that is there already, with so many good photos; the name must last. */
void stage_add_avatar(struct stage *stage, const char *name, long photos);
/* A set of the newest avatar that comes to the chat; then a day goes by. */
void stage_add_set(struct stage *stage, const char *style_id);
/* The avatar goes, with its photos and sets. */
void stage_delete(struct stage *stage, int64_t avatar_id);
bool stage_delete_newest(struct stage *stage); /* false: there is none */
/* The oldest photo that is still being examined gets its verdict; false if there is none. */
bool stage_examine(struct stage *stage, enum photo_verdict verdict);
void stage_pay(struct stage *stage, struct order *order);
/* What its order tells of a set that costs nothing. */
void stage_begin(struct stage *stage, const struct order *order);
/* One of this user's; aborts if there is none. */
struct stage_avatar *stage_avatar(struct stage *stage, int64_t id);
/* The next waiting photo of the job; false if there is none. */
bool stage_make(struct stage *stage, struct job *job, bool made);
/* All queued photos of the job reach the chat, and those sent again. */
void stage_deliver(struct stage *stage, struct job *job);

/* Is it what dialogues call so: "bot", "screen", "fresh" or "notice"? */
bool stage_is_kind(const struct stage_message *shown, const char *kind);
/* Has the newest message a button that is a link to there? */
bool stage_leads_to(const struct stage *stage, const char *url);

/* Telegram HTML as it is read: tags and entities resolved, all white space one blank. */
const char *stage_read(struct stage *stage, const char *html);
/* Plain text with all line breaks and hard spaces as one blank. */
const char *stage_spaces(struct stage *stage, const char *text);
_Noreturn void stage_fail(const struct stage *stage, const char *format, ...) PRINTF_LIKE(2, 3);

/* The words of config/texts and three styles. The same for all tests; lives until the program ends. */
const struct rules *stage_rules(void);

#endif
