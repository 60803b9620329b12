/* The YooKassa client over real HTTP, against a scripted server: what is sent, what each way of failing means, that a
 * repeat is the same request byte for byte, and that the secret gets nowhere. The server is a child process that
 * answers the n-th request with the n-th line of the script and keeps what it was sent in shared memory. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "bot/services/yookassa/client.h"
#include "tests/check.h"

#define ID "22e12f66-000f-5000-8000-18db351245c7"
#define KEY "0b7f4c1e-7d2a-4a51-9c75-2f1f6a4d8e90"
#define SECRET "test_Fh8hUAVVBGUGbjmlzba6TB0iyUbos_lueTHE-axOwM0"
#define PENDING                                                                                                        \
    "{\"id\":\"" ID "\",\"status\":\"pending\",\"paid\":false,\"amount\":{\"value\":\"500.00\",\"currency\":\"RUB\"}," \
    "\"confirmation\":{\"type\":\"redirect\",\"confirmation_url\":\"https://yoomoney.ru/pay\"},"                       \
    "\"metadata\":{\"order_id\":\"77\"}}"

enum { REQUEST_BYTES = 4096, REQUESTS_MAX = 4 };

struct step {
    int delay_ms;
    int status; /* 0 = hang up without a word */
    const char *body;
    int claimed_extra_bytes; /* Content-Length says so many more than are sent */
};

static struct shared {
    int count;
    char requests[REQUESTS_MAX][REQUEST_BYTES];
} * shared;

static void read_request(int fd, char *text)
{
    size_t used = 0;
    while (used + 1 < REQUEST_BYTES) {
        ssize_t got = read(fd, text + used, REQUEST_BYTES - 1 - used);
        if (got <= 0)
            return;
        used += (size_t)got;
        text[used] = '\0';
        const char *end = strstr(text, "\r\n\r\n"), *length = strstr(text, "Content-Length: ");
        if (end != NULL && used >= (size_t)(end + 4 - text) + (length == NULL ? 0 : strtoul(length + 16, NULL, 10)))
            return;
    }
}

static _Noreturn void serve(int listener, const struct step *steps, int count)
{
    for (int i = 0; i < count; i++) {
        int fd = accept(listener, NULL, NULL);
        read_request(fd, shared->requests[i]);
        shared->count++;
        usleep((useconds_t)steps[i].delay_ms * 1000);
        if (steps[i].status != 0)
            (void)dprintf(fd, "HTTP/1.1 %d X\r\nConnection: close\r\nContent-Length: %zu\r\n\r\n%s", steps[i].status,
                          strlen(steps[i].body) + (size_t)steps[i].claimed_extra_bytes, steps[i].body);
        close(fd);
    }
    _exit(0);
}

static struct http *http;
static struct yookassa *yookassa;
static pid_t server;

static void begin(const struct step *steps, int count, int64_t timeout_ms)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    char url[64];
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    CHECK(listener >= 0 && bind(listener, (struct sockaddr *)&address, length) == 0);
    CHECK(getsockname(listener, (struct sockaddr *)&address, &length) == 0);
    CHECK(count == 0 || listen(listener, 8) == 0);
    memset(shared, 0, sizeof *shared);
    server = fork();
    CHECK(server >= 0);
    if (server == 0)
        serve(listener, steps, count);
    close(listener);
    (void)snprintf(url, sizeof url, "http://127.0.0.1:%d/v3/", ntohs(address.sin_port));
    http = http_new(&(struct http_config){.allow_plain_http = true});
    yookassa = yookassa_new(http, &(struct yookassa_config){url, "506751", SECRET, NULL, timeout_ms});
}

static void end(void)
{
    yookassa_free(yookassa);
    http_free(http);
    kill(server, SIGKILL);
    CHECK_INT(waitpid(server, NULL, 0), server);
}

struct seen {
    int calls;
    struct yookassa_verdict verdict;
    bool has_payment;
    struct yookassa_payment payment;
    size_t listed; /* objects of a page */
    char next[YOOKASSA_CURSOR_BYTES];
};

static void keep(void *ctx, const struct yookassa_reply *reply)
{
    struct seen *seen = ctx;
    seen->calls++;
    seen->verdict = reply->verdict;
    seen->has_payment = reply->payment != NULL;
    CHECK_INT(seen->has_payment || reply->page != NULL, reply->verdict.kind == YOOKASSA_OK);
    if (reply->page != NULL) {
        seen->listed = reply->page->count;
        memcpy(seen->next, reply->page->next, sizeof seen->next);
    }
    if (seen->has_payment)
        seen->payment = *reply->payment;
    CHECK(strstr(reply->verdict.description, SECRET) == NULL && strstr(reply->verdict.code, SECRET) == NULL &&
          strstr(reply->verdict.parameter, SECRET) == NULL);
}

