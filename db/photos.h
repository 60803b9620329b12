/* The SQL of taking reference photos in: what is pending, what was lost on the way to the user, and the verdict. */
#ifndef DB_PHOTOS_H
#define DB_PHOTOS_H

#include "core/event.h"
#include "db/db.h"

struct photos_pending {
    int64_t id, chat_id;
    const char *file_id; /* borrowed from the result */
};

struct photos_examined {
    int64_t id;
    enum photo_verdict verdict;
    uint64_t hash;
    int near_bits;   /* up to so many differing bits it is the same picture */
    const char *url; /* "store:…" of a good one, else NULL */
    int max;         /* photos of an avatar */
};

struct photos_news {
    int64_t chat_id, id;
    enum photo_verdict verdict;
};

/* The oldest pending ones, by id. Returns the statement's index. */
int photos_add_pending(struct db_unit *unit, struct arena *arena, int limit);
struct photos_pending photos_read_pending(const struct db_result *result, int statement, int row);

/* A row for each chat that collects photos and may have missed a verdict of the last day, because the process died
 * between the verdict and the news of it. */
int photos_add_missed(struct db_unit *unit);
struct photos_news photos_read_missed(const struct db_result *result, int statement, int row);

/* Records the verdict (two statements). Doing it again changes nothing and reads the same. Returns the index that
 * photos_read_examined wants. */
int photos_add_examined(struct db_unit *unit, struct arena *arena, const struct photos_examined *photo);
/* The verdict that holds, which may be PHOTO_DUPLICATE for a good one. False: the photo is gone. */
bool photos_read_examined(const struct db_result *result, int statement, enum photo_verdict *ret_verdict);

#endif
