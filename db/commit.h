/* Committing a turn: the statements of one unit. The first is the compare-and-set of bot_turn(); when it fails, nothing
 * of the turn happened. */
#ifndef DB_COMMIT_H
#define DB_COMMIT_H

#include "core/chat.h"
#include "core/effect.h"
#include "db/db.h"

#define COMMIT_FENCED "FB001" /* sqlstate of a turn that is not ours to commit */

struct commit_head {
    int64_t bot_id;
    const char *owner;
    int64_t turn;            /* the last committed one */
    int64_t offset;          /* as it stands */
    int64_t next_offset;     /* as it will stand */
    int64_t try;             /* a random number of this try, to know it by if its answer is lost */
    int64_t high_message_id; /* the highest id of a message seen anywhere */
};

/* Terms of an order as sold: what the shell adds to EFFECT_ORDER_CREATE, and to EFFECT_ORDER_TAKE, which has nothing of
 * a payment. */
struct order_terms {
    int64_t order_id;
    const char *payment_key, *payment_body;
    const char *shop; /* of YooKassa, that the payment must be of */
    bool test_shop;
    const char *npd_item; /* what its receipt at the tax service is for; NULL = that is not for us to make */
    const char *const *prompts, *const *recipes;
    size_t look_count;
    const char *invoice_key, *invoice_body; /* of EFFECT_ORDER_STARS; NULL without one */
};

/* One row of the outbox; see the table. */
struct outbox_row {
    int64_t id;
    int64_t chat_id;
    const char *kind; /* "screen", "notice", "examples", "album", "again", "files" */
    const char *body;
    const char *picture; /* NULL = none */
    int64_t job_id;      /* 0 = none */
    bool fresh, replace;
    int64_t thread_id;         /* the topic a new message goes to; 0 = none */
    int64_t screen_message_id; /* the chat's living message: of the session, not of the row */
    bool screen_is_photo;
    int64_t tried_after; /* an album tried in an earlier life; 0 = it was not */
    int tried_photo;     /* … the index of the photo that went alone; -1 = all together */
    const char *passed;  /* … ids of words that passed it, "1,2"; NULL = none */
};

/* What became of one photo of an album. */
struct photo_outcome {
    int64_t chat_id; /* where it was sent to; not stored */
    int64_t job_id;
    int index;
    const char *delivery; /* "sent", "none" (to be sent another time), "refused"; NULL = a repeat: leave it */
    int64_t message_id;
    const char *photo_file_id, *document_file_id; /* NULL = not learned */
};

/* A row of the outbox that is to be deleted. */
struct done_outcome {
    int64_t row_id, chat_id;
    int64_t passed; /* the new message it became, if an album of the chat was on its way meanwhile; 0 = none */
};

struct screen_outcome {
    int64_t chat_id, message_id;
    bool is_photo;
};

struct file_outcome {
    const char *name, *file_id;
};

/* Gathered by the outbox between two turns. */
struct outbox_outcomes {
    const struct done_outcome *done;
    size_t done_count;
    const struct photo_outcome *photos;
    size_t photo_count;
    const struct screen_outcome *screens; /* at most one a chat */
    size_t screen_count;
    const struct file_outcome *files;
    size_t file_count;
    const struct event *news; /* EVENT_DELIVERED, EVENT_BLOCKED: to be stepped in the same turn */
    size_t news_count;
};

struct poison {
    int64_t update_id;
    const char *why;
    const char *raw;
    size_t raw_bytes;
};

void commit_add_head(struct db_unit *unit, struct arena *arena, const struct commit_head *head);
/* The dirty ones of chats. */
void commit_add_sessions(struct db_unit *unit, struct arena *arena, const struct chat *chats, size_t count);
/* The record effects, in an order that keeps each chat's own; message effects are passed over. chats: sorted by id.
 * terms: of every order that is created. The unit fails with DEED_LOST (db/deed.h) if the chats are not any more as
 * they were loaded. */
void commit_add_records(struct db_unit *unit, struct arena *arena, const struct chat *chats, size_t chat_count,
                        const struct effects *effects, const struct order_terms *terms, size_t term_count,
                        int64_t unix_ms, int64_t bot_id);
void commit_add_outbox(struct db_unit *unit, struct arena *arena, const struct outbox_row *rows, size_t count);
void commit_add_outcomes(struct db_unit *unit, struct arena *arena, int64_t bot_id,
                         const struct outbox_outcomes *outcomes);
void commit_add_poison(struct db_unit *unit, struct arena *arena, int64_t bot_id, const struct poison *poison);

#endif
