/* The statements of the maker against a real Postgres: only the holder of a lease ends a task, claims are fair and
 * never the same twice, and nothing dead stands in the way of the living. Run by tests/postgres run, which sets
 * FOTOSET_TEST_CONNINFO. */
#include "db/tasks.h"
#include "tests/unit/chores.h"

enum { LEASE_MS = 60 * 1000 };

/* ---- tasks ---- */

struct claims {
    struct tasks_claimed list[64];
    size_t count;
    int64_t next_wait_ms;
};

static struct claims claim_as(struct db *on, const char *worker, const char *token, int limit)
{
    struct db_unit *unit = db_unit_new();
    struct claim claim = {.worker = worker, .token = token, .limit = limit, .lease_ms = LEASE_MS};
    int at = tasks_add_claim(unit, &arena, &claim, 1);
    struct db_result *result = run_on(on, unit);
    struct claims claims = {.count = (size_t)db_rows(result, at)};
    CHECK(claims.count <= sizeof claims.list / sizeof claims.list[0]);
    for (size_t i = 0; i < claims.count; i++) {
        claims.list[i] = tasks_read_claimed(result, at, (int)i);
        claims.list[i].references = arena_copy(&arena, claims.list[i].references);
        claims.list[i].recipe = arena_copy(&arena, claims.list[i].recipe);
        claims.list[i].prompt = arena_copy(&arena, claims.list[i].prompt);
    }
    claims.next_wait_ms = tasks_read_next_wait_ms(result, at);
    db_result_free(result);
    return claims;
}

/* By a worker who holds nothing yet. */
static struct claims claim_on(struct db *on, const char *token, int limit)
{
    static int workers;
    return claim_as(on, SQL("worker-%d", workers++), token, limit);
}

static struct claims claim(const char *token, int limit)
{
    return claim_on(db, token, limit);
}

/* -1: the lease was not ours. */
static int64_t task_made(int64_t id, const char *token, const char *url)
{
    struct db_unit *unit = db_unit_new();
    int64_t chat_id = -1;
    (void)tasks_add_made(unit, &arena, id, token, url);
    struct db_result *result = run(unit);
    (void)tasks_read_ended(result, 0, &chat_id);
    db_result_free(result);
    return chat_id;
}

static int64_t task_failed(int64_t id, const char *token, int64_t wait_ms, int max_attempts)
{
    struct db_unit *unit = db_unit_new();
    int64_t chat_id = -1;
    (void)tasks_add_failed(unit, &arena, id, token, "no luck", wait_ms, max_attempts);
    struct db_result *result = run(unit);
    (void)tasks_read_ended(result, 0, &chat_id);
    db_result_free(result);
    return chat_id;
}

static void expire_leases(void)
{
    tell("UPDATE photo_tasks SET lease_until = now() - interval '1 second' WHERE lease_until IS NOT NULL");
}

static int64_t photos_of(const struct customer *customer)
{
    return ask(SQL("SELECT count(*) FROM generated_photos WHERE avatar_id = %lld", (long long)customer->avatar_id));
}

static void test_lease(void)
{
    struct customer anna = customer_new();
    clear_tasks();
    tell(SQL("INSERT INTO reference_photos (avatar_id, image_url) VALUES (%lld, 'store:1'), (%lld, 'store:2')",
             (long long)anna.avatar_id, (long long)anna.avatar_id));
    int64_t job_id = job_new(&anna);
    struct claims old = claim("old", 1);
    CHECK_INT(old.count, 1);
    CHECK_INT(old.list[0].index, 0);
    CHECK_INT(old.list[0].attempts, 1);
    CHECK_INT(old.list[0].set, 0);
    CHECK_INT(old.list[0].job_id, job_id);
    CHECK_INT(old.list[0].chat_id, anna.chat_id);
    CHECK_TEXT(old.list[0].references, "store:1\nstore:2");
    CHECK_TEXT(old.list[0].recipe, "crop=half");
    int64_t id = old.list[0].id;
    CHECK_INT(task_made(id, "wrong", "store:w"), -1);
    CHECK_INT(task_failed(id, "wrong", 0, 1), -1);
    expire_leases();
    struct claims fresh = claim_on(other, "fresh", 1); /* the rescue */
    CHECK_INT(fresh.count, 1);
    CHECK_INT(fresh.list[0].id, id);
    CHECK_INT(fresh.list[0].attempts, 2);
    CHECK_INT(task_made(id, "old", "store:o"), -1); /* the old worker was only slow */
    CHECK_INT(task_failed(id, "old", 0, 1), -1);
    CHECK_INT(photos_of(&anna), 0);
    CHECK_INT(task_made(id, "fresh", "store:f"), anna.chat_id);
    CHECK_INT(task_made(id, "fresh", "store:f"), -1);
    CHECK_INT(photos_of(&anna), 1);
    CHECK_INT(ask(SQL("SELECT completed_photos FROM generation_jobs WHERE id = %lld AND status = 'processing'",
                      (long long)job_id)),
              1);
}

