/* The HTTP side: libmicrohttpd driven by our own poll(), one thread, connections suspended while they wait.
 *
 * A request is gathered whole, routed, and either answered at once or suspended: a getUpdates without updates, a chat
 * page's poll, a delayed answer. Waits stand in a binary heap by due time. Whatever is done to an answer by a fault is
 * done here at the very end, so that no handler knows of faults. Handlers must not touch libmicrohttpd.
 */
#include "tests/sandbox/http.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sandbox/control.h"
#include "tests/sandbox/faults.h"
#include "tests/sandbox/record.h"
#include "tests/sandbox/tax.h"
#include "tests/sandbox/telegram.h"
#include "tests/sandbox/updates.h"
#include "tests/sandbox/wait.h"
#include "tests/sandbox/yookassa.h"

#define CONNECTIONS_MAX 8192
#define POLL_GATHER_MS 2 /* a long poll answers this much after the first update, as Telegram's does */

const char *http_query(struct request *request, const char *name)
{
    return MHD_lookup_connection_value(request->connection, MHD_GET_ARGUMENT_KIND, name);
}

int64_t http_query_int(struct request *request, const char *name, int64_t otherwise)
{
    const char *value = http_query(request, name);
    return value == NULL || value[0] == '\0' ? otherwise : strtoll(value, NULL, 10);
}

const char *http_header(struct request *request, const char *name)
{
    return MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, name);
}

struct part *http_part(struct request *request, const char *name)
{
    for (size_t i = 0; i < request->part_count; i++) {
        if (strcmp(request->parts[i].name, name) == 0)
            return &request->parts[i];
    }
    return NULL;
}

struct part *http_part_add(struct request *request)
{
    if (request->part_count == REQUEST_PARTS_MAX)
        return NULL;
    if (request->part_count == request->part_room) {
        request->part_room = request->part_room == 0 ? 8 : request->part_room * 2;
        request->parts = mem_grow(request->parts, request->part_room * sizeof(struct part));
    }
    struct part *part = &request->parts[request->part_count++];
    *part = (struct part){0};
    return part;
}

void http_answer(struct request *request, unsigned status, const char *content_type, char *body, size_t bytes)
{
    free(request->answer);
    request->answered = true;
    request->status = status;
    request->content_type = content_type;
    request->answer = body;
    request->answer_bytes = bytes;
}

void http_answer_json(struct request *request, unsigned status, struct buf *body)
{
    size_t bytes = body->len;
    http_answer(request, status, "application/json", buf_take(body), bytes);
}

void http_answer_static(struct request *request, unsigned status, const char *content_type, const char *body,
                        size_t bytes)
{
    http_answer(request, status, content_type, NULL, bytes);
    request->answer_static = body;
}

void http_wait(struct request *request, enum request_wait wait, int64_t ms)
{
    request->wait = wait;
    request->due_ms = sandbox_mono_ms() + ms;
    wait_add(request->sb, request);
}

void http_wake(struct request *request)
{
    wait_remove(request->sb, request);
    request->wait = WAIT_NOT;
    if (request->suspended) {
        request->suspended = false;
        request->sb->resumed = true;
        MHD_resume_connection(request->connection);
    }
}

void http_wake_poll(struct sandbox *sb)
{
    struct request *poll = sb->poll;
    int64_t due_ms = sandbox_mono_ms() + POLL_GATHER_MS;
    if (poll != NULL && poll->due_ms > due_ms) {
        wait_remove(sb, poll);
        poll->due_ms = due_ms;
        wait_add(sb, poll);
    }
}

void http_wake_chat(struct sandbox *sb, struct user *user)
{
    (void)sb;
    while (user->waiters != NULL) {
        struct request *waiter = user->waiters;
        user->waiters = waiter->next_waiter;
        control_chat_answer(waiter);
        http_wake(waiter);
    }
}

int64_t http_run_waits(struct sandbox *sb)
{
    int64_t now_ms = sandbox_mono_ms();
    while (sb->heap_count > 0 && sb->heap[0]->due_ms <= now_ms) {
        struct request *request = sb->heap[0];
        wait_remove(sb, request);
        if (request->wait == WAIT_UPDATES) {
            telegram_poll_answer(request);
        } else if (request->wait == WAIT_CHAT) {
            struct request **at = &request->chat->waiters;
            while (*at != NULL && *at != request)
                at = &(*at)->next_waiter;
            if (*at == request)
                *at = request->next_waiter;
            control_chat_answer(request);
        }
        if (request->answered)
            http_wake(request);
    }
    return sb->heap_count == 0 ? -1 : sb->heap[0]->due_ms - now_ms;
}

static void route(struct request *request)
{
    if (strncmp(request->path, "/bot", 4) == 0)
        telegram_serve(request);
    else if (strncmp(request->path, "/file/bot", 9) == 0)
        telegram_serve_file(request);
    else if (strncmp(request->path, "/yookassa/v3/", 13) == 0)
        yookassa_serve(request);
    else if (strncmp(request->path, "/tax/api/v1/", 12) == 0)
        tax_serve(request);
    else
        control_serve(request);
}

/* Half of the body, then the connection breaks. */
static ssize_t half_read(void *context, uint64_t at, char *to, size_t room)
{
    const struct request *request = context;
    const char *from = request->answer != NULL ? request->answer : request->answer_static;
    size_t half = request->answer_bytes / 2;
    if (at >= half)
        return MHD_CONTENT_READER_END_WITH_ERROR;
    size_t len = half - (size_t)at < room ? half - (size_t)at : room;
    memcpy(to, from + at, len);
    return (ssize_t)len;
}

