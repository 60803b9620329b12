/* The address for notifications, on sockets: who is heard, what is answered, what is cut off, and that a crowd takes no
 * more than its share. The clock is the test's. */
#include "bot/services/notices/notices.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "bot/base/log.h"
#include "tests/check.h"

enum { WAIT_MS = 20 * 1000, QUIET_MS = 100, ANSWER_BYTES = 4096, HEARD_MAX = 256, CROWD = 200 };

#define SHOP "127.0.0.2"     /* a sender */
#define PROXY "127.0.0.3"    /* a trusted proxy */
#define STRANGER "127.0.0.4" /* neither */

static struct arena arena;
static struct clock test_clock;
static struct config_notifications config = {.path = "/yookassa"};
static struct notices *notices;
static struct letter heard[HEARD_MAX];
static size_t heard_count;
static bool full;
static int64_t pushed_ms;

static int64_t real_ms(void)
{
    struct timespec now;
    CHECK_INT(clock_gettime(CLOCK_MONOTONIC, &now), 0);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static bool letter_heard(void *ctx, const struct letter *letter)
{
    (void)ctx;
    if (full)
        return false;
    CHECK(heard_count < HEARD_MAX);
    heard[heard_count++] = *letter;
    return true;
}

/* As the loop goes round. */
static void go_round(int wait_ms)
{
    struct pollfd fd = {.fd = notices_fd(notices), .events = notices_events(notices)};
    if (notices_deadline_ms(notices) <= test_clock.mono_ms)
        wait_ms = 0;
    CHECK(poll(&fd, 1, wait_ms) >= 0);
    test_clock.mono_ms = real_ms() + pushed_ms;
    if (fd.revents != 0 || notices_deadline_ms(notices) <= test_clock.mono_ms)
        notices_ready(notices, fd.revents, test_clock.mono_ms);
}

static void go_on(void)
{
    for (int64_t until_ms = real_ms() + QUIET_MS; real_ms() < until_ms;)
        go_round(5);
}

static int call_from(const char *source)
{
    struct sockaddr_in from = {.sin_family = AF_INET}, to = {.sin_family = AF_INET};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    to.sin_port = htons(config.listen.port);
    CHECK(inet_pton(AF_INET, source, &from.sin_addr) == 1 && inet_pton(AF_INET, "127.0.0.1", &to.sin_addr) == 1);
    CHECK(fd >= 0 && bind(fd, (struct sockaddr *)&from, sizeof from) == 0);
    CHECK_INT(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    CHECK(fcntl(fd, F_SETFL, O_NONBLOCK) == 0);
    return fd;
}

static void say(int fd, const char *text)
{
    ssize_t sent = send(fd, text, strlen(text), MSG_NOSIGNAL);
    CHECK(sent == (ssize_t)strlen(text) || errno == EPIPE || errno == ECONNRESET);
}

/* Until the other side ends it; "" = without a word. */
static const char *hear(int fd)
{
    static char text[ANSWER_BYTES];
    size_t used = 0;
    ssize_t got;
    int64_t until_ms = real_ms() + WAIT_MS;
    while ((got = recv(fd, text + used, sizeof text - 1 - used, 0)) != 0) {
        CHECK(real_ms() < until_ms);
        if (got > 0)
            used += (size_t)got;
        else if (errno != EAGAIN)
            break;
        go_round(5);
    }
    (void)close(fd);
    text[used] = '\0';
    return text;
}

static int status_of(const char *answer)
{
    return strncmp(answer, "HTTP/1.1 ", 9) == 0 ? (int)strtol(answer + 9, NULL, 10) : 0;
}

static const char *request(const char *method, const char *path, const char *headers, const char *body)
{
    return arena_format(&arena, "%s %s HTTP/1.1\r\nHost: shop\r\n%sContent-Length: %zu\r\n\r\n%s", method, path,
                        headers, strlen(body), body);
}

#define NOTICE(event, id) "{\"type\":\"notification\",\"event\":\"" event "\",\"object\":{\"id\":\"" id "\"}}"

static int status_from(const char *source, const char *headers, const char *body)
{
    int fd = call_from(source);
    say(fd, request("POST", "/yookassa", headers, body));
    return status_of(hear(fd));
}

static void open_notices(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t bytes = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    CHECK(bind(fd, (struct sockaddr *)&address, bytes) == 0);
    CHECK(getsockname(fd, (struct sockaddr *)&address, &bytes) == 0);
    CHECK_INT(close(fd), 0);
    config.listen = (struct config_listen){.text = "here", .port = ntohs(address.sin_port)};
    CHECK(network_parse("127.0.0.1", &config.listen.address) == NULL);
    CHECK(network_parse(SHOP, &config.networks.list[0]) == NULL);
    CHECK(network_parse("2a02:5180::/32", &config.networks.list[1]) == NULL);
    CHECK(network_parse(PROXY, &config.trusted_proxies.list[0]) == NULL);
    config.networks.count = 2;
    config.trusted_proxies.count = 1;
    test_clock.mono_ms = real_ms();
    notices = notices_new(&(struct notices_ports){.config = &config, .clock = &test_clock, .heard = letter_heard});
    CHECK_INT(notices_fd(notices), -1);
    CHECK(notices_deadline_ms(notices) == INT64_MAX);
    notices_open(notices);
    CHECK(notices_fd(notices) >= 0);
}

/* ---- what is understood ---- */

static void test_understood(void)
{
    heard_count = 0;
    CHECK_INT(status_from(SHOP, "", NOTICE("payment.succeeded", "pay-1")), 200);
    CHECK_INT(heard_count, 1);
    CHECK(heard[0].is_ours);
    CHECK_TEXT(heard[0].id, "pay-1");
    CHECK_INT(status_from(SHOP, "", NOTICE("refund.succeeded", "ref-1")), 200);
    CHECK(heard[1].is_ours);
    CHECK_INT(status_from(SHOP, "", NOTICE("deal.closed", "dl-1")), 200);
    CHECK(!heard[2].is_ours);
    full = true;
    CHECK_INT(status_from(SHOP, "", NOTICE("payment.succeeded", "pay-2")), 503); /* it will send it again */
    full = false;
    CHECK_INT(heard_count, 3);
}

/* In pieces, without a length, and at once with the head. */
static void test_pieces(void)
{
    const char *text = request("POST", "/yookassa", "", NOTICE("payment.canceled", "pay-3"));
    heard_count = 0;
    int fd = call_from(SHOP);
    for (const char *at = text; *at != '\0'; at++) {
        say(fd, arena_format(&arena, "%c", *at));
        if (at - text > 60)
            go_round(0);
    }
    CHECK_INT(status_of(hear(fd)), 200);
    fd = call_from(SHOP);
    say(fd, "POST /yookassa HTTP/1.1\r\nHost: shop\r\nTransfer-Encoding: chunked\r\n\r\n");
    say(fd, arena_format(&arena, "%zx\r\n%s\r\n0\r\n\r\n", strlen(NOTICE("payment.canceled", "pay-4")),
                         NOTICE("payment.canceled", "pay-4")));
    CHECK_INT(status_of(hear(fd)), 200);
    CHECK_INT(heard_count, 2);
    CHECK_TEXT(heard[1].id, "pay-4");
}

static void test_nonsense(void)
{
    static const char *const bodies[] = {
        "",
        "x",
        "[]",
        "{}",
        "null",
        "{\"type\":\"notification\"}",
        "{\"type\":\"notification\",\"event\":\"payment.succeeded\"}",
        "{\"type\":\"notification\",\"event\":\"payment.succeeded\",\"object\":[]}",
        "{\"type\":\"notification\",\"event\":1,\"object\":{\"id\":\"a\"}}",
        "{\"type\":\"other\",\"event\":\"payment.succeeded\",\"object\":{\"id\":\"a\"}}",
        NOTICE("payment.succeeded", ""),
        NOTICE("payment.succeeded", "a\\u0000b"),
        NOTICE("payment.succeeded", "a") "x"};
    heard_count = 0;
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++)
        CHECK_INT(status_from(SHOP, "", bodies[i]), 400);
    char long_id[LETTER_ID_BYTES + 1];
    memset(long_id, 'a', LETTER_ID_BYTES);
    long_id[LETTER_ID_BYTES] = '\0';
    const char *text = arena_format(
        &arena, "{\"type\":\"notification\",\"event\":\"payment.x\",\"object\":{\"id\":\"%s\"}}", long_id);
    CHECK_INT(status_from(SHOP, "", text), 400);
    CHECK_INT(heard_count, 0);
}

static void test_method_and_path(void)
{
    static const struct {
        const char *method, *path;
        int status;
    } rows[] = {{"GET", "/yookassa", 405},   {"PUT", "/yookassa", 405},   {"POST", "/", 404},
                {"POST", "/yookassa/", 404}, {"POST", "/yookass", 404},   {"POST", "//yookassa", 404},
                {"GET", "/metrics", 404},    {"DELETE", "/yookassa", 405}};
    heard_count = 0;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int fd = call_from(SHOP);
        say(fd, request(rows[i].method, rows[i].path, "", NOTICE("payment.succeeded", "pay-1")));
        const char *answer = hear(fd);
        CHECK_INT(status_of(answer), rows[i].status);
        CHECK((rows[i].status == 405) == (strstr(answer, "\r\nAllow: POST\r\n") != NULL));
    }
    CHECK_INT(heard_count, 0);
}

