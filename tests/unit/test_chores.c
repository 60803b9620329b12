/* The three chores at work with their real neighbours, see shop_stage.h: photos taken in, a payment made and seen, the
 * photos made. Run by tests/postgres run, which sets FOTOSET_TEST_CONNINFO. */
#include "tests/unit/shop_stage.h"

static int64_t photo_new(const struct customer *customer, const char *file_id)
{
    int64_t id = next_id++;
    tell(SQL("INSERT INTO photo_intake (id, avatar_id, chat_id, number, file_id, file_unique_id)"
             " VALUES (%lld, %lld, %lld, 1, '%s', 'u%lld')",
             (long long)id, (long long)customer->avatar_id, (long long)customer->chat_id, file_id, (long long)id));
    return id;
}

static enum photo_verdict verdict_of(int64_t id)
{
    for (size_t i = 0; i < news_count; i++)
        if (news[i].kind == EVENT_PHOTO_READY && news[i].object == id)
            return news[i].verdict;
    return PHOTO_PENDING;
}

/* The first download fails, one photo is too big, two are the same picture, one is found again at start. */
static void test_intake(const struct customer *anna)
{
    int64_t forgotten = photo_new(anna, "f");
    engine_open(shop.engine, CHORE_PHOTO_INTAKE);
    wait_news(EVENT_PHOTO_READY, forgotten, 1);
    CHECK_INT(verdict_of(forgotten), PHOTO_GOOD);
    int64_t same = photo_new(anna, "f"), big = photo_new(anna, "big");
    engine_wake(shop.engine, CHORE_PHOTO_INTAKE, same);
    engine_wake(shop.engine, CHORE_PHOTO_INTAKE, big);
    wait_news(EVENT_PHOTO_READY, same, 1);
    wait_news(EVENT_PHOTO_READY, big, 1);
    CHECK_INT(verdict_of(same), PHOTO_DUPLICATE);
    CHECK_INT(verdict_of(big), PHOTO_TOO_BIG);
    CHECK_INT(engine_busy(shop.engine), 0);
    CHECK_INT(ask(SQL("SELECT count(*) FROM reference_photos WHERE avatar_id = %lld AND image_url LIKE 'store:%%'",
                      (long long)anna->avatar_id)),
              1);
}

/* Pushes the clock forward until the photo is judged; how long that took by it. */
static int64_t minutes_until_judged(int64_t id)
{
    int64_t before_ms = shop.clock.unix_ms;
    for (int64_t until_ms = now_ms() + WAIT_MS; news_of(EVENT_PHOTO_READY, id) == 0; pushed_ms += 1000) {
        CHECK(now_ms() < until_ms);
        go_round();
    }
    return (shop.clock.unix_ms - before_ms) / 60000;
}

/* "Temporarily unavailable" passes: asked for again for a quarter of an hour; what is wrong with the file is said at
 * once. */
static void test_intake_away(const struct customer *anna)
{
    enum { MANY = 1000000 };
    int64_t back = photo_new(anna, "away"), wrong = photo_new(anna, "wrong");
    shared->away = 12;
    engine_wake(shop.engine, CHORE_PHOTO_INTAKE, back);
    (void)minutes_until_judged(back);
    CHECK_INT(verdict_of(back), PHOTO_DUPLICATE);
    CHECK(shared->away < 0);
    shared->away = MANY;
    int64_t gone = photo_new(anna, "away");
    engine_wake(shop.engine, CHORE_PHOTO_INTAKE, gone);
    int64_t minutes = minutes_until_judged(gone);
    CHECK_INT(verdict_of(gone), PHOTO_UNREACHABLE);
    CHECK(minutes >= 14 && minutes <= 17);
    CHECK(MANY - shared->away > 15 && MANY - shared->away < 100);
    shared->away = 0;
    engine_wake(shop.engine, CHORE_PHOTO_INTAKE, wrong);
    wait_news(EVENT_PHOTO_READY, wrong, 1);
    CHECK_INT(verdict_of(wrong), PHOTO_UNREACHABLE);
}

static void warmed(void *ctx, enum err err, struct darkroom_result *result)
{
    (void)result;
    CHECK_INT(err, ERR_OK);
    *(bool *)ctx = true;
}

/* Stops the darkroom's process, idle as it is: the next photo stays in its hands. */
static pid_t hold_darkroom(void)
{
    static const char drawing[] = "<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'/>";
    bool warm = false; /* a process that dies before its hello is nobody's fault */
    CHECK_INT(darkroom_render(shop.darkroom, drawing, sizeof drawing - 1, 9, 9, warmed, &warm), ERR_OK);
    pushed_ms -= WAIT_MS; /* what was put aside stays there until it is ready */
    while (!warm)
        go_round();
    pushed_ms += WAIT_MS;
    pid_t pid = (pid_t)darkroom_pid(shop.darkroom);
    CHECK_INT(darkroom_queued(shop.darkroom), 0);
    CHECK_INT(kill(pid, SIGSTOP), 0);
    return pid;
}

