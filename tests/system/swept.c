/* What is deleted leaves the store, whoever deletes it and however: one photo taken away, all started over, an avatar
 * with its finished set, an account that the web application deletes; and what nobody ever named. What is named stays.
 * The daemon is killed at every step of the sweep, and a second daemon sweeps beside it. */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/system/invariants.h"
#include "tests/system/scene.h"
#include "tests/system/stored.h"

enum { TIDY, BUYER, KEEPER, USERS, MINUTE_MS = 60 * 1000, STRANGER = 1000 };

static struct world world;
static struct user users[USERS];

static struct scene scene = {&world, users, USERS, NULL};

static void sql(const char *text)
{
    db_result_free(world_sql(&world, text));
}

/* Presses a button of the newest screen, once it is there. */
static void press(int user, const char *state, const char *action)
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

/* Until the store holds nothing without a name, and no errand is left to see to that; within a minute. Then nothing is
 * missing. */
static void await_swept(const char *what)
{
    int64_t from_ms = net_now_ms(), left;
    while ((left = stored_unnamed(&world)) > 0 || stored_errands(&world) > 0) {
        if (net_now_ms() - from_ms > MINUTE_MS)
            world_fail(&world, "%s: %" PRId64 " pictures stay in the store", what, left);
        net_step(world.net, 50);
    }
    if (stored_missing(&world) > 0)
        world_fail(&world, "%s: a picture that a row names is gone", what);
    printf("%s: swept after %" PRId64 " ms, %" PRId64 " stay\n", what, net_now_ms() - from_ms, stored_count(&world));
}

static int64_t references_of(int user)
{
    return world_int(&world,
                     "SELECT count(*) FROM reference_photos r JOIN avatars a ON a.id = r.avatar_id JOIN users u"
                     " ON u.id = a.user_id WHERE u.telegram_user_id = %" PRId64,
                     users[user].id);
}

static void take_photos_away(void)
{
    int64_t had = references_of(TIDY), lay = stored_count(&world);
    scene_write(&scene, TIDY, "/my");
    press(TIDY, "*", "card");
    press(TIDY, "*", "photos");
    press(TIDY, "photos", "drop");
    scene_await(&scene, had - 1,
                "SELECT count(*) FROM reference_photos r JOIN avatars a ON a.id = r.avatar_id JOIN users u"
                " ON u.id = a.user_id WHERE u.telegram_user_id = %" PRId64,
                users[TIDY].id);
    await_swept("one photo taken away");
    if (stored_count(&world) != lay - 1)
        world_fail(&world, "%" PRId64 " pictures lie in the store, want one less than %" PRId64, stored_count(&world),
                   lay);
    press(TIDY, "photos", "clear");
    press(TIDY, "photos_clear", "yes");
    scene_await(&scene, 0,
                "SELECT count(*) FROM reference_photos r JOIN avatars a ON a.id = r.avatar_id JOIN users u"
                " ON u.id = a.user_id WHERE u.telegram_user_id = %" PRId64,
                users[TIDY].id);
    await_swept("started over");
    if (stored_count(&world) != lay - had)
        world_fail(&world, "%" PRId64 " pictures lie in the store, want %" PRId64, stored_count(&world), lay - had);
}

static void delete_avatar(void)
{
    int64_t of_others = world_int(&world,
                                  "SELECT count(DISTINCT r.image_url) FROM (SELECT image_url, avatar_id FROM"
                                  " reference_photos UNION SELECT image_url, avatar_id FROM generated_photos) r"
                                  " JOIN avatars a ON a.id = r.avatar_id JOIN users u ON u.id = a.user_id"
                                  " WHERE u.telegram_user_id <> %" PRId64,
                                  users[BUYER].id);
    scene_write(&scene, BUYER, "/my");
    press(BUYER, "*", "card");
    press(BUYER, "*", "delete");
    press(BUYER, "delete", "yes");
    scene_await(&scene, 0,
                "SELECT count(*) FROM avatars a JOIN users u ON u.id = a.user_id WHERE u.telegram_user_id = %" PRId64,
                users[BUYER].id);
    await_swept("an avatar with its set deleted");
    if (stored_count(&world) != of_others)
        world_fail(&world, "%" PRId64 " pictures lie in the store, the others have %" PRId64, stored_count(&world),
                   of_others);
}

