/* One transfer. The easy handle lives longer than a request: what all requests share is set once, what differs is set
 * each time to a value or back to its default, so that nothing of the last request survives.
 *
 * "Was a byte sent?" is answered by libcurl's pre-request hook, which runs when the connection stands and before the
 * first byte leaves. It runs again when libcurl repeats a request by itself on a new connection (it does, up to five
 * times, when a reused one dies without a byte of answer), so a request marked never_repeat is stopped there. Over
 * HTTP/2 it repeats what the server refused (REFUSED_STREAM), and fails what a GOAWAY left behind; the server has done
 * neither, but libcurl does not tell these from a lost connection, so both count as ambiguous. A handshake that fails,
 * with the server or a proxy, comes before the hook: nothing was sent.
 *
 * Must not know what the bytes mean, and must not log. */
#include "bot/services/http/transfer.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "bot/base/log.h"
#include "core/bug.h"

enum {
    TIMEOUT_DEFAULT_MS = 30000,
    CONNECT_TIMEOUT_DEFAULT_MS = 10000,
    SMALL_BUFFER_BYTES = 16 * 1024,
    UPLOAD_BUFFER_BYTES = 64 * 1024,
    BODY_FIRST_BYTES = 2048,
    BODY_KEPT_BYTES = 16 * 1024 /* an idle transfer keeps at most this much of its last body's memory */
};

static void must(CURLcode code)
{
    if (code != CURLE_OK)
        bug("curl refuses an option, or is out of memory");
}

static void grow(struct transfer *transfer, size_t need)
{
    if (need <= transfer->capacity)
        return;
    size_t capacity = transfer->capacity == 0 ? BODY_FIRST_BYTES : transfer->capacity;
    while (capacity < need)
        capacity *= 2;
    char *body = realloc(transfer->body, capacity);
    if (body == NULL)
        bug("out of memory");
    transfer->body = body;
    transfer->capacity = capacity;
}

static size_t on_body(char *data, size_t size, size_t count, void *ctx)
{
    struct transfer *transfer = ctx;
    size_t bytes = size * count;
    if (bytes > transfer->max_bytes - transfer->bytes) {
        transfer->too_large = true;
        return 0;
    }
    grow(transfer, transfer->bytes + bytes + 1);
    memcpy(transfer->body + transfer->bytes, data, bytes);
    transfer->bytes += bytes;
    return bytes;
}

/* 0.0.0.0/8, 10/8, 100.64/10, 127/8, 169.254/16, 172.16/12, 192.0.0/24, 192.168/16, 198.18/15, 224/3. */
static bool is_public_v4(uint32_t ip)
{
    static const struct {
        uint32_t net, mask;
    } refused[] = {
        {0x00000000, 0xff000000}, {0x0a000000, 0xff000000}, {0x64400000, 0xffc00000}, {0x7f000000, 0xff000000},
        {0xa9fe0000, 0xffff0000}, {0xac100000, 0xfff00000}, {0xc0000000, 0xffffff00}, {0xc0a80000, 0xffff0000},
        {0xc6120000, 0xfffe0000}, {0xe0000000, 0xe0000000},
    };
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++)
        if ((ip & refused[i].mask) == refused[i].net)
            return false;
    return true;
}

static bool is_public(const char *ip)
{
    struct in_addr v4;
    struct in6_addr v6;
    if (inet_pton(AF_INET, ip, &v4) == 1)
        return is_public_v4(ntohl(v4.s_addr));
    if (inet_pton(AF_INET6, ip, &v6) != 1)
        return false;
    if (IN6_IS_ADDR_V4MAPPED(&v6)) {
        uint32_t inner;
        memcpy(&inner, v6.s6_addr + 12, sizeof inner);
        return is_public_v4(ntohl(inner));
    }
    return (v6.s6_addr[0] & 0xe0) == 0x20; /* 2000::/3, the only global unicast there is */
}

