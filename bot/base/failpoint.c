/* Failpoints for the fault tests: "$FOTOSET_KILL_AT=turn.committed:3" kills the process, as kill -9 would, when it
 * comes to that step for the third time. The only state is read once and counts down; without the variable it is a test
 * of one pointer. */
#include "bot/base/failpoint.h"

#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void failpoint(const char *name)
{
    static const char *wanted;
    static size_t wanted_length;
    static long left;
    static bool asked;
    if (!asked) {
        asked = true;
        wanted = getenv("FOTOSET_KILL_AT");
        const char *colon = wanted == NULL ? NULL : strchr(wanted, ':');
        left = colon == NULL ? 1 : strtol(colon + 1, NULL, 10);
        wanted_length = wanted == NULL ? 0 : colon == NULL ? strlen(wanted) : (size_t)(colon - wanted);
    }
    if (wanted == NULL || strlen(name) != wanted_length || strncmp(name, wanted, wanted_length) != 0)
        return;
    if (--left == 0)
        (void)kill(getpid(), SIGKILL);
}
