/* The record effects of a turn as statements, one function a kind (core/effects.def); which of them are guarded, and
 * why, is said in db/deed.h. Effects of different chats are independent, those of one chat keep their
 * order: in rounds, each kind in turn takes from every chat the run of that kind it stands at, so a hundred newcomers
 * are one INSERT. Kinds that are rare are a statement each. Every statement names the user or the avatar by what was
 * loaded for that very chat. */
#include "core/bug.h"
#include "db/commit.h"

#include <stdlib.h>

#include "db/deed.h"
#include "db/records_private.h"
#include "db/words.h"

int64_t *records_users(struct arena *arena, const struct run *run)
{
    int64_t *ids = arena_array(arena, run->count, sizeof *ids);
    for (size_t i = 0; i < run->count; i++)
        ids[i] = run->chats[i]->user.id;
    return ids;
}

/* The device id may be taken: by the row of an account that the web application unlinked from Telegram. */
void records_register_user(struct db_unit *unit, struct arena *arena, const struct run *run)
{
    int64_t *ids = arena_array(arena, run->count, sizeof *ids), *chats = arena_array(arena, run->count, sizeof *chats);
    const char **codes = arena_array(arena, run->count, sizeof *codes);
    for (size_t i = 0; i < run->count; i++) {
        ids[i] = run->list[i]->register_user.user_id;
        chats[i] = run->chats[i]->id;
        codes[i] = run->list[i]->register_user.referral_code;
    }
    struct db_param params[3] = {db_int64_array(arena, ids, run->count), db_int64_array(arena, chats, run->count),
                                 db_text_array(arena, codes, run->count)};
    (void)db_unit_add(unit,
                      "INSERT INTO users (id, device_id, telegram_user_id)"
                      " SELECT u, 'tg:' || c || CASE WHEN EXISTS (SELECT 1 FROM users WHERE device_id = 'tg:' || c)"
                      " THEN ':' || u ELSE '' END, c FROM unnest($1::int[], $2::bigint[]) r(u, c)",
                      2, params);
    (void)db_unit_add(unit,
                      "INSERT INTO bot_users (user_id, referral_code)"
                      " SELECT u, k FROM unnest($1::int[], $2::text[]) r(u, k)",
                      2, (struct db_param[]){params[0], params[2]});
}

void records_contact(struct db_unit *unit, struct arena *arena, const struct run *run)
{
    for (size_t i = 0; i < run->count; i++)
        (void)db_unit_add(unit,
                          "INSERT INTO bot_users (user_id, receipt_contact) VALUES ($1, $2)"
                          " ON CONFLICT (user_id) DO UPDATE SET receipt_contact = EXCLUDED.receipt_contact",
                          2,
                          (struct db_param[]){db_int64_param(arena, run->chats[i]->user.id),
                                              db_text_param(run->list[i]->contact.contact)});
}

/* Who is reachable again hears of the sets that were put back meanwhile. */
void records_blocked(struct db_unit *unit, struct arena *arena, const struct run *run)
{
    for (size_t i = 0; i < run->count; i++)
        (void)db_unit_add(
            unit,
            "INSERT INTO bot_users (user_id, blocked_at) VALUES ($1, " DB_TIME_OF_MS(
                "$2") ")"
                      " ON CONFLICT (user_id) DO UPDATE SET blocked_at = EXCLUDED.blocked_at",
            2,
            (struct db_param[]){db_int64_param(arena, run->chats[i]->user.id),
                                run->list[i]->blocked.is_blocked ? db_int64_param(arena, run->unix_ms) : db_null()});
    for (size_t i = 0; i < run->count; i++)
        if (!run->list[i]->blocked.is_blocked)
            (void)db_unit_add(unit,
                              "SELECT news_add(chat_id, 'job_progress', id, 0, NULL) FROM generation_jobs"
                              " WHERE chat_id = $1 AND told_at IS NULL",
                              1, (struct db_param[]){db_int64_param(arena, run->chats[i]->id)});
}

void records_avatar_create(struct db_unit *unit, struct arena *arena, const struct run *run)
{
    int64_t *ids = arena_array(arena, run->count, sizeof *ids);
    const char **names = arena_array(arena, run->count, sizeof *names);
    for (size_t i = 0; i < run->count; i++) {
        ids[i] = run->list[i]->avatar_create.avatar_id;
        names[i] = run->list[i]->avatar_create.name;
    }
    (void)db_unit_add(unit,
                      "INSERT INTO avatars (id, user_id, name)"
                      " SELECT * FROM unnest($1::int[], $2::int[], $3::text[])",
                      3,
                      (struct db_param[]){db_int64_array(arena, ids, run->count),
                                          db_int64_array(arena, records_users(arena, run), run->count),
                                          db_text_array(arena, names, run->count)});
}

void records_avatar_rename(struct db_unit *unit, struct arena *arena, const struct run *run)
{
    for (size_t i = 0; i < run->count; i++)
        (void)db_unit_add(
            unit, DEED("UPDATE avatars SET name = $3, updated_at = now() WHERE id = $1 AND user_id = $2", "1"), 3,
            (struct db_param[]){db_int64_param(arena, run->list[i]->avatar_rename.avatar_id),
                                db_int64_param(arena, run->chats[i]->user.id),
                                db_text_param(run->list[i]->avatar_rename.name)});
}