/* ---- who ---- */

static void test_strangers(void)
{
    const char *body = NOTICE("payment.succeeded", "pay-1");
    heard_count = 0;
    CHECK_INT(status_from(STRANGER, "", body), 0);
    CHECK_INT(status_from(STRANGER, "X-Forwarded-For: " SHOP "\r\n", body), 0);
    CHECK_INT(status_from(PROXY, "", body), 403);
    CHECK_INT(status_from(PROXY, "X-Forwarded-For: " STRANGER "\r\n", body), 403);
    CHECK_INT(status_from(PROXY, "X-Forwarded-For: " SHOP ", " STRANGER "\r\n", body), 403);
    CHECK_INT(status_from(PROXY, "X-Forwarded-For: " SHOP "\r\nx-forwarded-for: " STRANGER "\r\n", body), 403);
    CHECK_INT(status_from(PROXY, "X-Forwarded-For: nobody\r\n", body), 403);
    CHECK_INT(status_from(PROXY, "X-Real-IP: " SHOP "\r\n", body), 403);
    char many[1600] = "X-Forwarded-For: ";
    while (strlen(many) < 1400)
        memcpy(many + strlen(many), "127.0.0.3,", sizeof "127.0.0.3,");
    memcpy(many + strlen(many), SHOP "\r\n", sizeof SHOP "\r\n");
    CHECK_INT(status_from(PROXY, many, body), 403);
    CHECK_INT(heard_count, 0);
    CHECK_INT(status_from(PROXY, "X-Forwarded-For: " SHOP "\r\n", body), 200);
    CHECK_INT(status_from(PROXY, "X-Forwarded-For: " STRANGER "\r\nX-Forwarded-For: 2a02:5180::1\r\n", body), 200);
    CHECK_INT(status_from(PROXY, "X-Forwarded-For: ::ffff:" SHOP "\r\n", body), 200);
    CHECK_INT(status_from(SHOP, "X-Forwarded-For: " STRANGER "\r\n", body), 200); /* a word that is not asked for */
    CHECK_INT(heard_count, 4);
}

