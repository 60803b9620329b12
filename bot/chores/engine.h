/* The errand engine: whatever the daemon owes the outside world beside messages is done here, one way for all chores
 * (bot/chores/chores.h). It owns loading or claiming, the limit of what is under way, who is next, timers, back-off,
 * leases, committing an end until it is heard, and the drain.
 *
 * The truth is in the database: what the engine knows may overflow (the rest is loaded when there is room) and may be
 * lost (it is loaded, or claimed by another machine). An engine that has nothing due asks nobody. */
#ifndef BOT_CHORES_ENGINE_H
#define BOT_CHORES_ENGINE_H

#include "bot/base/clock.h"
#include "bot/base/mailbox.h"
#include "bot/base/stop.h"
#include "bot/base/timers.h"
#include "bot/chores/chores.h"

struct engine;

/* Borrowed; all but db and worker outlive it. */
struct engine_ports {
    struct db *db;
    struct timers *timers;
    struct mailbox *mailbox;
    const struct clock *clock;
    const struct stop *stop;
    const char *worker; /* random id of this daemon: leases are its */
};

/* Never NULL. */
struct engine *engine_new(const struct engine_ports *ports);
/* Lets go of all errands. Answers of the database are dropped with it; an errand whose call outside will be answered
 * (errand_call) is left to that answer. Accepts NULL. */
void engine_free(struct engine *engine);
/* Copies chore. Before engine_open, once a name. */
void engine_add(struct engine *engine, enum chore_name name, const struct chore *chore);
/* From now on this daemon does them: loads what is open (HOLD_BOT), claims what is due (HOLD_LEASE). Until then it
 * hears of none. */
void engine_open(struct engine *engine, enum chore_name name);

/* A row was committed: the errand is new, or what its row says is. Unknown ones come first in line, and the row is read
 * before they begin. HOLD_LEASE: there may be something due, whatever the id. */
void engine_wake(struct engine *engine, enum chore_name name, int64_t id);
/* The database itself made errands, whichever: all chores with HOLD_LEASE look. */
void engine_look(struct engine *engine);
/* Somebody waits: look at it now, before all others. HOLD_BOT only. */
void engine_ask(struct engine *engine, enum chore_name name, int64_t id);

/* The outside says that it may have moved: look at it now, or again after the look that is under way. Nobody waits for
 * what is found. HOLD_BOT only. */
void engine_hint(struct engine *engine, enum chore_name name, int64_t id);

/* Errands that were done, and a table refuses to record it: its owner has to mend it. Walks over all that are known. */
size_t engine_refused(const struct engine *engine);

/* Nothing begins any more (ports->stop); ends that were not taken are told once more, at once. */
void engine_stop(struct engine *engine);
/* Errands under way: begun, or with an end that is not committed. 0 = drained. */
size_t engine_busy(const struct engine *engine);

#endif
