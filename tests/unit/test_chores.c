/* The three chores at work with their real neighbours: HTTP, darkroom, store, Postgres. Telegram and YooKassa are a
 * child process that answers by path; the conversation's side is a list of the news that were posted. The wall clock is
 * pushed forward instead of waited for. Run by tests/postgres run, which sets FOTOSET_TEST_CONNINFO. */
#include <signal.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include "bot/cashier.h"
#include "bot/darkroom/darkroom.h"
#include "bot/http/http.h"
#include "bot/intake.h"
#include "bot/maker.h"
#include "bot/store/directory.h"
#include "bot/telegram/client.h"
#include "bot/timers.h"
#include "bot/turns.h"
#include "bot/yookassa/client.h"
#include "tests/unit/chores.h"
#include "tests/unit/chores_server.h"

#define TOKEN "123456789:AAEhBOweik6ad9r_QXMENQjcrGbqCr4K-bc"

enum { NEWS_MAX = 256 };

static struct shop shop;
static struct config config;
static struct event news[NEWS_MAX];
static size_t news_count;
static int64_t pushed_ms;

void turns_post(struct turns *turns, const struct event *event)
{
    (void)turns;
    CHECK(news_count < NEWS_MAX);
    news[news_count++] = *event;
}

static int news_of(enum event_kind kind, int64_t object)
{
    int count = 0;
    for (size_t i = 0; i < news_count; i++)
        count += news[i].kind == kind && news[i].object == object;
    return count;
}

/* ---- our side ---- */

static void read_clocks(void)
{
    struct timespec now;
    CHECK_INT(clock_gettime(CLOCK_REALTIME, &now), 0);
    shop.unix_ms = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000 + pushed_ms;
    shop.now_ms = now_ms();
}

static void go_round(void)
{
    struct http_fd fds[2];
    size_t count = 0;
    if (db_fd(shop.db) >= 0)
        fds[count++] = (struct http_fd){.fd = db_fd(shop.db), .want_read = true};
    if (darkroom_fd(shop.darkroom) >= 0)
        fds[count++] = (struct http_fd){.fd = darkroom_fd(shop.darkroom), .want_read = true};
    http_poll(shop.http, fds, count, 5);
    read_clocks();
    db_ready(shop.db, (short)(POLLIN | db_events(shop.db)), shop.now_ms);
    darkroom_ready(shop.darkroom, darkroom_events(shop.darkroom), shop.now_ms);
    http_perform(shop.http, shop.now_ms);
    timers_run(shop.timers, shop.unix_ms, 100);
    telegram_run_due(shop.telegram, shop.now_ms);
}

static void wait_news(enum event_kind kind, int64_t object, int count)
{
    int64_t until_ms = now_ms() + WAIT_MS;
    while (news_of(kind, object) < count) {
        CHECK(now_ms() < until_ms);
        go_round();
    }
}

static void rendered(void *ctx, enum err err, struct darkroom_result *result)
{
    (void)ctx;
    CHECK_INT(err, ERR_OK);
    picture = result->jpeg;
    picture_bytes = result->jpeg_len;
    result->jpeg = NULL;
}

/* Sharp edges everywhere, or the darkroom calls it blurred. */
static void draw_picture(void)
{
    char *svg = arena_copy(&arena, "<svg xmlns='http://www.w3.org/2000/svg' width='900' height='900'>");
    for (int i = 0; i < 300; i++)
        svg = SQL("%s<rect x='%d' y='%d' width='%d' height='%d' fill='#%06x'/>", svg, i * 61 % 880, i * 97 % 880,
                  20 + i * 13 % 60, 20 + i * 29 % 60, (unsigned)(i * 2654435) & 0xffffffu);
    svg = SQL("%s</svg>", svg);
    CHECK_INT(darkroom_render(shop.darkroom, svg, strlen(svg), 900, 900, rendered, NULL), ERR_OK);
    while (picture == NULL) {
        struct pollfd fd = {.fd = darkroom_fd(shop.darkroom), .events = darkroom_events(shop.darkroom)};
        (void)poll(&fd, 1, 20);
        darkroom_ready(shop.darkroom, fd.revents, now_ms());
    }
}

