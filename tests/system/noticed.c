/* YooKassa's notifications, in one world and one chat: what has moved is seen within a second, long before it would be
 * looked at; whoever forges one, from wherever and however often, changes nothing; one that is lost, late or repeated
 * changes nothing either. */
#include <arpa/inet.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "tests/system/invariants.h"
#include "tests/system/scene.h"
#include "tests/system/secrets.h"

#define SHOP "127.0.0.2"     /* YooKassa, behind the proxy */
#define PROXY "127.0.0.3"    /* the web server with TLS */
#define STRANGER "127.0.0.4" /* anybody */
#define NOT_YET "Пока не вижу оплату"

enum {
    SECOND_MS = 1000,
    SLACK_MS = 1500, /* of a busy machine, and of the test's own looking */
    FLOOD = 300,
    ANSWER_BYTES = 512,
    PATIENCE_S = 10
};

static struct world world;
static struct user user;
static const struct scene scene = {&world, &user, 1, &user};
static struct invariants all = {.world = &world};
static uint16_t port;

/* ---- somebody posts a notification ---- */

/* The status; 0: the connection ended without an answer. */
static int post(const char *source, const char *headers, const char *body)
{
    struct sockaddr_in from = {.sin_family = AF_INET}, to = {.sin_family = AF_INET, .sin_port = htons(port)};
    struct timeval patience = {.tv_sec = PATIENCE_S};
    char answer[ANSWER_BYTES] = "";
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const char *text = arena_format(&world.arena,
                                    "POST /yookassa HTTP/1.1\r\nHost: shop\r\n%sContent-Length: %zu\r\n\r\n%s", headers,
                                    strlen(body), body);
    (void)inet_pton(AF_INET, source, &from.sin_addr);
    (void)inet_pton(AF_INET, "127.0.0.1", &to.sin_addr);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) != 0 ||
        bind(fd, (struct sockaddr *)&from, sizeof from) != 0 || connect(fd, (struct sockaddr *)&to, sizeof to) != 0)
        world_fail(&world, "nobody listens at port %d", port);
    bool sent = send(fd, text, strlen(text), MSG_NOSIGNAL) == (ssize_t)strlen(text);
    ssize_t got = sent ? recv(fd, answer, sizeof answer - 1, 0) : 0;
    (void)close(fd);
    return got > 0 && strncmp(answer, "HTTP/1.1 ", 9) == 0 ? (int)strtol(answer + 9, NULL, 10) : 0;
}

/* It says that the payment succeeded, for a tidy sum. */
static char *forged(const char *payment)
{
    return arena_format(
        &world.arena,
        "{\"type\":\"notification\",\"event\":\"payment.succeeded\",\"object\":{\"id\":\"%s\",\"status\":"
        "\"succeeded\",\"paid\":true,\"amount\":{\"value\":\"400.00\",\"currency\":\"RUB\"}}}",
        payment);
}

/* ---- what the daemon asked ---- */

static int looks(void)
{
    struct json_object *log = net_get(world.net, "/api/log?service=yookassa&method=GET%20/payments/%7Bid%7D"),
                       *requests = NULL;
    (void)json_object_object_get_ex(log, "requests", &requests);
    int count = (int)json_object_array_length(requests);
    json_object_put(log);
    return count;
}

/* Until a look by plan has just been made: the next one is five seconds away. */
static void await_look(void)
{
    int before = looks();
    int64_t end_ms = net_now_ms() + SCENE_STUCK_S * SECOND_MS;
    while (looks() == before) {
        net_step(world.net, 20);
        if (net_now_ms() > end_ms)
            world_fail(&world, "nobody looks at the payment");
    }
}

static void await_state(const char *state)
{
    scene_await(&scene, 1, "SELECT count(*) FROM bot_sessions WHERE state = '%s'", state);
}

static const char *order(void)
{
    scene_press(&scene, 0, "checkout", "order", 1);
    await_state("pay");
    return scene_await_link(&scene, 0);
}

static void plan_fault(const char *event, const char *kind, int ms)
{
    json_object_put(net_post(world.net, "/api/faults",
                             "{\"service\":\"notice\",\"method\":\"%s\",\"kind\":\"%s\",\"ms\":%d,\"count\":1}", event,
                             kind, ms));
}

static void ends_as(const char *payment, const char *state)
{
    scene_await(&scene, 1, "SELECT count(*) FROM bot_payments WHERE outside_id = '%s' AND state = '%s'", payment,
                state);
}

/* ---- the scenes ---- */