static void wait_for(struct seen *seen)
{
    for (int64_t now_ms = 0; seen->calls == 0 && now_ms < 10000; now_ms += 10) {
        http_poll(http, NULL, 0, 10);
        http_perform(http, now_ms);
    }
    CHECK_INT(seen->calls, 1);
}

static struct seen create(void)
{
    struct seen seen = {.calls = 0};
    CHECK_INT(yookassa_create(yookassa, KEY, "{\"body\":1}", keep, &seen), ERR_OK);
    CHECK_INT(seen.calls, 0);
    wait_for(&seen);
    return seen;
}

static struct seen get(void)
{
    struct seen seen = {.calls = 0};
    CHECK_INT(yookassa_get(yookassa, ID, keep, &seen), ERR_OK);
    wait_for(&seen);
    return seen;
}

static void check_kind(struct seen seen, enum yookassa_verdict_kind want)
{
    CHECK_TEXT(yookassa_verdict_name(seen.verdict.kind), yookassa_verdict_name(want));
}

static void test_create(void)
{
    const struct step steps[] = {
        {0, 500, "{\"type\":\"error\",\"code\":\"internal_server_error\"}", 0}, {0, 0, NULL, 0}, {0, 200, PENDING, 0}};
    begin(steps, 3, 0);
    struct seen first = create();
    check_kind(first, YOOKASSA_AMBIGUOUS);
    CHECK_TEXT(first.verdict.code, "internal_server_error");
    check_kind(create(), YOOKASSA_AMBIGUOUS);
    struct seen last = create();
    check_kind(last, YOOKASSA_OK);
    CHECK_TEXT(last.payment.id, ID);
    CHECK_TEXT(last.payment.confirmation_url, "https://yoomoney.ru/pay");
    CHECK_INT(last.payment.amount_kopecks, 50000);
    CHECK_INT(last.payment.order_id, 77);

    CHECK_INT(shared->count, 3);
    const char *request = shared->requests[0];
    CHECK(strncmp(request, "POST /v3/payments HTTP/1.1\r\n", 28) == 0);
    CHECK(strstr(request, "\r\nIdempotence-Key: " KEY "\r\n") != NULL);
    CHECK(strstr(request, "\r\nContent-Type: application/json\r\n") != NULL);
    /* base64 of 506751: and the secret */
    CHECK(strstr(request, "\r\nAuthorization: Basic NTA2NzUxOnRlc3RfRmg4aFVBVlZCR1VHYmptbHpiYTZUQjBpeVVib3NfbHVlVEhFLWF"
                          "4T3dNMA==\r\n") != NULL);
    CHECK(strstr(request, "\r\n\r\n{\"body\":1}") != NULL);
    CHECK(strstr(request, SECRET) == NULL);
    CHECK_TEXT(shared->requests[1], request);
    CHECK_TEXT(shared->requests[2], request);
    end();
}

static void test_get(void)
{
    const struct step steps[] = {
        {0, 200, PENDING, 0},
        {0, 404, "{\"type\":\"error\",\"code\":\"not_found\"}", 0},
        {0, 200, "{\"id\":\"other\",\"status\":\"pending\",\"amount\":{\"value\":\"1.00\",\"currency\":\"RUB\"}}", 0},
        {0, 200, "<html>", 0}};
    begin(steps, 4, 0);
    check_kind(get(), YOOKASSA_OK);
    CHECK(strncmp(shared->requests[0], "GET /v3/payments/" ID " HTTP/1.1\r\n", 30) == 0);
    CHECK(strstr(shared->requests[0], "Idempotence-Key") == NULL);
    check_kind(get(), YOOKASSA_NOT_FOUND);
    struct seen other = get();
    check_kind(other, YOOKASSA_AMBIGUOUS);
    CHECK_TEXT(other.verdict.description, "the answer is about another payment");
    struct seen garbage = get();
    check_kind(garbage, YOOKASSA_AMBIGUOUS);
    CHECK_TEXT(garbage.verdict.description, "the answer is not a payment");
    end();
}

static struct seen list(enum yookassa_list which, const char *cursor)
{
    struct seen seen = {.calls = 0};
    yookassa_list(yookassa, which, 1531911078, cursor, keep, &seen);
    CHECK_INT(seen.calls, 0);
    wait_for(&seen);
    return seen;
}