/* Kills it, once it has the photo. */
static void kill_darkroom(pid_t pid)
{
    for (int64_t until_ms = now_ms() + WAIT_MS; darkroom_queued(shop.darkroom) == 0; pushed_ms += 100) {
        CHECK(now_ms() < until_ms);
        go_round();
    }
    for (int i = 0; i < 5; i++)
        go_round();
    CHECK_INT(kill(pid, SIGKILL), 0);
    while (darkroom_pid(shop.darkroom) == pid)
        go_round();
}

/* Whoever ended the darkroom (the system, for want of memory, or a stop of the whole service): the photo is not to
 * blame. One that does it twice is. */
static void test_intake_survives(const struct customer *anna)
{
    int64_t unlucky = photo_new(anna, "f"), hostile = photo_new(anna, "f");
    pid_t pid = hold_darkroom();
    engine_wake(shop.engine, CHORE_PHOTO_INTAKE, unlucky);
    kill_darkroom(pid);
    CHECK_INT(news_of(EVENT_PHOTO_READY, unlucky), 0);
    for (int64_t until_ms = now_ms() + WAIT_MS; news_of(EVENT_PHOTO_READY, unlucky) == 0; pushed_ms += 100) {
        CHECK(now_ms() < until_ms);
        go_round();
    }
    CHECK_INT(verdict_of(unlucky), PHOTO_DUPLICATE);
    pid = hold_darkroom();
    engine_wake(shop.engine, CHORE_PHOTO_INTAKE, hostile);
    kill_darkroom(pid);
    CHECK_INT(news_of(EVENT_PHOTO_READY, hostile), 0);
    kill_darkroom(hold_darkroom());
    wait_news(EVENT_PHOTO_READY, hostile, 1);
    CHECK_INT(verdict_of(hostile), PHOTO_UNREADABLE);
}

/* Two 500s: three tries with one key. Then the user presses "paid" too early, and the plan finds the money. */
static void test_payment(const struct customer *anna)
{
    engine_open(shop.engine, CHORE_PAYMENT_CREATE);
    engine_open(shop.engine, CHORE_PAYMENT_WATCH);
    engine_open(shop.engine, CHORE_PHOTO_MAKE);
    shared->fail_creates = 2;
    shared->paid_from = 3;
    int64_t order_id = fresh_order(anna);
    engine_wake(shop.engine, CHORE_PAYMENT_CREATE, order_id);
    for (int64_t until_ms = now_ms() + WAIT_MS; news_of(EVENT_PAYMENT_LINK, order_id) == 0; pushed_ms += 100) {
        CHECK(now_ms() < until_ms);
        go_round();
    }
    CHECK_INT(shared->creates, 3);
    CHECK_TEXT(shared->keys[1], shared->keys[0]);
    CHECK_TEXT(shared->keys[2], shared->keys[0]);
    engine_ask(shop.engine, CHORE_PAYMENT_WATCH, order_id);
    for (int64_t until_ms = now_ms() + WAIT_MS; shared->gets == 0;) {
        CHECK(now_ms() < until_ms);
        go_round();
    }
    for (int i = 0; i < 40; i++) {
        if (i == 5)
            engine_ask(shop.engine, CHORE_PAYMENT_WATCH, order_id); /* the second press in two seconds asks nobody */
        go_round();
    }
    CHECK_INT(shared->gets, 1);
    CHECK_INT(news_of(EVENT_PAYMENT_SETTLED, order_id), 0);
    CHECK_INT(news_of(EVENT_PAYMENT_PENDING, order_id), 1); /* who asked hears what was seen, once */
    for (int64_t until_ms = now_ms() + WAIT_MS; news_of(EVENT_PAYMENT_SETTLED, order_id) == 0; pushed_ms += 200) {
        CHECK(now_ms() < until_ms);
        go_round();
    }
    CHECK_INT(shared->gets, 3);
    CHECK_INT(news_of(EVENT_PAYMENT_PENDING, order_id), 1); /* the plan's own look tells nobody */
    CHECK_INT(jobs_of(order_id), 1);
}

static void test_making(const struct customer *anna)
{
    int64_t job_id = ask(SQL("SELECT max(id) FROM generation_jobs WHERE avatar_id = %lld", (long long)anna->avatar_id));
    wait_news(EVENT_JOB_PROGRESS, job_id, PHOTOS); /* the settled payment woke it */
    while (engine_busy(shop.engine) > 0)
        go_round();
    CHECK_TEXT(
        ask_text(SQL("SELECT status || completed_photos FROM generation_jobs WHERE id = %lld", (long long)job_id)),
        "completed23");
    CHECK_INT(ask(SQL("SELECT count(DISTINCT image_url) FROM generated_photos WHERE avatar_id = %lld",
                      (long long)anna->avatar_id)),
              2); /* one reference, two looks without chance in them: the same task gives the same photo */
    CHECK_INT(ask("SELECT count(*) FROM photo_tasks WHERE lease_token IS NOT NULL OR attempts <> 1"), 0);
    for (int i = 0; i < 20; i++)
        go_round();
    CHECK(db_idle(shop.db)); /* nothing to do: nobody is asked */
}

int main(void)
{
    open_stage("fotoset_test_chores_at_work");
    struct customer anna = customer_new();
    test_intake(&anna);
    test_intake_away(&anna);
    test_intake_survives(&anna);
    test_payment(&anna);
    test_making(&anna);
    close_stage();
    return 0;
}
