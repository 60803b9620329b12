/* A shop of a self-employed owner. First one buyer from the style to the receipt in the chat, and a refund. Then sales
 * in the books alone: killed at every step of the receipts' chore, with answers lost on every way, tokens that are
 * over, an outage of a day, a wrong password. After each the tax service has just one income of each sale, of what was
 * kept.
 */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "tests/system/invariants.h"
#include "tests/system/scene.h"
#include "tests/system/secrets.h"
#include "tests/system/steps.h"

#define INN "500100732259"
#define PASSWORD "test_password" /* the sandbox's */
#define MONEY "Деньги: посмотрите сами"

enum { BUYER = 1, STUCK_S = 90 };

static struct world world;
static struct user user;
static const struct scene scene = {&world, &user, 0, NULL};
static struct invariants all = {.world = &world};

static void sql(const char *statement)
{
    db_result_free(world_sql(&world, statement));
}

static void password_is(const char *password)
{
    const char *path = arena_format(&world.arena, "%s/npd_password", world.dir);
    FILE *file = fopen(path, "w");
    if (file == NULL || fprintf(file, "%s\n", password) < 0 || fclose(file) != 0 || chmod(path, 0600) != 0)
        world_fail(&world, "can't write the password");
}

static void prepare(struct world *made)
{
    made->options.config = arena_format(&made->arena,
                                        "receipts: { mode = \"npd\"; };\nnpd: { inn = \"" INN "\"; password_file ="
                                        " \"npd_password\"; api_url = \"%s/tax/api/v1\"; };\nadmins = [ %" PRId64
                                        "L ];",
                                        made->base, INT64_C(6000000101));
}

/* fotosetd COMMAND WHAT: it ends with that code and says so. */
static void run_tool(const char *command, const char *what, int code, const char *want)
{
    const char *log = arena_format(&world.arena, "%s/tool.log", world.dir);
    const char *args[6] = {BINARY_DIR "/fotosetd", command};
    int status = 0, count = 2;
    if (what != NULL)
        args[count++] = what;
    args[count++] = "-c";
    args[count] = world.config;
    (void)remove(log);
    (void)waitpid(world_spawn(args, log), &status, 0);
    char *text = world_read(log);
    invariants_fact(&all, WIFEXITED(status) && WEXITSTATUS(status) == code && strstr(text, want) != NULL,
                    "%s %s ends with status %d, and says:\n%s", command, what == NULL ? "" : what, status, text);
    free(text);
}

/* ---- what the tax service has ---- */

/* Incomes whose name ends with this payment's number, standing or canceled, and the sum of those that stand. */
static int incomes_of(int64_t payment, bool canceled, int64_t *ret_kopecks)
{
    struct json_object *answer = net_get(world.net, "/api/tax"), *list = NULL, *cancel = NULL, *value = NULL;
    char tail[32];
    int count = 0;
    (void)snprintf(tail, sizeof tail, "№ %" PRId64, payment);
    json_object_object_get_ex(answer, "incomes", &list);
    *ret_kopecks = 0;
    for (size_t i = 0; i < json_object_array_length(list); i++) {
        struct json_object *income = json_object_array_get_idx(list, i);
        json_object_object_get_ex(income, "name", &value);
        const char *at = strstr(json_object_get_string(value), tail);
        bool is_it = at != NULL && (at[strlen(tail)] == '\0' || at[strlen(tail)] == '-');
        json_object_object_get_ex(income, "cancellationInfo", &cancel);
        if (!is_it || (cancel != NULL) != canceled)
            continue;
        count++;
        json_object_object_get_ex(income, "totalAmount", &value);
        *ret_kopecks += (int64_t)(json_object_get_double(value) * 100 + 0.5);
    }
    json_object_put(answer);
    return count;
}

static void stands(int64_t payment, int want, int64_t want_kopecks, int want_canceled, const char *after)
{
    int64_t kopecks = 0, gone = 0;
    int count = incomes_of(payment, false, &kopecks), canceled = incomes_of(payment, true, &gone);
    invariants_fact(&all, count == want && kopecks == want_kopecks && canceled == want_canceled,
                    "after %s payment %" PRId64 " has %d incomes of %" PRId64 ", and %d canceled", after, payment,
                    count, kopecks, canceled);
}

/* ---- one buyer ---- */

