/* Money goes back by itself, over HTTP and under kill -9. A set of which nothing can be made gives all of it back; one
 * that lacks some photos their share, though the daemon is killed between YooKassa's answer and the books, and YooKassa
 * takes its time; a payment whose avatar is gone goes back although the first answer is no; and a person has the rest
 * of one given back. YooKassa's side, the books and what the payer reads are one, to the kopeck. */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "tests/system/invariants.h"
#include "tests/system/scene.h"
#include "tests/system/secrets.h"

enum { STUCK_S = 90, MISSING = 4, PHOTOS = 23 };

static struct world world;
static struct user user;
static const struct scene scene = {&world, &user, 1, &user};
static struct invariants all = {.world = &world};

static void sql(const char *statement)
{
    db_result_free(world_sql(&world, statement));
}

static void await_state(const char *state)
{
    scene_await(&scene, 1, "SELECT count(*) FROM bot_sessions WHERE state = '%s'", state);
}

static void fault(const char *json)
{
    json_object_put(net_post(world.net, "/api/faults", "%s", json));
}

static void restart(void)
{
    (void)world_stop_daemon(&world, SIGTERM);
    world_start_daemon(&world, NULL);
}

/* "100 ₽", "17,40 ₽" */
static const char *roubles(int64_t kopecks)
{
    return kopecks % 100 == 0
               ? arena_format(&world.arena, "%" PRId64 "\xc2\xa0₽", kopecks / 100)
               : arena_format(&world.arena, "%" PRId64 ",%02d\xc2\xa0₽", kopecks / 100, (int)(kopecks % 100));
}

/* Another order of the same avatar; its payment. */
static const char *order_again(void)
{
    static const struct {
        const char *in, *press, *to;
    } way[] = {{"*", "card", "card"}, {"*", "style", "style"}, {"style", "choose", "checkout"}};
    scene_write(&scene, 0, "/my");
    await_state("my");
    for (size_t i = 0; i < sizeof way / sizeof way[0]; i++) {
        scene_press(&scene, 0, way[i].in, way[i].press, 1);
        await_state(way[i].to);
    }
    scene_press(&scene, 0, "checkout", "order", 1);
    await_state("pay");
    return scene_await_link(&scene, 0);
}

/* So many of its photos will never be made. */
static void spoil(const char *payment, int photos)
{
    for (int i = 1; i <= photos; i++)
        sql(arena_format(&world.arena,
                         "UPDATE orders SET recipes[%d] = 'no recipe' WHERE id = (SELECT order_id FROM bot_payments"
                         " WHERE outside_id = '%s')",
                         i, payment));
}

static int64_t received(const char *payment)
{
    return world_int(&world, "SELECT (received * 100)::bigint FROM bot_payments WHERE outside_id = '%s'", payment);
}

static void await_refund(const char *payment, const char *why, const char *state)
{
    scene_await(&scene, 1,
                "SELECT count(*) FROM bot_refunds r JOIN bot_payments p ON p.id = r.payment_id"
                " WHERE p.outside_id = '%s' AND r.why = '%s' AND r.state = '%s'",
                payment, why, state);
}

/* What YooKassa gave back of it, in how many refunds. */
static void check_given(const char *payment, int64_t want_kopecks, int want_count)
{
    struct json_object *refunds = net_get(world.net, "/api/refunds");
    int64_t kopecks = 0;
    int count = 0;
    for (size_t i = 0; i < json_object_array_length(refunds); i++) {
        struct json_object *refund = json_object_array_get_idx(refunds, i), *amount = NULL;
        if (strcmp(chat_field(refund, "payment_id"), payment) != 0 ||
            strcmp(chat_field(refund, "status"), "succeeded") != 0)
            continue;
        (void)json_object_object_get_ex(refund, "amount", &amount);
        const char *value = chat_field(amount, "value"), *dot = strchr(value, '.');
        kopecks += strtol(value, NULL, 10) * 100 + (dot == NULL ? 0 : strtol(dot + 1, NULL, 10));
        count++;
    }
    json_object_put(refunds);
    int64_t booked = world_int(
        &world,
        "SELECT -sum(l.amount)::bigint FROM bot_payments p JOIN bot_refunds r ON r.payment_id = p.id"
        " JOIN ledger_transactions t ON t.kind = 'refund' AND t.subject = r.id"
        " JOIN ledger_postings l ON l.transaction_id = t.id AND l.account LIKE 'clearing:%%'"
        " WHERE p.outside_id = '%s'",
        payment);
    invariants_fact(&all, kopecks == want_kopecks && count == want_count && booked == want_kopecks,
                    "payment %s: %d refunds of %" PRId64 " kopecks, %" PRId64 " in the books; want %d of %" PRId64,
                    payment, count, kopecks, booked, want_count, want_kopecks);
}

static void fail_whole(const char *payment)
{
    spoil(payment, PHOTOS);
    scene_at_checkout(&scene, payment, "pay", "{}");
    scene_await_words(&scene, 0, "Не получилось сделать фотографии");
    await_refund(payment, "failed", "succeeded");
    scene_await_words(&scene, 0,
                      arena_format(&world.arena, "Вернул %s — деньги за фото, которые не удалось сделать",
                                   roubles(received(payment))));
    check_given(payment, received(payment), 1);
}

