/* Talking to the service manager (systemd's notification socket): readiness, status and the watchdog. Does nothing when
 * $NOTIFY_SOCKET is not set. Source of the protocol: sd_notify(3). */
#ifndef BOT_HOUSE_NOTIFY_H
#define BOT_HOUSE_NOTIFY_H

#include <stdint.h>

/* state: "READY=1", "WATCHDOG=1". */
void notify_send(const char *state);
/* Between these two the start goes on, however long it takes, and the service manager is told so by SIGALRM. For
 * blocking work before the loop. */
void notify_busy_begin(void);
void notify_busy_end(void);
/* The stop has begun and may take so many seconds, also where the unit gives fewer. */
void notify_stopping(int seconds);
/* How often the watchdog wants to be fed, half of its time; 0 = there is none. */
int64_t notify_watchdog_ms(void);

#endif
