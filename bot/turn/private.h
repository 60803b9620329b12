/* Inside the turns: their state, and the parts that fill it. Not for others. */
#ifndef BOT_TURN_PRIVATE_H
#define BOT_TURN_PRIVATE_H

#include "bot/turn/turns.h"
#include "db/commit.h"
#include "db/load.h"
#include "db/parked.h"

enum {
    /* an order or a photo, a screen, a notice, the examples, and the albums of the largest set */
    OWN_IDS_PER_EVENT = 4 + (STYLE_PHOTOS_MAX + ALBUM_MAX - 1) / ALBUM_MAX,
    /* what a turn may need, and the rest of a block */
    POOL_MAX = TURNS_EVENTS_MAX * OWN_IDS_PER_EVENT + LOAD_ID_BLOCK
};

enum phase { PHASE_IDLE, PHASE_LOADING, PHASE_COMMITTING, PHASE_ASKING, PHASE_WAITING };

/* What becomes of an event in the turn that passes it. */
enum fate {
    FATE_STEP, /* the core is asked */
    FATE_PASS, /* it asks nothing, or is poison: only the offset moves */
    FATE_PARK, /* kept for later: the database refuses what it does, or its chat waits for such a one */
    FATE_COUNT
};

struct happening { /* an event of the turn, and the update it came by */
    struct event event;
    enum fate fate;
    const char *why; /* PASS: why it is poison, or NULL. PARK: what Postgres said, or NULL: it waits behind another */
    const char *raw; /* of poison */
    size_t raw_bytes;
};

struct parked_chat {
    int64_t chat_id, count; /* of its updates in the database */
    bool told;              /* by this process: what is to be mended */
};

/* The look for news whose rows nobody put into the mailbox (bot/turn/news.c). */
struct news_look {
    bool looking, waiting; /* at the database; for another try */
    bool more;             /* behind after_id, when the mailbox is empty again */
    bool unknown_told;     /* that some are a newer version's */
    int64_t after_id;
};

/* What is put off (bot/turn/parked.c). */
struct parked {
    struct parked_chat *chats;
    size_t chat_count, chat_capacity;
    struct event *held; /* news of chats that the database refuses: they come again */
    size_t held_count, held_capacity;
    struct outbox_outcomes *parts; /* … and what the outbox learned of such */
    size_t part_count, part_capacity;
    struct arena part_arena;
    bool looking, timer;      /* for what may be tried again; a look to come */
    struct parked_update due; /* to be tried again; id 0 = none */
    struct arena arena;       /* … its bytes */
    bool ready;               /* … and it is not being tried yet */
};

struct turns {
    struct turns_ports ports;
    struct turns_stand stand; /* as it was taken; turn and offset have gone on since */
    enum phase phase;
    int64_t company_until_ms; /* monotonic: outcomes alone wait so long for a batch to go with; 0 = none do */
    int64_t turn, offset;
    char *body; /* of getUpdates, gathered; NULL = none */
    size_t body_bytes;
    char *batch; /* … that the running turn is about, until the next one */
    size_t batch_bytes;
    int64_t pool_ids[ID_KIND_COUNT][POOL_MAX];
    struct id_pool pool;
    /* the gathered events of the running turn, in the arena */
    struct arena arena;
    struct happening *list;
    size_t count, at, size; /* all; done; of the turn now */
    int conflicts, retries;
    struct careful { /* one by one (bot/turn/careful.c) */
        bool on;
        bool others;  /* something else of this turn could be committed: what can't is to blame itself */
        size_t probe; /* the event that is tried */
        int tries;    /* of it */
        int waits;    /* times in a row that nothing could be committed; kept from turn to turn */
        bool split;   /* what the outbox learned goes chat by chat */
        struct outbox_outcomes all;
        int64_t *chats;
        size_t chat_count, chat_at;
    } careful;
    bool replay; /* the turn is about parked.due alone */
    struct parked parked;
    struct news_look news_look;
    int64_t began_ms; /* monotonic */
    bool from_poll;   /* a batch is in it: getUpdates waits for the end */
    int64_t batch_next;
    struct outbox_outcomes outcomes;
    /* the try now: undone by a reset of this arena */
    struct arena try;
    struct load_request request;
    struct load_answer loaded;
    int standing_at; /* statement of the load that tells which news stand; -1 = there are none */
    int64_t *told;   /* news that were stepped: their rows go with the commit */
    size_t told_count;
    struct effects effects;
    struct outbox_row *rows;
    size_t row_count;
    int64_t next_offset;
    int64_t try_number;     /* random: which try of the turn it is that was committed */
    struct db_failure lost; /* why it is not known whether it was */
};

