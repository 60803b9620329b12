/* Hundreds of payers at once, against everything that goes wrong: YooKassa answers late, not, with nonsense, or twice;
 * its notifications are lost, late and repeated;
 * its clock moves past every link's time; accounts and avatars are deleted while their money is on the way; the daemon
 * is killed, at the named steps of its sources and at random, and so is Postgres. Then all that is under way is let
 * end, and our books, what YooKassa says and what people saw must tell one story, to the kopeck.
 *
 *   system_journeys [--payments N] [--buyers N] [--seed S] [--minutes M]
 *
 * So many payments are made, by so many payers at a time. The photos are not the matter: another "machine" ends their
 * tasks (paint), some of them badly. A seed repeats what is done, not the timing of four programs. */
#include <arpa/inet.h>
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bot/services/store/directory.h"
#include "bot/services/store/store.h"
#include "tests/system/cluster.h"
#include "tests/system/invariants.h"
#include "tests/system/money.h"
#include "tests/system/payer.h"
#include "tests/system/secrets.h"
#include "tests/system/steps.h"

#define FIRST_PAYER INT64_C(7000000001)
#define OWNER INT64_C(6999999999)

enum {
    PAYERS_MAX = 20000,
    STUCK_MS = 120 * 1000,
    LIFE_MS = 3000,  /* of a daemon, at most */
    AIMED_MS = 2000, /* … that does not come to the step aimed at */
    TROUBLE_MS = 3000,
    CRASH_MS = 10 * 1000,
    PAUSE_MS = 1000,
    CLOCK_MS = 15 * 1000,
    LINK_LIFE_MS = 61 * 60 * 1000,
    COUNT_MS = 500,
    PAINT_MS = 300,
    PAINTED = 40, /* tasks at a time */
    START_MS = 600,
    AGAIN_MS = 8000,
    NOT_READY = 69, /* how a daemon ends that finds no database … */
    OVERTAKEN = 70  /* … or whose commit was taken after it was given up */
};

struct options {
    long payments, buyers, minutes;
    uint64_t seed;
};

static struct {
    struct options options;
    struct world world;
    struct payer *payers;
    uint16_t port;         /* for notifications */
    int begun, done, room; /* of the first `done` payers all are; so many have accounts */
    struct steps steps;
    struct step *aim; /* NULL: at random */
    bool gently;      /* by SIGTERM */
    int64_t until_ms, trouble_ms, crash_ms, clock_ms, count_ms, paint_ms;
    long made; /* payments */
    long random, gentle, crashes, moves, troubles, by_itself;
    char picture[STORE_URL_BYTES];
    struct dice dice;
} test;

static int64_t roll(int64_t sides)
{
    return dice_roll(&test.dice, sides);
}

static bool is_enough(void)
{
    return test.made >= test.options.payments;
}

static void sql(const char *statement)
{
    db_result_free(world_sql(&test.world, statement));
}

/* ---- what goes wrong ---- */

