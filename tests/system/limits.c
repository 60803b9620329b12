/* Under Telegram's flood limits, with the daemon's own rates as they are shipped: many people at once press as fast as
 * they are answered, two of them get a set each, and no call is ever answered with a 429. The other system tests run
 * without limits, to be quick. */
#include <stdio.h>
#include <unistd.h>
#include "tests/system/invariants.h"
#include "tests/system/secrets.h"

enum { USERS = 2, WALKERS = 30, STUCK_S = 60, LOAD_S = 60 };

static struct world world;

static int64_t number(const char *path, const char *key)
{
    struct json_object *answer = net_get(world.net, path), *value = NULL;
    int64_t number = json_object_object_get_ex(answer, key, &value) ? json_object_get_int64(value) : -1;
    json_object_put(answer);
    return number;
}

/* All come in at one moment (five messages each), then go through the menu: edits. */
static void crowd(void)
{
    json_object_put(net_post(world.net, "/api/load", "{\"users\":%d,\"updates\":%d}", WALKERS, WALKERS * 8));
    int64_t end_ms = net_now_ms() + LOAD_S * 1000;
    while (number("/api/load", "running") > 0 || number("/api/load", "under_way") > 0) {
        if (net_now_ms() > end_ms)
            world_fail(&world, "the crowd is not served within %d s", LOAD_S);
        (void)usleep(200 * 1000);
    }
}

int main(void)
{
    static struct user users[USERS];
    struct user_plan plan = {.lang = "ru", .name = "Анна", .photos = 10, .size_px = 520, .tells_paid = true};
    world_begin(&world, &(struct world_options){.name = "limits", .seed = 11, .cheap_styles = true});
    world_start_daemon(&world, NULL);
    secrets_keep(&world);
    crowd();
    int64_t crowd_ms = net_now_ms() - world.started_ms;
    for (int i = 0; i < USERS; i++)
        user_begin(&users[i], &world, &plan, 8000000001 + i);
    user_run_all(&world, users, USERS, STUCK_S, NULL);
    invariants_settle(&world);

    struct invariants all = {.world = &world, .users = users, .user_count = USERS};
    int64_t floods = number("/api/state", "floods");
    invariants_fact(&all, floods == 0, "calls that came too soon for Telegram: %lld", (long long)floods);
    invariants_check(&all);
    printf("limits: %d facts hold, the crowd took %lld s, all %lld s\n", all.checked, (long long)crowd_ms / 1000,
           (long long)(net_now_ms() - world.begun_ms) / 1000);
    return 0;
}
