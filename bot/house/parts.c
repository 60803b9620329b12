/* The table, and how each part is asked what the loop wants to know of it: the parts' own functions know their type,
 * the table's do not. */
#include "bot/house/parts.h"

#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "bot/base/log.h"
#include "bot/base/timers.h"
#include "bot/chores/money_audit.h"
#include "bot/chores/npd_receipt.h"
#include "bot/chores/payment_create.h"
#include "bot/chores/payment_refund.h"
#include "bot/chores/payment_hints.h"
#include "bot/chores/payment_reconcile.h"
#include "bot/chores/payment_watch.h"
#include "bot/chores/photo_intake.h"
#include "bot/chores/photo_make.h"
#include "bot/chores/star_invoice.h"
#include "bot/chores/star_reconcile.h"
#include "bot/chores/receipt_watch.h"
#include "bot/chores/store_sweep.h"
#include "bot/chores/table_ends.h"
#include "bot/house/life.h"
#include "bot/house/watch.h"
#include "bot/outbox/outbox.h"
#include "bot/services/darkroom/darkroom.h"
#include "bot/services/http/http.h"
#include "bot/services/notices/notices.h"
#include "bot/services/store/store.h"
#include "bot/services/tax/client.h"
#include "bot/services/telegram/poll.h"
#include "bot/services/yookassa/client.h"
#include "bot/turn/checkouts.h"
#include "bot/turn/turns.h"

enum { TIMERS_AT_ONCE = 256 };

/* `ask(fd, db, int)`: the part's own function behind the table's. */
#define ASK(question, part, answer)                                                                                    \
    static answer part##_##question##_of(const void *self)                                                             \
    {                                                                                                                  \
        return part##_##question(self);                                                                                \
    }
#define FREE(part)                                                                                                     \
    static void part##_free_of(void *self)                                                                             \
    {                                                                                                                  \
        part##_free(self);                                                                                             \
    }

/* ---- sources: what has a descriptor ---- */

ASK(fd, db, int)
ASK(events, db, short)
ASK(next_deadline_ms, db, int64_t)
FREE(db)

static void db_ready_of(void *self, short revents, int64_t now_ms)
{
    db_ready(self, revents, now_ms);
}

static size_t db_pending_of(const void *self)
{
    return db_idle(self) ? 0 : 1;
}

ASK(fd, darkroom, int)
ASK(events, darkroom, short)
ASK(next_deadline_ms, darkroom, int64_t)
FREE(darkroom)

static void darkroom_ready_of(void *self, short revents, int64_t now_ms)
{
    darkroom_ready(self, revents, now_ms);
}

ASK(fd, notices, int)
ASK(events, notices, short)
ASK(deadline_ms, notices, int64_t)
FREE(notices)

static void notices_ready_of(void *self, short revents, int64_t now_ms)
{
    notices_ready(self, revents, now_ms);
}

static int signals_fd(const void *self)
{
    const struct daemon *daemon = self;
    return daemon->signal_fd;
}

static short signals_events(const void *self)
{
    (void)self;
    return POLLIN;
}

static int64_t signals_deadline_ms(const void *self)
{
    (void)self;
    return INT64_MAX;
}

static void signals_ready(void *self, short revents, int64_t now_ms)
{
    struct daemon *daemon = self;
    struct signalfd_siginfo info;
    (void)revents;
    while (read(daemon->signal_fd, &info, sizeof info) == (ssize_t)sizeof info) {
        if (daemon->stop.asked)
            daemon->stop_by_ms = now_ms; /* a second one: now */
        log_info("stop", "asked to stop (signal %u)", info.ssi_signo);
        stop_ask(&daemon->stop, STOP_EXIT_OK);
    }
}

static void signals_free(void *self)
{
    struct daemon *daemon = self;
    (void)close(daemon->signal_fd);
}

static int64_t watch_deadline_ms_of(const void *self)
{
    return watch_deadline_ms(self);
}

