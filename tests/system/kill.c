/* Kill -9 at any moment. Users walk whole journeys at the same time while the daemon is killed, first at every named
 * step of its sources, whatever it takes to bring it there, then at random and at steps again; sometimes it is stopped
 * by SIGTERM instead; and it is started again at once. New users come as long as kills are to be made; then all are let
 * finish, and database, sandbox and logs must tell one story.
 *
 *   system_kill [--kills N] [--users N] [--seed S] [--minutes M]
 *
 * A seed repeats what is aimed at, not the timing of three programs. */
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "tests/system/invariants.h"
#include "tests/system/secrets.h"
#include "tests/system/steps.h"
#include "tests/system/stored.h"
#include "tests/system/user.h"

enum {
    USERS_MAX = 4096,
    LIFE_MAX_MS = 3000, /* of a daemon that does not come to the step aimed at */
    RANDOM_LIFE_MS = 1500,
    LONG_LIFE_MS = 5 * 1000, /* when somebody waits: on a slow machine the start alone takes a short life */
    PATIENCE_S = 30,
    START_MS = 1000,
    SINGLES = 10, /* and ten photos of the first user: as many as are taken */
    STUCK_S = 240,
    FIRST_USER = 1000
};

struct options {
    long kills, users, minutes;
    uint64_t seed;
};

struct ordeal {
    struct options options;
    struct world world;
    struct user users[USERS_MAX];
    int begun, done;
    struct steps steps;
    struct step *aim;    /* NULL: at random */
    int64_t until_ms;    /* of this life */
    bool gently;         /* by SIGTERM */
    long random, gentle; /* kills at random, stops */
    uint64_t dice;
};

static uint64_t roll(struct ordeal *ordeal, uint64_t sides)
{
    ordeal->dice ^= ordeal->dice << 13;
    ordeal->dice ^= ordeal->dice >> 7;
    ordeal->dice ^= ordeal->dice << 17;
    return (ordeal->dice >> 11) % sides;
}

static long kills(const struct ordeal *ordeal)
{
    return ordeal->random + steps_kills(&ordeal->steps);
}

static bool is_over(const struct ordeal *ordeal)
{
    return kills(ordeal) >= ordeal->options.kills;
}

static bool begins(const char *name, const char *prefix)
{
    return strncmp(name, prefix, strlen(prefix)) == 0;
}

static bool anybody(const struct ordeal *ordeal, enum user_step first, enum user_step last)
{
    for (int i = ordeal->done; i < ordeal->begun; i++)
        if (ordeal->users[i].step >= first && ordeal->users[i].step <= last)
            return true;
    return false;
}

static bool declines(const struct ordeal *ordeal)
{
    for (int i = ordeal->done; i < ordeal->begun; i++) {
        const struct user *user = &ordeal->users[i];
        if (user->plan.declines && user->step >= USER_ENOUGH && user->step <= USER_DECLINED)
            return true;
    }
    return false;
}

static bool pays_with_stars(const struct ordeal *ordeal)
{
    for (int i = ordeal->done; i < ordeal->begun; i++) {
        const struct user *user = &ordeal->users[i];
        if (user->plan.stars && user->step >= USER_ENOUGH && user->step <= USER_STARS)
            return true;
    }
    return false;
}

/* The trouble without which nobody comes to this step: a fault for the sandbox, or NULL. */
static const char *trouble_before(const char *name)
{
    if (strstr(name, "_failed") != NULL)
        return "{\"service\":\"yookassa\",\"method\":\"POST "
               "/payments\",\"kind\":\"status\",\"status\":400,\"count\":1}";
    if (begins(name, "probe."))
        return "{\"service\":\"telegram\",\"method\":\"sendMediaGroup\",\"kind\":\"drop_after\",\"count\":0}";
    return NULL;
}

/* What comes once a day comes now. */
static void make_due(struct ordeal *ordeal, const char *name)
{
    if (begins(name, "payment_refund.")) /* of a refund that there is not: few go back here */
        db_result_free(world_sql(&ordeal->world, "INSERT INTO errands (chore, subject) VALUES ('payment_refund', '0')"
                                                 " ON CONFLICT (chore, subject) DO UPDATE SET not_before = now(),"
                                                 " lease_token = NULL, lease_until = NULL"));
    if (begins(name, "receipt_watch.")) /* as if the cash register had taken its time */
        db_result_free(world_sql(
            &ordeal->world,
            "WITH late AS (UPDATE bot_payments SET receipt = 'pending' WHERE id = (SELECT max(id) FROM bot_payments"
            " WHERE state = 'succeeded' AND receipt IS NOT NULL) RETURNING id, outside_id)"
            " INSERT INTO errands (chore, subject, outside) SELECT 'receipt_watch', id, outside_id FROM late"
            " ON CONFLICT (chore, subject) DO UPDATE SET not_before = now(), lease_token = NULL, lease_until = NULL"));
    if (begins(name, "store_sweep.") || begins(name, "table_ends.") || begins(name, "money_audit.") ||
        begins(name, "star_reconcile."))
        db_result_free(world_sql(&ordeal->world, "UPDATE errands SET not_before = now(), lease_token = NULL,"
                                                 " lease_until = NULL WHERE subject = 'all'"));
}