/* Some faults at a time, or none; the mildest is the most usual. */
static void make_trouble(void)
{
    static const char *const faults[] = {
        "\"kind\":\"delay\",\"ms\":700,\"probability\":0.5",
        "\"kind\":\"drop_before\",\"probability\":0.3",
        "\"kind\":\"drop_after\",\"probability\":0.3",
        "\"kind\":\"status\",\"status\":500,\"probability\":0.3",
        "\"kind\":\"status\",\"status\":500,\"act\":true,\"probability\":0.3",
        "\"kind\":\"status\",\"status\":202,\"act\":true,\"probability\":0.3",
        "\"kind\":\"flood\",\"probability\":0.3",
        "\"kind\":\"garbage\",\"probability\":0.2",
        "\"kind\":\"truncate\",\"probability\":0.2",
        "\"kind\":\"delay\",\"ms\":6000,\"probability\":0.1", /* longer than it is waited for */
    };
    static const char *const notices[] = {"\"kind\":\"drop\"", "\"kind\":\"repeat\"", "\"kind\":\"delay\",\"ms\":3000"};
    static const char *const methods[] = {"*", "POST /payments", "GET /payments/{id}", "POST /refunds"};
    net_delete(test.world.net, "/api/faults");
    for (int64_t i = roll(4); i > 0; i--)
        json_object_put(net_post(
            test.world.net, "/api/faults", "{\"service\":\"yookassa\",\"method\":\"%s\",\"count\":0,%s}",
            methods[roll(sizeof methods / sizeof methods[0])], faults[roll(sizeof faults / sizeof faults[0])]));
    static const char *const refunds[] = {
        "\"kind\":\"pending\",\"ms\":4000,\"probability\":0.5",
        "\"kind\":\"pending\",\"ms\":3000,\"description\":\"insufficient_funds\",\"probability\":0.5",
        "\"kind\":\"refuse\",\"description\":\"rejected_by_timeout\"",
        "\"kind\":\"refuse\",\"description\":\"rejected_by_payee\",\"probability\":0.2"};
    if (roll(2) == 0)
        json_object_put(net_post(test.world.net, "/api/faults",
                                 "{\"service\":\"refund\",\"method\":\"refund\",\"count\":0,%s}",
                                 refunds[roll(sizeof refunds / sizeof refunds[0])]));
    if (roll(2) == 0)
        json_object_put(net_post(test.world.net, "/api/faults",
                                 "{\"service\":\"notice\",\"method\":\"*\",\"count\":0,\"probability\":0.6,%s}",
                                 notices[roll(sizeof notices / sizeof notices[0])]));
    if (roll(8) == 0) /* refused for good: there is no link, and it is ordered again */
        json_object_put(net_post(test.world.net, "/api/faults",
                                 "{\"service\":\"yookassa\",\"method\":\"POST /payments\",\"kind\":\"status\","
                                 "\"status\":400,\"count\":2}"));
    test.troubles++;
}

static void crash_postgres(void)
{
    cluster_crash(&test.world, roll(PAUSE_MS));
    test.crashes++;
}

static void move_clock(void)
{
    json_object_put(net_post(test.world.net, "/api/clock", "{\"advance_ms\":%d}", LINK_LIFE_MS));
    test.moves++;
}

/* ---- the daemon's lives ---- */

static bool is_about_photos(const char *name)
{
    static const char *const chores[] = {"photo_intake.", "photo_make.",  "examples.",
                                         "probe.",        "store_sweep.", "table_ends."};
    for (size_t i = 0; i < sizeof chores / sizeof chores[0]; i++)
        if (strncmp(name, chores[i], strlen(chores[i])) == 0)
            return true;
    return false;
}

static bool is_open(const void *context, const char *name)
{
    (void)context;
    return !is_about_photos(name);
}

/* What comes once a day, or in an hour, comes now. */
static void make_due(void)
{
    sql("UPDATE errands SET not_before = now(), lease_token = NULL, lease_until = NULL WHERE state = 'waiting'"
        " AND chore NOT IN ('store_sweep', 'table_ends')");
}

static void next_life(void)
{
    char kill_at[STEP_NAME_BYTES + 16];
    test.aim = NULL;
    test.gently = roll(10) == 0;
    test.until_ms = INT64_MAX;
    if (!is_enough() && !test.gently && roll(3) > 0)
        test.aim = steps_choose(&test.steps, is_open, NULL, (uint64_t)roll(1000));
    if (test.aim != NULL) {
        (void)snprintf(kill_at, sizeof kill_at, "%s:%" PRId64, test.aim->name, 1 + roll(3));
        make_due();
    }
    world_start_daemon(&test.world, test.aim == NULL ? NULL : kill_at);
    if (!is_enough())
        test.until_ms = net_now_ms() + START_MS + (test.aim != NULL ? AIMED_MS : roll(LIFE_MS));
}

