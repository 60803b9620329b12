/* Pictures that no row names any more leave the store. An errand is one picture: noted by the database when the last
 * row that named it went, or found by the look through the whole store ("all"), which comes back every day. */
#ifndef BOT_CHORES_STORE_SWEEP_H
#define BOT_CHORES_STORE_SWEEP_H

#include "bot/base/clock.h"
#include "bot/base/stop.h"
#include "bot/base/timers.h"
#include "bot/chores/engine.h"
#include "bot/services/store/store.h"

struct store_sweep;

/* Borrowed; all outlive it. */
struct store_sweep_ports {
    struct engine *engine;
    struct db *db;
    struct store *store;
    struct timers *timers;
    const struct clock *clock;
    const struct stop *stop;
};

/* Adds the chore to the engine, which is freed first. Never NULL. */
struct store_sweep *store_sweep_new(const struct store_sweep_ports *ports);
void store_sweep_free(struct store_sweep *sweep); /* accepts NULL */

#endif