static void open_shop(const char *url, char *store_path)
{
    struct http_config http = {.allow_plain_http = true};
    struct telegram_config telegram = {.api_url = url, .token = TOKEN};
    struct yookassa_config yookassa = {.api_url = url, .shop_id = "1", .secret = "test_secret"};
    config.shop.photos_max = 20;
    config.shop.min_side_px = 512;
    config.shop.photo_max_bytes = 20 * 1024 * 1024;
    config.yookassa.link_life_minutes = 60;
    config.making = (struct config_making){
        .workers = 2, .lease_s = 60, .max_attempts = 3, .retry_base_s = 1, .retry_cap_s = 2};
    config.roles = CONFIG_ROLE_GENERATE;
    shop.config = &config;
    shop.http = http_new(&http);
    CHECK_INT(telegram_new(shop.http, &telegram, &shop.telegram), ERR_OK);
    shop.yookassa = yookassa_new(shop.http, &yookassa);
    CHECK(mkdtemp(store_path) != NULL);
    CHECK_INT(directory_new(store_path, &shop.store), ERR_OK);
    shop.db = db;
    shop.timers = timers_new();
    shop.intake = intake_new(&shop);
    shop.cashier = cashier_new(&shop);
    shop.maker = maker_new(&shop);
    read_clocks();
}

static void close_shop(const char *store_path)
{
    shop.stopping = true;
    telegram_free(shop.telegram);
    yookassa_free(shop.yookassa);
    http_free(shop.http);
    maker_free(shop.maker);
    cashier_free(shop.cashier);
    intake_free(shop.intake);
    darkroom_free(shop.darkroom);
    timers_free(shop.timers);
    store_free(shop.store);
    pid_t pid = fork();
    if (pid == 0) {
        (void)execlp("rm", "rm", "-rf", store_path, (char *)NULL);
        _exit(1);
    }
    CHECK_INT(waitpid(pid, NULL, 0), pid);
}

static int64_t photo_new(const struct customer *customer)
{
    int64_t id = next_id++;
    tell(SQL("INSERT INTO photo_intake (id, avatar_id, chat_id, number, file_id, file_unique_id)"
             " VALUES (%lld, %lld, %lld, 1, 'f', 'u%lld')",
             (long long)id, (long long)customer->avatar_id, (long long)customer->chat_id, (long long)id));
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
    int64_t forgotten = photo_new(anna);
    intake_resume(shop.intake);
    wait_news(EVENT_PHOTO_READY, forgotten, 1);
    CHECK_INT(verdict_of(forgotten), PHOTO_GOOD);
    int64_t same = photo_new(anna), big = photo_new(anna);
    intake_add(shop.intake, same, anna->chat_id, "f", 0);
    intake_add(shop.intake, big, anna->chat_id, "f", 30 * 1024 * 1024);
    wait_news(EVENT_PHOTO_READY, same, 1);
    wait_news(EVENT_PHOTO_READY, big, 1);
    CHECK_INT(verdict_of(same), PHOTO_DUPLICATE);
    CHECK_INT(verdict_of(big), PHOTO_TOO_BIG);
    CHECK_INT(intake_pending(shop.intake), 0);
    CHECK_INT(ask(SQL("SELECT count(*) FROM reference_photos WHERE avatar_id = %lld AND image_url LIKE 'store:%%'",
                      (long long)anna->avatar_id)),
              1);
}

/* Pushes the clock forward until the photo is judged; how long that took by it. */
static int64_t minutes_until_judged(int64_t id)
{
    int64_t before_ms = shop.unix_ms;
    for (int64_t until_ms = now_ms() + WAIT_MS; news_of(EVENT_PHOTO_READY, id) == 0; pushed_ms += 1000) {
        CHECK(now_ms() < until_ms);
        go_round();
    }
    return (shop.unix_ms - before_ms) / 60000;
}

/* "Temporarily unavailable" passes: asked for again for a quarter of an hour; what is wrong with the file is said at
 * once. */