/* It has ended by itself: at the step aimed at, or since Postgres was gone. */
static void died(int status)
{
    int code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    if (test.aim != NULL && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
        test.aim->kills++;
    else if (code == NOT_READY || code == OVERTAKEN)
        test.by_itself++;
    else
        world_fail(&test.world, "the daemon ended by itself, status %d", status);
}

static void watch_daemon(void)
{
    int status = 0;
    if (world_daemon_ended(&test.world, &status)) {
        died(status);
        next_life();
        return;
    }
    if (net_now_ms() < test.until_ms)
        return;
    status = world_stop_daemon(&test.world, test.gently ? SIGTERM : SIGKILL);
    if (test.gently && (!WIFEXITED(status) || WEXITSTATUS(status) != 0))
        world_fail(&test.world, "after SIGTERM the daemon's status is %d", status);
    test.gentle += test.gently;
    test.random += !test.gently;
    if (test.aim != NULL)
        test.aim->misses++;
    next_life();
}

/* ---- people, and who makes their photos ---- */

static void run_payers(void)
{
    int under_way = 0;
    for (int i = test.done; i < test.begun; i++) {
        payer_run(&test.payers[i], !is_enough());
        payer_fail_if_stuck(&test.payers[i], STUCK_MS);
        under_way += test.payers[i].step != PAYER_DONE;
    }
    while (test.done < test.begun && test.payers[test.done].step == PAYER_DONE && !test.payers[test.done].asking)
        payer_end(&test.payers[test.done++]);
    for (; under_way < test.options.buyers && !is_enough() && test.begun < test.room; under_way++, test.begun++)
        payer_begin(&test.payers[test.begun], &test.world, FIRST_PAYER + test.begun, test.options.seed);
}

/* As a worker on another machine would: claims some tasks, and ends each in a transaction of its own. Of one set in
 * twelve all fail, of two the first photo. */
static void paint(void)
{
    struct db_result *claimed = world_sql(
        &test.world, arena_format(&test.world.arena,
                                  "UPDATE photo_tasks SET lease_token = 'painter', worker = 'painter',"
                                  " lease_until = now() + interval '1 hour', attempts = attempts + 1"
                                  " WHERE id IN (SELECT id FROM photo_tasks WHERE state = 'waiting'"
                                  "  AND lease_token IS NULL ORDER BY not_before LIMIT %d"
                                  "  FOR UPDATE SKIP LOCKED) RETURNING id, job_id, index",
                                  PAINTED));
    for (int row = 0; row < db_rows(claimed, 0); row++) {
        int64_t task = db_int64(claimed, 0, row, 0), kind = db_int64(claimed, 0, row, 1) % 12;
        bool fails = kind == 0 || (kind < 3 && db_int64(claimed, 0, row, 2) == 0);
        if (fails)
            (void)world_int(&test.world, "SELECT chat FROM task_failed(%" PRId64 ", 'painter', 'on purpose', 0, 1)",
                            task);
        else
            (void)world_int(&test.world, "SELECT chat FROM task_made(%" PRId64 ", 'painter', '%s')", task,
                            test.picture);
    }
    db_result_free(claimed);
}

static void keep_time(void)
{
    int64_t now_ms = net_now_ms();
    if (now_ms >= test.count_ms) {
        test.made = (long)world_int(&test.world, "SELECT count(*) FROM bot_payments WHERE outside_id IS NOT NULL");
        test.count_ms = now_ms + COUNT_MS;
    }
    if (now_ms >= test.paint_ms) {
        payer_ask_told(&test.world, test.payers, test.done, test.begun);
        paint();
        test.paint_ms = net_now_ms() + PAINT_MS;
    }
    if (is_enough())
        return;
    if (now_ms >= test.trouble_ms) {
        make_trouble();
        test.trouble_ms = now_ms + TROUBLE_MS / 2 + roll(TROUBLE_MS);
    }
    if (now_ms >= test.crash_ms) {
        crash_postgres();
        test.crash_ms = net_now_ms() + CRASH_MS / 2 + roll(CRASH_MS);
    }
    if (now_ms >= test.clock_ms) {
        move_clock();
        test.clock_ms = now_ms + CLOCK_MS / 2 + roll(CLOCK_MS);
    }
}

static void walk(void)
{
    int64_t now_ms = net_now_ms(), end_ms = now_ms + test.options.minutes * 60000;
    test.crash_ms = now_ms + CRASH_MS / 2;
    test.clock_ms = now_ms + CLOCK_MS / 2;
    do {
        run_payers();
        watch_daemon();
        keep_time();
        net_step(test.world.net, 10);
        if (net_now_ms() > end_ms)
            test.options.payments = test.made; /* enough of them */
        if (is_enough())
            net_delete(test.world.net, "/api/faults");
    } while (test.done < test.begun || !is_enough());
    printf("journeys: everybody is done after %" PRId64 " s\n", (net_now_ms() - test.world.begun_ms) / 1000);
}

/* ---- the end ---- */

static int64_t under_way(void)
{
    return world_int(&test.world,
                     "SELECT (SELECT count(*) FROM bot_payments WHERE state IN ('creating', 'pending'))"
                     " + (SELECT count(*) FROM photo_tasks WHERE state = 'waiting')"
                     " + (SELECT count(*) FROM outbox) + (SELECT count(*) FROM bot_news)"
                     " + (SELECT count(*) FROM test_planted f JOIN bot_payments p ON p.outside_id = f.id"
                     "  WHERE f.held = 'late' AND p.state <> 'succeeded')"
                     " + (SELECT count(*) FROM generation_jobs WHERE told_at IS NULL AND order_id IS NOT NULL)"
                     " + (SELECT count(*) FROM errands WHERE state = 'waiting' AND chore NOT IN ('store_sweep',"
                     " 'table_ends') AND (subject <> 'all' OR not_before < now() + interval '1 minute'))");
}

/* Of a life in which nothing goes wrong: all that waits is due when it begins. */
static void begin_again(void)
{
    (void)world_stop_daemon(&test.world, SIGKILL);
    make_due();
    sql("UPDATE bot_payments SET created_at_ms = (extract(epoch FROM now()) * 1000)::bigint"
        " WHERE state IN ('creating', 'pending')"); /* young again: looked at soon */
    world_start_daemon(&test.world, NULL);
}

/* Every link's time is over. At last the owner hears of what waits for a person. */
static void let_all_end(void)
{
    int64_t now_ms = net_now_ms(), end_ms = now_ms + STUCK_MS, again_ms = 0;
    net_delete(test.world.net, "/api/faults");
    move_clock();
    for (bool asked = false; under_way() > 0 || !asked; now_ms = net_now_ms()) {
        if (now_ms >= again_ms || under_way() == 0) {
            asked = under_way() == 0;
            begin_again();
            again_ms = now_ms + AGAIN_MS;
        }
        paint();
        net_step(test.world.net, 100);
        if (now_ms > end_ms)
            world_fail(&test.world, "%" PRId64 " things stay under way", under_way());
    }
}

static void check_tool(struct invariants *all)
{
    const char *log = arena_format(&test.world.arena, "%s/money.log", test.world.dir);
    const char *args[] = {BINARY_DIR "/fotosetd", "check", "--money", "-c", test.world.config, NULL};
    int status = 0;
    (void)waitpid(world_spawn(args, log), &status, 0);
    char *text = world_read(log);
    invariants_fact(all, status == 0 && strstr(text, "0 rows about money are wrong") != NULL,
                    "check --money ends with status %d, and says:\n%s", status, text);
    free(text);
}

static void check_sets(struct invariants *all)
{
    int64_t left = world_int(&test.world, "SELECT count(*) FROM photo_tasks WHERE state = 'waiting'"
                                          " OR (state = 'made' AND delivery <> 'sent')");
    invariants_fact(all, left == 0, "photos that were not sent: %" PRId64, left);
    for (int i = 0; i < test.begun; i++) {
        const struct payer *payer = &test.payers[i];
        int64_t orders = world_int(&test.world, "SELECT count(*) FROM orders WHERE chat_id = %" PRId64, payer->id);
        invariants_fact(all, orders <= payer->presses,
                        "payer %" PRId64 " pressed %ld times, and has %" PRId64 " orders", payer->id, payer->presses,
                        orders);
    }
}

static void print_figures(const struct invariants *all)
{
    long deeds[PAYER_DEED_COUNT] = {0}, paid = 0;
    for (int i = 0; i < test.begun; i++) {
        paid += test.payers[i].paid;
        for (int deed = 0; deed < PAYER_DEED_COUNT; deed++)
            deeds[deed] += test.payers[i].by_deed[deed];
    }
    for (int deed = 0; deed < PAYER_DEED_COUNT; deed++)
        printf("  %-16s %ld\n", payer_deed_name((enum payer_deed)deed), deeds[deed]);
    for (size_t i = 0; i < test.steps.count; i++)
        if (test.steps.list[i].kills + test.steps.list[i].misses > 0)
            printf("  %-34s %ld kills, %ld times in vain\n", test.steps.list[i].name, test.steps.list[i].kills,
                   test.steps.list[i].misses);
    printf("journeys: seed %" PRIu64 "; %ld payments by %d payers, %ld came; %" PRId64 " sets, %" PRId64
           " held, %" PRId64 " refunds; %ld kills at named steps, %ld at random, %ld stops, %ld ends by itself, %ld of"
           " Postgres; %ld troubles, %ld moves of the clock; %d facts hold; %" PRId64 " s\n",
           test.options.seed, test.made, test.begun, paid,
           world_int(&test.world, "SELECT count(*) FROM generation_jobs"),
           world_int(&test.world, "SELECT count(*) FROM bot_payments WHERE held IS NOT NULL"),
           world_int(&test.world, "SELECT count(*) FROM bot_refunds"), steps_kills(&test.steps), test.random,
           test.gentle, test.by_itself, test.crashes, test.troubles, test.moves, all->checked,
           (net_now_ms() - test.world.begun_ms) / 1000);
}

static void read_options(struct options *options, int argc, char **argv)
{
    static const struct option known[] = {
        {"payments", 1, NULL, 'p'}, {"buyers", 1, NULL, 'b'}, {"seed", 1, NULL, 's'}, {"minutes", 1, NULL, 'm'}, {0}};
    *options = (struct options){.payments = 400, .buyers = 60, .minutes = 60, .seed = 1};
    for (int c; (c = getopt_long(argc, argv, "", known, NULL)) != -1;) {
        switch (c) {
        case 'p': options->payments = strtol(optarg, NULL, 10); break;
        case 'b': options->buyers = strtol(optarg, NULL, 10); break;
        case 's': options->seed = strtoull(optarg, NULL, 10); break;
        case 'm': options->minutes = strtol(optarg, NULL, 10); break;
        default: exit(2);
        }
    }
}

static void picture_put(void *ctx, enum err err, const struct store_object *object)
{
    (void)ctx;
    if (err != ERR_OK)
        world_fail(&test.world, "the picture can't be stored: %s", err_name(err));
    store_url(object->name, test.picture);
}

static void store_picture(const void *bytes, size_t length)
{
    struct store *store = NULL;
    if (directory_new(arena_format(&test.world.arena, "%s/store", test.world.dir), &store) != ERR_OK)
        world_fail(&test.world, "there is no store");
    store_put(store, bytes, length, picture_put, NULL);
    store_free(store);
}

/* The owner, too, is somebody; and one photo of theirs is the picture of all that are made, so that it is named whoever
 * goes. */
static void furnish(void)
{
    static const unsigned char pixel[] = {
        0x89, 'P',  'N',  'G',  '\r', '\n', 0x1a, '\n', 0,    0,    0,    13,  'I',  'H',  'D',  'R',  0,
        0,    0,    1,    0,    0,    0,    1,    8,    6,    0,    0,    0,   0x1f, 0x15, 0xc4, 0x89, 0,
        0,    0,    13,   'I',  'D',  'A',  'T',  0x78, 0x9c, 0x63, 0x60, 0,   0,    0,    2,    0,    1,
        0xe2, 0x21, 0xbc, 0x33, 0,    0,    0,    0,    'I',  'E',  'N',  'D', 0xae, 0x42, 0x60, 0x82};
    struct world *world = &test.world;
    long most = test.options.payments / PAYER_ORDERS * 4 + test.options.buyers * 2;
    test.room = (int)(most < PAYERS_MAX ? most : PAYERS_MAX);
    money_begin(world);
    payer_furnish(world, FIRST_PAYER, test.room);
    json_object_put(net_post(world->net, "/api/notices", "{\"url\":\"http://127.0.0.1:%d/yookassa\"}", test.port));
    payer_furnish(world, OWNER, 1);
    store_picture(pixel, sizeof pixel);
    sql(arena_format(
        &world->arena,
        "INSERT INTO generated_photos (avatar_id, style_id, prompt, image_url) SELECT max(a.id), 'one', 'p',"
        " '%s' FROM avatars a JOIN users u ON u.id = a.user_id WHERE u.telegram_user_id = %" PRId64,
        test.picture, OWNER));
    json_object_put(net_post(world->net, "/api/users",
                             "{\"id\":%" PRId64 ",\"first_name\":\"Owner\",\"language_code\":\"ru\"}", OWNER));
    json_object_put(net_post(world->net, arena_format(&world->arena, "/api/chats/%" PRId64 "/text", OWNER),
                             "{\"text\":\"/start\"}"));
}

/* A free port of this machine for YooKassa's notifications. */
static void find_port(struct world *made)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) != 0 ||
        getsockname(fd, (struct sockaddr *)&address, &length) != 0)
        world_fail(made, "there is no free port");
    (void)close(fd);
    test.port = ntohs(address.sin_port);
    made->options.config = arena_format(
        &made->arena, "%snotifications: { listen = \"127.0.0.1:%d\"; networks = [ \"127.0.0.0/8\" ]; };\n",
        made->options.config, test.port);
}

