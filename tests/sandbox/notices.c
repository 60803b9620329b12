/* Notifications. Each is posted to the configured address until it is answered with 200, at growing intervals for 24
 * hours of the sandbox's clock; the body tells the object as it was when it moved, and is not signed.
 *
 * The real one knows only HTTPS; here plain HTTP is fine, since the shop's end may stand behind a proxy. Faults of the
 * service "notice" (its methods are events) lose, delay or repeat them. They are sent by libcurl within the sandbox's
 * own poll. Neither the notices nor the address survive a restart of the sandbox.
 */
#include "tests/sandbox/notices.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <curl/curl.h>

#include "tests/sandbox/control.h"
#include "tests/sandbox/faults.h"
#include "tests/sandbox/record.h"

#define NOTICE_LIFE_MS (86400LL * 1000)
#define FIRST_WAIT_MS 10000
#define WAIT_MAX_MS (3600LL * 1000)
#define AT_ONCE_MAX 8
#define TIMEOUT_MS 10000L

struct transfer {
    CURL *easy; /* NULL = free */
    struct notice *notice;
    struct curl_slist *headers;
};

struct notices {
    CURLM *multi;
    char *url, *source;           /* NULL = none is sent; from where, NULL = anywhere */
    struct notice **list, **open; /* all; those that are not done and not on the way */
    size_t count, room, open_count, open_room;
    struct transfer transfers[AT_ONCE_MAX];
    unsigned running;
};

struct notices *notices_new(void)
{
    struct notices *notices = mem_new(sizeof(*notices));
    curl_global_init(CURL_GLOBAL_DEFAULT);
    notices->multi = curl_multi_init();
    if (notices->multi == NULL)
        abort();
    return notices;
}

static void end_transfer(struct notices *notices, struct transfer *transfer)
{
    curl_multi_remove_handle(notices->multi, transfer->easy);
    curl_easy_cleanup(transfer->easy);
    curl_slist_free_all(transfer->headers);
    *transfer = (struct transfer){0};
    notices->running--;
}

static void forget_all(struct notices *notices)
{
    for (size_t i = 0; i < AT_ONCE_MAX; i++) {
        if (notices->transfers[i].easy != NULL)
            end_transfer(notices, &notices->transfers[i]);
    }
    for (size_t i = 0; i < notices->count; i++) {
        free(notices->list[i]->body);
        free(notices->list[i]);
    }
    free(notices->list);
    free(notices->open);
    free(notices->url);
    free(notices->source);
    *notices = (struct notices){.multi = notices->multi};
}

void notices_free(struct notices *notices)
{
    forget_all(notices);
    curl_multi_cleanup(notices->multi);
    curl_global_cleanup();
    free(notices);
}

void notices_reset(struct sandbox *sb)
{
    forget_all(sb->notices);
}

void notices_add(struct sandbox *sb, const char *event, const char *object_id, const char *object)
{
    struct notices *notices = sb->notices;
    struct fault fault = {0};
    struct buf body = {0};
    if (notices == NULL || notices->url == NULL)
        return;
    bool has_fault = faults_pick(sb, "notice", event, &fault);
    struct notice *notice = mem_new(sizeof(*notice));
    notice->number = (int64_t)notices->count + 1;
    notice->born_ms = notice->due_ms = sandbox_now_ms(sb);
    notice->done = has_fault && strcmp(fault.kind, "drop") == 0;
    notice->repeats = has_fault && strcmp(fault.kind, "repeat") == 0 ? 1 : 0;
    if (has_fault && strcmp(fault.kind, "delay") == 0)
        notice->due_ms += fault.ms;
    snprintf(notice->event, sizeof(notice->event), "%s", event);
    snprintf(notice->object_id, sizeof(notice->object_id), "%s", object_id);
    buf_addf(&body, "{\"type\":\"notification\",\"event\":\"%s\",\"object\":%s}", event, object);
    notice->body = buf_take(&body);
    world_push((void ***)&notices->list, &notices->count, &notices->room, notice);
    if (!notice->done)
        world_push((void ***)&notices->open, &notices->open_count, &notices->open_room, notice);
}

static size_t read_nothing(char *bytes, size_t size, size_t count, void *context)
{
    (void)bytes, (void)context;
    return size * count;
}

