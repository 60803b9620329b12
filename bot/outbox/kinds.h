/* The kinds of rows in the outbox. A new one is a row of the table in kinds.c and a sender. Not for others than the
 * outbox. */
#ifndef BOT_OUTBOX_KINDS_H
#define BOT_OUTBOX_KINDS_H

#include <stdbool.h>

struct item;

enum line_name { LINE_WORDS, LINE_SETS, LINE_COUNT };

/* Photos asked for again: as photos, as files. */
enum repeat { REPEAT_NOT, REPEAT_PHOTOS, REPEAT_FILES };

struct kind {
    const char *word; /* outbox.kind */
    enum line_name line;
    void (*send)(struct item *item);     /* ends in lane_done, lane_again or lane_unreachable */
    void (*put_back)(struct item *item); /* it can't go now; NULL: it need not */
    bool is_album;                       /* its body lists photos */
    bool is_living;                      /* the chat's living message: a newer one right behind takes its place */
    bool matters;                        /* a copy of it would puzzle: it is looked for before it is sent again */
    enum repeat repeat;
};

/* Of a word; NULL: of a newer version that was rolled back. */
const struct kind *kind_of(const char *word);

/* The senders. */
void screen_send(struct item *item);
void examples_send(struct item *item);
void album_send(struct item *item);
void album_put_back(struct item *item);

#endif
