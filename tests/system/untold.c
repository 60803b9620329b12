/* Killed between what became true of a payment and the turn that tells it, while the people are in the menu, where
 * nobody asks for it. Each hears of it after the next start, once, and as what it is: the money came; it came, but the
 * web application has deleted the account meanwhile; another sum came than was asked; it is another shop's; it came
 * though the order was given up; it came a second time. What a person must look at stands in a row. */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "db/payments.h"
#include "tests/system/invariants.h"
#include "tests/system/scene.h"
#include "tests/system/secrets.h"

#define SETTLED "payment_watch.after_settle"
#define PAID "Оплата получена!"
#define LATE "Оплата дошла — позже, чем ждали, но не зря!"
#define NO_AVATAR "Оплата пришла, когда аватара уже не было"
#define OTHER_SUM "Оплата пришла, но сумма не та, что в заказе"
#define NOT_AS_ASKED "Оплата пришла, но с заказом не сошлась"
#define TWICE "Этот заказ оплачен дважды"

#define MONEY "Деньги: посмотрите сами"
#define BACK                                                                                                           \
    "Вернул 500\xc2\xa0₽ — деньги за заказ, аватара для которого уже "     \
    "нет"

enum { LUCKY /* and the owner */, DELETED, WRONG_SUM, WRONG_SHOP, GIVEN_UP, USERS, SET = 23, STUCK_S = 90 };

static struct world world;
static struct user users[USERS];
static const struct scene still = {&world, users, 0, NULL}; /* nobody walks on by themselves */
static struct invariants all = {.world = &world};
static const char *payments[USERS];

static void sql(const char *statement)
{
    db_result_free(world_sql(&world, statement));
}

/* To the menu, with a link that can be paid. */
static void walk_to_menu(int user)
{
    int64_t id = users[user].id;
    scene_walk_to(&(struct scene){&world, &users[user], 1, NULL}, 0, USER_CONTACT);
    scene_await(&still, 1, "SELECT count(*) FROM bot_sessions WHERE state = 'contact' AND chat_id = %" PRId64, id);
    scene_write(&still, user, "anna@mail.ru");
    scene_await(&still, 1, "SELECT count(*) FROM bot_sessions WHERE state = 'checkout' AND chat_id = %" PRId64, id);
    scene_press(&still, user, "checkout", "order", 1);
    payments[user] = scene_await_link(&still, user);
    scene_press(&still, user, "*", "menu", 1);
    scene_await(&still, 1, "SELECT count(*) FROM bot_sessions WHERE state = 'menu' AND chat_id = %" PRId64, id);
}

/* … and goes back to cancel the order. */
static void give_up(int user)
{
    scene_press(&still, user, "*", "pay", 1);
    scene_press(&still, user, "pay", "cancel", 1);
    scene_await(&still, 1, "SELECT count(*) FROM orders WHERE status = 'canceled'");
}

/* The daemon settles the payment, and dies; the next one tells it. */
static void settle_and_die(int user, const char *words)
{
    int status = 0;
    int64_t end_ms = net_now_ms() + STUCK_S * 1000;
    (void)world_stop_daemon(&world, SIGTERM);
    scene_at_checkout(&still, payments[user], "pay", "{}");
    world_start_daemon(&world, SETTLED);
    while (!world_daemon_ended(&world, &status)) {
        net_step(world.net, 5);
        if (net_now_ms() > end_ms)
            world_fail(&world, "nobody comes to the step " SETTLED);
    }
    invariants_fact(&all, WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, "it ended with status %d", status);
    world_start_daemon(&world, NULL);
    scene_await_words(&still, user, words);
}

