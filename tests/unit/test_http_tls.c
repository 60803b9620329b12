/* The HTTP client over TLS, HTTP/2 and proxies, against a server that does what the test wants. What counts is the
 * outcome (was it sent?), how often the server saw the request, and what the operator is told. */
#include <sys/stat.h>
#include "bot/services/http/http.h"
#include "bot/services/http/trouble.h"
#include "bot/services/http/trust.h"
#include "tests/tls_server.h"

static uint16_t port;
static char ca_path[64];

struct seen {
    enum http_outcome outcome;
    bool sent;
    long status;
    char body[16], error[HTTP_ERROR_MAX_BYTES];
};

static void note(void *ctx, struct http_answer *got)
{
    struct seen *seen = ctx;
    seen->outcome = got->outcome;
    seen->sent = got->sent;
    seen->status = got->status;
    snprintf(seen->body, sizeof seen->body, "%.10s", got->body);
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

static void play(enum script script)
{
    shared->counts[COUNT_SCRIPT] = (int)script;
    shared->requests = 0;
}

static struct seen ask(struct http *http, struct http_request request)
{
    char url[64];
    struct seen seen = {0};
    snprintf(url, sizeof url, "https://localhost:%u/x", port);
    request.url = url;
    (void)http_start(http, &request, note, &seen);
    run(http);
    return seen;
}

static const struct http_request post = {.method = HTTP_POST, .body = "{\"a\":1}", .body_bytes = 7};
static const struct http_request once = {
    .method = HTTP_POST, .body = "{\"a\":1}", .body_bytes = 7, .never_repeat = true};

static struct http *trusting(const char *proxy)
{
    return http_new(&(struct http_config){.ca_file = ca_path, .proxy = proxy});
}

/* Requests share one connection over HTTP/2, also when many run at once; the long poll has its own. */
static void test_reuse(void)
{
    struct http *http = trusting(NULL);
    struct seen seen[20];
    char url[64];
    play(ANSWER);
    snprintf(url, sizeof url, "https://localhost:%u/x", port);
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < 20; i++) {
            struct http_request request = post;
            request.url = url;
            (void)http_start(http, &request, note, &seen[i]);
        }
        run(http);
        for (int i = 0; i < 20; i++)
            CHECK(seen[i].outcome == HTTP_ANSWERED && seen[i].status == 200 && strcmp(seen[i].body, "ok") == 0);
    }
    CHECK_INT(shared->requests, 40);
    CHECK_INT(shared->counts[COUNT_HANDSHAKES], 1);
    CHECK_INT(shared->counts[COUNT_H2], 1);
    struct http_request own = post;
    own.own_connection = true;
    CHECK_INT(ask(http, own).status, 200);
    CHECK_INT(ask(http, own).status, 200);
    CHECK_INT(shared->counts[COUNT_HANDSHAKES], 2);
    CHECK_INT(shared->counts[COUNT_H2], 1);
    http_free(http);
}

/* Refused before anything was sent, and the operator is told why. */
static void refused(struct http *http, enum script script, const char *why, const char *remedy)
{
    play(script);
    struct http_request request = once;
    request.connect_timeout_ms = script == SAY_NOTHING ? 300 : 0;
    struct seen seen = ask(http, request);
    if (seen.outcome != HTTP_NOT_SENT || seen.sent || strstr(seen.error, why) == NULL ||
        strstr(seen.error, remedy) == NULL) {
        fprintf(stderr, "script %d: outcome %d: %s\n", (int)script, (int)seen.outcome, seen.error);
        exit(1);
    }
    CHECK_INT(shared->requests, 0);
    CHECK(strstr(seen.error, "hunter2") == NULL);
    CHECK(strlen(seen.error) < 190); /* a verdict's description holds it whole */
}

static void test_handshake(void)
{
    struct http *http = http_new(&(struct http_config){0});
    refused(http, ANSWER, "certificate is not trusted", "ca_file");
    http_free(http);
    http = trusting(NULL);
    refused(http, WRONG_HOST, "certificate is for another host", "'localhost'");
    refused(http, EXPIRED, "has expired", "clock");
    refused(http, HANG_UP, "SSL", "");
    refused(http, SPEAK_PLAINLY, "SSL", "");
    refused(http, SAY_NOTHING, "imeout", "");
    play(ANSWER);
    CHECK_INT(ask(http, once).outcome, HTTP_ANSWERED);
    http_free(http);
}

