/* The turns: everything that happens to conversations goes through here, one transaction at a time.
 *
 *   updates, news, wishes to be woken ─▶ load ─▶ core's step ─▶ commit ─▶ outbox, chores, the next getUpdates
 *
 * One turn takes whatever has gathered: one batch of updates, all news posted since, outcomes of sends. While a turn
 * is at the database the next one gathers, so load grows the turn instead of the queue. */
#ifndef BOT_TURN_TURNS_H
#define BOT_TURN_TURNS_H

#include <stdbool.h>
#include <stdint.h>
#include "bot/base/clock.h"
#include "bot/base/stop.h"
#include "config/config.h"
#include "core/step.h"
#include "db/db.h"

struct turns;

enum {
    TURNS_EVENTS_MAX = 256, /* of one turn: a batch of updates and news; more news waits for the next turn */
    TURNS_CHATS_MAX = TURNS_EVENTS_MAX
};

/* Time limits further away are not kept in memory: the daemon asks for them again every so often. */
#define TURNS_HORIZON_MS (INT64_C(6) * 3600 * 1000)

/* All borrowed. */
struct turns_ports {
    struct db *db;
    struct timers *timers;
    struct mailbox *mailbox;
    const struct clock *clock;
    struct stop *stop;
    const struct rules *rules;
    const struct config_yookassa *yookassa; /* what an order's payment is asked with … */
    const struct config_receipts *receipts; /* … and its receipt */
    struct outbox *outbox;
    struct engine *engine;      /* told what it has to do */
    struct telegram_poll *poll; /* told what is committed */
};

struct turns *turns_new(const struct turns_ports *ports);
/* Who the bot is, and where it stands, as bot_take() said: before the first turn. */
struct turns_stand {
    int64_t bot_id;
    const char *username; /* of the bot, without @; borrowed */
    const char *owner;    /* this process, for bot_state; borrowed */
    int64_t turn, offset;
};
void turns_stand(struct turns *turns, const struct turns_stand *stand);
/* Which chats have updates in parked_updates, as parked_add_resume() asked: before the first turn. They are tried now.
 */
void turns_park(struct turns *turns, const struct db_result *result, int statement);
/* Post EVENT_WAKE of the chat at that time. */
void turns_wake_at(struct turns *turns, int64_t chat_id, int64_t unix_ms);
void turns_free(struct turns *turns);

/* A body of getUpdates: at most one at a time. done is told the offset once it is committed. */
void turns_batch(struct turns *turns, const char *body, size_t bytes);
/* Start the next turn if there is something and none is running. Called by the loop. */
void turns_run(struct turns *turns);
/* Of the last one committed. */
int64_t turns_number(const struct turns *turns);
/* Has one turn been at the database for longer than that, retries included? */
bool turns_stuck(const struct turns *turns, int64_t limit_ms);
/* Nothing gathered, nothing running? */
bool turns_idle(const struct turns *turns);

#endif
