/* Inside the outbox: one album on its way. Not for others. */
#ifndef BOT_OUTBOX_ALBUM_H
#define BOT_OUTBOX_ALBUM_H

#include "bot/outbox/lane.h"
#include "db/outbox.h"

enum {
    PROBE_WAIT_MS = 2000, /* a lost request may still be working on the other side */
    PROBE_AHEAD = 48,     /* steps beyond the highest id known, ids between two photos of an album */
    PROBE_STEPS_MAX = 200,
    CAPTION_BYTES = 24
};

struct shipment {
    struct shipment *next_shipment, *previous_shipment; /* all that are under way */
    struct outbox *outbox;
    struct lane *lane;
    struct arena arena;
    struct album album;
    bool files;                      /* as documents */
    bool first;                      /* the set's own delivery, not a repeat: its outcome is recorded */
    unsigned char *bytes[ALBUM_MAX]; /* malloc'ed, for those uploaded */
    size_t lengths[ALBUM_MAX];
    size_t next;       /* probing: which photo is looked for */
    int64_t probe_id;  /* … in which message */
    int64_t probe_end; /* searching up to here */
    int64_t stride;    /* … in such steps: photos that may be there */
    int64_t walk_end;  /* not 0: walking, photo by photo, up to here */
    bool found;        /* the walk has met a photo */
};

/* Looks whether photos of an album whose answer was lost are in the chat, marks those found as sent, and goes on with
 * album_ship. (bot/outbox/probe.c) */
void album_probe(struct shipment *shipment);
/* Sends what is not sent yet. */
void album_ship(struct shipment *shipment);
/* "14/23": the photo's place in its set, and how it is recognised. */
void album_caption(const struct shipment *shipment, size_t at, char ret_caption[CAPTION_BYTES]);
/* The photo found its end: recorded, and remembered by the row until the database knows. */
void album_note(struct shipment *shipment, size_t at, const char *delivery, struct json_object *message);
void album_note_outcome(struct shipment *shipment, size_t at, const struct photo_outcome *outcome);
void shipment_free(struct shipment *shipment);
/* The album is through: its row may go, the job hears of it. */
void shipment_done(struct shipment *shipment);

#endif
