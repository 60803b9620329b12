/* The books' words and plans: movements of money (core/ledger.h) on their way to the functions of the database that
 * post them. */
#ifndef DB_LEDGER_H
#define DB_LEDGER_H

#include "core/ledger.h"
#include "db/param.h"

/* Movements as three parameters of one statement: kinds, accounts, amounts; a posting an element. */
enum { LEDGER_PLAN_PARAMS = 3 };
void ledger_put_plan(struct arena *arena, const struct ledger_movement *movements, size_t count,
                     struct db_param ret_params[LEDGER_PLAN_PARAMS]);

#endif