static void test_renew_and_release(void)
{
    struct customer anna = customer_new();
    clear_tasks();
    (void)job_new(&anna);
    struct claims two = claim("mine", 2);
    CHECK_INT(two.count, 2);
    tell(SQL("UPDATE photo_tasks SET lease_token = 'theirs' WHERE id = %lld", (long long)two.list[1].id));
    expire_leases();
    struct db_unit *unit = db_unit_new();
    (void)tasks_add_renew(unit, &arena, (int64_t[]){two.list[0].id, two.list[1].id},
                          (const char *const[]){"mine", "mine"}, 2, LEASE_MS);
    struct db_result *result = run(unit);
    CHECK_INT(db_rows(result, 0), 1);
    CHECK_INT(db_int64(result, 0, 0, 0), two.list[0].id);
    db_result_free(result);
    CHECK_INT(ask("SELECT count(*) FROM photo_tasks WHERE lease_until > now() + interval '30 seconds'"), 1);
    unit = db_unit_new();
    (void)tasks_add_released(unit, &arena, two.list[0].id, "mine", "disk full");
    (void)tasks_add_released(unit, &arena, two.list[1].id, "mine", "disk full");
    result = run(unit);
    CHECK_INT(db_rows(result, 0), 1);
    CHECK_INT(db_rows(result, 1), 0);
    db_result_free(result);
    CHECK_INT(ask(SQL("SELECT attempts FROM photo_tasks WHERE id = %lld AND lease_token IS NULL"
                      " AND not_before < now() - interval '1 minute'", /* its place in line is as it was */
                      (long long)two.list[0].id)),
              0);
}

static void test_failing_to_the_end(void)
{
    struct customer anna = customer_new();
    clear_tasks();
    int64_t job_id = job_new(&anna);
    struct claims all = claim("t", PHOTOS);
    CHECK_INT(all.count, PHOTOS);
    for (size_t i = 1; i < all.count; i++)
        CHECK_INT(i % 2 == 0 ? task_made(all.list[i].id, "t", "store:x") : task_failed(all.list[i].id, "t", 0, 1),
                  anna.chat_id);
    CHECK_INT(task_failed(all.list[0].id, "t", 0, 3), 0);
    for (int attempt = 2; attempt <= 3; attempt++) {
        struct claims one = claim("t", PHOTOS);
        CHECK_INT(one.count, 1);
        CHECK_INT(one.list[0].attempts, attempt);
        CHECK_TEXT(ask_text(SQL("SELECT status FROM generation_jobs WHERE id = %lld", (long long)job_id)),
                   "processing");
        CHECK_INT(task_failed(one.list[0].id, "t", 0, 3), attempt == 3 ? anna.chat_id : 0);
    }
    CHECK_TEXT(
        ask_text(SQL("SELECT status || completed_photos FROM generation_jobs WHERE id = %lld", (long long)job_id)),
        "completed11");
    CHECK_TEXT(ask_text(SQL("SELECT status FROM avatars WHERE id = %lld", (long long)anna.avatar_id)), "ready");
    CHECK_INT(photos_of(&anna), 11);
    struct claims none = claim("t", PHOTOS);
    CHECK_INT(none.count, 0);
    CHECK(none.next_wait_ms == INT64_MAX);
    job_id = job_new(&anna); /* and a set of which nothing could be made */
    all = claim("t", PHOTOS);
    CHECK_INT(all.list[0].set, 1);
    for (size_t i = 0; i < all.count; i++)
        CHECK_INT(task_failed(all.list[i].id, "t", 0, 0), anna.chat_id);
    CHECK_TEXT(
        ask_text(SQL("SELECT status || completed_photos FROM generation_jobs WHERE id = %lld", (long long)job_id)),
        "failed0");
}