/* It was given back, is killed before that is in the books, and goes on: with the same key. */
static void die_after_answer(void)
{
    int status = 0;
    int64_t end_ms = net_now_ms() + STUCK_S * 1000;
    world_start_daemon(&world, "payment_refund.after_call:3"); /* its row, its key, YooKassa */
    while (!world_daemon_ended(&world, &status)) {
        net_step(world.net, 5);
        if (net_now_ms() > end_ms)
            world_fail(&world, "no refund is answered");
    }
    invariants_fact(&all, WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, "it ended with status %d", status);
    int64_t asked = world_int(&world, "SELECT count(*) FROM bot_refunds WHERE state = 'asked'");
    invariants_fact(&all, asked == 1, "%" PRId64 " refunds are asked for and not answered", asked);
    world_start_daemon(&world, NULL);
}

static void fail_in_part(const char *payment)
{
    (void)world_stop_daemon(&world, SIGTERM);
    spoil(payment, MISSING);
    fault("{\"service\":\"refund\",\"method\":\"refund\",\"kind\":\"pending\",\"count\":1}");
    scene_at_checkout(&scene, payment, "pay", "{}");
    die_after_answer();
    await_refund(payment, "failed", "pending");
    int64_t share = (received(payment) * MISSING + PHOTOS - 1) / PHOTOS;
    scene_await_words(&scene, 0, arena_format(&world.arena, "Возвращаю %s", roubles(share)));
    scene_await_words(&scene, 0, "4 фото сделать не удалось");
    check_given(payment, 0, 0);
    struct json_object *refunds = net_get(world.net, "/api/refunds");
    size_t count = json_object_array_length(refunds);
    invariants_fact(&all, count == 2, "YooKassa has %zu refunds, want 2", count);
    const char *id = chat_field(json_object_array_get_idx(refunds, count - 1), "id");
    json_object_put(net_post(world.net, arena_format(&world.arena, "/api/refunds/%s/succeed", id), "{}"));
    json_object_put(refunds);
    scene_await_words(&scene, 0, arena_format(&world.arena, "Вернул %s", roubles(share)));
    await_refund(payment, "failed", "succeeded");
    check_given(payment, share, 1);
}

static void run_tool(const char *command, const char *what, const char *want)
{
    const char *log = arena_format(&world.arena, "%s/money.log", world.dir);
    const char *args[] = {BINARY_DIR "/fotosetd", command, what, "-c", world.config, NULL};
    int status = 0;
    (void)waitpid(world_spawn(args, log), &status, 0);
    char *text = world_read(log);
    invariants_fact(&all, WIFEXITED(status) && WEXITSTATUS(status) == 0 && strstr(text, want) != NULL,
                    "%s %s ends with status %d, and says:\n%s", command, what, status, text);
    free(text);
}

/* What is left after the share. */
static void give_back_rest(const char *payment)
{
    const char *number = arena_format(
        &world.arena, "%" PRId64, world_int(&world, "SELECT id FROM bot_payments WHERE outside_id = '%s'", payment));
    for (int time = 0; time < 2; time++)
        run_tool("refund", number, "is to go back");
    restart();
    await_refund(payment, "person", "succeeded");
    scene_await_words(&scene, 0, "деньги за ваш заказ");
    check_given(payment, received(payment), 2);
}

/* The web application deletes the avatar while the link is open; and the shop's balance is empty when it is paid. */
static void nothing_to_give(const char *payment)
{
    fault("{\"service\":\"refund\",\"method\":\"refund\",\"kind\":\"refuse\",\"description\":\"insufficient_funds\","
          "\"count\":1}");
    sql("DELETE FROM avatars");
    scene_at_checkout(&scene, payment, "pay", "{}");
    scene_await_words(&scene, 0, "пока не получилось — это деньги за заказ, аватара для которого уже нет");
    await_refund(payment, "avatar", "owed");
    run_tool("check", "--money", "refused it for now: insufficient_funds");
    (void)world_stop_daemon(&world, SIGTERM);
    sql("UPDATE errands SET not_before = now() WHERE chore = 'payment_refund'");
    world_start_daemon(&world, NULL);
    await_refund(payment, "avatar", "succeeded");
    scene_await_words(&scene, 0,
                      arena_format(&world.arena, "Вернул %s — деньги за заказ, аватара для которого уже нет",
                                   roubles(received(payment))));
    check_given(payment, received(payment), 1);
}

int main(void)
{
    struct user_plan plan = {.lang = "ru", .name = "Анна", .photos = 10, .size_px = 520};
    world_begin(&world, &(struct world_options){.name = "refunds", .seed = 29, .cheap_styles = true, .fast = true});
    world_start_daemon(&world, NULL);
    user_begin(&user, &world, &plan, 6000000301);
    secrets_keep(&world);
    scene_walk_to(&(struct scene){&world, &user, 1, NULL}, 0, USER_CONTACT);
    await_state("contact");
    scene_write(&scene, 0, "anna@mail.ru");
    await_state("checkout");
    scene_press(&scene, 0, "checkout", "order", 1);
    fail_whole(scene_await_link(&scene, 0));
    const char *partly = order_again();
    fail_in_part(partly);
    give_back_rest(partly);
    nothing_to_give(order_again());
    invariants_settle(&world);
    run_tool("check", "--money", "All adds up: 0 rows about money are wrong, and 0 wait");
    int64_t errands = world_int(&world, "SELECT count(*) FROM errands WHERE chore = 'payment_refund'");
    invariants_fact(&all, errands == 0, "%" PRId64 " refunds are still under way", errands);
    secrets_check(&all);
    if (all.failed > 0)
        world_fail(&world, "%d of %d facts do not hold", all.failed, all.checked);
    printf("refunds: %d facts hold, %" PRId64 " s\n", all.checked, (net_now_ms() - world.begun_ms) / 1000);
    return 0;
}
