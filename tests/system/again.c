/* What is asked for again. The same set is ordered again: the link that works is offered again; and nobody has more
 * than three orders open, but is brought back to the oldest. Photos are asked for again, and Telegram has not got their
 * files any more: they come all the same, from the store. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tests/system/invariants.h"
#include "tests/system/scene.h"
#include "tests/system/secrets.h"

#define NO_FILE "Bad Request: wrong file identifier/HTTP URL specified"

enum { SET = 23, ALBUM = 10, OPEN_MAX = 3 };

static struct world world;
static struct user user;
static const struct scene scene = {&world, &user, 1, &user}, walking = {&world, &user, 1, NULL};
static struct invariants all = {.world = &world};

static void press(const char *state, const char *action)
{
    scene_press(&scene, 0, state, action, 1);
}

static void await_state(const char *state)
{
    scene_await(&scene, 1, "SELECT count(*) FROM bot_sessions WHERE state = '%s'", state);
}

/* From anywhere to the summary of the same set. */
static void come_back(void)
{
    scene_write(&scene, 0, "/my");
    await_state("my");
    press("*", "card");
    await_state("card");
    press("*", "style");
    await_state("style");
    press("style", "choose");
    await_state("checkout");
}

/* The payment that the link leads to. */
static const char *order(void)
{
    press("checkout", "order");
    await_state("pay");
    return scene_await_link(&scene, 0);
}

static void give_contact(const char *contact)
{
    press("checkout", "contact");
    await_state("contact");
    scene_write(&scene, 0, contact);
    await_state("checkout");
}

static void check_orders(int64_t want, const char *when)
{
    int64_t orders = world_int(&world, "SELECT count(*) FROM orders");
    invariants_fact(&all, orders == want, "%" PRId64 " orders %s, want %" PRId64, orders, when, want);
}

/* Returns the payment of the oldest order. */
static const char *order_again(void)
{
    static const char *const contacts[OPEN_MAX] = {"b@mail.ru", "c@mail.ru", "d@mail.ru"};
    await_state("contact");
    scene_write(&scene, 0, "a@mail.ru");
    await_state("checkout");
    const char *first = order();
    come_back();
    const char *again = order();
    invariants_fact(&all, strcmp(first, again) == 0, "the same set has the payments %s and %s", first, again);
    check_orders(1, "of the same");
    for (int i = 0; i < OPEN_MAX; i++) {
        come_back();
        give_contact(contacts[i]);
        again = order();
        bool is_room = i < OPEN_MAX - 1;
        invariants_fact(&all, (strcmp(first, again) != 0) == is_room, "order %d is offered the payment %s", i + 2,
                        again);
        check_orders(is_room ? i + 2 : OPEN_MAX, "are open");
    }
    return first;
}

/* Telegram has lost the files of the first album. */
static void send_again(void)
{
    int which[SET * 4];
    (void)world_int(&world, "CREATE TABLE test_ids AS SELECT job_id, index, photo_file_id FROM photo_tasks");
    json_object_put(net_post(world.net, "/api/faults",
                             "{\"service\":\"telegram\",\"method\":\"sendMediaGroup\",\"kind\":\"status\","
                             "\"status\":400,\"count\":1,\"description\":\"" NO_FILE "\"}"));
    scene_write(&scene, 0, "/my");
    await_state("my");
    press("*", "card");
    await_state("card");
    press("*", "again");
    int count = 0, right = 0;
    for (int64_t end_ms = net_now_ms() + SCENE_STUCK_S * 1000; count < 2 * SET && net_now_ms() < end_ms;) {
        net_step(world.net, 50);
        user_look(&user);
        count = chat_pictures(user.chat, "photo", which, NULL, SET * 4);
    }
    scene_await(&scene, 0, "SELECT count(*) FROM outbox");
    for (int i = 0; i < count; i++)
        right += which[i] == i % SET + 1;
    invariants_fact(&all, count == 2 * SET && right == count, "%d photos came, %d of them in order", count, right);
    int64_t uploaded = world_int(&world, "SELECT count(*) FROM photo_tasks t JOIN test_ids o USING (job_id, index)"
                                         " WHERE t.photo_file_id <> o.photo_file_id");
    invariants_fact(&all, uploaded == ALBUM, "%" PRId64 " photos were uploaded anew, want %d", uploaded, ALBUM);
}

int main(void)
{
    struct user_plan plan = {.lang = "ru", .name = "Анна", .photos = 10, .size_px = 520};
    world_begin(&world, &(struct world_options){.name = "again", .seed = 37, .cheap_styles = true, .fast = true});
    world_start_daemon(&world, NULL);
    secrets_keep(&world);
    user_begin(&user, &world, &plan, 6000000301);
    scene_walk_to(&walking, 0, USER_CONTACT);
    scene_at_checkout(&scene, order_again(), "pay", "{}");
    await_state("result");
    send_again();
    invariants_settle(&world);
    invariants_check(&all);
    printf("again: %d facts hold, %" PRId64 " s\n", all.checked, (net_now_ms() - world.begun_ms) / 1000);
    return 0;
}
