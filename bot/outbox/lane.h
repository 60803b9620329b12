/* Inside the outbox: a lane is one chat's line of messages; the head is on its way, the rest waits. Not for others. */
#ifndef BOT_OUTBOX_LANE_H
#define BOT_OUTBOX_LANE_H

#include <json-c/json.h>

#include "bot/outbox/outbox.h"
#include "bot/outbox/pictures.h"
#include "bot/services/telegram/client.h"

struct item {
    struct item *next;
    struct outbox *outbox;
    struct lane *lane;
    int64_t id;
    int64_t job_id;
    int64_t thread_id; /* the topic a new message goes to; 0 = none */
    char *kind, *body, *picture;
    void *upload; /* the picture's bytes: a call may wait for hours to be sent, and needs them as long */
    bool fresh, replace;
    bool borrowed;   /* the picture's bytes: whoever else wants to upload it waits for the outcome */
    bool not_sent;   /* an album: its last try surely did not arrive */
    bool one_by_one; /* an album: it was refused as a whole */
    bool hopeless;   /* an album one by one: the photo at hand has failed too often */
    unsigned sent;   /* an album: a bit for each photo that went; the database may not know it yet */
    size_t together; /* … photos in the last try */
    int64_t above;   /* … the highest message id known when that began; 0 = of an earlier life */
    int64_t lost_at; /* … the highest message id known when its answer was missed; 0 = it was not */
    int misses;      /* … tries without success, of the album or of the photo at hand */
    int tries;
};

struct lane {
    int64_t chat_id; /* first: the key of the tree */
    struct outbox *outbox;
    struct item *head, *tail;
    bool busy;                 /* the head is on its way */
    bool noted;                /* the screen below is an outcome that no turn took yet */
    bool taking;               /* … or that a turn is committing */
    int64_t screen_message_id; /* 0 = none */
    bool screen_is_photo;
};

struct list {
    void *items;
    size_t count, capacity;
};

struct outbox {
    struct shop *shop;
    struct pictures *pictures;
    void *lanes; /* of tsearch(3), by chat_id */
    struct shipment *shipments;
    struct show *shows;
    size_t pending;
    bool loaded;  /* what an earlier life left is in the lanes */
    int64_t high; /* the highest message id seen anywhere: where a lost answer's messages must lie above */
    struct list done, photos, screens, files, news; /* outcomes since the last take */
    struct list taken;                              /* lanes whose screens a turn is committing */
    struct arena words;                             /* texts of the outcomes, until they are taken */
};

/* Telegram says that something the message refers to is gone. A new one refers to its topic only: true, and it is to be
 * sent again, without. */
bool lane_leave_topic(struct lane *lane);
/* Called by the senders when the head's fate is known. */
void lane_done(struct lane *lane);
/* The head is to be tried again after a while. (Its callbacks come back to the same head: a busy lane keeps it.) */
void lane_again(struct lane *lane, int64_t wait_ms);
/* The user can't be reached: everything waiting is given up, albums stay to be sent another time. */
void lane_unreachable(struct lane *lane);
/* The head's own wait after the n-th failure. */
int64_t lane_backoff_ms(const struct item *item);

/* The lane of a chat, NULL if there is none. */
struct lane *outbox_lane(const struct outbox *outbox, int64_t chat_id);
/* … made if there is none. */
struct lane *outbox_lane_of(struct outbox *outbox, int64_t chat_id);
void lane_drop_if_empty(struct lane *lane);

void outbox_note_done(struct lane *lane, int64_t row_id);
void outbox_note_screen(struct lane *lane, int64_t message_id, bool is_photo);
void outbox_note_photo(struct lane *lane, const struct photo_outcome *photo);
void outbox_note_file(struct outbox *outbox, const char *name, const char *file_id);
void outbox_note_news(struct outbox *outbox, enum event_kind kind, int64_t chat_id, int64_t object);
/* Learns from a Message that Telegram answered with; its message_id, 0 if it is none. */
int64_t outbox_note_message(struct outbox *outbox, struct json_object *message);
/* The file_id of the largest photo of a Message, or of its document; NULL if there is none. Borrowed. */
const char *outbox_photo_id(struct json_object *message);
const char *outbox_document_id(struct json_object *message);

/* The senders, by kind of the head. Each ends in lane_done, lane_again or lane_unreachable. */
void screen_send(struct lane *lane);   /* screen, notice */
void examples_send(struct lane *lane); /* examples */
void album_send(struct lane *lane);    /* album, again, files */
/* On the way down, after Telegram's calls: what still waits for something else. */
void examples_free(struct outbox *outbox);
void album_free_all(struct outbox *outbox);

#endif
