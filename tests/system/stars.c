/* Telegram's stars as a second way to pay: the bot's yes before them comes at once and only to what may be paid; a kill
 * at any moment between the two loses and doubles nothing; paid twice, they go back by themselves; what the bot never
 * heard of is found in Telegram's own list; and without the database there is a kind no in time. */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/system/invariants.h"
#include "tests/system/scene.h"
#include "tests/system/secrets.h"

enum {
    STARS = 417, /* 500 roubles at 120 kopecks */
    AT_ONCE_MS = 1000,
    IN_TIME_MS = 9000, /* Telegram waits for 10 s */
    SLOW_S = 7,
    DB_WAIT_MS = 30000
};

static struct world world;
static struct user users[2]; /* who buys, and who has the link from somebody else */
static const struct scene scene = {&world, users, 2, &users[0]};
static struct invariants all = {.world = &world};

static void await_state(const char *state)
{
    scene_await(&scene, 1, "SELECT count(*) FROM bot_sessions WHERE chat_id = %" PRId64 " AND state = '%s'",
                users[0].id, state);
}

/* The newest order's number, once its invoice is in the chat; *ret_link lives as long as the world. */
static int64_t order(const char **ret_link)
{
    int64_t before = world_int(&world, "SELECT max(id) FROM orders");
    await_state("checkout");
    scene_press(&scene, 0, "checkout", "order", 1);
    scene_await(&scene, 1,
                "SELECT count(*) FROM bot_payments WHERE provider = 'stars' AND order_id > %" PRId64
                " AND state = 'pending' AND url IS NOT NULL AND asked = %d AND currency = 'XTR'",
                before, STARS);
    int64_t id = world_int(&world, "SELECT max(id) FROM orders");
    struct db_result *result = world_sql(
        &world, arena_format(&world.arena,
                             "SELECT url FROM bot_payments WHERE provider = 'stars' AND order_id = %" PRId64, id));
    *ret_link = arena_copy(&world.arena, db_text(result, 0, 0, 0));
    db_result_free(result);
    for (int64_t end_ms = net_now_ms() + SCENE_STUCK_S * 1000; net_now_ms() < end_ms; net_step(world.net, 20)) {
        user_look(&users[0]);
        if (strstr(json_object_to_json_string_ext(users[0].chat, JSON_C_TO_STRING_NOSLASHESCAPE), *ret_link) != NULL)
            return id;
    }
    world_fail(&world, "the invoice %s is not in the chat", *ret_link);
}

/* more: other members of what the sandbox is told. */
static void pay(int user, const char *link, const char *more)
{
    json_object_put(net_post(world.net, scene_path(&scene, user, "stars"), "{\"link\":\"%s\"%s}", link, more));
}

static struct json_object *list(struct json_object *stars, const char *name)
{
    struct json_object *found = NULL;
    (void)json_object_object_get_ex(stars, name, &found);
    return found;
}

/* How the newest question was answered, once it was: in ms; *ret_ok. */
static int64_t await_answer(bool *ret_ok)
{
    for (int64_t end_ms = net_now_ms() + IN_TIME_MS + DB_WAIT_MS; net_now_ms() < end_ms; net_step(world.net, 20)) {
        struct json_object *stars = net_get(world.net, "/api/stars"), *questions = list(stars, "questions");
        struct json_object *last = json_object_array_get_idx(questions, json_object_array_length(questions) - 1), *took,
                           *ok;
        (void)json_object_object_get_ex(last, "took_ms", &took);
        (void)json_object_object_get_ex(last, "ok", &ok);
        int64_t took_ms = json_object_get_int64(took);
        *ret_ok = json_object_get_boolean(ok);
        json_object_put(stars);
        if (took_ms >= 0)
            return took_ms;
    }
    world_fail(&world, "the bot never says whether stars may be taken");
}

static size_t transactions(void)
{
    struct json_object *stars = net_get(world.net, "/api/stars");
    size_t count = json_object_array_length(list(stars, "transactions"));
    json_object_put(stars);
    return count;
}