/* The first request fails as the script says. Returns the outcome; *ret_times says how often the server saw it. */
static enum http_outcome fail(enum script script, struct http_request request, bool on_reused, int *ret_times)
{
    struct http *http = trusting(NULL);
    play(ANSWER);
    if (on_reused)
        CHECK_INT(ask(http, request).outcome, HTTP_ANSWERED);
    play(script);
    struct seen seen = ask(http, request);
    *ret_times = shared->requests;
    CHECK(seen.sent && (seen.outcome == HTTP_ANSWERED) == (seen.error[0] == '\0'));
    http_free(http);
    return seen.outcome;
}

/* never_repeat holds over HTTP/2 as well: libcurl repeats a refused stream by itself on a new connection, and over
 * HTTP/1.1 what was lost with a reused one. */
static void test_never_repeat(void)
{
    static const enum script scripts[] = {REFUSE, GOODBYE, RESET, DROP, HALF};
    int times;
    for (size_t i = 0; i < sizeof scripts / sizeof scripts[0]; i++) {
        for (int reused = 0; reused < 2; reused++) {
            CHECK_INT(fail(scripts[i], once, reused, &times), HTTP_AMBIGUOUS);
            CHECK_INT(times, 1);
        }
    }
    CHECK_INT(fail(REFUSE, post, true, &times), HTTP_ANSWERED); /* the trap is real: else this tests nothing */
    CHECK_INT(times, 2);
    static const enum script lost[] = {GOODBYE, RESET, DROP};
    for (size_t i = 0; i < sizeof lost / sizeof lost[0]; i++) {
        CHECK_INT(fail(lost[i], post, true, &times), HTTP_AMBIGUOUS);
        CHECK_INT(times, 1);
    }
    struct http_request own = once;
    own.own_connection = true;
    CHECK_INT(fail(DROP, own, true, &times), HTTP_AMBIGUOUS);
    CHECK_INT(times, 1);
    own.never_repeat = false;
    CHECK_INT(fail(DROP, own, true, &times), HTTP_ANSWERED);
    CHECK_INT(times, 2);
}

static void run_until(struct http *http, const struct seen *seen)
{
    while (seen->outcome == HTTP_OUTCOME_COUNT) {
        http_perform(http, now_ms());
        if (seen->outcome == HTTP_OUTCOME_COUNT)
            http_poll(http, NULL, 0, 100);
    }
}

/* However many uploads there are, the long poll and a small call that needs a new connection go at once. */
static void test_line(void)
{
    enum { UPLOADS = 8, CANCELED = 5 };
    struct http *http = http_new(&(struct http_config){.ca_file = ca_path, .max_host_connections = 6});
    struct seen uploads[UPLOADS], poll = {.outcome = HTTP_OUTCOME_COUNT}, small = poll;
    uint64_t ids[UPLOADS];
    char url[64];
    struct http_request request = once;
    snprintf(url, sizeof url, "https://localhost:%u/x", port);
    request.url = url;
    request.own_connection = request.in_line = true;
    request.timeout_ms = 3500; /* not enough for two turns: waiting does not count */
    play(SLOW_LINES);
    for (int i = 0; i < UPLOADS; i++) {
        uploads[i].outcome = HTTP_OUTCOME_COUNT;
        ids[i] = http_start(http, &request, note, &uploads[i]);
    }
    request.in_line = false;
    (void)http_start(http, &request, note, &poll);
    request = post;
    request.url = url;
    int64_t begun_ms = now_ms();
    (void)http_start(http, &request, note, &small);
    run_until(http, &small);
    CHECK(small.outcome == HTTP_ANSWERED && now_ms() - begun_ms < 1500);
    CHECK_INT(http_active(http), UPLOADS + 1);
    http_cancel(http, ids[CANCELED]); /* from the middle of the line */
    CHECK(uploads[CANCELED].outcome == HTTP_CANCELED && !uploads[CANCELED].sent && uploads[CANCELED].status == 0);
    run_until(http, &poll);
    CHECK(now_ms() - begun_ms < 3500);
    run(http);
    for (int i = 0; i < UPLOADS; i++)
        CHECK_INT(uploads[i].outcome, i == CANCELED ? HTTP_CANCELED : HTTP_ANSWERED);
    CHECK(now_ms() - begun_ms >= 4000); /* two turns */
    play(ANSWER);
    request = once;
    request.url = url;
    request.in_line = true;
    for (int i = 0; i < UPLOADS; i++)
        (void)http_start(http, &request, note, &uploads[i]);
    http_free(http); /* with some waiting */
    for (int i = 0; i < UPLOADS; i++)
        CHECK_INT(uploads[i].outcome, HTTP_CANCELED);
}