static void watch_ready(void *self, short revents, int64_t now_ms)
{
    (void)revents;
    (void)now_ms;
    watch_look(self);
}

static void life_ready(void *self, short revents, int64_t now_ms)
{
    (void)revents;
    (void)now_ms;
    life_go_on(self);
}

/* ---- services ---- */

ASK(next_deadline_ms, telegram, int64_t)
ASK(pending, telegram, size_t)
FREE(telegram)

static void telegram_ready_of(void *self, short revents, int64_t now_ms)
{
    (void)revents;
    telegram_run_due(self, now_ms);
}

ASK(deadline_ms, telegram_poll, int64_t)
FREE(telegram_poll)

static void telegram_poll_ready_of(void *self, short revents, int64_t now_ms)
{
    (void)revents;
    telegram_poll_run_due(self, now_ms);
}

FREE(yookassa)
FREE(tax)
FREE(http)
FREE(store)

/* ---- chores, messages, turns ---- */

/* Errands whose ends can't be told now would be told by nobody else either: the next life does them again. */
static size_t errands_pending(const void *self)
{
    const struct daemon *daemon = self;
    return db_unreachable(daemon->chores_db) ? 0 : engine_busy(daemon->engine);
}

static size_t chores_db_pending(const void *self)
{
    return db_unreachable(self) ? 0 : db_pending_of(self);
}

static void engine_free_of(void *self)
{
    struct daemon *daemon = self;
    engine_free(daemon->engine);
}

FREE(payment_create)
FREE(payment_watch)
FREE(payment_refund)
FREE(payment_hints)
FREE(npd_receipt)
FREE(payment_reconcile)
FREE(photo_intake)
FREE(photo_make)
FREE(store_sweep)
FREE(table_ends)
FREE(money_audit)
FREE(star_invoice)
FREE(star_reconcile)
FREE(checkouts)
FREE(receipt_watch)

static void provider_free_of(void *self)
{
    struct provider *provider = self;
    provider->free(provider);
}

FREE(outbox)
FREE(mailbox)

static void turns_ready(void *self, short revents, int64_t now_ms)
{
    struct daemon *daemon = self;
    (void)revents;
    (void)now_ms;
    if (daemon->open)
        turns_run(daemon->turns);
}

static size_t turns_pending(const void *self)
{
    const struct daemon *daemon = self;
    return turns_idle(daemon->turns) ? 0 : 1;
}

static void turns_free_of(void *self)
{
    struct daemon *daemon = self;
    turns_free(daemon->turns);
}

/* ---- times ---- */

static int64_t timers_deadline_ms(const void *self)
{
    const struct daemon *daemon = self;
    int64_t unix_ms = timers_next_ms(daemon->timers);
    return unix_ms == INT64_MAX ? INT64_MAX : daemon->clock.mono_ms + (unix_ms - daemon->clock.unix_ms);
}

static void timers_ready(void *self, short revents, int64_t now_ms)
{
    struct daemon *daemon = self;
    (void)revents;
    (void)now_ms;
    timers_run(daemon->timers, daemon->clock.unix_ms, TIMERS_AT_ONCE);
}

static void timers_free_of(void *self)
{
    struct daemon *daemon = self;
    timers_free(daemon->timers);
}

