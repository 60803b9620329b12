/* Guarded deeds: for each, what somebody else (the web application, a chore) may do between a turn's load and its
 * commit, and that nothing of the turn happens then. Where no guard is needed, that it does no harm. Run by
 * tests/postgres run, which sets FOTOSET_TEST_CONNINFO. */
#include "db/commit.h"
#include "db/deed.h"
#include "tests/unit/chores.h"

static struct customer anna;
static int64_t order_id, job_id, stranger_id;

static void stage(void)
{
    anna = customer_new();
    stranger_id = customer_new().user_id;
    order_id = order_new(&anna);
    job_id = job_new(&anna);
    tell(SQL("UPDATE photo_tasks SET state = 'made' WHERE job_id = %lld", (long long)job_id));
    tell(SQL("UPDATE avatars SET status = 'ready' WHERE id = %lld", (long long)anna.avatar_id));
    tell(SQL("INSERT INTO reference_photos (avatar_id, image_url) SELECT %lld, 'store:' || n"
             " FROM generate_series(1, 12) n",
             (long long)anna.avatar_id));
}

static struct effect effect_of(enum effect_kind kind)
{
    static const struct event_file file = {.file_id = "file", .file_unique_id = "unique"};
    struct effect effect = {.kind = kind, .chat_id = anna.chat_id};
    if (kind == EFFECT_AVATAR_RENAME) {
        effect.avatar_rename.avatar_id = anna.avatar_id;
        effect.avatar_rename.name = "Eva";
    }
    if (kind == EFFECT_AVATAR_DELETE)
        effect.avatar_delete.avatar_id = anna.avatar_id;
    if (kind == EFFECT_PHOTO_DROP)
        effect.photo_drop.avatar_id = anna.avatar_id;
    if (kind == EFFECT_PHOTOS_CLEAR)
        effect.photos_clear.avatar_id = anna.avatar_id;
    if (kind == EFFECT_ORDER_CANCEL)
        effect.order_cancel.order_id = order_id;
    if (kind == EFFECT_JOB_FINISHED)
        effect.job_finished.job_id = job_id;
    if (kind == EFFECT_ALBUM)
        effect.album = (struct shots){.job_id = job_id, .count = 3, .indexes = {0, 1, 2}};
    if (kind == EFFECT_PHOTO_ADD) {
        effect.photo_add.intake_id = next_id++;
        effect.photo_add.avatar_id = anna.avatar_id;
        effect.photo_add.number = 1;
        effect.photo_add.file = &file;
    }
    if (kind == EFFECT_ORDER_CREATE) {
        effect.order_create.order_id = next_id++;
        effect.order_create.avatar_id = anna.avatar_id;
        effect.order_create.style_id = "creative";
        effect.order_create.price_kopecks = 50000;
        effect.order_create.photo_count = PHOTOS;
        effect.order_create.sets = 1;
    }
    return effect;
}

/* The sqlstate that a turn ends with which also gives the receipt's contact; "" when all of it happened. */
static const char *commit(struct effect effect)
{
    struct chat chat = {.id = anna.chat_id, .user.id = anna.user_id};
    static const char *const looks[] = {"one"};
    struct order_terms terms = {effect.order_create.order_id,
                                SQL("key-%lld", (long long)next_id++),
                                "{}",
                                "shop",
                                false,
                                NULL,
                                looks,
                                looks,
                                1,
                                NULL,
                                NULL};
    struct effect list[2] = {{.kind = EFFECT_CONTACT, .chat_id = anna.chat_id, .contact.contact = "a@b.ru"}, effect};
    struct db_unit *unit = db_unit_new();
    struct db_failure failure;
    commit_add_records(unit, &arena, &chat, 1, &(struct effects){.list = list, .count = 2}, &terms,
                       effect.kind == EFFECT_ORDER_CREATE, 1700000000000, 1);
    if (db_run(db, unit, WAIT_MS, NULL, &failure) == ERR_OK)
        return "";
    CHECK(failure.err == ERR_CONFLICT && !failure.maybe_committed);
    CHECK_INT(ask(SQL("SELECT count(*) FROM bot_users WHERE user_id = %lld", (long long)anna.user_id)), 0);
    return arena_copy(&arena, failure.sqlstate);
}

