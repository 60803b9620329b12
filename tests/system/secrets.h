/* Where a secret must never stand: in a table, in a log, in a file of the daemon. */
#ifndef TESTS_SYSTEM_SECRETS_H
#define TESTS_SYSTEM_SECRETS_H

#include "tests/system/invariants.h"
#include "tests/system/world.h"

/* Keeps every message to be sent and every error of a task as it was when it was written, though the rows change and
 * go. Waits until the daemon has made its tables. */
void secrets_keep(struct world *world);
/* Looks for the token and the key, plain and in the usual disguises, through all tables and all files of the world. */
void secrets_check(struct invariants *all);

#endif
