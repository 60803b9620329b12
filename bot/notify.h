/* Talking to the service manager (systemd's notification socket): readiness, status and the watchdog. Does nothing when
 * $NOTIFY_SOCKET is not set. Source of the protocol: sd_notify(3). */
#ifndef BOT_NOTIFY_H
#define BOT_NOTIFY_H

#include <stdint.h>

/* state: "READY=1", "STOPPING=1", "WATCHDOG=1", "STATUS=…". */
void notify_send(const char *state);
/* How often the watchdog wants to be fed, half of its time; 0 = there is none. */
int64_t notify_watchdog_ms(void);

#endif
