/* What people say, and where: a typo in the e-mail is mended by editing the message before paying, an older message is
 * edited in vain; and somebody walks the whole road in a topic of the chat, which is deleted in the end. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/system/invariants.h"
#include "tests/system/scene.h"
#include "tests/system/secrets.h"

#define MENDED "mended@example.org"

enum { EDITOR, IN_TOPIC, USERS };

static struct world world;
static struct user users[USERS];
static struct scene scene = {&world, users, USERS, NULL};

static int64_t number_of(struct json_object *object, const char *key)
{
    struct json_object *value = NULL;
    return json_object_object_get_ex(object, key, &value) ? json_object_get_int64(value) : 0;
}

/* The newest message of words that the user wrote, but for the last `older` ones. */
static int64_t words_id(int user, int older)
{
    user_look(&users[user]);
    struct json_object *messages = chat_messages(users[user].chat);
    for (size_t i = json_object_array_length(messages); i > 0; i--) {
        struct json_object *message = json_object_array_get_idx(messages, i - 1);
        if (strcmp(chat_field(message, "from"), "user") == 0 && strcmp(chat_field(message, "kind"), "text") == 0 &&
            older-- == 0)
            return number_of(message, "message_id");
    }
    world_fail(&world, "the user wrote nothing");
}

static void edit(int user, int64_t message_id, const char *text)
{
    json_object_put(net_post(world.net, scene_path(&scene, user, "edit"),
                             "{\"message_id\":%" PRId64 ",\"text\":\"%s\"}", message_id, text));
}

/* The last words were the e-mail, those before them the avatar's name. */
static void mend_the_contact(void)
{
    scene_walk_to(&scene, EDITOR, USER_ORDER);
    scene.held = &users[EDITOR];
    edit(EDITOR, words_id(EDITOR, 1), "Another name");
    edit(EDITOR, words_id(EDITOR, 0), MENDED);
    scene_await(&scene, 1,
                "SELECT count(*) FROM bot_users b JOIN users u ON u.id = b.user_id"
                " WHERE b.receipt_contact = '" MENDED "' AND u.telegram_user_id = %" PRId64,
                users[EDITOR].id);
    scene_await_words(&scene, EDITOR, MENDED);
    scene.held = NULL;
    users[EDITOR].since_ms = net_now_ms();
}

static void open_topic(void)
{
    struct json_object *opened = net_post(world.net, scene_path(&scene, IN_TOPIC, "topic"), "{\"name\":\"Photos\"}");
    if (number_of(opened, "thread_id") == 0)
        world_fail(&world, "the sandbox opens no topic");
    json_object_put(opened);
}

/* How many messages of the bot there are in the topic, or outside of all topics. */
static int count_messages(int user, int64_t topic)
{
    int count = 0;
    user_look(&users[user]);
    struct json_object *messages = chat_messages(users[user].chat);
    for (size_t i = 0; i < json_object_array_length(messages); i++) {
        struct json_object *message = json_object_array_get_idx(messages, i);
        count += strcmp(chat_field(message, "from"), "bot") == 0 && number_of(message, "thread_id") == topic;
    }
    return count;
}

/* A press whose update was on its way when the topic went: the answer comes all the same. */
static void delete_topic(int64_t topic)
{
    int64_t pressed = chat_screen(users[IN_TOPIC].chat, 0).message_id;
    json_object_put(net_post(world.net, scene_path(&scene, IN_TOPIC, "topic"),
                             "{\"thread_id\":%" PRId64 ",\"delete\":true}", topic));
    json_object_put(net_post(world.net, scene_path(&scene, IN_TOPIC, "raw"),
                             "{\"callback_query\":{\"id\":\"1\",\"from\":{\"id\":%" PRId64
                             ",\"is_bot\":false,\"first_name\":\"T\"},\"message\":{\"message_id\":%" PRId64
                             ",\"date\":1790000000,\"message_thread_id\":%" PRId64 ",\"chat\":{\"id\":%" PRId64
                             ",\"type\":\"private\"}},\"chat_instance\":\"1\",\"data\":\"*:0:settings:0\"}}",
                             users[IN_TOPIC].id, pressed, topic, users[IN_TOPIC].id));
    scene_await_words(&scene, IN_TOPIC, "Настройки");
}

int main(void)
{
    struct user_plan plan = {.lang = "ru", .name = "Анна", .photos = 10, .size_px = 520, .tells_paid = true};
    struct invariants all = {.world = &world, .users = users, .user_count = USERS};
    world_begin(&world, &(struct world_options){.name = "words", .seed = 23, .cheap_styles = true, .fast = true});
    world_start_daemon(&world, NULL);
    secrets_keep(&world);
    for (int i = 0; i < USERS; i++) {
        struct user_plan own = plan;
        own.again = i == IN_TOPIC;
        user_begin(&users[i], &world, &own, 8200000001 + i);
    }
    open_topic();
    mend_the_contact();
    user_run_all(&world, users, USERS, SCENE_STUCK_S, NULL);
    invariants_fact(
        &all,
        world_int(&world,
                  "SELECT count(*) FROM bot_payments JOIN orders o ON o.id = order_id WHERE body LIKE '%%" MENDED "%%'"
                  " AND chat_id = %" PRId64,
                  users[EDITOR].id) == 1,
        "the receipt does not go to the mended address");
    invariants_fact(&all, world_int(&world, "SELECT count(*) FROM avatars WHERE name <> 'Анна'") == 0,
                    "an edit of an older message renamed something");
    int64_t topic = world_int(&world, "SELECT thread_id FROM bot_sessions WHERE chat_id = %" PRId64,
                              users[IN_TOPIC].id);
    int inside = count_messages(IN_TOPIC, topic), outside = count_messages(IN_TOPIC, 0);
    invariants_fact(&all, topic != 0 && inside > 60 && outside == 0,
                    "%d of the bot's messages are in the topic, %d are not", inside, outside);
    invariants_fact(&all, count_messages(EDITOR, 0) > 20, "others are put into a topic");
    invariants_settle(&world);
    invariants_check(&all);
    world_start_daemon(&world, NULL);
    delete_topic(topic);
    invariants_settle(&world);
    printf("words: %d facts hold, %" PRId64 " s\n", all.checked, (net_now_ms() - world.begun_ms) / 1000);
    return 0;
}
