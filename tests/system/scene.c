/* Walking and waiting. Nobody stands still while a scene waits for something: the others' lives go on. */
#include "tests/system/scene.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

static void run(const struct scene *scene, int wait_ms)
{
    int status = 0;
    if (world_daemon_ended(scene->world, &status))
        world_fail(scene->world, "the daemon ended by itself, status %d", status);
    for (int i = 0; i < scene->user_count; i++)
        if (&scene->users[i] != scene->held)
            user_run(&scene->users[i]);
    net_step(scene->world->net, wait_ms);
}

void scene_walk_to(const struct scene *scene, int user, enum user_step step)
{
    while (scene->users[user].step < step) {
        run(scene, 5);
        for (int i = 0; i < scene->user_count; i++)
            user_fail_if_stuck(&scene->users[i], SCENE_STUCK_S);
    }
}

void scene_await(const struct scene *scene, int64_t want, const char *format, ...)
{
    struct world *world = scene->world;
    int64_t end_ms = net_now_ms() + SCENE_STUCK_S * 1000;
    va_list args;
    va_start(args, format);
    const char *sql = arena_vformat(&world->arena, format, args);
    va_end(args);
    while (world_int(world, "%s", sql) != want) {
        run(scene, 20);
        if (net_now_ms() > end_ms)
            world_fail(world, "it never came to %" PRId64 ": %s", want, sql);
    }
}

void scene_await_words(const struct scene *scene, int user, const char *words)
{
    int64_t end_ms = net_now_ms() + SCENE_STUCK_S * 1000;
    for (user_look(&scene->users[user]); !chat_says(scene->users[user].chat, words); user_look(&scene->users[user])) {
        run(scene, 20);
        if (net_now_ms() > end_ms)
            world_fail(scene->world, "the chat never says \"%s\": %s", words,
                       json_object_to_json_string(scene->users[user].chat));
    }
}

char *scene_path(const struct scene *scene, int user, const char *deed)
{
    return arena_format(&scene->world->arena, "/api/chats/%" PRId64 "/%s", scene->users[user].id, deed);
}

void scene_press(const struct scene *scene, int user, const char *state, const char *action, int times)
{
    struct world *world = scene->world;
    int64_t end_ms = net_now_ms() + SCENE_STUCK_S * 1000;
    for (;;) {
        user_look(&scene->users[user]);
        struct screen screen = chat_screen(scene->users[user].chat, 0);
        const char *data = screen.buttons == NULL ? NULL : chat_button(&screen, state, action);
        if (data != NULL &&
            net_post_status(world->net, scene_path(scene, user, "press"),
                            arena_format(&world->arena, "{\"message_id\":%" PRId64 ",\"data\":\"%s\",\"repeat\":%d}",
                                         screen.message_id, data, times)) == 200)
            return;
        if (net_now_ms() > end_ms)
            world_fail(world, "there is no button %s:%s", state, action);
        net_step(world->net, 20);
    }
}

const char *scene_await_link(const struct scene *scene, int user)
{
    struct world *world = scene->world;
    int64_t end_ms = net_now_ms() + SCENE_STUCK_S * 1000;
    for (;;) {
        user_look(&scene->users[user]);
        struct screen screen = chat_screen(scene->users[user].chat, 0);
        const char *link = screen.buttons == NULL ? NULL : chat_link(&screen);
        const char *id = link == NULL ? NULL : strstr(link, "/checkout/");
        if (id != NULL)
            return arena_format(&world->arena, "%.*s", (int)strcspn(id + 10, "?/"), id + 10);
        if (net_now_ms() > end_ms)
            world_fail(world, "there is no link");
        net_step(world->net, 20);
    }
}

void scene_at_checkout(const struct scene *scene, const char *payment, const char *deed, const char *body)
{
    json_object_put(net_post(scene->world->net,
                             arena_format(&scene->world->arena, "/api/payments/%s/%s", payment, deed), "%s", body));
}

void scene_write(const struct scene *scene, int user, const char *text)
{
    struct json_object *body = json_object_new_object();
    json_object_object_add(body, "text", json_object_new_string(text));
    json_object_put(
        net_post(scene->world->net, scene_path(scene, user, "text"), "%s", json_object_to_json_string(body)));
    json_object_put(body);
}
