/* A fresh bot on a machine where the darkroom hangs from the start: the first person who comes has the greeting, its
 * example pictures and the menu at once, for nothing of it is drawn. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "tests/system/invariants.h"
#include "tests/system/scene.h"
#include "tests/system/secrets.h"

enum { AT_ONCE_MS = 10 * 1000, EXAMPLES = 4 };

static struct world world;
static struct user user;
static struct scene scene = {&world, &user, 1, NULL};

/* Takes what it is given and never says a word. */
static char *hanging_program(void)
{
    char *path = arena_format(&world.arena, "%s/hanging", world.dir);
    FILE *file = fopen(path, "w");
    if (file == NULL || fputs("#!/bin/sh\nexec sleep 1000\n", file) < 0 || fclose(file) != 0 || chmod(path, 0700) != 0)
        abort();
    return path;
}

static void prepare(struct world *of)
{
    of->options.darkroom_program = hanging_program();
}

int main(void)
{
    struct user_plan plan = {.lang = "ru", .name = "Анна", .photos = 10, .size_px = 520};
    world_begin(&world, &(struct world_options){.name = "cold", .seed = 8, .prepare = prepare});
    world_start_daemon(&world, NULL);
    secrets_keep(&world);
    user_begin(&user, &world, &plan, 9100000001);
    int64_t from_ms = net_now_ms();
    scene_await(&scene, EXAMPLES, "SELECT count(*) FROM sent_files WHERE name LIKE 'example:%%'");
    scene_walk_to(&scene, 0, USER_MENU);
    int64_t took_ms = net_now_ms() - from_ms;
    if (took_ms > AT_ONCE_MS)
        world_fail(&world, "the first word took %" PRId64 " ms", took_ms);
    printf("cold: greeting, examples and menu after %" PRId64 " ms\n", took_ms);
    user_end(&user);
    world_end(&world);
    return 0;
}
