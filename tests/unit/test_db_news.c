/* What is learned for a chat is a row, made with what it tells of and gone with the telling. Run by tests/postgres run,
 * which sets FOTOSET_TEST_CONNINFO. */
#include "db/commit.h"
#include "db/deed.h"
#include "db/news.h"
#include "db/photos.h"
#include "db/tasks.h"
#include "tests/unit/chores.h"

/* ---- news ---- */

static int64_t news_of(const struct customer *customer)
{
    return ask(SQL("SELECT count(*) FROM bot_news WHERE chat_id = %lld", (long long)customer->chat_id));
}

/* Runs the unit twice: the first time it makes news, the second time none. */
static int64_t once(struct db_unit *(*make)(int64_t object), int64_t object)
{
    struct db_result *result = run(make(object));
    CHECK(payments_read_done(result, 0));
    int64_t news_id = payments_read_news(result, 0);
    db_result_free(result);
    CHECK(news_id != 0);
    result = run(make(object));
    CHECK(!payments_read_done(result, 0));
    CHECK_INT(payments_read_news(result, 0), 0);
    db_result_free(result);
    return news_id;
}

static struct db_unit *make_created(int64_t order_id)
{
    struct db_unit *unit = db_unit_new();
    (void)payments_add_created(unit, &arena,
                               &(struct payments_created){order_id, payment_of(order_id), "https://pay/", 5});
    return unit;
}

static struct db_unit *make_refused(int64_t order_id)
{
    struct db_unit *unit = db_unit_new();
    (void)payments_add_given_up(unit, &arena, order_id, PAYMENTS_REFUSED, PAYMENT_CONTACT_REFUSED);
    return unit;
}

/* The id of its news, which a second time does not make. */
static int64_t ended_once(int64_t order_id, bool foreign)
{
    struct payments_settled first = see_canceled(order_id, PAYMENT_NO_FUNDS, foreign);
    CHECK_INT(first.outcome, foreign ? PAYMENTS_FOREIGN : PAYMENTS_UNPAID);
    struct payments_settled again = see_canceled(order_id, PAYMENT_NO_FUNDS, foreign);
    CHECK_INT(again.outcome, PAYMENTS_ALREADY);
    CHECK_INT(again.news_id, 0);
    return first.news_id;
}

static void test_payment_news(void)
{
    struct customer anna = customer_new();
    int64_t order_id = order_new(&anna);
    check_news(&anna, once(make_created, order_id), SQL("payment_link:%lld:0", (long long)order_id));
    check_news(&anna, ended_once(order_id, false), SQL("payment_canceled:%lld:0:no_funds", (long long)order_id));
    struct payments_settled settled = settle(order_id, 50000, "RUB");
    check_news(&anna, settled.news_id,
               SQL("payment_settled:%lld:%lld:late", (long long)order_id, (long long)settled.job_id));
    CHECK_INT(settle(order_id, 50000, "RUB").news_id, 0);
    order_id = order_new(&anna);
    check_news(&anna, once(make_refused, order_id), SQL("payment_failed:%lld:0:contact", (long long)order_id));
    order_id = order_new(&anna);
    CHECK(create_payment(order_id));
    check_news(&anna, ended_once(order_id, true), SQL("payment_failed:%lld:0:foreign", (long long)order_id));
    order_id = order_new(&anna); /* one that nobody wants is no news */
    int64_t before = news_of(&anna);
    struct db_unit *unit = db_unit_new();
    (void)payments_add_given_up(unit, &arena, order_id, PAYMENTS_UNWANTED, PAYMENT_UNTOLD);
    struct db_result *result = run(unit);
    CHECK(payments_read_done(result, 0));
    db_result_free(result);
    CHECK_INT(news_of(&anna), before);
}

static struct db_result *end_task(int64_t job_id, int index, bool made, int max_attempts)
{
    struct db_unit *unit = db_unit_new();
    tell(SQL("UPDATE photo_tasks SET lease_token = 't', attempts = 1 WHERE job_id = %lld AND index = %d",
             (long long)job_id, index));
    int64_t task_id = ask(
        SQL("SELECT id FROM photo_tasks WHERE job_id = %lld AND index = %d", (long long)job_id, index));
    if (made)
        (void)tasks_add_made(unit, &arena, task_id, "t", "store:x");
    else
        (void)tasks_add_failed(unit, &arena, task_id, "t", "why", 1000, max_attempts);
    return run(unit);
}

static void test_task_news(void)
{
    struct customer anna = customer_new();
    int64_t job_id = job_new(&anna), chat_id = 0;
    for (int index = 0; index < 2; index++) {
        struct db_result *result = end_task(job_id, index, index == 0, 0);
        CHECK(tasks_read_ended(result, 0, &chat_id));
        CHECK_INT(chat_id, anna.chat_id);
        check_news(&anna, tasks_read_news(result, 0), SQL("job_progress:%lld:0", (long long)job_id));
        db_result_free(result);
    }
    struct db_result *result = end_task(job_id, 2, false, 3); /* it is tried again */
    CHECK(tasks_read_ended(result, 0, &chat_id));
    CHECK_INT(tasks_read_news(result, 0), 0);
    db_result_free(result);
    result = end_task(job_id, 0, true, 0); /* not ours any more */
    CHECK(!tasks_read_ended(result, 0, &chat_id));
    CHECK_INT(tasks_read_news(result, 0), 0);
    db_result_free(result);
    tell(SQL("UPDATE generation_jobs SET chat_id = NULL WHERE id = %lld", (long long)job_id));
    result = end_task(job_id, 3, true, 0); /* nobody's chat */
    CHECK(tasks_read_ended(result, 0, &chat_id));
    CHECK_INT(chat_id, 0);
    CHECK_INT(tasks_read_news(result, 0), 0);
    db_result_free(result);
}

