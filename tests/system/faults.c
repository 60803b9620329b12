/* The road through every fault of one kind: each service and method of the road fails so a few times, at unforeseeable
 * calls, while several users walk; afterwards everything is as if nothing had happened.
 *
 *   system_faults delay|drop_before|drop_after|status_500|status_502|garbage|truncate|flood */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/system/invariants.h"
#include "tests/system/secrets.h"
#include "tests/system/user.h"

enum { USERS = 6, TIMES = 3, STUCK_S = 150 };

static const struct {
    const char *service, *method;
} calls[] = {{"telegram", "getUpdates"},
             {"telegram", "sendMessage"},
             {"telegram", "editMessageText"},
             {"telegram", "sendPhoto"},
             {"telegram", "sendMediaGroup"},
             {"telegram", "answerCallbackQuery"},
             {"telegram", "deleteMessage"},
             {"telegram", "editMessageReplyMarkup"},
             {"telegram", "editMessageCaption"},
             {"telegram", "getFile"},
             {"file", "*"},
             {"yookassa", "POST /payments"},
             {"yookassa", "GET /payments/{id}"}};

enum { CALLS = sizeof calls / sizeof calls[0] };

/* What "kind" means to the sandbox: the JSON of one fault without its address. */
static const char *const kinds[][2] = {
    {"delay", "\"kind\":\"delay\",\"ms\":1500"},
    {"drop_before", "\"kind\":\"drop_before\""},
    {"drop_after", "\"kind\":\"drop_after\""},
    {"status_500", "\"kind\":\"status\",\"status\":500,\"act\":true"},
    {"status_502", "\"kind\":\"status\",\"status\":502"},
    {"garbage", "\"kind\":\"garbage\""},
    {"truncate", "\"kind\":\"truncate\""},
    {"flood", "\"kind\":\"flood\",\"retry_after\":2"},
};

static const char *parameters(const char *kind)
{
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (strcmp(kind, kinds[i][0]) == 0)
            return kinds[i][1];
    fprintf(stderr, "faults: no such kind: %s\n", kind);
    exit(2);
}

static void plant(struct world *world, const char *kind)
{
    static const int skips[TIMES] = {0, 1, 3};                   /* the first call, and two later ones */
    static const int group_skips[TIMES] = {0, USERS, USERS + 3}; /* each user's first group is the greeting's */
    for (size_t i = 0; i < CALLS; i++)
        for (int time = 0; time < TIMES; time++)
            json_object_put(net_post(world->net, "/api/faults",
                                     "{\"service\":\"%s\",\"method\":\"%s\",%s,\"count\":1,\"skip\":%d}",
                                     calls[i].service, calls[i].method, parameters(kind),
                                     (strcmp(calls[i].method, "sendMediaGroup") == 0 ? group_skips : skips)[time]));
}

/* Faults that were never met: the test would prove nothing about them. */
static void check_met(struct invariants *all)
{
    struct json_object *left = net_get(all->world->net, "/api/faults");
    for (size_t i = 0; i < json_object_array_length(left); i++) {
        struct json_object *fault = json_object_array_get_idx(left, i);
        const char *method = chat_field(fault, "method");
        bool rare = strcmp(method, "editMessageCaption") == 0 ||
                    strcmp(method, "editMessageReplyMarkup") == 0; /* asked only after an album's answer was lost */
        invariants_fact(all, rare, "the fault of %s was never met", method);
    }
    json_object_put(left);
}

int main(int argc, char **argv)
{
    static struct world world;
    static struct user users[USERS];
    char name[64];
    if (argc != 2) {
        fprintf(stderr, "usage: system_faults KIND\n");
        return 2;
    }
    (void)parameters(argv[1]);
    (void)snprintf(name, sizeof name, "faults %s", argv[1]);
    world_begin(
        &world,
        &(struct world_options){
            .name = name, .seed = 7, .busy = 300, .cheap_styles = true, .fast = true, .making = "retry_base_s = 1;"});
    plant(&world, argv[1]);
    world_start_daemon(&world, NULL);
    secrets_keep(&world);
    for (int i = 0; i < USERS; i++) {
        struct user_plan plan = {.lang = i % 2 == 0 ? "ru" : "en",
                                 .name = "Анна <&_> 🎉",
                                 .early = i == 4,
                                 .referral = i % 2 == 0 ? "ABC234" : NULL,
                                 .photos = 10,
                                 .size_px = 520,
                                 .shuffle = i % 2 == 1,
                                 .spread_ms = 100 * i,
                                 .renames = i % 3,
                                 .order_presses = 1 + i % 2,
                                 .declines = i == 4,
                                 .tells_paid = i % 3 != 0};
        user_begin(&users[i], &world, &plan, 7000000001 + i);
    }
    user_run_all(&world, users, USERS, STUCK_S, NULL);
    invariants_settle(&world);
    struct invariants all = {.world = &world, .users = users, .user_count = USERS, .looks = true};
    check_met(&all);
    invariants_check(&all);
    printf("%s: %d calls of the road failed %d times each; %d users, %d facts hold, %" PRId64 " s\n", name, CALLS,
           TIMES, USERS, all.checked, (net_now_ms() - world.begun_ms) / 1000);
    return 0;
}