/* Fills list with what gathered since the last turn, and outcomes with what the outbox learned. */
void turn_gather(struct turns *turns);
/* Fills request: the chats of the events from at on, size of them, and the ids they may need. */
void turn_want(struct turns *turns);
/* Puts the drawn ids into the pool, and over the loaded chats what the outbox learned, until now: this very turn
 * commits it, so the loaded rows do not know it yet. */
void turn_take_loaded(struct turns *turns);
/* The offset as it will stand: past the highest update of the batch up to the part that is committed now. */
int64_t turn_offset_after(const struct turns *turns);
/* NULL if the chat is not of this turn. */
struct chat *turn_chat(struct turns *turns, int64_t chat_id);

/* ---- bot/turn/turns.c, for the two below ---- */
/* Loads, steps and commits the events from at on, size of them. */
void turn_try(struct turns *turns);
/* The same, in a while that grows. */
void turn_retry(struct turns *turns, const struct db_failure *failure);
/* The turn is over; the batch, if any, is confirmed as far as the offset has come. */
void turn_end(struct turns *turns);

/* ---- news that have rows (bot/turn/news.c) ---- */
/* News that came twice since the last turn are passed over. */
void turn_news_mark(struct turns *turns);
/* Asks with the load which of the news still stand … */
void turn_news_want(struct turns *turns, struct db_unit *unit);
/* … and passes over those that were told. */
void turn_news_loaded(struct turns *turns, const struct db_result *result);
/* Deletes what was stepped. */
void turn_news_add(struct turns *turns, struct db_unit *unit);
/* Looks for rows if the mailbox says that there may be some. Called by the loop, whatever the turn does. */
void turn_news_look(struct turns *turns);

/* ---- one by one, after the whole turn was refused ---- */
void turn_careful_begin(struct turns *turns);
/* The part that was tried is committed: the next one. */
void turn_careful_next(struct turns *turns);
/* … was refused. */
void turn_careful_failed(struct turns *turns, const struct db_failure *failure);
/* Surely nothing of the try happened: again, in a while, or at once if it lost a race. */
void turn_again(struct turns *turns, const struct db_failure *failure);
/* The event that is tried wants nothing of the database, so it can't show that the others are to blame. */
void turn_careful_idle(struct turns *turns);
/* Postgres can't hold what the update does, whatever is mended: it is passed over and noted. Its raw is set. */
void turn_poison(struct turns *turns, struct happening *happening, const struct db_failure *failure);

/* ---- what is put off ---- */
/* Marks what is of a chat that waits: updates are parked behind the others of it, news are held. */
void turn_parked_mark(struct turns *turns);
/* The rows of what this part of the turn leaves behind, poison too, and the end of the row that was tried again. */
void turn_parked_add(struct turns *turns, struct db_unit *unit);
/* They are committed. */
void turn_parked_committed(struct turns *turns);
/* News that can't be committed now; they come again by themselves. */
void turn_parked_hold(struct turns *turns, const struct event *news);
/* What the outbox learned of a chat; it comes again, too. */
void turn_parked_hold_part(struct turns *turns, const struct outbox_outcomes *all, int64_t chat_id);
/* Is one to be tried again now? Then it is the turn. */
bool turn_parked_gather(struct turns *turns);
/* What was tried again was refused again. */
void turn_parked_failed(struct turns *turns, const struct db_failure *failure);
void turn_parked_done(struct turns *turns);

#endif