/* ---- too much, too slow ---- */

static void test_too_long(void)
{
    size_t bytes = NOTICES_BODY_MAX_BYTES + 1;
    char *body = arena_alloc(&arena, bytes + 1);
    memset(body, ' ', bytes);
    body[bytes] = '\0';
    heard_count = 0;
    int fd = call_from(SHOP);
    say(fd, arena_format(&arena, "POST /yookassa HTTP/1.1\r\nHost: shop\r\nContent-Length: %zu\r\n\r\n", bytes));
    CHECK_INT(status_of(hear(fd)), 413);
    fd = call_from(SHOP);
    say(fd, "POST /yookassa HTTP/1.1\r\nHost: shop\r\nTransfer-Encoding: chunked\r\n\r\n");
    say(fd, arena_format(&arena, "%zx\r\n", bytes));
    for (size_t at = 0; at < bytes; at += 4096) {
        say(fd, arena_format(&arena, "%.4096s", body + at));
        go_round(0);
    }
    say(fd, "\r\n0\r\n\r\n");
    CHECK_INT(status_of(hear(fd)), 0);
    memcpy(body, NOTICE("payment.succeeded", "pay-1"), strlen(NOTICE("payment.succeeded", "pay-1")));
    body[bytes - 1] = '\0'; /* just what is allowed; too large for one write */
    fd = call_from(SHOP);
    say(fd, arena_format(&arena, "POST /yookassa HTTP/1.1\r\nHost: shop\r\nContent-Length: %zu\r\n\r\n", bytes - 1));
    for (size_t at = 0; at < bytes - 1; at += 4096) {
        say(fd, arena_format(&arena, "%.4096s", body + at));
        go_round(0);
    }
    CHECK_INT(status_of(hear(fd)), 200);
    char head[20000] = "X: ";
    memset(head + 3, 'y', sizeof head - 6);
    memcpy(head + sizeof head - 3, "\r\n", 3);
    CHECK(status_from(SHOP, head, NOTICE("payment.succeeded", "pay-1")) >= 400);
    CHECK_INT(heard_count, 1);
}

