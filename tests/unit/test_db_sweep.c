/* What names a picture of the store, and that the database notes when the last name goes, whoever deletes what. */
#include "db/commit.h"
#include "db/photos.h"
#include "db/sweep.h"
#include "db/tasks.h"
#include "tests/unit/chores.h"

enum { URL_BYTES = 71 };

/* "store:" and 64 times the letter. */
static const char *url_of(char letter)
{
    char *url = arena_format(&arena, "store:%064d", 0);
    memset(url + 6, letter, URL_BYTES - 1 - 6);
    return url;
}

static bool is_unnamed(const char *url)
{
    struct db_unit *unit = db_unit_new();
    int at = sweep_add_ask(unit, url);
    struct db_result *result = run(unit);
    bool unnamed = sweep_read_unnamed(result, at);
    db_result_free(result);
    return unnamed;
}

/* How often it was noted since the last time. */
static int64_t noted(const char *url)
{
    int64_t count = ask(
        SQL("SELECT count(*) FROM errands WHERE chore = 'store_sweep' AND subject LIKE '%s %%'", url + 6));
    tell("DELETE FROM errands WHERE chore = 'store_sweep'");
    return count;
}

static int64_t reference_new(const struct customer *customer, const char *url)
{
    return ask(SQL("INSERT INTO reference_photos (avatar_id, image_url) VALUES (%lld, '%s') RETURNING id",
                   (long long)customer->avatar_id, url));
}

static void drop_reference(int64_t id)
{
    tell(SQL("DELETE FROM reference_photos WHERE id = %lld", (long long)id));
}

static void test_two_names(void)
{
    struct customer anna = customer_new(), boris = customer_new();
    const char *url = url_of('a');
    CHECK(is_unnamed(url));
    int64_t first = reference_new(&anna, url), second = reference_new(&boris, url);
    CHECK(!is_unnamed(url));
    drop_reference(first);
    CHECK(!is_unnamed(url));
    CHECK_INT(noted(url), 0);
    drop_reference(second);
    CHECK(is_unnamed(url));
    CHECK_INT(noted(url), 1);
    CHECK_INT(ask("SELECT count(*) FROM errands WHERE chore = 'store_sweep'"), 0);
}

/* The web application's own are left alone, however long they are, and so is what only looks like ours. */
static void test_not_ours(void)
{
    struct customer anna = customer_new();
    tell("DELETE FROM errands");
    reference_new(&anna, "https://example.org/a.jpg");
    reference_new(&anna, "store:x");
    reference_new(&anna, SQL("%s and more", url_of('b')));
    tell(SQL("INSERT INTO reference_photos (avatar_id, image_url) SELECT %lld, 'data:' || string_agg(md5(n::text), '')"
             " FROM generate_series(1, 20000) n",
             (long long)anna.avatar_id));
    CHECK(!is_unnamed(url_of('b')));
    tell(SQL("UPDATE reference_photos SET image_url = image_url || '?' WHERE avatar_id = %lld",
             (long long)anna.avatar_id));
    tell(SQL("DELETE FROM reference_photos WHERE avatar_id = %lld", (long long)anna.avatar_id));
    CHECK_INT(ask("SELECT count(*) FROM errands"), 0);
}

/* The account goes, by a statement of the web application and with the web application's rights; all that hung on it
 * goes with it, one after the other, and each picture is noted once. */
static void test_account(void)
{
    struct customer anna = customer_new();
    const char *reference = url_of('c'), *ordered = url_of('d'), *made = url_of('e'), *cover = url_of('f');
    tell("DELETE FROM errands");
    reference_new(&anna, reference);
    int64_t order_id = order_new(&anna);
    tell(SQL("UPDATE orders SET reference_urls = ARRAY['%s', '%s'] WHERE id = %lld", reference, ordered,
             (long long)order_id));
    tell(SQL("INSERT INTO generated_photos (avatar_id, style_id, prompt, image_url) VALUES (%lld, 's', 'p', '%s')",
             (long long)anna.avatar_id, made));
    tell(SQL("UPDATE avatars SET thumbnail_url = '%s' WHERE id = %lld", cover, (long long)anna.avatar_id));
    tell("DO $$ BEGIN IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'sweep_web') THEN CREATE ROLE sweep_web;"
         " END IF; END $$");
    tell("GRANT SELECT, DELETE ON users, avatars, reference_photos, generated_photos, generation_jobs, payments TO"
         " sweep_web");
    struct db_unit *unit = db_unit_new();
    (void)db_unit_add(unit, "SET LOCAL ROLE sweep_web", 0, NULL);
    (void)db_unit_add(unit, SQL("DELETE FROM users WHERE id = %lld", (long long)anna.user_id), 0, NULL);
    db_result_free(run(unit));
    const char *const all[] = {reference, ordered, made, cover};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        CHECK(is_unnamed(all[i]));
    CHECK_INT(ask("SELECT count(*) FROM errands WHERE chore = 'store_sweep'"), 4);
    CHECK_INT(ask(SQL("SELECT count(*) FROM errands WHERE chore = 'table_ends' AND subject LIKE 'chat %lld %%'"
                      " AND not_before > now() + interval '29 days'",
                      (long long)anna.chat_id)),
              1);
    CHECK_INT(ask(SQL("SELECT count(*) FROM orders WHERE id = %lld", (long long)order_id)), 1);
    tell("DROP OWNED BY sweep_web");
}

