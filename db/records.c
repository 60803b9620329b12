/* The record effects of a turn as statements. Effects of different chats are independent, those of one chat keep their
 * order: in rounds, each kind in turn takes from every chat the run of that kind it stands at, so a hundred newcomers
 * are one INSERT. Kinds that are rare are a statement each. Every statement names the user or the avatar by what was
 * loaded for that very chat. */
#include "core/bug.h"
#include "db/commit.h"

#include <stdlib.h>

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
static void add_registers(struct db_unit *unit, struct arena *arena, const struct run *run, int64_t unix_ms)
{
    (void)unix_ms;
    int64_t *chats = arena_array(arena, run->count, sizeof *chats);
    const char **codes = arena_array(arena, run->count, sizeof *codes);
    for (size_t i = 0; i < run->count; i++) {
        chats[i] = run->chats[i]->id;
        codes[i] = run->list[i]->text;
    }
    struct db_param params[3] = {db_int64_array(arena, records_users(arena, run), run->count),
                                 db_int64_array(arena, chats, run->count), db_text_array(arena, codes, run->count)};
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

static void add_contacts(struct db_unit *unit, struct arena *arena, const struct run *run, int64_t unix_ms)
{
    (void)unix_ms;
    for (size_t i = 0; i < run->count; i++)
        (void)db_unit_add(
            unit,
            "INSERT INTO bot_users (user_id, receipt_contact) VALUES ($1, $2)"
            " ON CONFLICT (user_id) DO UPDATE SET receipt_contact = EXCLUDED.receipt_contact",
            2, (struct db_param[]){db_int64_param(arena, run->chats[i]->user.id), db_text_param(run->list[i]->text)});
}

/* Who is reachable again hears of the sets that were put back meanwhile. */
static void add_blocks(struct db_unit *unit, struct arena *arena, const struct run *run, int64_t unix_ms)
{
    for (size_t i = 0; i < run->count; i++)
        (void)db_unit_add(unit,
                          "INSERT INTO bot_users (user_id, blocked_at) VALUES ($1, $2)"
                          " ON CONFLICT (user_id) DO UPDATE SET blocked_at = EXCLUDED.blocked_at",
                          2,
                          (struct db_param[]){db_int64_param(arena, run->chats[i]->user.id),
                                              run->list[i]->flag ? db_time_ms_param(arena, unix_ms) : db_null()});
    for (size_t i = 0; i < run->count; i++)
        if (!run->list[i]->flag)
            (void)db_unit_add(unit,
                              "SELECT news_add(chat_id, 'job_progress', id, 0, NULL) FROM generation_jobs"
                              " WHERE chat_id = $1 AND told_at IS NULL",
                              1, (struct db_param[]){db_int64_param(arena, run->chats[i]->id)});
}

static void add_avatars(struct db_unit *unit, struct arena *arena, const struct run *run, int64_t unix_ms)
{
    (void)unix_ms;
    int64_t *ids = arena_array(arena, run->count, sizeof *ids);
    const char **names = arena_array(arena, run->count, sizeof *names);
    for (size_t i = 0; i < run->count; i++) {
        ids[i] = run->list[i]->object;
        names[i] = run->list[i]->text;
    }
    (void)db_unit_add(unit,
                      "INSERT INTO avatars (id, user_id, name)"
                      " SELECT * FROM unnest($1::int[], $2::int[], $3::text[])",
                      3,
                      (struct db_param[]){db_int64_array(arena, ids, run->count),
                                          db_int64_array(arena, records_users(arena, run), run->count),
                                          db_text_array(arena, names, run->count)});
}

static void add_avatar_names(struct db_unit *unit, struct arena *arena, const struct run *run, int64_t unix_ms)
{
    (void)unix_ms;
    for (size_t i = 0; i < run->count; i++)
        (void)db_unit_add(unit, "UPDATE avatars SET name = $3, updated_at = now() WHERE id = $1 AND user_id = $2", 3,
                          (struct db_param[]){db_int64_param(arena, run->list[i]->object),
                                              db_int64_param(arena, run->chats[i]->user.id),
                                              db_text_param(run->list[i]->text)});
}

/* Not one that money came for since the turn was loaded: its set would go with it. The column is the avatar's own, so
 * that a deletion that had to wait for the settlement sees what it wrote. */
static void add_avatar_deletes(struct db_unit *unit, struct arena *arena, const struct run *run, int64_t unix_ms)
{
    (void)unix_ms;
    for (size_t i = 0; i < run->count; i++)
        (void)db_unit_add(
            unit, "DELETE FROM avatars WHERE id = $1 AND user_id = $2 AND status IS DISTINCT FROM 'processing'", 2,
            (struct db_param[]){db_int64_param(arena, run->list[i]->object),
                                db_int64_param(arena, run->chats[i]->user.id)});
}

/* An avatar that is gone by now (the web application deleted it) takes no photo; the insert finds no row. */
static void add_photos(struct db_unit *unit, struct arena *arena, const struct run *run, int64_t unix_ms)
{
    (void)unix_ms;
    int64_t *ids = arena_array(arena, run->count, sizeof *ids), *avatars = arena_array(arena, run->count, sizeof *ids);
    int64_t *chats = arena_array(arena, run->count, sizeof *chats),
            *numbers = arena_array(arena, run->count, sizeof *ids);
    bool *as_photo = arena_array(arena, run->count, sizeof *as_photo);
    const char **files = arena_array(arena, run->count, sizeof *files);
    const char **uniques = arena_array(arena, run->count, sizeof *uniques);
    for (size_t i = 0; i < run->count; i++) {
        ids[i] = run->list[i]->object;
        avatars[i] = run->list[i]->other;
        chats[i] = run->chats[i]->id;
        numbers[i] = run->list[i]->number;
        files[i] = run->list[i]->file->file_id;
        uniques[i] = run->list[i]->file->file_unique_id;
        as_photo[i] = run->list[i]->file->as_photo;
    }
    (void)db_unit_add(
        unit,
        "INSERT INTO photo_intake (id, avatar_id, chat_id, number, file_id, file_unique_id, as_photo)"
        " SELECT r.* FROM unnest($1::bigint[], $2::int[], $3::bigint[], $4::int[], $5::text[],"
        " $6::text[], $7::bool[]) r(i, a, c, n, f, q, p) JOIN avatars ON avatars.id = r.a",
        7,
        (struct db_param[]){db_int64_array(arena, ids, run->count), db_int64_array(arena, avatars, run->count),
                            db_int64_array(arena, chats, run->count), db_int64_array(arena, numbers, run->count),
                            db_text_array(arena, files, run->count), db_text_array(arena, uniques, run->count),
                            db_bool_array(arena, as_photo, run->count)});
}

static void add_told(struct db_unit *unit, struct arena *arena, const struct run *run, int64_t unix_ms)
{
    (void)unix_ms;
    int64_t *ids = arena_array(arena, run->count, sizeof *ids);
    for (size_t i = 0; i < run->count; i++)
        ids[i] = run->list[i]->object;
    (void)db_unit_add(unit, "UPDATE photo_intake SET told = TRUE WHERE id = ANY($1::bigint[])", 1,
                      (struct db_param[]){db_int64_array(arena, ids, run->count)});
}

static void add_photo_drops(struct db_unit *unit, struct arena *arena, const struct run *run, int64_t unix_ms)
{
    (void)unix_ms;
    for (size_t i = 0; i < run->count; i++)
        (void)db_unit_add(unit,
                          "DELETE FROM reference_photos WHERE id = (SELECT max(r.id) FROM reference_photos r"
                          " WHERE r.avatar_id = $1 AND " WORDS_PHOTO_IS_OURS ")",
                          1, (struct db_param[]){db_int64_param(arena, run->list[i]->other)});
}

static void add_photo_clears(struct db_unit *unit, struct arena *arena, const struct run *run, int64_t unix_ms)
{
    (void)unix_ms;
    for (size_t i = 0; i < run->count; i++) {
        struct db_param avatar = db_int64_param(arena, run->list[i]->other);
        (void)db_unit_add(unit, "DELETE FROM photo_intake WHERE avatar_id = $1", 1, &avatar);
        (void)db_unit_add(unit, "DELETE FROM reference_photos WHERE avatar_id = $1", 1, &avatar);
    }
}

static void add_orders(struct db_unit *unit, struct arena *arena, const struct run *run, int64_t unix_ms)
{
    for (size_t i = 0; i < run->count; i++) {
        const struct effect *effect = run->list[i];
        const struct order_terms *terms = effect->terms;
        struct db_param order = db_int64_param(arena, effect->object), created = db_int64_param(arena, unix_ms);
        struct db_param user = db_int64_param(arena, run->chats[i]->user.id);
        (void)db_unit_add(
            unit,
            "INSERT INTO orders (id, user_id, chat_id, avatar_id, style_id, photo_count, price, prompts, recipes,"
            " created_at_ms, reference_urls) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10,"
            " (SELECT array_agg(r.image_url ORDER BY r.id) FROM reference_photos r"
            " WHERE r.avatar_id = $4 AND " WORDS_PHOTO_IS_OURS "))",
            10,
            (struct db_param[]){order, user, db_int64_param(arena, run->chats[i]->id),
                                db_int64_param(arena, effect->other), db_text_param(effect->text),
                                db_int64_param(arena, effect->count), db_kopecks_param(arena, effect->number),
                                db_text_array(arena, terms->prompts, terms->look_count),
                                db_text_array(arena, terms->recipes, terms->look_count), created});
        (void)db_unit_add(unit,
                          "INSERT INTO bot_payments (key, body, asked, order_id, user_id, created_at_ms)"
                          " VALUES ($1, $2, $3, $4, $5, $6)",
                          6,
                          (struct db_param[]){db_text_param(terms->payment_key), db_text_param(terms->payment_body),
                                              db_kopecks_param(arena, effect->number), order, user, created});
    }
}

static void add_order_cancels(struct db_unit *unit, struct arena *arena, const struct run *run, int64_t unix_ms)
{
    (void)unix_ms;
    for (size_t i = 0; i < run->count; i++)
        (void)db_unit_add(
            unit,
            "UPDATE orders SET status = 'canceled' WHERE id = $1 AND chat_id = $2"
            " AND status = 'awaiting'",
            2,
            (struct db_param[]){db_int64_param(arena, run->list[i]->object), db_int64_param(arena, run->chats[i]->id)});
}

static void add_job_ends(struct db_unit *unit, struct arena *arena, const struct run *run, int64_t unix_ms)
{
    for (size_t i = 0; i < run->count; i++)
        (void)db_unit_add(
            unit, "UPDATE generation_jobs SET told_at = $2 WHERE id = $1", 2,
            (struct db_param[]){db_int64_param(arena, run->list[i]->object), db_time_ms_param(arena, unix_ms)});
}

/* Albums on their first way mark their photos queued; a repeat (flag) leaves them as they are. */
static void add_albums(struct db_unit *unit, struct arena *arena, const struct run *run, int64_t unix_ms)
{
    (void)unix_ms;
    int64_t *jobs = arena_array(arena, run->count * ALBUM_MAX, sizeof *jobs);
    int64_t *indexes = arena_array(arena, run->count * ALBUM_MAX, sizeof *indexes);
    size_t count = 0;
    for (size_t i = 0; i < run->count; i++)
        for (size_t k = 0; k < run->list[i]->index_count && !run->list[i]->flag; k++) {
            jobs[count] = run->list[i]->object;
            indexes[count++] = run->list[i]->indexes[k];
        }
    if (count > 0)
        (void)db_unit_add(
            unit,
            "UPDATE photo_tasks t SET delivery = 'queued' FROM unnest($1::int[], $2::int[]) r(j, i)"
            " WHERE t.job_id = r.j AND t.index = r.i",
            2, (struct db_param[]){db_int64_array(arena, jobs, count), db_int64_array(arena, indexes, count)});
}

/* In the order in which a conversation usually emits them, so that one round is the rule. NULL: no statement. */
static const struct {
    enum effect_kind kind;
    add_fn *add;
} kinds[] = {
    {EFFECT_REGISTER, add_registers},
    {EFFECT_CONSENT, consents_add},
    {EFFECT_CONTACT, add_contacts},
    {EFFECT_BLOCKED, add_blocks},
    {EFFECT_AVATAR_CREATE, add_avatars},
    {EFFECT_AVATAR_RENAME, add_avatar_names},
    {EFFECT_PHOTO_HOLD, consents_add_held},
    {EFFECT_PHOTO_ADD, add_photos},
    {EFFECT_HELD_CLEAR, consents_add_held_clears},
    {EFFECT_PHOTO_TOLD, add_told},
    {EFFECT_PHOTO_DROP, add_photo_drops},
    {EFFECT_PHOTOS_CLEAR, add_photo_clears},
    {EFFECT_AVATAR_DELETE, add_avatar_deletes},
    {EFFECT_ORDER_CREATE, add_orders},
    {EFFECT_ORDER_CANCEL, add_order_cancels},
    {EFFECT_ALBUM, add_albums},
    {EFFECT_JOB_FINISHED, add_job_ends},
};

static bool is_record(const struct effect *effect)
{
    for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++)
        if (kinds[k].kind == effect->kind)
            return true;
    return false;
}

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
                        const struct effects *effects, int64_t unix_ms)
{
    const struct effect **list = arena_array(arena, effects->count, sizeof *list);
    const struct chat **owners = arena_array(arena, effects->count, sizeof *owners);
    struct run run = {.list = arena_array(arena, effects->count, sizeof *run.list),
                      .chats = arena_array(arena, effects->count, sizeof *run.chats)};
    size_t count = 0, left;
    for (size_t i = 0; i < effects->count; i++) {
        if (!is_record(&effects->list[i]))
            continue;
        list[count] = &effects->list[i];
        owners[count] = chat_find(chats, chat_count, effects->list[i].chat_id);
        if (owners[count++] == NULL)
            bug("an effect for a chat that was not loaded");
    }
    for (left = count; left > 0;) {
        for (size_t k = 0; k < sizeof kinds / sizeof kinds[0] && left > 0; k++) {
            bool *waits = arena_array(arena, chat_count, sizeof *waits);
            take_run(list, owners, count, kinds[k].kind, waits, chats, &run);
            left -= run.count;
            if (run.count > 0)
                kinds[k].add(unit, arena, &run, unix_ms);
        }
    }
}