/* Who calls back when it is freed (telegram, yookassa, tax, http) stands before those it calls back. */
void parts_add(struct daemon *daemon)
{
    const struct part table[] = {
        {"signals", daemon, signals_fd, signals_events, signals_deadline_ms, signals_ready, NULL, signals_free},
        {"poll", daemon->poll, NULL, NULL, telegram_poll_deadline_ms_of, telegram_poll_ready_of, NULL,
         telegram_poll_free_of},
        {"telegram", daemon->telegram, NULL, NULL, telegram_next_deadline_ms_of, telegram_ready_of, telegram_pending_of,
         telegram_free_of},
        {"yookassa", daemon->yookassa, NULL, NULL, NULL, NULL, NULL, yookassa_free_of},
        {"tax", daemon->tax, NULL, NULL, NULL, NULL, NULL, tax_free_of},
        {"http", daemon->http, NULL, NULL, NULL, NULL, NULL, http_free_of},
        {"notices", daemon->notices, notices_fd_of, notices_events_of, notices_deadline_ms_of, notices_ready_of, NULL,
         notices_free_of},
        {"payment_hints", daemon->payment_hints, NULL, NULL, NULL, NULL, NULL, payment_hints_free_of},
        {"errands", daemon, NULL, NULL, NULL, NULL, errands_pending, engine_free_of},
        {"payment_create", daemon->payment_create, NULL, NULL, NULL, NULL, NULL, payment_create_free_of},
        {"payment_watch", daemon->payment_watch, NULL, NULL, NULL, NULL, NULL, payment_watch_free_of},
        {"payment_refund", daemon->payment_refund, NULL, NULL, NULL, NULL, NULL, payment_refund_free_of},
        {"npd_receipt", daemon->npd_receipt, NULL, NULL, NULL, NULL, NULL, npd_receipt_free_of},
        {"payment_reconcile", daemon->payment_reconcile, NULL, NULL, NULL, NULL, NULL, payment_reconcile_free_of},
        {"photo_intake", daemon->photo_intake, NULL, NULL, NULL, NULL, NULL, photo_intake_free_of},
        {"photo_make", daemon->photo_make, NULL, NULL, NULL, NULL, NULL, photo_make_free_of},
        {"store_sweep", daemon->store_sweep, NULL, NULL, NULL, NULL, NULL, store_sweep_free_of},
        {"table_ends", daemon->table_ends, NULL, NULL, NULL, NULL, NULL, table_ends_free_of},
        {"money_audit", daemon->money_audit, NULL, NULL, NULL, NULL, NULL, money_audit_free_of},
        {"star_invoice", daemon->star_invoice, NULL, NULL, NULL, NULL, NULL, star_invoice_free_of},
        {"star_reconcile", daemon->star_reconcile, NULL, NULL, NULL, NULL, NULL, star_reconcile_free_of},
        {"receipt_watch", daemon->receipt_watch, NULL, NULL, NULL, NULL, NULL, receipt_watch_free_of},
        {"provider", daemon->provider, NULL, NULL, NULL, NULL, NULL, provider_free_of},
        {"darkroom", daemon->darkroom, darkroom_fd_of, darkroom_events_of, darkroom_next_deadline_ms_of,
         darkroom_ready_of, NULL, darkroom_free_of},
        {"outbox", daemon->outbox, NULL, NULL, NULL, NULL, NULL, outbox_free_of},
        {"turns", daemon->turns == NULL ? NULL : daemon, NULL, NULL, NULL, turns_ready, turns_pending, turns_free_of},
        {"mailbox", daemon->mailbox, NULL, NULL, NULL, NULL, NULL, mailbox_free_of},
        {"timers", daemon, NULL, NULL, timers_deadline_ms, timers_ready, NULL, timers_free_of},
        {"database", daemon->db, db_fd_of, db_events_of, db_next_deadline_ms_of, db_ready_of, db_pending_of,
         db_free_of},
        {"checkouts", daemon->checkouts, NULL, NULL, NULL, NULL, NULL, checkouts_free_of},
        {"chores' database", daemon->chores_db, db_fd_of, db_events_of, db_next_deadline_ms_of, db_ready_of,
         chores_db_pending, db_free_of},
        {"watch", daemon, NULL, NULL, watch_deadline_ms_of, watch_ready, NULL, NULL},
        {"life", daemon, NULL, NULL, NULL, life_ready, NULL, NULL},
        {"store", daemon->store, NULL, NULL, NULL, NULL, NULL, store_free_of},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        loop_add(&daemon->loop, &table[i]);
}
