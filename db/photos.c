/* Statements of taking photos in. The decision (same file twice, compared with all, still pending?) is photo_examined()
 * in the database; it answers NULL to a repeat, so the verdict is read back beside it: a caller whose first answer got
 * lost on the way learns from the second what became of the photo. */
#include "db/photos.h"

#include "db/words.h"

int photos_add_pending(struct db_unit *unit, struct arena *arena, int limit)
{
    return db_unit_add(unit,
                       "SELECT id, chat_id, file_id FROM photo_intake WHERE verdict = 'pending' ORDER BY id LIMIT $1",
                       1, (struct db_param[]){db_int64_param(arena, limit)});
}

int photos_add_find(struct db_unit *unit, struct arena *arena, int64_t id)
{
    return db_unit_add(unit, "SELECT id, chat_id, file_id FROM photo_intake WHERE id = $1 AND verdict = 'pending'", 1,
                       (struct db_param[]){db_int64_param(arena, id)});
}

struct photos_pending photos_read_pending(const struct db_result *result, int statement, int row)
{
    return (struct photos_pending){.id = db_int64(result, statement, row, 0),
                                   .chat_id = db_int64(result, statement, row, 1),
                                   .file_id = db_text(result, statement, row, 2)};
}

int photos_add_named(struct db_unit *unit, struct arena *arena, int64_t id, const char *url)
{
    return db_unit_add(unit,
                       "UPDATE photo_intake SET image_url = $2 WHERE id = $1 AND verdict = 'pending' RETURNING id", 2,
                       (struct db_param[]){db_int64_param(arena, id), db_text_param(url)});
}

int photos_add_examined(struct db_unit *unit, struct arena *arena, const struct photos_examined *photo)
{
    struct db_param id = db_int64_param(arena, photo->id), seen = db_int64_array(arena, photo->seen, photo->seen_count);
    (void)db_unit_add(unit, "SELECT final, news FROM photo_examined($1, $2, $3, $4, $5)", 5,
                      (struct db_param[]){id, db_text_param(words_of_verdict(photo->verdict)),
                                          db_bytea_param(arena, photo->sketch, photo->sketch_bytes), seen,
                                          db_text_param(photo->url)});
    int verdict = db_unit_add(unit, "SELECT verdict FROM photo_intake WHERE id = $1 AND verdict <> 'pending'", 1, &id);
    (void)db_unit_add(unit, "SELECT id, sketch FROM photo_unseen($1, $2) WHERE $3", 3,
                      (struct db_param[]){id, seen, db_bool_param(photo->verdict == PHOTO_GOOD)});
    return verdict;
}

bool photos_read_examined(const struct db_result *result, int statement, enum photo_verdict *ret_verdict)
{
    if (db_rows(result, statement) == 0)
        return false;
    *ret_verdict = words_verdict(db_text(result, statement, 0, 0));
    return true;
}

int64_t photos_read_news(const struct db_result *result, int statement)
{
    return db_int64(result, statement - 1, 0, 1);
}

struct photos_unseen photos_read_unseen(const struct db_result *result, int statement, int row, struct arena *arena)
{
    struct photos_unseen unseen = {.id = db_int64(result, statement + 1, row, 0)};
    unseen.sketch = db_bytea(result, statement + 1, row, 1, arena, &unseen.sketch_bytes);
    return unseen;
}
