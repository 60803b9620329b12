/* The bot begins to look when a turn was committed, which is the only way for a set to begin, and goes on as long as a
 * photo waits to be made, by whomever. The question comes before the look: when the last photo is not waiting any more,
 * its news can be seen. Must not look while nothing happens, or an idle bot would cost something. */
#include "bot/house/watch.h"

#include "bot/base/log.h"
#include "bot/chores/engine.h"
#include "bot/turn/turns.h"
#include "db/state.h"

enum { TAKEN_AT_ONCE = 64 };

int64_t watch_deadline_ms(const struct daemon *daemon)
{
    const struct watch *watch = &daemon->watch;
    bool worker = daemon->turns == NULL;
    if (!daemon->open || daemon->stop.asked || watch->asking)
        return INT64_MAX;
    if (!worker && !watch->sets_open && turns_number(daemon->turns) == watch->turn)
        return INT64_MAX;
    return watch->looked_ms + WATCH_EVERY_MS;
}

static void open_sets_told(void *ctx, const struct db_result *result, const struct db_failure *failure)
{
    struct daemon *daemon = ctx;
    struct watch *watch = &daemon->watch;
    watch->asking = false;
    if (failure != NULL) {
        if (watch->failures++ == 0)
            log_warn("watch", "can't ask whether photos are being made: %s; trying on", failure->message);
        watch->sets_open = true; /* asks again */
        return;
    }
    bool was_open = watch->sets_open;
    watch->failures = 0;
    watch->sets_open = state_read_open_sets(result);
    if (was_open || watch->sets_open)
        mailbox_look(daemon->mailbox);
}

/* A worker tells nobody itself: what its chores learned stands in bot_news, for the bot. */
static void forget_news(struct mailbox *mailbox)
{
    struct event forgotten[TAKEN_AT_ONCE];
    (void)mailbox_take_look(mailbox);
    while (mailbox_take(mailbox, forgotten, TAKEN_AT_ONCE) > 0)
        ;
}

void watch_look(struct daemon *daemon)
{
    struct watch *watch = &daemon->watch;
    watch->looked_ms = daemon->clock.mono_ms;
    if (daemon->turns == NULL) {
        forget_news(daemon->mailbox);
        engine_wake(daemon->engine, CHORE_PHOTO_MAKE, 0);
        return;
    }
    watch->turn = turns_number(daemon->turns);
    watch->asking = true;
    state_ask_open_sets(daemon->chores_db, open_sets_told, daemon);
}
