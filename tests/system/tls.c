/* The daemon's ways to the services: "check" asks `fotosetd check` about right and wrong ones; "direct", "socks" and
 * "connect" walk a user to the finished set over TLS, and on the way what lies between (the front itself, the proxy) is
 * killed twice: while photos come in, and while the set goes out. The daemon must wait, say whom it can't reach, and go
 * on; each photo is in the chat once. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/system/front.h"
#include "tests/system/invariants.h"
#include "tests/system/secrets.h"
#include "tests/system/user.h"

#define TRUST "ca_file = \"ca.pem\";\n"

enum { STUCK_S = 100, DEAD_MS = 3000, PHOTOS = 10, CLOSED_PORT = 9 /* discard: nobody serves it */ };

static struct world world;
static struct front front;
static enum front_part way;

static void put_front(struct world *the_world)
{
    front_begin(&front, the_world);
    the_world->options.config = TRUST;
    if (way == FRONT_TLS)
        return;
    char *proxy = arena_format(&the_world->arena, "proxy = \"%s\";", front_proxy(&front, way, FRONT_PASSWORD));
    the_world->options.telegram = the_world->options.yookassa = proxy;
}

static void remove_front(struct world *the_world)
{
    (void)the_world;
    front_end(&front);
}

static void begin(const char *name)
{
    world_begin(
        &world,
        &(struct world_options){
            .name = name, .seed = 9, .cheap_styles = true, .fast = true, .prepare = put_front, .finish = remove_front});
}

/* ---- fotosetd check ---- */

struct attempt {
    const char *name;
    bool good;
    const char *host;  /* NULL = localhost */
    const char *trust; /* of the configuration */
    const char *proxy; /* NULL = none */
    const char *want[3];
    pid_t pid;
    char log[96];
};

static void start_check(struct attempt *attempt, int number)
{
    char config[sizeof world.config];
    memcpy(config, world.config, sizeof config);
    (void)snprintf(world.config, sizeof world.config, "%s/%d.conf", world.dir, number);
    (void)snprintf(attempt->log, sizeof attempt->log, "%s/%d.log", world.dir, number);
    (void)snprintf(world.api, sizeof world.api, "https://%s:%d", attempt->host == NULL ? "localhost" : attempt->host,
                   front.ports[FRONT_TLS]);
    world.options.config = attempt->trust;
    world.options.telegram = world.options.yookassa = attempt->proxy == NULL
                                                          ? NULL
                                                          : arena_format(&world.arena, "proxy = \"%s\";",
                                                                         attempt->proxy);
    world_write_config(&world);
    const char *args[] = {BINARY_DIR "/fotosetd", "check", "-c", world.config, NULL};
    attempt->pid = world_spawn(args, attempt->log);
    memcpy(world.config, config, sizeof config);
}

/* What must stand in the answer, about both services; and no secret may. */
static void look_at_check(struct invariants *all, const struct attempt *attempt)
{
    int status = 0;
    (void)waitpid(attempt->pid, &status, 0);
    char *text = world_read(attempt->log), *shop = strstr(text, "yookassa  ");
    bool said = WIFEXITED(status) && (WEXITSTATUS(status) == 0) == attempt->good && shop != NULL;
    for (int i = 0; i < 3 && attempt->want[i] != NULL; i++)
        said = said && strstr(text, attempt->want[i]) != NULL && strstr(text, attempt->want[i]) < shop &&
               strstr(shop, attempt->want[i]) != NULL;
    said = said && strstr(text, "AAsecretBotToken") == NULL && strstr(text, "SecretKeyOfTheShop") == NULL &&
           strstr(text, FRONT_PASSWORD) == NULL && strstr(text, "WrongWord") == NULL;
    invariants_fact(all, said, "check, %s: status %d:\n%s", attempt->name, status, text);
    free(text);
}

