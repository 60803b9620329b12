/* A daemon that was thought dead comes back. It is stopped in its sleep (SIGSTOP) while it makes photos; another one
 * takes over bot, leases and users and finishes; then the first wakes up with everything it was about to say. Nothing
 * of that may count: not its photos (their leases are others'), not its turn. */
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>

#include "tests/system/invariants.h"
#include "tests/system/secrets.h"
#include "tests/system/user.h"

enum { USERS = 2, STUCK_S = 90, TAKEN_OVER = 75 };

static struct user users[USERS];

/* Lets the users walk until one has paid and the query gives at least this. */
static void walk_until(struct world *world, const char *sql, int64_t least)
{
    int64_t end_ms = net_now_ms() + STUCK_S * 1000;
    while (users[0].paid == 0 || world_int(world, "%s", sql) < least) {
        for (int i = 0; i < USERS; i++)
            user_run(&users[i]);
        net_step(world->net, 5);
        if (net_now_ms() > end_ms)
            world_fail(world, "it never came to: %s", sql);
    }
}

/* The woken one is to find out that it is not the one any more, or to be told so by Telegram. */
static void await_end(struct world *world, pid_t sleeper)
{
    int status = 0;
    int64_t end_ms = net_now_ms() + STUCK_S * 1000;
    while (waitpid(sleeper, &status, WNOHANG) == 0) {
        net_step(world->net, 10);
        if (net_now_ms() > end_ms)
            world_fail(world, "the daemon that was taken over goes on");
    }
    if (!WIFEXITED(status) || WEXITSTATUS(status) != TAKEN_OVER)
        world_fail(world, "the daemon that was taken over ended with status %d", status);
}

int main(void)
{
    static struct world world;
    struct user_plan plan = {.lang = "ru", .name = "Анна", .photos = 10, .size_px = 520, .tells_paid = true};
    world_begin(&world, &(struct world_options){.name = "zombie",
                                                .seed = 3,
                                                .cheap_styles = true,
                                                .fast = true,
                                                .making = "lease_s = 10; workers = 2;",
                                                .darkroom = "job_timeout_s = 4;"});
    world_start_daemon(&world, NULL);
    secrets_keep(&world);
    for (int i = 0; i < USERS; i++)
        user_begin(&users[i], &world, &plan, 9000000001 + i);
    walk_until(&world, "SELECT count(*) FROM photo_tasks WHERE state = 'made'", 4);
    walk_until(&world, "SELECT count(*) FROM photo_tasks WHERE state = 'waiting' AND lease_token IS NOT NULL", 2);
    pid_t sleeper = world.daemon;
    (void)kill(sleeper, SIGSTOP);
    int64_t held = world_int(&world, "SELECT count(*) FROM photo_tasks WHERE lease_token IS NOT NULL");
    world.daemon = 0;
    world_start_daemon(&world, NULL);
    walk_until(&world, "SELECT count(*) FROM photo_tasks WHERE state = 'made'", 23 * USERS);
    (void)kill(sleeper, SIGCONT);
    await_end(&world, sleeper);
    user_run_all(&world, users, USERS, STUCK_S, NULL);
    invariants_settle(&world);
    struct invariants all = {.world = &world, .users = users, .user_count = USERS};
    invariants_fact(&all, held > 0, "the sleeper held no lease");
    invariants_check(&all);
    printf("zombie: %lld leases of the sleeper were taken over, %d facts hold\n", (long long)held, all.checked);
    return 0;
}
