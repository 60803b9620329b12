/* The pictures in the world's store, as they lie on the disk, against what the database names. */
#ifndef TESTS_SYSTEM_STORED_H
#define TESTS_SYSTEM_STORED_H

#include "tests/system/invariants.h"
#include "tests/system/world.h"

/* How many there are. */
int64_t stored_count(struct world *world);
/* … that no row names. */
int64_t stored_unnamed(struct world *world);
/* Names in rows whose picture is not there. */
int64_t stored_missing(struct world *world);
/* Pictures that are noted, or found, and not dealt with yet. */
int64_t stored_errands(struct world *world);
/* A picture that nobody names: its name, which is not the one that its bytes should have. */
const char *stored_plant(struct world *world, int number);
/* They are as old as if they had been put two days ago. */
void stored_age(struct world *world);
/* Between two daemons: has one look through the whole store, as if a day had passed; then nothing may be left that no
 * row names, and nothing be gone that one does. */
void stored_check_sweep(struct invariants *all);

#endif
