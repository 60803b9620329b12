/* What kill -9 repeats. Many people write at once, each word is answered by one new message, commits take long, and the
 * daemon is killed in the middle of it, again and again; meanwhile others walk to their photos, and have them sent
 * again. Nothing is lost; what matters ("paid", "ready", the line that closes photos sent again, all photos) comes
 * once; of the rest no more comes twice than was on its way: as many as calls may be at once.
 *
 *   system_repeats [--rounds N] [--commit MS] [--seed S]
 */
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/system/chat.h"
#include "tests/system/invariants.h"
#include "tests/system/secrets.h"
#include "tests/system/user.h"

enum {
    PEOPLE = 400,
    KILLS_A_ROUND = 2,
    FIRST_PERSON = 7000,
    USERS = 3, /* who buy */
    FIRST_USER = 9000,
    CALLS_MAX = 64, /* of the daemon's to Telegram, at once */
    WAY_MS = 4000,  /* of an answer, while a crowd gathers */
    LIFE_MIN_MS = 700,
    LIFE_MORE_MS = 500,
    STUCK_S = 120
};

static struct options {
    long rounds; /* of a word of everybody, and two kills */
    long commit_ms;
    uint64_t seed;
} options = {.rounds = 2, .commit_ms = 1500, .seed = 5};

static struct world world;
static struct user users[USERS];
static int asked, answered;
static uint64_t dice;

static uint64_t roll(void)
{
    dice ^= dice << 13;
    dice ^= dice >> 7;
    dice ^= dice << 17;
    return dice >> 11;
}

static void pump(int wait_ms)
{
    for (int i = 0; i < USERS; i++) {
        user_run(&users[i]);
        user_fail_if_stuck(&users[i], STUCK_S);
    }
    net_step(world.net, wait_ms);
}

static void word_written(void *context, long status, struct json_object *body)
{
    (void)context;
    (void)body;
    if (status != 200)
        world_fail(&world, "the sandbox answers a word with %ld", status);
    answered++;
}

static void all_write(const char *word)
{
    char path[64], body[64];
    (void)snprintf(body, sizeof body, "{\"text\":\"%s\"}", word);
    for (int i = 0; i < PEOPLE; i++, asked++) {
        (void)snprintf(path, sizeof path, "/api/chats/%d/text", FIRST_PERSON + i);
        net_ask(world.net, path, body, word_written, NULL);
    }
}

static bool all_answered(void)
{
    struct json_object *state = net_get(world.net, "/api/state"), *value = NULL;
    bool none = json_object_object_get_ex(state, "pending_updates", &value) && json_object_get_int64(value) == 0;
    json_object_put(state);
    return none && world_int(&world, "SELECT count(*) FROM outbox WHERE chat_id < %d", FIRST_USER) == 0;
}

static void await_answers(void)
{
    int64_t end_ms = net_now_ms() + STUCK_S * 1000;
    while (answered < asked || !all_answered()) {
        pump(20);
        if (net_now_ms() > end_ms)
            world_fail(&world, "not everybody is answered");
    }
}

/* Turns that save that something was sent take so long. */
static void make_commits_slow(void)
{
    char sql[256];
    (void)snprintf(sql, sizeof sql,
                   "CREATE FUNCTION be_slow() RETURNS TRIGGER LANGUAGE plpgsql AS"
                   " $$ BEGIN PERFORM pg_sleep(%ld / 1000.0); RETURN NULL; END $$",
                   options.commit_ms);
    db_result_free(world_sql(&world, sql));
    db_result_free(world_sql(&world, "CREATE TRIGGER be_slow AFTER DELETE ON outbox FOR EACH STATEMENT"
                                     " EXECUTE FUNCTION be_slow()"));
}

static int64_t waiting(void)
{
    return world_int(&world, "SELECT count(*) FROM outbox WHERE chat_id < %d", FIRST_USER);
}

static void kill_daemon(void)
{
    (void)world_stop_daemon(&world, SIGKILL);
    printf("repeats: killed while %" PRId64 " messages waited\n", waiting());
}

/* First when as many as may be are on their way; then, when what waited goes as fast as it can, at any moment of the
 * turns that save it. */
