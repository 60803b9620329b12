/* What nobody told the bot is found in YooKassa's lists. While the daemon is down money comes for a link that it had
 * seen expire, and for a payment whose creation was never answered; somebody gives money back in the cabinet; another
 * program of the same shop sells more than a page of things, some of which it tells nobody about; and one payment
 * stands in the books that YooKassa does not know. The daemon is killed at every step of the pass, then it passes: all
 * that is ours is settled once, what is others' is left alone, and the owner hears of what is odd. */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "tests/system/invariants.h"
#include "tests/system/scene.h"
#include "tests/system/secrets.h"

#define SHOP "100500:" WORLD_SHOP_SECRET
#define PAID "Уже делаю фотографии, пришлю их сюда." /* in time, or late */
#define MONEY "Деньги: посмотрите сами"
#define PASSED "SELECT count(*) FROM bot_reconciliations WHERE passed_at > to_timestamp(%" PRId64 " / 1000.0)"

enum {
    RICH /* and the owner: money goes back in the cabinet */,
    LATE,
    LOST,
    USERS,
    OTHERS = 120, /* more than a page */
    STRANGERS = 4,
    LINK_LIFE_MS = 61 * 60 * 1000,
    DOWN_MS = 3 * 60 * 60 * 1000,
    KILLS = 14,
    LIFE_MS = 1500,
    STUCK_S = 90
};

static struct world world;
static struct user users[USERS];
static const struct scene still = {&world, users, 0, NULL}; /* nobody walks on by themselves */
static struct invariants all = {.world = &world};
static const char *payments[USERS];

static void sql(const char *statement)
{
    db_result_free(world_sql(&world, statement));
}

static void counts(int64_t want, const char *what, const char *from)
{
    int64_t got = world_int(&world, "SELECT count(*) FROM %s", from);
    invariants_fact(&all, got == want, "%s: %" PRId64 ", want %" PRId64, what, got, want);
}

static void walk_to_pay(int user)
{
    int64_t id = users[user].id;
    scene_walk_to(&(struct scene){&world, &users[user], 1, NULL}, 0, USER_CONTACT);
    scene_await(&still, 1, "SELECT count(*) FROM bot_sessions WHERE state = 'contact' AND chat_id = %" PRId64, id);
    scene_write(&still, user, "anna@mail.ru");
    scene_await(&still, 1, "SELECT count(*) FROM bot_sessions WHERE state = 'checkout' AND chat_id = %" PRId64, id);
    scene_press(&still, user, "checkout", "order", 1);
}

/* A payment in the sandbox of this order of ours. */
static const char *payment_of_order(int64_t order_id)
{
    struct json_object *list = net_get(world.net, "/api/payments");
    const char *found = NULL, *want = arena_format(&world.arena, "%" PRId64, order_id);
    for (size_t i = 0; i < json_object_array_length(list); i++) {
        struct json_object *one = json_object_array_get_idx(list, i), *metadata = NULL;
        (void)json_object_object_get_ex(one, "metadata", &metadata);
        if (strcmp(chat_field(metadata, "order_id"), want) == 0)
            found = arena_copy(&world.arena, chat_field(one, "id"));
    }
    json_object_put(list);
    if (found == NULL)
        world_fail(&world, "YooKassa has no payment of order %s", want);
    return found;
}

/* It is over, YooKassa says; and is paid all the same. */
static void let_expire(void)
{
    walk_to_pay(LATE);
    payments[LATE] = scene_await_link(&still, LATE);
    json_object_put(net_post(world.net, "/api/clock", "{\"advance_ms\":%d}", LINK_LIFE_MS));
    scene_press(&still, LATE, "pay", "paid", 1);
    scene_await(&still, 1, "SELECT count(*) FROM bot_payments WHERE state = 'canceled' AND outside_id = '%s'",
                payments[LATE]);
}

/* The answer to its creation never comes, and its key grows too old to ask again. */
static void lose_name(void)
{
    json_object_put(net_post(world.net, "/api/faults",
                             "{\"service\":\"yookassa\",\"method\":\"POST /payments\",\"kind\":\"drop_after\","
                             "\"count\":0}"));
    walk_to_pay(LOST);
    scene_await(&still, 1, "SELECT count(*) FROM bot_payments WHERE state = 'creating'");
    int64_t order_id = world_int(&world, "SELECT order_id FROM bot_payments WHERE state = 'creating'");
    for (int64_t end_ms = net_now_ms() + LIFE_MS; net_now_ms() < end_ms;)
        net_step(world.net, 20);
    (void)world_stop_daemon(&world, SIGKILL);
    payments[LOST] = payment_of_order(order_id);
    net_delete(world.net, "/api/faults");
    sql("UPDATE bot_payments SET created_at_ms = created_at_ms - 86400000 WHERE state = 'creating'");
    world_start_daemon(&world, NULL);
    scene_await(&still, 1, "SELECT count(*) FROM bot_payments WHERE held = 'lost' AND outside_id IS NULL");
}

