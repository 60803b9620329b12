/* libmicrohttpd, driven by our loop: it has an epoll descriptor of its own, which the loop waits for. Strangers are
 * turned away before a byte of theirs is read, so that they take no places; each connection is good for one request,
 * and ends after NOTICES_WHOLE_MS whatever it is doing: libmicrohttpd's own time limit starts anew with every byte. A
 * request is judged by its head first (who, where, how, how long); only then is its body kept.
 *
 * Must not: believe what a notification says, or ask anybody anything. */
#include "bot/services/notices/notices.h"

#include <errno.h>
#include <inttypes.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/queue.h>
#include <unistd.h>
#include "bot/base/log.h"
#include "bot/base/memory.h"
#include "bot/services/notices/caller.h"

enum {
    BACKLOG = 64,
    CONNECTION_MEMORY_BYTES = 16 * 1024, /* its head must fit in there */
    FORWARDED_MAX_BYTES = 1024,
    TOLD_EVERY_MS = 10 * 60 * 1000
};

/* A connection. */
struct guest {
    TAILQ_ENTRY(guest) next; /* in the order they came, and so of by_ms */
    int fd;
    int64_t by_ms;
    bool cut; /* out of the list */
};

/* The body of its request, as far as it came. */
struct reading {
    char *bytes;
    size_t count;
};

struct notices {
    struct notices_ports ports;
    struct MHD_Daemon *server; /* NULL = does not listen */
    int fd;                    /* its epoll's */
    TAILQ_HEAD(, guest) guests;
    size_t guest_count;
    int64_t again_ms; /* when it is tried again to listen; INT64_MAX = it is not */
    bool failed;      /* … and that it failed was told */
    int64_t told_ms;  /* when a refusal was told last; 0 = never */
    int64_t refused;  /* since then */
};

static int64_t notices_now_ms(const struct notices *notices)
{
    return notices->ports.clock->mono_ms;
}

/* ---- who ---- */

/* An owner who forgot a network, or to trust the proxy, finds it in the log; a crowd of strangers does not fill it. */
static void tell_refused(struct notices *notices, const struct network *address)
{
    char name[CALLER_NAME_BYTES];
    int64_t now_ms = notices_now_ms(notices);
    notices->refused++;
    if (notices->told_ms != 0 && now_ms - notices->told_ms < TOLD_EVERY_MS)
        return;
    caller_name(address, name);
    log_warn("notices",
             "%s is not among those who may send notifications (%" PRId64 " refused since this was said last)", name,
             notices->refused);
    notices->told_ms = now_ms;
    notices->refused = 0;
}

static enum MHD_Result guest_may_come(void *ctx, const struct sockaddr *peer, socklen_t bytes)
{
    struct notices *notices = ctx;
    struct network address;
    (void)bytes;
    if (!caller_read(peer, &address))
        return MHD_NO;
    if (caller_may_connect(notices->ports.config, &address))
        return MHD_YES;
    tell_refused(notices, &address);
    return MHD_NO;
}

static void guest_moved(void *ctx, struct MHD_Connection *connection, void **guest_at,
                        enum MHD_ConnectionNotificationCode code)
{
    struct notices *notices = ctx;
    struct guest *guest = *guest_at;
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        guest = memory_need(calloc(1, sizeof *guest));
        guest->fd = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
        guest->by_ms = notices_now_ms(notices) + NOTICES_WHOLE_MS;
        TAILQ_INSERT_TAIL(&notices->guests, guest, next);
        notices->guest_count++;
        *guest_at = guest;
    } else if (guest != NULL) {
        if (!guest->cut)
            TAILQ_REMOVE(&notices->guests, guest, next);
        notices->guest_count--;
        free(guest);
        *guest_at = NULL;
    }
}

static void cut_overdue(struct notices *notices, int64_t now_ms)
{
    struct guest *guest;
    while ((guest = TAILQ_FIRST(&notices->guests)) != NULL && guest->by_ms <= now_ms) {
        TAILQ_REMOVE(&notices->guests, guest, next);
        guest->cut = true;
        (void)shutdown(guest->fd, SHUT_RDWR); /* libmicrohttpd reads an end, and lets it go */
    }
}

/* Every header of this name, parted by commas. */
struct joined {
    char text[FORWARDED_MAX_BYTES];
    size_t length;
    bool any, too_long;
};

