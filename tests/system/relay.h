/* A bad line between the daemon and its database: a process of its own that passes bytes on between two unix sockets
 * and, when told to be mean, loses them at the worst moments. */
#ifndef TESTS_SYSTEM_RELAY_H
#define TESTS_SYSTEM_RELAY_H

#include <stdbool.h>
#include <stdint.h>

enum relay_deed {
    RELAY_CUT,  /* a part of what the daemon sends arrives, then the line is gone */
    RELAY_MUTE, /* it arrives and is done, the answer is lost */
    RELAY_LATE, /* the daemon sees the line gone, and what it sent arrives a little later */
    RELAY_DEED_COUNT
};

struct relay;

/* Listens in the directory `dir`, which must exist, for connections to the Postgres whose socket lies in `host`.
 * Ends the program when it can't. The conninfo with which it is reached: the original and " host=DIR port=5432". */
struct relay *relay_new(const char *host, const char *dir, uint64_t seed);
void relay_free(struct relay *relay); /* ends the process; accepts NULL */
void relay_be_mean(struct relay *relay, bool mean);
long relay_count(const struct relay *relay, enum relay_deed deed); /* done so far */

#endif