static void refused(int user, const char *link, const char *more, const char *why)
{
    bool ok;
    size_t before = transactions();
    pay(user, link, more);
    int64_t took_ms = await_answer(&ok);
    invariants_fact(&all, !ok && took_ms < AT_ONCE_MS, "%s: answered %s after %" PRId64 " ms", why, ok ? "yes" : "no",
                    took_ms);
    user_look(&users[user]);
    invariants_fact(&all, strstr(json_object_to_json_string(users[user].chat), why) != NULL,
                    "the payer is not told: %s", why);
    invariants_fact(&all, transactions() == before, "%s, and stars were taken", why);
}

static void await_paid(int64_t order_id)
{
    scene_await(
        &scene, 1,
        "SELECT count(DISTINCT j.id) FROM orders o JOIN generation_jobs j ON j.order_id = o.id JOIN bot_payments p"
        " ON p.order_id = o.id AND p.provider = 'stars' AND p.state = 'succeeded' AND p.held IS NULL"
        " WHERE o.id = %" PRId64 " AND o.status = 'paid'",
        order_id);
}

static void to_checkout_again(void)
{
    await_state("result");
    scene_press(&scene, 0, "*", "style", 1);
    await_state("style");
    scene_press(&scene, 0, "style", "choose", 1);
    await_state("checkout");
}

/* Whom the link is not for, what is not its price; then paid, at once; and not again. */
static void pay_once(void)
{
    const char *link;
    bool ok;
    int64_t id = order(&link);
    refused(1, link, "", "счёт не из вашего заказа");
    refused(0, link, ",\"stars\":1", "Сумма счёта не совпала");
    pay(0, link, "");
    int64_t took_ms = await_answer(&ok);
    invariants_fact(&all, ok && took_ms < AT_ONCE_MS, "the yes came after %" PRId64 " ms", took_ms);
    await_paid(id);
    refused(0, link, "", "уже оплачен");
    to_checkout_again();
}

/* What is not wanted any more is not let to be paid. */
static void give_up(void)
{
    const char *link;
    (void)order(&link);
    scene_press(&scene, 0, "pay", "cancel", 1);
    await_state("menu");
    refused(0, link, "", "больше не действует");
    scene_press(&scene, 0, "*", "my", 1);
    scene_press(&scene, 0, "*", "card", 1);
    scene_press(&scene, 0, "*", "style", 1);
    scene_press(&scene, 0, "style", "choose", 1);
}

/* Both are let, since neither is paid yet: the second one goes back by itself. */
static void pay_twice(void)
{
    const char *link;
    int64_t id = order(&link);
    pay(0, link, ",\"repeat\":2");
    await_paid(id);
    scene_await(
        &scene, 1,
        "SELECT count(*) FROM bot_refunds r JOIN bot_payments p ON p.id = r.payment_id WHERE p.order_id = %" PRId64
        " AND r.why = 'double' AND r.state = 'succeeded' AND p.payer = %" PRId64,
        id, users[0].id);
    invariants_fact(&all, world_int(&world, "SELECT count(*) FROM generation_jobs WHERE order_id = %" PRId64, id) == 1,
                    "an order that was paid twice has more than one set");
    to_checkout_again();
}

/* Killed where it is decided whether the stars are taken, and whether that is known. */
static void be_killed(const char *step)
{
    const char *link;
    int status = 0;
    int64_t id = order(&link);
    (void)world_stop_daemon(&world, SIGTERM);
    world_start_daemon(&world, step);
    pay(0, link, "");
    for (int64_t end_ms = net_now_ms() + SCENE_STUCK_S * 1000; !world_daemon_ended(&world, &status);
         net_step(world.net, 10))
        if (net_now_ms() > end_ms)
            world_fail(&world, "nobody comes to the step %s", step);
    world_start_daemon(&world, NULL);
    for (int64_t end_ms = net_now_ms() + IN_TIME_MS; net_now_ms() < end_ms; net_step(world.net, 50))
        if (world_int(&world, "SELECT count(*) FROM orders WHERE status = 'paid' AND id = %" PRId64, id) == 1)
            break;
    if (world_int(&world, "SELECT count(*) FROM orders WHERE status = 'paid' AND id = %" PRId64, id) == 0)
        pay(0, link, ""); /* the answer came too late: as the payer would */
    await_paid(id);
    invariants_fact(&all, world_int(&world, "SELECT count(*) FROM bot_refunds") == 1, "%s: more was paid than once",
                    step);
    to_checkout_again();
}