static void stop(void)
{
    int status = world_stop_daemon(&world, SIGTERM);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        world_fail(&world, "after SIGTERM the daemon's status is %d", status);
}

/* Until it has taken the bot: before that a SIGTERM just kills it. */
static void start(void)
{
    int64_t before = world_int(&world, "SELECT hashtext(owner) FROM bot_state");
    world_start_daemon(&world, NULL);
    for (int tries = 0; world_int(&world, "SELECT hashtext(owner) FROM bot_state") == before; tries++) {
        if (tries > SCENE_STUCK_S * 20)
            world_fail(&world, "it does not start");
        net_step(world.net, 50);
    }
}

/* A row goes whose picture nobody else names; the database notes it. */
static void note_one(int number)
{
    const char *name = stored_plant(&world, number);
    sql(arena_format(&world.arena,
                     "INSERT INTO reference_photos (avatar_id, image_url) SELECT max(id), 'store:%s' FROM avatars",
                     name));
    sql(arena_format(&world.arena, "DELETE FROM reference_photos WHERE image_url = 'store:%s'", name));
}

/* Killed before and after each call of the store and of the database, the next life ends it. */
static void kill_at_each_step(void)
{
    static const char *const steps[] = {"before_claim",  "after_claim", "before_call",  "before_call:2",
                                        "before_call:3", "after_call",  "after_call:2", "after_call:3",
                                        "before_commit", "after_commit"};
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        int status = 0;
        stop();
        note_one((int)i);
        world_start_daemon(&world, arena_format(&world.arena, "store_sweep.%s", steps[i]));
        for (int tries = 0; !world_daemon_ended(&world, &status); tries++) {
            if (tries > SCENE_STUCK_S * 20)
                world_fail(&world, "it never comes to store_sweep.%s", steps[i]);
            net_step(world.net, 50);
        }
        if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL)
            world_fail(&world, "at store_sweep.%s it ends with status %d", steps[i], status);
        sql("UPDATE errands SET lease_until = now() WHERE lease_token IS NOT NULL"); /* as if it was over */
        start();
        await_swept(steps[i]);
    }
}

/* The web application's own statement; the bot hears of it with the next start, at the latest. */
static void delete_account(void)
{
    sql(arena_format(&world.arena, "DELETE FROM users WHERE telegram_user_id = %" PRId64, users[KEEPER].id));
    start();
    await_swept("an account deleted by the web application");
    if (stored_count(&world) != 0)
        world_fail(&world, "%" PRId64 " pictures of nobody lie in the store", stored_count(&world));
}

int main(void)
{
    /* Buyer and Keeper send the same pictures: of one person, and of one size. */
    static const struct user_plan plans[USERS] = {
        [TIDY] = {.lang = "ru", .name = "Tidy", .photos = 10, .size_px = 600},
        [BUYER] = {.lang = "en", .name = "Buyer", .photos = 10, .size_px = 640, .order_presses = 1},
        [KEEPER] = {.lang = "en", .name = "Keeper", .photos = 10, .size_px = 640, .order_presses = 1},
    };
    world_begin(&world, &(struct world_options){.name = "swept", .cheap_styles = true, .fast = true, .seed = 1});
    for (int i = 0; i < USERS; i++)
        user_begin(&users[i], &world, &plans[i], 7000000000 + i);
    world_start_daemon(&world, NULL);
    scene_walk_to(&scene, TIDY, USER_STYLE);
    scene.held = &users[TIDY];
    scene_walk_to(&scene, BUYER, USER_DONE);
    scene_walk_to(&scene, KEEPER, USER_DONE);
    await_swept("all that was sent and made");
    take_photos_away();
    delete_avatar();
    kill_at_each_step();
    stop();
    struct invariants all = {.world = &world, .users = &users[KEEPER], .user_count = 1};
    (void)stored_plant(&world, STRANGER);
    stored_check_sweep(&all);
    delete_account();
    stop();
    if (all.failed > 0)
        world_fail(&world, "%d of %d facts don't hold", all.failed, all.checked);
    printf("swept: %d facts hold\n", all.checked);
    for (int i = 0; i < USERS; i++)
        user_end(&users[i]);
    world_end(&world);
    return 0;
}