/* Forged by whom the proxy says it is from, by strangers with and without a proxy's words, and by a crowd. */
static void forge(const char *payment)
{
    const char *body = forged(payment);
    const char *sender = "X-Forwarded-For: " SHOP "\r\n";
    await_look();
    int before = looks();
    int64_t began_ms = net_now_ms();
    int statuses[] = {post(PROXY, sender, body), post(PROXY, "X-Forwarded-For: 9.9.9.9\r\n", body),
                      post(PROXY, "", body),     post(STRANGER, sender, body),
                      post(STRANGER, "", body),  post(PROXY, sender, "{\"type\":\"notification\"}")};
    static const int want[] = {200, 403, 403, 0, 0, 400};
    for (size_t i = 0; i < sizeof want / sizeof want[0]; i++)
        invariants_fact(&all, statuses[i] == want[i], "forgery %zu is answered with %d", i, statuses[i]);
    for (int i = 0; i < FLOOD; i++) {
        (void)post(PROXY, sender, forged(arena_format(&world.arena, "2c0f3e1a-000f-5000-8000-%012d", i)));
        (void)post(PROXY, sender, body);
    }
    int64_t took_ms = net_now_ms();
    scene_write(&scene, 0, "ау");
    scene_await_words(&scene, 0, "Жду оплату по кнопке ниже");
    took_ms = net_now_ms() - took_ms;
    invariants_fact(&all, took_ms < 2 * SECOND_MS + SLACK_MS, "in a flood a word is answered after %" PRId64 " ms",
                    took_ms);
    for (int64_t end_ms = net_now_ms() + SECOND_MS + SLACK_MS; looks() == before && net_now_ms() < end_ms;)
        net_step(world.net, 20);
    int more = looks() - before, most = (int)(2 * (net_now_ms() - began_ms) / SECOND_MS) + 2;
    invariants_fact(&all, more >= 1 && more <= most, "%d notifications led to %d looks (%d at most)", 2 * FLOOD, more,
                    most);
    ends_as(payment, "pending");
    user_look(&user);
    invariants_fact(&all, !chat_says(user.chat, NOT_YET), "nobody asked, and yet it is said that nothing came");
    invariants_fact(&all, world_int(&world, "SELECT count(*) FROM bot_payments") == 1, "a payment more is known");
}

/* One is lost: what it would have said is found by the plan. */
static void lose(const char *payment)
{
    plan_fault("payment.canceled", "drop", 0);
    scene_at_checkout(&scene, payment, "decline", "{\"reason\":\"insufficient_funds\"}");
    scene_await_words(&scene, 0, "На карте не хватило денег, ничего не списано");
    ends_as(payment, "canceled");
}

/* It comes at once, and again, and once more with the next one's success: told at once, and once. */
static void settle(const char *payment)
{
    plan_fault("payment.succeeded", "repeat", 0);
    await_look();
    int64_t began_ms = net_now_ms();
    scene_at_checkout(&scene, payment, "pay", "{}");
    ends_as(payment, "succeeded");
    int64_t took_ms = net_now_ms() - began_ms;
    invariants_fact(&all, took_ms < SECOND_MS + SLACK_MS, "the payment was settled after %" PRId64 " ms", took_ms);
    await_state("result");
}

static void decline_late(const char *payment)
{
    plan_fault("payment.canceled", "delay", 3 * SECOND_MS);
    scene_at_checkout(&scene, payment, "decline", "{\"reason\":\"3d_secure_failed\"}");
    scene_await_words(&scene, 0, "Банк не дождался подтверждения");
}

static void all_taken(void)
{
    int64_t end_ms = net_now_ms() + SCENE_STUCK_S * SECOND_MS;
    for (;;) {
        struct json_object *answer = net_get(world.net, "/api/notices"), *list = NULL;
        int open = 0;
        (void)json_object_object_get_ex(answer, "notices", &list);
        for (size_t i = 0; i < json_object_array_length(list); i++)
            open += strcmp(chat_field(json_object_array_get_idx(list, i), "done"), "true") != 0;
        json_object_put(answer);
        if (open == 0)
            return;
        if (net_now_ms() > end_ms)
            world_fail(&world, "%d notifications are not taken", open);
        net_step(world.net, 50);
    }
}

/* A free port of this machine, and where the sandbox finds it. */
static void prepare(struct world *made)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t bytes = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, bytes) != 0 ||
        getsockname(fd, (struct sockaddr *)&address, &bytes) != 0)
        world_fail(made, "there is no free port");
    (void)close(fd);
    port = ntohs(address.sin_port);
    made->options.config = arena_format(&made->arena,
                                        "notifications: { listen = \"127.0.0.1:%d\"; networks = [ \"" SHOP
                                        "\" ]; trusted_proxies = [ \"" PROXY "\" ]; };\n",
                                        port);
}

int main(void)
{
    struct user_plan plan = {.lang = "ru", .name = "Анна", .photos = 10, .size_px = 520};
    world_begin(&world, &(struct world_options){
                            .name = "noticed", .seed = 31, .cheap_styles = true, .fast = true, .prepare = prepare});
    json_object_put(net_post(world.net, "/api/notices",
                             "{\"url\":\"http://127.0.0.1:%d/yookassa\",\"source\":\"" SHOP "\"}", port));
    world_start_daemon(&world, NULL);
    user_begin(&user, &world, &plan, 6000000301);
    secrets_keep(&world);
    scene_walk_to(&(struct scene){&world, &user, 1, NULL}, 0, USER_CONTACT);
    await_state("contact");
    scene_write(&scene, 0, "anna@mail.ru");
    await_state("checkout");
    const char *first = order();
    forge(first);
    lose(first);
    decline_late(order());
    settle(order());
    all_taken();
    invariants_settle(&world);
    invariants_check(&all);
    printf("noticed: %d facts hold, %lld s\n", all.checked, (long long)(net_now_ms() - world.begun_ms) / SECOND_MS);
    return 0;
}
