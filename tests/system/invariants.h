/* What must be true of a world once all users are done and nothing is under way, whatever went wrong before. */
#ifndef TESTS_SYSTEM_INVARIANTS_H
#define TESTS_SYSTEM_INVARIANTS_H

#include "tests/system/user.h"
#include "tests/system/world.h"

struct invariants {
    struct world *world;
    struct user *users;
    int user_count;
    int poison_expected; /* updates that were meant to be skipped */
    bool looks;          /* answers were lost: words are looked for, and offered to photos, too, which take none */
    int checked, failed; /* results */
};

/* Waits until the database is quiet, stops the daemon by SIGTERM and has it end with 0. */
void invariants_settle(struct world *world);
/* All of them; prints each that does not hold. Ends the program if one does not. */
void invariants_check(struct invariants *all);

/* One fact: prints `what` and counts it when it does not hold. */
void invariants_fact(struct invariants *all, bool holds, const char *format, ...) PRINTF_LIKE(3, 4);
/* Of what went over the line: no update was lost or refused, no call was one that Telegram refuses, no secret stands
 * anywhere. */
void invariants_of_line(struct invariants *all);
/* Per user (people.c) and of money and secrets. */
void invariants_of_user(struct invariants *all, struct user *user);

#endif
