/* Inside the house: the daemon, which alone knows all its parts. Made by start.c, lives in life.c, stands in the table
 * of parts.c, runs in daemon.c. Not for others. */
#ifndef BOT_HOUSE_PRIVATE_H
#define BOT_HOUSE_PRIVATE_H

#include "bot/base/clock.h"
#include "bot/base/stop.h"
#include "bot/house/daemon.h"
#include "bot/house/loop.h"
#include "core/step.h"
#include "db/state.h"

enum { MS_PER_S = 1000 };

/* The look for what other machines do (bot/house/watch.c). */
struct watch {
    int64_t looked_ms; /* monotonic */
    int64_t turn;      /* … the last one committed then */
    bool asking;       /* the database, whether photos are to be made */
    bool sets_open;    /* they were */
    int failures;
};

struct daemon {
    const struct setup *setup;
    const struct config *config; /* of it */
    struct rules rules;
    struct loop loop;
    struct clock clock;
    struct stop stop;
    char owner[40]; /* random id of this process: of the bot, and of leases */
    /* The parts; NULL where this daemon has none. */
    struct http *http;
    struct telegram *telegram;
    struct telegram_poll *poll;
    struct yookassa *yookassa;
    struct tax *tax;
    struct darkroom *darkroom;
    struct store *store;
    struct provider *provider;
    struct db *db;        /* the turns' */
    struct db *chores_db; /* of chores, lists and statistics: no big query stands in a user's way */
    struct timers *timers;
    struct mailbox *mailbox;
    struct turns *turns;
    struct checkouts *checkouts;
    struct outbox *outbox;
    struct engine *engine;
    struct payment_create *payment_create;
    struct payment_watch *payment_watch;
    struct payment_refund *payment_refund;
    struct payment_hints *payment_hints;
    struct notices *notices;
    struct npd_receipt *npd_receipt;
    struct payment_reconcile *payment_reconcile;
    struct photo_intake *photo_intake;
    struct photo_make *photo_make;
    struct store_sweep *store_sweep;
    struct table_ends *table_ends;
    struct money_audit *money_audit;
    struct star_invoice *star_invoice;
    struct star_reconcile *star_reconcile;
    struct receipt_watch *receipt_watch;
    struct watch watch;
    /* Its life. */
    int64_t bot_id; /* Telegram's id of the bot */
    int signal_fd;
    int64_t stop_by_ms;  /* monotonic; 0 = not stopping */
    int64_t watchdog_ms; /* how often it is fed; 0 = there is none */
    int64_t fed_at_ms;
    int parked_at;      /* statement of the taking that tells which chats are parked */
    char *bot_username; /* without @ */
    char own_link[80];
    int64_t offset;         /* where the updates stood when the bot was taken */
    struct state_wish wish; /* the last one read */
    bool taken;
    bool open;   /* what the last life left is taken up: turns run */
    bool rested; /* memory that a burst needed was given back */
};

#endif
