/* Locking the darkroom in: from here on it can compute, and talk on fd 3, and nothing else. */
#ifndef BOT_SERVICES_DARKROOM_PROCESS_JAIL_H
#define BOT_SERVICES_DARKROOM_PROCESS_JAIL_H

#include <stdbool.h>
#include "core/err.h"

/* Before any hostile byte is read and after everything has been warmed up (no file can be opened afterwards).
 * strict: fail with ERR_UNSUPPORTED when the kernel has no seccomp filters; else go on with the limits alone. */
MUST_CHECK enum err jail_enter(bool strict);

/* Early in main, while files may still be opened: closes what was inherited, but 0–2 and fd 3. */
void jail_close_inherited(void);

/* Whether the walls hold: tries to make a socket, open a file and run a program. For the self-test. */
bool jail_holds(void);

#endif