static void give_back(const char *sum, const char *fault)
{
    if (fault != NULL)
        json_object_put(net_post(world.net, "/api/faults", "%s", fault));
    json_object_put(
        net_shop(world.net, "/yookassa/v3/refunds", SHOP,
                 arena_format(&world.arena,
                              "{\"payment_id\":\"%s\",\"amount\":{\"value\":\"%s\",\"currency\":\"RUB\"},"
                              "\"receipt\":{\"customer\":{\"email\":\"a@b.ru\"},\"items\":[{\"description\":"
                              "\"Set\",\"quantity\":1,\"amount\":{\"value\":\"%s\",\"currency\":\"RUB\"},"
                              "\"vat_code\":1,\"payment_mode\":\"full_payment\",\"payment_subject\":"
                              "\"service\",\"measure\":\"piece\"}]}}",
                              payments[RICH], sum, sum)));
}

/* The other program knows its sales by rows in payments, but for a few of them; and counts its orders as we do. */
static void sell_others(void)
{
    int64_t order_id = world_int(&world, "SELECT min(id) FROM orders");
    for (int i = 0; i < OTHERS; i++) {
        struct json_object *made = net_shop(
            world.net, "/yookassa/v3/payments", SHOP,
            arena_format(&world.arena,
                         "{\"amount\":{\"value\":\"500.00\",\"currency\":\"RUB\"},\"capture\":true,\"confirmation\":"
                         "{\"type\":\"redirect\",\"return_url\":\"https://t.me/x\"},\"description\":\"Other\","
                         "\"metadata\":{\"order_id\":\"%" PRId64 "\"},\"receipt\":{\"customer\":{\"email\":\"a@b.ru\"},"
                         "\"items\":[{\"description\":\"Other\",\"quantity\":1,\"amount\":{\"value\":\"500.00\","
                         "\"currency\":\"RUB\"},\"vat_code\":1,\"payment_mode\":\"full_payment\",\"payment_subject\":"
                         "\"service\",\"measure\":\"piece\"}]}}",
                         order_id));
        scene_at_checkout(&still, chat_field(made, "id"), "pay", "{}");
        if (i >= STRANGERS)
            sql(arena_format(&world.arena,
                             "INSERT INTO payments (user_id, yookassa_payment_id, amount, status)"
                             " SELECT min(id), '%s', 500, 'succeeded' FROM users",
                             chat_field(made, "id")));
        json_object_put(made);
    }
}

static void happen_while_down(void)
{
    (void)world_stop_daemon(&world, SIGTERM);
    scene_at_checkout(&still, payments[LATE], "pay", "{\"force\":true}");
    scene_at_checkout(&still, payments[LOST], "pay", "{\"force\":true}");
    give_back("100.00", NULL);
    give_back("50.00", "{\"service\":\"refund\",\"method\":\"refund\",\"kind\":\"pending\",\"count\":1}");
    sell_others();
    sql("SELECT settle_payment('yookassa', 'of-nobody-at-all', 'succeeded', TRUE, 70.00, NULL, 'RUB', NULL, '100500',"
        " TRUE, NULL, '{payment,payment}', '{clearing:yookassa,held}', '{7000,-7000}')");
    json_object_put(net_post(world.net, "/api/clock", "{\"advance_ms\":%d}", DOWN_MS));
}

/* Killed before each call of the pass, one after the other: the mark stays until a pass is whole. */
static void kill_pass(void)
{
    int64_t mark = world_int(&world, "SELECT (extract(epoch FROM payments_since) * 1000)::bigint"
                                     " FROM bot_reconciliations");
    for (int call = 1; call <= KILLS; call++) {
        int status = 0;
        int64_t end_ms = net_now_ms() + STUCK_S * 1000;
        world_start_daemon(&world, arena_format(&world.arena, "payment_reconcile.%s:%d",
                                                call % 2 == 0 ? "after_call" : "before_call", call / 2 + 1));
        while (!world_daemon_ended(&world, &status)) {
            net_step(world.net, 5);
            if (net_now_ms() > end_ms)
                world_fail(&world, "the pass has no call number %d", call / 2 + 1);
        }
        invariants_fact(&all, WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, "it ended with status %d", status);
        int64_t now = world_int(&world, "SELECT (extract(epoch FROM payments_since) * 1000)::bigint"
                                        " FROM bot_reconciliations");
        invariants_fact(&all, now == mark, "the mark moves before the pass is over (kill %d)", call);
    }
}

static void pass(void)
{
    int64_t now_ms = world_int(&world, "SELECT (extract(epoch FROM now()) * 1000)::bigint");
    (void)world_stop_daemon(&world, SIGTERM);
    world_start_daemon(&world, NULL);
    scene_await(&still, 1, PASSED, now_ms);
}

static int says(int user, const char *words)
{
    struct json_object *messages = chat_messages(users[user].chat);
    int count = 0;
    for (size_t i = 0; i < json_object_array_length(messages); i++)
        count += strstr(chat_field(json_object_array_get_idx(messages, i), "text"), words) != NULL;
    return count;
}

