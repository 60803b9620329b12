/* Inside the outbox: a lane is one chat's messages, in two lines that know nothing of each other: words (screens,
 * notices), which somebody may be waiting for, and sets (albums and what closes them). The head of a line is on its
 * way, the rest waits. Not for others. */
#ifndef BOT_OUTBOX_LANE_H
#define BOT_OUTBOX_LANE_H

#include <json-c/json.h>
#include <sys/queue.h>

#include "bot/base/clock.h"
#include "bot/outbox/kinds.h"
#include "bot/outbox/outbox.h"
#include "bot/outbox/pictures.h"
#include "bot/services/telegram/client.h"

enum { PASSED_MAX = 24 /* the newest ones are remembered */ };

struct item {
    TAILQ_ENTRY(item) next;
    struct lane *lane;
    const struct kind *kind;
    int64_t id;
    int64_t job_id;
    int64_t thread_id;                       /* the topic a new message goes to; 0 = none */
    char *body, *picture;                    /* NULL: an album's are not kept */
    uint8_t indexes[ALBUM_MAX], index_count; /* an album: its photos */
    bool fresh, replace;
    bool in_doubt;            /* a message that matters may have arrived */
    struct telegram_job *job; /* … its turn has come */
    int64_t above, sought;    /* … the highest message id known before; where it is looked for */
    int64_t passed;           /* the message it became, if it passed one that may be looked for */
    bool borrowed;            /* the picture's bytes: whoever else wants to upload it waits for the outcome */
    int tries;
    void *upload;              /* the picture's bytes: a call may wait for hours to be sent, and needs them as long */
    struct trial *trial;       /* an album that was tried, in this life or an earlier one; else NULL */
    struct shipment *shipment; /* … that is on its way now, or looked for */
};
TAILQ_HEAD(items, item);

enum line_state {
    LINE_FREE,
    LINE_BUSY,   /* the head is on its way */
    LINE_RESTING /* the head is tried again after a while */
};

struct line {
    struct items items;
    enum line_state state;
};

struct lane {
    int64_t chat_id; /* first: the key of the tree */
    struct outbox *outbox;
    struct line lines[LINE_COUNT];
    bool noted;                /* the screen below is an outcome that no turn took yet */
    bool taking;               /* … or that a turn is committing */
    bool searching;            /* an edit is offered to messages in the chat: no word may be among them unknown */
    struct shipment *search;   /* … and would go on, but a word is on its way */
    int64_t screen_message_id; /* 0 = none */
    bool screen_is_photo;
    int64_t passed[PASSED_MAX]; /* messages of ours: none of them is what is looked for */
    size_t passed_count;
};

struct list {
    void *items;
    size_t count, capacity;
};

struct outbox {
    struct outbox_ports ports;
    int64_t bot_id;
    struct pictures *pictures;
    void *lanes; /* of tsearch(3), by chat_id */
    LIST_HEAD(shipments, shipment) shipments;
    LIST_HEAD(shows, show) shows;
    size_t pending;
    size_t album_bytes; /* of pictures that albums hold now, or are thought to need */
    size_t album_usual; /* … what one is thought to need */
    size_t searches;    /* albums that are looked for now */
    bool loaded;        /* what an earlier life left is in the lanes */
    int64_t high;       /* the highest message id seen anywhere: where a lost answer's messages must lie above */
    struct list done, photos, screens, files, news; /* outcomes since the last take */
    size_t sent_anew;                               /* of the done: new messages, which a crash would send again */
    struct list taken;                              /* lanes whose screens a turn is committing */
    size_t unsaved, unsaved_taken;                  /* of the sent_anew, those not looked for; that a turn commits */
    struct arena words;                             /* texts of the outcomes, until they are taken */
};

/* Telegram says that something the message refers to is gone. A new one refers to its topic only: true, and it is to be
 * sent again, without. */
bool lane_leave_topic(struct item *item);
/* Called by the senders when the fate of an item, the head of its line, is known. It is gone afterwards. */
void lane_done(struct item *item);
/* It is to be tried again after a while. (Its callbacks come back to the same head: a busy line keeps it.) */
void lane_again(struct item *item, int64_t wait_ms);
/* The user can't be reached: everything waiting is given up, albums stay to be sent another time. */
void lane_unreachable(struct item *item);
/* The item's own wait after the n-th failure; longer when it may have arrived, for then each try may be one too many.
 */
int64_t lane_backoff_ms(const struct item *item, bool may_be_there);
/* A search asks only while no word is on its way, or there and not known, and no word goes while it asks. False: not
 * now, and the shipment is told by album_search_on. */
bool lane_search_begin(struct lane *lane, struct shipment *shipment);
void lane_search_end(struct lane *lane);

/* The lane of a chat, NULL if there is none. */
struct lane *lane_of(const struct outbox *outbox, int64_t chat_id);
/* … made if there is none. */
struct lane *lane_make(struct outbox *outbox, int64_t chat_id);
void lane_drop_if_empty(struct lane *lane);
/* Puts a row behind the others of its line. */
void lane_put(struct lane *lane, const struct outbox_row *row);
/* Sends what may go now. The lane may be gone afterwards. */
void lane_run(struct lane *lane);
void lane_free_all(struct outbox *outbox);

void outbox_note_done(struct lane *lane, int64_t row_id, int64_t passed);
void outbox_note_screen(struct lane *lane, int64_t message_id, bool is_photo);
void outbox_note_photo(struct lane *lane, const struct photo_outcome *photo);
void outbox_note_file(struct outbox *outbox, const char *name, const char *file_id);
void outbox_note_news(struct outbox *outbox, enum event_kind kind, int64_t chat_id, int64_t object);
/* Of a Message that Telegram answered with; 0 if it is none. */
int64_t outbox_message_id(struct json_object *message);
/* The same, and learns it. */
int64_t outbox_note_message(struct lane *lane, struct json_object *message);
/* The highest message id that is known: what is sent to this chat from now on lies above it. At least 1. */
int64_t outbox_below(const struct lane *lane);
/* The item became a new message with this id; another one that may be looked for is not that one. */
void outbox_note_id(struct item *item, int64_t message_id);
/* … and it is sent again, not looked for, if the outcome is lost. */
void outbox_note_unsaved(struct outbox *outbox);
/* The file_id of the largest photo of a Message, or of its document; NULL if there is none. Borrowed. */
const char *outbox_photo_id(struct json_object *message);
const char *outbox_document_id(struct json_object *message);

/* A message of ours is in the chat. Is it one that was there, or passed by, while something is looked for? */
void lane_passed(struct lane *lane, int64_t message_id);
bool lane_has_passed(const struct lane *lane, int64_t message_id);

/* Makes a call for the lane's chat now; the rest of it is the caller's. */
enum err outbox_call(struct lane *lane, struct telegram_call *call, telegram_done_fn *done, void *ctx) MUST_CHECK;
/* The same for a call whose outcome nobody waits for. */
void outbox_call_idly(struct lane *lane, struct telegram_call *call);

/* On the way down, after Telegram's calls: what still waits for something else. */
void examples_free(struct outbox *outbox);
void album_free_all(struct outbox *outbox);

#endif
