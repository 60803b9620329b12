/* Inside bot/http only: one transfer, from a request to libcurl's options and from libcurl's result to an answer. */
#ifndef BOT_SERVICES_HTTP_TRANSFER_H
#define BOT_SERVICES_HTTP_TRANSFER_H

#include <curl/curl.h>
#include <sys/queue.h>
#include "bot/services/http/http.h"
#include "bot/services/http/trouble.h"
#include "bot/services/http/trust.h"

/* A part being read by libcurl: mime data callbacks walk over the borrowed memory. */
struct transfer_part {
    const unsigned char *data;
    size_t bytes, at;
};

struct transfer {
    CURL *easy;                 /* kept between requests: its options for everybody are set once */
    const char *proxy;          /* the client's; "" = none */
    uint64_t id;                /* 0 = idle */
    uint32_t slot;              /* its index in http->transfers */
    TAILQ_ENTRY(transfer) next; /* among the idle, or in line */
    bool in_line, waiting;      /* waiting: libcurl does not know it yet */
    http_done_fn *done;
    void *ctx;
    struct curl_slist *headers;
    curl_mime *mime;
    struct transfer_part *parts;
    char *body; /* received so far; capacity includes the final 0 */
    size_t bytes, capacity, max_bytes;
    bool too_large, never_repeat, public_only, refused;
    bool stopped;                         /* before libcurl sent it a second time */
    int sends;                            /* how often libcurl began to send it */
    char proxy_name[TROUBLE_PROXY_BYTES]; /* this request's */
    char error[CURL_ERROR_SIZE];
};

TAILQ_HEAD(transfer_list, transfer);

/* With the options every request shares. Never NULL. */
struct transfer *transfer_new(const struct http_config *config, const struct trust *trust);
void transfer_free(struct transfer *transfer);
/* Set the options of one request. */
void transfer_prepare(struct transfer *transfer, const struct http_request *request);
/* Fill the answer from libcurl's result; error_text has HTTP_ERROR_MAX_BYTES. */
void transfer_answer(struct transfer *transfer, CURLcode result, struct http_answer *answer, char *error_text);
/* Free what belonged to the request and become idle. */
void transfer_clear(struct transfer *transfer);

#endif