static int before_request(void *ctx, char *peer_ip, char *local_ip, int peer_port, int local_port)
{
    struct transfer *transfer = ctx;
    (void)local_ip;
    (void)peer_port;
    (void)local_port;
    if (transfer->public_only && !is_public(peer_ip)) {
        transfer->refused = true;
        return CURL_PREREQFUNC_ABORT;
    }
    if (transfer->never_repeat && transfer->sends > 0) {
        transfer->stopped = true;
        return CURL_PREREQFUNC_ABORT;
    }
    transfer->sends++;
    return CURL_PREREQFUNC_OK;
}

struct transfer *transfer_new(const struct http_config *config, const struct trust *trust)
{
    struct transfer *transfer = calloc(1, sizeof *transfer);
    CURL *easy = curl_easy_init();
    if (transfer == NULL || easy == NULL)
        bug("out of memory");
    transfer->easy = easy;
    const char *protocols = config->allow_plain_http ? "http,https" : "https";
    must(curl_easy_setopt(easy, CURLOPT_PRIVATE, transfer));
    must(curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, protocols));
    must(curl_easy_setopt(easy, CURLOPT_REDIR_PROTOCOLS_STR, protocols));
    must(curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L));
    must(curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L));
    must(curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L));
    must(curl_easy_setopt(easy, CURLOPT_TCP_KEEPIDLE, 30L));
    must(curl_easy_setopt(easy, CURLOPT_TCP_KEEPINTVL, 15L));
    transfer->proxy = config->proxy == NULL ? "" : config->proxy;
    must(curl_easy_setopt(easy, CURLOPT_NOPROXY, "")); /* else no_proxy of the environment goes round the proxy */
    must(curl_easy_setopt(easy, CURLOPT_CAINFO, trust->file));
    must(curl_easy_setopt(easy, CURLOPT_CAPATH, trust->dir));
    must(curl_easy_setopt(easy, CURLOPT_PROXY_CAINFO, trust->file));
    must(curl_easy_setopt(easy, CURLOPT_PROXY_CAPATH, trust->dir));
    must(curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L));
    must(curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L));
    must(curl_easy_setopt(easy, CURLOPT_USERAGENT, "fotoset/" FOTOSET_VERSION));
    must(curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, (long)SMALL_BUFFER_BYTES));
    must(curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, transfer->error));
    must(curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body));
    must(curl_easy_setopt(easy, CURLOPT_WRITEDATA, transfer));
    must(curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, before_request));
    must(curl_easy_setopt(easy, CURLOPT_PREREQDATA, transfer));
    return transfer;
}

void transfer_free(struct transfer *transfer)
{
    if (transfer == NULL)
        return;
    transfer_clear(transfer);
    curl_easy_cleanup(transfer->easy);
    free(transfer->body);
    free(transfer);
}

static size_t part_read(char *buffer, size_t size, size_t count, void *ctx)
{
    struct transfer_part *part = ctx;
    size_t room = size * count, left = part->bytes - part->at;
    size_t bytes = left < room ? left : room;
    if (bytes > 0)
        memcpy(buffer, part->data + part->at, bytes);
    part->at += bytes;
    return bytes;
}

static int part_seek(void *ctx, curl_off_t offset, int origin)
{
    struct transfer_part *part = ctx;
    if (origin != SEEK_SET || offset < 0 || (size_t)offset > part->bytes)
        return CURL_SEEKFUNC_FAIL;
    part->at = (size_t)offset;
    return CURL_SEEKFUNC_OK;
}

