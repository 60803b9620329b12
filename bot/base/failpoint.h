/* Places named for the fault tests: with $FOTOSET_KILL_AT=name[:n] the process kills itself with SIGKILL at the n-th
 * time it comes there (default the first). Costs one pointer test otherwise. */
#ifndef BOT_BASE_FAILPOINT_H
#define BOT_BASE_FAILPOINT_H

void failpoint(const char *name);

#endif