static const char *receipt_link(void)
{
    struct json_object *messages = chat_messages(user.chat);
    const char *link = NULL;
    for (size_t i = 0; i < json_object_array_length(messages); i++) {
        const char *text = json_object_to_json_string_ext(json_object_array_get_idx(messages, i),
                                                          JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
        const char *at = strstr(text, "/tax/api/v1/receipt/" INN "/");
        if (at != NULL)
            link = arena_format(&world.arena, "%.*s", (int)strcspn(at, "\""), at);
    }
    return link;
}

static void buy(void)
{
    size_t bytes = 0;
    scene_walk_to(&(struct scene){&world, &user, 1, NULL}, 0, USER_CONTACT);
    scene_await(&scene, 1, "SELECT count(*) FROM bot_sessions WHERE state = 'checkout'"); /* nobody asks for one */
    scene_await_words(&scene, 0, "Чек: придёт в этот чат");
    scene_press(&scene, 0, "checkout", "order", 1);
    scene_at_checkout(&scene, scene_await_link(&scene, 0), "pay", "{}");
    scene_await_words(&scene, 0, "Ваш чек на 500");
    const char *link = receipt_link();
    invariants_fact(&all, link != NULL, "there is no link to the receipt");
    if (link != NULL)
        free(net_bytes(world.net, link, &bytes));
    invariants_fact(&all, bytes > 0, "the link to the receipt leads nowhere");
    scene_await(&scene, 1, "SELECT count(*) FROM bot_sessions WHERE state = 'result'");
    stands(BUYER, 1, 50000, 0, "a sale");
    run_tool("refund", arena_format(&world.arena, "%d", BUYER), 0, "is to go back");
    (void)world_stop_daemon(&world, SIGTERM);
    world_start_daemon(&world, NULL);
    scene_await(&scene, 1, "SELECT count(*) FROM bot_refunds WHERE state = 'succeeded'");
    scene_await(&scene, 0, "SELECT count(*) FROM npd_receipts WHERE not_before IS NOT NULL");
    stands(BUYER, 0, 0, 1, "a refund");
}

/* ---- sales in the books alone ---- */

static int64_t sell(void)
{
    static const char made[] =
        "WITH sold AS (INSERT INTO orders (id, chat_id, style_id, photo_count, price, prompts, recipes, created_at_ms,"
        "  status, paid_at) VALUES (nextval('bot_ids'), %" PRId64 ", 'plain', 23, 500, '{}', '{}', 0, 'paid', now())"
        "  RETURNING id),"
        " paid AS (INSERT INTO bot_payments (key, state, asked, received, received_currency, order_id, created_at_ms,"
        "  test, npd_item, outside_id) SELECT 'key ' || id, 'succeeded', 500, 500, 'RUB', id, 0, FALSE,"
        "  'Набор «Ё»', 'pay ' || id FROM sold RETURNING id) SELECT id FROM paid";
    int64_t id = world_int(&world, made, user.id);
    for (int i = 0; i < 2; i++)
        sql(arena_format(&world.arena,
                         "SELECT ledger_post('%s', %" PRId64
                         ", 'RUB', ARRAY['%s', '%s'], ARRAY['%s', '%s'], ARRAY[%s])",
                         i == 0 ? "payment" : "sale", id, i == 0 ? "payment" : "sale", i == 0 ? "payment" : "sale",
                         i == 0 ? "clearing:yookassa" : "held", i == 0 ? "held" : "revenue", "50000, -50000"));
    return id;
}

static void give_back(int64_t payment, const char *roubles)
{
    int64_t refund = world_int(&world,
                               "INSERT INTO bot_refunds (payment_id, why, amount, state) VALUES (%" PRId64
                               ", 'person', %s, 'succeeded') RETURNING id",
                               payment, roubles);
    sql(arena_format(&world.arena,
                     "SELECT ledger_post('refund', %" PRId64 ", 'RUB', ARRAY['refund', 'refund'], ARRAY['refunds',"
                     " 'clearing:yookassa'], ARRAY[%s00, -%s00])",
                     refund, roubles, roubles));
}

/* What is waited for is over, and a new daemon comes to it. */
static void time_passes(void)
{
    (void)world_stop_daemon(&world, SIGKILL);
    sql("UPDATE npd_incomes SET asked_at = asked_at - interval '10 minutes' WHERE state = 'asked'");
    sql("UPDATE npd_receipts SET not_before = now() WHERE not_before IS NOT NULL");
    world_start_daemon(&world, NULL);
}

static void all_done(void)
{
    scene_await(&scene, 0, "SELECT count(*) FROM npd_receipts WHERE not_before IS NOT NULL");
    scene_await(&scene, 0, "SELECT count(*) FROM bot_news");
}

/* … or comes to an end without; must: it does not. */
static void die_at(const char *step, bool must)
{
    static const char open_sql[] = "SELECT count(*) FROM npd_receipts WHERE not_before IS NOT NULL";
    int status = 0;
    int64_t end_ms = net_now_ms() + STUCK_S * 1000;
    (void)world_stop_daemon(&world, SIGTERM);
    world_start_daemon(&world, step);
    while (!world_daemon_ended(&world, &status)) {
        net_step(world.net, 5);
        if (!must && world_int(&world, open_sql) == 0)
            return;
        if (net_now_ms() > end_ms)
            world_fail(&world, "nobody comes to the step %s", step);
    }
}

/* Killed at the first and the second time of every step, while it is registered, and while it is corrected. */
static void kill_everywhere(void)
{
    struct steps steps;
    steps_find(&steps);
    steps_part(&steps, "npd_receipt.", true);
    for (size_t i = 0; i < steps.count; i++)
        for (int times = 1; times <= 2; times++) {
            const char *step = arena_format(&world.arena, "%s:%d", steps.list[i].name, times);
            int64_t payment = sell();
            die_at(step, times == 1);
            time_passes();
            all_done();
            stands(payment, 1, 50000, 0, step);
            (void)world_stop_daemon(&world, SIGTERM);
            give_back(payment, "200");
            die_at(step, times == 1);
            time_passes();
            all_done();
            stands(payment, 1, 30000, 1, step);
        }
}

/* Answers that say nothing, of what was done and of what was not. */
static void lose_answers(void)
{
    static const char *const faults[] = {
        "\"kind\":\"drop_after\"",
        "\"kind\":\"drop_before\"",
        "\"kind\":\"truncate\"",
        "\"kind\":\"garbage\"",
        "\"kind\":\"status\",\"status\":500,\"act\":true",
        "\"kind\":\"status\",\"status\":502",
        "\"kind\":\"flood\"",
    };
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        (void)world_stop_daemon(&world, SIGTERM);
        int64_t payment = sell();
        for (int part = 0; part < 2; part++) {
            json_object_put(net_post(world.net, "/api/faults", "{\"service\":\"tax\",\"method\":\"POST /%s\",%s}",
                                     part == 0 ? "income" : "cancel", faults[i]));
            world_start_daemon(&world, NULL);
            scene_await(&scene, 1, "SELECT count(*) FROM npd_receipts WHERE error IS NOT NULL");
            time_passes();
            all_done();
            net_delete(world.net, "/api/faults");
            stands(payment, 1, part == 0 ? 50000 : 30000, part, faults[i]);
            (void)world_stop_daemon(&world, SIGTERM);
            if (part == 0)
                give_back(payment, "200");
        }
    }
}