static void test_cover(void)
{
    struct customer anna = customer_new();
    const char *old = url_of('1'), *new = url_of('2');
    tell(SQL("UPDATE avatars SET thumbnail_url = '%s' WHERE id = %lld", old, (long long)anna.avatar_id));
    CHECK(!is_unnamed(old));
    tell(SQL("UPDATE avatars SET thumbnail_url = '%s' WHERE id = %lld", new, (long long)anna.avatar_id));
    CHECK(is_unnamed(old) && !is_unnamed(new));
    CHECK_INT(noted(old), 1);
}

/* ---- on the way in ---- */

static int64_t photo_new(const struct customer *customer, const char *unique)
{
    int64_t id = next_id++;
    tell(SQL("INSERT INTO photo_intake (id, avatar_id, chat_id, number, file_id, file_unique_id)"
             " VALUES (%lld, %lld, %lld, 1, 'file', '%s')",
             (long long)id, (long long)customer->avatar_id, (long long)customer->chat_id, unique));
    return id;
}

static bool name_photo(int64_t id, const char *url)
{
    struct db_unit *unit = db_unit_new();
    int at = photos_add_named(unit, &arena, id, url);
    struct db_result *result = run(unit);
    bool named = db_rows(result, at) == 1;
    db_result_free(result);
    return named;
}

/* "" or the SQLSTATE. */
static const char *judge(int64_t id, enum photo_verdict verdict, const char *url)
{
    static const uint8_t sketch[] = {1};
    struct db_unit *unit = db_unit_new();
    struct db_failure failure = {.sqlstate = ""};
    bool good = verdict == PHOTO_GOOD;
    (void)photos_add_examined(unit, &arena,
                              &(struct photos_examined){.id = id,
                                                        .verdict = verdict,
                                                        .url = good ? url : NULL,
                                                        .sketch = good ? sketch : NULL,
                                                        .sketch_bytes = good ? sizeof sketch : 0});
    if (db_run(db, unit, WAIT_MS, NULL, &failure) == ERR_OK)
        return "";
    return arena_copy(&arena, failure.sqlstate);
}

static void test_intake(void)
{
    struct customer anna = customer_new();
    const char *url = url_of('3'), *other_url = url_of('4');
    int64_t id = photo_new(&anna, "u1");
    CHECK(name_photo(id, url));
    CHECK(!is_unnamed(url));
    CHECK(name_photo(id, other_url)); /* another attempt, that made other bytes of it */
    CHECK(is_unnamed(url) && !is_unnamed(other_url));
    CHECK_INT(noted(url), 1);
    CHECK_TEXT(judge(id, PHOTO_GOOD, url), "FB004"); /* the commit of the first one comes late */
    CHECK_TEXT(judge(id, PHOTO_GOOD, other_url), "");
    CHECK(!is_unnamed(other_url));
    CHECK(!name_photo(id, url));
    CHECK_INT(noted(other_url), 0);
    tell(SQL("DELETE FROM reference_photos WHERE avatar_id = %lld", (long long)anna.avatar_id));
    CHECK_INT(noted(other_url), 1);
    CHECK_INT(ask(SQL("SELECT count(*) FROM photo_intake WHERE id = %lld AND file_id = '' AND file_unique_id = ''"
                      " AND sketch IS NULL AND image_url IS NULL",
                      (long long)id)),
              1);

    id = photo_new(&anna, "u2"); /* it turns out to be the same as another one */
    CHECK(name_photo(id, url));
    CHECK_TEXT(judge(id, PHOTO_DUPLICATE, NULL), "");
    CHECK_INT(noted(url), 1);

    id = photo_new(&anna, "u3"); /* the avatar goes meanwhile */
    CHECK(name_photo(id, url));
    tell(SQL("DELETE FROM avatars WHERE id = %lld", (long long)anna.avatar_id));
    CHECK_INT(noted(url), 1);
    CHECK(!name_photo(id, url));
}

static void test_made(void)
{
    struct customer anna = customer_new();
    const char *first = url_of('5'), *second = url_of('6'), *ordered = url_of('7');
    int64_t job_id = job_new(&anna);
    tell(SQL("UPDATE orders SET reference_urls = ARRAY['%s'] WHERE id = (SELECT order_id FROM generation_jobs WHERE id"
             " = %lld)",
             ordered, (long long)job_id));
    tell(SQL(
        "UPDATE photo_tasks SET lease_token = 'ours', lease_until = now() + interval '1 minute' WHERE job_id = %lld",
        (long long)job_id));
    int64_t id = ask(SQL("SELECT min(id) FROM photo_tasks WHERE job_id = %lld", (long long)job_id));
    const char *const tokens[] = {"theirs", "ours", "ours"}, *const urls[] = {first, first, second};
    for (int i = 0; i < 3; i++) {
        struct db_unit *unit = db_unit_new();
        int at = tasks_add_named(unit, &arena, id, tokens[i], urls[i]);
        struct db_result *result = run(unit);
        CHECK_INT(db_rows(result, at), i > 0);
        db_result_free(result);
    }
    CHECK(is_unnamed(first) && !is_unnamed(second));
    CHECK_INT(noted(first), 1);
    for (int64_t task = id; task < id + PHOTOS; task++) {
        CHECK(!is_unnamed(ordered));
        tell(SQL("SELECT task_made(%lld, 'ours', '%s')", (long long)task, second));
    }
    CHECK(!is_unnamed(second));
    CHECK_INT(
        ask(SQL("SELECT count(*) FROM photo_tasks WHERE image_url IS NOT NULL AND job_id = %lld", (long long)job_id)),
        0);
    CHECK(is_unnamed(ordered)); /* the set is all made: it needs them no more */
    CHECK_INT(noted(ordered), 1);
}

