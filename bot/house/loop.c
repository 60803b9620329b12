/* One wait: curl's poll also waits for the descriptors of all parts, and wakes for the earliest deadline of any. Then
 * each part gets its turn in the order of the table, and those that are due (again) a second one: what a part was given
 * in this round leaves in this round. Knows no part by name. */
#include "bot/house/loop.h"

#include <inttypes.h>
#include <poll.h>
#include <time.h>

#include "bot/base/log.h"
#include "bot/services/http/http.h"
#include "core/bug.h"

enum { CLOCK_TOLD_MS = 2000 };

static int64_t clock_ms(clockid_t clock)
{
    struct timespec now;
    if (clock_gettime(clock, &now) != 0)
        bug("there is no clock");
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* The wall clock may be set: forward we follow it, back we don't, or all that waits (leases, retries, wishes) would
 * wait so much longer. Then ours runs ahead until the next start. */
void loop_read_clocks(struct loop *loop)
{
    struct clock *clock = loop->clock;
    int64_t now_ms = clock_ms(CLOCK_MONOTONIC), unix_ms = clock_ms(CLOCK_REALTIME);
    int64_t own_ms = clock->unix_ms + (now_ms - clock->mono_ms);
    bool back = clock->unix_ms != 0 && unix_ms < own_ms;
    bool tell = back && own_ms - unix_ms > CLOCK_TOLD_MS;
    if (tell && !loop->behind_told)
        log_warn("clock", "the wall clock was set back by %" PRId64 " ms; ours goes on as before", own_ms - unix_ms);
    loop->behind_told = tell;
    clock->mono_ms = now_ms;
    clock->unix_ms = back ? own_ms : unix_ms;
}

void loop_add(struct loop *loop, const struct part *part)
{
    if (part->self == NULL)
        return;
    if (loop->count == LOOP_PARTS_MAX)
        bug("more parts than the loop has room for");
    loop->parts[loop->count++] = *part;
}

static int64_t deadline_ms(const struct part *part)
{
    return part->deadline_ms == NULL ? INT64_MAX : part->deadline_ms(part->self);
}

static int wait_ms(const struct loop *loop, int64_t until_ms)
{
    for (size_t i = 0; i < loop->count; i++) {
        int64_t deadline = deadline_ms(&loop->parts[i]);
        until_ms = deadline < until_ms ? deadline : until_ms;
    }
    if (until_ms <= loop->clock->mono_ms) /* some say "at once" with a time before all others */
        return 0;
    int64_t wait = until_ms - loop->clock->mono_ms;
    return wait > INT32_MAX ? INT32_MAX : (int)wait;
}

static void walk(struct loop *loop, const short *revents)
{
    int64_t now_ms = loop->clock->mono_ms;
    for (size_t i = 0; i < loop->count; i++) {
        const struct part *part = &loop->parts[i];
        short ready = revents == NULL ? 0 : revents[i];
        if (part->ready != NULL && (ready != 0 || part->deadline_ms == NULL || deadline_ms(part) <= now_ms))
            part->ready(part->self, ready, now_ms);
    }
}

int64_t loop_round(struct loop *loop, int64_t until_ms)
{
    struct http_fd fds[HTTP_EXTRA_FDS_MAX];
    size_t whose[HTTP_EXTRA_FDS_MAX], count = 0;
    short revents[LOOP_PARTS_MAX] = {0};
    int64_t before_ms = loop->clock->mono_ms;
    for (size_t i = 0; i < loop->count; i++) {
        const struct part *part = &loop->parts[i];
        int fd = part->fd == NULL ? -1 : part->fd(part->self);
        if (fd < 0)
            continue;
        if (count == HTTP_EXTRA_FDS_MAX)
            bug("more descriptors than can be waited for");
        short events = part->events(part->self);
        whose[count] = i;
        fds[count++] = (struct http_fd){.fd = fd, .want_read = events & POLLIN, .want_write = events & POLLOUT};
    }
    http_poll(loop->http, fds, count, wait_ms(loop, until_ms));
    loop_read_clocks(loop);
    for (size_t i = 0; i < count; i++)
        revents[whose[i]] = (short)((fds[i].can_read ? POLLIN : 0) | (fds[i].can_write ? POLLOUT : 0));
    http_perform(loop->http, loop->clock->mono_ms);
    walk(loop, revents);
    walk(loop, NULL);
    return loop->clock->mono_ms - before_ms;
}

const struct part *loop_busy(const struct loop *loop)
{
    for (size_t i = 0; i < loop->count; i++)
        if (loop->parts[i].pending != NULL && loop->parts[i].pending(loop->parts[i].self) > 0)
            return &loop->parts[i];
    return NULL;
}

void loop_end(struct loop *loop)
{
    for (size_t i = 0; i < loop->count; i++)
        if (loop->parts[i].free != NULL)
            loop->parts[i].free(loop->parts[i].self);
    loop->count = 0;
}