int main(int argc, char **argv)
{
    read_options(&test.options, argc, argv);
    test.dice = dice_new(test.options.seed);
    test.payers = calloc(PAYERS_MAX, sizeof *test.payers);
    steps_find(&test.steps);
    payer_know(&test.steps);
    world_begin(&test.world, &(struct world_options){.name = "journeys",
                                                     .seed = test.options.seed,
                                                     .small_styles = true,
                                                     .fast = true,
                                                     .prepare = find_port,
                                                     .shop = "photos_min = 1;",
                                                     .config = "admins = [ 6999999999L ];\n"
                                                               "roles = [ \"poll\", \"send\" ];\n"});
    printf("journeys: seed %" PRIu64 ", %ld payments, %ld payers at a time\n", test.options.seed, test.options.payments,
           test.options.buyers);
    world_start_daemon(&test.world, NULL);
    secrets_keep(&test.world);
    furnish();
    test.until_ms = net_now_ms() + LIFE_MS;
    walk();
    let_all_end();
    invariants_settle(&test.world);

    struct invariants all = {.world = &test.world, .looks = true};
    printf("journeys: all has ended after %" PRId64 " s\n", (net_now_ms() - test.world.begun_ms) / 1000);
    money_check(&all, MONEY_ENDED | MONEY_ALERTED);
    check_tool(&all);
    check_sets(&all);
    invariants_of_line(&all);
    print_figures(&all);
    if (all.failed > 0)
        world_fail(&test.world, "%d of %d facts do not hold", all.failed, all.checked);
    free(test.payers);
    return 0;
}