static enum MHD_Result send_answer(struct request *request)
{
    bool truncate = request->has_fault && strcmp(request->fault.kind, "truncate") == 0 && request->answer_bytes > 1;
    if (request->has_fault && strncmp(request->fault.kind, "drop_", 5) == 0)
        return MHD_NO;
    struct MHD_Response *response = NULL;
    if (truncate) {
        response = MHD_create_response_from_callback(request->answer_bytes, 4096, half_read, request, NULL);
    } else if (request->answer_static != NULL) {
        response = MHD_create_response_from_buffer(request->answer_bytes, (void *)(uintptr_t)request->answer_static,
                                                   MHD_RESPMEM_PERSISTENT);
    } else {
        response = MHD_create_response_from_buffer(request->answer_bytes, request->answer, MHD_RESPMEM_MUST_FREE);
        request->answer = NULL;
    }
    if (response == NULL)
        return MHD_NO;
    MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, request->content_type);
    if (request->retry_after > 0) {
        char seconds[24];
        snprintf(seconds, sizeof(seconds), "%ld", request->retry_after);
        MHD_add_response_header(response, "Retry-After", seconds);
    }
    if (request->service == NULL)
        MHD_add_response_header(response, "Cache-Control", "no-store");
    enum MHD_Result result = MHD_queue_response(request->connection, request->status, response);
    MHD_destroy_response(response);
    return result;
}

/* The request is here as a whole, or its wait is over. */
static enum MHD_Result go_on(struct request *request)
{
    if (!request->handled) {
        request->handled = true;
        request->at_ms = sandbox_now_ms(request->sb);
        body_done(request);
        route(request);
        if (request->answered)
            faults_after(request);
    } else if (request->answered && request->wait == WAIT_NOT && !request->suspended) {
        faults_after(request);
    }
    if (request->wait != WAIT_NOT) {
        request->suspended = true;
        MHD_suspend_connection(request->connection);
        return MHD_YES;
    }
    if (!request->answered)
        abort(); /* a handler neither answered nor waits */
    record_request(request);
    return send_answer(request);
}

static enum MHD_Result on_request(void *context, struct MHD_Connection *connection, const char *url, const char *method,
                                  const char *version, const char *bytes, size_t *len, void **request_at)
{
    (void)version;
    struct request *request = *request_at;
    if (request == NULL) {
        request = mem_new(sizeof(*request));
        request->sb = context;
        request->connection = connection;
        request->path = mem_text(url);
        request->http_method = mem_text(method);
        request->content_type = "application/json";
        *request_at = request;
        body_begin(request);
        return MHD_YES;
    }
    if (*len > 0) {
        if (!body_add(request, bytes, *len))
            request->too_large = true;
        *len = 0;
        return MHD_YES;
    }
    return go_on(request);
}

static void on_end(void *context, struct MHD_Connection *connection, void **request_at,
                   enum MHD_RequestTerminationCode code)
{
    (void)context, (void)connection, (void)code;
    struct request *request = *request_at;
    if (request == NULL)
        return;
    *request_at = NULL;
    wait_remove(request->sb, request);
    if (request->sb->poll == request)
        request->sb->poll = NULL;
    if (request->form != NULL)
        MHD_destroy_post_processor(request->form);
    for (size_t i = 0; i < request->part_count; i++) {
        free(request->parts[i].name);
        free(request->parts[i].filename);
        free(request->parts[i].mime);
        buf_done(&request->parts[i].bytes);
    }
    free(request->parts);
    free(request->http_method);
    free(request->path);
    free(request->body.at);
    free(request->answer);
    json_object_put(request->params);
    free(request);
}

enum err http_start(struct sandbox *sb)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)sb->opt.port)};
    if (inet_pton(AF_INET, sb->opt.listen, &at.sin_addr) != 1)
        return ERR_INVALID;
    sb->daemon = MHD_start_daemon(MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG, (uint16_t)sb->opt.port,
                                  NULL, NULL, on_request, sb, MHD_OPTION_SOCK_ADDR, (struct sockaddr *)&at,
                                  MHD_OPTION_NOTIFY_COMPLETED, on_end, NULL, MHD_OPTION_CONNECTION_LIMIT,
                                  (unsigned)CONNECTIONS_MAX, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)65536,
                                  MHD_OPTION_LISTEN_BACKLOG_SIZE, 1024u, MHD_OPTION_END);
    if (sb->daemon == NULL)
        return errno == EADDRINUSE ? ERR_CONFLICT : ERR_IO;
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(sb->daemon, MHD_DAEMON_INFO_BIND_PORT);
    if (info != NULL)
        sb->opt.port = info->port;
    return ERR_OK;
}

void http_stop(struct sandbox *sb)
{
    while (sb->heap_count > 0) { /* a suspended connection may not outlive the server */
        struct request *request = sb->heap[0];
        if (!request->answered)
            http_answer_static(request, 503, "text/plain", "stopping", 8);
        if (request->chat != NULL)
            request->chat->waiters = NULL;
        http_wake(request);
    }
    MHD_run(sb->daemon);
    MHD_stop_daemon(sb->daemon);
    free(sb->heap);
}