/* Is somebody about to go through this step? */
static bool is_near(const struct ordeal *ordeal, const char *name)
{
    if (strstr(name, "_canceled") != NULL)
        return declines(ordeal);
    if (begins(name, "payment_refund."))
        return true;
    if (begins(name, "receipt_watch."))
        return ordeal->done > 0 || anybody(ordeal, USER_RESULT, USER_RESULT);
    if (begins(name, "checkout."))
        return pays_with_stars(ordeal);
    if (begins(name, "payment_") || begins(name, "star_invoice."))
        return anybody(ordeal, USER_ENOUGH, USER_PAID);
    if (begins(name, "photo_intake."))
        return anybody(ordeal, USER_PHOTOS, USER_ENOUGH);
    if (begins(name, "photo_make.") || begins(name, "album.") || begins(name, "probe."))
        return anybody(ordeal, USER_RESULT, USER_RESULT);
    if (begins(name, "examples."))
        return ordeal->begun - ordeal->done < ordeal->options.users || anybody(ordeal, USER_START, USER_WELCOME);
    return true;
}

/* Rare steps are aimed at when they can come; those that need a trouble were met on the tour. */
static bool is_open(const void *context, const char *name)
{
    return trouble_before(name) == NULL && is_near(context, name);
}

static bool anybody_waits(const struct ordeal *ordeal)
{
    for (int i = ordeal->done; i < ordeal->begun; i++)
        if (!user_done(&ordeal->users[i]) && net_now_ms() - ordeal->users[i].since_ms > PATIENCE_S * 1000)
            return true;
    return false;
}

static void next_life(struct ordeal *ordeal)
{
    char kill_at[STEP_NAME_BYTES + 16];
    bool over = is_over(ordeal), in_peace = anybody_waits(ordeal);
    ordeal->aim = NULL;
    ordeal->gently = !over && roll(ordeal, 12) == 0;
    ordeal->until_ms = INT64_MAX;
    if (!over && !ordeal->gently && !in_peace && ordeal->world.starts % 2 == 0) /* lives in between let things go on */
        ordeal->aim = steps_choose(&ordeal->steps, is_open, ordeal, roll(ordeal, 1000));
    if (ordeal->aim != NULL) {
        bool rare = begins(ordeal->aim->name, "payment_") || ordeal->aim->kills == 0;
        (void)snprintf(kill_at, sizeof kill_at, "%s:%" PRIu64, ordeal->aim->name, 1 + roll(ordeal, rare ? 1 : 4));
        make_due(ordeal, ordeal->aim->name);
    }
    world_start_daemon(&ordeal->world, ordeal->aim == NULL ? NULL : kill_at);
    if (!over && in_peace)
        ordeal->until_ms = net_now_ms() + LONG_LIFE_MS;
    else if (!over)
        ordeal->until_ms = net_now_ms() +
                           (ordeal->aim != NULL ? LIFE_MAX_MS : (int64_t)roll(ordeal, RANDOM_LIFE_MS) + 1);
}

/* It has ended by itself: only at the step aimed at. */
static void died(struct ordeal *ordeal, int status)
{
    if (ordeal->aim == NULL || !WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL)
        world_fail(&ordeal->world, "the daemon ended by itself, status %d", status);
    ordeal->aim->kills++;
}

static void watch_daemon(struct ordeal *ordeal)
{
    int status = 0;
    if (world_daemon_ended(&ordeal->world, &status)) {
        died(ordeal, status);
        next_life(ordeal);
        return;
    }
    if (net_now_ms() < ordeal->until_ms)
        return;
    status = world_stop_daemon(&ordeal->world, ordeal->gently ? SIGTERM : SIGKILL);
    bool starting = WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM &&
                    net_now_ms() - ordeal->world.started_ms < START_MS; /* it did not listen to signals yet */
    if (ordeal->gently && !starting && (!WIFEXITED(status) || WEXITSTATUS(status) != 0))
        world_fail(&ordeal->world, "after SIGTERM the daemon's status is %d", status);
    ordeal->gentle += ordeal->gently;
    ordeal->random += !ordeal->gently;
    if (ordeal->aim != NULL)
        ordeal->aim->misses++;
    next_life(ordeal);
}