static void test_lists(void)
{
    const struct step steps[] = {
        {0, 200, "{\"type\":\"list\",\"items\":[" PENDING "],\"next_cursor\":\"more\"}", 0},
        {0, 200, "{\"type\":\"list\",\"items\":[]}", 0},
        {0, 200, PENDING, 0},
        {0, 429, "{\"type\":\"error\",\"code\":\"too_many_requests\",\"retry_after\":700}", 0}};
    begin(steps, 4, 0);
    struct seen first = list(YOOKASSA_PAYMENTS, ""), last = list(YOOKASSA_REFUNDS, "more");
    check_kind(first, YOOKASSA_OK);
    CHECK_INT(first.listed, 1);
    CHECK_TEXT(first.next, "more");
    check_kind(last, YOOKASSA_OK);
    CHECK(strncmp(shared->requests[0],
                  "GET /v3/payments?limit=100&status=succeeded&captured_at.gte=2018-07-18T10:51:18.000Z HTTP/1.1\r\n",
                  90) == 0);
    CHECK(strncmp(shared->requests[1],
                  "GET /v3/refunds?limit=100&created_at.gte=2018-07-18T10:51:18.000Z&cursor=more HTTP/1.1\r\n",
                  85) == 0);
    struct seen no_list = list(YOOKASSA_PAYMENTS, "");
    check_kind(no_list, YOOKASSA_AMBIGUOUS);
    CHECK(no_list.verdict.is_unreadable);
    struct seen limited = list(YOOKASSA_PAYMENTS, "");
    check_kind(limited, YOOKASSA_RETRY);
    CHECK(limited.verdict.retry_after_ms == 700 && !limited.verdict.is_unreadable);
    end();
}

static void test_failures(void)
{
    const struct step steps[] = {
        {0, 401, "{\"type\":\"error\",\"code\":\"invalid_credentials\",\"description\":\"no shop with " SECRET "\"}",
         0},
        {0, 400, "{\"type\":\"error\",\"code\":\"invalid_request\",\"parameter\":\"receipt\"}", 0},
        {0, 200, PENDING, 5},
        {2000, 200, PENDING, 0}};
    begin(steps, 4, 500);
    struct seen denied = create();
    check_kind(denied, YOOKASSA_UNAUTHORIZED);
    CHECK_TEXT(denied.verdict.code, "invalid_credentials");
    struct seen refused = create();
    check_kind(refused, YOOKASSA_PERMANENT);
    CHECK_TEXT(refused.verdict.parameter, "receipt");
    check_kind(create(), YOOKASSA_AMBIGUOUS); /* cut in the middle */
    check_kind(create(), YOOKASSA_AMBIGUOUS); /* too slow */
    end();

    begin(NULL, 0, 0);
    check_kind(create(), YOOKASSA_RETRY); /* nobody listens: nothing was sent */
    end();
}

static void test_misuse(void)
{
    static const char *const keys[] = {"", "with space", "line\r\nX-Header: 1", "ключ",
                                       "01234567890123456789012345678901234567890123456789012345678901234"};
    struct seen seen = {.calls = 0};
    const struct step steps[] = {{5000, 200, PENDING, 0}};
    begin(steps, 1, 0);
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        CHECK_INT(yookassa_create(yookassa, keys[i], "{}", keep, &seen), ERR_INVALID);
    CHECK_INT(yookassa_get(yookassa, "../refunds", keep, &seen), ERR_INVALID);
    CHECK_INT(yookassa_get(yookassa, "", keep, &seen), ERR_INVALID);
    CHECK_INT(seen.calls, 0);

    /* Freed with a call in flight: it is answered, once. */
    CHECK_INT(yookassa_create(yookassa, KEY, "{}", keep, &seen), ERR_OK);
    for (int i = 0; i < 500 && shared->count == 0; i++) {
        http_poll(http, NULL, 0, 10);
        http_perform(http, i);
    }
    CHECK_INT(shared->count, 1);
    yookassa_free(yookassa);
    yookassa = NULL;
    CHECK_INT(seen.calls, 1);
    end();
    CHECK_INT(seen.calls, 1);
    check_kind(seen, YOOKASSA_AMBIGUOUS);
    yookassa_free(NULL);
}

int main(void)
{
    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CHECK(shared != MAP_FAILED);
    test_create();
    test_get();
    test_lists();
    test_failures();
    test_misuse();
    return 0;
}