/* Not one that money came for since the turn was loaded: its set would go with it. The column is the avatar's own, so
 * that a deletion that had to wait for the settlement sees what it wrote. */
void records_avatar_delete(struct db_unit *unit, struct arena *arena, const struct run *run)
{
    for (size_t i = 0; i < run->count; i++)
        (void)db_unit_add(
            unit,
            DEED("DELETE FROM avatars WHERE id = $1 AND user_id = $2 AND status IS DISTINCT FROM 'processing'", "1"), 2,
            (struct db_param[]){db_int64_param(arena, run->list[i]->avatar_delete.avatar_id),
                                db_int64_param(arena, run->chats[i]->user.id)});
}

void records_photo_add(struct db_unit *unit, struct arena *arena, const struct run *run)
{
    int64_t *ids = arena_array(arena, run->count, sizeof *ids), *avatars = arena_array(arena, run->count, sizeof *ids);
    int64_t *chats = arena_array(arena, run->count, sizeof *chats);
    int64_t *numbers = arena_array(arena, run->count, sizeof *ids);
    bool *as_photo = arena_array(arena, run->count, sizeof *as_photo);
    const char **files = arena_array(arena, run->count, sizeof *files);
    const char **uniques = arena_array(arena, run->count, sizeof *uniques);
    for (size_t i = 0; i < run->count; i++) {
        const struct event_file *file = run->list[i]->photo_add.file;
        ids[i] = run->list[i]->photo_add.intake_id;
        avatars[i] = run->list[i]->photo_add.avatar_id;
        chats[i] = run->chats[i]->id;
        numbers[i] = run->list[i]->photo_add.number;
        files[i] = file->file_id;
        uniques[i] = file->file_unique_id;
        as_photo[i] = file->as_photo;
    }
    (void)db_unit_add(
        unit,
        DEED("INSERT INTO photo_intake (id, avatar_id, chat_id, number, file_id, file_unique_id, as_photo,"
             " file_bot_id) SELECT i, a, c, n, f, q, p, $9 FROM unnest($1::bigint[], $2::int[], $3::bigint[], "
             "$4::int[], $5::text[],"
             " $6::text[], $7::bool[], $8::int[]) r(i, a, c, n, f, q, p, u)"
             " JOIN avatars ON avatars.id = r.a AND avatars.user_id = r.u",
             "cardinality($1::bigint[])"),
        9,
        (struct db_param[]){db_int64_array(arena, ids, run->count), db_int64_array(arena, avatars, run->count),
                            db_int64_array(arena, chats, run->count), db_int64_array(arena, numbers, run->count),
                            db_text_array(arena, files, run->count), db_text_array(arena, uniques, run->count),
                            db_bool_array(arena, as_photo, run->count),
                            db_int64_array(arena, records_users(arena, run), run->count),
                            db_int64_param(arena, run->bot_id)});
}

void records_photo_told(struct db_unit *unit, struct arena *arena, const struct run *run)
{
    int64_t *ids = arena_array(arena, run->count, sizeof *ids);
    for (size_t i = 0; i < run->count; i++)
        ids[i] = run->list[i]->photo_told.intake_id;
    (void)db_unit_add(unit, "UPDATE photo_intake SET told = TRUE WHERE id = ANY($1::bigint[])", 1,
                      (struct db_param[]){db_int64_array(arena, ids, run->count)});
}

/* The avatar is there and no paid set is being made from its photos. Held until the commit, so nobody pays for it in
 * between. */
static void add_free_avatar(struct db_unit *unit, struct arena *arena, int64_t avatar_id, const struct chat *chat)
{
    (void)db_unit_add(unit,
                      "WITH free AS (SELECT 1 FROM avatars WHERE id = $1 AND user_id = $2"
                      " AND status IS DISTINCT FROM 'processing' FOR UPDATE) SELECT bot_deed(count(*), 1) FROM free",
                      2, (struct db_param[]){db_int64_param(arena, avatar_id), db_int64_param(arena, chat->user.id)});
}

void records_photo_drop(struct db_unit *unit, struct arena *arena, const struct run *run)
{
    for (size_t i = 0; i < run->count; i++) {
        int64_t avatar_id = run->list[i]->photo_drop.avatar_id;
        add_free_avatar(unit, arena, avatar_id, run->chats[i]);
        (void)db_unit_add(unit,
                          DEED("DELETE FROM reference_photos WHERE id = (SELECT max(r.id) FROM reference_photos r"
                               " WHERE r.avatar_id = $1 AND " WORDS_PHOTO_IS_OURS ")",
                               "1"),
                          1, (struct db_param[]){db_int64_param(arena, avatar_id)});
    }
}

