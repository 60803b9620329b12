/* Starting the darkroom's process so that nothing of the daemon leaks into it: descriptors (everything here is
 * close-on-exec and the program closes the rest itself), environment (secrets may stand there), signal masks (the
 * daemon blocks what it reads by signalfd, and a child would inherit that). posix_spawn, because a fork would copy the
 * daemon's page tables for nothing. */
#include "bot/services/darkroom/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "bot/services/darkroom/wire.h"

enum { SPAWN_SOCKET_BYTES = 1024 * 1024 };

static bool make_pair(int pair[2])
{
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
        return false;
    int size = SPAWN_SOCKET_BYTES; /* a hint: fewer turns of the loop for a big photo */
    for (int i = 0; i < 2; i++)
        (void)setsockopt(pair[i], SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
    int flags = fcntl(pair[0], F_GETFL);
    if (flags < 0 || fcntl(pair[0], F_SETFL, flags | O_NONBLOCK) != 0) {
        (void)close(pair[0]);
        (void)close(pair[1]);
        return false;
    }
    return true;
}

static int prepare(posix_spawn_file_actions_t *actions, posix_spawnattr_t *attributes, int child_fd)
{
    sigset_t none, all;
    (void)sigemptyset(&none);
    (void)sigfillset(&all);
    (void)sigdelset(&all, SIGKILL);
    (void)sigdelset(&all, SIGSTOP);
    int failed = posix_spawn_file_actions_addopen(actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    failed |= posix_spawn_file_actions_addopen(actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    failed |= posix_spawn_file_actions_adddup2(actions, child_fd, WIRE_FD); /* clears close-on-exec, even 3 to 3 */
    failed |= posix_spawnattr_setsigmask(attributes, &none);
    failed |= posix_spawnattr_setsigdefault(attributes, &all);
    failed |= posix_spawnattr_setpgroup(attributes, 0); /* what a terminal sends to our group is for us to hear */
    failed |= posix_spawnattr_setflags(attributes,
                                       POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
    return failed;
}

enum err spawn_program(char *path, pid_t *ret_pid, int *ret_fd)
{
    char language[] = "LC_ALL=C.UTF-8", home[] = "HOME=/nonexistent";
    char *const environment[] = {language, home, NULL};
    char *const arguments[] = {path, NULL};
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    int pair[2];
    pid_t pid = 0;
    if (!make_pair(pair))
        return ERR_IO;
    if (posix_spawn_file_actions_init(&actions) != 0) {
        (void)close(pair[0]);
        (void)close(pair[1]);
        return ERR_IO;
    }
    int failed = posix_spawnattr_init(&attributes);
    if (failed == 0) {
        failed = prepare(&actions, &attributes, pair[1]);
        if (failed == 0)
            failed = posix_spawn(&pid, path, &actions, &attributes, arguments, environment);
        (void)posix_spawnattr_destroy(&attributes);
    }
    (void)posix_spawn_file_actions_destroy(&actions);
    (void)close(pair[1]);
    if (failed != 0) {
        (void)close(pair[0]);
        return failed == ENOENT || failed == EACCES ? ERR_NOT_FOUND : ERR_IO;
    }
    *ret_pid = pid;
    *ret_fd = pair[0];
    return ERR_OK;
}

int64_t spawn_cpu_ms(pid_t pid)
{
    clockid_t clock = 0;
    struct timespec used;
    if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &used) != 0)
        return 0;
    return (int64_t)used.tv_sec * 1000 + used.tv_nsec / 1000000;
}

bool spawn_is_gone(pid_t pid)
{
    pid_t got = waitpid(pid, NULL, WNOHANG);
    return got == pid || (got < 0 && errno == ECHILD);
}
