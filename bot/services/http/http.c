/* The multi handle: a pool of transfers, their ids, and the wait that serves the whole loop. libcurl's multi handle
 * keeps connections alive between requests and multiplexes over HTTP/2 by itself.
 *
 * Callbacks run only where the header says, always after the transfer has left the multi handle and with its slot
 * still taken, so they may start and cancel others. Must not retry, must not log, must not read a clock. */
#include "bot/services/http/http.h"

#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include "bot/base/memory.h"
#include "bot/services/http/transfer.h"
#include "core/bug.h"

enum { HOST_CONNECTIONS_DEFAULT = 32, HOST_CONNECTIONS_SPARE = 2, IDLE_KEPT = 32 };

struct http {
    CURLM *multi;
    struct http_config config;
    char *proxy;
    struct trust trust;
    struct transfer **transfers; /* by slot; NULL = freed */
    uint32_t *free_slots;
    size_t transfer_count, capacity, free_slot_count, active;
    struct transfer_list idle, line; /* in line: those that wait */
    size_t idle_count;
    size_t line_running, line_max;
    uint32_t generation;
    int64_t now_ms;
};

struct http *http_new(const struct http_config *config)
{
    struct http *http = memory_need(calloc(1, sizeof *http));
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        bug("curl can't be used");
    TAILQ_INIT(&http->idle);
    TAILQ_INIT(&http->line);
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    (void)sigaction(SIGPIPE, &ignore, NULL);
    http->config = *config;
    http->config.proxy = http->proxy = memory_copy(config->proxy);
    http->config.ca_file = NULL;
    trust_init(&http->trust, config->ca_file);
    http->multi = memory_need(curl_multi_init());
    long hosts = config->max_host_connections > 0 ? config->max_host_connections : HOST_CONNECTIONS_DEFAULT;
    http->line_max = hosts > HOST_CONNECTIONS_SPARE ? (size_t)(hosts - HOST_CONNECTIONS_SPARE) : 1;
    (void)curl_multi_setopt(http->multi, CURLMOPT_MAX_HOST_CONNECTIONS, hosts);
    /* libcurl counts connections in use, too: with no more room than one host may fill it closes what is needed next.
     */
    (void)curl_multi_setopt(http->multi, CURLMOPT_MAXCONNECTS, 2 * hosts);
    (void)curl_multi_setopt(http->multi, CURLMOPT_PIPELINING, (long)CURLPIPE_MULTIPLEX);
    return http;
}

static struct transfer *find(const struct http *http, uint64_t id)
{
    uint32_t slot = (uint32_t)id;
    if (slot >= http->transfer_count)
        return NULL;
    struct transfer *transfer = http->transfers[slot];
    return transfer != NULL && transfer->id == id ? transfer : NULL;
}

static uint32_t slot_take(struct http *http)
{
    if (http->free_slot_count > 0)
        return http->free_slots[--http->free_slot_count];
    if (http->transfer_count == HTTP_TRANSFERS_MAX)
        bug("more transfers than HTTP_TRANSFERS_MAX");
    if (http->transfer_count == http->capacity) {
        http->capacity = http->capacity == 0 ? 16 : http->capacity * 2;
        http->transfers = realloc(http->transfers, http->capacity * sizeof(struct transfer *));
        http->free_slots = realloc(http->free_slots, http->capacity * sizeof(uint32_t));
        if (http->transfers == NULL || http->free_slots == NULL)
            bug("out of memory");
    }
    return (uint32_t)http->transfer_count++;
}

static struct transfer *transfer_take(struct http *http)
{
    struct transfer *transfer = TAILQ_FIRST(&http->idle);
    if (transfer != NULL) {
        TAILQ_REMOVE(&http->idle, transfer, next);
        http->idle_count--;
    } else {
        transfer = transfer_new(&http->config, &http->trust);
    }
    transfer->slot = slot_take(http);
    http->transfers[transfer->slot] = transfer;
    return transfer;
}

static void transfer_give_back(struct http *http, struct transfer *transfer)
{
    http->transfers[transfer->slot] = NULL;
    http->free_slots[http->free_slot_count++] = transfer->slot;
    transfer_clear(transfer);
    if (http->idle_count == IDLE_KEPT) {
        transfer_free(transfer);
        return;
    }
    TAILQ_INSERT_HEAD(&http->idle, transfer, next);
    http->idle_count++;
}

void http_rest(struct http *http)
{
    while (!TAILQ_EMPTY(&http->idle)) {
        struct transfer *transfer = TAILQ_FIRST(&http->idle);
        TAILQ_REMOVE(&http->idle, transfer, next);
        transfer_free(transfer);
    }
    http->idle_count = 0;
}

static void hand_to_libcurl(struct http *http, struct transfer *transfer)
{
    if (curl_multi_add_handle(http->multi, transfer->easy) != CURLM_OK)
        bug("curl takes no transfer");
    http->line_running += transfer->in_line ? 1 : 0;
}

static void line_join(struct http *http, struct transfer *transfer)
{
    transfer->waiting = true;
    TAILQ_INSERT_TAIL(&http->line, transfer, next);
}