/* A small call never ends up behind the long poll on its HTTP/1.1 connection: libcurl would send it there once it knows
 * that the host speaks HTTP/2 as well. */
static void test_poll_alone(void)
{
    struct http *http = trusting(NULL);
    struct seen poll = {.outcome = HTTP_OUTCOME_COUNT};
    struct http_request request = once;
    char url[64];
    snprintf(url, sizeof url, "https://localhost:%u/x", port);
    request.url = url;
    request.own_connection = true;
    play(SLOW_LINES);
    (void)http_start(http, &request, note, &poll);
    int64_t begun_ms = now_ms();
    while (now_ms() - begun_ms < 300) { /* until it is asked */
        http_perform(http, now_ms());
        http_poll(http, NULL, 0, 20);
    }
    for (int i = 0; i < 5; i++) {
        struct seen small = {.outcome = HTTP_OUTCOME_COUNT};
        request.own_connection = false;
        (void)http_start(http, &request, note, &small);
        run_until(http, &small);
        CHECK_INT(small.outcome, HTTP_ANSWERED);
    }
    CHECK(now_ms() - begun_ms < 1500 && poll.outcome == HTTP_OUTCOME_COUNT);
    run(http);
    CHECK_INT(poll.outcome, HTTP_ANSWERED);
    http_free(http);
}

static void test_proxies(void)
{
    char proxy[96], name[96];
    snprintf(name, sizeof name, "proxy http://127.0.0.1:%u ", port);
    snprintf(proxy, sizeof proxy, "http://user:hunter2@127.0.0.1:%u", port);
    struct http *http = trusting(proxy);
    refused(http, PROXY_407, name, "another user or password");
    refused(http, PROXY_403, name, "403");
    refused(http, PROXY_GONE, "proxy http://127.0.0.1:", "");
    play(PROXY_TUNNEL);
    CHECK_INT(ask(http, once).outcome, HTTP_ANSWERED);
    http_free(http);
    snprintf(name, sizeof name, "proxy socks5h://127.0.0.1:%u ", port);
    snprintf(proxy, sizeof proxy, "socks5h://user:hunter2@127.0.0.1:%u", port);
    http = trusting(proxy);
    refused(http, SOCKS_REFUSED, name, "another user or password");
    refused(http, SOCKS_DEAD, name, "does not let us through");
    play(SOCKS_TUNNEL);
    CHECK_INT(ask(http, once).outcome, HTTP_ANSWERED);
    http_free(http);
    snprintf(proxy, sizeof proxy, "https://user:hunter2@localhost:%u", port);
    http = trusting(proxy);
    refused(http, PROXY_TLS, "the proxy https://localhost:", "403");
    http_free(http);
    http = http_new(&(struct http_config){.proxy = proxy});
    refused(http, PROXY_TLS, "the proxy's certificate is not trusted", "ca_file");
    http_free(http);
    uint16_t closed;
    close(listener(&closed));
    snprintf(proxy, sizeof proxy, "socks5h://user:hunter2@127.0.0.1:%u", closed);
    http = trusting(proxy);
    refused(http, ANSWER, "can't reach the proxy socks5h://127.0.0.1:", "is it running there?");
    http_free(http);
    http = trusting("http://user:hunter2@proxy.invalid:1");
    refused(http, ANSWER, "http://proxy.invalid:1", "name that is not known");
    http_free(http);
    http = trusting("gopher://user:hunter2@127.0.0.1:1"); /* libcurl quotes what it does not understand */
    refused(http, ANSWER, "", "");
    http_free(http);
}

