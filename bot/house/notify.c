/* One datagram a message, to an AF_UNIX socket named by the environment. Too little to need libsystemd for.
 *
 * While the start is busy in one long call (a migration), nothing of ours runs but a signal's handler; so the extension
 * is sent from one, by calls that are safe there. Only what blocks in calls that go on after a signal may be wrapped.
 */
#include "bot/house/notify.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

/* What is left of the start after a migration gets as long as the unit gives a start. */
#define EXTEND "EXTEND_TIMEOUT_USEC=90000000"
enum { EXTEND_EVERY_S = 10 };

void notify_send(const char *state)
{
    const char *path = getenv("NOTIFY_SOCKET");
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t length = path == NULL ? 0 : strlen(path);
    if (length < 2 || length >= sizeof address.sun_path || (path[0] != '/' && path[0] != '@'))
        return;
    memcpy(address.sun_path, path, length);
    if (path[0] == '@')
        address.sun_path[0] = '\0'; /* an abstract socket */
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return;
    socklen_t bytes = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
    (void)sendto(fd, state, strlen(state), MSG_NOSIGNAL, (const struct sockaddr *)&address, bytes);
    (void)close(fd);
}

int64_t notify_watchdog_ms(void)
{
    const char *usec = getenv("WATCHDOG_USEC");
    int64_t value = usec == NULL ? 0 : (int64_t)strtoll(usec, NULL, 10);
    return value <= 0 ? 0 : value / 2000;
}

static void on_alarm(int number)
{
    int saved = errno;
    (void)number;
    notify_send(EXTEND);
    errno = saved;
}

void notify_busy_begin(void)
{
    struct sigaction action = {.sa_handler = on_alarm, .sa_flags = SA_RESTART};
    struct itimerval every = {.it_interval.tv_sec = EXTEND_EVERY_S, .it_value.tv_sec = EXTEND_EVERY_S};
    notify_send(EXTEND);
    (void)sigemptyset(&action.sa_mask);
    (void)sigaction(SIGALRM, &action, NULL);
    (void)setitimer(ITIMER_REAL, &every, NULL);
}

void notify_busy_end(void)
{
    struct itimerval never = {.it_value.tv_sec = 0};
    (void)setitimer(ITIMER_REAL, &never, NULL);
    (void)signal(SIGALRM, SIG_DFL);
}

void notify_stopping(int seconds)
{
    char state[64];
    (void)snprintf(state, sizeof state, "STOPPING=1\nEXTEND_TIMEOUT_USEC=%d000000", seconds);
    notify_send(state);
}
