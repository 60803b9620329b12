/* Answers that pass, while people walk the road: a token that is unknown once, at the start and later, to this method
 * and that; files that are not to be had for a while; a webhook and another poller behind our back. Nothing of it is
 * final, and nobody notices. Only a successor who holds the bot in the database is. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "tests/system/invariants.h"
#include "tests/system/scene.h"
#include "tests/system/secrets.h"

#define BOT "/bot" WORLD_TOKEN
#define AWAY "Bad Request: wrong file_id or the file is temporarily unavailable"

enum { WALKER, GUEST, USERS, PHOTOS = 10, POLLS = 4, TAKEN_OVER = 75 };

static struct world world;
static struct user users[USERS];
static struct scene scene = {&world, users, USERS, NULL};

static void refuse(const char *service, const char *method, int status, const char *description, int skip, int count)
{
    json_object_put(net_post(world.net, "/api/faults",
                             "{\"service\":\"%s\",\"method\":\"%s\",\"kind\":\"status\",\"status\":%d,"
                             "\"description\":\"%s\",\"skip\":%d,\"count\":%d}",
                             service, method, status, description, skip, count));
}

static void plant(void)
{
    static const struct {
        const char *method;
        int status;
        const char *description;
        int skip;
    } answers[] = {{"getMe", 401, "Unauthorized", 0},
                   {"getMe", 404, "Not Found", 0},
                   {"getMe", 403, "Forbidden", 0},
                   {"deleteWebhook", 401, "Unauthorized", 0},
                   {"setMyCommands", 404, "Not Found", 0},
                   {"setMyDescription", 500, "Internal Server Error", 0},
                   {"getUpdates", 401, "Unauthorized", 1},
                   {"getUpdates", 404, "Not Found", 3},
                   {"getUpdates", 400, "Bad Request: as it likes", 5},
                   {"getUpdates", 403, "Forbidden", 7},
                   {"getUpdates", 401, "Unauthorized", 9},
                   {"sendMessage", 401, "Unauthorized", 1},
                   {"sendMessage", 404, "Not Found", 2},
                   {"editMessageText", 401, "Unauthorized", 1},
                   {"sendMediaGroup", 401, "Unauthorized", USERS},
                   {"sendMediaGroup", 404, "Not Found", USERS + 2}};
    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++)
        refuse("telegram", answers[i].method, answers[i].status, answers[i].description, answers[i].skip, 1);
    refuse("telegram", "getFile", 400, AWAY, 0, PHOTOS);
    refuse("telegram", "getFile", 401, "Unauthorized", 3, 1);
    refuse("file", "*", 404, "Not Found", 2, 5);
}

/* Another program's call with our token. */
static long call(const char *method, const char *params)
{
    return net_post_status(world.net, arena_format(&world.arena, BOT "/%s", method), params);
}

static void await_state(const char *command, const char *state)
{
    scene_write(&scene, GUEST, command);
    scene_await(&scene, 1, "SELECT count(*) FROM bot_sessions WHERE state = '%s' AND chat_id = %" PRId64, state,
                users[GUEST].id);
}

static void set_webhook(void)
{
    if (call("setWebhook", "{\"url\":\"https://elsewhere.test/hook\"}") != 200)
        world_fail(&world, "the sandbox does not take a webhook");
    await_state("/help", "help");
}

/* Asks in our place a few times, as a second instance of some other bot program would. What it sees of our updates is
 * not confirmed, so nothing is lost. */
static void poll_beside(void)
{
    for (int i = 0; i < POLLS; i++) {
        long status = call("getUpdates", "{\"timeout\":0}");
        if (status != 200 && status != 409) /* whoever asks later wins */
            world_fail(&world, "the sandbox lets nobody else poll");
        net_step(world.net, 300);
    }
    await_state("/settings", "settings");
}

/* The next conflict tells the daemon, though it has nothing to commit. */
static void take_over(struct invariants *all)
{
    int status = 0;
    db_result_free(world_sql(&world, "UPDATE bot_state SET owner = 'somebody else'"));
    int64_t end_ms = net_now_ms() + SCENE_STUCK_S * 1000;
    while (!world_daemon_ended(&world, &status) && net_now_ms() < end_ms) {
        (void)call("getUpdates", "{\"timeout\":0,\"offset\":0}");
        net_step(world.net, 500);
    }
    invariants_fact(all, WIFEXITED(status) && WEXITSTATUS(status) == TAKEN_OVER,
                    "the daemon whose bot was taken over ended with status %d", status);
}

static void check_log(struct invariants *all)
{
    static const char *const told[] = {
        "Telegram does not know the bot's token (1 of 6)", "Telegram does not know the bot's token (1): was it revoked",
        "a webhook was set for this bot by another program", "another program asks for this bot's updates",
        "another daemon took over this bot"};
    char *log = world_read(world.log);
    for (size_t i = 0; i < sizeof told / sizeof told[0]; i++)
        invariants_fact(all, strstr(log, told[i]) != NULL, "the log never says: %s", told[i]);
    free(log);
}

static void check_met(struct invariants *all)
{
    struct json_object *left = net_get(world.net, "/api/faults");
    for (size_t i = 0; i < json_object_array_length(left); i++)
        invariants_fact(all, false, "a refusal was never met: %s",
                        json_object_to_json_string(json_object_array_get_idx(left, i)));
    json_object_put(left);
}

int main(void)
{
    struct user_plan plan = {.lang = "ru", .name = "Анна", .photos = PHOTOS, .size_px = 520, .tells_paid = true};
    struct invariants all = {.world = &world, .users = users, .user_count = USERS};
    world_begin(&world, &(struct world_options){.name = "doubts", .seed = 17, .cheap_styles = true, .fast = true});
    plant();
    world_start_daemon(&world, NULL);
    secrets_keep(&world);
    for (int i = 0; i < USERS; i++)
        user_begin(&users[i], &world, &plan, 8100000001 + i);
    user_run_all(&world, users, USERS, SCENE_STUCK_S, NULL);
    check_met(&all);
    set_webhook();
    poll_beside();
    invariants_fact(&all, world_int(&world, "SELECT count(*) FROM photo_intake WHERE verdict <> 'good'") == 0,
                    "a photo that came later was refused");
    take_over(&all);
    check_log(&all);
    world_start_daemon(&world, NULL);
    await_state("/my", "my");
    invariants_settle(&world);
    invariants_check(&all);
    printf("doubts: %d facts hold, %" PRId64 " s\n", all.checked, (net_now_ms() - world.begun_ms) / 1000);
    return 0;
}
