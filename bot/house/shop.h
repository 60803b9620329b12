/* The shop: what every part of the daemon's shell may use, wired once in bot/house/daemon.c. Parts keep a pointer to
 * it, own nothing of it, and find each other through it. */
#ifndef BOT_HOUSE_SHOP_H
#define BOT_HOUSE_SHOP_H

#include <stdbool.h>
#include <stdint.h>
#include "bot/base/clock.h"
#include "bot/base/failpoint.h"
#include "bot/base/mailbox.h"
#include "bot/base/stop.h"
#include "config/config.h"
#include "core/arena.h"
#include "core/step.h"
#include "db/db.h"

struct shop {
    const struct config *config;
    struct rules rules;
    struct http *http;
    struct telegram *telegram;
    struct telegram_poll *poll;
    struct yookassa *yookassa;
    struct darkroom *darkroom;
    struct store *store;
    struct db *db;        /* the turns' */
    struct db *chores_db; /* of chores, lists and statistics: no big query stands in a user's way */
    struct timers *timers;
    struct mailbox *mailbox;
    struct turns *turns;
    struct outbox *outbox;
    struct engine *engine;
    int64_t bot_id;           /* Telegram's id of the bot */
    const char *bot_username; /* without @ */
    char owner[40];           /* random id of this process, for bot_state */
    struct clock clock;
    struct stop stop;
};

#endif
