/* The statements of the payments and the intake against a real Postgres, two connections at once where that is the
 * question: money makes one job however often and late it is told, and the same photo counts once. Run by
 * tests/postgres run, which sets FOTOSET_TEST_CONNINFO. */
#include "db/commit.h"
#include "db/photos.h"
#include "tests/unit/chores.h"

/* ---- payments ---- */

static struct payments_order read_order(int64_t order_id)
{
    struct db_unit *unit = db_unit_new();
    (void)payments_add_order(unit, &arena, order_id);
    struct db_result *result = run(unit);
    CHECK_INT(db_rows(result, 0), 1);
    struct payments_order order = payments_read_order(result, 0, 0);
    order.key = arena_copy(&arena, order.key);
    order.body = arena_copy(&arena, order.body);
    order.payment_id = arena_copy(&arena, order.payment_id);
    db_result_free(result);
    return order;
}

static void test_payment_life(void)
{
    struct customer anna = customer_new();
    int64_t order_id = order_new(&anna);
    struct payments_order order = read_order(order_id);
    CHECK_INT(order.state, PAYMENTS_CREATING);
    CHECK_INT(order.chat_id, anna.chat_id);
    CHECK_INT(order.created_at_ms, 1700000000000);
    CHECK_TEXT(order.key, SQL("key-%lld", (long long)order_id));
    CHECK_TEXT(order.body, "{\"a\":1}");
    CHECK(order.payment_id == NULL && !order.canceled);
    CHECK(create_payment(order_id));
    CHECK(!create_payment(order_id)); /* the answer was lost, and the same said again */
    CHECK_INT(ask(SQL("SELECT count(*) FROM payments WHERE yookassa_payment_id = '%s' AND amount = 500"
                      " AND status = 'pending'",
                      payment_of(order_id))),
              1);
    order = read_order(order_id);
    CHECK_INT(order.state, PAYMENTS_PENDING);
    CHECK_TEXT(order.payment_id, payment_of(order_id));
    struct db_unit *unit = db_unit_new();
    (void)payments_add_given_up(unit, &arena, order_id, PAYMENTS_REFUSED,
                                PAYMENT_UNTOLD); /* too late: it has a payment */
    (void)payments_add_open(unit, &arena, PAYMENTS_PENDING, 0, 10);
    struct db_result *result = run(unit);
    CHECK(!payments_read_done(result, 0));
    CHECK_INT(payments_read_order(result, 1, 0).id, order_id);
    db_result_free(result);
    CHECK_INT(read_order(order_id).state, PAYMENTS_PENDING);
}

static void test_refused(void)
{
    struct customer anna = customer_new();
    int64_t order_id = order_new(&anna);
    struct db_unit *unit = db_unit_new();
    (void)payments_add_given_up(unit, &arena, order_id, PAYMENTS_REFUSED, PAYMENT_CONTACT_REFUSED);
    (void)payments_add_given_up(unit, &arena, order_id, PAYMENTS_REFUSED, PAYMENT_CONTACT_REFUSED);
    struct db_result *result = run(unit);
    CHECK(payments_read_done(result, 0));
    CHECK(!payments_read_done(result, 1));
    db_result_free(result);
    CHECK_INT(read_order(order_id).state, PAYMENTS_FAILED);
    CHECK_INT(read_order(order_id).reason, PAYMENT_CONTACT_REFUSED);
    CHECK(!create_payment(order_id));
}

static void test_settle_twice(void)
{
    struct customer anna = customer_new();
    int64_t order_id = order_new(&anna);
    CHECK(create_payment(order_id));
    struct payments_settled first = settle(order_id, 50000, "RUB"), second = settle(order_id, 50000, "RUB");
    CHECK_INT(first.outcome, PAYMENTS_SETTLED);
    CHECK_INT(second.outcome, PAYMENTS_ALREADY);
    CHECK(first.job_id != 0);
    CHECK_INT(second.job_id, first.job_id);
    CHECK_INT(first.chat_id, anna.chat_id);
    CHECK_INT(first.order_id, order_id);
    CHECK_INT(jobs_of(order_id), 1);
    CHECK_INT(ask(SQL("SELECT count(*) FROM photo_tasks WHERE job_id = %lld", (long long)first.job_id)), PHOTOS);
    CHECK_INT(ask(SQL("SELECT count(DISTINCT index) FROM photo_tasks WHERE job_id = %lld AND index BETWEEN 0 AND 22",
                      (long long)first.job_id)),
              PHOTOS);
    CHECK_TEXT(
        ask_text(SQL("SELECT prompt FROM photo_tasks WHERE job_id = %lld AND index = 1", (long long)first.job_id)),
        "two");
    CHECK_TEXT(ask_text(SQL("SELECT status FROM payments WHERE yookassa_payment_id = '%s'", payment_of(order_id))),
               "succeeded");
}