static void test_fairness(void)
{
    struct customer anna = customer_new(), boris = customer_new();
    clear_tasks();
    int64_t first = job_new(&anna), second = job_new(&boris);
    int seen[2][PHOTOS] = {{0}};
    for (int round = 0; round < 4; round++) { /* each round of two holds the same photo of both */
        struct claims two = claim("t", 2);
        CHECK_INT(two.count, 2);
        for (size_t i = 0; i < 2; i++)
            seen[two.list[i].job_id == second][two.list[i].index]++;
        CHECK(two.list[0].job_id != two.list[1].job_id);
        CHECK_INT(seen[0][round] + seen[1][round], 2);
    }
    (void)first;
}

/* More orders than can be made for a while: who has waited for ten minutes is served before who comes now. */
static void test_rush(void)
{
    struct customer anna = customer_new();
    clear_tasks();
    int64_t job_id = job_new(&anna);
    tell("UPDATE photo_tasks SET not_before = now() - interval '10 minutes'");
    for (int i = 0; i < PHOTOS; i++) {
        struct customer newcomer = customer_new();
        CHECK(job_new(&newcomer) != 0);
    }
    struct claims claims = claim("t", PHOTOS);
    CHECK_INT(claims.count, PHOTOS);
    for (size_t i = 0; i < claims.count; i++)
        CHECK_INT(claims.list[i].job_id, job_id);
}

static void test_dead_at_the_head(void)
{
    struct customer anna = customer_new(), boris = customer_new();
    clear_tasks();
    (void)job_new(&anna);
    struct claims dead = claim("t", 10);
    CHECK_INT(dead.count, 10);
    for (size_t i = 0; i < 5; i++) /* five wait for another try, five are held by a worker that died */
        CHECK_INT(task_failed(dead.list[i].id, "t", 40 * 1000, 5), 0);
    int64_t job_id = job_new(&boris);
    struct claims living = claim("u", 2);
    CHECK_INT(living.count, 2);
    CHECK_INT(living.list[0].job_id, job_id);
    CHECK_INT(living.list[1].job_id, job_id);
    tell("DELETE FROM photo_tasks WHERE attempts = 0");
    tell("DELETE FROM photo_tasks WHERE lease_token = 'u'");
    struct claims none = claim("v", 2);
    CHECK_INT(none.count, 0);
    CHECK(none.next_wait_ms > 20 * 1000 && none.next_wait_ms <= 40 * 1000); /* the earliest of all */
}

/* Two machines at once: no task twice. */
static size_t claimed_rows;

static void count_claimed(void *context, const struct db_result *result, const struct db_failure *failure)
{
    open_answers--;
    CHECK(failure == NULL);
    claimed_rows += (size_t)db_rows(result, *(const int *)context);
}

static void test_claims_at_once(void)
{
    struct customer anna = customer_new();
    clear_tasks();
    (void)job_new(&anna);
    claimed_rows = 0;
    for (int i = 0; i < 12; i++) {
        struct db_unit *unit = db_unit_new();
        struct claim claim = {
            .worker = SQL("worker-%d", i), .token = SQL("token-%d", i), .limit = 3, .lease_ms = LEASE_MS};
        static int at;
        at = tasks_add_claim(unit, &arena, &claim, 1);
        open_answers++;
        db_submit(i % 2 == 0 ? db : other, unit, count_claimed, &at);
    }
    wait_for_answers();
    CHECK_INT(claimed_rows, PHOTOS);
    CHECK_INT(ask("SELECT count(*) FROM photo_tasks WHERE attempts = 1 AND lease_token IS NOT NULL"), PHOTOS);
}

