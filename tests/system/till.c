/* At the till, in one world and one chat: a contact that YooKassa does not take, a look at the payment that finds
 * nothing, or takes too long, banks that decline for each reason there is, a link whose time is over, and in the end
 * the set, whose files are asked for by an impatient finger. After each of them the person knows what is, and goes on
 * from there. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/system/invariants.h"
#include "tests/system/scene.h"
#include "tests/system/secrets.h"

#define NOT_YET "Пока не вижу оплату"

enum {
    SET = 23,
    PRESSES = 3,
    HEARD_MS = 3000, /* so long a look may take before something is said */
    SLACK_MS = 1500, /* of a busy machine, and of the test's own looking */
    ALBUM_MS = 2000, /* a slow line: a set is three albums */
    LINK_LIFE_MS = 61 * 60 * 1000
};

static struct world world;
static struct user user;
static const struct scene scene = {&world, &user, 1, &user};
static struct invariants all = {.world = &world};

static void press(const char *state, const char *action, int times)
{
    scene_press(&scene, 0, state, action, times);
}

static void await_state(const char *state)
{
    scene_await(&scene, 1, "SELECT count(*) FROM bot_sessions WHERE state = '%s'", state);
}

static void order(void)
{
    press("checkout", "order", 1);
    await_state("pay");
}

/* Telegram's own number, shared without the "+", and an address that can't be: both are asked for again, with the true
 * reason, and nothing else is. */
static void give_bad_contacts(void)
{
    await_state("contact");
    json_object_put(net_post(world.net, scene_path(&scene, 0, "contact"), "{\"phone\":\"88801234567\",\"own\":true}"));
    await_state("checkout");
    scene_await(&scene, 1, "SELECT count(*) FROM bot_users WHERE receipt_contact = '+88801234567'");
    press("checkout", "order", 1);
    scene_await_words(&scene, 0, "ЮKassa не принимает +88801234567 для чека");
    await_state("contact");
    scene_write(&scene, 0, "anna@mail.invalid");
    await_state("checkout");
    press("checkout", "order", 1);
    scene_await_words(&scene, 0, "ЮKassa не принимает anna@mail.invalid для чека");
    scene_await(&scene, 2, "SELECT count(*) FROM bot_payments WHERE state = 'failed' AND reason = 'contact'");
    scene_await(&scene, 1, "SELECT count(*) FROM bot_users WHERE receipt_contact IS NULL");
    await_state("contact");
    scene_write(&scene, 0, "anna@mail.ru");
    await_state("checkout");
}

/* How long it took until the look was answered. */
static int64_t look(void)
{
    int64_t began_ms = net_now_ms();
    press("pay", "paid", 1);
    scene_await_words(&scene, 0, NOT_YET);
    return net_now_ms() - began_ms;
}

/* The look finds nothing, at once; then YooKassa takes too long, has trouble, or hangs up, and the same is said in time
 * all the same. */
static void look_in_vain(void)
{
    static const char *const faults[] = {NULL, "\"kind\":\"delay\",\"ms\":8000", "\"kind\":\"status\",\"status\":503",
                                         "\"kind\":\"drop_before\""};
    (void)scene_await_link(&scene, 0);
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        if (faults[i] != NULL)
            json_object_put(net_post(world.net, "/api/faults",
                                     "{\"service\":\"yookassa\",\"method\":\"*\",%s,\"count\":0}", faults[i]));
        int64_t took_ms = look();
        invariants_fact(&all, took_ms < HEARD_MS + SLACK_MS, "look %zu was answered after %" PRId64 " ms", i, took_ms);
        net_delete(world.net, "/api/faults");
        scene_write(&scene, 0, "оплатила!");
        scene_await_words(&scene, 0, "Жду оплату по кнопке ниже");
        user_look(&user);
        invariants_fact(&all, !chat_says(user.chat, NOT_YET), "the answer to the look is over");
    }
}

