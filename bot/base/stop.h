/* The one wish of the whole process: to end. Whoever sees that the daemon has to leave asks; all parts look before they
 * begin anything new; the loop drains and leaves with the code. */
#ifndef BOT_BASE_STOP_H
#define BOT_BASE_STOP_H

#include <stdbool.h>

/* sysexits(3): what fotosetd returns, for the unit's Restart rules. */
enum {
    STOP_EXIT_OK = 0,
    STOP_EXIT_CONFIG = 78,      /* the configuration or the database is wrong: only a person mends it */
    STOP_EXIT_UNAVAILABLE = 69, /* not now: the next start may do */
    STOP_EXIT_TAKEN_OVER = 75,  /* another daemon holds the bot: starting again would take it back */
    STOP_EXIT_OVERTAKEN = 70    /* the database is ahead of this process: starting again reads where it stands */
};

struct stop {
    bool asked;
    int exit_code; /* what main returns, once asked */
};

/* The first wish counts. The reason was logged by the caller. */
void stop_ask(struct stop *stop, int exit_code);

#endif
