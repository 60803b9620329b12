/* Whole journeys over a line to Postgres that is cut in the middle of a commit, loses answers of commits that were
 * done, and lets commits through after the daemon gave them up. Afterwards everything is as if nothing had happened.
 *
 * A commit that overtakes its own repetition ends the daemon, because its messages are not the ones in memory; it is
 * started again, as systemd would. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "tests/system/invariants.h"
#include "tests/system/secrets.h"
#include "tests/system/user.h"

enum { USERS = 6, STUCK_S = 150, OVERTAKEN = 70, NOT_READY = 69, DEEDS_MIN = 5 };

/* It ends by itself when it was overtaken, or when the line is cut while it starts; systemd would start it again. */
static void check_end(struct world *world, int status, int *overtaken)
{
    char *log = world_read(world->log);
    int code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    bool was_overtaken = code == OVERTAKEN && strstr(log, "a turn that seemed lost was committed after all") != NULL;
    bool not_ready = code == NOT_READY && strstr(log, "start: the database is not ready") != NULL;
    free(log);
    if (!was_overtaken && !not_ready)
        world_fail(world, "the daemon ended by itself, status %d", status);
    *overtaken += was_overtaken;
}

/* Returns how often the daemon was overtaken by a commit of its own. */
static int walk(struct world *world, struct user *users)
{
    int times = 0, status = 0;
    for (int left = USERS; left > 0;) {
        left = USERS;
        if (world_daemon_ended(world, &status)) {
            check_end(world, status, &times);
            world_start_daemon(world, NULL);
        }
        for (int i = 0; i < USERS; i++) {
            user_run(&users[i]);
            user_fail_if_stuck(&users[i], STUCK_S);
            left -= user_done(&users[i]);
        }
        net_step(world->net, 20);
    }
    return times;
}

int main(void)
{
    static struct world world;
    static struct user users[USERS];
    static const char *const deeds[RELAY_DEED_COUNT] = {"cut", "done without an answer", "done too late"};
    world_begin(&world, &(struct world_options){.name = "database",
                                                .darkroom = "job_timeout_s = 4;",
                                                .seed = 5,
                                                .cheap_styles = true,
                                                .fast = true,
                                                .bad_line = true,
                                                .making = "lease_s = 10; max_attempts = 50; retry_base_s = 1;"});
    world_start_daemon(&world, NULL);
    secrets_keep(&world);
    for (int i = 0; i < USERS; i++) {
        struct user_plan plan = {.lang = i % 2 == 0 ? "ru" : "en",
                                 .name = "Анна <&_> 🎉",
                                 .photos = 10,
                                 .size_px = 520,
                                 .shuffle = i % 2 == 1,
                                 .spread_ms = 100 * i,
                                 .renames = i % 3,
                                 .order_presses = 1 + i % 2,
                                 .declines = i == 4,
                                 .tells_paid = i % 3 != 0};
        user_begin(&users[i], &world, &plan, 7000000001 + i);
    }
    relay_be_mean(world.relay, true);
    int overtaken = walk(&world, users);
    relay_be_mean(world.relay, false);
    invariants_settle(&world);
    struct invariants all = {.world = &world, .users = users, .user_count = USERS};
    for (enum relay_deed deed = 0; deed < RELAY_DEED_COUNT; deed++)
        invariants_fact(&all, relay_count(world.relay, deed) >= DEEDS_MIN, "only %ld units were %s",
                        relay_count(world.relay, deed), deeds[deed]);
    invariants_check(&all);
    printf("database: %ld units were cut, %ld done without an answer, %ld done too late, %d of them overtook their "
           "repetition; %d users, "
           "%d facts hold, %" PRId64 " s\n",
           relay_count(world.relay, RELAY_CUT), relay_count(world.relay, RELAY_MUTE),
           relay_count(world.relay, RELAY_LATE), overtaken, USERS, all.checked, (net_now_ms() - world.begun_ms) / 1000);
    return 0;
}