static int outcomes[PAYMENTS_OUTCOME_COUNT];

static void count_outcome(void *context, const struct db_result *result, const struct db_failure *failure)
{
    (void)context;
    open_answers--;
    CHECK(failure == NULL);
    outcomes[payments_read_seen(result, 0).outcome]++;
}

/* Two daemons see the same success in the same moment, twenty times. */
static void test_settle_at_once(void)
{
    struct customer anna = customer_new();
    for (int i = 0; i < 20; i++) {
        int64_t order_id = order_new(&anna);
        CHECK(create_payment(order_id));
        memset(outcomes, 0, sizeof outcomes);
        for (int k = 0; k < 4; k++) {
            struct db_unit *unit = db_unit_new();
            add_paid(unit, order_id);
            open_answers++;
            db_submit(k % 2 == 0 ? db : other, unit, count_outcome, NULL);
        }
        wait_for_answers();
        CHECK_INT(outcomes[PAYMENTS_SETTLED], 1);
        CHECK_INT(outcomes[PAYMENTS_ALREADY], 3);
        CHECK_INT(jobs_of(order_id), 1);
    }
}

static void test_wrong_sum(void)
{
    struct customer anna = customer_new();
    static const struct {
        int64_t kopecks;
        const char *currency;
    } wrong[] = {{49999, "RUB"}, {50001, "RUB"}, {50000, "USD"}, {500, "RUB"}};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        int64_t order_id = order_new(&anna);
        CHECK(create_payment(order_id));
        CHECK_INT(settle(order_id, wrong[i].kopecks, wrong[i].currency).outcome, PAYMENTS_HELD);
        CHECK_INT(jobs_of(order_id), 0);
        CHECK_INT(read_order(order_id).state, PAYMENTS_MISMATCH);
    }
    CHECK_INT(settle(1, 50000, "RUB").outcome, PAYMENTS_UNKNOWN);
}

static bool cancel_payment(int64_t order_id)
{
    return see_canceled(order_id, PAYMENT_NO_FUNDS, false).outcome == PAYMENTS_UNPAID;
}

static void test_late_success(void)
{
    struct customer anna = customer_new();
    int64_t order_id = order_new(&anna);
    CHECK(create_payment(order_id));
    CHECK(cancel_payment(order_id));
    CHECK(!cancel_payment(order_id));
    CHECK_INT(read_order(order_id).state, PAYMENTS_CANCELED);
    CHECK_INT(read_order(order_id).reason, PAYMENT_NO_FUNDS);
    CHECK(read_order(order_id).canceled);
    CHECK_INT(settle(order_id, 50000, "RUB").outcome, PAYMENTS_SETTLED);
    CHECK_INT(jobs_of(order_id), 1);
    CHECK(!cancel_payment(order_id)); /* a late "canceled" takes nothing back */
    CHECK_INT(read_order(order_id).state, PAYMENTS_SUCCEEDED);
    CHECK_INT(ask(SQL("SELECT count(*) FROM orders WHERE id = %lld AND status = 'paid'", (long long)order_id)), 1);
}

static void test_orphan(void)
{
    struct customer anna = customer_new();
    int64_t order_id = order_new(&anna);
    CHECK(create_payment(order_id));
    tell(SQL("DELETE FROM avatars WHERE id = %lld", (long long)anna.avatar_id));
    CHECK_INT(settle(order_id, 50000, "RUB").outcome, PAYMENTS_OWED);
    struct payments_settled again = settle(order_id, 50000, "RUB");
    CHECK_INT(again.outcome, PAYMENTS_OWED);
    CHECK_INT(again.job_id, 0);
    CHECK_INT(read_order(order_id).state, PAYMENTS_SUCCEEDED);
}

/* ---- photos ---- */

