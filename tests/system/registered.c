/* The receipt of a payment, in one world and one chat, which is the owner's: the cash register takes its time, and
 * after five minutes the owner hears of it, reads what it is, sees it counted, and not any more when it is there. And
 * what a check says of a shop that is not the one of the configuration. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "tests/system/invariants.h"
#include "tests/system/scene.h"
#include "tests/system/secrets.h"

#define MONEY "Деньги: посмотрите сами"

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

/* "check", with another word or without one. */
static void check_says(const char *word, int code, const char *want)
{
    const char *log = arena_format(&world.arena, "%s/check.log", world.dir);
    const char *with[] = {BINARY_DIR "/fotosetd", "check", word, "-c", world.config, NULL};
    const char *without[] = {BINARY_DIR "/fotosetd", "check", "-c", world.config, NULL};
    int status = 0;
    (void)remove(log);
    (void)waitpid(world_spawn(word == NULL ? without : with, log), &status, 0);
    char *text = world_read(log);
    invariants_fact(&all, WIFEXITED(status) && WEXITSTATUS(status) == code && strstr(text, want) != NULL,
                    "check ends with status %d, and says:\n%s", status, text);
    free(text);
}

static void buy(void)
{
    scene_walk_to(&(struct scene){&world, &user, 1, NULL}, 0, USER_CONTACT);
    await_state("contact");
    scene_write(&scene, 0, "anna@mail.ru");
    await_state("checkout");
    scene_press(&scene, 0, "checkout", "order", 1);
    json_object_put(net_post(world.net, "/api/faults",
                             "{\"service\":\"receipt\",\"method\":\"payment\",\"kind\":\"pending\",\"count\":1}"));
    scene_at_checkout(&scene, scene_await_link(&scene, 0), "pay", "{}");
    await_state("result");
    scene_await(&scene, 1, "SELECT count(*) FROM bot_payments WHERE state = 'succeeded' AND receipt = 'pending'");
    scene_await(&scene, 1, "SELECT count(*) FROM errands WHERE chore = 'receipt_watch'");
}

static void health_says(const char *words)
{
    scene_write(&scene, 0, "/health");
    scene_await_words(&scene, 0, words);
}

/* Six minutes later. */
static void miss(void)
{
    health_says("Оплат без чека: 0");
    sql("UPDATE bot_payments SET ended_at = ended_at - interval '6 minutes'");
    sql("UPDATE errands SET created_at = created_at - interval '6 minutes' WHERE chore = 'receipt_watch'");
    scene_await_words(&scene, 0, MONEY);
    health_says("Оплат без чека: 1");
    check_says("--money", 0, "its receipt is not registered since");
}

static void find(void)
{
    struct json_object *receipts = net_get(world.net, "/api/receipts");
    const char *path = arena_format(&world.arena, "/api/receipts/%s/register",
                                    chat_field(json_object_array_get_idx(receipts, 0), "id"));
    json_object_put(receipts);
    json_object_put(net_post(world.net, path, "{}"));
    sql("UPDATE errands SET not_before = now() WHERE chore = 'receipt_watch'");
    (void)world_stop_daemon(&world, SIGTERM);
    world_start_daemon(&world, NULL);
    scene_await(&scene, 1, "SELECT count(*) FROM bot_payments WHERE receipt = 'succeeded'");
    health_says("Оплат без чека: 0");
    check_says("--money", 0, "0 rows about money are wrong, and 0 wait");
}

static void check_shops(void)
{
    static const struct {
        const char *shop;
        int code;
        const char *words;
    } shops[] = {{"{\"live\":true}", 78, "this is a real shop, and yookassa.test_shop says that it is a test one"},
                 {"{\"receipts\":\"optional\"}", 0, "the shop makes no receipts"},
                 {"{\"receipts\":\"yookassa\"}", 0, "All is well"}};
    for (size_t i = 0; i < sizeof shops / sizeof shops[0]; i++) {
        json_object_put(net_post(world.net, "/api/shop", "{\"live\":false}"));
        json_object_put(net_post(world.net, "/api/shop", "%s", shops[i].shop));
        check_says(NULL, shops[i].code, shops[i].words);
    }
    world.options.config = "receipts: { mode = \"none\"; };\n";
    world_write_config(&world);
    check_says(NULL, 78, "the shop wants the data of a receipt with every payment, and gets none");
}

static void prepare(struct world *made)
{
    made->options.config = "admins = [ 6000000401L ];\n";
}

int main(void)
{
    struct user_plan plan = {.lang = "ru", .name = "Анна", .photos = 10, .size_px = 520};
    world_begin(&world, &(struct world_options){
                            .name = "registered", .seed = 37, .cheap_styles = true, .fast = true, .prepare = prepare});
    world_start_daemon(&world, NULL);
    user_begin(&user, &world, &plan, 6000000401);
    secrets_keep(&world);
    buy();
    miss();
    find();
    invariants_settle(&world);
    invariants_check(&all);
    check_shops();
    if (all.failed > 0)
        world_fail(&world, "%d facts do not hold", all.failed);
    printf("registered: %d facts hold, %" PRId64 " s\n", all.checked, (net_now_ms() - world.begun_ms) / 1000);
    return 0;
}