/* A byte now and then: after ten seconds in all it is over. */
static void test_slow(void)
{
    const char *text = request("POST", "/yookassa", "", NOTICE("payment.succeeded", "pay-1"));
    int silent = call_from(SHOP), slow = call_from(SHOP);
    size_t at = 0;
    heard_count = 0;
    go_on();
    CHECK(notices_deadline_ms(notices) < test_clock.mono_ms + NOTICES_WHOLE_MS);
    for (; at < 9; at++) {
        say(slow, arena_format(&arena, "%c", text[at]));
        pushed_ms += 1000;
        go_round(0);
    }
    char byte;
    CHECK(recv(slow, &byte, 1, 0) < 0 && errno == EAGAIN);
    CHECK(recv(silent, &byte, 1, 0) < 0 && errno == EAGAIN);
    pushed_ms += 1000;
    CHECK_TEXT(hear(slow), "");
    CHECK_TEXT(hear(silent), "");
    go_on();
    CHECK(notices_deadline_ms(notices) == INT64_MAX); /* nobody is there, nobody is waited for */
    CHECK_INT(heard_count, 0);
}

/* Strangers take no places; even a crowd of those who may speak, and don't, leaves in time. */
static void test_crowd(void)
{
    int strangers[CROWD], silent[NOTICES_CONNECTIONS_MAX];
    heard_count = 0;
    for (int i = 0; i < CROWD; i++) {
        strangers[i] = call_from(STRANGER);
        go_round(0);
    }
    CHECK_INT(status_from(SHOP, "", NOTICE("payment.succeeded", "pay-1")), 200);
    for (int i = 0; i < CROWD; i++)
        CHECK_TEXT(hear(strangers[i]), "");
    for (int i = 0; i < NOTICES_CONNECTIONS_MAX; i++) {
        silent[i] = call_from(SHOP);
        go_round(0);
    }
    int late = call_from(SHOP);
    say(late, request("POST", "/yookassa", "", NOTICE("payment.succeeded", "pay-2")));
    go_on();
    CHECK_INT(heard_count, 1);
    pushed_ms += NOTICES_WHOLE_MS;
    CHECK_INT(status_of(hear(late)), 200);
    CHECK_INT(heard_count, 2);
    for (int i = 0; i < NOTICES_CONNECTIONS_MAX; i++)
        CHECK_TEXT(hear(silent[i]), "");
}

/* ---- its life ---- */

/* Somebody has the address: it is tried again, and had. */
static void test_taken(void)
{
    int fd = -1, other = -1;
    CHECK_INT(notices_listen(&config.listen, &other), ERR_IO);
    CHECK_INT(errno, EADDRINUSE);
    CHECK(notices_is_ours(config.listen.port));
    notices_stop(notices);
    CHECK_INT(notices_fd(notices), -1);
    CHECK(notices_deadline_ms(notices) == INT64_MAX);
    CHECK(!notices_is_ours(config.listen.port));
    CHECK_INT(notices_listen(&config.listen, &fd), ERR_OK);
    notices_open(notices);
    CHECK_INT(notices_fd(notices), -1);
    CHECK_INT(notices_deadline_ms(notices), test_clock.mono_ms + NOTICES_AGAIN_MS);
    CHECK_INT(close(fd), 0);
    pushed_ms += NOTICES_AGAIN_MS + 1000;
    go_round(0);
    CHECK(notices_fd(notices) >= 0);
    CHECK_INT(status_from(SHOP, "", NOTICE("payment.succeeded", "pay-1")), 200);
    struct config_listen nowhere = {.port = 1};
    CHECK(network_parse("203.0.113.1", &nowhere.address) == NULL);
    CHECK_INT(notices_listen(&nowhere, &fd), ERR_IO);
    CHECK_INT(errno, EADDRNOTAVAIL);
}

/* It ends while somebody speaks. */
static void test_stop(void)
{
    int fd = call_from(SHOP);
    say(fd, "POST /yookassa HTTP/1.1\r\nHost: shop\r\nContent-Length: 10\r\n\r\n{");
    go_on();
    notices_stop(notices);
    CHECK(recv(fd, (char[1]){0}, 1, 0) <= 0);
    (void)close(fd);
    notices_free(notices);
    notices_free(NULL);
}

int main(void)
{
    (void)signal(SIGPIPE, SIG_IGN);
    arena_init(&arena);
    log_init(LOG_LEVEL_ERROR);
    open_notices();
    test_understood();
    test_pieces();
    test_nonsense();
    test_method_and_path();
    test_strangers();
    test_too_long();
    test_slow();
    test_crowd();
    test_taken();
    test_stop();
    arena_done(&arena);
    return 0;
}