static int64_t photo_new(const struct customer *customer, const char *unique_id)
{
    int64_t id = next_id++;
    tell(SQL("INSERT INTO photo_intake (id, avatar_id, chat_id, number, file_id, file_unique_id)"
             " VALUES (%lld, %lld, %lld, 1, 'file', '%s')",
             (long long)id, (long long)customer->avatar_id, (long long)customer->chat_id, unique_id));
    return id;
}

/* PHOTO_PENDING stands for "gone", or "to be compared first". */
static enum photo_verdict examined(int64_t id, enum photo_verdict verdict, const int64_t *seen, size_t seen_count,
                                   const char *unseen)
{
    static const uint8_t sketch[3] = {0, 255, 7};
    struct db_unit *unit = db_unit_new();
    enum photo_verdict holds = PHOTO_PENDING;
    bool good = verdict == PHOTO_GOOD;
    const char *list = "";
    int at = photos_add_examined(unit, &arena,
                                 &(struct photos_examined){.id = id,
                                                           .verdict = verdict,
                                                           .url = good ? "store:x" : NULL,
                                                           .sketch = good ? sketch : NULL,
                                                           .sketch_bytes = good ? sizeof sketch : 0,
                                                           .seen = seen,
                                                           .seen_count = seen_count});
    struct db_result *result = run(unit);
    (void)photos_read_examined(result, at, &holds);
    for (int row = 0; row < db_rows(result, at + 1); row++) {
        struct photos_unseen unseen_one = photos_read_unseen(result, at, row, &arena);
        CHECK(unseen_one.sketch_bytes == sizeof sketch && memcmp(unseen_one.sketch, sketch, sizeof sketch) == 0);
        list = SQL("%s %lld", list, (long long)unseen_one.id);
    }
    CHECK_TEXT(list, unseen);
    db_result_free(result);
    return holds;
}

static enum photo_verdict refused(int64_t id, enum photo_verdict verdict)
{
    return examined(id, verdict, NULL, 0, "");
}

static int64_t references_of(const struct customer *customer)
{
    return ask(SQL("SELECT count(*) FROM reference_photos WHERE avatar_id = %lld", (long long)customer->avatar_id));
}

static void test_same_photo(void)
{
    struct customer anna = customer_new(), boris = customer_new();
    int64_t first = photo_new(&anna, "u1"), second = photo_new(&anna, "u2"), third = photo_new(&anna, "u3");
    CHECK_INT(examined(first, PHOTO_GOOD, NULL, 0, ""), PHOTO_GOOD);
    CHECK_INT(examined(first, PHOTO_GOOD, NULL, 0, ""), PHOTO_GOOD); /* the answer was lost, and the same said again */
    CHECK_INT(references_of(&anna), 1);
    CHECK_INT(examined(photo_new(&anna, "u1"), PHOTO_GOOD, NULL, 0, ""), PHOTO_DUPLICATE); /* the same file */
    CHECK_INT(examined(second, PHOTO_GOOD, NULL, 0, SQL(" %lld", (long long)first)), PHOTO_PENDING);
    CHECK_INT(examined(third, PHOTO_GOOD, NULL, 0, SQL(" %lld", (long long)first)), PHOTO_PENDING);
    CHECK_INT(examined(second, PHOTO_GOOD, &first, 1, ""), PHOTO_GOOD);
    /* Both were compared with the first at the same time; the later one has not seen the other. */
    CHECK_INT(examined(third, PHOTO_GOOD, &first, 1, SQL(" %lld", (long long)second)), PHOTO_PENDING);
    CHECK_INT(references_of(&anna), 2);
    CHECK_INT(examined(third, PHOTO_GOOD, (int64_t[]){first, second}, 2, ""), PHOTO_GOOD);
    CHECK_INT(refused(photo_new(&anna, "u4"), PHOTO_DUPLICATE), PHOTO_DUPLICATE);
    CHECK_INT(references_of(&anna), 3);
    CHECK_INT(examined(photo_new(&boris, "u1"), PHOTO_GOOD, NULL, 0, ""), PHOTO_GOOD); /* another person's avatar */
    for (int verdict = PHOTO_TOO_SMALL; verdict < PHOTO_VERDICT_COUNT; verdict++)
        CHECK_INT(refused(photo_new(&anna, "u5"), (enum photo_verdict)verdict), verdict);
    CHECK_INT(references_of(&anna), 3);
    /* One that was taken before there were sketches. */
    tell(SQL("UPDATE photo_intake SET sketch = NULL WHERE id = %lld", (long long)first));
    CHECK_INT(examined(photo_new(&anna, "u6"), PHOTO_GOOD, (int64_t[]){second, third}, 2, ""), PHOTO_GOOD);
    tell(SQL("DELETE FROM reference_photos WHERE avatar_id = %lld", (long long)anna.avatar_id));
    CHECK_INT(examined(photo_new(&anna, "u1"), PHOTO_GOOD, NULL, 0, ""), PHOTO_GOOD); /* removed ones don't count */
    int64_t gone = photo_new(&anna, "u9");
    tell(SQL("DELETE FROM photo_intake WHERE id = %lld", (long long)gone));
    CHECK_INT(examined(gone, PHOTO_GOOD, NULL, 0, ""), PHOTO_PENDING);
}