static void test_intake_away(const struct customer *anna)
{
    enum { MANY = 1000000 };
    int64_t back = photo_new(anna), gone = photo_new(anna), wrong = photo_new(anna);
    shared->away = 12;
    intake_add(shop.intake, back, anna->chat_id, "away", 0);
    (void)minutes_until_judged(back);
    CHECK_INT(verdict_of(back), PHOTO_DUPLICATE);
    CHECK(shared->away < 0);
    shared->away = MANY;
    intake_add(shop.intake, gone, anna->chat_id, "away", 0);
    int64_t minutes = minutes_until_judged(gone);
    CHECK_INT(verdict_of(gone), PHOTO_UNREACHABLE);
    CHECK(minutes >= 14 && minutes <= 17);
    CHECK(MANY - shared->away > 15 && MANY - shared->away < 100);
    shared->away = 0;
    intake_add(shop.intake, wrong, anna->chat_id, "wrong", 0);
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
    int64_t unlucky = photo_new(anna), hostile = photo_new(anna);
    pid_t pid = hold_darkroom();
    intake_add(shop.intake, unlucky, anna->chat_id, "f", 0);
    kill_darkroom(pid);
    CHECK_INT(news_of(EVENT_PHOTO_READY, unlucky), 0);
    for (int64_t until_ms = now_ms() + WAIT_MS; news_of(EVENT_PHOTO_READY, unlucky) == 0; pushed_ms += 100) {
        CHECK(now_ms() < until_ms);
        go_round();
    }
    CHECK_INT(verdict_of(unlucky), PHOTO_DUPLICATE);
    pid = hold_darkroom();
    intake_add(shop.intake, hostile, anna->chat_id, "f", 0);
    kill_darkroom(pid);
    CHECK_INT(news_of(EVENT_PHOTO_READY, hostile), 0);
    kill_darkroom(hold_darkroom());
    wait_news(EVENT_PHOTO_READY, hostile, 1);
    CHECK_INT(verdict_of(hostile), PHOTO_UNREADABLE);
}

static int64_t fresh_order(const struct customer *anna)
{
    int64_t order_id = order_new(anna);
    tell(SQL("UPDATE orders SET created_at_ms = %lld WHERE id = %lld", (long long)shop.unix_ms, (long long)order_id));
    shared->order_id = order_id;
    shared->creates = shared->gets = 0;
    return order_id;
}

