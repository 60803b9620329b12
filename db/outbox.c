/* Statements of the outbox. An album is marked before its first byte leaves: after a crash a marked row means "perhaps
 * it arrived". */
#include "db/outbox.h"

#include "core/bug.h"

void outbox_add_load(struct db_unit *unit, struct arena *arena, int64_t bot_id)
{
    (void)db_unit_add(
        unit,
        "SELECT o.id, o.chat_id, o.kind, o.body, o.picture, COALESCE(o.job_id, 0), o.fresh, o.replace,"
        " COALESCE(s.screen_message_id, 0), COALESCE(s.screen_is_photo, FALSE), o.thread_id,"
        " COALESCE(o.attempted_after, 0), COALESCE(o.attempted_photo, -1), array_to_string(o.passed, ',')"
        " FROM outbox o LEFT JOIN LATERAL (SELECT * FROM bot_sessions WHERE chat_id = o.chat_id OFFSET 0) s ON TRUE"
        " ORDER BY o.id",
        0, NULL);
    (void)db_unit_add(unit, "SELECT high_message_id FROM bot_state WHERE bot_id = $1", 1,
                      (struct db_param[]){db_int64_param(arena, bot_id)});
    (void)db_unit_add(unit, "SELECT name, file_id FROM sent_files WHERE bot_id = $1", 1,
                      (struct db_param[]){db_int64_param(arena, bot_id)});
}

size_t outbox_read_rows(const struct db_result *result, struct arena *arena, struct outbox_row **ret_rows)
{
    size_t count = (size_t)db_rows(result, 0);
    struct outbox_row *rows = arena_array(arena, count, sizeof *rows);
    for (size_t i = 0; i < count; i++) {
        int row = (int)i;
        rows[i] = (struct outbox_row){.id = db_int64(result, 0, row, 0),
                                      .chat_id = db_int64(result, 0, row, 1),
                                      .kind = arena_copy(arena, db_text(result, 0, row, 2)),
                                      .body = arena_copy(arena, db_text(result, 0, row, 3)),
                                      .picture = arena_copy(arena, db_text(result, 0, row, 4)),
                                      .job_id = db_int64(result, 0, row, 5),
                                      .fresh = db_bool(result, 0, row, 6),
                                      .replace = db_bool(result, 0, row, 7),
                                      .screen_message_id = db_int64(result, 0, row, 8),
                                      .screen_is_photo = db_bool(result, 0, row, 9),
                                      .thread_id = db_int64(result, 0, row, 10),
                                      .tried_after = db_int64(result, 0, row, 11),
                                      .tried_photo = (int)db_int64(result, 0, row, 12),
                                      .passed = arena_copy(arena, db_text(result, 0, row, 13))};
    }
    *ret_rows = rows;
    return count;
}

int64_t outbox_read_high(const struct db_result *result)
{
    return db_rows(result, 1) > 0 ? db_int64(result, 1, 0, 0) : 0;
}

size_t outbox_read_files(const struct db_result *result, struct arena *arena, struct file_outcome **ret_files)
{
    size_t count = (size_t)db_rows(result, 2);
    struct file_outcome *files = arena_array(arena, count, sizeof *files);
    for (size_t i = 0; i < count; i++)
        files[i] = (struct file_outcome){arena_copy(arena, db_text(result, 2, (int)i, 0)),
                                         arena_copy(arena, db_text(result, 2, (int)i, 1))};
    *ret_files = files;
    return count;
}

void outbox_add_mark(struct db_unit *unit, struct arena *arena, int64_t row_id, int64_t high, int photo,
                     const char *body)
{
    (void)db_unit_add(unit,
                      "UPDATE outbox SET attempted_after = GREATEST(attempted_after, $2),"
                      " attempted_photo = NULLIF($3, -1), body = COALESCE($4, body) WHERE id = $1",
                      4,
                      (struct db_param[]){db_int64_param(arena, row_id), db_int64_param(arena, high),
                                          db_int64_param(arena, photo), db_text_param(body)});
}

void outbox_add_album(struct db_unit *unit, struct arena *arena, int64_t bot_id, int64_t job_id, const uint8_t *indexes,
                      size_t count)
{
    int64_t wide[ALBUM_MAX];
    for (size_t i = 0; i < count; i++)
        wide[i] = indexes[i];
    if (db_unit_count(unit) != 0)
        bug("an album is to be the first of its unit");
    (void)db_unit_add(unit,
                      "SELECT t.index, g.image_url,"
                      " CASE WHEN COALESCE(t.file_bot_id, $3) = $3 THEN t.photo_file_id END,"
                      " CASE WHEN COALESCE(t.file_bot_id, $3) = $3 THEN t.document_file_id END, t.delivery = 'sent',"
                      " (SELECT count(*) FROM photo_tasks a WHERE a.job_id = t.job_id),"
                      " (SELECT max(a.message_id) FROM generation_jobs mine JOIN generation_jobs j"
                      "  ON j.chat_id = mine.chat_id JOIN photo_tasks a ON a.job_id = j.id WHERE mine.id = t.job_id)"
                      " FROM photo_tasks t LEFT JOIN generated_photos g ON g.id = t.generated_photo_id"
                      " WHERE t.job_id = $1 AND t.index = ANY($2::int[]) ORDER BY t.index",
                      3,
                      (struct db_param[]){db_int64_param(arena, job_id), db_int64_array(arena, wide, count),
                                          db_int64_param(arena, bot_id)});
}

void outbox_read_album(const struct db_result *result, struct arena *arena, struct album *ret_album)
{
    *ret_album = (struct album){0};
    for (int row = 0; row < db_rows(result, 0) && ret_album->count < ALBUM_MAX; row++) {
        ret_album->photos[ret_album->count++] = (struct album_photo){
            .index = (int)db_int64(result, 0, row, 0),
            .url = arena_copy(arena, db_text(result, 0, row, 1)),
            .photo_file_id = arena_copy(arena, db_text(result, 0, row, 2)),
            .document_file_id = arena_copy(arena, db_text(result, 0, row, 3)),
            .sent = db_bool(result, 0, row, 4)};
        ret_album->total = (int32_t)db_int64(result, 0, row, 5);
        ret_album->last_message_id = db_int64(result, 0, row, 6);
    }
}
