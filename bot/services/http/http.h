/* The HTTP client of the single-threaded loop: many transfers at once on one libcurl multi handle, which also waits
 * for the loop's other descriptors. TLS is verified, redirects are never followed, and nothing here retries: the
 * outcome says whether a repeat is safe, the caller decides. */
#ifndef BOT_SERVICES_HTTP_HTTP_H
#define BOT_SERVICES_HTTP_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "core/err.h"

enum {
    HTTP_EXTRA_FDS_MAX = 16,
    HTTP_PARTS_MAX = 64,
    HTTP_HEADERS_MAX = 16,
    HTTP_TRANSFERS_MAX = 4096,                   /* started and not done; more aborts, callers bound themselves */
    HTTP_ANSWER_DEFAULT_MAX_BYTES = 1024 * 1024, /* when a request says 0 */
    HTTP_ANSWER_LIMIT_BYTES = 64 * 1024 * 1024,  /* no request may ask for more */
    HTTP_ERROR_MAX_BYTES = 384
};

struct http;

struct http_config {
    const char *proxy;        /* NULL = none (the environment's proxy variables are not read); http:// or socks5h:// */
    const char *ca_file;      /* certificates believed beside the system's; NULL = none */
    bool allow_plain_http;    /* http:// addresses too (a local Bot API server, the sandbox) */
    int max_host_connections; /* to one host, at least 3; 0 = 32. The long poll takes one, each transfer in line too */
};

enum http_method { HTTP_GET, HTTP_POST, HTTP_METHOD_COUNT };

struct http_part {
    const char *name;         /* copied, like the next two */
    const char *filename;     /* NULL = a plain field; Telegram takes a part without it for text */
    const char *content_type; /* NULL = libcurl's choice */
    const void *data;         /* borrowed until the request is done */
    size_t bytes;
};

/* Zero means "default" everywhere. Strings and body are copied, parts' data is borrowed until done. */
struct http_request {
    const char *url;
    enum http_method method;
    const char *const *headers; /* NULL-terminated "Name: value", or NULL */
    const void *body;           /* with HTTP_POST */
    size_t body_bytes;
    const struct http_part *parts; /* multipart/form-data instead of body */
    size_t part_count;
    const char *user, *password; /* basic authentication, both or none */
    int64_t timeout_ms;          /* of the whole transfer; 0 = 30 s */
    int64_t connect_timeout_ms;  /* 0 = 10 s */
    size_t max_answer_bytes;
    int64_t low_speed_bytes_s; /* abort when slower than this for low_speed_s; 0 = never */
    int64_t low_speed_s;
    const char *proxy;     /* instead of the client's; "" = none, NULL = the client's */
    bool never_repeat;     /* libcurl repeats a request by itself when a reused connection dies without a byte of
                            * answer: not this one, it ends as AMBIGUOUS */
    bool fresh_connection; /* not one that may have died unnoticed: makes AMBIGUOUS rare where it hurts */
    bool own_connection;   /* HTTP/1.1, so no other transfer shares its connection: the long poll, uploads */
    bool in_line;          /* uploads and downloads: two of the host's connections are always left for others; one too
                            * many waits its turn, and its time does not run meanwhile */
    bool public_only;      /* refuse loopback, private and link-local addresses: for links that others gave us */
};

enum http_outcome {
    HTTP_ANSWERED,  /* a complete answer: status, body */
    HTTP_NOT_SENT,  /* failed before the first request byte left: safe to repeat */
    HTTP_AMBIGUOUS, /* failed later: the other side may have acted */
    HTTP_TOO_LARGE, /* the answer passed max_answer_bytes; status is known */
    HTTP_CANCELED,  /* http_cancel or http_free; see sent */
    HTTP_OUTCOME_COUNT
};

/* Valid during the callback only. */
struct http_answer {
    enum http_outcome outcome;
    bool sent;   /* the first request byte may have left */
    long status; /* 0 = none seen */
    char *body;  /* 0-terminated, "" when there is none; http_answer_take moves it out */
    size_t bytes;
    int64_t retry_after_s;    /* from the header; 0 = none */
    const char *content_type; /* "" = none */
    const char *error;        /* "" or why it failed, redacted: may be logged and stored */
    int64_t now_ms;           /* as given to http_perform (or the last one) */
};
typedef void http_done_fn(void *ctx, struct http_answer *answer);

/* Never NULL. Initialises libcurl and ignores SIGPIPE. Strings in config are copied. */
struct http *http_new(const struct http_config *config);
/* Cancels what runs (done is called with HTTP_CANCELED). Accepts NULL. */
void http_free(struct http *http);

/* Start a transfer; done is called exactly once, from http_perform, http_cancel or http_free and never from here.
 * Failures of every kind, a bad URL too, arrive there. Returns its id, never 0. */
uint64_t http_start(struct http *http, const struct http_request *request, http_done_fn *done, void *ctx);
/* An id that is done already is ignored. */
void http_cancel(struct http *http, uint64_t id);
/* Nothing is going on for a while: frees what is kept for reuse, but not the connections. */
void http_rest(struct http *http);
size_t http_active(const struct http *http); /* transfers started and not done */

/* A descriptor of somebody else to wait for. */
struct http_fd {
    int fd; /* below 0: none, it is not waited for, as with poll(2) */
    bool want_read, want_write;
    bool can_read, can_write; /* set by http_poll; an error or hang-up shows as readable */
};
/* Wait until a transfer or a descriptor needs attention, at most timeout_ms. fd_count <= HTTP_EXTRA_FDS_MAX. */
void http_poll(struct http *http, struct http_fd *fds, size_t fd_count, int timeout_ms);
/* Move the transfers on and call done for the finished ones. now_ms: the loop's monotonic time. */
void http_perform(struct http *http, int64_t now_ms);

/* Take the body: malloc'ed, 0-terminated, the caller frees it. */
char *http_answer_take(struct http_answer *answer, size_t *ret_bytes);

#endif