void records_photos_clear(struct db_unit *unit, struct arena *arena, const struct run *run)
{
    for (size_t i = 0; i < run->count; i++) {
        struct db_param avatar = db_int64_param(arena, run->list[i]->photos_clear.avatar_id);
        add_free_avatar(unit, arena, run->list[i]->photos_clear.avatar_id, run->chats[i]);
        (void)db_unit_add(unit, "DELETE FROM photo_intake WHERE avatar_id = $1", 1, &avatar);
        (void)db_unit_add(unit, "DELETE FROM reference_photos WHERE avatar_id = $1", 1, &avatar);
    }
}

const struct order_terms *records_terms(const struct run *run, int64_t order_id)
{
    for (size_t i = 0; i < run->term_count; i++)
        if (run->terms[i].order_id == order_id)
            return &run->terms[i];
    bug("an order without terms");
}

void records_job_finished(struct db_unit *unit, struct arena *arena, const struct run *run)
{
    for (size_t i = 0; i < run->count; i++)
        (void)db_unit_add(unit,
                          DEED("UPDATE generation_jobs SET told_at = " DB_TIME_OF_MS(
                                   "$3") " WHERE id = $1 AND chat_id = $2 AND told_at IS NULL",
                               "1"),
                          3,
                          (struct db_param[]){db_int64_param(arena, run->list[i]->job_finished.job_id),
                                              db_int64_param(arena, run->chats[i]->id),
                                              db_int64_param(arena, run->unix_ms)});
}

/* Albums on their first way mark their photos queued; a repeat leaves them as they are. */
void records_album(struct db_unit *unit, struct arena *arena, const struct run *run)
{
    int64_t *jobs = arena_array(arena, run->count * ALBUM_MAX, sizeof *jobs);
    int64_t *indexes = arena_array(arena, run->count * ALBUM_MAX, sizeof *indexes);
    size_t count = 0;
    for (size_t i = 0; i < run->count; i++) {
        const struct shots *album = &run->list[i]->album;
        for (size_t k = 0; k < album->count && !album->again; k++) {
            jobs[count] = album->job_id;
            indexes[count++] = album->indexes[k];
        }
    }
    if (count > 0)
        (void)db_unit_add(
            unit,
            DEED("UPDATE photo_tasks t SET delivery = 'queued' FROM unnest($1::int[], $2::int[]) r(j, i)"
                 " WHERE t.job_id = r.j AND t.index = r.i AND t.state = 'made' AND t.delivery = 'none'",
                 "cardinality($1::int[])"),
            2, (struct db_param[]){db_int64_array(arena, jobs, count), db_int64_array(arena, indexes, count)});
}

/* By kind; NULL: no record. */
static records_fn *const statements[EFFECT_COUNT] = {
#define ANSWER(NAME, word) [EFFECT_##NAME] = NULL,
#define MESSAGE(NAME, word) [EFFECT_##NAME] = NULL,
#define RECORD(NAME, word) [EFFECT_##NAME] = records_##word,
#define MESSAGE_RECORD(NAME, word) [EFFECT_##NAME] = records_##word,
#define RECORD_WAKES(NAME, word, chore) [EFFECT_##NAME] = records_##word,
#define WAKES(NAME, word, chore) [EFFECT_##NAME] = NULL,
#include "core/effects.def"
};

/* Takes the effects of one kind that no earlier effect of the same chat still waits before. */
static void take_run(const struct effect **list, const struct chat **chats, size_t count, enum effect_kind kind,
                     bool *waits, const struct chat *first, struct run *run)
{
    run->count = 0;
    for (size_t i = 0; i < count; i++) {
        if (list[i] == NULL)
            continue;
        size_t at = (size_t)(chats[i] - first);
        if (list[i]->kind != kind || waits[at]) {
            waits[at] = true;
            continue;
        }
        run->list[run->count] = list[i];
        run->chats[run->count++] = chats[i];
        list[i] = NULL;
    }
}

void commit_add_records(struct db_unit *unit, struct arena *arena, const struct chat *chats, size_t chat_count,
                        const struct effects *effects, const struct order_terms *terms, size_t term_count,
                        int64_t unix_ms, int64_t bot_id)
{
    const struct effect **list = arena_array(arena, effects->count, sizeof *list);
    const struct chat **owners = arena_array(arena, effects->count, sizeof *owners);
    struct run run = {.list = arena_array(arena, effects->count, sizeof *run.list),
                      .chats = arena_array(arena, effects->count, sizeof *run.chats),
                      .unix_ms = unix_ms,
                      .bot_id = bot_id,
                      .terms = terms,
                      .term_count = term_count};
    size_t count = 0, left;
    for (size_t i = 0; i < effects->count; i++) {
        if (statements[effects->list[i].kind] == NULL)
            continue;
        list[count] = &effects->list[i];
        owners[count] = chat_find(chats, chat_count, effects->list[i].chat_id);
        if (owners[count++] == NULL)
            bug("an effect for a chat that was not loaded");
    }
    for (left = count; left > 0;) {
        for (size_t kind = 0; kind < EFFECT_COUNT && left > 0; kind++) {
            if (statements[kind] == NULL)
                continue;
            bool *waits = arena_array(arena, chat_count, sizeof *waits);
            take_run(list, owners, count, (enum effect_kind)kind, waits, chats, &run);
            left -= run.count;
            if (run.count > 0)
                statements[kind](unit, arena, &run);
        }
    }
}
