/* The HTTP client over TLS, HTTP/2 and proxies, against a server that does what the test wants: it shows a certificate
 * that is wrong, hangs up in the middle of the handshake, refuses a stream, says goodbye, dies with a request in its
 * hands. What counts is the outcome (was it sent?), how often the server saw the request, and what the operator is
 * told. The server speaks just enough HTTP/2: frames are read, headers are not decoded. */
#include <fcntl.h>
#include <openssl/ssl.h>
#include <sys/stat.h>
#include "bot/http/http.h"
#include "bot/http/trouble.h"
#include "bot/http/trust.h"
#include "tests/certificate.h"
#include "tests/raw_server.h"

enum script {
    ANSWER,        /* every request, over HTTP/2 or 1.1, as the client likes it */
    WRONG_HOST,    /* the certificate is for somebody else */
    EXPIRED,       /* … or too old */
    HANG_UP,       /* once the client's hello is read */
    SPEAK_PLAINLY, /* it is no TLS server */
    SAY_NOTHING,   /* in the handshake */
    REFUSE,        /* HTTP/2: the first request of all gets REFUSED_STREAM, later ones an answer */
    GOODBYE,       /* … GOAWAY: "I did nothing for you" */
    RESET,         /* … INTERNAL_ERROR */
    DROP,          /* the connection dies with the first request in its hands, later ones get an answer */
    HALF,          /* half an answer, then the connection dies */
    SLOW_LINES,    /* HTTP/1.1 is answered after two seconds, HTTP/2 at once */
    PROXY_407,     /* a proxy: wants a password */
    PROXY_403,     /* … lets nobody through */
    PROXY_GONE,    /* … dies instead of an answer */
    PROXY_TUNNEL,  /* … connects (to this very server) */
    SOCKS_REFUSED, /* a SOCKS5 proxy: another password */
    SOCKS_DEAD,    /* … can't reach the server */
    SOCKS_TUNNEL
};
enum { HEADERS = 1, RST_STREAM = 3, SETTINGS = 4, PING = 6, GOAWAY = 7, DATA = 0 }; /* frames of HTTP/2 */
enum { END_STREAM = 1, ACK = 1, END_HEADERS = 4, FRAME_MAX_BYTES = 65536 };
enum { NO_ERROR = 0, INTERNAL_ERROR = 2, REFUSED_STREAM = 7 };
enum { COUNT_SCRIPT, COUNT_H2, COUNT_HANDSHAKES }; /* in shared->counts */

static uint16_t port;
static char ca_path[64];
static struct certificate authority, good, other_host, expired;

/* ---- the server ---- */

