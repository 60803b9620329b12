/* Inside the turns: their state, and the parts that fill it. Not for others. */
#ifndef BOT_TURN_PRIVATE_H
#define BOT_TURN_PRIVATE_H

#include "bot/turns.h"
#include "db/commit.h"
#include "db/load.h"

enum {
    /* an order or a photo, a screen, a notice, the examples, and the albums of the largest set */
    OWN_IDS_PER_EVENT = 4 + (STYLE_PHOTOS_MAX + ALBUM_MAX - 1) / ALBUM_MAX,
    /* what a turn may need, and the rest of a block */
    POOL_MAX = TURNS_EVENTS_MAX * OWN_IDS_PER_EVENT + LOAD_ID_BLOCK
};

enum phase { PHASE_IDLE, PHASE_LOADING, PHASE_COMMITTING, PHASE_ASKING, PHASE_WAITING };

struct happening { /* an event of the turn, and the update it came by */
    struct event event;
    const char *poison_why;
    const char *raw;
    size_t raw_bytes;
};

struct turns {
    struct shop *shop;
    enum phase phase;
    bool poked;
    int64_t company_until_ms; /* monotonic: outcomes alone wait so long for a batch to go with; 0 = none do */
    int64_t turn, offset;
    struct event *news; /* gathered */
    size_t news_count, news_capacity;
    char *body; /* of getUpdates, gathered; NULL = none */
    size_t body_bytes;
    int64_t pool_ids[ID_KIND_COUNT][POOL_MAX];
    struct id_pool pool;
    /* the gathered events of the running turn, in the arena */
    struct arena arena;
    struct happening *list;
    size_t count, at, size; /* all; done; of the turn now */
    bool careful;           /* one by one */
    int conflicts, retries;
    int64_t began_ms; /* monotonic */
    bool from_poll;   /* a batch is in it: getUpdates waits for the end */
    int64_t batch_next;
    struct outbox_outcomes outcomes;
    /* the try now: undone by a reset of this arena */
    struct arena try;
    struct load_request request;
    struct load_answer loaded;
    struct effects effects;
    struct outbox_row *rows;
    size_t row_count;
    int64_t next_offset;
    int64_t try_number; /* random: which try of the turn it is that was committed */
};

/* Fills list with what gathered since the last turn, and outcomes with what the outbox learned. */
void turn_gather(struct turns *turns);
/* Fills request: the chats of the events from at on, size of them, and the ids they may need. */
void turn_want(struct turns *turns);
/* Puts the drawn ids into the pool, and over the loaded chats what the outbox learned: this very turn commits it, so
 * the loaded rows do not know it yet. */
void turn_take_loaded(struct turns *turns);
/* Does the event ask anything of a chat? */
bool turn_matters(const struct happening *happening);
/* The offset as it will stand: past the highest update of the batch up to the part that is committed now. */
int64_t turn_offset_after(const struct turns *turns);
/* NULL if the chat is not of this turn. */
struct chat *turn_chat(struct turns *turns, int64_t chat_id);

#endif
