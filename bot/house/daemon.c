/* The process: signals, the service manager, memory at rest, and the loop until the end. Nothing here knows what a
 * message or a payment is. The end: stop asking, let what is under way come home for drain_s at most; everything else
 * stands in Postgres. */
#include "bot/house/daemon.h"

#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>

#include "bot/base/log.h"
#include "bot/chores/engine.h"
#include "bot/house/life.h"
#include "bot/house/notify.h"
#include "bot/house/parts.h"
#include "bot/house/start.h"
#include "bot/services/http/http.h"
#include "bot/services/store/directory.h"
#include "bot/turn/turns.h"
#include "core/bug.h"

enum { REST_MS = 1000, STOPPING_ROUND_MS = 100 };

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* When the next round must be, whatever the parts wait for. */
static int64_t latest_ms(const struct daemon *daemon)
{
    int64_t now_ms = daemon->clock.mono_ms, until_ms = INT64_MAX;
    if (daemon->stop_by_ms != 0)
        until_ms = earlier(daemon->stop_by_ms, now_ms + STOPPING_ROUND_MS);
    if (daemon->watchdog_ms > 0)
        until_ms = earlier(until_ms, daemon->fed_at_ms + daemon->watchdog_ms);
    return daemon->rested ? until_ms : earlier(until_ms, now_ms + REST_MS);
}

static void feed_watchdog(struct daemon *daemon)
{
    int64_t now_ms = daemon->clock.mono_ms, stuck_ms = (int64_t)daemon->setup->config.watchdog_s * MS_PER_S;
    if (daemon->watchdog_ms == 0 || now_ms - daemon->fed_at_ms < daemon->watchdog_ms)
        return;
    daemon->fed_at_ms = now_ms;
    if (daemon->turns == NULL || !turns_stuck(daemon->turns, stuck_ms))
        notify_send("WATCHDOG=1");
}

/* After a second in which nothing happened, memory that a burst needed goes back to the system: once, for it costs
 * milliseconds. Until then the loop sleeps no longer than that second. */
static void rest(struct daemon *daemon, int64_t slept_ms)
{
    bool quiet = slept_ms >= REST_MS && (daemon->turns == NULL || turns_idle(daemon->turns));
    if (quiet && !daemon->rested) {
        http_rest(daemon->http);
        (void)malloc_trim(0);
    }
    daemon->rested = quiet;
}

/* Is there nothing to wait for any more? */
static bool may_leave(const struct daemon *daemon)
{
    const struct stop *stop = &daemon->stop;
    const struct part *busy = loop_busy(&daemon->loop);
    if (busy == NULL || !daemon->open || stop->exit_code == STOP_EXIT_TAKEN_OVER ||
        stop->exit_code == STOP_EXIT_OVERTAKEN)
        return true;
    if (daemon->clock.mono_ms < daemon->stop_by_ms)
        return false;
    log_warn("stop", "the time to end is over, and not all is home (%s); what is not goes on from the database",
             busy->name);
    return true;
}

static void say_bye(const struct daemon *daemon)
{
    size_t left = engine_busy(daemon->engine);
    if (loop_busy(&daemon->loop) == NULL && left == 0)
        log_info("stop", "all that was under way is in the database; bye");
    else if (left > 0 && db_unreachable(daemon->chores_db))
        log_warn("stop", "the database can't be told of %zu errands (%s): they are done again from what it says", left,
                 db_last_failure(daemon->chores_db));
}

static void run(struct daemon *daemon)
{
    for (;;) {
        int64_t slept_ms = loop_round(&daemon->loop, latest_ms(daemon));
        rest(daemon, slept_ms);
        feed_watchdog(daemon);
        if (!daemon->stop.asked)
            continue;
        if (daemon->stop_by_ms == 0)
            life_stop(daemon);
        if (may_leave(daemon))
            return;
    }
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
    struct daemon daemon = {.setup = setup, .config = &setup->config, .watchdog_ms = notify_watchdog_ms()};
    daemon.loop.clock = &daemon.clock;
    loop_read_clocks(&daemon.loop);
    int code = start_migrate(setup);
    if (code != STOP_EXIT_OK)
        return code;
    if (directory_new(setup->config.store.path, &daemon.store) != ERR_OK) {
        log_error("start", "the store %s can't be opened: %s", setup->config.store.path, strerror(errno));
        return STOP_EXIT_CONFIG;
    }
    daemon.signal_fd = open_signals();
    start_parts(&daemon);
    parts_add(&daemon);
    life_begin(&daemon);
    run(&daemon);
    if (daemon.stop.exit_code == STOP_EXIT_OK)
        say_bye(&daemon);
    loop_end(&daemon.loop);
    free(daemon.bot_username);
    return daemon.stop.exit_code;
}