static int choose_protocol(SSL *ssl, const unsigned char **out, unsigned char *out_length, const unsigned char *in,
                           unsigned in_length, void *ctx)
{
    static const unsigned char known[] = "\x02h2\x08http/1.1";
    unsigned char *chosen = NULL;
    (void)ssl;
    (void)ctx;
    if (SSL_select_next_proto(&chosen, out_length, known, sizeof known - 1, in, in_length) != OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_NOACK;
    *out = chosen;
    return SSL_TLSEXT_ERR_OK;
}

static SSL *shake_hands(int fd, int script)
{
    const struct certificate *shown = script == WRONG_HOST ? &other_host : script == EXPIRED ? &expired : &good;
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    CHECK(context != NULL && SSL_CTX_use_certificate(context, shown->x509) == 1);
    CHECK(SSL_CTX_use_PrivateKey(context, shown->key) == 1);
    SSL_CTX_set_alpn_select_cb(context, choose_protocol, NULL);
    SSL *ssl = SSL_new(context);
    CHECK(ssl != NULL && SSL_set_fd(ssl, fd) == 1);
    if (SSL_accept(ssl) != 1)
        _exit(0);
    __atomic_add_fetch(&shared->counts[COUNT_HANDSHAKES], 1, __ATOMIC_SEQ_CST);
    return ssl;
}

static void read_all(SSL *ssl, void *bytes, size_t length)
{
    for (size_t at = 0; at < length;) {
        int got = SSL_read(ssl, (char *)bytes + at, (int)(length - at));
        if (got <= 0)
            _exit(0);
        at += (size_t)got;
    }
}

static void send_frame(SSL *ssl, int type, int flags, uint32_t stream, const void *payload, size_t length)
{
    unsigned char frame[256] = {(unsigned char)(length >> 16), (unsigned char)(length >> 8), (unsigned char)length,
                                (unsigned char)type, (unsigned char)flags};
    uint32_t id = htonl(stream);
    CHECK(length <= sizeof frame - 9);
    memcpy(frame + 5, &id, sizeof id);
    if (length > 0)
        memcpy(frame + 9, payload, length);
    (void)SSL_write(ssl, frame, (int)length + 9);
}

/* The first request since the script was set? */
static bool is_first(void)
{
    return __atomic_add_fetch(&shared->requests, 1, __ATOMIC_SEQ_CST) == 1;
}

static void answer_stream(SSL *ssl, int script, uint32_t stream)
{
    bool first = is_first();
    uint32_t refused = htonl(REFUSED_STREAM), internal = htonl(INTERNAL_ERROR), goodbye[2] = {0, htonl(NO_ERROR)};
    if (script == DROP && first)
        _exit(0);
    if (script == REFUSE && first) {
        send_frame(ssl, RST_STREAM, 0, stream, &refused, sizeof refused);
    } else if (script == RESET && first) {
        send_frame(ssl, RST_STREAM, 0, stream, &internal, sizeof internal);
    } else if (script == GOODBYE && first) {
        send_frame(ssl, GOAWAY, 0, 0, goodbye, sizeof goodbye);
    } else {
        send_frame(ssl, HEADERS, END_HEADERS, stream, "\x88", 1); /* ":status: 200" of the static table */
        send_frame(ssl, DATA, script == HALF ? 0 : END_STREAM, stream, "ok", 2);
        if (script == HALF)
            _exit(0);
    }
}

static void serve_streams(SSL *ssl)
{
    static unsigned char payload[FRAME_MAX_BYTES];
    unsigned char head[9];
    read_all(ssl, payload, 24); /* the preface */
    send_frame(ssl, SETTINGS, 0, 0, NULL, 0);
    for (;;) {
        uint32_t stream;
        read_all(ssl, head, sizeof head);
        size_t length = (size_t)head[0] << 16 | (size_t)head[1] << 8 | head[2];
        CHECK(length <= sizeof payload);
        read_all(ssl, payload, length);
        memcpy(&stream, head + 5, sizeof stream);
        stream = ntohl(stream);
        if (head[3] == SETTINGS && (head[4] & ACK) == 0)
            send_frame(ssl, SETTINGS, ACK, 0, NULL, 0);
        else if (head[3] == PING && (head[4] & ACK) == 0)
            send_frame(ssl, PING, ACK, 0, payload, length);
        else if ((head[3] == HEADERS || head[3] == DATA) && (head[4] & END_STREAM) != 0)
            answer_stream(ssl, shared->counts[COUNT_SCRIPT], stream);
    }
}

static void serve_lines(SSL *ssl)
{
    static const char whole[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    char text[4096];
    int got;
    while ((got = SSL_read(ssl, text, sizeof text)) > 0) {
        int script = shared->counts[COUNT_SCRIPT];
        if (script == SLOW_LINES)
            sleep(2);
        if ((is_first() && script == DROP) || SSL_write(ssl, whole, sizeof whole - 1 - (script == HALF ? 1 : 0)) <= 0 ||
            script == HALF)
            _exit(0);
    }
}

static void read_some(int fd, size_t least)
{
    char text[4096];
    size_t at = 0;
    while (at < least) {
        ssize_t got = read(fd, text, sizeof text);
        if (got <= 0)
            _exit(0);
        at += (size_t)got;
    }
}

/* Returns if a handshake with the server behind the proxy follows. */
static void be_proxy(int fd, int script)
{
    if (script >= SOCKS_REFUSED) {
        read_some(fd, 3); /* the greeting */
        CHECK(write(fd, "\x05\x02", 2) == 2);
        read_some(fd, 5); /* user and password */
        CHECK(write(fd, script == SOCKS_REFUSED ? "\x01\x01" : "\x01\x00", 2) == 2);
        if (script == SOCKS_REFUSED)
            _exit(0);
        read_some(fd, 7); /* the address */
        CHECK(write(fd, script == SOCKS_DEAD ? "\5\5\0\1\0\0\0\0\0\0" : "\5\0\0\1\0\0\0\0\0\0", 10) == 10);
        if (script == SOCKS_DEAD)
            _exit(0);
        return;
    }
    read_some(fd, 1); /* CONNECT */
    if (script == PROXY_407)
        say(fd, "HTTP/1.1 407 No\r\nProxy-Authenticate: Basic realm=\"x\"\r\nContent-Length: 0\r\n\r\n");
    else if (script == PROXY_403)
        say(fd, "HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n");
    if (script != PROXY_TUNNEL)
        _exit(0);
    say(fd, "HTTP/1.1 200 Go on\r\n\r\n");
}

static void serve_connection(int fd)
{
    int script = shared->counts[COUNT_SCRIPT];
    const unsigned char *protocol = NULL;
    unsigned length = 0;
    (void)signal(SIGPIPE, SIG_IGN);
    if (script == HANG_UP || script == SAY_NOTHING || script == SPEAK_PLAINLY) {
        read_some(fd, 50);
        if (script == SPEAK_PLAINLY)
            say(fd, "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
        if (script == SAY_NOTHING)
            sleep(20);
        _exit(0);
    }
    if (script >= PROXY_407)
        be_proxy(fd, script);
    SSL *ssl = shake_hands(fd, script);
    SSL_get0_alpn_selected(ssl, &protocol, &length);
    if (length == 2) {
        shared->counts[COUNT_H2]++;
        serve_streams(ssl);
    }
    serve_lines(ssl);
    _exit(0);
}

/* ---- the client ---- */

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
    authority = certificate_new(NULL, NULL, 3600);
    good = certificate_new(&authority, "DNS:localhost,IP:127.0.0.1", 3600);
    other_host = certificate_new(&authority, "DNS:other.example", 3600);
    expired = certificate_new(&authority, "DNS:localhost", -60);
    certificate_write(&authority, ca_path, NULL);
    pid_t server = serve_connections(serve_connection, &port);
    test_reuse();
    test_handshake();
    test_never_repeat();
    test_line();
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
