/* One person buys with a code, then a pack of three, has its other sets for nothing, one more by a code for everything,
 * and one as a gift; each order is pressed by an impatient finger, and one is taken while the daemon dies. What was
 * paid is what the orders say, no more, and the books know which of it is earned at any time. */
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "tests/system/invariants.h"
#include "tests/system/scene.h"
#include "tests/system/secrets.h"

enum { PRESSES = 3, WORDS_MAX = 12, STUCK_S = 90 };

static struct world world;
static struct user user;
static const struct scene scene = {&world, &user, 1, &user};
static struct invariants all = {.world = &world};
static int sets;

static void press(const char *state, const char *action, int times)
{
    scene_press(&scene, 0, state, action, times);
}

static void await_state(const char *state)
{
    scene_await(&scene, 1, "SELECT count(*) FROM bot_sessions WHERE state = '%s'", state);
}

/* The set is made and in the chat. */
static void await_set(void)
{
    sets++;
    scene_await(&scene, sets, "SELECT count(*) FROM generation_jobs WHERE told_at IS NOT NULL");
    await_state("result");
}

static void pay(void)
{
    press("checkout", "order", PRESSES);
    scene_at_checkout(&scene, scene_await_link(&scene, 0), "pay", "{}");
    await_set();
}

static void to_checkout(void)
{
    press("*", "style", 1);
    await_state("style");
    press("style", "choose", 1);
    await_state("checkout");
}

static void take(void)
{
    press("checkout", "take", PRESSES);
    await_set();
}

static void type_code(const char *code, const char *answer)
{
    press("checkout", "code", 1);
    await_state("promo");
    scene_write(&scene, 0, code);
    scene_await_words(&scene, 0, answer);
}

/* fotosetd's words, NULL at the end; it says that, and ends so. */
static void tool(int code, const char *want, ...)
{
    const char *args[WORDS_MAX + 3] = {BINARY_DIR "/fotosetd"};
    const char *log = arena_format(&world.arena, "%s/offers.log", world.dir), *word;
    int count = 1, status = 0;
    va_list words;
    va_start(words, want);
    while ((word = va_arg(words, const char *)) != NULL && count < WORDS_MAX)
        args[count++] = word;
    va_end(words);
    args[count++] = "-c";
    args[count++] = world.config;
    (void)waitpid(world_spawn(args, log), &status, 0);
    char *text = world_read(log);
    invariants_fact(&all, WIFEXITED(status) && WEXITSTATUS(status) == code && strstr(text, want) != NULL,
                    "fotosetd %s %s ends with status %d, and says:\n%s", args[1], args[2], status, text);
    free(text);
}

static void make_codes(void)
{
    tool(0, "code SUMMER is on", "promo", "add", "summer", "20%", "each=1", "until=2099-12-31", NULL);
    tool(1, "a code SUMMER already", "promo", "add", "Summer", "30%", NULL);
    tool(0, "code GIFT is on", "promo", "add", "GIFT", "100%", "all=1", "styles=plain,other", NULL);
    tool(0, "code OFF is on", "promo", "add", "off", "99.50", NULL);
    tool(0, "code OFF is off", "promo", "off", "OFF", NULL);
    tool(1, "no code OFF", "promo", "off", "OFF", NULL);
    tool(1, "is none of", "promo", "add", "x1", "20%", "styles=nothing", NULL);
    tool(1, "does not take that", "promo", "add", "x1", "20%", "from=yesterdays", NULL);
    tool(1, "neither a part", "promo", "add", "x1", "0%", NULL);
    tool(1, "can't be a code", "promo", "add", "x 1", "5", NULL);
    tool(1, "there is no such user", "grant", "7000000000", "1", NULL);
    tool(1, "numeric Telegram id", "grant", "7000000000", "1x", NULL);
    tool(1, "numeric Telegram id", "grant", NULL);
}

static int64_t kopecks(const char *what)
{
    return world_int(&world, "SELECT COALESCE(sum(amount), 0)::bigint FROM ledger_postings WHERE account = '%s'", what);
}

/* A daemon that dies with the press in the database, and nothing of it told. */
static void take_and_die(void)
{
    int status = 0;
    int64_t end_ms = net_now_ms() + STUCK_S * 1000;
    (void)world_stop_daemon(&world, SIGTERM);
    press("checkout", "take", 1);
    world_start_daemon(&world, "turn.committed");
    while (!world_daemon_ended(&world, &status)) {
        net_step(world.net, 5);
        if (net_now_ms() > end_ms)
            world_fail(&world, "nobody comes to the step turn.committed");
    }
    world_start_daemon(&world, NULL);
    await_set();
}

static void buy(void)
{
    await_state("contact");
    scene_write(&scene, 0, "anna@mail.ru");
    await_state("checkout");
    type_code("nothing", "Такого кода не нашлось");
    scene_write(&scene, 0, "off");
    scene_await_words(&scene, 0, "Срок кода OFF, к сожалению, закончился");
    scene_write(&scene, 0, "sum\u200bmer ");
    scene_await_words(&scene, 0, "→ 400 ₽ (код SUMMER)");
    await_state("checkout");
    pay();
    to_checkout();
    type_code("SUMMER", "Кодом SUMMER вы уже воспользовались");
    press("promo", "back", 1);
    await_state("checkout");
    press("checkout", "pack", 1);
    scene_await_words(&scene, 0, "1 290 ₽ за 3 набора");
    pay();
    invariants_fact(&all, kopecks("held") == -86000 && kopecks("revenue") == -(40000 + 43000),
                    "of the pack %" PRId64 " are held, and %" PRId64 " earned", kopecks("held"), kopecks("revenue"));
    to_checkout();
    take_and_die();
    to_checkout();
    take();
    invariants_fact(&all, kopecks("held") == 0 && kopecks("revenue") == -(40000 + 129000), "the pack is earned");
}

static void prepare(struct world *made)
{
    made->options.config = "packs = ( { sets = 3; price = \"1290.00\"; } );\n";
}

int main(void)
{
    struct user_plan plan = {.lang = "ru", .name = "Анна", .photos = 10, .size_px = 520};
    world_begin(&world, &(struct world_options){
                            .name = "offers", .seed = 29, .cheap_styles = true, .fast = true, .prepare = prepare});
    world_start_daemon(&world, NULL);
    user_begin(&user, &world, &plan, 6000000301);
    secrets_keep(&world);
    scene_walk_to(&(struct scene){&world, &user, 1, NULL}, 0, USER_CONTACT);
    make_codes();
    buy();
    to_checkout();
    type_code("gift", "→ 0 ₽ (код GIFT)");
    take();
    tool(0, "user 6000000301, free sets given: 1", "grant", "6000000301", "1", NULL);
    to_checkout();
    scene_await_words(&scene, 0, "бесплатно, у вас ещё 1 набор");
    take();
    scene_await_words(&scene, 0, "У вас подарок: 1 бесплатный набор");
    tool(0, "GIFT: 100 %, used 1 of 1, styles plain other", "promo", "list", NULL);
    tool(0, "0 rows about money are wrong", "check", "--money", NULL);
    invariants_fact(&all, world_int(&world, "SELECT count(*) FROM bot_payments") == 2, "two payments were made");
    invariants_settle(&world);
    invariants_check(&all);
    printf("offers: %d facts hold, %" PRId64 " s\n", all.checked, (net_now_ms() - world.begun_ms) / 1000);
    return 0;
}
