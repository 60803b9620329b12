/* One person who buys one set, at a bot that somebody else has started: buyer ADDRESS-OF-THE-SANDBOX. Ends with 0 when
 * all photos are in the chat. */
#include <stdio.h>

#include "tests/system/user.h"

enum { STUCK_S = 100 };

int main(int argc, char **argv)
{
    static struct world world = {.options = {.name = "buyer"}};
    static struct user user;
    struct user_plan plan = {.lang = "ru", .name = "Анна", .photos = 10, .size_px = 640, .tells_paid = true};
    if (argc != 2) {
        fputs("usage: buyer ADDRESS\n", stderr);
        return 2;
    }
    arena_init(&world.arena);
    world.net = net_new(argv[1]);
    user_begin(&user, &world, &plan, 5000000001);
    user_run_all(&world, &user, 1, STUCK_S, NULL);
    user_end(&user);
    net_free(world.net);
    arena_done(&world.arena);
    puts("buyer: the set is in the chat");
    return 0;
}
