/* What people agreed to, and the photos that wait for it, as statements. A consent is two facts: what holds now, beside
 * the user, and what happened, with the words as they were shown. */
#include "db/records_private.h"
#include "db/words.h"

/* The history: the hash is of the words as the person saw them. */
static void add_history(struct db_unit *unit, struct arena *arena, const struct run *run, struct db_param at)
{
    int64_t *versions = arena_array(arena, run->count, sizeof *versions);
    bool *given = arena_array(arena, run->count, sizeof *given);
    const char **kinds = arena_array(arena, run->count, sizeof *kinds);
    const char **langs = arena_array(arena, run->count, sizeof *langs);
    const char **texts = arena_array(arena, run->count, sizeof *texts);
    for (size_t i = 0; i < run->count; i++) {
        versions[i] = run->list[i]->consent.version;
        given[i] = run->list[i]->consent.given;
        kinds[i] = words_of_consent(run->list[i]->consent.kind);
        langs[i] = run->list[i]->consent.lang;
        texts[i] = run->list[i]->consent.words;
    }
    (void)db_unit_add(
        unit,
        "INSERT INTO bot_consents (user_id, kind, version, given, lang, text_sha256, at)"
        " SELECT u, k, v, g, l, sha256(convert_to(t, 'UTF8')), " DB_TIME_OF_MS(
            "$7") " FROM unnest($1::int[], $2::text[], $3::int[], $4::bool[], $5::text[], $6::text[])"
                  " WITH ORDINALITY r(u, k, v, g, l, t, n) ORDER BY n",
        7,
        (struct db_param[]){db_int64_array(arena, records_users(arena, run), run->count),
                            db_text_array(arena, kinds, run->count), db_int64_array(arena, versions, run->count),
                            db_bool_array(arena, given, run->count), db_text_array(arena, langs, run->count),
                            db_text_array(arena, texts, run->count), at});
}

/* What holds of one kind. Somebody may change their mind within the turn: the last word counts. */
static void add_consents_of(struct db_unit *unit, struct arena *arena, const struct run *run, enum consent consent,
                            struct db_param at)
{
    static const char *const sql[CONSENT_COUNT] = {
        [CONSENT_OFFER] = "INSERT INTO bot_users (user_id, consent_version, consent_at)"
                          " SELECT DISTINCT ON (u) u, NULLIF(v, 0), " DB_TIME_OF_MS(
                              "$3") " FROM unnest($1::int[], $2::int[]) WITH ORDINALITY r(u, v, n) ORDER BY u, n DESC"
                                    " ON CONFLICT (user_id) DO UPDATE SET consent_version = EXCLUDED.consent_version,"
                                    " consent_at = EXCLUDED.consent_at",
        [CONSENT_PERSONAL_DATA] =
            "INSERT INTO bot_users (user_id, data_consent_version, data_consent_at)"
            " SELECT DISTINCT ON (u) u, NULLIF(v, 0), " DB_TIME_OF_MS(
                "$3") " FROM unnest($1::int[], $2::int[]) WITH ORDINALITY r(u, v, n) ORDER BY u, n DESC"
                      " ON CONFLICT (user_id) DO UPDATE SET"
                      " data_consent_version = EXCLUDED.data_consent_version,"
                      " data_consent_at = EXCLUDED.data_consent_at"};
    int64_t *ids = arena_array(arena, run->count, sizeof *ids), *versions = arena_array(arena, run->count, sizeof *ids);
    size_t count = 0;
    for (size_t i = 0; i < run->count; i++) {
        if (run->list[i]->consent.kind != consent)
            continue;
        ids[count] = run->chats[i]->user.id;
        versions[count++] = run->list[i]->consent.given ? run->list[i]->consent.version : 0;
    }
    if (count > 0)
        (void)db_unit_add(
            unit, sql[consent], 3,
            (struct db_param[]){db_int64_array(arena, ids, count), db_int64_array(arena, versions, count), at});
}

void records_consent(struct db_unit *unit, struct arena *arena, const struct run *run)
{
    struct db_param at = db_int64_param(arena, run->unix_ms);
    add_history(unit, arena, run, at);
    for (int consent = 0; consent < CONSENT_COUNT; consent++)
        add_consents_of(unit, arena, run, (enum consent)consent, at);
}

void records_photo_hold(struct db_unit *unit, struct arena *arena, const struct run *run)
{
    int64_t *ids = arena_array(arena, run->count, sizeof *ids), *chats = arena_array(arena, run->count, sizeof *ids);
    int64_t *sizes = arena_array(arena, run->count, sizeof *sizes);
    bool *as_photo = arena_array(arena, run->count, sizeof *as_photo);
    const char **files = arena_array(arena, run->count, sizeof *files);
    const char **uniques = arena_array(arena, run->count, sizeof *uniques);
    for (size_t i = 0; i < run->count; i++) {
        const struct event_file *file = run->list[i]->photo_hold.file;
        ids[i] = run->list[i]->photo_hold.held_id;
        chats[i] = run->chats[i]->id;
        sizes[i] = file->size_bytes;
        as_photo[i] = file->as_photo;
        files[i] = file->file_id;
        uniques[i] = file->file_unique_id;
    }
    (void)db_unit_add(
        unit,
        "INSERT INTO held_photos (id, user_id, chat_id, size_bytes, file_id, file_unique_id, as_photo)"
        " SELECT * FROM unnest($1::bigint[], $2::int[], $3::bigint[], $4::bigint[], $5::text[], $6::text[], "
        "$7::bool[])",
        7,
        (struct db_param[]){db_int64_array(arena, ids, run->count),
                            db_int64_array(arena, records_users(arena, run), run->count),
                            db_int64_array(arena, chats, run->count), db_int64_array(arena, sizes, run->count),
                            db_text_array(arena, files, run->count), db_text_array(arena, uniques, run->count),
                            db_bool_array(arena, as_photo, run->count)});
}

void records_held_clear(struct db_unit *unit, struct arena *arena, const struct run *run)
{
    int64_t *chats = arena_array(arena, run->count, sizeof *chats);
    for (size_t i = 0; i < run->count; i++)
        chats[i] = run->chats[i]->id;
    (void)db_unit_add(unit, "DELETE FROM held_photos WHERE chat_id = ANY($1::bigint[])", 1,
                      (struct db_param[]){db_int64_array(arena, chats, run->count)});
}
