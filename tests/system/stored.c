/* The store is looked at from outside: file names, and what the database says of them. */
#define _XOPEN_SOURCE 700 /* nftw */
#include "tests/system/stored.h"

#include <fcntl.h>
#include <ftw.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { NAME_LENGTH = 64, SWEEP_MS = 60 * 1000, TWO_DAYS_S = 2 * 24 * 60 * 60 };

static struct {
    struct world *world;
    int64_t count;
    const char *names; /* as elements of an array */
    bool age;
} walk; /* nftw has no context */

static bool is_name(const char *name)
{
    return strlen(name) == NAME_LENGTH && strspn(name, "0123456789abcdef") == NAME_LENGTH;
}

static int see(const char *path, const struct stat *stat, int type, struct FTW *ftw)
{
    const struct timespec old[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = time(NULL) - TWO_DAYS_S}};
    const char *name = path + ftw->base;
    (void)stat;
    if (type != FTW_F || !is_name(name))
        return 0;
    walk.names = arena_format(&walk.world->arena, "%s%s'%s'", walk.names, walk.count == 0 ? "" : ",", name);
    walk.count++;
    if (walk.age && utimensat(AT_FDCWD, path, old, 0) != 0)
        world_fail(walk.world, "%s can't be made old", path);
    return 0;
}

static void look(struct world *world, bool age)
{
    char path[96];
    (void)snprintf(path, sizeof path, "%s/store", world->dir);
    walk.world = world;
    walk.count = 0;
    walk.names = "";
    walk.age = age;
    (void)nftw(path, see, 8, FTW_PHYS);
}

int64_t stored_count(struct world *world)
{
    look(world, false);
    return walk.count;
}

int64_t stored_unnamed(struct world *world)
{
    look(world, false);
    return world_int(world, "SELECT count(*) FROM unnest(ARRAY[%s]::text[]) n WHERE NOT picture_named('store:' || n)",
                     walk.names);
}

int64_t stored_missing(struct world *world)
{
    look(world, false);
    return world_int(world,
                     "SELECT count(*) FROM (SELECT image_url FROM reference_photos UNION SELECT image_url FROM"
                     " generated_photos UNION SELECT unnest(reference_urls) FROM orders) u"
                     " WHERE substr(image_url, 1, 6) = 'store:' AND substr(image_url, 7) <> ALL (ARRAY[%s]::text[])",
                     walk.names);
}

int64_t stored_errands(struct world *world)
{
    return world_int(world, "SELECT count(*) FROM errands WHERE chore = 'store_sweep' AND subject <> 'all'");
}

const char *stored_plant(struct world *world, int number)
{
    const char *name = arena_format(&world->arena, "%064x", (unsigned)number);
    const char *const dirs[] = {arena_format(&world->arena, "%s/store", world->dir),
                                arena_format(&world->arena, "%s/store/%.2s", world->dir, name),
                                arena_format(&world->arena, "%s/store/%.2s/%.2s", world->dir, name, name + 2)};
    for (size_t i = 0; i < sizeof dirs / sizeof dirs[0]; i++)
        (void)mkdir(dirs[i], 0700);
    FILE *file = fopen(arena_format(&world->arena, "%s/%s", dirs[2], name), "w");
    if (file == NULL || fputs("a picture", file) < 0 || fclose(file) != 0)
        world_fail(world, "a picture can't be planted");
    return name;
}

void stored_age(struct world *world)
{
    look(world, true);
}

void stored_check_sweep(struct invariants *all)
{
    struct world *world = all->world;
    int64_t end_ms = net_now_ms() + SWEEP_MS;
    stored_age(world);
    db_result_free(world_sql(world, "UPDATE errands SET not_before = now() WHERE chore = 'store_sweep'"));
    world_start_daemon(world, NULL);
    while (world_int(world, "SELECT count(*) FROM errands WHERE chore = 'store_sweep'"
                            " AND (subject <> 'all' OR not_before < now() + interval '1 hour')") > 0 &&
           net_now_ms() < end_ms)
        (void)usleep(50 * 1000);
    if (world_stop_daemon(world, SIGTERM) != 0)
        world_fail(world, "it does not stop after the sweep");
    int64_t unnamed = stored_unnamed(world), missing = stored_missing(world), left = stored_errands(world);
    invariants_fact(all, left == 0, "pictures that are still to be swept: %" PRId64, left);
    invariants_fact(all, unnamed == 0, "pictures in the store that no row names: %" PRId64 " of %" PRId64, unnamed,
                    stored_count(world));
    invariants_fact(all, missing == 0, "pictures that rows name and the store has not: %" PRId64, missing);
}