static void check(enum effect_kind kind, const char *meanwhile, const char *sqlstate)
{
    stage();
    tell(meanwhile == NULL ? "SELECT 1"
                           : SQL("DO $$ DECLARE avatar INT := %lld; job INT := %lld; sold BIGINT := %lld;"
                                 " stranger INT := %lld; BEGIN %s; END $$",
                                 (long long)anna.avatar_id, (long long)job_id, (long long)order_id,
                                 (long long)stranger_id, meanwhile));
    const char *ended = commit(effect_of(kind));
    if (strcmp(ended, sqlstate) != 0)
        fprintf(stderr, "effect %d after \"%s\"\n", (int)kind, meanwhile);
    CHECK_TEXT(ended, sqlstate);
}

static void test_guarded(void)
{
    static const char gone[] = "DELETE FROM avatars WHERE id = avatar";
    static const char moved[] = "UPDATE avatars SET user_id = stranger WHERE id = avatar";
    static const char paid[] = "UPDATE avatars SET status = 'processing' WHERE id = avatar";
    static const struct {
        enum effect_kind kind;
        const char *meanwhile[6];
    } guarded[] = {
        {EFFECT_AVATAR_RENAME, {gone, moved}},
        {EFFECT_AVATAR_DELETE, {gone, moved, paid}},
        {EFFECT_PHOTO_ADD, {gone, moved}},
        {EFFECT_PHOTO_DROP, {gone, moved, paid, "DELETE FROM reference_photos WHERE avatar_id = avatar"}},
        {EFFECT_PHOTOS_CLEAR, {gone, moved, paid}},
        {EFFECT_ORDER_CANCEL,
         {"UPDATE orders SET status = 'paid' WHERE id = sold",
          "UPDATE orders SET status = 'canceled' WHERE id = sold"}},
        {EFFECT_ALBUM,
         {gone, "UPDATE photo_tasks SET delivery = 'sent' WHERE job_id = job AND index = 1",
          "DELETE FROM photo_tasks WHERE job_id = job AND index = 2"}},
        {EFFECT_JOB_FINISHED, {gone, "UPDATE generation_jobs SET told_at = now() WHERE id = job"}},
    };
    for (size_t i = 0; i < sizeof guarded / sizeof guarded[0]; i++) {
        check(guarded[i].kind, NULL, "");
        for (const char *const *meanwhile = guarded[i].meanwhile; *meanwhile != NULL; meanwhile++)
            check(guarded[i].kind, *meanwhile, DEED_LOST);
    }
}

/* A key that is gone is a conflict by itself. */
static void test_by_nature(void)
{
    check(EFFECT_ORDER_CREATE, NULL, "");
    check(EFFECT_ORDER_CREATE, "DELETE FROM avatars WHERE id = avatar", "23503");
}

/* All of a turn's photos or none: one avatar's end undoes its neighbours' photos, too, until they are stepped again. */
static void test_batches(void)
{
    stage();
    struct customer boris = customer_new();
    struct effect list[2] = {effect_of(EFFECT_PHOTO_ADD), effect_of(EFFECT_PHOTO_ADD)};
    struct chat chats[2] = {{.id = anna.chat_id, .user.id = anna.user_id},
                            {.id = boris.chat_id, .user.id = boris.user_id}};
    list[1].chat_id = boris.chat_id;
    list[1].photo_add.avatar_id = boris.avatar_id;
    tell(SQL("DELETE FROM avatars WHERE id = %lld", (long long)anna.avatar_id));
    for (int part = 0; part < 2; part++) {
        struct db_unit *unit = db_unit_new();
        struct db_failure failure;
        commit_add_records(unit, &arena, chats, 2, &(struct effects){.list = list + part, .count = 2 - (size_t)part},
                           NULL, 0, 1700000000000, 1);
        CHECK((db_run(db, unit, WAIT_MS, NULL, &failure) == ERR_OK) == (part == 1));
        CHECK_INT(ask(SQL("SELECT count(*) FROM photo_intake WHERE avatar_id = %lld AND file_bot_id = 1",
                          (long long)boris.avatar_id)),
                  part);
    }
}

int main(void)
{
    begin("fotoset_test_deeds");
    test_guarded();
    test_by_nature();
    test_batches();
    end();
    return 0;
}
