/* What the tests of the chores' statements share: a fresh database with the bot's schema, two connections to it, and
 * customers with orders and jobs. */
#ifndef TESTS_UNIT_CHORES_H
#define TESTS_UNIT_CHORES_H

#include <poll.h>
#include <time.h>
#include "db/migrate.h"
#include "db/payments.h"
#include "tests/check.h"

enum { WAIT_MS = 60 * 1000, PHOTOS = 23 };

static struct arena arena;
static struct db *db, *other; /* two daemons on one database */
static int64_t next_id = 1000;

static inline struct db_result *run_on(struct db *on, struct db_unit *unit)
{
    struct db_result *result = NULL;
    struct db_failure failure;
    if (db_run(on, unit, WAIT_MS, &result, &failure) != ERR_OK) {
        fprintf(stderr, "%s %s\n", failure.sqlstate, failure.message);
        exit(1);
    }
    return result;
}

static inline struct db_result *run(struct db_unit *unit)
{
    return run_on(db, unit);
}

static inline void tell(const char *sql)
{
    struct db_unit *unit = db_unit_new();
    (void)db_unit_add(unit, sql, 0, NULL);
    db_result_free(run(unit));
}

static inline int64_t ask(const char *sql)
{
    struct db_unit *unit = db_unit_new();
    (void)db_unit_add(unit, sql, 0, NULL);
    struct db_result *result = run(unit);
    int64_t value = db_int64(result, 0, 0, 0);
    db_result_free(result);
    return value;
}

static inline const char *ask_text(const char *sql)
{
    struct db_unit *unit = db_unit_new();
    (void)db_unit_add(unit, sql, 0, NULL);
    struct db_result *result = run(unit);
    const char *text = arena_copy(&arena, db_text(result, 0, 0, 0));
    db_result_free(result);
    return text;
}

#define SQL(...) arena_format(&arena, __VA_ARGS__)

/* ---- a shop with one customer each ---- */

struct customer {
    int64_t chat_id, user_id, avatar_id;
};

static inline struct customer customer_new(void)
{
    struct customer made = {.chat_id = next_id++};
    made.user_id = ask(SQL("INSERT INTO users (device_id, telegram_user_id) VALUES ('tg:%lld', %lld) RETURNING id",
                           (long long)made.chat_id, (long long)made.chat_id));
    made.avatar_id = ask(
        SQL("INSERT INTO avatars (user_id, name) VALUES (%lld, 'Anna') RETURNING id", (long long)made.user_id));
    return made;
}

static inline int64_t order_new(const struct customer *customer)
{
    int64_t id = next_id++;
    tell(SQL("INSERT INTO orders (id, user_id, chat_id, avatar_id, style_id, photo_count, price, prompts, recipes,"
             " created_at_ms) VALUES (%lld, %lld, %lld, %lld, 'creative', %d, 500,"
             " ARRAY['one', 'two'], ARRAY['crop=half', 'grade=vivid'], 1700000000000)",
             (long long)id, (long long)customer->user_id, (long long)customer->chat_id, (long long)customer->avatar_id,
             PHOTOS));
    tell(SQL("INSERT INTO bot_payments (key, body, asked, order_id, user_id, created_at_ms)"
             " VALUES ('key-%lld', '{\"a\":1}', 500, %lld, %lld, 1700000000000)",
             (long long)id, (long long)id, (long long)customer->user_id));
    return id;
}

static inline const char *payment_of(int64_t order_id)
{
    return SQL("pay-%lld", (long long)order_id);
}

static inline bool create_payment(int64_t order_id)
{
    struct db_unit *unit = db_unit_new();
    (void)payments_add_created(unit, &arena,
                               &(struct payments_created){order_id, payment_of(order_id), "https://pay/", 5});
    struct db_result *result = run(unit);
    bool done = payments_read_done(result, 0);
    db_result_free(result);
    return done;
}

/* What YooKassa says when the order was paid just as it was asked. */
static inline struct payments_seen paid_of(int64_t order_id)
{
    return (struct payments_seen){.provider = "yookassa",
                                  .payment_id = payment_of(order_id),
                                  .status = PAYMENTS_SAID_SUCCEEDED,
                                  .paid = true,
                                  .amount_kopecks = 50000,
                                  .income_kopecks = 48250,
                                  .currency = "RUB",
                                  .order_id = order_id};
}

