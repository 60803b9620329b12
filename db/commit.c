/* The fixed part of a turn's transaction: the head that fences it, the outbox in and out. One statement for any number
 * of rows, by unnest: a turn of a hundred chats costs what a turn of one does, and one fsync. The sessions are in
 * db/session.c, the records in db/records.c. */
#include "db/commit.h"

#include <stdlib.h>
#include <string.h>

void commit_add_head(struct db_unit *unit, struct arena *arena, const struct commit_head *head)
{
    (void)db_unit_add(unit, "SELECT bot_turn($1, $2, $3, $4, $5, $6, $7)", 7,
                      (struct db_param[]){db_int64_param(arena, head->bot_id), db_text_param(head->owner),
                                          db_int64_param(arena, head->turn), db_int64_param(arena, head->offset),
                                          db_int64_param(arena, head->next_offset), db_int64_param(arena, head->try),
                                          db_int64_param(arena, head->high_message_id)});
}

void commit_add_outbox(struct db_unit *unit, struct arena *arena, const struct outbox_row *rows, size_t count)
{
    if (count == 0)
        return;
    int64_t *ids = arena_array(arena, count, sizeof *ids), *chats = arena_array(arena, count, sizeof *chats);
    int64_t *jobs = arena_array(arena, count, sizeof *jobs), *threads = arena_array(arena, count, sizeof *threads);
    const char **kinds = arena_array(arena, count, sizeof *kinds), **bodies = arena_array(arena, count, sizeof *bodies);
    const char **pictures = arena_array(arena, count, sizeof *pictures);
    bool *fresh = arena_array(arena, count, sizeof *fresh), *replace = arena_array(arena, count, sizeof *replace);
    for (size_t i = 0; i < count; i++) {
        ids[i] = rows[i].id;
        chats[i] = rows[i].chat_id;
        jobs[i] = rows[i].job_id;
        threads[i] = rows[i].thread_id;
        kinds[i] = rows[i].kind;
        bodies[i] = rows[i].body;
        pictures[i] = rows[i].picture;
        fresh[i] = rows[i].fresh;
        replace[i] = rows[i].replace;
    }
    (void)db_unit_add(unit,
                      "INSERT INTO outbox (id, chat_id, job_id, kind, body, picture, fresh, replace, thread_id)"
                      " SELECT i, c, NULLIF(j, 0), k, b, p, f, r, t FROM unnest($1::bigint[], $2::bigint[], $3::int[],"
                      " $4::text[], $5::text[], $6::text[], $7::bool[], $8::bool[], $9::bigint[])"
                      " o(i, c, j, k, b, p, f, r, t)",
                      9,
                      (struct db_param[]){db_int64_array(arena, ids, count), db_int64_array(arena, chats, count),
                                          db_int64_array(arena, jobs, count), db_text_array(arena, kinds, count),
                                          db_text_array(arena, bodies, count), db_text_array(arena, pictures, count),
                                          db_bool_array(arena, fresh, count), db_bool_array(arena, replace, count),
                                          db_int64_array(arena, threads, count)});
}

static int compare_photos(const void *a, const void *b)
{
    const struct photo_outcome *left = *(const struct photo_outcome *const *)a;
    const struct photo_outcome *right = *(const struct photo_outcome *const *)b;
    if (left->job_id != right->job_id)
        return left->job_id < right->job_id ? -1 : 1;
    if (left->index != right->index)
        return left->index < right->index ? -1 : 1;
    return left < right ? -1 : left > right; /* in the order in which they came */
}

/* Arrived is the last word; then refused. An album is put back as a whole, whatever arrived of it before. */
static int weight(const char *delivery)
{
    static const char *const words[] = {"none", "refused", "sent"};
    int weight = 0;
    for (int i = 0; i < 3 && delivery != NULL; i++)
        weight = strcmp(delivery, words[i]) == 0 ? i + 1 : weight;
    return weight;
}

