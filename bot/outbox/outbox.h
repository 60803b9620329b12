/* The outbox: committed messages on their way to Telegram, in order per chat. It sends only what stands in the
 * database, keeps each chat's messages in line, and hands the outcomes back to the next turn, which deletes the row and
 * records what was learned (the living message's id, the photos' file ids) in one transaction. */
#ifndef BOT_OUTBOX_OUTBOX_H
#define BOT_OUTBOX_OUTBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/style.h"
#include "db/commit.h"

struct clock;
struct darkroom;
struct outbox;
struct stop;
struct store;
struct telegram;
struct timers;

/* Kinds of the message that closes photos sent again ("again"), or their files ("files"): a notice that knows its job.
 */
#define OUTBOX_AGAIN_END "again_end"
#define OUTBOX_FILES_END "files_end"

/* What it uses. All of it outlives the outbox, but telegram, which must be gone before it. */
struct outbox_ports {
    struct db *db;
    struct timers *timers;
    const struct clock *clock;
    const struct stop *stop; /* once asked, nothing new is begun */
    struct telegram *telegram;
    struct store *store;
    struct darkroom *darkroom;
    const struct style_catalogue *styles; /* their covers */
    const char *styles_dir;               /* the greeting's examples */
};

struct outbox *outbox_new(const struct outbox_ports *ports);
void outbox_free(struct outbox *outbox); /* accepts NULL */
/* Rows that were just committed, in order. Copied. */
void outbox_add(struct outbox *outbox, const struct outbox_row *rows, size_t count);
/* An answer to a press: not stored, sent at once, lost by a crash (the client presses again). */
void outbox_answer(struct outbox *outbox, int64_t chat_id, const char *callback_id, const char *text);
/* A message id was seen, in an update: lost messages lie above the highest one known when they were tried. */
void outbox_see_message(struct outbox *outbox, int64_t message_id);
int64_t outbox_high(const struct outbox *outbox);
/* Load what was committed and not sent: once at start. Ids of files are of use to this bot only. */
void outbox_resume(struct outbox *outbox, int64_t bot_id);
/* Is it done? No row may be added before. */
bool outbox_loaded(const struct outbox *outbox);
/* How long they may wait for a batch to be committed with: not at all for news, and what is known of photos and files;
 * hardly for what a crash would send again. */
int64_t outbox_patience_ms(const struct outbox *outbox);
bool outbox_has_outcomes(const struct outbox *outbox);
/* Moves the outcomes since the last time into the arena, for a turn to commit. */
struct outbox_outcomes outbox_take(struct outbox *outbox, struct arena *arena);
/* The same for what was learned since, behind them; but nothing while news are among it: they are for another turn, and
 * what they tell of goes with them. */
void outbox_take_more(struct outbox *outbox, struct arena *arena, struct outbox_outcomes *outcomes);
/* What was taken is committed, or was put back. */
void outbox_committed(struct outbox *outbox);
/* The part of the outcomes that is about a chat, copied into the arena; news are of no part. chat_id 0: what is about
 * none. */
struct outbox_outcomes outbox_part(const struct outbox_outcomes *all, int64_t chat_id, struct arena *arena);
/* Such a part could not be committed: some later take has it again. */
void outbox_put_back(struct outbox *outbox, const struct outbox_outcomes *part);
/* The living message of a chat as the outbox knows it, if it learned one that is not committed yet. */
bool outbox_peek_screen(const struct outbox *outbox, int64_t chat_id, int64_t *ret_message_id, bool *ret_is_photo);
/* Are the photos of that job, asked for again as photos or as files, still on their way, closing message included? */
bool outbox_is_coming(const struct outbox *outbox, int64_t chat_id, int64_t job_id, bool files);
size_t outbox_pending(const struct outbox *outbox);

#endif
