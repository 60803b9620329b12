/* Who goes when more waits than Telegram's limits let go, with the daemon's own rates as they are shipped. Three
 * hundred people want more new messages than may go, all the time; the albums of a set that somebody paid for meanwhile
 * leave all the same. And who presses a button while albums come to their own chat is answered between two of them. */
#include <inttypes.h>
#include <stdio.h>

#include "tests/system/invariants.h"
#include "tests/system/scene.h"
#include "tests/system/secrets.h"

enum {
    PAYER,
    USERS,
    SET = 23,
    ALBUMS = 3,
    CROWD = 300,
    FIRST_OF_CROWD = 1000000001,
    WAITING = 90,       /* screens kept in line: three seconds of all that may go */
    WAITING_LEAST = 30, /* … at any time: one second */
    SET_MAX_MS = 25000, /* the chat is sent one album in five seconds */
    PASS_MAX_MS = 4000  /* 2 s, and what a busy machine needs; the albums take 8 s */
};

static struct world world;
static struct user users[USERS];
static const struct scene scene = {&world, users, USERS, NULL}, still = {&world, users, 0, NULL};
static struct invariants all = {.world = &world};

static void sql(const char *statement)
{
    db_result_free(world_sql(&world, statement));
}

/* People who know the bot as long as the payer: they agreed, and stand in the menu. */
static void make_crowd(void)
{
    for (int i = 0; i < CROWD; i++)
        json_object_put(net_post(world.net, "/api/users",
                                 "{\"id\":%d,\"first_name\":\"Anna\",\"language_code\":\"ru\"}", FIRST_OF_CROWD + i));
    sql(arena_format(&world.arena,
                     "INSERT INTO users (device_id, telegram_user_id) SELECT 'tg:' || n, n"
                     " FROM generate_series(%d, %d) n",
                     FIRST_OF_CROWD, FIRST_OF_CROWD + CROWD - 1));
    sql("INSERT INTO bot_users (user_id, consent_version, consent_at) SELECT id, 1, now() FROM users"
        " ON CONFLICT DO NOTHING");
    sql(arena_format(
        &world.arena,
        "INSERT INTO bot_sessions SELECT (jsonb_populate_record(s, jsonb_build_object('chat_id', n, 'state',"
        " 'menu', 'screen_message_id', 0))).* FROM bot_sessions s, generate_series(%d, %d) n"
        " WHERE s.chat_id = %" PRId64,
        FIRST_OF_CROWD, FIRST_OF_CROWD + CROWD - 1, users[PAYER].id));
}

static int64_t waiting(void)
{
    return world_int(&world, "SELECT count(*) FROM outbox WHERE kind = 'screen' AND chat_id >= %d AND chat_id < %d",
                     FIRST_OF_CROWD, FIRST_OF_CROWD + CROWD);
}

/* So many more of the crowd ask for help, each after all others. Returns how many waited before. */
static int64_t flood(void)
{
    static int next;
    int64_t waited = waiting();
    for (int64_t i = waited; i < WAITING; i++, next++) {
        char path[64];
        (void)snprintf(path, sizeof path, "/api/chats/%d/text", FIRST_OF_CROWD + next % CROWD);
        json_object_put(net_post(world.net, path, "{\"text\":\"/help\"}"));
    }
    net_step(world.net, 50);
    return waited;
}

static int64_t albums(void)
{
    return world_int(&world, "SELECT count(*) FROM outbox WHERE kind = 'album'");
}

static int64_t sent_photos(void)
{
    return world_int(&world, "SELECT count(*) FROM photo_tasks WHERE delivery = 'sent'");
}

/* Nothing of a set may go, until all its albums wait. */
static void make_set(int64_t end_ms)
{
    scene_walk_to(&scene, PAYER, USER_PAY);
    const char *payment = scene_await_link(&still, PAYER);
    while (flood() < WAITING_LEAST)
        if (net_now_ms() > end_ms)
            world_fail(&world, "the crowd is too slow");
    json_object_put(net_post(world.net, "/api/faults",
                             "{\"service\":\"telegram\",\"method\":\"sendMediaGroup\",\"kind\":\"flood\","
                             "\"retry_after\":1,\"count\":0}"));
    scene_at_checkout(&still, payment, "pay", "{}");
    while (albums() < ALBUMS) {
        (void)flood();
        if (net_now_ms() > end_ms)
            world_fail(&world, "the set is not made");
    }
    net_delete(world.net, "/api/faults");
}

static bool is_in_menu(void)
{
    user_look(&users[PAYER]);
    struct screen screen = chat_screen(users[PAYER].chat, 0);
    return chat_button(&screen, "*", "settings") != NULL;
}

/* Pressed when the first album is there: the answer comes before the last one, though the chat's limit keeps the albums
 * apart. The crowd's new messages are in the way of neither. */
static void deliver_set(void)
{
    int64_t begun_ms = net_now_ms(), least = INT64_MAX, pressed_ms = 0, answered_ms = 0, left = 0;
    for (int64_t sent = 0; sent < SET; sent = sent_photos()) {
        int64_t waited = flood();
        least = waited < least ? waited : least;
        if (pressed_ms == 0 && sent > 0) {
            scene_press(&still, PAYER, "*", "menu", 1);
            pressed_ms = net_now_ms();
        }
        if (pressed_ms != 0 && answered_ms == 0 && is_in_menu()) {
            answered_ms = net_now_ms();
            left = albums();
        }
        if (net_now_ms() - begun_ms > SET_MAX_MS)
            world_fail(&world, "%d photos that were paid for are not sent after %d ms, while %" PRId64 " screens wait",
                       (int)(SET - sent), SET_MAX_MS, waiting());
    }
    int64_t took_ms = net_now_ms() - begun_ms, pass_ms = answered_ms == 0 ? took_ms : answered_ms - pressed_ms;
    invariants_fact(&all, least >= WAITING_LEAST, "only %" PRId64 " screens waited beside the albums", least);
    invariants_fact(&all, answered_ms != 0 && pass_ms < PASS_MAX_MS && left > 0,
                    "a press was answered after %" PRId64 " ms, with %" PRId64 " albums to come", pass_ms, left);
    printf("shares: a paid set was sent in %" PRId64 " ms while %" PRId64
           " screens waited; a press was answered after %" PRId64 " ms, with %" PRId64 " albums to come\n",
           took_ms, least, pass_ms, left);
}

int main(void)
{
    struct user_plan plan = {.lang = "ru", .name = "Анна", .photos = 10, .size_px = 520};
    world_begin(&world, &(struct world_options){.name = "shares", .seed = 31, .cheap_styles = true});
    world_start_daemon(&world, NULL);
    secrets_keep(&world);
    user_begin(&users[PAYER], &world, &plan, 8000000101);
    scene_walk_to(&scene, PAYER, USER_NAME);
    make_crowd();
    make_set(net_now_ms() + SCENE_STUCK_S * 1000);
    deliver_set();
    invariants_settle(&world);
    invariants_check(&all);
    printf("shares: %d facts hold, %" PRId64 " s\n", all.checked, (net_now_ms() - world.begun_ms) / 1000);
    return 0;
}
