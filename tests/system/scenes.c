/* Scenes beside the road, in one world: money that comes after "cancel", presses that come several times, strangers'
 * ids in buttons, updates that can't be read, update ids that start again elsewhere, a user who blocks the bot while
 * the photos are made, an old button, hostile files, a raised version. Afterwards the same invariants hold for
 * everybody. */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/system/invariants.h"
#include "tests/system/scene.h"
#include "tests/system/secrets.h"

enum { CANCELER, PRESSER, BLOCKER, HASTY, GUEST, USERS, POISON = 2 };

static struct world world;
static struct user users[USERS];

static const struct scene scene = {&world, users, USERS, NULL};

/* Garbage between good updates: two that are no updates at all, one that is nobody's message. */
static void send_poison(void)
{
    static const char *const garbage[POISON + 1] = {"{\"message\":\"no object\"}", "{\"callback_query\":[1,2,{}]}",
                                                    "{\"message\":{\"message_id\":\"seven\",\"chat\":7}}"};
    for (size_t i = 0; i < POISON + 1; i++)
        json_object_put(net_post(world.net, scene_path(&scene, GUEST, "raw"), "%s", garbage[i]));
}

static int64_t screen_of(int user)
{
    user_look(&users[user]);
    return chat_screen(users[user].chat, 0).message_id;
}

/* Presses what the screen never offered: objects of others, old versions, nonsense. Each is answered, nothing opens. */
static void press_strange_buttons(int user, int64_t job, int64_t avatar)
{
    const char *const data[] = {arena_format(&world.arena, "*:0:again:%" PRId64, job),
                                arena_format(&world.arena, "*:0:files:%" PRId64, job),
                                arena_format(&world.arena, "*:0:card:%" PRId64, avatar),
                                arena_format(&world.arena, "*:0:delete:%" PRId64, avatar),
                                arena_format(&world.arena, "*:0:pay:%" PRId64, job),
                                "checkout:1:order:0",
                                "*:0:no_such_place:1",
                                "*:0:card:99999999999999999999",
                                "\\u0001::"};
    for (size_t i = 0; i < sizeof data / sizeof data[0]; i++) {
        long status = 400;
        for (int tries = 0; status == 400 && tries < 20; tries++) /* the screen may go between the look and the press */
            status = net_post_status(world.net, scene_path(&scene, user, "press"),
                                     arena_format(&world.arena,
                                                  "{\"message_id\":%" PRId64 ",\"data\":\"%s\",\"force\":true}",
                                                  screen_of(user), data[i]));
        if (status != 200) {
            fprintf(stderr, "scenes: a strange button can't be pressed: %ld\n", status);
            exit(1);
        }
    }
}

/* Files that are no photos, or no good ones. None of them is taken in, none hurts anybody. */
static void send_hostile_files(int user)
{
    static const unsigned char png[] = "\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\xff\xff\0\0\xff\xff\x08\x02\0\0\0";
    static const unsigned char jpeg[] = "\xff\xd8\xff\xe0\0\x10JFIF\0\x01\x01\0\0\x01\0\x01\0\0\xff\xdb\0\x43";
    static const char text[] = "This is a letter and not a picture at all, whatever its name says.\n";
    static const struct {
        const char *name, *type;
        const void *bytes;
        size_t length;
    } files[] = {{"bomb.png", "image/png", png, sizeof png - 1},
                 {"half.jpg", "image/jpeg", jpeg, sizeof jpeg - 1},
                 {"letter.jpg", "image/jpeg", text, sizeof text - 1},
                 {"magic.png", "image/png", jpeg, sizeof jpeg - 1}};
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
        if (net_upload(world.net, scene_path(&scene, user, "photos?as=document"), files[i].name, files[i].type,
                       files[i].bytes, files[i].length) != 200)
            world_fail(&world, "the sandbox does not take %s", files[i].name);
}

/* The user blocks the bot when the money is there, and comes back when the set is made. */
static void block_and_come_back(void)
{
    struct user *user = &users[BLOCKER];
    scene_walk_to(&scene, BLOCKER, USER_RESULT);
    json_object_put(net_post(world.net, scene_path(&scene, BLOCKER, "block"), "{}"));
    scene_await(&scene, 23,
                "SELECT count(*) FROM photo_tasks t JOIN generation_jobs j ON j.id = job_id"
                " WHERE state = 'made' AND chat_id = %" PRId64,
                user->id);
    scene_await(&scene, 1, "SELECT count(*) FROM bot_users WHERE blocked_at IS NOT NULL");
    scene_write(&scene, BLOCKER, "/menu");
    scene_await(&scene, 23,
                "SELECT count(*) FROM photo_tasks t JOIN generation_jobs j ON j.id = job_id"
                " WHERE delivery = 'sent' AND chat_id = %" PRId64,
                user->id);
    user->step = USER_DONE; /* seen by the invariants */
}

