/* A TLS server for tests of clients that does what the script says: it shows a certificate that is wrong, hangs up in
 * the handshake, refuses a stream, says goodbye, dies with a request in its hands; or is a proxy. It speaks just enough
 * HTTP/2: frames are read, headers are not decoded. Included by one test program only, which sets
 * shared->counts[COUNT_SCRIPT] and starts it with serve_connections(serve_tls, …). */
#ifndef TESTS_TLS_SERVER_H
#define TESTS_TLS_SERVER_H

#include <openssl/ssl.h>
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
    PROXY_TLS,     /* a proxy that is spoken to over TLS, and lets nobody through */
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

/* What the server shows; made by the test. */
static struct certificate good, other_host, expired;

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

static void serve_tls(int fd)
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
    if (script == PROXY_TLS) {
        static const char no[] = "HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n";
        char text[4096];
        SSL *outer = shake_hands(fd, script);
        if (SSL_read(outer, text, sizeof text) > 0)
            (void)SSL_write(outer, no, sizeof no - 1);
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

#endif