static void test_proxy_name(void)
{
    char name[TROUBLE_PROXY_BYTES];
    trouble_proxy_name("socks5h://us%40er:p@ss@host:1080", name);
    CHECK_TEXT(name, "socks5h://host:1080");
    trouble_proxy_name("host:1080", name);
    CHECK_TEXT(name, "host:1080");
    trouble_proxy_name("user:hunter2@[::1]:1", name);
    CHECK_TEXT(name, "[::1]:1");
    trouble_proxy_name(NULL, name);
    CHECK_TEXT(name, "");
}

/* The directory is believed unless it knows less than the bundle. */
static void test_trust(const char *dir)
{
    char bundle[80], links[80], link[128];
    struct trust trust;
    snprintf(bundle, sizeof bundle, "%s/bundle", dir);
    snprintf(links, sizeof links, "%s/links", dir);
    snprintf(link, sizeof link, "%s/0123abcd.0", links);
    CHECK(mkdir(links, 0700) == 0);
    FILE *file = fopen(bundle, "w");
    CHECK(file != NULL && fputs("# one\n-----BEGIN CERTIFICATE-----\nMIIB\n", file) >= 0 && fflush(file) == 0);
    trust_choose(NULL, bundle, links, &trust); /* no links */
    CHECK(trust.dir == NULL && strcmp(trust.file, bundle) == 0);
    trust_done(&trust);
    CHECK(symlink(bundle, link) == 0);
    trust_choose(NULL, bundle, links, &trust);
    CHECK(trust.file == NULL && strcmp(trust.dir, links) == 0);
    trust_done(&trust);
    trust_choose("/ca", bundle, links, &trust);
    CHECK(strcmp(trust.file, "/ca") == 0 && strcmp(trust.dir, links) == 0);
    trust_done(&trust);
    CHECK(fputs("-----BEGIN CERTIFICATE-----\nMIIB\n", file) >= 0 && fclose(file) == 0);
    trust_choose(NULL, bundle, links, &trust); /* somebody appended one */
    CHECK(trust.dir == NULL && strcmp(trust.file, bundle) == 0);
    trust_done(&trust);
    trust_choose(NULL, NULL, NULL, &trust);
    CHECK(trust.dir == NULL && trust.file == NULL);
    trust_choose(NULL, "/no/bundle", "/no/dir", &trust);
    CHECK(trust.dir == NULL && strcmp(trust.file, "/no/bundle") == 0);
    trust_done(&trust);
    CHECK(unlink(link) == 0 && rmdir(links) == 0 && unlink(bundle) == 0);
}

int main(void)
{
    char dir[] = "/tmp/fotoset_test_tls.XXXXXX";
    CHECK(mkdtemp(dir) != NULL);
    snprintf(ca_path, sizeof ca_path, "%s/ca.pem", dir);
    struct certificate authority = certificate_new(NULL, NULL, 3600);
    good = certificate_new(&authority, "DNS:localhost,IP:127.0.0.1", 3600);
    other_host = certificate_new(&authority, "DNS:other.example", 3600);
    expired = certificate_new(&authority, "DNS:localhost", -60);
    certificate_write(&authority, ca_path, NULL);
    pid_t server = serve_connections(serve_tls, &port);
    test_reuse();
    test_handshake();
    test_never_repeat();
    test_line();
    test_poll_alone();
    test_proxies();
    test_proxy_name();
    test_trust(dir);
    kill(server, SIGKILL);
    waitpid(server, NULL, 0);
    certificate_free(&authority);
    certificate_free(&good);
    certificate_free(&other_host);
    certificate_free(&expired);
    CHECK(unlink(ca_path) == 0 && rmdir(dir) == 0);
    return 0;
}