static void new_user(struct ordeal *ordeal)
{
    int i = ordeal->begun++;
    struct user_plan plan = {.lang = i % 2 == 0 ? "ru" : "en",
                             .name = "Анна <&_> 🎉",
                             .early = i % 4 == 2,
                             .referral = i % 3 == 0 ? "ABC234" : NULL,
                             .photos = 10 + i % 3,
                             .size_px = 520,
                             .shuffle = i % 4 == 3,
                             .spread_ms = 200 * (i % 5),
                             .by_phone = i % 5 == 0,
                             .renames = i % 3 == 1 ? 3 : 0,
                             .order_presses = 1 + i % 3,
                             .declines = i % 3 == 2,
                             .stars = i % 3 == 1,
                             .tells_paid = i % 4 != 0};
    user_begin(&ordeal->users[i], &ordeal->world, &plan, FIRST_USER + i);
}

/* Finished users go to the front, so that only those under way are looked at. */
static void run_users(struct ordeal *ordeal)
{
    for (int i = ordeal->done; i < ordeal->begun; i++) {
        user_run(&ordeal->users[i]);
        user_fail_if_stuck(&ordeal->users[i], STUCK_S);
    }
    while (ordeal->done < ordeal->begun && user_done(&ordeal->users[ordeal->done]))
        ordeal->done++;
    int under_way = 0;
    for (int i = ordeal->done; i < ordeal->begun; i++)
        under_way += !user_done(&ordeal->users[i]);
    while (under_way < ordeal->options.users && !is_over(ordeal) && ordeal->begun < USERS_MAX) {
        new_user(ordeal);
        under_way++;
    }
}

/* A life in which all can go on. */
static void live_in_peace(struct ordeal *ordeal)
{
    int64_t end_ms = net_now_ms() + LONG_LIFE_MS;
    world_start_daemon(&ordeal->world, NULL);
    while (net_now_ms() < end_ms) {
        run_users(ordeal);
        net_step(ordeal->world.net, 10);
    }
    (void)world_stop_daemon(&ordeal->world, SIGKILL);
    ordeal->random++;
}

/* The daemon lives until it comes to the step. */
static void live_until(struct ordeal *ordeal, struct step *step)
{
    int status = 0;
    int64_t end_ms = net_now_ms() + STUCK_S * 1000;
    const char *trouble = trouble_before(step->name);
    if (trouble != NULL)
        json_object_put(net_post(ordeal->world.net, "/api/faults", "%s", trouble));
    ordeal->aim = step;
    make_due(ordeal, step->name);
    world_start_daemon(&ordeal->world, step->name);
    while (!world_daemon_ended(&ordeal->world, &status)) {
        run_users(ordeal);
        net_step(ordeal->world.net, 10);
        if (net_now_ms() > end_ms)
            world_fail(&ordeal->world, "nobody comes to the step %s", step->name);
    }
    died(ordeal, status);
    if (trouble != NULL)
        net_delete(ordeal->world.net, "/api/faults");
}

/* Once to every named step: the next is one that somebody is near to, if there is one. New users keep coming, so
 * somebody comes to each. */
static void tour(struct ordeal *ordeal)
{
    for (;;) {
        struct step *next = NULL;
        for (size_t i = 0; i < ordeal->steps.count; i++) {
            struct step *step = &ordeal->steps.list[i];
            if (step->kills == 0 && (next == NULL || (!is_near(ordeal, next->name) && is_near(ordeal, step->name))))
                next = step;
        }
        if (next == NULL)
            break;
        if (anybody_waits(ordeal))
            live_in_peace(ordeal);
        live_until(ordeal, next);
    }
    printf("kill: once at each of the %zu named steps; %" PRId64 " s\n", ordeal->steps.count,
           (net_now_ms() - ordeal->world.begun_ms) / 1000);
}

/* A single update waits, and the daemon is killed at each place where it is decided whether it was handled. Whether it
 * is lost or handled twice shows in the user's photos, which are counted and must stand in order. */
static void single_updates(struct ordeal *ordeal)
{
    static const char *const names[] = {"poll.batch",      "turn.loaded",    "turn.before_commit",
                                        "turn.committing", "turn.committed", "poll.confirming"};
    enum { NAMES = sizeof names / sizeof names[0] };
    struct world *world = &ordeal->world;
    struct user *user = &ordeal->users[0];
    char path[96];
    (void)snprintf(path, sizeof path, "/api/chats/%" PRId64 "/samples", user->id);
    for (int i = 0; i < SINGLES; i++) {
        int status = 0;
        ordeal->aim = steps_named(&ordeal->steps, names[i % NAMES]);
        if (ordeal->aim == NULL)
            world_fail(world, "there is no step %s", names[i % NAMES]);
        json_object_put(net_post(world->net, path, "{\"count\":1,\"size_px\":520,\"person\":1,\"pose\":%d}",
                                 user->plan.photos + i));
        user->photos_sent++;
        world_start_daemon(world, names[i % NAMES]);
        int64_t end_ms = net_now_ms() + STUCK_S * 1000;
        while (!world_daemon_ended(world, &status)) {
            net_step(world->net, 5);
            if (net_now_ms() > end_ms)
                world_fail(world, "the step %s does not come", names[i % NAMES]);
        }
        died(ordeal, status);
    }
}

