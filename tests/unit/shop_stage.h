/* What the tests of the chores at work share: a shop whose HTTP, darkroom, store and Postgres are the real ones.
 * Telegram and YooKassa are a child process that answers by path; the conversation's side is a list of the news that
 * were posted. The wall clock is pushed forward instead of waited for. */
#ifndef TESTS_UNIT_SHOP_STAGE_H
#define TESTS_UNIT_SHOP_STAGE_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include "bot/services/darkroom/darkroom.h"
#include "bot/services/http/http.h"
#include "bot/chores/payment_create.h"
#include "bot/chores/payment_watch.h"
#include "bot/chores/photo_intake.h"
#include "bot/chores/photo_make.h"
#include "bot/services/store/directory.h"
#include "bot/services/telegram/client.h"
#include "bot/base/timers.h"
#include "bot/services/yookassa/client.h"
#include "db/sweep.h"
#include "tests/unit/chores.h"

#define TOKEN "123456789:AAEhBOweik6ad9r_QXMENQjcrGbqCr4K-bc"

enum { REQUEST_BYTES = 8192, NEWS_MAX = 256, KEYS_MAX = 8, KEY_BYTES = 64 };

static struct shared {
    int files, creates, gets;
    int away;           /* so many times getFile has not got the file called "away" */
    int paid_from;      /* the n-th question about the payment is answered "succeeded" */
    int fail_creates;   /* so many first tries end in a 500; less than 0: each in a 400 */
    char parameter[32]; /* … for this */
    bool mute;          /* questions about the payment are answered 500 */
    char shop[16];      /* whose payment it is called, "" = nobody's */
    bool test;          /* … and a test shop's … */
    bool test_untold;   /* … which is not said */
    char receipt[16];   /* what is said of the receipt's registration, "" = nothing */
    char ended[32];     /* not "": it is canceled, for this reason */
    long long order_id;
    int payment; /* number of the payment that is spoken of */
    char keys[KEYS_MAX][KEY_BYTES];
} * shared;

static struct {
    struct http *http;
    struct telegram *telegram;
    struct yookassa *yookassa;
    struct darkroom *darkroom;
    struct store *store;
    struct provider *provider;
    struct db *db;
    struct timers *timers;
    struct mailbox *mailbox;
    struct engine *engine;
    struct payment_create *payment_create;
    struct payment_watch *payment_watch;
    struct photo_intake *photo_intake;
    struct photo_make *photo_make;
    struct clock clock;
    struct stop stop;
} shop;
static struct event news[NEWS_MAX];
static size_t news_count;
static int64_t pushed_ms;
static uint8_t *picture;
static size_t picture_bytes;

static inline int news_of(enum event_kind kind, int64_t object)
{
    int count = 0;
    news_count += mailbox_take(shop.mailbox, news + news_count, NEWS_MAX - news_count);
    for (size_t i = 0; i < news_count; i++)
        count += news[i].kind == kind && news[i].object == object;
    return count;
}

/* ---- the other side ---- */

static inline void answer(int fd, const char *status, const void *body, size_t bytes)
{
    char head[256];
    int length = snprintf(head, sizeof head, "HTTP/1.1 %s\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n", status,
                          bytes);
    CHECK(write(fd, head, (size_t)length) == length);
    for (size_t at = 0; at < bytes;) {
        ssize_t sent = write(fd, (const char *)body + at, bytes - at);
        if (sent <= 0)
            return;
        at += (size_t)sent;
    }
}

static inline void answer_text(int fd, const char *status, const char *text)
{
    answer(fd, status, text, strlen(text));
}

