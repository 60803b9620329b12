/* Database, sandbox and logs must tell the same story. Each fact has a name, so that a failure says which promise was
 * broken. Must not repair or wait (that is invariants_settle), nor know how the trouble was made. */
#include "tests/system/invariants.h"

#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/system/money.h"
#include "tests/system/secrets.h"
#include "tests/system/stored.h"

enum { SETTLE_MS = 30000 };

void invariants_fact(struct invariants *all, bool holds, const char *format, ...)
{
    va_list args;
    all->checked++;
    if (holds)
        return;
    all->failed++;
    va_start(args, format);
    fprintf(stderr, "%s: BROKEN: ", all->world->options.name);
    (void)vfprintf(stderr, format, args);
    fprintf(stderr, "\n");
    va_end(args);
}

static int64_t pending_updates(struct world *world)
{
    struct json_object *state = net_get(world->net, "/api/state"), *value = NULL;
    (void)json_object_object_get_ex(state, "pending_updates", &value);
    int64_t count = json_object_get_int64(value);
    json_object_put(state);
    return count;
}

static int64_t under_way(struct world *world)
{
    return pending_updates(world) + world_int(world, "SELECT (SELECT count(*) FROM outbox)"
                                                     " + (SELECT count(*) FROM photo_intake WHERE verdict = 'pending')"
                                                     " + (SELECT count(*) FROM photo_tasks WHERE state = 'waiting')"
                                                     " + (SELECT count(*) FROM bot_sessions WHERE refresh_at_ms > 0)"
                                                     " + (SELECT count(*) FROM bot_payments WHERE state = 'creating')"
                                                     " + (SELECT count(*) FROM bot_refunds r JOIN bot_payments p"
                                                     " ON p.id = r.payment_id WHERE p.provider = 'stars'"
                                                     " AND r.state IN ('owed', 'asked'))"
                                                     " + (SELECT count(*) FROM bot_news)");
}

void invariants_settle(struct world *world)
{
    int64_t end_ms = net_now_ms() + SETTLE_MS, left;
    while ((left = under_way(world)) > 0 && net_now_ms() < end_ms)
        (void)usleep(50 * 1000);
    if (left > 0)
        world_fail(world, "%" PRId64 " things stay under way: %s", left,
                   world_int(world, "SELECT count(*) FROM outbox") > 0 ? "the outbox is not empty"
                                                                       : "see the database");
    int status = world_stop_daemon(world, SIGTERM);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        world_fail(world, "after SIGTERM the daemon's status is %d", status);
}

/* The number that the query counts must be zero. */
static void none(struct invariants *all, const char *what, const char *sql)
{
    int64_t count = world_int(all->world, "%s", sql);
    invariants_fact(all, count == 0, "%s: %" PRId64, what, count);
}

static void check_jobs(struct invariants *all)
{
    none(all, "paid orders without exactly one job",
         "SELECT count(*) FROM orders o WHERE status = 'paid'"
         " AND (SELECT count(*) FROM generation_jobs j WHERE j.order_id = o.id) <> 1");
    none(all, "jobs without a paid order",
         "SELECT count(*) FROM generation_jobs j LEFT JOIN orders o ON o.id = j.order_id"
         " WHERE o.status IS DISTINCT FROM 'paid'");
    none(all, "jobs that are not completed with 23 photos",
         "SELECT count(*) FROM generation_jobs WHERE status <> 'completed' OR total_photos <> 23"
         " OR completed_photos <> 23 OR told_at IS NULL");
    none(all, "jobs without 23 made and sent tasks",
         "SELECT count(*) FROM generation_jobs j WHERE (SELECT count(*) FROM photo_tasks t WHERE t.job_id = j.id"
         " AND state = 'made' AND delivery = 'sent' AND message_id IS NOT NULL AND generated_photo_id IS NOT NULL)"
         " <> 23 OR (SELECT count(*) FROM photo_tasks t WHERE t.job_id = j.id) <> 23");
    none(all, "messages that stand for two photos",
         "SELECT count(*) - count(DISTINCT (j.chat_id, t.message_id)) FROM photo_tasks t"
         " JOIN generation_jobs j ON j.id = t.job_id");
    none(all, "generated photos that no task made, or that were made twice",
         "SELECT count(*) FROM generated_photos p WHERE (SELECT count(*) FROM photo_tasks t"
         " WHERE t.generated_photo_id = p.id) <> 1");
    none(all, "avatars of finished jobs that are not ready",
         "SELECT count(*) FROM avatars a WHERE status <> 'ready' AND EXISTS (SELECT 1 FROM generation_jobs j"
         " WHERE j.avatar_id = a.id)");
}

