/* Starting and ending the darkroom's process. */
#ifndef BOT_SERVICES_DARKROOM_SPAWN_H
#define BOT_SERVICES_DARKROOM_SPAWN_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include "core/err.h"

/* Starts the program with one end of a socketpair as its fd 3, /dev/null as 0 and 1, no signal blocked or ignored and
 * an almost empty environment. ret_fd: our end, non-blocking, close-on-exec. ERR_NOT_FOUND, ERR_IO. */
MUST_CHECK enum err spawn_program(char *path, pid_t *ret_pid, int *ret_fd);

/* Processor time this child has used, in all its threads; 0 if it can't be read. */
int64_t spawn_cpu_ms(pid_t pid);

/* Whether this child has ended and is reaped; never waits. */
bool spawn_is_gone(pid_t pid);

#endif
