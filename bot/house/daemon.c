/* Wiring, the loop, and the end.
 *
 * One thread, one wait: curl's poll also waits for Postgres, the darkroom and signals, and wakes for the earliest
 * deadline of any part. Nothing here knows what a message or a payment is. The end: stop asking, let what is under way
 * come home for drain_s at most; everything else stands in Postgres. */
#include "bot/house/daemon.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "bot/chores/cashier.h"
#include "bot/house/private.h"
#include "bot/services/darkroom/darkroom.h"
#include "bot/services/http/http.h"
#include "bot/chores/intake.h"
#include "bot/base/log.h"
#include "bot/chores/maker.h"
#include "bot/house/notify.h"
#include "bot/outbox/outbox.h"
#include "bot/house/rest.h"
#include "bot/services/store/directory.h"
#include "bot/services/telegram/poll.h"
#include "bot/base/timers.h"
#include "bot/turn/turns.h"
#include "bot/services/yookassa/client.h"
#include "core/bug.h"

enum { TIMERS_AT_ONCE = 256, REST_MS = 1000, CLOCK_TOLD_MS = 2000, STOP_SPARE_S = 5 };

static int64_t clock_ms(clockid_t clock)
{
    struct timespec now;
    if (clock_gettime(clock, &now) != 0)
        bug("there is no clock");
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* The wall clock may be set: forward we follow it, back we don't, or all that waits (leases, retries, wishes) would
 * wait so much longer. Then ours runs ahead until the next start. */
static void read_clocks(struct daemon *daemon)
{
    struct shop *shop = &daemon->shop;
    int64_t now_ms = clock_ms(CLOCK_MONOTONIC), unix_ms = clock_ms(CLOCK_REALTIME);
    int64_t own_ms = shop->clock.unix_ms + (now_ms - shop->clock.mono_ms);
    bool back = shop->clock.unix_ms != 0 && unix_ms < own_ms;
    if (back && own_ms - unix_ms > CLOCK_TOLD_MS && !daemon->clock_told)
        log_warn("clock", "the wall clock was set back by %lld ms; ours goes on as before",
                 (long long)(own_ms - unix_ms));
    daemon->clock_told = back && own_ms - unix_ms > CLOCK_TOLD_MS;
    shop->clock.mono_ms = now_ms;
    shop->clock.unix_ms = back ? own_ms : unix_ms;
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int wait_ms(const struct daemon *daemon)
{
    const struct shop *shop = &daemon->shop;
    int64_t until = earlier(telegram_next_deadline_ms(shop->telegram), db_next_deadline_ms(shop->db));
    until = earlier(until, darkroom_next_deadline_ms(shop->darkroom));
    if (shop->poll != NULL)
        until = earlier(until, telegram_poll_deadline_ms(shop->poll));
    if (daemon->stop_by_ms != 0)
        until = earlier(until, earlier(daemon->stop_by_ms, shop->clock.mono_ms + 100));
    if (notify_watchdog_ms() > 0)
        until = earlier(until, daemon->fed_at_ms + notify_watchdog_ms());
    if (!daemon->rested)
        until = earlier(until, shop->clock.mono_ms + REST_MS);
    if (until <= shop->clock.mono_ms) /* some say "at once" with a time before all others */
        return 0;
    int64_t wait = until == INT64_MAX ? INT32_MAX : until - shop->clock.mono_ms;
    if (timers_next_ms(shop->timers) != INT64_MAX)
        wait = earlier(wait, timers_next_ms(shop->timers) - shop->clock.unix_ms);
    return wait <= 0 ? 0 : wait > INT32_MAX ? INT32_MAX : (int)wait;
}

static short revents_of(const struct http_fd *fd)
{
    return (short)((fd->can_read ? POLLIN : 0) | (fd->can_write ? POLLOUT : 0));
}

static void read_signals(struct daemon *daemon)
{
    struct signalfd_siginfo info;
    while (read(daemon->signal_fd, &info, sizeof info) == (ssize_t)sizeof info) {
        if (daemon->shop.stop.asked)
            daemon->stop_by_ms = daemon->shop.clock.mono_ms; /* a second one: now */
        log_info("stop", "asked to stop (signal %u)", info.ssi_signo);
        stop_ask(&daemon->shop.stop, DAEMON_EXIT_OK);
    }
}

static void round_trip(struct daemon *daemon)
{
    struct shop *shop = &daemon->shop;
    enum { SIGNALS, DATABASE, DARKROOM, FD_COUNT };
    struct http_fd fds[FD_COUNT] = {[SIGNALS] = {.fd = daemon->signal_fd, .want_read = true},
                                    [DATABASE] = {.fd = db_fd(shop->db),
                                                  .want_read = db_events(shop->db) & POLLIN,
                                                  .want_write = db_events(shop->db) & POLLOUT},
                                    [DARKROOM] = {.fd = darkroom_fd(shop->darkroom),
                                                  .want_read = darkroom_events(shop->darkroom) & POLLIN,
                                                  .want_write = darkroom_events(shop->darkroom) & POLLOUT}};
    struct http_fd used[FD_COUNT];
    size_t which[FD_COUNT], count = 0;
    for (size_t i = 0; i < FD_COUNT; i++)
        if (fds[i].fd >= 0) {
            which[count] = i;
            used[count++] = fds[i];
        }
    http_poll(shop->http, used, count, wait_ms(daemon));
    read_clocks(daemon);
    for (size_t i = 0; i < count; i++)
        fds[which[i]] = used[i];
    if (fds[SIGNALS].can_read)
        read_signals(daemon);
    short ready = fds[DATABASE].fd >= 0 ? revents_of(&fds[DATABASE]) : 0;
    if (ready != 0 || db_next_deadline_ms(shop->db) <= shop->clock.mono_ms)
        db_ready(shop->db, ready, shop->clock.mono_ms);
    ready = fds[DARKROOM].fd >= 0 ? revents_of(&fds[DARKROOM]) : 0;
    if (ready != 0 || darkroom_next_deadline_ms(shop->darkroom) <= shop->clock.mono_ms)
        darkroom_ready(shop->darkroom, ready, shop->clock.mono_ms);
    http_perform(shop->http, shop->clock.mono_ms);
    timers_run(shop->timers, shop->clock.unix_ms, TIMERS_AT_ONCE);
    if (daemon->ready)
        turns_run(shop->turns);
    telegram_run_due(shop->telegram, shop->clock.mono_ms);
    if (shop->poll != NULL)
        telegram_poll_run_due(shop->poll, shop->clock.mono_ms);
    if (db_next_deadline_ms(shop->db) <= shop->clock.mono_ms) /* what was just submitted leaves at once */
        db_ready(shop->db, 0, shop->clock.mono_ms);
}

static void feed_watchdog(struct daemon *daemon)
{
    int64_t every_ms = notify_watchdog_ms();
    if (every_ms == 0 || daemon->shop.clock.mono_ms - daemon->fed_at_ms < every_ms)
        return;
    daemon->fed_at_ms = daemon->shop.clock.mono_ms;
    if (!turns_stuck(daemon->shop.turns, (int64_t)daemon->setup->config.watchdog_s * MS_PER_S))
        notify_send("WATCHDOG=1");
}

/* Has everything under way come home? */
static bool drained(const struct daemon *daemon)
{
    const struct shop *shop = &daemon->shop;
    return turns_idle(shop->turns) && maker_busy(shop->maker) == 0 && telegram_pending(shop->telegram) == 0 &&
           cashier_pending(shop->cashier) == 0 && db_idle(shop->db);
}

static void begin_stop(struct daemon *daemon)
{
    daemon->stop_by_ms = daemon->shop.clock.mono_ms + (int64_t)daemon->setup->config.drain_s * MS_PER_S;
    notify_stopping(daemon->setup->config.drain_s + STOP_SPARE_S);
    if (daemon->shop.poll != NULL)
        telegram_poll_stop(daemon->shop.poll);
}

/* After a second in which nothing happened, memory that a burst needed goes back to the system: once, for it costs
 * milliseconds. Until then the loop sleeps no longer than that second. */
static void rest(struct daemon *daemon, int64_t slept_ms)
{
    bool quiet = slept_ms >= REST_MS && turns_idle(daemon->shop.turns);
    if (quiet && !daemon->rested) {
        http_rest(daemon->shop.http);
        rest_heap();
        if (!daemon->started)
            rest_code();
        daemon->started = true;
    }
    daemon->rested = quiet;
}

static void loop(struct daemon *daemon)
{
    struct shop *shop = &daemon->shop;
    for (;;) {
        int64_t before_ms = shop->clock.mono_ms;
        round_trip(daemon);
        rest(daemon, shop->clock.mono_ms - before_ms);
        feed_watchdog(daemon);
        if (!shop->stop.asked)
            continue;
        if (daemon->stop_by_ms == 0)
            begin_stop(daemon);
        if (drained(daemon) || shop->clock.mono_ms >= daemon->stop_by_ms || !daemon->ready ||
            shop->stop.exit_code == DAEMON_EXIT_TAKEN_OVER || shop->stop.exit_code == DAEMON_EXIT_OVERTAKEN)
            return;
    }
}

static void finish(struct daemon *daemon)
{
    struct shop *shop = &daemon->shop;
    telegram_poll_free(shop->poll);
    telegram_free(shop->telegram);
    yookassa_free(shop->yookassa);
    http_free(shop->http);
    maker_free(shop->maker);
    cashier_free(shop->cashier);
    intake_free(shop->intake);
    darkroom_free(shop->darkroom);
    outbox_free(shop->outbox);
    turns_free(shop->turns);
    mailbox_free(shop->mailbox);
    timers_free(shop->timers);
    db_free(shop->db);
    store_free(shop->store);
    free((void *)(uintptr_t)shop->bot_username);
    (void)close(daemon->signal_fd);
}

/* Whatever asks the process to end, and is not its own crash, drains it: a closed terminal (HUP), Ctrl-C and Ctrl-\\, a
 * service manager or a power supply, and the signals somebody sends who takes us for another daemon (log rotation's
 * USR1). By default each of them would kill at once. What the caller has us ignore (nohup) stays ignored; blocked it
 * would be read all the same. */
static int open_signals(void)
{
    static const int ends[] = {SIGTERM, SIGINT,    SIGHUP,  SIGQUIT,   SIGUSR1, SIGUSR2, SIGALRM,
                               SIGPOLL, SIGVTALRM, SIGPROF, SIGSTKFLT, SIGPWR,  SIGXCPU};
    struct sigaction now;
    sigset_t set;
    (void)sigemptyset(&set);
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        if (sigaction(ends[i], NULL, &now) == 0 && now.sa_handler != SIG_IGN)
            (void)sigaddset(&set, ends[i]);
    }
    if (sigprocmask(SIG_BLOCK, &set, NULL) != 0)
        bug("signals can't be blocked");
    (void)signal(SIGXFSZ, SIG_IGN); /* a full quota is an error of the write, not our end */
    int fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    if (fd < 0)
        bug("no signalfd");
    return fd;
}

int daemon_run(const struct setup *setup)
{
    struct daemon daemon = {.setup = setup, .shop = {.config = &setup->config}};
    read_clocks(&daemon);
    int code = start_migrate(setup);
    if (code != DAEMON_EXIT_OK)
        return code;
    if (directory_new(setup->config.store.path, &daemon.shop.store) != ERR_OK) {
        log_error("start", "the store %s can't be opened: %s", setup->config.store.path, strerror(errno));
        return DAEMON_EXIT_CONFIG;
    }
    daemon.signal_fd = open_signals();
    start_parts(&daemon);
    start_begin(&daemon);
    loop(&daemon);
    if (daemon.shop.stop.exit_code == DAEMON_EXIT_OK)
        log_info("stop", "all that was under way is in the database; bye");
    finish(&daemon);
    return daemon.shop.stop.exit_code;
}