static enum MHD_Result join_header(void *ctx, enum MHD_ValueKind kind, const char *name, const char *value)
{
    struct joined *joined = ctx;
    (void)kind;
    size_t length = value == NULL ? 0 : strlen(value);
    if (strcasecmp(name, "X-Forwarded-For") != 0)
        return MHD_YES;
    if (length + 2 > sizeof joined->text - joined->length) {
        joined->too_long = true;
        return MHD_NO;
    }
    if (joined->any)
        joined->text[joined->length++] = ',';
    if (length > 0)
        memcpy(joined->text + joined->length, value, length);
    joined->length += length;
    joined->any = true;
    return MHD_YES;
}

static bool may_notify(struct notices *notices, struct MHD_Connection *connection)
{
    struct joined joined = {.any = false};
    struct network peer, sender;
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    if (info == NULL || !caller_read(info->client_addr, &peer))
        return false;
    (void)MHD_get_connection_values(connection, MHD_HEADER_KIND, join_header, &joined);
    if (!joined.too_long && caller_may_notify(notices->ports.config, &peer, joined.any ? joined.text : NULL, &sender))
        return true;
    tell_refused(notices, joined.too_long ? &peer : &sender);
    return false;
}

/* ---- a request ---- */

static enum MHD_Result answer(struct MHD_Connection *connection, unsigned status)
{
    struct MHD_Response *response = MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
    if (response == NULL)
        return MHD_NO;
    enum MHD_Result result = MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
    if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
        (void)MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, MHD_HTTP_METHOD_POST);
    if (result == MHD_YES)
        result = MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);
    return result;
}

/* By its head; 0 = it may go on. */
static unsigned refusal(struct notices *notices, struct MHD_Connection *connection, const char *path,
                        const char *method)
{
    const char *length = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_CONTENT_LENGTH);
    if (!may_notify(notices, connection))
        return MHD_HTTP_FORBIDDEN;
    if (strcmp(path, notices->ports.config->path) != 0)
        return MHD_HTTP_NOT_FOUND;
    if (strcmp(method, MHD_HTTP_METHOD_POST) != 0)
        return MHD_HTTP_METHOD_NOT_ALLOWED;
    if (length != NULL && strtoull(length, NULL, 10) > NOTICES_BODY_MAX_BYTES)
        return MHD_HTTP_CONTENT_TOO_LARGE;
    return 0;
}

static bool keep(struct reading *reading, const char *bytes, size_t count)
{
    if (count > NOTICES_BODY_MAX_BYTES - reading->count)
        return false;
    reading->bytes = memory_need(realloc(reading->bytes, reading->count + count));
    memcpy(reading->bytes + reading->count, bytes, count);
    reading->count += count;
    return true;
}

static unsigned hear(const struct notices *notices, const struct reading *reading)
{
    struct letter letter;
    if (reading->count == 0 || letter_read(reading->bytes, reading->count, &letter) != ERR_OK)
        return MHD_HTTP_BAD_REQUEST;
    return notices->ports.heard(notices->ports.ctx, &letter) ? MHD_HTTP_OK : MHD_HTTP_SERVICE_UNAVAILABLE;
}

/* Called for the head, for each part of the body, and at its end. */
static enum MHD_Result request_moved(void *ctx, struct MHD_Connection *connection, const char *path, const char *method,
                                     const char *version, const char *bytes, size_t *count, void **reading_at)
{
    struct notices *notices = ctx;
    struct reading *reading = *reading_at;
    (void)version;
    if (reading == NULL) {
        unsigned refused = refusal(notices, connection, path, method);
        if (refused != 0)
            return answer(connection, refused);
        *reading_at = memory_need(calloc(1, sizeof *reading));
        return MHD_YES;
    }
    if (*count == 0)
        return answer(connection, hear(notices, reading));
    if (!keep(reading, bytes, *count))
        return MHD_NO; /* longer than it said, or it did not say: it is cut off */
    *count = 0;
    return MHD_YES;
}

static void request_ended(void *ctx, struct MHD_Connection *connection, void **reading_at,
                          enum MHD_RequestTerminationCode code)
{
    struct reading *reading = *reading_at;
    (void)ctx;
    (void)connection;
    (void)code;
    if (reading == NULL)
        return;
    free(reading->bytes);
    free(reading);
    *reading_at = NULL;
}

