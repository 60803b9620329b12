/* The ends of the tables that grow (db/ends.h): once a day, by any one machine. */
#ifndef BOT_CHORES_TABLE_ENDS_H
#define BOT_CHORES_TABLE_ENDS_H

#include "bot/base/stop.h"
#include "bot/chores/engine.h"

struct table_ends;

/* Borrowed; all outlive it. */
struct table_ends_ports {
    struct engine *engine;
    struct db *db;
    const struct stop *stop;
};

/* Adds the chore to the engine, which is freed first. Never NULL. */
struct table_ends *table_ends_new(const struct table_ends_ports *ports);
void table_ends_free(struct table_ends *ends); /* accepts NULL */

#endif
