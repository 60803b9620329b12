/* Inside the outbox: one album on its way. Not for others. */
#ifndef BOT_OUTBOX_ALBUM_H
#define BOT_OUTBOX_ALBUM_H

#include "bot/outbox/lane.h"
#include "db/outbox.h"

enum {
    PROBE_WAIT_MS = 2000,        /* a lost request may still be working on the other side */
    PROBE_AHEAD = 480,           /* ids beyond the highest one known: others' messages that nobody told of yet … */
    PROBE_AHEAD_STEPS_MAX = 160, /* … but no more steps than that, however few photos are looked for */
    PROBE_GAP = 48,              /* ids between two photos of an album */
    PROBE_STEPS_MAX = 400,       /* half of them from below, half from above */
    CAPTION_BYTES = 24,
    SEARCHES_MAX = 64,                   /* at once; the others wait without a shipment */
    ALBUM_BYTES_FIRST = 8 * 1024 * 1024, /* what an album is thought to need before any was fetched */
    ALBUM_PART_BYTES = 16 * 1024 * 1024, /* a larger one goes in parts */
    ALBUM_BYTES_MAX = 24 * 1024 * 1024   /* of all albums at once: the next one waits while it would be more */
};

/* Where a search stands, so that it goes on when it was disturbed. */
struct search {
    bool begun, found, from_above;
    int steps;
    int64_t low, stride;    /* all lie above low; photos that may be there, one after the other */
    int64_t up, down;       /* the next to be asked about, from below and from above */
    int64_t walk, walk_end; /* photo by photo: the next, and the last; 0 = not walking */
};

/* What is known of an album's tries, until the database knows. A bit for each photo, by its place in the album. */
struct trial {
    bool in_doubt;               /* the last try may have arrived */
    bool one_by_one;             /* it was refused as a whole */
    bool by_upload;              /* Telegram does not take the ids of its files any more */
    unsigned sent;               /* they found their end */
    unsigned asked;              /* the last try was of these; 0 = of all that were not sent then */
    unsigned skipped;            /* one by one: they failed too often, and it is to be seen whether others go */
    unsigned doubtful, hopeless; /* … others do: tried some more; then given up */
    int64_t above;               /* the highest message id known when that began */
    int64_t lost_at;             /* … when its answer was missed; 0 = it was not */
    int misses;                  /* tries without success, of the album or of the photo at hand */
    struct search search;
};

struct shipment {
    LIST_ENTRY(shipment) next; /* all that are under way */
    struct item *item;
    struct telegram_job *job; /* its turn has come; NULL: it was canceled, or this is a search */
    bool filled;              /* it is on its way */
    struct arena arena;
    struct album album;
    unsigned char *bytes[ALBUM_MAX]; /* malloc'ed, for those uploaded */
    size_t lengths[ALBUM_MAX], held; /* held: charged to the budget */
    size_t at;                       /* the photo that is fetched */
    size_t chosen[ALBUM_MAX], chosen_count;
};

/* A row that comes from the database was tried in an earlier life: as a whole, or (not -1) one photo of it. */
void album_was_tried(struct item *item, int64_t tried_after, int tried_photo);
/* What such a row is to list: nobody else records which photos of a repeat found their end. NULL: as it does. */
const char *album_rest(const struct item *item, struct arena *arena);
/* Looks whether photos of an album whose answer was lost are in the chat, marks those found as sent, and goes on with
 * album_go_on. (probe.c) */
void album_probe(struct shipment *shipment);
/* The word that was on its way is not any more. */
void album_search_on(struct shipment *shipment);
/* Sends what is not sent yet, or ends the album. */
void album_go_on(struct item *item);
/* The row goes, and the set hears of it. */
void album_end(struct item *item);
bool album_is_first(const struct item *item); /* the set's own delivery, not a repeat: its outcome is recorded */
struct trial *album_trial(struct item *item); /* made if there is none */
/* "14/23": the photo's place in its set, and how it is recognised. */
void album_caption(const struct shipment *shipment, size_t at, char ret_caption[CAPTION_BYTES]);
/* The photo found its end: recorded, and remembered by the row until the database knows. */
void album_note(struct shipment *shipment, size_t at, const struct photo_outcome *outcome);
void album_refuse(struct shipment *shipment, size_t at, const char *why);
bool album_as_files(const struct item *item);
/* Fetches the pictures to go now (those not sent; one only, when the album goes one by one) and sends them. (ship.c) */
void album_fetch(struct shipment *shipment);
/* Telegram's id of the photo's file, unless it is uploaded. */
const char *shipment_file_id(const struct shipment *shipment, size_t at);
/* So many bytes of the budget are the shipment's. */
void shipment_charge(struct shipment *shipment, size_t bytes);
/* What it has fetched. The next ones are thought to need as much as the largest of late. */
void shipment_weigh(struct shipment *shipment, size_t bytes);
/* It can't be sent after all: its turn is given back, the item is the caller's. */
void shipment_drop(struct shipment *shipment);
void shipment_free(struct shipment *shipment);

#endif