/* A second payment of an order comes to light while the daemon is away, as by whoever compares the lists. */
static void settle_twice(int user)
{
    struct db_unit *unit = db_unit_new();
    struct db_failure failure;
    int64_t order_id = world_int(&world, "SELECT order_id FROM bot_payments WHERE outside_id = '%s'", payments[user]);
    sql(arena_format(&world.arena,
                     "INSERT INTO bot_payments (outside_id, key, state, asked, order_id, user_id, created_at_ms)"
                     " SELECT 'second', 'second', 'pending', asked, order_id, user_id, created_at_ms FROM bot_payments"
                     " WHERE outside_id = '%s'",
                     payments[user]));
    (void)payments_add_seen(unit, &world.arena,
                            &(struct payments_seen){.provider = "yookassa",
                                                    .payment_id = "second",
                                                    .status = PAYMENTS_SAID_SUCCEEDED,
                                                    .paid = true,
                                                    .amount_kopecks = 50000,
                                                    .currency = "RUB",
                                                    .order_id = order_id});
    if (db_run(world.db, unit, STUCK_S * 1000, NULL, &failure) != ERR_OK)
        world_fail(&world, "it can't be settled: %s", failure.message);
    world_start_daemon(&world, NULL);
    scene_await_words(&still, user, TWICE);
}

static int says(int user, const char *words)
{
    struct json_object *messages = chat_messages(users[user].chat);
    int count = 0;
    for (size_t i = 0; i < json_object_array_length(messages); i++)
        count += strstr(chat_field(json_object_array_get_idx(messages, i), "text"), words) != NULL;
    return count;
}

/* Of all endings this one, once. */
static void hears_once(int user, const char *words)
{
    static const char *const endings[] = {PAID, LATE, NO_AVATAR, OTHER_SUM, NOT_AS_ASKED, TWICE};
    user_look(&users[user]);
    for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++) {
        int want = strcmp(endings[i], words) == 0;
        invariants_fact(&all, says(user, endings[i]) == want, "user %d hears \"%s\" %d times", user, endings[i],
                        says(user, endings[i]));
    }
}

static void counts(int64_t want, const char *what, const char *from)
{
    int64_t got = world_int(&world, "SELECT count(*) FROM %s", from);
    invariants_fact(&all, got == want, "%s: %" PRId64 ", want %" PRId64, what, got, want);
}

/* More sets at once than are loaded of a chat: the oldest of each chat is told all the same, though the photos of the
 * others are not made yet. */
static void tell_beside_many(void)
{
    sql("INSERT INTO generation_jobs (avatar_id, style_id, order_id, chat_id) SELECT avatar_id, style_id, NULL, chat_id"
        " FROM generation_jobs, generate_series(1, 40)");
    sql("INSERT INTO photo_tasks (job_id, index, prompt, recipe, not_before) SELECT id, 0, 'p', 'r', '2100-01-01'"
        " FROM generation_jobs WHERE told_at IS NULL");
    sql("UPDATE generation_jobs SET told_at = NULL");
    sql("SELECT news_add(chat_id, 'job_progress', id, 0, NULL) FROM generation_jobs");
    world_start_daemon(&world, NULL);
    scene_await(&still, 2, "SELECT count(*) FROM generation_jobs WHERE told_at IS NOT NULL");
    scene_await(&still, 0, "SELECT count(*) FROM bot_news");
    (void)world_stop_daemon(&world, SIGTERM);
}

/* "check --money", or "refunded <payment>". */
static void run_tool(const char *command, const char *what, int code, const char *want)
{
    const char *log = arena_format(&world.arena, "%s/money.log", world.dir);
    const char *args[] = {BINARY_DIR "/fotosetd", command, what, "-c", world.config, NULL};
    int status = 0;
    (void)waitpid(world_spawn(args, log), &status, 0);
    char *text = world_read(log);
    invariants_fact(&all, WIFEXITED(status) && WEXITSTATUS(status) == code && strstr(text, want) != NULL,
                    "%s %s ends with status %d, and says:\n%s", command, what, status, text);
    free(text);
}

