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

#include "db/audit.h"
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

static void check_money(struct invariants *all)
{
    struct world *world = all->world;
    none(all, "orders whose row in payments is not the one that was paid",
         "SELECT count(*) FROM orders o WHERE status = 'paid' AND NOT EXISTS (SELECT 1 FROM bot_payments s"
         " WHERE s.order_id = o.id AND s.provider = 'stars' AND s.state = 'succeeded' AND s.held IS NULL"
         " AND s.received = s.asked AND s.received_currency = 'XTR' AND s.user_id = o.user_id AND s.payer = o.chat_id)"
         " AND (SELECT count(*) FROM bot_payments b"
         " JOIN payments p ON p.yookassa_payment_id = b.outside_id WHERE b.order_id = o.id AND b.state = 'succeeded'"
         " AND b.received = o.price AND b.received_currency = b.currency AND b.held IS NULL AND p.status = 'succeeded'"
         " AND p.amount = o.price AND p.user_id = o.user_id AND b.user_id = o.user_id) <> 1");
    none(all, "payments that belong to no order",
         "SELECT count(*) FROM payments p WHERE NOT EXISTS (SELECT 1 FROM bot_payments b JOIN orders o"
         " ON o.id = b.order_id WHERE b.outside_id = p.yookassa_payment_id AND b.state = p.status)");
    none(all, "orders without their payment",
         "SELECT count(*) FROM orders o WHERE NOT EXISTS (SELECT 1 FROM bot_payments b WHERE b.order_id = o.id)");
    int64_t orders = world_int(world, "SELECT count(*) FROM bot_payments WHERE outside_id IS NOT NULL"
                                      " AND provider = 'yookassa'");
    struct json_object *payments = net_get(world->net, "/api/payments");
    int64_t count = (int64_t)json_object_array_length(payments);
    invariants_fact(all, count == orders, "one payment per order: YooKassa has %" PRId64 ", the orders %" PRId64, count,
                    orders);
    for (int64_t i = 0; i < count; i++) {
        struct json_object *payment = json_object_array_get_idx(payments, (size_t)i);
        const char *id = chat_field(payment, "id"), *status = chat_field(payment, "status");
        int64_t found = world_int(world, "SELECT count(*) FROM bot_payments WHERE outside_id = '%s' AND state = '%s'",
                                  id, status);
        invariants_fact(all, found == 1, "payment %s (%s) has %" PRId64 " orders in that state", id, status, found);
    }
    json_object_put(payments);
}

/* The audit that the daemon makes: but for what waits for a person, it finds nothing. */
static void check_books(struct invariants *all)
{
    struct db_unit *unit = db_unit_new();
    struct db_result *result = NULL;
    struct db_failure failure;
    for (size_t question = 0; question < audit_count(); question++)
        (void)audit_add(unit, &all->world->arena, question);
    if (db_run(all->world->db, unit, SETTLE_MS, &result, &failure) != ERR_OK)
        world_fail(all->world, "the audit: %s", failure.message);
    for (size_t question = 0; question < audit_count(); question++)
        if (!audit_is_wait(question))
            invariants_fact(all, db_rows(result, (int)question) == 0, "audit, %s: %s", audit_name(question),
                            db_rows(result, (int)question) == 0 ? "" : audit_read_words(result, (int)question, 0));
    db_result_free(result);
}

/* The web application deletes everybody (which is undone again): what is known of their money stays. */
static void check_money_stays(struct invariants *all)
{
    db_result_free(world_sql(
        all->world, "DO $$ DECLARE was TEXT; stays TEXT; facts CONSTANT TEXT := 'SELECT concat_ws('' '', (SELECT "
                    "count(*) FROM orders),"
                    " (SELECT count(*) FROM bot_payments), (SELECT sum(received) FROM bot_payments))'; BEGIN EXECUTE "
                    "facts INTO was;"
                    " BEGIN DELETE FROM users; EXECUTE facts INTO stays; RAISE EXCEPTION USING ERRCODE = 'FB999';"
                    " EXCEPTION WHEN SQLSTATE 'FB999' THEN NULL; END; IF stays <> was THEN"
                    " RAISE EXCEPTION 'of orders, payments and roubles (%) only % outlive their users', was, stays; "
                    "END IF; END $$"));
    all->checked++;
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
        "message thread not found", "query is too old",          "there is no text in the message to edit"};
    const char prefix[] = "Bad Request: ";
    size_t count = sizeof usual / sizeof usual[0] - !all->looks;
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

void invariants_check(struct invariants *all)
{
    none(all, "messages left in the outbox", "SELECT count(*) FROM outbox");
    none(all, "news that were not told", "SELECT count(*) FROM bot_news");
    none(all, "photos whose examination did not end", "SELECT count(*) FROM photo_intake WHERE verdict = 'pending'");
    invariants_fact(all, stored_missing(all->world) == 0, "the store has not got what rows name");
    check_jobs(all);
    check_money(all);
    check_books(all);
    check_money_stays(all);
    check_updates(all);
    check_refusals(all);
    secrets_check(all);
    for (int i = 0; i < all->user_count; i++)
        invariants_of_user(all, &all->users[i]);
    if (all->failed > 0)
        world_fail(all->world, "%d of %d invariants are broken", all->failed, all->checked);
}
