/* An immediate shutdown: every backend drops what it was doing, nothing is written out, and the next start recovers
 * from the log, which is what a kill -9 of all of them comes to; only that no shared memory is left behind to be waited
 * for.
 */
#include "tests/system/cluster.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { GONE_MS = 20000 };

static const char *directory(struct world *world)
{
    const char *dir = getenv("FOTOSET_TEST_POSTGRES_DIR");
    if (dir == NULL)
        world_fail(world, "FOTOSET_TEST_POSTGRES_DIR is not set: run it through tests/postgres run");
    return dir;
}

static pid_t postmaster(struct world *world)
{
    char *text = world_read(arena_format(&world->arena, "%s/data/postmaster.pid", directory(world)));
    pid_t pid = (pid_t)strtol(text, NULL, 10);
    free(text);
    if (pid <= 1)
        world_fail(world, "there is no Postgres to be killed");
    return pid;
}

static void await_end(struct world *world, pid_t pid)
{
    int64_t end_ms = net_now_ms() + GONE_MS;
    while (kill(pid, 0) == 0 || errno != ESRCH) {
        if (net_now_ms() > end_ms)
            world_fail(world, "Postgres does not die");
        (void)usleep(5 * 1000);
    }
}

static void start(struct world *world)
{
    const char *args[] = {SOURCE_DIR "/tests/postgres", "start", "--no-fsync", directory(world), NULL};
    int status = 0;
    (void)waitpid(world_spawn(args, arena_format(&world->arena, "%s/postgres.log", world->dir)), &status, 0);
    if (status != 0)
        world_fail(world, "Postgres does not come back");
}

void cluster_crash(struct world *world, int64_t pause_ms)
{
    pid_t pid = postmaster(world);
    (void)kill(pid, SIGQUIT);
    await_end(world, pid);
    (void)usleep((useconds_t)pause_ms * 1000);
    start(world);
    db_free(world->db);
    world->db = db_new(world->conninfo, NULL);
}