/* Between two sales of one life the tokens are made void, without and with the one that makes others. */
static void sign_out(void)
{
    for (int with_refresh = 0; with_refresh < 2; with_refresh++) {
        (void)world_stop_daemon(&world, SIGTERM);
        int64_t first = sell(), second = sell();
        sql(arena_format(&world.arena,
                         "UPDATE npd_receipts SET not_before = now() + interval '3 s' WHERE payment_id = %" PRId64,
                         second));
        world_start_daemon(&world, NULL);
        scene_await(&scene, 1, "SELECT count(*) FROM npd_receipts WHERE not_before IS NOT NULL");
        json_object_put(net_post(world.net, "/api/tax/sign_out", "{\"refresh\":%s}", with_refresh ? "true" : "false"));
        all_done();
        stands(first, 1, 50000, 0, "signing in");
        stands(second, 1, 50000, 0, "signing out");
    }
}

/* The tax service is away for a day. Sales go on; the owner hears that receipts are late; then all come. */
static void be_away(void)
{
    (void)world_stop_daemon(&world, SIGTERM);
    json_object_put(net_post(world.net, "/api/faults", "%s",
                             "{\"service\":\"tax\",\"kind\":\"status\",\"status\":503,\"count\":0,"
                             "\"for_ms\":86400000}"));
    int64_t payments[3];
    for (int i = 0; i < 3; i++)
        payments[i] = sell();
    world_start_daemon(&world, NULL);
    scene_await(&scene, 3, "SELECT count(*) FROM npd_receipts WHERE error LIKE '%%does not answer%%'");
    sql("UPDATE npd_receipts SET since = since - interval '10 minutes' WHERE not_before IS NOT NULL");
    time_passes();
    scene_await(&scene, 1, "SELECT LEAST(1, count(*)) FROM money_oddities WHERE question = 'npd_late' AND told");
    scene_await_words(&scene, 0, MONEY);
    run_tool("check", "--money", 0, "its receipt at the tax service is late for 10 minutes");
    json_object_put(net_post(world.net, "/api/clock", "{\"advance_ms\":86400000}"));
    time_passes();
    all_done();
    for (int i = 0; i < 3; i++)
        stands(payments[i], 1, 50000, 0, "an outage");
    net_delete(world.net, "/api/faults");
}