/* What two outcomes of one photo say together: a statement changes a row once. */
static void merge(struct photo_outcome *photo, const struct photo_outcome *next)
{
    if (weight(next->delivery) > weight(photo->delivery)) {
        photo->delivery = next->delivery;
        photo->message_id = next->message_id;
    }
    photo->photo_file_id = next->photo_file_id != NULL ? next->photo_file_id : photo->photo_file_id;
    photo->document_file_id = next->document_file_id != NULL ? next->document_file_id : photo->document_file_id;
}

/* One a photo; returns how many. */
static size_t merge_photos(struct arena *arena, const struct photo_outcome *photos, size_t count,
                           struct photo_outcome *merged)
{
    const struct photo_outcome **sorted = arena_array(arena, count, sizeof *sorted);
    size_t rows = 0;
    for (size_t i = 0; i < count; i++)
        sorted[i] = &photos[i];
    qsort(sorted, count, sizeof *sorted, compare_photos);
    for (size_t i = 0; i < count; i++)
        if (i > 0 && sorted[i]->job_id == merged[rows - 1].job_id && sorted[i]->index == merged[rows - 1].index)
            merge(&merged[rows - 1], sorted[i]);
        else
            merged[rows++] = *sorted[i];
    return rows;
}

/* Ids of files are the bot's that sent them: those of another one, of no use to this, go with the first of its own. */
static void add_photos(struct db_unit *unit, struct arena *arena, int64_t bot_id, const struct photo_outcome *photos,
                       size_t count)
{
    struct photo_outcome *merged = arena_array(arena, count, sizeof *merged);
    size_t rows = merge_photos(arena, photos, count, merged);
    int64_t *jobs = arena_array(arena, rows, sizeof *jobs), *indexes = arena_array(arena, rows, sizeof *indexes);
    int64_t *messages = arena_array(arena, rows, sizeof *messages);
    const char **deliveries = arena_array(arena, rows, sizeof *deliveries);
    const char **photo_ids = arena_array(arena, rows, sizeof *photo_ids);
    const char **document_ids = arena_array(arena, rows, sizeof *document_ids);
    for (size_t i = 0; i < rows; i++) {
        jobs[i] = merged[i].job_id;
        indexes[i] = merged[i].index;
        messages[i] = merged[i].message_id;
        deliveries[i] = merged[i].delivery;
        photo_ids[i] = merged[i].photo_file_id;
        document_ids[i] = merged[i].document_file_id;
    }
    (void)db_unit_add(unit,
                      "UPDATE photo_tasks t SET delivery = CASE WHEN p.d = 'none' AND t.delivery IN ('sent', 'refused')"
                      " THEN t.delivery ELSE COALESCE(p.d, t.delivery) END,"
                      " message_id = CASE WHEN p.d = 'sent' THEN p.m ELSE t.message_id END,"
                      " photo_file_id = COALESCE(p.pf, CASE WHEN p.df IS NULL OR COALESCE(t.file_bot_id, $7) = $7"
                      "  THEN t.photo_file_id END),"
                      " document_file_id = COALESCE(p.df, CASE WHEN p.pf IS NULL OR COALESCE(t.file_bot_id, $7) = $7"
                      "  THEN t.document_file_id END),"
                      " file_bot_id = CASE WHEN p.pf IS NULL AND p.df IS NULL THEN t.file_bot_id ELSE $7 END"
                      " FROM unnest($1::int[], $2::int[], $3::bigint[], $4::text[], $5::text[], $6::text[])"
                      " p(j, i, m, d, pf, df) WHERE t.job_id = p.j AND t.index = p.i",
                      7,
                      (struct db_param[]){db_int64_array(arena, jobs, rows), db_int64_array(arena, indexes, rows),
                                          db_int64_array(arena, messages, rows), db_text_array(arena, deliveries, rows),
                                          db_text_array(arena, photo_ids, rows),
                                          db_text_array(arena, document_ids, rows), db_int64_param(arena, bot_id)});
}