/* After a quiet week the numbers of updates start again anywhere. */
static void restart_numbers(void)
{
    json_object_put(net_post(world.net, "/api/updates/restart_ids", "{}"));
    scene_write(&scene, GUEST, "/help");
    scene_await(&scene, 1, "SELECT count(*) FROM bot_sessions WHERE state = 'help' AND chat_id = %" PRId64,
                users[GUEST].id);
}

static void await_state(int user, const char *state)
{
    scene_await(&scene, 1, "SELECT count(*) FROM bot_sessions WHERE state = '%s' AND chat_id = %" PRId64, state,
                users[user].id);
}

/* The screen may be on its way: pressed once it is there. */
static void press_on(int user, const char *state, const char *action)
{
    const char *data = NULL;
    struct screen screen;
    for (int tries = 0; data == NULL && tries < SCENE_STUCK_S * 20; tries++) {
        net_step(world.net, 50);
        user_look(&users[user]);
        screen = chat_screen(users[user].chat, 0);
        data = chat_button(&screen, state, action);
    }
    if (data == NULL)
        world_fail(&world, "there is no button %s of %s", action, state);
    json_object_put(net_post(world.net, scene_path(&scene, user, "press"),
                             "{\"message_id\":%" PRId64 ",\"data\":\"%s\"}", screen.message_id, data));
}

/* The owner raises the versions of both texts, and starts again: asked with the next step, one after the other, and
 * back to where they were. Who takes no step is not asked. */
static void raise_versions(void)
{
    scene_write(&scene, GUEST, "/settings");
    await_state(GUEST, "settings");
    if (world_stop_daemon(&world, SIGTERM) != 0)
        world_fail(&world, "it does not stop");
    world.options.shop = "offer_version = 2; privacy_version = 2;";
    world_write_config(&world);
    world_start_daemon(&world, NULL);
    scene_write(&scene, GUEST, "hello");
    await_state(GUEST, "welcome");
    press_on(GUEST, "welcome", "accept");
    await_state(GUEST, "consent");
    press_on(GUEST, "consent", "agree");
    await_state(GUEST, "settings");
    users[GUEST].version_agreed = 2;
}

int main(void)
{
    struct user_plan plan = {.lang = "ru", .name = "Анна", .photos = 10, .size_px = 520, .tells_paid = true};
    world_begin(&world, &(struct world_options){.name = "scenes", .seed = 5, .cheap_styles = true, .fast = true});
    world_start_daemon(&world, NULL);
    for (int i = 0; i < USERS; i++) {
        struct user_plan own = plan;
        own.cancels = i == CANCELER;
        own.order_presses = i == PRESSER ? 5 : 1;
        own.early = i == HASTY;
        user_begin(&users[i], &world, &own, 6000000001 + i);
    }
    secrets_keep(&world);
    scene_walk_to(&scene, GUEST, USER_ENOUGH);
    send_poison();
    send_hostile_files(GUEST);
    scene_await(&scene, 4,
                "SELECT count(*) FROM photo_intake WHERE verdict IN ('incomplete', 'not_image', 'too_many_pixels')");
    block_and_come_back();
    user_run_all(&world, users, USERS, SCENE_STUCK_S, NULL);
    int64_t job = world_int(&world, "SELECT id FROM generation_jobs WHERE chat_id = %" PRId64, users[PRESSER].id);
    int64_t avatar = world_int(&world, "SELECT avatar_id FROM generation_jobs WHERE id = %" PRId64, job);
    press_strange_buttons(CANCELER, job, avatar);
    (void)usleep(500 * 1000);
    raise_versions();
    restart_numbers();
    invariants_settle(&world);
    struct invariants all = {.world = &world, .users = users, .user_count = USERS, .poison_expected = POISON};
    invariants_check(&all);
    printf("scenes: %d facts hold, %lld s\n", all.checked, (long long)(net_now_ms() - world.begun_ms) / 1000);
    return 0;
}