static inline void answer_payment(int fd, bool is_paid)
{
    char text[512];
    (void)snprintf(
        text, sizeof text,
        "{\"id\":\"pay-%d\",\"status\":\"%s\",\"paid\":%s,\"amount\":{\"value\":\"500.00\",\"currency\":"
        "\"RUB\"},\"confirmation\":{\"type\":\"redirect\",\"confirmation_url\":\"https://pay.test/1\"},"
        "\"recipient\":{%s%s%s},\"%s\":%s,\"receipt_registration\":\"%s\",\"metadata\":{\"order_id\":\"%lld\"}}",
        shared->payment, is_paid ? "succeeded" : "pending", is_paid ? "true" : "false",
        shared->shop[0] == '\0' ? "" : "\"account_id\":\"", shared->shop, shared->shop[0] == '\0' ? "" : "\"",
        shared->test_untold ? "untold" : "test", shared->test ? "true" : "false", shared->receipt, shared->order_id);
    answer_text(fd, "200 OK", text);
}

static inline void answer_refusal(int fd)
{
    char text[256];
    (void)snprintf(text, sizeof text, "{\"type\":\"error\",\"code\":\"invalid_request\",\"parameter\":\"%s\"}",
                   shared->parameter);
    answer_text(fd, "400 Bad Request", text);
}

static inline void answer_end(int fd)
{
    char text[512];
    (void)snprintf(text, sizeof text,
                   "{\"id\":\"pay-%d\",\"status\":\"canceled\",\"paid\":false,\"amount\":{\"value\":\"500.00\","
                   "\"currency\":\"RUB\"},\"cancellation_details\":{\"party\":\"payment_network\",\"reason\":\"%s\"},"
                   "\"metadata\":{\"order_id\":\"%lld\"}}",
                   shared->payment, shared->ended, shared->order_id);
    answer_text(fd, "200 OK", text);
}

static inline void serve_one(int fd)
{
    static char text[REQUEST_BYTES];
    size_t used = 0;
    for (;;) {
        ssize_t got = read(fd, text + used, sizeof text - 1 - used);
        if (got <= 0)
            return;
        used += (size_t)got;
        text[used] = '\0';
        const char *end = strstr(text, "\r\n\r\n"), *length = strstr(text, "Content-Length: ");
        if (end != NULL && used >= (size_t)(end + 4 - text) + (length == NULL ? 0 : strtoul(length + 16, NULL, 10)))
            break;
    }
    const char *key = strstr(text, "Idempotence-Key: ");
    bool away = strstr(text, "\"away\"") != NULL && shared->away-- > 0;
    if (strstr(text, "/getFile") != NULL && away)
        answer_text(fd, "400 Bad Request",
                    "{\"ok\":false,\"error_code\":400,\"description\":\"Bad Request: wrong file_id or the file is "
                    "temporarily unavailable\"}");
    else if (strstr(text, "/getFile") != NULL && strstr(text, "\"wrong\"") != NULL)
        answer_text(fd, "400 Bad Request",
                    "{\"ok\":false,\"error_code\":400,\"description\":\"Bad Request: invalid file_id\"}");
    else if (strstr(text, "/getFile") != NULL && strstr(text, "\"big\"") != NULL)
        answer_text(fd, "400 Bad Request",
                    "{\"ok\":false,\"error_code\":400,\"description\":\"Bad Request: file is too big\"}");
    else if (strstr(text, "/getFile") != NULL)
        answer_text(fd, "200 OK", "{\"ok\":true,\"result\":{\"file_id\":\"f\",\"file_path\":\"photos/a.jpg\"}}");
    else if (strncmp(text, "GET /file/", 10) == 0 && shared->files++ == 0)
        answer_text(fd, "502 Bad Gateway", "");
    else if (strncmp(text, "GET /file/", 10) == 0)
        answer(fd, "200 OK", picture, picture_bytes);
    else if (key != NULL) {
        (void)snprintf(shared->keys[shared->creates % KEYS_MAX], KEY_BYTES, "%.*s", (int)strcspn(key, "\r"), key);
        if (++shared->creates <= shared->fail_creates)
            answer_text(fd, "500 Internal Server Error", "{\"type\":\"error\",\"code\":\"internal_server_error\"}");
        else if (shared->fail_creates < 0)
            answer_refusal(fd);
        else
            answer_payment(fd, false);
    } else if (shared->mute && ++shared->gets > 0)
        answer_text(fd, "500 Internal Server Error", "");
    else if (shared->ended[0] != '\0')
        answer_end(fd);
    else
        answer_payment(fd, ++shared->gets >= shared->paid_from);
}