/* A turn's unit grows with the turn: after an outage hundreds of sets go on at once. */
static void test_large_turn(void)
{
    enum { CHATS = 300 };
    static struct chat chats[CHATS];
    static struct effect list[CHATS + 2];
    struct customer anna = customer_new();
    int64_t job_id = job_new(&anna);
    tell(SQL("UPDATE photo_tasks SET state = 'made' WHERE job_id = %lld", (long long)job_id));
    struct effects effects = {.list = list};
    for (size_t i = 0; i < CHATS; i++) {
        chats[i] = (struct chat){.id = i + 1 == CHATS ? anna.chat_id : (int64_t)i + 1, .user.id = anna.user_id};
        list[effects.count++] = (struct effect){
            .kind = EFFECT_BLOCKED, .chat_id = chats[i].id, .blocked.is_blocked = true};
    }
    list[effects.count++] = (struct effect){
        .kind = EFFECT_ALBUM, .chat_id = anna.chat_id, .album = {.job_id = job_id, .count = 3, .indexes = {0, 2, 22}}};
    list[effects.count++] = (struct effect){
        .kind = EFFECT_JOB_FINISHED, .chat_id = anna.chat_id, .job_finished.job_id = job_id};
    struct db_unit *unit = db_unit_new();
    commit_add_records(unit, &arena, chats, CHATS, &effects, NULL, 0, 1700000000000, 1);
    CHECK(db_unit_count(unit) > 256);
    db_result_free(run(unit));
    CHECK_INT(
        ask(SQL("SELECT sum(index) FROM photo_tasks WHERE job_id = %lld AND delivery = 'queued'", (long long)job_id)),
        24);
    CHECK_INT(
        ask(SQL("SELECT count(*) FROM photo_tasks WHERE job_id = %lld AND delivery = 'queued'", (long long)job_id)), 3);
    CHECK_INT(
        ask(SQL("SELECT count(*) FROM generation_jobs WHERE id = %lld AND told_at IS NOT NULL", (long long)job_id)), 1);
}

static void test_pending_photos(void)
{
    struct customer anna = customer_new();
    int64_t first = photo_new(&anna, "a"), second = photo_new(&anna, "b");
    CHECK_INT(refused(photo_new(&anna, "c"), PHOTO_TOO_SMALL), PHOTO_TOO_SMALL);
    struct db_unit *unit = db_unit_new();
    (void)photos_add_pending(unit, &arena, 10);
    (void)photos_add_pending(unit, &arena, 1);
    struct db_result *result = run(unit);
    CHECK_INT(db_rows(result, 0), 2);
    CHECK_INT(photos_read_pending(result, 0, 0).id, first);
    CHECK_INT(photos_read_pending(result, 0, 1).id, second);
    CHECK_INT(photos_read_pending(result, 0, 1).chat_id, anna.chat_id);
    CHECK_TEXT(photos_read_pending(result, 0, 1).file_id, "file");
    CHECK_INT(db_rows(result, 1), 1);
    db_result_free(result);
}

int main(void)
{
    begin("fotoset_test_chores");
    test_payment_life();
    test_refused();
    test_settle_twice();
    test_settle_at_once();
    test_wrong_sum();
    test_late_success();
    test_orphan();
    test_same_photo();
    test_pending_photos();
    test_large_turn();
    end();
    return 0;
}
