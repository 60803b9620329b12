/* The SQL of taking reference photos in: what is pending, and the verdict. */
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
    /* Of a good one, else empty: */
    const char *url; /* "store:…" */
    const uint8_t *sketch;
    size_t sketch_bytes;
    const int64_t *seen; /* the good ones it was compared with */
    size_t seen_count;
};

struct photos_unseen {
    int64_t id;
    const uint8_t *sketch; /* in the arena */
    size_t sketch_bytes;
};

/* The oldest pending ones, by id; the pending one of this id. Return the statement's index. */
int photos_add_pending(struct db_unit *unit, struct arena *arena, int limit);
int photos_add_find(struct db_unit *unit, struct arena *arena, int64_t id);
struct photos_pending photos_read_pending(const struct db_result *result, int statement, int row);

/* Before its picture ("store:…") is put into the store: the row names it. A row (its id) if the photo is pending. */
int photos_add_named(struct db_unit *unit, struct arena *arena, int64_t id, const char *url);
/* Records the verdict (three statements), unless a good one is still to be compared with others. Doing it again changes
 * nothing and reads the same. Returns the index that the two below want. */
int photos_add_examined(struct db_unit *unit, struct arena *arena, const struct photos_examined *photo);
/* The verdict that holds, which may be PHOTO_DUPLICATE for a good one. False: the photo is gone. */
bool photos_read_examined(const struct db_result *result, int statement, enum photo_verdict *ret_verdict);
/* The news of it; 0: an earlier call made them. */
int64_t photos_read_news(const struct db_result *result, int statement);
/* Those with which it is still to be compared, db_rows(result, statement + 1) of them: while there are any, nothing is
 * recorded. statement: what photos_add_examined returned. */
struct photos_unseen photos_read_unseen(const struct db_result *result, int statement, int row, struct arena *arena);

#endif