static void test_photo_news(void)
{
    struct customer anna = customer_new();
    int64_t id = next_id++;
    enum photo_verdict verdict = PHOTO_PENDING;
    tell(SQL("INSERT INTO photo_intake (id, avatar_id, chat_id, number, file_id, file_unique_id)"
             " VALUES (%lld, %lld, %lld, 1, 'file', 'u')",
             (long long)id, (long long)anna.avatar_id, (long long)anna.chat_id));
    for (int i = 0; i < 2; i++) {
        struct db_unit *unit = db_unit_new();
        int at = photos_add_examined(unit, &arena, &(struct photos_examined){.id = id, .verdict = PHOTO_BLURRED});
        struct db_result *result = run(unit);
        CHECK(photos_read_examined(result, at, &verdict));
        CHECK_INT(verdict, PHOTO_BLURRED);
        if (i == 0)
            check_news(&anna, photos_read_news(result, at), SQL("photo_ready:%lld:0:blurred", (long long)id));
        else
            CHECK_INT(photos_read_news(result, at), 0);
        db_result_free(result);
    }
    CHECK_INT(news_of(&anna), 1);
}

/* Who unblocks the bot hears of the sets that were put back. */
static void test_unblocked(void)
{
    struct customer anna = customer_new();
    int64_t told = job_new(&anna), untold = job_new(&anna);
    tell(SQL("UPDATE generation_jobs SET told_at = now() WHERE id = %lld", (long long)told));
    tell("DELETE FROM bot_news");
    for (int back = 0; back < 2; back++) {
        struct chat chat = {.id = anna.chat_id, .user.id = anna.user_id};
        struct effect effect = {.kind = EFFECT_BLOCKED, .chat_id = chat.id, .blocked = {back == 0}};
        struct db_unit *unit = db_unit_new();
        commit_add_records(unit, &arena, &chat, 1, &(struct effects){.list = &effect, .count = 1}, NULL, 0,
                           1700000000000, 1);
        db_result_free(run(unit));
        CHECK_INT(news_of(&anna), back);
    }
    CHECK_INT(ask("SELECT object FROM bot_news WHERE kind = 'job_progress'"), untold);
}

static const char *untold_after(int64_t after_id, int limit)
{
    struct db_unit *unit = db_unit_new();
    const char *text = "";
    news_add_untold(unit, &arena, after_id, limit);
    struct db_result *result = run(unit);
    for (int row = 0; row < db_rows(result, 0); row++) {
        struct event news = news_read_untold(result, row);
        text = SQL("%s%d %lld %lld %lld %d %d; ", text, news.kind, (long long)news.chat_id, (long long)news.object,
                   (long long)news.other, news.verdict, news.reason);
    }
    db_result_free(result);
    return text;
}

/* They are found in the order in which they were made, and told once: the turn that comes too late is refused. */
static void test_told_once(void)
{
    int64_t ids[4];
    tell("DELETE FROM bot_news");
    ids[0] = ask("SELECT news_add(7, 'payment_settled', 8, 9, NULL)");
    ids[1] = ask("SELECT news_add(7, 'photo_ready', 8, 0, 'blurred')");
    ids[2] = ask("SELECT news_add(7, 'of a newer program', 1, 0, NULL)");
    ids[3] = ask("SELECT news_add(7, 'photo_ready', 2, 0, NULL)");
    CHECK_INT(ask("SELECT count(*) FROM bot_news WHERE news_add(NULL, 'job_progress', 1, 0, NULL) IS NOT NULL"), 0);
    CHECK_TEXT(untold_after(0, 2),
               SQL("%d 7 8 9 0 0; %d 7 8 0 %d 0; ", EVENT_PAYMENT_SETTLED, EVENT_PHOTO_READY, PHOTO_BLURRED));
    CHECK_TEXT(untold_after(ids[1], 1), SQL("%d 7 1 0 0 0; ", EVENT_NONE));
    CHECK_TEXT(untold_after(ids[2], 1), SQL("%d 7 2 0 %d 0; ", EVENT_PHOTO_READY, PHOTO_BROKEN));
    struct db_unit *unit = db_unit_new();
    news_add_told(unit, &arena, ids, 1);
    int at = news_add_standing(unit, &arena, ids, 2);
    struct db_result *result = run(unit);
    struct event told = {.kind = EVENT_PAYMENT_SETTLED, .news_id = ids[0]};
    struct event stands = {.kind = EVENT_PHOTO_READY, .news_id = ids[1]};
    CHECK(!news_read_standing(result, at, &told) && news_read_standing(result, at, &stands));
    CHECK_INT(stands.verdict, PHOTO_BLURRED);
    db_result_free(result);
    struct db_failure failure;
    unit = db_unit_new();
    news_add_told(unit, &arena, ids, 2);
    CHECK(db_run(db, unit, WAIT_MS, NULL, &failure) != ERR_OK);
    CHECK_TEXT(failure.sqlstate, DEED_LOST);
    CHECK_INT(failure.err, ERR_CONFLICT); /* nobody is to blame: it is loaded again */
    CHECK_INT(ask(SQL("SELECT count(*) FROM bot_news WHERE id = %lld", (long long)ids[1])), 1);
}

int main(void)
{
    begin("fotoset_test_news");
    test_payment_news();
    test_task_news();
    test_photo_news();
    test_unblocked();
    test_told_once();
    end();
    return 0;
}
