/* The one wish of the whole process: to end. Whoever sees that the daemon has to leave asks; all parts look before they
 * begin anything new; the loop drains and leaves with the code. */
#ifndef BOT_BASE_STOP_H
#define BOT_BASE_STOP_H

#include <stdbool.h>

struct stop {
    bool asked;
    int exit_code; /* what main returns, once asked */
};

/* The first wish counts. The reason was logged by the caller. */
void stop_ask(struct stop *stop, int exit_code);

#endif
