/* The start finds messages that an earlier life committed and did not send. As long as they can't be read, nobody may
 * add to them: what a turn commits meanwhile would be read along with them, and sent twice. Here a table that the
 * reading needs is locked for seconds, somebody writes, and Telegram is slow, so that the answer is still on its way
 * when the reading succeeds. */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/system/invariants.h"
#include "tests/system/scene.h"
#include "tests/system/secrets.h"

#define ANSWER "Как это работает"

enum { LOCKED_S = 4, SLOW_MS = 6000 };

static struct world world;
static struct user user;
static const struct scene scene = {&world, &user, 1, NULL}, still = {&world, &user, 0, NULL};

static void prepare(struct world *of)
{
    of->conninfo = arena_format(&of->arena, "%s options='-c lock_timeout=500'", of->conninfo);
}

static void ignore(void *context, const struct db_result *result, const struct db_failure *failure)
{
    (void)context;
    (void)result;
    (void)failure;
}

/* Holds the table by a statement that sleeps; the caller frees the connection. */
static struct db *lock(void)
{
    struct db *side = db_new(world.conninfo, NULL);
    struct db_unit *unit = db_unit_new();
    (void)db_unit_add(unit,
                      arena_format(&world.arena,
                                   "DO $$ BEGIN LOCK TABLE sent_files IN ACCESS EXCLUSIVE MODE;"
                                   " PERFORM pg_sleep(%d); END $$",
                                   LOCKED_S),
                      0, NULL);
    db_submit(side, unit, ignore, NULL);
    while (world_int(&world, "SELECT count(*) FROM pg_locks WHERE relation = 'sent_files'::regclass AND"
                             " mode = 'AccessExclusiveLock' AND granted") == 0) {
        struct pollfd wanted = {db_fd(side), db_events(side), 0};
        (void)poll(&wanted, 1, 10);
        db_ready(side, wanted.revents, net_now_ms());
    }
    return side;
}

static int answers(void)
{
    int count = 0;
    user_look(&user);
    struct json_object *messages = chat_messages(user.chat);
    for (size_t i = 0; i < json_object_array_length(messages); i++)
        count += strstr(chat_field(json_object_array_get_idx(messages, i), "text"), ANSWER) != NULL;
    return count;
}

int main(void)
{
    struct user_plan plan = {.lang = "ru", .name = "Анна", .photos = 10, .size_px = 520, .tells_paid = true};
    struct invariants all = {.world = &world, .users = &user, .user_count = 1};
    world_begin(&world, &(struct world_options){
                            .name = "barrier", .seed = 23, .cheap_styles = true, .fast = true, .prepare = prepare});
    world_start_daemon(&world, NULL);
    secrets_keep(&world);
    user_begin(&user, &world, &plan, 5400000001);
    scene_walk_to(&scene, 0, USER_DONE);
    (void)world_stop_daemon(&world, SIGTERM);
    json_object_put(net_post(world.net, "/api/faults",
                             "{\"service\":\"telegram\",\"method\":\"sendMessage\",\"kind\":\"delay\",\"ms\":%d,"
                             "\"count\":0}",
                             SLOW_MS));
    int64_t before = world_int(&world, "SELECT next_offset FROM bot_state");
    struct db *side = lock();
    world_start_daemon(&world, NULL);
    scene_write(&still, 0, "/help");
    scene_await(&still, 1, "SELECT (next_offset <> %lld)::int FROM bot_state", (long long)before);
    scene_await(&still, 0, "SELECT count(*) FROM outbox");
    db_free(side);
    net_delete(world.net, "/api/faults");
    char *log = world_read(world.log);
    invariants_fact(&all, strstr(log, "can't be loaded yet") != NULL, "what waits was read at once");
    free(log);
    invariants_fact(&all, answers() == 1, "the answer came %d times", answers());
    invariants_settle(&world);
    invariants_check(&all);
    printf("barrier: %d facts hold\n", all.checked);
    return 0;
}