/* Two 500s: three tries with one key. Then the user presses "paid" too early, and the plan finds the money. */
static void test_payment(const struct customer *anna)
{
    shared->fail_creates = 2;
    shared->paid_from = 3;
    int64_t order_id = fresh_order(anna);
    cashier_create(shop.cashier, order_id);
    for (int64_t until_ms = now_ms() + WAIT_MS; news_of(EVENT_PAYMENT_LINK, order_id) == 0; pushed_ms += 100) {
        CHECK(now_ms() < until_ms);
        go_round();
    }
    CHECK_INT(shared->creates, 3);
    CHECK_TEXT(shared->keys[1], shared->keys[0]);
    CHECK_TEXT(shared->keys[2], shared->keys[0]);
    cashier_check(shop.cashier, order_id);
    for (int64_t until_ms = now_ms() + WAIT_MS; shared->gets == 0;) {
        CHECK(now_ms() < until_ms);
        go_round();
    }
    for (int i = 0; i < 40; i++) {
        if (i == 5)
            cashier_check(shop.cashier, order_id); /* the second press in two seconds asks nobody */
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
    CHECK_INT(cashier_pending(shop.cashier), 0);
}

/* Money for which nothing can be made is not silent. */
static void test_stuck(const struct customer *anna)
{
    static const char *const deeds[] = {"price = 400", "avatar_id = NULL"};
    for (size_t i = 0; i < 2; i++) {
        tell("UPDATE orders SET payment_id = NULL"); /* the other side has but one payment */
        tell("DELETE FROM payments");
        shared->paid_from = 1;
        int64_t order_id = fresh_order(anna);
        tell(SQL("UPDATE orders SET %s WHERE id = %lld", deeds[i], (long long)order_id));
        cashier_create(shop.cashier, order_id);
        for (int64_t until_ms = now_ms() + WAIT_MS; news_of(EVENT_PAYMENT_SETTLED, order_id) == 0; pushed_ms += 200) {
            CHECK(now_ms() < until_ms);
            go_round();
        }
        CHECK_INT(news[news_count - 1].other, 0);
        CHECK_INT(news[news_count - 1].chat_id, anna->chat_id);
        CHECK_INT(jobs_of(order_id), 0);
        CHECK_INT(cashier_pending(shop.cashier), 0);
    }
}

/* YooKassa says "succeeded", but of a payment that is another order's: nothing is given. */
static void test_false_money(const struct customer *anna)
{
    shared->payment++;
    shared->paid_from = 1;
    int64_t order_id = fresh_order(anna);
    cashier_create(shop.cashier, order_id);
    wait_news(EVENT_PAYMENT_LINK, order_id, 1);
    shared->order_id++;
    const char *sql = SQL("SELECT count(*) FROM orders WHERE payment_state = 'mismatch' AND id = %lld",
                          (long long)order_id);
    for (int64_t until_ms = now_ms() + WAIT_MS; ask(sql) == 0; pushed_ms += 200) {
        CHECK(now_ms() < until_ms);
        go_round();
    }
    CHECK_INT(jobs_of(order_id), 0);
}

/* The payment ends without money: what the bank said is told, and kept for a chat that was not told. */
static void test_declined(const struct customer *anna)
{
    shared->payment++;
    shared->fail_creates = 0;
    int64_t order_id = fresh_order(anna);
    memcpy(shared->ended, "insufficient_funds", sizeof "insufficient_funds");
    cashier_create(shop.cashier, order_id);
    for (int64_t until_ms = now_ms() + WAIT_MS; news_of(EVENT_PAYMENT_CANCELED, order_id) == 0; pushed_ms += 200) {
        CHECK(now_ms() < until_ms);
        go_round();
    }
    CHECK_INT(news[news_count - 1].reason, PAYMENT_NO_FUNDS);
    cashier_check(shop.cashier, order_id); /* as after a restart: only the database knows */
    wait_news(EVENT_PAYMENT_CANCELED, order_id, 2);
    CHECK_INT(news[news_count - 1].reason, PAYMENT_NO_FUNDS);
    shared->ended[0] = '\0';
}

/* YooKassa can't be asked: the cashier has nothing to say, and says it when it has. */
static void test_mute(const struct customer *anna)
{
    shared->payment++;
    shared->paid_from = 1000;
    shared->mute = true;
    int64_t order_id = fresh_order(anna);
    cashier_create(shop.cashier, order_id);
    wait_news(EVENT_PAYMENT_LINK, order_id, 1);
    cashier_check(shop.cashier, order_id);
    for (int64_t until_ms = now_ms() + WAIT_MS; shared->gets < 2; pushed_ms += 200) {
        CHECK(now_ms() < until_ms);
        go_round();
    }
    CHECK_INT(news_of(EVENT_PAYMENT_PENDING, order_id), 0);
    shared->mute = false;
    for (int64_t until_ms = now_ms() + WAIT_MS; news_of(EVENT_PAYMENT_PENDING, order_id) == 0; pushed_ms += 200) {
        CHECK(now_ms() < until_ms);
        go_round();
    }
}

static void test_refusal(const struct customer *anna)
{
    static const struct {
        const char *parameter;
        enum payment_reason reason;
    } rows[] = {{"receipt", PAYMENT_UNTOLD}, {"receipt.customer.phone", PAYMENT_CONTACT_REFUSED}};
    shared->fail_creates = -1;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int64_t order_id = fresh_order(anna);
        memcpy(shared->parameter, rows[i].parameter, strlen(rows[i].parameter) + 1);
        cashier_create(shop.cashier, order_id);
        wait_news(EVENT_PAYMENT_FAILED, order_id, 1);
        CHECK_INT(news[news_count - 1].reason, rows[i].reason);
        CHECK_INT(shared->creates, 1);
        CHECK_TEXT(ask_text(SQL("SELECT payment_state FROM orders WHERE id = %lld", (long long)order_id)), "failed");
        cashier_check(shop.cashier, order_id); /* as after a restart: only the database knows */
        wait_news(EVENT_PAYMENT_FAILED, order_id, 2);
        CHECK_INT(news[news_count - 1].reason, rows[i].reason);
    }
}

static void test_making(const struct customer *anna)
{
    int64_t job_id = ask(SQL("SELECT max(id) FROM generation_jobs WHERE avatar_id = %lld", (long long)anna->avatar_id));
    wait_news(EVENT_JOB_PROGRESS, job_id, PHOTOS); /* the cashier woke the maker */
    while (maker_busy(shop.maker) > 0)
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
    char url[64], store_path[] = "/tmp/fotoset_test_chores.XXXXXX";
    struct darkroom_config darkroom = {.program_path = BINARY_DIR "/fotoset-darkroom"};
    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CHECK(shared != MAP_FAILED);
    shared->payment = 1;
    begin("fotoset_test_chores_at_work");
    shop.darkroom = darkroom_new(&darkroom);
    draw_picture();
    pid_t server = start_server(url, sizeof url);
    open_shop(url, store_path);
    struct customer anna = customer_new();
    test_intake(&anna);
    test_intake_away(&anna);
    test_intake_survives(&anna);
    test_payment(&anna);
    test_making(&anna);
    test_stuck(&anna);
    test_false_money(&anna);
    test_declined(&anna);
    test_mute(&anna);
    test_refusal(&anna);
    close_shop(store_path);
    CHECK_INT(kill(server, SIGKILL), 0);
    CHECK_INT(waitpid(server, NULL, 0), server);
    free(picture);
    end();
    return 0;
}
