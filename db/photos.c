/* Statements of the intake. The decision (same picture twice, still pending?) is photo_examined() in the database; it
 * answers NULL to a repeat, so the verdict is read back beside it: a caller whose first answer got lost on the way
 * learns from the second what became of the photo. */
#include "db/photos.h"

#include "db/words.h"

int photos_add_pending(struct db_unit *unit, struct arena *arena, int limit)
{
    return db_unit_add(unit,
                       "SELECT id, chat_id, file_id FROM photo_intake WHERE verdict = 'pending' ORDER BY id LIMIT $1",
                       1, (struct db_param[]){db_int64_param(arena, limit)});
}

struct photos_pending photos_read_pending(const struct db_result *result, int statement, int row)
{
    return (struct photos_pending){.id = db_int64(result, statement, row, 0),
                                   .chat_id = db_int64(result, statement, row, 1),
                                   .file_id = db_text(result, statement, row, 2)};
}

int photos_add_missed(struct db_unit *unit)
{
    return db_unit_add(unit,
                       "SELECT DISTINCT ON (s.chat_id) s.chat_id, i.id, i.verdict FROM bot_sessions s"
                       " JOIN photo_intake i ON i.avatar_id = s.avatar_id AND i.chat_id = s.chat_id"
                       " WHERE s.state = 'photos' AND s.avatar_id <> 0 AND i.verdict <> 'pending'"
                       " AND i.created_at > now() - interval '1 day' ORDER BY s.chat_id, i.id DESC",
                       0, NULL);
}

struct photos_news photos_read_missed(const struct db_result *result, int statement, int row)
{
    return (struct photos_news){.chat_id = db_int64(result, statement, row, 0),
                                .id = db_int64(result, statement, row, 1),
                                .verdict = words_verdict(db_text(result, statement, row, 2))};
}

int photos_add_examined(struct db_unit *unit, struct arena *arena, const struct photos_examined *photo)
{
    (void)db_unit_add(
        unit, "SELECT photo_examined($1, $2, $3, $4, $5, $6)", 6,
        (struct db_param[]){db_int64_param(arena, photo->id), db_text_param(words_of_verdict(photo->verdict)),
                            db_int64_param(arena, (int64_t)photo->hash), db_int64_param(arena, photo->near_bits),
                            db_text_param(photo->url), db_int64_param(arena, photo->max)});
    return db_unit_add(unit, "SELECT verdict FROM photo_intake WHERE id = $1 AND verdict <> 'pending'", 1,
                       (struct db_param[]){db_int64_param(arena, photo->id)});
}

bool photos_read_examined(const struct db_result *result, int statement, enum photo_verdict *ret_verdict)
{
    if (db_rows(result, statement) == 0)
        return false;
    *ret_verdict = words_verdict(db_text(result, statement, 0, 0));
    return true;
}
