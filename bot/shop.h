/* The shop: what every part of the daemon's shell may use, wired once in bot/daemon.c. Parts keep a pointer to it,
 * own nothing of it, and find each other through it. */
#ifndef BOT_SHOP_H
#define BOT_SHOP_H

#include <stdbool.h>
#include <stdint.h>
#include "config/config.h"
#include "core/arena.h"
#include "core/turn.h"
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
    struct db *db;
    struct timers *timers;
    struct turns *turns;
    struct outbox *outbox;
    struct intake *intake;
    struct cashier *cashier;
    struct maker *maker;
    int64_t bot_id;           /* Telegram's id of the bot */
    const char *bot_username; /* without @ */
    char owner[40];           /* random id of this process, for bot_state */
    int64_t now_ms;           /* monotonic, read once a round of the loop */
    int64_t unix_ms;          /* wall clock, read at the same moment */
    bool stopping;            /* SIGTERM came: start nothing new */
    int exit_code;            /* what main returns, once stopping */
};

/* Stop the daemon: drain and leave with this code. The reason was logged by the caller. */
void shop_stop(struct shop *shop, int exit_code);

/* A step named for the fault tests: with $FOTOSET_KILL_AT=name[:n] the process kills itself with SIGKILL at the n-th
 * time it comes here (default the first). Costs one pointer test otherwise. */
void shop_step(const char *name);

#endif