/* Each end that a bank or YooKassa can put to it, told as what it is; then what the clock says. */
static void fail_to_pay(void)
{
    static const char *const ends[][2] = {
        {"insufficient_funds", "На карте не хватило денег, ничего не списано"},
        {"3d_secure_failed", "Банк не дождался подтверждения"},
        {"card_expired", "Банк не узнал карту"},
        {"payment_method_limit_exceeded", "Эта сумма больше лимита карты"},
        {"fraud_suspected", "Так заплатить не получится"},
        {"call_issuer", "Ваш банк остановил оплату и ждёт звонка"},
        {"issuer_unavailable", "Банк сейчас не отвечает"},
        {"general_decline", "Банк не пропустил оплату"},
        {"internal_timeout", "Оплата не прошла, деньги не списаны"},
    };
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        scene_at_checkout(&scene, scene_await_link(&scene, 0), "decline",
                          arena_format(&world.arena, "{\"reason\":\"%s\"}", ends[i][0]));
        scene_await_words(&scene, 0, ends[i][1]);
        order();
    }
    (void)scene_await_link(&scene, 0);
    json_object_put(net_post(world.net, "/api/clock", "{\"advance_ms\":%d}", LINK_LIFE_MS));
    press("pay", "paid", 1);
    scene_await_words(&scene, 0, "Время ссылки вышло, деньги не списаны");
    order();
}

/* Where the closing line lies among the bot's messages, and how many there are; documents behind it. */
static void count_closings(int *ret_closings, int *ret_behind)
{
    struct json_object *messages = chat_messages(user.chat);
    *ret_closings = *ret_behind = 0;
    for (size_t i = 0; i < json_object_array_length(messages); i++) {
        struct json_object *message = json_object_array_get_idx(messages, i);
        if (strstr(chat_field(message, "text"), "файлами, в полном качестве. Что дальше?") != NULL)
            ++*ret_closings;
        else if (*ret_closings > 0 && strcmp(chat_field(message, "kind"), "document") == 0)
            ++*ret_behind;
    }
}

static void take_files(void)
{
    int which[PRESSES * SET * 2], closings = 0, behind = 0;
    scene_at_checkout(&scene, scene_await_link(&scene, 0), "pay", "{}");
    await_state("result");
    json_object_put(net_post(world.net, "/api/faults",
                             "{\"service\":\"telegram\",\"method\":\"sendMediaGroup\",\"kind\":\"delay\",\"ms\":%d,"
                             "\"count\":9}",
                             ALBUM_MS));
    press("*", "files", PRESSES); /* at once … */
    scene_await(&scene, 1, "SELECT LEAST(1, count(*)) FROM photo_tasks WHERE document_file_id IS NOT NULL");
    user_look(&user);
    press("*", "files", 1); /* … and while they come */
    scene_await_words(&scene, 0, "файлами, в полном качестве. Что дальше?");
    net_delete(world.net, "/api/faults");
    scene_await(&scene, 0, "SELECT count(*) FROM outbox");
    user_look(&user);
    count_closings(&closings, &behind);
    int count = chat_pictures(user.chat, "document", which, NULL, PRESSES * SET * 2);
    invariants_fact(&all, count == SET, "%d files came, want %d", count, SET);
    invariants_fact(&all, closings == 1 && behind == 0, "%d closing lines, %d files behind the first", closings,
                    behind);
}

int main(void)
{
    struct user_plan plan = {.lang = "ru", .name = "Анна", .photos = 10, .size_px = 520};
    world_begin(&world, &(struct world_options){.name = "till", .seed = 11, .cheap_styles = true, .fast = true});
    world_start_daemon(&world, NULL);
    user_begin(&user, &world, &plan, 6000000101);
    secrets_keep(&world);
    scene_walk_to(&(struct scene){&world, &user, 1, NULL}, 0, USER_CONTACT);
    give_bad_contacts();
    order();
    look_in_vain();
    fail_to_pay();
    take_files();
    invariants_settle(&world);
    invariants_check(&all);
    printf("till: %d facts hold, %lld s\n", all.checked, (long long)(net_now_ms() - world.begun_ms) / 1000);
    return 0;
}