static void write_and_kill(void)
{
    int64_t until_ms = net_now_ms() + STUCK_S * 1000;
    json_object_put(net_post(world.net, "/api/faults",
                             "{\"method\":\"sendMessage\",\"kind\":\"delay\",\"ms\":%d,\"count\":0}", WAY_MS));
    all_write("/help");
    while (waiting() < PEOPLE) {
        pump(5);
        if (net_now_ms() > until_ms)
            world_fail(&world, "not everybody is to be answered");
    }
    kill_daemon();
    net_delete(world.net, "/api/faults");
    make_commits_slow();
    world_start_daemon(&world, NULL);
    until_ms = net_now_ms() + LIFE_MIN_MS + (int64_t)(roll() % (uint64_t)(LIFE_MORE_MS + options.commit_ms));
    while (net_now_ms() < until_ms)
        pump(1);
    kill_daemon();
    db_result_free(world_sql(&world, "DROP FUNCTION be_slow CASCADE"));
    world_start_daemon(&world, NULL);
    await_answers();
}

/* The bot's messages of words alone that begin so; "" = all. */
static int said(struct json_object *chat, const char *words)
{
    struct json_object *messages = chat_messages(chat);
    int count = 0;
    for (size_t i = 0; i < json_object_array_length(messages); i++) {
        struct json_object *message = json_object_array_get_idx(messages, i);
        count += strcmp(chat_field(message, "from"), "bot") == 0 && strcmp(chat_field(message, "kind"), "text") == 0 &&
                 strncmp(chat_field(message, "text"), words, strlen(words)) == 0;
    }
    return count;
}

/* How many of the answers are there twice. */
static int count_repeats(struct invariants *all)
{
    int repeats = 0;
    for (int i = 0; i < PEOPLE; i++) {
        char path[64];
        (void)snprintf(path, sizeof path, "/api/chats/%d", FIRST_PERSON + i);
        struct json_object *chat = net_get(world.net, path);
        int count = said(chat, "");
        int wanted = (int)options.rounds + 1;
        invariants_fact(all, count >= wanted, "person %d has %d of %d answers", FIRST_PERSON + i, count, wanted);
        repeats += count - wanted;
        json_object_put(chat);
    }
    return repeats;
}

static void read_options(int argc, char **argv)
{
    static const struct option known[] = {{"rounds", required_argument, NULL, 'r'},
                                          {"commit", required_argument, NULL, 'c'},
                                          {"seed", required_argument, NULL, 's'},
                                          {NULL, 0, NULL, 0}};
    for (int option; (option = getopt_long(argc, argv, "", known, NULL)) != -1;) {
        if (option == 'r')
            options.rounds = strtol(optarg, NULL, 10);
        else if (option == 'c')
            options.commit_ms = strtol(optarg, NULL, 10);
        else if (option == 's')
            options.seed = strtoull(optarg, NULL, 10);
        else
            exit(2);
    }
    dice = options.seed * 0x9e3779b97f4a7c15U + 1;
}

static void begin(void)
{
    static const struct user_plan plan = {
        .lang = "en", .name = "Anna", .photos = 10, .size_px = 520, .tells_paid = true, .again = true};
    world_begin(&world, &(struct world_options){.name = "repeats",
                                                .seed = options.seed,
                                                .cheap_styles = true,
                                                .fast = true,
                                                .making = "lease_s = 10; retry_base_s = 1;",
                                                .darkroom = "job_timeout_s = 4;"});
    world_start_daemon(&world, NULL);
    secrets_keep(&world);
    for (int i = 0; i < PEOPLE; i++)
        json_object_put(net_post(world.net, "/api/users",
                                 "{\"id\":%d,\"first_name\":\"Anna\",\"language_code\":\"en\"}", FIRST_PERSON + i));
    for (int i = 0; i < USERS; i++)
        user_begin(&users[i], &world, &plan, FIRST_USER + i);
    all_write("/start");
    await_answers();
}

int main(int argc, char **argv)
{
    read_options(argc, argv);
    begin();
    for (int i = 0; i < options.rounds; i++)
        write_and_kill();
    user_run_all(&world, users, USERS, STUCK_S, NULL);
    invariants_settle(&world);
    struct invariants all = {.world = &world, .users = users, .user_count = USERS, .looks = true};
    int repeats = count_repeats(&all);
    for (int i = 0; i < USERS; i++) {
        invariants_of_user(&all, &users[i]);
        int paid = said(users[i].chat, "Payment received!"), closed = said(users[i].chat, "23 photos above.");
        invariants_fact(&all, paid <= 1 && closed <= 1,
                        "user %d is told %d times that it was paid, %d times what is above", i, paid, closed);
    }
    printf("repeats: %d of %ld messages came twice, of %ld that may\n", repeats, PEOPLE * options.rounds,
           CALLS_MAX * KILLS_A_ROUND * options.rounds);
    invariants_fact(&all, repeats <= CALLS_MAX * KILLS_A_ROUND * options.rounds, "%d repeats", repeats);
    if (all.failed > 0)
        world_fail(&world, "%d of %d facts don't hold", all.failed, all.checked);
    return 0;
}