/* ---- its life ---- */

enum err notices_listen(const struct config_listen *at, int *ret_fd)
{
    struct sockaddr_in four = {.sin_family = AF_INET, .sin_port = htons(at->port)};
    struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = htons(at->port)};
    memcpy(&four.sin_addr, at->address.bytes, sizeof four.sin_addr);
    memcpy(&six.sin6_addr, at->address.bytes, sizeof six.sin6_addr);
    const struct sockaddr *address = at->address.six ? (const struct sockaddr *)&six : (const struct sockaddr *)&four;
    socklen_t bytes = at->address.six ? sizeof six : sizeof four;
    int yes = 1, fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return ERR_IO;
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) == 0 && bind(fd, address, bytes) == 0 &&
        listen(fd, BACKLOG) == 0) {
        *ret_fd = fd;
        return ERR_OK;
    }
    int why = errno;
    (void)close(fd);
    errno = why;
    return ERR_IO;
}

struct notices *notices_new(const struct notices_ports *ports)
{
    struct notices *notices = memory_need(calloc(1, sizeof *notices));
    notices->ports = *ports;
    notices->fd = -1;
    notices->again_ms = INT64_MAX;
    TAILQ_INIT(&notices->guests);
    return notices;
}

static bool start(struct notices *notices)
{
    int fd = -1;
    if (notices_listen(&notices->ports.config->listen, &fd) != ERR_OK)
        return false;
    notices->server = MHD_start_daemon(
        MHD_USE_EPOLL, 0, guest_may_come, notices, request_moved, notices, MHD_OPTION_LISTEN_SOCKET, fd,
        MHD_OPTION_CONNECTION_LIMIT, (unsigned)NOTICES_CONNECTIONS_MAX, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        (size_t)CONNECTION_MEMORY_BYTES, MHD_OPTION_NOTIFY_CONNECTION, guest_moved, notices,
        MHD_OPTION_NOTIFY_COMPLETED, request_ended, notices, MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_END);
    if (notices->server == NULL) {
        (void)close(fd);
        return false;
    }
    notices->fd = MHD_get_daemon_info(notices->server, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
    return true;
}

void notices_open(struct notices *notices)
{
    const char *where = notices->ports.config->listen.text;
    if (start(notices)) {
        notices->again_ms = INT64_MAX;
        log_info("notices", "notifications are heard at %s", where);
        return;
    }
    if (!notices->failed)
        log_error("notices", "can't listen at %s: %s; payments are looked at all the same, and it is tried again",
                  where, strerror(errno));
    notices->failed = true;
    notices->again_ms = notices_now_ms(notices) + NOTICES_AGAIN_MS;
}

void notices_stop(struct notices *notices)
{
    if (notices->server != NULL)
        MHD_stop_daemon(notices->server);
    notices->server = NULL;
    notices->fd = -1;
    notices->again_ms = INT64_MAX;
}

void notices_free(struct notices *notices)
{
    if (notices == NULL)
        return;
    notices_stop(notices);
    free(notices);
}

int notices_fd(const struct notices *notices)
{
    return notices->fd;
}

short notices_events(const struct notices *notices)
{
    (void)notices;
    return POLLIN;
}

int64_t notices_deadline_ms(const struct notices *notices)
{
    MHD_UNSIGNED_LONG_LONG left_ms = 0;
    const struct guest *first = TAILQ_FIRST(&notices->guests);
    if (notices->server == NULL)
        return notices->again_ms;
    if (MHD_get_timeout(notices->server, &left_ms) == MHD_YES && left_ms == 0) /* it has something in hand */
        return 0;
    return first == NULL ? INT64_MAX : first->by_ms;
}

void notices_ready(struct notices *notices, short revents, int64_t now_ms)
{
    (void)revents;
    if (notices->server == NULL) {
        if (notices->again_ms <= now_ms)
            notices_open(notices);
        return;
    }
    cut_overdue(notices, now_ms);
    bool full;
    do { /* a full house does not listen, and does so again with the run after somebody left */
        full = notices->guest_count >= NOTICES_CONNECTIONS_MAX;
        (void)MHD_run(notices->server);
    } while (full && notices->guest_count < NOTICES_CONNECTIONS_MAX);
}