static void add_screens(struct db_unit *unit, struct arena *arena, const struct screen_outcome *screens, size_t count)
{
    int64_t *chats = arena_array(arena, count, sizeof *chats), *messages = arena_array(arena, count, sizeof *messages);
    bool *photos = arena_array(arena, count, sizeof *photos);
    for (size_t i = 0; i < count; i++) {
        chats[i] = screens[i].chat_id;
        messages[i] = screens[i].message_id;
        photos[i] = screens[i].is_photo;
    }
    (void)db_unit_add(unit,
                      "UPDATE bot_sessions s SET screen_message_id = r.m, screen_is_photo = r.p"
                      " FROM unnest($1::bigint[], $2::bigint[], $3::bool[]) r(c, m, p) WHERE s.chat_id = r.c",
                      3,
                      (struct db_param[]){db_int64_array(arena, chats, count), db_int64_array(arena, messages, count),
                                          db_bool_array(arena, photos, count)});
}

/* The words that passed a message that may be looked for are known to whoever does. */
static void add_passed(struct db_unit *unit, struct arena *arena, const struct done_outcome *done, size_t count)
{
    int64_t *chats = arena_array(arena, count, sizeof *chats), *messages = arena_array(arena, count, sizeof *messages);
    size_t rows = 0;
    for (size_t i = 0; i < count; i++) {
        if (done[i].passed == 0)
            continue;
        chats[rows] = done[i].chat_id;
        messages[rows++] = done[i].passed;
    }
    if (rows > 0)
        (void)db_unit_add(
            unit,
            "UPDATE outbox o SET passed = o.passed || p.m FROM (SELECT c, array_agg(m) m"
            " FROM unnest($1::bigint[], $2::bigint[]) u(c, m) GROUP BY c) p"
            " WHERE o.chat_id = p.c AND o.attempted_after IS NOT NULL",
            2, (struct db_param[]){db_int64_array(arena, chats, rows), db_int64_array(arena, messages, rows)});
}

static void add_done(struct db_unit *unit, struct arena *arena, const struct done_outcome *done, size_t count)
{
    int64_t *ids = arena_array(arena, count, sizeof *ids);
    for (size_t i = 0; i < count; i++)
        ids[i] = done[i].row_id;
    (void)db_unit_add(unit, "DELETE FROM outbox WHERE id = ANY($1::bigint[])", 1,
                      (struct db_param[]){db_int64_array(arena, ids, count)});
}

void commit_add_outcomes(struct db_unit *unit, struct arena *arena, int64_t bot_id,
                         const struct outbox_outcomes *outcomes)
{
    if (outcomes->done_count > 0) {
        add_done(unit, arena, outcomes->done, outcomes->done_count);
        add_passed(unit, arena, outcomes->done, outcomes->done_count);
    }
    if (outcomes->photo_count > 0)
        add_photos(unit, arena, bot_id, outcomes->photos, outcomes->photo_count);
    if (outcomes->screen_count > 0)
        add_screens(unit, arena, outcomes->screens, outcomes->screen_count);
    for (size_t i = 0; i < outcomes->file_count; i++)
        (void)db_unit_add(unit,
                          "INSERT INTO sent_files (bot_id, name, file_id) VALUES ($1, $2, $3)"
                          " ON CONFLICT (bot_id, name) DO UPDATE SET file_id = EXCLUDED.file_id",
                          3,
                          (struct db_param[]){db_int64_param(arena, bot_id), db_text_param(outcomes->files[i].name),
                                              db_text_param(outcomes->files[i].file_id)});
}

void commit_add_poison(struct db_unit *unit, struct arena *arena, int64_t bot_id, const struct poison *poison)
{
    (void)db_unit_add(unit, "INSERT INTO poison_updates (bot_id, update_id, why, raw) VALUES ($1, $2, $3, $4)", 4,
                      (struct db_param[]){db_int64_param(arena, bot_id), db_int64_param(arena, poison->update_id),
                                          db_text_param(poison->why),
                                          db_bytea_param(arena, poison->raw, poison->raw_bytes)});
}
