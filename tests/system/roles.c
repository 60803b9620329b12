/* Two daemons on one database and one store: one holds the bot and makes no photos, the other makes them and has
 * neither token nor key. Either is killed at any moment. Every set is whole all the same, each photo once; what the one
 * makes the other tells within seconds; and when nothing is left to be made, the bot asks the database nothing.
 *
 *   system_roles [SETS [KILLS]] */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/system/invariants.h"
#include "tests/system/scene.h"
#include "tests/system/secrets.h"

enum {
    SETS_MAX = 200,
    STUCK_S = 200,
    STUCK_SET_S = 12, /* more for each: all are made side by side */
    TOLD_MS = 5000,
    LOOK_MS = 150,
    LIFE_MIN_MS = 400,
    LIFE_MAX_MS = 9000, /* longer than it takes to be told: so that is seen, too */
    QUIET_MS = 6000,
    QUIET_BY_S = 60
};

static struct world world;
static struct user users[SETS_MAX];
static struct scene scene = {&world, users, 0, NULL};
static char worker_config[128], worker_log[128];
static pid_t worker;
static uint64_t dice = 88172645463325252U;

static int64_t roll(int64_t sides)
{
    dice ^= dice << 13;
    dice ^= dice >> 7;
    dice ^= dice << 17;
    return (int64_t)((dice >> 11) % (uint64_t)sides);
}

/* All that a worker needs. */
static void write_worker_config(void)
{
    (void)snprintf(worker_config, sizeof worker_config, "%s/worker.conf", world.dir);
    (void)snprintf(worker_log, sizeof worker_log, "%s/worker.log", world.dir);
    FILE *file = fopen(worker_config, "w");
    if (file == NULL ||
        fprintf(file,
                "roles = [ \"generate\" ];\ndatabase: { conninfo = \"%s\"; };\nstore: { path = \"store\"; };\n"
                "darkroom: { program = \"%s\"; %s };\nmaking: { %s };\ntexts_dir = \"%s\";\nstyles_dir = \"%s\";\n",
                world.conninfo, BINARY_DIR "/fotoset-darkroom", world.options.darkroom, world.options.making,
                SOURCE_DIR "/config/texts", "styles") < 0 ||
        fclose(file) != 0)
        world_fail(&world, "the worker's configuration can't be written");
}

static void start_worker(void)
{
    const char *args[] = {BINARY_DIR "/fotosetd", "run", "-c", worker_config, NULL};
    worker = world_spawn(args, worker_log);
}

static int stop_worker(int signal_number)
{
    int status = 0;
    (void)kill(worker, signal_number);
    if (waitpid(worker, &status, 0) != worker)
        world_fail(&world, "the worker was not there any more");
    return status;
}

/* The age of the oldest photo that was made and is not told, if the bot has been there for long enough to tell it. */
static int64_t untold_ms(void)
{
    int64_t age_ms = world_int(&world, "SELECT COALESCE(ceil(extract(epoch FROM max(clock_timestamp() - created_at))"
                                       " * 1000), 0)::bigint FROM bot_news WHERE kind = 'job_progress'");
    int64_t alive_ms = net_now_ms() - world.started_ms;
    return age_ms < alive_ms ? age_ms : alive_ms;
}

static void check_alive(void)
{
    int status = 0;
    if (world_daemon_ended(&world, &status) || waitpid(worker, &status, WNOHANG) != 0)
        world_fail(&world, "a daemon ended by itself, status %d", status);
}

/* Lets everybody walk to the end. Returns the longest time that something was untold, and counts the kills. */
static int64_t walk(int kills, int *ret_killed)
{
    int64_t longest_ms = 0, look_ms = 0, kill_ms = net_now_ms() + LIFE_MIN_MS;
    for (int left = scene.user_count; left > 0;) {
        left = scene.user_count;
        for (int i = 0; i < scene.user_count; i++) {
            user_run(&users[i]);
            user_fail_if_stuck(&users[i], STUCK_S + STUCK_SET_S * scene.user_count);
            left -= user_done(&users[i]);
        }
        net_step(world.net, 10);
        check_alive();
        if (net_now_ms() >= look_ms) {
            int64_t age_ms = untold_ms();
            longest_ms = age_ms > longest_ms ? age_ms : longest_ms;
            look_ms = net_now_ms() + LOOK_MS;
        }
        if (*ret_killed < kills && net_now_ms() >= kill_ms) {
            if ((*ret_killed)++ % 2 == 0) {
                (void)stop_worker(SIGKILL);
                start_worker();
            } else {
                (void)world_stop_daemon(&world, SIGKILL);
                world_start_daemon(&world, NULL);
            }
            kill_ms = net_now_ms() + LIFE_MIN_MS + roll(roll(8) == 0 ? LIFE_MAX_MS : LIFE_MAX_MS / 6);
        }
    }
    return longest_ms;
}

/* Nothing is to be made, and nobody writes: whoever holds the bot says nothing to Postgres, on neither connection.
 * (What the chats were promised for a little later may still come; what asks by the clock is never quiet for so long.)
 */
static void check_quiet(struct invariants *all)
{
    int64_t asked = 1, end_ms = net_now_ms() + QUIET_BY_S * 1000;
    while (asked > 0 && net_now_ms() < end_ms) {
        net_step(world.net, 500);
        asked = world_int(&world,
                          "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'fotoset' AND"
                          " pid <> pg_backend_pid() AND query_start > now() - interval '%d ms'",
                          QUIET_MS);
    }
    invariants_fact(all, asked == 0, "a quiet bot asks the database again and again");
}

int main(int argc, char **argv)
{
    int sets = argc > 1 ? (int)strtol(argv[1], NULL, 10) : 4, kills = argc > 2 ? (int)strtol(argv[2], NULL, 10) : 8;
    int killed = 0;
    struct user_plan plan = {.lang = "ru", .name = "Анна", .photos = 10, .size_px = 520, .tells_paid = true};
    world_begin(&world, &(struct world_options){.name = "roles",
                                                .seed = 17,
                                                .cheap_styles = true,
                                                .fast = true,
                                                .making = "lease_s = 10; max_attempts = 50; retry_base_s = 1;",
                                                .darkroom = "job_timeout_s = 4;",
                                                .config = "roles = [ \"poll\", \"send\" ];\n"});
    write_worker_config();
    world_start_daemon(&world, NULL);
    start_worker();
    secrets_keep(&world);
    scene.user_count = sets < 1 ? 1 : sets > SETS_MAX ? SETS_MAX : sets;
    for (int i = 0; i < scene.user_count; i++)
        user_begin(&users[i], &world, &plan, INT64_C(5300000001) + i);
    int64_t longest_ms = walk(kills, &killed);
    struct invariants all = {.world = &world, .users = users, .user_count = scene.user_count, .looks = true};
    invariants_fact(&all, longest_ms < TOLD_MS, "a photo was made and not told for %" PRId64 " ms", longest_ms);
    invariants_fact(&all,
                    world_int(&world, "SELECT count(*) FROM photo_tasks t JOIN bot_state s ON t.worker = s.owner") == 0,
                    "the bot's daemon made photos itself");
    int status = stop_worker(SIGTERM);
    invariants_fact(&all, WIFEXITED(status) && WEXITSTATUS(status) == 0, "the worker ended with status %d", status);
    check_quiet(&all);
    invariants_settle(&world);
    invariants_check(&all);
    printf("roles: %d sets, %d kills, untold for %" PRId64 " ms at most, %d facts hold, %" PRId64 " s\n",
           scene.user_count, killed, longest_ms, all.checked, (net_now_ms() - world.begun_ms) / 1000);
    return 0;
}