static void check_settled(int user)
{
    scene_await_words(&still, user, PAID);
    scene_await(&still, 0, "SELECT count(*) FROM bot_news WHERE kind = 'payment_settled'");
    user_look(&users[user]);
    invariants_fact(&all, says(user, PAID) == 1, "user %d hears that it is paid %d times", user, says(user, PAID));
    counts(
        1, "orders of the user that are paid, with a set",
        arena_format(&world.arena,
                     "generation_jobs j JOIN orders o ON o.id = j.order_id JOIN bot_payments p ON p.order_id = o.id"
                     " JOIN payments m ON m.yookassa_payment_id = p.outside_id WHERE p.outside_id = '%s'"
                     " AND p.state = 'succeeded' AND p.held IS NULL AND o.status = 'paid' AND m.status = 'succeeded'",
                     payments[user]));
}

/* "check --money" */
static void ask_about_money(const char *want)
{
    const char *log = arena_format(&world.arena, "%s/money.log", world.dir);
    const char *args[] = {BINARY_DIR "/fotosetd", "check", "--money", "-c", world.config, NULL};
    int status = 0;
    (void)remove(log);
    (void)waitpid(world_spawn(args, log), &status, 0);
    char *text = world_read(log);
    invariants_fact(&all, strstr(text, want) != NULL, "check --money does not say \"%s\":\n%s", want, text);
    free(text);
}

static int64_t lists_asked(void)
{
    struct json_object *log = net_get(world.net, "/api/log?service=yookassa&method=GET%20/payments"), *list = NULL;
    (void)json_object_object_get_ex(log, "requests", &list);
    int64_t count = (int64_t)json_object_array_length(list);
    json_object_put(log);
    return count;
}

/* What was pending is over; what YooKassa does not know is so still. */
static void end_refund(void)
{
    struct json_object *list = net_get(world.net, "/api/refunds");
    for (size_t i = 0; i < json_object_array_length(list); i++) {
        struct json_object *one = json_object_array_get_idx(list, i);
        if (strcmp(chat_field(one, "status"), "pending") == 0)
            json_object_put(net_post(
                world.net, arena_format(&world.arena, "/api/refunds/%s/succeed", chat_field(one, "id")), "{}"));
    }
    json_object_put(list);
}

static void check_refunds(int64_t roubles)
{
    int64_t back = world_int(&world, "SELECT sum(amount)::bigint FROM bot_refunds WHERE state = 'succeeded'");
    invariants_fact(&all, back == roubles, "%" PRId64 " roubles went back, want %" PRId64, back, roubles);
    back = world_int(&world, "SELECT sum(amount)::bigint FROM ledger_postings WHERE account = 'refunds'");
    invariants_fact(&all, back == roubles * 100, "%" PRId64 " kopecks went back in the books", back);
}

static void prepare(struct world *made)
{
    made->options.config = "admins = [ 6000000301L ];\n";
}

int main(void)
{
    struct user_plan plan = {.lang = "ru", .name = "Анна", .photos = 10, .size_px = 520};
    world_begin(&world, &(struct world_options){
                            .name = "lists", .seed = 29, .cheap_styles = true, .fast = true, .prepare = prepare});
    world_start_daemon(&world, NULL);
    for (int i = 0; i < USERS; i++)
        user_begin(&users[i], &world, &plan, 6000000301 + i);
    secrets_keep(&world);
    walk_to_pay(RICH);
    payments[RICH] = scene_await_link(&still, RICH);
    scene_at_checkout(&still, payments[RICH], "pay", "{}");
    scene_await(&still, 1, "SELECT count(*) FROM generation_jobs WHERE told_at IS NOT NULL");
    lose_name(); /* first: the clock is moved after it */
    let_expire();
    happen_while_down();
    kill_pass();
    pass();
    check_settled(LATE);
    check_settled(LOST);
    check_refunds(100);
    counts(STRANGERS, "payments that are nobody's", "bot_differences WHERE what = 'stranger'");
    counts(1, "payments that YooKassa does not know", "bot_differences WHERE what = 'missing'");
    counts(0, "others' payments that are held",
           "bot_payments WHERE held IS NOT NULL AND outside_id <> 'of-nobody-at-all'");
    int64_t before = lists_asked();
    end_refund();
    pass();
    invariants_fact(&all, lists_asked() >= before + 2, "a pass of more than a page asks %" PRId64 " times",
                    lists_asked() - before);
    check_refunds(150);
    scene_await_words(&still, RICH, MONEY);
    ask_about_money("of-nobody-at-all");
    ask_about_money("there is no such payment");
    sql("UPDATE bot_differences SET found_at = found_at - interval '2 hours'");
    ask_about_money("neither an order's nor the web application's");
    pass();
    counts(0, "payments that were not compared", "bot_payments WHERE state = 'succeeded' AND compared_at IS NULL");
    invariants_fact(&all, world_int(&world, "SELECT reconcile_due('yookassa', '100500')::int") == 0,
                    "there is something to compare when all is");
    if (all.failed > 0)
        world_fail(&world, "%d of %d facts do not hold", all.failed, all.checked);
    printf("lists: %d facts hold, %" PRId64 " s\n", all.checked, (net_now_ms() - world.begun_ms) / 1000);
    return 0;
}