/* The answer to a claim was lost: the next one finds what it took, and it costs nothing. */
static void test_lost_claim(void)
{
    struct customer anna = customer_new();
    clear_tasks();
    (void)job_new(&anna);
    struct claims lost = claim_as(db, "me", "lost", 2);
    CHECK_INT(lost.count, 2);
    struct claims found = claim_as(db, "me", "found", 3);
    CHECK_INT(found.count, 2);
    for (size_t i = 0; i < found.count; i++) {
        CHECK(found.list[i].id == lost.list[0].id || found.list[i].id == lost.list[1].id);
        CHECK_INT(found.list[i].attempts, 1);
    }
    CHECK_INT(found.next_wait_ms, 0); /* there is more */
    CHECK_INT(task_made(lost.list[0].id, "lost", "store:l"), -1);
    CHECK_INT(task_made(lost.list[0].id, "found", "store:f"), anna.chat_id);
    CHECK_INT(claim_as(other, "you", "yours", PHOTOS).count, PHOTOS - 2); /* nobody else's concern */
}

/* How many rows of photo_tasks one claim looks at. */
static int64_t rows_looked_at(int *ret_claimed)
{
    static const char seen[] = "SELECT COALESCE(sum(seq_tup_read + COALESCE(idx_tup_fetch, 0)), 0)"
                               " FROM pg_stat_xact_user_tables WHERE relname = 'photo_tasks'";
    struct claim claim = {.worker = "counted", .token = "counted", .limit = 4, .lease_ms = LEASE_MS};
    struct db_unit *unit = db_unit_new();
    int before = db_unit_add(unit, seen, 0, NULL), at = tasks_add_claim(unit, &arena, &claim, 1),
        after = db_unit_add(unit, seen, 0, NULL);
    struct db_result *result = run(unit);
    int64_t rows = db_int64(result, after, 0, 0) - db_int64(result, before, 0, 0);
    *ret_claimed = db_rows(result, at);
    db_result_free(result);
    return rows;
}

/* However many wait, a claim takes the next ones from an index; what the planner believes does not matter. */
static void test_crowd(void)
{
    enum { CROWD = 100 * 1000, FEW = 60 };
    struct customer anna = customer_new();
    int claimed = 0;
    clear_tasks();
    int64_t job_id = job_new(&anna);
    tell(SQL("INSERT INTO photo_tasks (job_id, index, prompt, recipe) SELECT %lld, i, 'p', 'r'"
             " FROM generate_series(%d, %d - 1) i",
             (long long)job_id, PHOTOS, CROWD / 4));
    tell(SQL("INSERT INTO generation_jobs (avatar_id, style_id, status, total_photos) SELECT %lld, 's', 'pending', 1"
             " FROM generate_series(1, 3)",
             (long long)anna.avatar_id));
    tell(SQL("INSERT INTO photo_tasks (job_id, index, prompt, recipe) SELECT j.id, i, 'p', 'r'"
             " FROM generation_jobs j, generate_series(0, %d - 1) i WHERE j.avatar_id = %lld AND j.id <> %lld",
             CROWD / 4, (long long)anna.avatar_id, (long long)job_id));
    CHECK_INT(ask("SELECT count(*) FROM photo_tasks"), CROWD);
    tell("DELETE FROM pg_statistic WHERE starelid = 'photo_tasks'::regclass"); /* as before anybody had a look */
    for (int i = 0; i < 8; i++) { /* more often than a plan is made for the parameters at hand */
        int64_t rows = rows_looked_at(&claimed);
        CHECK_INT(claimed, 4);
        CHECK(rows <= FEW);
        tell("UPDATE photo_tasks SET lease_until = NULL, lease_token = NULL WHERE lease_until IS NOT NULL");
        if (i == 4)
            tell("ANALYZE");
    }
    tell("UPDATE photo_tasks SET attempts = 1, not_before = now() + interval '1 minute'");
    CHECK(rows_looked_at(&claimed) <= FEW);
    CHECK_INT(claimed, 0);
}

int main(void)
{
    begin("fotoset_test_tasks");
    test_lease();
    test_renew_and_release();
    test_failing_to_the_end();
    test_fairness();
    test_rush();
    test_dead_at_the_head();
    test_claims_at_once();
    test_lost_claim();
    test_crowd();
    end();
    return 0;
}