/* The first user comes as far as the photos, and everything is at rest. */
static void first_photos(struct ordeal *ordeal)
{
    struct user *user = &ordeal->users[0];
    world_start_daemon(&ordeal->world, NULL);
    new_user(ordeal);
    while (user->step != USER_ENOUGH) {
        user_run(user);
        user_fail_if_stuck(user, STUCK_S);
        net_step(ordeal->world.net, 10);
    }
    secrets_keep(&ordeal->world);
    invariants_settle(&ordeal->world);
}

static void read_options(struct options *options, int argc, char **argv)
{
    static const struct option known[] = {
        {"kills", 1, NULL, 'k'}, {"users", 1, NULL, 'u'}, {"seed", 1, NULL, 's'}, {"minutes", 1, NULL, 'm'}, {0}};
    *options = (struct options){.kills = 100, .users = 5, .minutes = 60, .seed = 1};
    for (int c; (c = getopt_long(argc, argv, "", known, NULL)) != -1;) {
        switch (c) {
        case 'k': options->kills = strtol(optarg, NULL, 10); break;
        case 'u': options->users = strtol(optarg, NULL, 10); break;
        case 's': options->seed = strtoull(optarg, NULL, 10); break;
        case 'm': options->minutes = strtol(optarg, NULL, 10); break;
        default: exit(2);
        }
    }
}

static void print_steps(const struct steps *steps)
{
    for (size_t i = 0; i < steps->count; i++)
        printf("  %-34s %ld kills, %ld times in vain\n", steps->list[i].name, steps->list[i].kills,
               steps->list[i].misses);
}

static void print_figures(struct ordeal *ordeal, const struct invariants *all)
{
    struct world *world = &ordeal->world;
    print_steps(&ordeal->steps);
    printf("kill: %ld kills (%ld at %zu of %zu named steps, %ld at random) and %ld stops; %d users, %" PRId64
           " paid sets, %" PRId64 " photos taken, %" PRId64
           " delivered, each once and in order; %d facts hold; %" PRId64 " s\n",
           kills(ordeal), steps_kills(&ordeal->steps), steps_met(&ordeal->steps), ordeal->steps.count, ordeal->random,
           ordeal->gentle, ordeal->begun, world_int(world, "SELECT count(*) FROM generation_jobs"),
           world_int(world, "SELECT count(*) FROM photo_intake"),
           world_int(world, "SELECT count(*) FROM photo_tasks WHERE delivery = 'sent'"), all->checked,
           (net_now_ms() - all->world->begun_ms) / 1000);
}

int main(int argc, char **argv)
{
    static struct ordeal ordeal;
    read_options(&ordeal.options, argc, argv);
    ordeal.dice = ordeal.options.seed * 0x9e3779b97f4a7c15U + 1;
    steps_find(&ordeal.steps);
    steps_part(&ordeal.steps, "npd_receipt.", false); /* in npd.c: another kind of shop */
    world_begin(&ordeal.world, &(struct world_options){.name = "kill",
                                                       .seed = ordeal.options.seed,
                                                       .cheap_styles = true,
                                                       .fast = true,
                                                       .shop = "support = \"@help\";",
                                                       .config = "stars: { enabled = true; };\n",
                                                       .making = "lease_s = 10; max_attempts = 50; retry_base_s = 1;",
                                                       .darkroom = "job_timeout_s = 4;"});
    first_photos(&ordeal);
    single_updates(&ordeal);
    tour(&ordeal);
    next_life(&ordeal);
    int64_t end_ms = net_now_ms() + ordeal.options.minutes * 60000;
    do {
        run_users(&ordeal);
        watch_daemon(&ordeal);
        net_step(ordeal.world.net, 10);
        if (net_now_ms() > end_ms)
            ordeal.options.kills = kills(&ordeal) / 2; /* enough of them */
    } while (ordeal.done < ordeal.begun || !is_over(&ordeal) || ordeal.until_ms != INT64_MAX);
    invariants_settle(&ordeal.world);

    struct invariants all = {.world = &ordeal.world, .users = ordeal.users, .user_count = ordeal.begun, .looks = true};
    stored_check_sweep(&all);
    invariants_check(&all);
    print_figures(&ordeal, &all);
    for (int i = 0; i < ordeal.begun; i++)
        user_end(&ordeal.users[i]);
    return 0;
}
