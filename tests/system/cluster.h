/* The Postgres of this test, killed: all its processes at once, as by a power cut of its machine alone. */
#ifndef TESTS_SYSTEM_CLUSTER_H
#define TESTS_SYSTEM_CLUSTER_H

#include <stdint.h>
#include "tests/system/world.h"

/* Kills it, and has it come back after pause_ms; returns when it takes connections again. The world's own connection is
 * a new one then. Only under `tests/postgres run`, whose cluster is this program's alone. */
void cluster_crash(struct world *world, int64_t pause_ms);

#endif
