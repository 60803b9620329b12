/* The outbox's own reading and marking; rows are written and deleted by the turn (db/commit.h). */
#ifndef DB_OUTBOX_H
#define DB_OUTBOX_H

#include "core/arena.h"
#include "core/effect.h"
#include "db/commit.h"
#include "db/db.h"

/* All rows, in order, with the living message of their chats; and the known file ids of this bot. */
void outbox_add_load(struct db_unit *unit, struct arena *arena, int64_t bot_id);
size_t outbox_read_rows(const struct db_result *result, struct arena *arena, struct outbox_row **ret_rows);
/* The highest id of a message that was seen anywhere, as the last turn knew. */
int64_t outbox_read_high(const struct db_result *result);
size_t outbox_read_files(const struct db_result *result, struct arena *arena, struct file_outcome **ret_files);

/* The album is tried from now on: high is the highest message id known to the bot, its photos lie above it. photo:
 * the index of the one that goes alone; -1 = all that were not sent go together. body: the row's from now on; NULL = as
 * it is. */
void outbox_add_mark(struct db_unit *unit, struct arena *arena, int64_t row_id, int64_t high, int photo,
                     const char *body);
/* What an album needs: its pictures, and what is known of them. The first of its unit. */
void outbox_add_album(struct db_unit *unit, struct arena *arena, int64_t bot_id, int64_t job_id, const uint8_t *indexes,
                      size_t count);

struct album_photo {
    int index;
    const char *url;                              /* "store:<name>"; NULL: the picture is gone */
    const char *photo_file_id, *document_file_id; /* NULL = not known to this bot */
    bool sent;                                    /* recorded as delivered */
};
struct album {
    int64_t last_message_id;              /* the newest photo known to be in the chat; 0 = none */
    struct album_photo photos[ALBUM_MAX]; /* by index */
    size_t count;
    int32_t total; /* photos of the set */
};
void outbox_read_album(const struct db_result *result, struct arena *arena, struct album *ret_album);

#endif