static void send_notice(struct notices *notices, struct notice *notice)
{
    struct transfer *transfer = notices->transfers;
    while (transfer->easy != NULL)
        transfer++;
    transfer->easy = curl_easy_init();
    if (transfer->easy == NULL)
        abort();
    transfer->notice = notice;
    transfer->headers = curl_slist_append(NULL, "Content-Type: application/json");
    curl_easy_setopt(transfer->easy, CURLOPT_URL, notices->url);
    curl_easy_setopt(transfer->easy, CURLOPT_HTTPHEADER, transfer->headers);
    curl_easy_setopt(transfer->easy, CURLOPT_POSTFIELDS, notice->body);
    curl_easy_setopt(transfer->easy, CURLOPT_USERAGENT, "AHC/2.1");
    curl_easy_setopt(transfer->easy, CURLOPT_TIMEOUT_MS, TIMEOUT_MS);
    curl_easy_setopt(transfer->easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(transfer->easy, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(transfer->easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(transfer->easy, CURLOPT_SSL_VERIFYPEER, 0L); /* a test's certificate is its own */
    curl_easy_setopt(transfer->easy, CURLOPT_SSL_VERIFYHOST, 0L);
    curl_easy_setopt(transfer->easy, CURLOPT_WRITEFUNCTION, read_nothing);
    curl_easy_setopt(transfer->easy, CURLOPT_PRIVATE, transfer);
    if (notices->source != NULL)
        curl_easy_setopt(transfer->easy, CURLOPT_INTERFACE, notices->source);
    curl_multi_add_handle(notices->multi, transfer->easy);
    notices->running++;
}

/* Taken, or to be tried again, or given up. */
static void answered(struct sandbox *sb, struct notice *notice, long status)
{
    struct notices *notices = sb->notices;
    int64_t now_ms = sandbox_now_ms(sb), wait_ms = FIRST_WAIT_MS;
    notice->status = status;
    notice->attempts++;
    if (status == 200 && notice->repeats-- <= 0)
        notice->done = true;
    for (long i = 1; i < notice->attempts && wait_ms < WAIT_MAX_MS; i++)
        wait_ms *= 2;
    notice->due_ms = status == 200 ? now_ms : now_ms + (wait_ms < WAIT_MAX_MS ? wait_ms : WAIT_MAX_MS);
    if (notice->due_ms - notice->born_ms > NOTICE_LIFE_MS)
        notice->done = true;
    if (!notice->done)
        world_push((void ***)&notices->open, &notices->open_count, &notices->open_room, notice);
}

static void read_answers(struct sandbox *sb)
{
    struct notices *notices = sb->notices;
    CURLMsg *message;
    int left = 0, running = 0;
    curl_multi_perform(notices->multi, &running);
    while ((message = curl_multi_info_read(notices->multi, &left)) != NULL) {
        struct transfer *transfer = NULL;
        long status = 0;
        if (message->msg != CURLMSG_DONE)
            continue;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer);
        if (message->data.result == CURLE_OK)
            curl_easy_getinfo(message->easy_handle, CURLINFO_RESPONSE_CODE, &status);
        struct notice *notice = transfer->notice;
        end_transfer(notices, transfer);
        record_notice(sb, notice->event, notice->body, status);
        answered(sb, notice, status);
    }
}

int64_t notices_run(struct sandbox *sb)
{
    struct notices *notices = sb->notices;
    int64_t now_ms = sandbox_now_ms(sb), next_ms = -1;
    if (notices->running > 0)
        read_answers(sb); /* may make some due again */
    for (size_t i = 0; i < notices->open_count; i++) {
        struct notice *notice = notices->open[i];
        int64_t left_ms = notice->due_ms - now_ms;
        if (left_ms <= 0 && notices->running < AT_ONCE_MAX) {
            memmove(notices->open + i, notices->open + i + 1, (notices->open_count - i - 1) * sizeof(notice));
            notices->open_count--;
            i--;
            send_notice(notices, notice);
        } else if (left_ms > 0 && (next_ms < 0 || left_ms < next_ms)) {
            next_ms = left_ms;
        }
    }
    return next_ms;
}

void notices_poll(struct sandbox *sb, struct pollfd *wait, size_t count, int timeout_ms)
{
    struct notices *notices = sb->notices;
    struct curl_waitfd waits[4];
    if (notices->running == 0) {
        if (poll(wait, count, timeout_ms) < 0 && errno != EINTR)
            abort();
        return;
    }
    for (size_t i = 0; i < count; i++)
        waits[i] = (struct curl_waitfd){.fd = wait[i].fd, .events = CURL_WAIT_POLLIN};
    if (curl_multi_poll(notices->multi, waits, (unsigned)count, timeout_ms < 0 ? 60000 : timeout_ms, NULL) != CURLM_OK)
        abort();
    for (size_t i = 0; i < count; i++)
        wait[i].revents = waits[i].revents != 0 ? POLLIN : 0;
}

static void add_json(const struct notices *notices, struct buf *out)
{
    buf_adds(out, "{\"url\":");
    notices->url == NULL ? buf_adds(out, "null") : buf_add_json(out, notices->url);
    buf_adds(out, ",\"notices\":[");
    for (size_t i = 0; i < notices->count; i++) {
        const struct notice *notice = notices->list[i];
        buf_addf(out,
                 "%s{\"number\":%" PRId64 ",\"event\":\"%s\",\"object_id\":\"%s\",\"attempts\":%ld,\"status\":%ld,"
                 "\"done\":%s,\"due_ms\":%" PRId64 "}",
                 i == 0 ? "" : ",", notice->number, notice->event, notice->object_id, notice->attempts, notice->status,
                 notice->done ? "true" : "false", notice->due_ms);
    }
    buf_adds(out, "]}");
}

void notices_control(struct request *request)
{
    struct notices *notices = request->sb->notices;
    struct buf out = {0};
    if (strcmp(request->http_method, "DELETE") == 0) {
        forget_all(notices);
    } else if (strcmp(request->http_method, "POST") == 0) {
        const char *url = control_text(request, "url"), *source = control_text(request, "source");
        if (url == NULL || (strncmp(url, "http://", 7) != 0 && strncmp(url, "https://", 8) != 0)) {
            control_fail(request, 400, "url must be http:// or https://");
            return;
        }
        free(notices->url);
        free(notices->source);
        notices->url = mem_text(url);
        notices->source = mem_text(source);
    }
    add_json(notices, &out);
    http_answer_json(request, 200, &out);
}