/* The update that told of it was lost: Telegram's list has it, and that an affiliate had a part of it. */
static void be_found(void)
{
    const char *link;
    bool ok;
    int64_t id = order(&link);
    pay(0, link, ",\"mute\":true,\"affiliate\":true");
    (void)await_answer(&ok);
    (void)world_stop_daemon(&world, SIGTERM);
    world_start_daemon(&world, NULL); /* looks as it starts */
    await_paid(id);
    scene_await(
        &scene, 1,
        "SELECT count(*) FROM bot_payments WHERE order_id = %" PRId64 " AND affiliate AND listed_at IS NOT NULL", id);
    scene_await(&scene, 0,
                "SELECT count(*) FROM bot_payments WHERE provider = 'stars' AND state = 'succeeded'"
                " AND listed_at IS NULL");
    scene_await(&scene, 0, "SELECT count(*) FROM bot_refunds WHERE listed_at IS NULL");
    invariants_fact(&all, world_int(&world, "SELECT count(*) FROM bot_payments WHERE affiliate") == 1,
                    "an affiliate is seen where there is none");
    to_checkout_again();
}

/* Nobody can look at the order: a kind no, while there is time; afterwards it may be paid. */
static void without_database(void)
{
    const char *link;
    bool ok;
    int64_t id = order(&link);
    scene_await(&scene, 0, "SELECT count(*) FROM outbox");
    pid_t child = fork();
    if (child == 0) {
        struct db *db = db_new(world.conninfo, NULL);
        struct db_unit *unit = db_unit_new();
        (void)db_unit_add(
            unit,
            arena_format(&world.arena, "DO $$ BEGIN LOCK TABLE bot_payments; PERFORM pg_sleep(%d); END $$", SLOW_S), 0,
            NULL);
        _exit(db_run(db, unit, DB_WAIT_MS, NULL, NULL) == ERR_OK ? 0 : 1);
    }
    (void)usleep(500 * 1000);
    pay(0, link, "");
    int64_t took_ms = await_answer(&ok);
    invariants_fact(&all, !ok && took_ms < IN_TIME_MS, "without the database: %s after %" PRId64 " ms",
                    ok ? "yes" : "no", took_ms);
    user_look(&users[0]);
    invariants_fact(&all, strstr(json_object_to_json_string(users[0].chat), "Не получается проверить заказ") != NULL,
                    "the payer is not told why");
    (void)waitpid(child, NULL, 0);
    pay(0, link, "");
    await_paid(id);
    await_state("result");
}

int main(void)
{
    struct user_plan plan = {.lang = "ru", .name = "Анна", .photos = 10, .size_px = 520};
    static const char *const kills[] = {"poll.batch", "checkout.before_answer", "checkout.answered",
                                        "turn.before_commit", "turn.committed"};
    world_begin(&world, &(struct world_options){.name = "stars",
                                                .seed = 7,
                                                .cheap_styles = true,
                                                .fast = true,
                                                .shop = "support = \"@help\";",
                                                .config = "stars: { enabled = true; kopecks_per_star = 120; };\n"});
    world_start_daemon(&world, NULL);
    for (int i = 0; i < 2; i++)
        user_begin(&users[i], &world, &plan, 6000000201 + i);
    secrets_keep(&world);
    scene_walk_to(&(struct scene){&world, users, 2, NULL}, 0, USER_ORDER);
    pay_once();
    give_up();
    pay_twice();
    for (size_t i = 0; i < sizeof kills / sizeof kills[0]; i++)
        be_killed(kills[i]);
    be_found();
    without_database();
    invariants_settle(&world);
    invariants_check(&all);
    printf("stars: %d facts hold, %" PRId64 " s\n", all.checked, (net_now_ms() - world.begun_ms) / 1000);
    return 0;
}