static inline pid_t start_server(char *ret_url, size_t bytes)
{
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    CHECK_INT(bind(listener, (struct sockaddr *)&address, length), 0);
    CHECK_INT(listen(listener, 64), 0);
    CHECK_INT(getsockname(listener, (struct sockaddr *)&address, &length), 0);
    (void)snprintf(ret_url, bytes, "http://127.0.0.1:%d", ntohs(address.sin_port));
    pid_t pid = fork();
    CHECK(pid >= 0);
    if (pid == 0) {
        CHECK_INT(prctl(PR_SET_PDEATHSIG, SIGKILL), 0); /* it dies with the test, however that ends */
        for (;;) {
            int fd = accept(listener, NULL, NULL);
            serve_one(fd);
            (void)close(fd);
        }
    }
    (void)close(listener);
    return pid;
}

/* ---- our side ---- */

static inline void read_clocks(void)
{
    struct timespec now;
    CHECK_INT(clock_gettime(CLOCK_REALTIME, &now), 0);
    shop.clock.unix_ms = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000 + pushed_ms;
    shop.clock.mono_ms = now_ms();
}

static inline void go_round(void)
{
    struct http_fd fds[2];
    size_t count = 0;
    if (db_fd(shop.db) >= 0)
        fds[count++] = (struct http_fd){.fd = db_fd(shop.db), .want_read = true};
    if (darkroom_fd(shop.darkroom) >= 0)
        fds[count++] = (struct http_fd){.fd = darkroom_fd(shop.darkroom), .want_read = true};
    http_poll(shop.http, fds, count, 5);
    read_clocks();
    db_ready(shop.db, (short)(POLLIN | db_events(shop.db)), shop.clock.mono_ms);
    darkroom_ready(shop.darkroom, darkroom_events(shop.darkroom), shop.clock.mono_ms);
    http_perform(shop.http, shop.clock.mono_ms);
    timers_run(shop.timers, shop.clock.unix_ms, 100);
    telegram_run_due(shop.telegram, shop.clock.mono_ms);
}

static inline void wait_news(enum event_kind kind, int64_t object, int count)
{
    int64_t until_ms = now_ms() + WAIT_MS;
    while (news_of(kind, object) < count) {
        CHECK(now_ms() < until_ms);
        go_round();
    }
}

static inline void rendered(void *ctx, enum err err, struct darkroom_result *result)
{
    (void)ctx;
    CHECK_INT(err, ERR_OK);
    picture = result->jpeg;
    picture_bytes = result->jpeg_len;
    result->jpeg = NULL;
}

/* Sharp edges everywhere, or the darkroom calls it blurred. */
static inline void draw_picture(void)
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

static inline void open_chores(void)
{
    struct engine *engine = engine_new(&(struct engine_ports){.db = shop.db,
                                                              .timers = shop.timers,
                                                              .mailbox = shop.mailbox,
                                                              .clock = &shop.clock,
                                                              .stop = &shop.stop,
                                                              .worker = "worker"});
    shop.engine = engine;
    shop.provider = provider_local_new(shop.darkroom, shop.store);
    shop.payment_create = payment_create_new(&(struct payment_create_ports){.engine = engine,
                                                                            .yookassa = shop.yookassa,
                                                                            .clock = &shop.clock,
                                                                            .link_life_ms = 60 * 60 * 1000,
                                                                            .shop_id = "shop"});
    shop.payment_watch = payment_watch_new(&(struct payment_watch_ports){
        .engine = engine, .yookassa = shop.yookassa, .mailbox = shop.mailbox, .clock = &shop.clock});
    shop.photo_intake = photo_intake_new(&(struct photo_intake_ports){.engine = engine,
                                                                      .telegram = shop.telegram,
                                                                      .darkroom = shop.darkroom,
                                                                      .store = shop.store,
                                                                      .clock = &shop.clock,
                                                                      .stop = &shop.stop,
                                                                      .min_side_px = 512});
    shop.photo_make = photo_make_new(&(struct photo_make_ports){.engine = engine,
                                                                .provider = shop.provider,
                                                                .store = shop.store,
                                                                .workers = 2,
                                                                .max_attempts = 3,
                                                                .lease_ms = 60 * 1000,
                                                                .retry_base_ms = 1000,
                                                                .retry_cap_ms = 2000});
}