static int logins(void)
{
    struct json_object *log = net_get(world.net, "/api/log?service=tax");
    const char *text = json_object_to_json_string_ext(log, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
    int count = 0;
    for (const char *at = text; (at = strstr(at, "POST /auth/lkfl")) != NULL; at++)
        count++;
    json_object_put(log);
    return count;
}

/* The owner is told in words, the service is not asked again and again, and the right password mends it. */
static void mistype(void)
{
    (void)world_stop_daemon(&world, SIGTERM);
    password_is("wrong_password");
    int64_t payments[3];
    for (int i = 0; i < 3; i++)
        payments[i] = sell();
    sql("UPDATE npd_receipts SET since = since - interval '10 minutes' WHERE not_before IS NOT NULL");
    sql("DELETE FROM money_oddities");
    int before = logins();
    world_start_daemon(&world, NULL);
    scene_await(&scene, 3, "SELECT count(*) FROM npd_receipts WHERE error LIKE '%%refuses npd.inn or its password%%'");
    invariants_fact(&all, logins() == before + 1, "%d logins with a wrong password", logins() - before);
    scene_await(&scene, 3, "SELECT count(*) FROM money_oddities WHERE question = 'npd_late' AND told");
    run_tool("check", "--money", 0, "the tax service refuses npd.inn or its password");
    run_tool("check", NULL, 78, "compare npd.inn and the password in npd.password_file");
    password_is(PASSWORD);
    run_tool("check", NULL, 0, "INN and password are accepted");
    time_passes();
    all_done();
    for (int i = 0; i < 3; i++)
        stands(payments[i], 1, 50000, 0, "a wrong password");
}

/* Each sale has one row, each receipt was told once, and no secret stands in a log. */
static void look_back(void)
{
    scene_await(&scene, 0, "SELECT count(*) FROM outbox");
    user_look(&user);
    (void)world_stop_daemon(&world, SIGTERM);
    int64_t odd = world_int(&world, "SELECT count(*) FROM npd_receipts r WHERE registered <> due OR registered <>"
                                    " COALESCE((SELECT sum(amount) FROM npd_incomes WHERE receipt_id = r.id"
                                    "  AND state = 'registered'), 0)");
    invariants_fact(&all, odd == 0, "%" PRId64 " receipts are not what they should be", odd);
    int64_t told = 0, want = world_int(&world, "SELECT count(*) FROM npd_incomes WHERE uuid IS NOT NULL");
    struct json_object *messages = chat_messages(user.chat);
    for (size_t i = 0; i < json_object_array_length(messages); i++)
        told += strstr(chat_field(json_object_array_get_idx(messages, i), "text"), "Ваш чек на ") != NULL;
    invariants_fact(&all, told == want, "%" PRId64 " receipts were told, want %" PRId64, told, want);
    run_tool("check", "--money", 0, "All adds up");
    char *log = world_read(world.log);
    invariants_fact(&all, strstr(log, PASSWORD) == NULL && strstr(log, "wrong_password") == NULL,
                    "the password stands in the log");
    free(log);
}

int main(void)
{
    struct user_plan plan = {.lang = "ru", .name = "Анна", .photos = 10, .size_px = 520};
    world_begin(&world,
                &(struct world_options){
                    .name = "npd", .seed = 12, .cheap_styles = true, .fast = true, .live = true, .prepare = prepare});
    password_is(PASSWORD);
    json_object_put(net_post(world.net, "/api/shop", "{\"receipts\":\"optional\",\"live\":true}"));
    run_tool("check", NULL, 0, "INN and password are accepted");
    world_start_daemon(&world, NULL);
    user_begin(&user, &world, &plan, 6000000101);
    secrets_keep(&world);
    buy();
    kill_everywhere();
    lose_answers();
    sign_out();
    be_away();
    mistype();
    look_back();
    if (all.failed > 0)
        world_fail(&world, "%d facts do not hold", all.failed);
    printf("npd: %d facts hold, %" PRId64 " s\n", all.checked, (net_now_ms() - world.begun_ms) / 1000);
    return 0;
}
