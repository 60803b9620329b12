/* The chore that follows the receipt of a payment (54-FZ) until YooKassa has it registered, or the cash register
 * refused it. Its errands are born when the money comes; what is missing or refused, the look through the books tells
 * the owner (db/audit.h), which this makes due. */
#ifndef BOT_CHORES_RECEIPT_WATCH_H
#define BOT_CHORES_RECEIPT_WATCH_H

#include "bot/base/clock.h"
#include "bot/chores/engine.h"
#include "bot/services/yookassa/client.h"

struct receipt_watch;

/* Borrowed, all outlive it. */
struct receipt_watch_ports {
    struct engine *engine;
    struct db *db;
    struct yookassa *yookassa;
    const struct clock *clock;
};

/* Adds itself to the engine, which is freed before it. Never NULL. */
struct receipt_watch *receipt_watch_new(const struct receipt_watch_ports *ports);
void receipt_watch_free(struct receipt_watch *watch); /* accepts NULL */

#endif