static inline struct payments_settled see(const struct payments_seen *seen)
{
    struct db_unit *unit = db_unit_new();
    int at = payments_add_seen(unit, &arena, seen);
    struct db_result *result = run(unit);
    struct payments_settled answer = payments_read_seen(result, at);
    db_result_free(result);
    return answer;
}

static inline void add_paid(struct db_unit *unit, int64_t order_id)
{
    struct payments_seen seen = paid_of(order_id);
    (void)payments_add_seen(unit, &arena, &seen);
}

static inline struct payments_settled settle(int64_t order_id, int64_t kopecks, const char *currency)
{
    struct payments_seen seen = paid_of(order_id);
    seen.amount_kopecks = kopecks;
    seen.income_kopecks = 0;
    seen.currency = currency;
    return see(&seen);
}

/* It is over without money; or, if it is no payment of this order's, whatever is said of it. */
static inline struct payments_settled see_canceled(int64_t order_id, enum payment_reason reason, bool foreign)
{
    struct payments_seen seen = paid_of(order_id);
    seen.status = foreign ? PAYMENTS_SAID_PENDING : PAYMENTS_SAID_CANCELED;
    seen.paid = false;
    seen.reason = reason;
    seen.order_id += foreign;
    return see(&seen);
}

/* A paid order: its job. */
static inline int64_t job_new(const struct customer *customer)
{
    int64_t order_id = order_new(customer);
    CHECK(create_payment(order_id));
    return settle(order_id, 50000, "RUB").job_id;
}

static inline int64_t jobs_of(int64_t order_id)
{
    return ask(SQL("SELECT count(*) FROM generation_jobs WHERE order_id = %lld", (long long)order_id));
}

/* "kind:object:other:word", and that it is the customer's. */
static inline void check_news(const struct customer *customer, int64_t news_id, const char *want)
{
    CHECK_TEXT(ask_text(SQL("SELECT concat_ws(':', kind, object, other, word) FROM bot_news WHERE id = %lld"
                            " AND chat_id = %lld",
                            (long long)news_id, (long long)customer->chat_id)),
               want);
}

static inline void clear_tasks(void)
{
    tell("DELETE FROM photo_tasks");
}

static int open_answers; /* units submitted on both connections and not answered */

static inline int64_t now_ms(void)
{
    struct timespec now;
    CHECK_INT(clock_gettime(CLOCK_MONOTONIC, &now), 0);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static inline void wait_for_answers(void)
{
    int64_t until = now_ms() + WAIT_MS;
    while (open_answers > 0) {
        CHECK(now_ms() < until);
        struct pollfd fds[2] = {{.fd = db_fd(db), .events = db_events(db)},
                                {.fd = db_fd(other), .events = db_events(other)}};
        CHECK(poll(fds, 2, 20) >= 0);
        db_ready(db, fds[0].revents, now_ms());
        db_ready(other, fds[1].revents, now_ms());
    }
}

/* A database of this name, made anew, as it was before this migration; NULL: as it is now. Its conninfo. */
static inline const char *database_before(const char *server, const char *name, const char *migration)
{
    struct migrate_report report;
    struct db *root = db_new(server, NULL);
    struct db_unit *unit = db_unit_new();
    (void)db_unit_add(unit, SQL("DROP DATABASE IF EXISTS %s WITH (FORCE)", name), 0, NULL);
    db_result_free(run_on(root, unit));
    unit = db_unit_new();
    (void)db_unit_add(unit, SQL("CREATE DATABASE %s", name), 0, NULL);
    db_result_free(run_on(root, unit));
    db_free(root);
    const char *conninfo = SQL("%s dbname=%s", server, name);
    size_t count = 0;
    while (count < migrations_data_count && (migration == NULL || strcmp(migrations_data[count].name, migration) != 0))
        count++;
    CHECK((migration == NULL) == (count == migrations_data_count));
    if (migrate_run(conninfo, migrations_data, count, &report) != ERR_OK) {
        fprintf(stderr, "%s\n", report.message);
        exit(1);
    }
    return conninfo;
}

static inline void make_database(const char *server, const char *name)
{
    const char *conninfo = database_before(server, name, NULL);
    db = db_new(conninfo, NULL);
    other = db_new(conninfo, NULL);
}

static inline void begin(const char *name)
{
    const char *server = getenv("FOTOSET_TEST_CONNINFO");
    CHECK(server != NULL); /* run it with tests/postgres run */
    arena_init(&arena);
    make_database(server, name);
}

static inline void end(void)
{
    db_free(db);
    db_free(other);
    arena_done(&arena);
}

#endif
