/* The HTTP client against a hostile server on a raw socket: what was sent, what came back, and what counts as
 * ambiguous. The server is a child process that follows a script chosen by the path; it counts requests and
 * connections in shared memory. */
#include "bot/services/http/http.h"
#include "bot/base/log.h"
#include "tests/raw_server.h"

static bool answer(int fd)
{
    static char large[8192];
    if (asked("/ok"))
        say(fd, "HTTP/1.1 200 OK\r\nContent-Type: text/x\r\nContent-Length: 2\r\n\r\nok");
    else if (asked("/limited"))
        say(fd, "HTTP/1.1 429 Slow\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n");
    else if (asked("/redirect"))
        say(fd, "HTTP/1.1 302 Go\r\nLocation: /ok\r\nContent-Length: 0\r\n\r\n");
    else if (asked("/truncated"))
        return say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhalf"), false;
    else if (asked("/garbage"))
        return say(fd, "\x01\x02 nothing like it \r\n\r\n"), false;
    else if (asked("/large")) {
        memset(large, 'x', sizeof large - 1);
        say(fd, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1fff\r\n");
        say(fd, large);
        say(fd, "\r\n0\r\n\r\n");
    } else if (asked("/slow"))
        sleep(3);
    else if (asked("/drop"))
        return false;
    return true;
}

struct seen {
    int times;
    enum http_outcome outcome;
    bool sent;
    long status;
    int64_t retry_after_s;
    char body[64], error[HTTP_ERROR_MAX_BYTES], type[32];
    size_t bytes;
};

static void note(void *ctx, struct http_answer *got)
{
    struct seen *seen = ctx;
    seen->times++;
    seen->outcome = got->outcome;
    seen->sent = got->sent;
    seen->status = got->status;
    seen->retry_after_s = got->retry_after_s;
    seen->bytes = got->bytes;
    snprintf(seen->body, sizeof seen->body, "%.60s", got->body);
    snprintf(seen->type, sizeof seen->type, "%.30s", got->content_type);
    snprintf(seen->error, sizeof seen->error, "%s", got->error);
}

static void run(struct http *http)
{
    while (http_active(http) > 0) {
        http_perform(http, now_ms());
        if (http_active(http) > 0)
            http_poll(http, NULL, 0, 1000);
    }
}

static uint16_t port;

static struct seen ask(struct http *http, struct http_request request, const char *path)
{
    char url[128];
    struct seen seen = {0};
    if (path != NULL) {
        snprintf(url, sizeof url, "http://127.0.0.1:%u%s", port, path);
        request.url = url;
    }
    CHECK(http_start(http, &request, note, &seen) != 0);
    CHECK_INT(seen.times, 0);
    run(http);
    CHECK_INT(seen.times, 1);
    return seen;
}

static const struct http_request post = {.method = HTTP_POST, .body = "{\"a\":1}", .body_bytes = 7};

static void test_answers(struct http *http)
{
    struct seen seen = ask(http, (struct http_request){0}, "/ok");
    CHECK_INT(seen.outcome, HTTP_ANSWERED);
    CHECK_INT(seen.status, 200);
    CHECK_TEXT(seen.body, "ok");
    CHECK_TEXT(seen.type, "text/x");
    CHECK(asked("GET /ok HTTP/1.1\r\n"));

    const char *headers[] = {"Content-Type: application/json", "X-Key: v", NULL};
    struct http_request request = post;
    request.headers = headers;
    request.user = "shop";
    request.password = "secret";
    seen = ask(http, request, "/ok");
    CHECK(asked("POST /ok") && asked("X-Key: v\r\n") && asked("\r\n\r\n{\"a\":1}"));
    CHECK(asked("Content-Type: application/json\r\n") && asked("Authorization: Basic c2hvcDpzZWNyZXQ=\r\n"));

    seen = ask(http, (struct http_request){0}, "/ok"); /* nothing of the last one is left on the handle */
    CHECK(asked("GET /ok") && !asked("X-Key") && !asked("Authorization") && !asked("{\"a\":1}"));

    seen = ask(http, post, "/limited");
    CHECK_INT(seen.status, 429);
    CHECK_INT(seen.retry_after_s, 7);
    seen = ask(http, post, "/redirect");
    CHECK_INT(seen.status, 302);
}

static void test_parts(struct http *http)
{
    struct http_part parts[] = {{.name = "chat_id", .data = "5", .bytes = 1},
                                {"p0", "a.jpg", "image/jpeg", "\xff\xd8\0\xff", 4}};
    struct http_request request = {.method = HTTP_POST, .parts = parts, .part_count = 2, .own_connection = true};
    struct seen seen = ask(http, request, "/ok");
    CHECK_INT(seen.outcome, HTTP_ANSWERED);
    CHECK(asked("name=\"chat_id\"\r\n\r\n5\r\n") && asked("name=\"p0\"; filename=\"a.jpg\"\r\n"));
    CHECK(asked("Content-Type: image/jpeg\r\n\r\n\xff\xd8") && !asked("Expect:") && asked("Content-Length: "));
    seen = ask(http, post, "/ok");
    CHECK(!asked("multipart"));
}

static void test_failures(struct http *http)
{
    struct seen seen = ask(http, post, "/truncated");
    CHECK_INT(seen.outcome, HTTP_AMBIGUOUS);
    CHECK(seen.sent && seen.error[0] != '\0');
    CHECK_INT(ask(http, post, "/garbage").outcome, HTTP_AMBIGUOUS);
    struct http_request request = post;
    request.timeout_ms = 200;
    seen = ask(http, request, "/slow");
    CHECK_INT(seen.outcome, HTTP_AMBIGUOUS);
    request = post;
    request.max_answer_bytes = 8190;
    CHECK_INT(ask(http, request, "/large").outcome, HTTP_TOO_LARGE);
    request.max_answer_bytes = 8191;
    seen = ask(http, request, "/large");
    CHECK_INT(seen.outcome, HTTP_ANSWERED);
    CHECK_INT(seen.bytes, 8191);

    uint16_t closed;
    char url[200];
    close(listener(&closed));
    snprintf(url, sizeof url, "http://127.0.0.1:%u/bot123456:AAbbCCddEEffGGhhIIjjKKllMMnnOOppQQr/x", closed);
    request = (struct http_request){.url = url};
    seen = ask(http, request, NULL);
    CHECK_INT(seen.outcome, HTTP_NOT_SENT);
    CHECK(!seen.sent);
    request.url = "ftp://127.0.0.1/";
    CHECK_INT(ask(http, request, NULL).outcome, HTTP_NOT_SENT);
    log_redact_add("hunter-token"); /* libcurl names the scheme it does not know */
    request.url = "hunter-token://127.0.0.1/";
    seen = ask(http, request, NULL);
    CHECK_INT(seen.outcome, HTTP_NOT_SENT);
    CHECK(strstr(seen.error, "***") != NULL && strstr(seen.error, "hunter") == NULL);
    request = (struct http_request){.public_only = true};
    int before = shared->requests;
    seen = ask(http, request, "/ok");
    CHECK_INT(seen.outcome, HTTP_NOT_SENT);
    CHECK_INT(shared->requests, before);
}

/* libcurl sends a POST again by itself when a reused connection dies without an answer. */
static void test_silent_repeat(struct http *http)
{
    (void)ask(http, post, "/ok"); /* a connection to reuse */
    int before = shared->requests;
    struct seen seen = ask(http, post, "/drop");
    CHECK(shared->requests - before >= 2); /* the trap is real: if this fails, never_repeat tests nothing */

    struct http_request request = post;
    request.never_repeat = true;
    (void)ask(http, post, "/ok");
    int connections = shared->connections;
    before = shared->requests;
    seen = ask(http, request, "/drop");
    CHECK_INT(seen.outcome, HTTP_AMBIGUOUS);
    CHECK_INT(shared->requests - before, 1);
    (void)connections;

    request.fresh_connection = true;
    (void)ask(http, post, "/ok");
    connections = shared->connections;
    before = shared->requests;
    seen = ask(http, request, "/drop");
    CHECK_INT(seen.outcome, HTTP_AMBIGUOUS);
    CHECK_INT(shared->requests - before, 1);
    CHECK_INT(shared->connections - connections, 1);
}

static void take(void *ctx, struct http_answer *got)
{
    char **body = ctx;
    size_t bytes;
    *body = http_answer_take(got, &bytes);
    CHECK_INT(bytes, 2);
}

static void test_cancel_and_take(struct http *http)
{
    struct seen seen = {0}, other = {0};
    char url[128], *body = NULL;
    snprintf(url, sizeof url, "http://127.0.0.1:%u/slow", port);
    struct http_request request = {.url = url};
    uint64_t id = http_start(http, &request, note, &seen);
    http_cancel(http, id);
    CHECK_INT(seen.outcome, HTTP_CANCELED);
    CHECK(!seen.sent);
    http_cancel(http, id);
    CHECK_INT(seen.times, 1);
    id = http_start(http, &request, note, &other);
    for (int i = 0; i < 20; i++) {
        http_perform(http, now_ms());
        http_poll(http, NULL, 0, 10);
    }
    http_cancel(http, id);
    CHECK(other.outcome == HTTP_CANCELED && other.sent);
    snprintf(url, sizeof url, "http://127.0.0.1:%u/ok", port);
    http_start(http, &request, take, &body);
    run(http);
    CHECK_TEXT(body, "ok");
    free(body);
}

static void test_extra_fds(struct http *http)
{
    int pair[2];
    CHECK(pipe(pair) == 0);
    struct http_fd fds[] = {{.fd = pair[0], .want_read = true}, {.fd = pair[1], .want_write = true}};
    http_poll(http, fds, 2, 1000);
    CHECK(!fds[0].can_read && fds[1].can_write);
    CHECK(write(pair[1], "x", 1) == 1);
    http_poll(http, fds, 1, 1000);
    CHECK(fds[0].can_read);
    struct http_fd some[] = {{.fd = -1, .want_read = true, .can_read = true}, fds[0], {.fd = -1}, fds[1]};
    http_poll(http, some, 4, 1000); /* one that is not there is not waited for */
    CHECK(!some[0].can_read && some[1].can_read && !some[2].can_read && some[3].can_write);
    close(pair[0]);
    close(pair[1]);
}

struct chain {
    struct http *http;
    const struct http_request *request;
    int left;
};

static void next_of_chain(void *ctx, struct http_answer *got)
{
    struct chain *chain = ctx;
    CHECK_INT(got->status, 200);
    if (--chain->left > 0)
        http_start(chain->http, chain->request, next_of_chain, chain);
}

/* As many calls under way as one host may have connections, more that wait, and one like the long poll, which has a
 * connection of its own: each is used again. */
static void test_connections_stay(void)
{
    enum { HOST_MAX = 4, CHAINS = 8, CALLS = 100 };
    struct http *http = http_new(&(struct http_config){.allow_plain_http = true, .max_host_connections = HOST_MAX});
    char url[128];
    snprintf(url, sizeof url, "http://127.0.0.1:%u/ok", port);
    struct http_request request = post, own;
    request.url = url;
    own = request;
    own.own_connection = true;
    struct chain chains[CHAINS];
    int before = shared->connections;
    for (int i = 0; i < CHAINS; i++) {
        chains[i] = (struct chain){http, i == 0 ? &own : &request, CALLS};
        http_start(http, chains[i].request, next_of_chain, &chains[i]);
    }
    run(http);
    for (int i = 0; i < CHAINS; i++)
        CHECK_INT(chains[i].left, 0);
    CHECK_INT(shared->connections - before, HOST_MAX + 1);
    http_free(http);
}

static void test_proxy(void)
{
    char proxy[64];
    snprintf(proxy, sizeof proxy, "http://127.0.0.1:%u", port);
    CHECK(setenv("no_proxy", "*", 1) == 0 && setenv("http_proxy", "http://127.0.0.1:1", 1) == 0); /* not read */
    struct http_config config = {.proxy = proxy, .allow_plain_http = true};
    struct http *http = http_new(&config);
    struct http_request request = {.url = "http://telegram.invalid/ok"};
    CHECK_INT(ask(http, request, NULL).status, 200);
    CHECK(asked("GET http://telegram.invalid/ok HTTP/1.1"));
    http_free(http);
    config.allow_plain_http = false;
    config.proxy = NULL;
    http = http_new(&config);
    CHECK_INT(ask(http, (struct http_request){0}, "/ok").outcome, HTTP_NOT_SENT);
    http_free(http);
}

int main(void)
{
    pid_t server = serve(answer, &port);
    struct http_config config = {.allow_plain_http = true};
    struct http *http = http_new(&config);
    test_answers(http);
    test_parts(http);
    test_failures(http);
    test_silent_repeat(http);
    test_cancel_and_take(http);
    test_extra_fds(http);
    test_connections_stay();
    test_proxy();
    struct seen left = {0};
    char url[128];
    snprintf(url, sizeof url, "http://127.0.0.1:%u/slow", port);
    struct http_request request = {.url = url};
    http_start(http, &request, note, &left);
    http_free(http);
    CHECK_INT(left.outcome, HTTP_CANCELED);
    kill(server, SIGKILL);
    waitpid(server, NULL, 0);
    return 0;
}