static void prepare_parts(struct transfer *transfer, const struct http_request *request)
{
    if (request->part_count > HTTP_PARTS_MAX)
        bug("more parts than HTTP_PARTS_MAX");
    transfer->mime = curl_mime_init(transfer->easy);
    transfer->parts = calloc(request->part_count, sizeof *transfer->parts);
    if (transfer->mime == NULL || transfer->parts == NULL)
        bug("out of memory");
    for (size_t i = 0; i < request->part_count; i++) {
        const struct http_part *from = &request->parts[i];
        transfer->parts[i] = (struct transfer_part){.data = from->data, .bytes = from->bytes};
        curl_mimepart *part = curl_mime_addpart(transfer->mime);
        if (part == NULL)
            bug("out of memory");
        must(curl_mime_name(part, from->name));
        if (from->filename != NULL)
            must(curl_mime_filename(part, from->filename));
        if (from->content_type != NULL)
            must(curl_mime_type(part, from->content_type));
        must(curl_mime_data_cb(part, (curl_off_t)from->bytes, part_read, part_seek, NULL, &transfer->parts[i]));
    }
    must(curl_easy_setopt(transfer->easy, CURLOPT_MIMEPOST, transfer->mime));
}

static void add_header(struct transfer *transfer, const char *header)
{
    struct curl_slist *list = curl_slist_append(transfer->headers, header);
    if (list == NULL)
        bug("out of memory");
    transfer->headers = list;
}

static void prepare_body(struct transfer *transfer, const struct http_request *request)
{
    bool upload = request->part_count > 0;
    for (size_t i = 0; request->headers != NULL && request->headers[i] != NULL; i++)
        add_header(transfer, request->headers[i]);
    if (upload || request->body_bytes > 512 * 1024)
        add_header(transfer, "Expect:"); /* no pause of a second to ask whether the body is welcome */
    must(curl_easy_setopt(transfer->easy, CURLOPT_UPLOAD_BUFFERSIZE,
                          (long)(upload ? UPLOAD_BUFFER_BYTES : SMALL_BUFFER_BYTES)));
    if (request->method == HTTP_GET) {
        must(curl_easy_setopt(transfer->easy, CURLOPT_HTTPGET, 1L));
    } else if (upload) {
        prepare_parts(transfer, request);
    } else {
        must(curl_easy_setopt(transfer->easy, CURLOPT_POST, 1L));
        must(curl_easy_setopt(transfer->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body_bytes));
        must(curl_easy_setopt(transfer->easy, CURLOPT_COPYPOSTFIELDS, request->body_bytes == 0 ? "" : request->body));
    }
    must(curl_easy_setopt(transfer->easy, CURLOPT_HTTPHEADER, transfer->headers));
}

void transfer_prepare(struct transfer *transfer, const struct http_request *request)
{
    CURL *easy = transfer->easy;
    size_t max = request->max_answer_bytes;
    if (max == 0)
        max = HTTP_ANSWER_DEFAULT_MAX_BYTES;
    if (max > HTTP_ANSWER_LIMIT_BYTES)
        bug("an answer larger than HTTP_ANSWER_LIMIT_BYTES is asked for");
    transfer->max_bytes = max;
    transfer->bytes = 0;
    transfer->sends = 0;
    transfer->too_large = transfer->refused = transfer->stopped = false;
    transfer->never_repeat = request->never_repeat;
    transfer->public_only = request->public_only;
    transfer->in_line = request->in_line;
    transfer->error[0] = '\0';
    long timeout_ms = request->timeout_ms > 0 ? (long)request->timeout_ms : TIMEOUT_DEFAULT_MS;
    long connect_ms = request->connect_timeout_ms > 0 ? (long)request->connect_timeout_ms : CONNECT_TIMEOUT_DEFAULT_MS;
    must(curl_easy_setopt(easy, CURLOPT_URL, request->url));
    must(curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, timeout_ms));
    must(curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, connect_ms));
    must(curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, (long)request->low_speed_bytes_s));
    must(curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, (long)request->low_speed_s));
    must(curl_easy_setopt(easy, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)max));
    const char *proxy = request->proxy != NULL ? request->proxy : transfer->proxy;
    must(curl_easy_setopt(easy, CURLOPT_PROXY, proxy));
    trouble_proxy_name(proxy, transfer->proxy_name);
    must(curl_easy_setopt(easy, CURLOPT_USERNAME, request->user));
    must(curl_easy_setopt(easy, CURLOPT_PASSWORD, request->password));
    must(curl_easy_setopt(easy, CURLOPT_HTTPAUTH, CURLAUTH_BASIC));
    must(curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, request->fresh_connection ? 1L : 0L));
    must(curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, request->fresh_connection ? 1L : 0L));
    must(curl_easy_setopt(easy, CURLOPT_HTTP_VERSION,
                          (long)(request->own_connection ? CURL_HTTP_VERSION_1_1 : CURL_HTTP_VERSION_2TLS)));
    /* libcurl takes any connection to a host that speaks HTTP/2 for one that can be shared, also an HTTP/1.1 one that
     * waits for the answer to a long poll; what is sent there waits with it. So the two kinds must not meet: the scope
     * is a part of the name under which connections are kept, and means nothing for addresses that are not link-local.
     */
    must(curl_easy_setopt(easy, CURLOPT_ADDRESS_SCOPE, request->own_connection ? 1L : 0L));
    must(curl_easy_setopt(easy, CURLOPT_PIPEWAIT, request->own_connection ? 0L : 1L));
    prepare_body(transfer, request);
}