/* ---- a store that looks at whoever puts: the picture must have its name in a row by then ---- */

static struct store *directory;

static inline void put_named(struct store *store, const void *bytes, size_t length, store_done_fn *done, void *context)
{
    char name[STORE_NAME_BYTES], url[STORE_URL_BYTES];
    struct db_unit *unit = db_unit_new();
    (void)store;
    store_name(bytes, length, name);
    store_url(name, url);
    (void)sweep_add_ask(unit, url);
    struct db_result *result = run_on(other, unit);
    CHECK(!sweep_read_unnamed(result, 0));
    db_result_free(result);
    store_put(directory, bytes, length, done, context);
}

static inline void get_kept(struct store *store, const char *name, store_done_fn *done, void *context)
{
    (void)store;
    store_get(directory, name, done, context);
}

static inline void open_shop(const char *url, char *store_path)
{
    struct http_config http = {.allow_plain_http = true};
    struct telegram_config telegram = {.api_url = url, .token = TOKEN};
    struct yookassa_config yookassa = {.api_url = url, .shop_id = "1", .secret = "test_secret"};
    shop.http = http_new(&http);
    CHECK_INT(telegram_new(shop.http, &telegram, &shop.telegram), ERR_OK);
    shop.yookassa = yookassa_new(shop.http, &yookassa);
    CHECK(mkdtemp(store_path) != NULL);
    static struct store looks_at_names = {.put = put_named, .get = get_kept};
    CHECK_INT(directory_new(store_path, &directory), ERR_OK);
    shop.store = &looks_at_names;
    shop.db = db;
    shop.timers = timers_new();
    shop.mailbox = mailbox_new();
    read_clocks();
    open_chores();
}

static inline void close_shop(const char *store_path)
{
    shop.stop.asked = true;
    telegram_free(shop.telegram);
    yookassa_free(shop.yookassa);
    http_free(shop.http);
    engine_free(shop.engine);
    payment_create_free(shop.payment_create);
    payment_watch_free(shop.payment_watch);
    photo_intake_free(shop.photo_intake);
    photo_make_free(shop.photo_make);
    shop.provider->free(shop.provider);
    darkroom_free(shop.darkroom);
    timers_free(shop.timers);
    mailbox_free(shop.mailbox);
    store_free(directory);
    pid_t pid = fork();
    if (pid == 0) {
        (void)execlp("rm", "rm", "-rf", store_path, (char *)NULL);
        _exit(1);
    }
    CHECK_INT(waitpid(pid, NULL, 0), pid);
}

static inline int64_t fresh_order(const struct customer *anna)
{
    int64_t order_id = order_new(anna);
    tell(SQL("UPDATE bot_payments SET created_at_ms = %lld WHERE order_id = %lld", (long long)shop.clock.unix_ms,
             (long long)order_id));
    shared->order_id = order_id;
    shared->creates = shared->gets = 0;
    return order_id;
}

enum { STORE_PATH_BYTES = 64 };

static pid_t server;
static char store_path[STORE_PATH_BYTES];

static inline void open_stage(const char *database)
{
    static const struct darkroom_config darkroom = {.program_path = BINARY_DIR "/fotoset-darkroom"};
    char url[64];
    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CHECK(shared != MAP_FAILED);
    shared->payment = 1;
    begin(database);
    shop.darkroom = darkroom_new(&darkroom);
    draw_picture();
    server = start_server(url, sizeof url);
    (void)snprintf(store_path, sizeof store_path, "/tmp/%s.XXXXXX", database);
    open_shop(url, store_path);
}

static inline void close_stage(void)
{
    close_shop(store_path);
    CHECK_INT(kill(server, SIGKILL), 0);
    CHECK_INT(waitpid(server, NULL, 0), server);
    free(picture);
    end();
}

#endif