/* One past the newest update that was ever handed out. */
static int64_t handed_out(struct world *world)
{
    struct json_object *log = net_get(world->net, "/api/log?service=telegram&method=getUpdates"), *requests = NULL,
                       *value = NULL;
    int64_t next = 0;
    (void)json_object_object_get_ex(log, "requests", &requests);
    for (size_t i = 0; i < json_object_array_length(requests); i++) {
        struct json_object *request = json_object_array_get_idx(requests, i);
        if (!json_object_object_get_ex(request, "response", &value) ||
            !json_object_object_get_ex(value, "result", &value))
            continue;
        size_t count = json_object_is_type(value, json_type_array) ? json_object_array_length(value) : 0;
        if (count > 0 && json_object_object_get_ex(json_object_array_get_idx(value, count - 1), "update_id", &value))
            next = json_object_get_int64(value) + 1;
    }
    json_object_put(log);
    return next;
}

static void check_updates(struct invariants *all)
{
    struct world *world = all->world;
    int64_t pending = pending_updates(world), offset = world_int(world, "SELECT next_offset FROM bot_state"),
            next = handed_out(world), poison = world_int(world, "SELECT count(*) FROM poison_updates");
    invariants_fact(all, pending == 0, "updates that nobody took: %" PRId64, pending);
    invariants_fact(all, offset == next, "the stored offset is %" PRId64 ", the updates end before %" PRId64, offset,
                    next);
    invariants_fact(all, poison == all->poison_expected, "poison updates: %" PRId64 ", want %d", poison,
                    all->poison_expected);
}

/* Whether Telegram may say so to a bot that does everything right. */
static bool is_usual(const struct invariants *all, const char *description)
{
    static const char *const usual[] = {
        "message is not modified",  "message to edit not found", "message to delete not found",
        "message thread not found", "query is too old",          "there is no text in the message to edit",
        "CHARGE_ALREADY_REFUNDED"};
    const char prefix[] = "Bad Request: ";
    enum { WITH_ANSWERS_LOST = 2 }; /* the last ones: what is looked for, and what is asked again */
    size_t count = sizeof usual / sizeof usual[0] - (all->looks ? 0 : WITH_ANSWERS_LOST);
    for (size_t i = 0; i < count; i++) {
        if (strncmp(description, prefix, sizeof prefix - 1) == 0 &&
            strncmp(description + sizeof prefix - 1, usual[i], strlen(usual[i])) == 0)
            return true;
    }
    return false;
}

/* No call was refused for what it says, but by a test's own fault: the sandbox is stricter than Telegram. */
static void check_refusals(struct invariants *all)
{
    char *record = world_read(all->world->record);
    for (char *line = record, *next; *line != '\0'; line = next) {
        next = line + strcspn(line, "\n");
        if (*next != '\0')
            *next++ = '\0';
        if (strstr(line, "\"error_code\":400") == NULL) /* most lines need no reading */
            continue;
        struct json_object *entry = json_tokener_parse(line), *response = NULL;
        (void)json_object_object_get_ex(entry, "response", &response);
        const char *description = chat_field(response, "description");
        bool planted = strcmp(chat_field(entry, "fault"), "status") == 0;
        invariants_fact(all, planted || is_usual(all, description), "%s was refused: %s", chat_field(entry, "method"),
                        description);
        json_object_put(entry);
    }
    free(record);
}

void invariants_of_line(struct invariants *all)
{
    check_updates(all);
    check_refusals(all);
    secrets_check(all);
}

void invariants_check(struct invariants *all)
{
    none(all, "messages left in the outbox", "SELECT count(*) FROM outbox");
    none(all, "photos whose examination did not end", "SELECT count(*) FROM photo_intake WHERE verdict = 'pending'");
    invariants_fact(all, stored_missing(all->world) == 0, "the store has not got what rows name");
    check_jobs(all);
    money_check(all, 0);
    invariants_of_line(all);
    for (int i = 0; i < all->user_count; i++)
        invariants_of_user(all, &all->users[i]);
    if (all->failed > 0)
        world_fail(all->world, "%d of %d invariants are broken", all->failed, all->checked);
}