static enum http_outcome outcome_of(const struct transfer *transfer, CURLcode result)
{
    if (result == CURLE_OK)
        return HTTP_ANSWERED;
    if (transfer->too_large || result == CURLE_FILESIZE_EXCEEDED)
        return HTTP_TOO_LARGE;
    return transfer->sends == 0 ? HTTP_NOT_SENT : HTTP_AMBIGUOUS;
}

void transfer_answer(struct transfer *transfer, CURLcode result, struct http_answer *answer, char *error_text)
{
    CURL *easy = transfer->easy;
    curl_off_t retry_after = 0;
    char *type = NULL;
    answer->outcome = outcome_of(transfer, result);
    answer->sent = transfer->sends > 0;
    if (answer->sent) /* else it is a proxy's, or the last request's */
        (void)curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &answer->status);
    if (answer->status == 429 || answer->status == 503)
        (void)curl_easy_getinfo(easy, CURLINFO_RETRY_AFTER, &retry_after);
    if (answer->sent)
        (void)curl_easy_getinfo(easy, CURLINFO_CONTENT_TYPE, &type);
    answer->retry_after_s = retry_after;
    answer->content_type = type == NULL ? "" : type;
    grow(transfer, transfer->bytes + 1);
    transfer->body[transfer->bytes] = '\0';
    answer->body = transfer->body;
    answer->bytes = transfer->bytes;
    error_text[0] = '\0';
    if (transfer->refused) {
        (void)snprintf(error_text, HTTP_ERROR_MAX_BYTES, "the address is not public");
    } else if (transfer->stopped) {
        (void)snprintf(error_text, HTTP_ERROR_MAX_BYTES, "the connection was lost with the request on it");
    } else if (result != CURLE_OK) {
        log_redact(transfer->error); /* before it is cut, so that no part of a secret is left at its end */
        trouble_tell(&(struct trouble){easy, result, transfer->proxy_name, transfer->error}, error_text);
    }
    answer->error = error_text;
}

void transfer_clear(struct transfer *transfer)
{
    transfer->id = 0;
    if (transfer->mime != NULL) {
        must(curl_easy_setopt(transfer->easy, CURLOPT_MIMEPOST, NULL));
        curl_mime_free(transfer->mime);
        transfer->mime = NULL;
    }
    free(transfer->parts);
    transfer->parts = NULL;
    (void)curl_easy_setopt(transfer->easy, CURLOPT_HTTPHEADER, NULL);
    (void)curl_easy_setopt(transfer->easy, CURLOPT_COPYPOSTFIELDS, NULL);
    curl_slist_free_all(transfer->headers);
    transfer->headers = NULL;
    if (transfer->capacity > BODY_KEPT_BYTES) {
        free(transfer->body);
        transfer->body = NULL;
        transfer->capacity = 0;
    }
}