static void count_answer(void *ctx, const struct db_result *result, const struct db_failure *failure)
{
    (void)ctx;
    (void)result;
    CHECK(failure == NULL);
    open_answers--;
}

/* What was ordered and not paid keeps its pictures as long as it can be paid: also after "cancel". */
static void test_unpaid(void)
{
    struct customer anna = customer_new();
    const char *url = url_of('0');
    int64_t order_id = order_new(&anna);
    tell(SQL("UPDATE orders SET reference_urls = ARRAY['%s'] WHERE id = %lld", url, (long long)order_id));
    CHECK(create_payment(order_id));
    tell(SQL("UPDATE orders SET status = 'canceled' WHERE id = %lld", (long long)order_id));
    CHECK(!is_unnamed(url));
    CHECK_INT(noted(url), 0);
    (void)see_canceled(order_id, PAYMENT_UNTOLD, false);
    CHECK(is_unnamed(url));
    CHECK_INT(noted(url), 1);
}

/* An order names what another row names: that row stays until the order is there, or the order does not name it. */
static void test_order_locks(void)
{
    struct customer anna = customer_new();
    const char *url = url_of('8');
    struct chat chat = {.id = anna.chat_id, .user.id = anna.user_id};
    int64_t order_id = next_id++;
    static const char *const looks[] = {"one"};
    struct order_terms terms = {order_id, "key of the order", "{}", "shop", false, NULL, looks, looks, 1, NULL, NULL};
    struct effect effect = {.kind = EFFECT_ORDER_CREATE,
                            .chat_id = anna.chat_id,
                            .order_create = {.order_id = order_id,
                                             .avatar_id = anna.avatar_id,
                                             .style_id = "creative",
                                             .price_kopecks = 50000,
                                             .photo_count = PHOTOS,
                                             .sets = 1}};
    int64_t reference = reference_new(&anna, url);
    struct db_unit *unit = db_unit_new();
    commit_add_records(unit, &arena, &chat, 1, &(struct effects){.list = &effect, .count = 1}, &terms, 1, 0, 1);
    (void)db_unit_add(unit, "SELECT pg_sleep(0.4)", 0, NULL);
    struct db_unit *deletion = db_unit_new();
    (void)db_unit_add(deletion, "SELECT pg_sleep(0.2)", 0, NULL);
    (void)db_unit_add(deletion, SQL("DELETE FROM reference_photos WHERE id = %lld", (long long)reference), 0, NULL);
    (void)db_unit_add(deletion, SQL("SELECT picture_named('%s')", url), 0, NULL);
    open_answers = 2;
    db_submit(db, unit, count_answer, NULL);
    db_submit(other, deletion, count_answer, NULL);
    wait_for_answers();
    CHECK(!is_unnamed(url));
    CHECK_INT(noted(url), 0);
}

/* An errand that is under way may have asked before this row went: it is noted anew. */
static void test_noted_anew(void)
{
    struct customer anna = customer_new();
    drop_reference(reference_new(&anna, url_of('9')));
    drop_reference(reference_new(&anna, url_of('9')));
    CHECK_INT(noted(url_of('9')), 2);
}

/* Of names that the store has: those that no row names, once. */
static void test_found(void)
{
    struct customer anna = customer_new();
    const char *named = url_of('a'), *unnamed = url_of('b');
    reference_new(&anna, named);
    tell("DELETE FROM errands");
    for (int i = 0; i < 2; i++) {
        struct db_unit *unit = db_unit_new();
        int at = sweep_add_found(unit, &arena, "store_sweep", (const char *[]){named + 6, unnamed + 6}, 2);
        struct db_result *result = run(unit);
        CHECK_INT(db_affected(result, at), i == 0);
        db_result_free(result);
    }
    CHECK_TEXT(ask_text("SELECT subject FROM errands"), unnamed + 6);
}

int main(void)
{
    begin("fotoset_sweep");
    CHECK_INT(ask("SELECT count(*) FROM errands WHERE subject = 'all'"), 3);
    test_two_names();
    test_not_ours();
    test_account();
    test_cover();
    test_intake();
    test_made();
    test_unpaid();
    test_order_locks();
    test_noted_anew();
    test_found();
    end();
    return 0;
}