static void line_leave(struct http *http, struct transfer *transfer)
{
    transfer->waiting = false;
    TAILQ_REMOVE(&http->line, transfer, next);
}

uint64_t http_start(struct http *http, const struct http_request *request, http_done_fn *done, void *ctx)
{
    struct transfer *transfer = transfer_take(http);
    transfer_prepare(transfer, request);
    transfer->done = done;
    transfer->ctx = ctx;
    if (++http->generation == 0)
        http->generation = 1;
    transfer->id = (uint64_t)http->generation << 32 | transfer->slot;
    if (transfer->in_line && http->line_running >= http->line_max)
        line_join(http, transfer);
    else
        hand_to_libcurl(http, transfer);
    http->active++;
    return transfer->id;
}

static void finish(struct http *http, struct transfer *transfer, CURLcode result, bool canceled)
{
    char error_text[HTTP_ERROR_MAX_BYTES];
    struct http_answer answer = {.now_ms = http->now_ms};
    transfer_answer(transfer, result, &answer, error_text);
    if (canceled)
        answer.outcome = HTTP_CANCELED;
    if (transfer->waiting) {
        line_leave(http, transfer);
    } else {
        if (curl_multi_remove_handle(http->multi, transfer->easy) != CURLM_OK)
            bug("curl gives no transfer back");
        http->line_running -= transfer->in_line ? 1 : 0;
    }
    transfer->id = 0; /* canceling it from its own callback finds nothing */
    http->active--;
    transfer->done(transfer->ctx, &answer);
    if (answer.body == NULL) { /* taken */
        transfer->body = NULL;
        transfer->capacity = 0;
    }
    transfer_give_back(http, transfer);
    while (!TAILQ_EMPTY(&http->line) && http->line_running < http->line_max) {
        struct transfer *next = TAILQ_FIRST(&http->line);
        line_leave(http, next);
        hand_to_libcurl(http, next);
    }
}

char *http_answer_take(struct http_answer *answer, size_t *ret_bytes)
{
    char *body = answer->body;
    *ret_bytes = answer->bytes;
    answer->body = NULL;
    answer->bytes = 0;
    return body;
}

void http_cancel(struct http *http, uint64_t id)
{
    struct transfer *transfer = find(http, id);
    if (transfer != NULL)
        finish(http, transfer, CURLE_ABORTED_BY_CALLBACK, true);
}

size_t http_active(const struct http *http)
{
    return http->active;
}

void http_poll(struct http *http, struct http_fd *fds, size_t fd_count, int timeout_ms)
{
    struct curl_waitfd waits[HTTP_EXTRA_FDS_MAX];
    unsigned count = 0;
    if (fd_count > HTTP_EXTRA_FDS_MAX)
        bug("more descriptors than HTTP_EXTRA_FDS_MAX");
    for (size_t i = 0; i < fd_count; i++) {
        int events = (fds[i].want_read ? CURL_WAIT_POLLIN : 0) | (fds[i].want_write ? CURL_WAIT_POLLOUT : 0);
        fds[i].can_read = fds[i].can_write = false;
        if (fds[i].fd >= 0)
            waits[count++] = (struct curl_waitfd){.fd = fds[i].fd, .events = (short)events};
    }
    CURLMcode code = curl_multi_poll(http->multi, waits, count, timeout_ms, NULL);
    if (code != CURLM_OK && code != CURLM_UNRECOVERABLE_POLL)
        bug("curl can't wait");
    count = 0;
    for (size_t i = 0; i < fd_count && code == CURLM_OK; i++) {
        if (fds[i].fd < 0)
            continue;
        short got = waits[count++].revents;
        fds[i].can_read = (got & (CURL_WAIT_POLLIN | CURL_WAIT_POLLPRI)) != 0;
        fds[i].can_write = (got & CURL_WAIT_POLLOUT) != 0;
    }
}

void http_perform(struct http *http, int64_t now_ms)
{
    int running = 0, left = 0;
    http->now_ms = now_ms;
    if (curl_multi_perform(http->multi, &running) != CURLM_OK)
        bug("curl can't go on");
    const CURLMsg *message;
    while ((message = curl_multi_info_read(http->multi, &left)) != NULL) {
        char *private = NULL;
        CURLcode result = message->data.result;
        if (message->msg != CURLMSG_DONE)
            continue;
        (void)curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &private);
        finish(http, (struct transfer *)(void *)private, result, false);
    }
}

void http_free(struct http *http)
{
    if (http == NULL)
        return;
    for (size_t i = 0; i < http->transfer_count; i++) {
        struct transfer *transfer = http->transfers[i];
        if (transfer != NULL && transfer->id != 0)
            finish(http, transfer, CURLE_ABORTED_BY_CALLBACK, true);
    }
    http_rest(http);
    (void)curl_multi_cleanup(http->multi);
    free(http->transfers);
    free(http->free_slots);
    free(http->proxy);
    trust_done(&http->trust);
    free(http);
    curl_global_cleanup();
}