/* The owner heard of what waits once, reads what it is, gives it back, and says so. */
static void ask_about_money(void)
{
    const char *number = arena_format(
        &world.arena, "%" PRId64,
        world_int(&world, "SELECT id FROM bot_payments WHERE outside_id = '%s'", payments[WRONG_SUM]));
    invariants_fact(&all, says(LUCKY, MONEY) >= 1, "the owner hears of money %d times", says(LUCKY, MONEY));
    run_tool("check", "--money", 0, "came where 1.00 RUB was asked");
    run_tool("check", "--money", 0, "0 rows about money are wrong, and 2 wait");
    run_tool("refunded", arena_format(&world.arena, "%s-000f-5000", number), 1,
             "no money came"); /* the provider's name */
    run_tool("refunded", number, 0, "went back");
    run_tool("refunded", number, 1, "went back before");
    run_tool("refunded", "0", 1, "no money came");
    run_tool("check", "--money", 0, "0 rows about money are wrong, and 1 wait");
    sql("UPDATE bot_payments SET received = received - 0.01 WHERE asked = 1");
    run_tool("check", "--money", 1, "stands in the books as");
}

static void prepare(struct world *made)
{
    made->options.config = "admins = [ 6000000201L ];\n";
}

int main(void)
{
    struct user_plan plan = {.lang = "ru", .name = "Анна", .photos = 10, .size_px = 520};
    world_begin(&world, &(struct world_options){
                            .name = "untold", .seed = 23, .cheap_styles = true, .fast = true, .prepare = prepare});
    world_start_daemon(&world, NULL);
    for (int i = 0; i < USERS; i++)
        user_begin(&users[i], &world, &plan, 6000000201 + i);
    secrets_keep(&world);
    for (int i = 0; i < USERS; i++)
        walk_to_menu(i);
    sql(arena_format(&world.arena, "DELETE FROM users WHERE telegram_user_id = %" PRId64, users[DELETED].id));
    sql(arena_format(&world.arena, "UPDATE bot_payments SET asked = 1 WHERE outside_id = '%s'", payments[WRONG_SUM]));
    sql(arena_format(&world.arena, "UPDATE bot_payments SET shop = 'other' WHERE outside_id = '%s'",
                     payments[WRONG_SHOP]));
    give_up(GIVEN_UP);
    settle_and_die(LUCKY, PAID);
    settle_and_die(DELETED, NO_AVATAR);
    scene_await_words(&still, DELETED, BACK);
    settle_and_die(WRONG_SUM, OTHER_SUM);
    scene_await_words(&still, LUCKY, MONEY);
    settle_and_die(WRONG_SHOP, NOT_AS_ASKED);
    settle_and_die(GIVEN_UP, LATE);
    scene_await(&still, 2, "SELECT count(*) FROM money_oddities WHERE told");
    scene_await(&still, 2, "SELECT count(*) FROM generation_jobs WHERE told_at IS NOT NULL");
    invariants_settle(&world);
    hears_once(LUCKY, PAID);
    hears_once(DELETED, NO_AVATAR);
    hears_once(WRONG_SUM, OTHER_SUM);
    hears_once(WRONG_SHOP, NOT_AS_ASKED);
    hears_once(GIVEN_UP, LATE);
    counts(0, "news that were not told", "bot_news");
    counts(USERS, "orders", "orders");
    counts(USERS, "payments that came", "bot_payments WHERE state = 'succeeded' AND received IS NOT NULL");
    counts(1, "payments of the deleted user, given back without them",
           "bot_payments p JOIN orders o ON o.id = p.order_id JOIN bot_refunds r ON r.payment_id = p.id"
           " WHERE r.why = 'avatar' AND r.state = 'succeeded' AND p.held IS NULL AND p.user_id IS NULL"
           " AND p.body IS NULL AND r.body IS NULL AND o.user_id IS NULL AND o.status = 'paid' AND o.reference_urls IS "
           "NULL");
    counts(1, "payments of a wrong sum, held", "bot_payments WHERE held = 'sum' AND received > asked");
    counts(USERS - 1, "true statuses in the web application's table", "payments WHERE status = 'succeeded'");
    ask_about_money();
    counts(2 * SET, "photos that were sent", "photo_tasks WHERE delivery = 'sent'");
    tell_beside_many();
    settle_twice(LUCKY);
    if (all.failed > 0)
        world_fail(&world, "%d of %d facts do not hold", all.failed, all.checked);
    printf("untold: %d facts hold, %" PRId64 " s\n", all.checked, (net_now_ms() - world.begun_ms) / 1000);
    return 0;
}