static int check_ways(void)
{
    begin("tls check");
    const char *closed = arena_format(&world.arena, "socks5h://u:WrongWord@127.0.0.1:%d", CLOSED_PORT);
    struct attempt attempts[] = {
        {.name = "direct", .good = true, .trust = TRUST},
        {.name = "SOCKS5", .good = true, .trust = TRUST, .proxy = front_proxy(&front, FRONT_SOCKS, FRONT_PASSWORD)},
        {.name = "CONNECT", .good = true, .trust = TRUST, .proxy = front_proxy(&front, FRONT_CONNECT, FRONT_PASSWORD)},
        {.name = "nobody vouches", .want = {"the server's certificate is not trusted", "ca_file", "look at"}},
        {.name = "another host", .host = "127.0.0.1", .trust = TRUST, .want = {"certificate is for another host"}},
        {.name = "wrong word for SOCKS5",
         .trust = TRUST,
         .proxy = front_proxy(&front, FRONT_SOCKS, "WrongWord"),
         .want = {"the proxy socks5h://127.0.0.1:", "wants another user or password"}},
        {.name = "wrong word for CONNECT",
         .trust = TRUST,
         .proxy = front_proxy(&front, FRONT_CONNECT, "WrongWord"),
         .want = {"the proxy http://127.0.0.1:", "wants another user or password"}},
        {.name = "no proxy there",
         .trust = TRUST,
         .proxy = closed,
         .want = {"can't reach the proxy socks5h://127.0.0.1:9", "is it running there?"}},
    };
    struct invariants all = {.world = &world};
    int count = (int)(sizeof attempts / sizeof attempts[0]);
    for (int i = 0; i < count; i++)
        start_check(&attempts[i], i);
    for (int i = 0; i < count; i++)
        look_at_check(&all, &attempts[i]);
    if (all.failed > 0)
        world_fail(&world, "%d of %d answers are wrong", all.failed, all.checked);
    printf("tls check: %d answers are right\n", all.checked);
    return 0;
}

/* ---- a walk with two deaths on the way ---- */

static struct user walker;
static int deaths;
static int64_t dead_since_ms, looked_ms;

static bool is_time(void)
{
    if (deaths == 0)
        return walker.step >= USER_ENOUGH;
    if (deaths > 1 || net_now_ms() - looked_ms < 50)
        return false;
    looked_ms = net_now_ms();
    return world_int(&world, "SELECT count(*) FROM photo_tasks WHERE delivery = 'sent'") > 0;
}

static void kill_and_revive(struct world *the_world)
{
    (void)the_world;
    if (dead_since_ms != 0 && net_now_ms() - dead_since_ms > DEAD_MS) {
        front_start(&front, way);
        dead_since_ms = 0;
    } else if (dead_since_ms == 0 && is_time()) {
        front_stop(&front, way);
        dead_since_ms = net_now_ms();
        deaths++;
    }
}

static void check_log(struct invariants *all)
{
    static const char *const words[FRONT_PART_COUNT] = {"no updates for now",
                                                        "proxy socks5h://127.0.0.1:", "proxy http://127.0.0.1:"};
    char *log = world_read(world.log);
    invariants_fact(all, strstr(log, words[way]) != NULL, "the log does not say \"%s\"", words[way]);
    invariants_fact(all, strstr(log, FRONT_PASSWORD) == NULL, "the log holds the proxy's password");
    free(log);
    struct front_seen seen = front_look(&front);
    front_tell(&seen);
    invariants_fact(all, seen.over_h2 > 0 && seen.polls > 0 && seen.uploads > 0 && seen.downloads >= PHOTOS,
                    "the front saw the walk");
    invariants_fact(all, seen.large_h2 == 0 && seen.small_h1 == 0, "uploads and polls have their own connections");
}

static int walk(const char *name)
{
    struct user_plan plan = {.lang = "ru", .name = "Анна", .photos = PHOTOS, .size_px = 520, .tells_paid = true};
    begin(name);
    world_start_daemon(&world, NULL);
    secrets_keep(&world);
    user_begin(&walker, &world, &plan, 7000000001);
    user_run_all(&world, &walker, 1, STUCK_S, kill_and_revive);
    while (dead_since_ms != 0) {
        kill_and_revive(&world);
        (void)usleep(20 * 1000);
    }
    invariants_settle(&world);
    struct invariants all = {.world = &world, .users = &walker, .user_count = 1};
    invariants_fact(&all, deaths == 2, "it was killed %d times", deaths);
    check_log(&all);
    user_look(&walker);
    invariants_check(&all);
    printf("%s: %d facts hold, %lld s\n", name, all.checked, (long long)(net_now_ms() - world.begun_ms) / 1000);
    return 0;
}

int main(int argc, char **argv)
{
    static const char *const ways[FRONT_PART_COUNT] = {"direct", "socks", "connect"};
    static const char *const names[FRONT_PART_COUNT] = {"tls direct", "tls socks", "tls connect"};
    if (argc == 2 && strcmp(argv[1], "check") == 0)
        return check_ways();
    for (int part = 0; argc == 2 && part < FRONT_PART_COUNT; part++) {
        if (strcmp(argv[1], ways[part]) == 0) {
            way = (enum front_part)part;
            return walk(names[part]);
        }
    }
    fprintf(stderr, "usage: system_tls check|direct|socks|connect\n");
    return 2;
}
