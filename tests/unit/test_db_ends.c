/* The ends of the tables that grow: what is old goes, a slice at a time; what may still be needed, and what is money,
 * stays. */
#include "db/ends.h"
#include "tests/unit/chores.h"

/* Rounds until nothing is left to do. How many statements it took. */
static int end_all(void)
{
    int statements = 0;
    for (size_t end = 0; end < ends_count(); end++)
        for (int64_t ended = ENDS_SLICE_MAX; ended == ENDS_SLICE_MAX; statements++) {
            struct db_unit *unit = db_unit_new();
            int at = ends_add(unit, &arena, end);
            struct db_result *result = run(unit);
            ended = db_affected(result, at);
            CHECK(ended <= ENDS_SLICE_MAX);
            db_result_free(result);
        }
    return statements;
}

static void test_poison(void)
{
    tell(SQL(
        "INSERT INTO poison_updates (bot_id, update_id, why, created_at) SELECT 1, n, 'x', now() - CASE WHEN n <= %d"
        " THEN interval '31 days' ELSE interval '29 days' END FROM generate_series(1, %d) n",
        2 * ENDS_SLICE_MAX + 1, 2 * ENDS_SLICE_MAX + 4));
    CHECK_INT(end_all(), (int)ends_count() + 2);
    CHECK_INT(ask("SELECT count(*) FROM poison_updates"), 3);
}

static void test_intake(void)
{
    struct customer anna = customer_new();
    static const struct {
        const char *verdict;
        bool told;
        int days;
        bool stays;
    } photos[] = {{"blurred", true, 31, false},   {"blurred", true, 29, true},   {"blurred", false, 31, true},
                  {"blurred", false, 181, false}, {"pending", false, 400, true}, {"good", true, 400, true},
                  {"duplicate", true, 400, true}}; /* the last one is the last number */
    enum { COUNT = sizeof photos / sizeof photos[0] };
    for (int i = 0; i < COUNT; i++)
        tell(SQL("INSERT INTO photo_intake (id, avatar_id, chat_id, number, file_id, file_unique_id, verdict, told,"
                 " created_at) VALUES (%lld, %lld, 1, %d, 'f', 'u', '%s', %s, now() - interval '%d days')",
                 (long long)next_id++, (long long)anna.avatar_id, i + 1, photos[i].verdict,
                 photos[i].told ? "TRUE" : "FALSE", photos[i].days));
    (void)end_all();
    for (int i = 0; i < COUNT; i++)
        CHECK_INT(ask(SQL("SELECT count(*) FROM photo_intake WHERE avatar_id = %lld AND number = %d",
                          (long long)anna.avatar_id, i + 1)),
                  photos[i].stays);
}

static int64_t with_prompts(int64_t job_id)
{
    return ask(SQL("SELECT count(*) FROM photo_tasks WHERE job_id = %lld AND prompt <> '' AND recipe <> ''",
                   (long long)job_id));
}

static void test_prompts(void)
{
    struct customer anna = customer_new();
    int64_t old = job_new(&anna), young = job_new(&anna), untold = job_new(&anna);
    tell(SQL("UPDATE photo_tasks SET state = CASE index WHEN 0 THEN 'waiting' WHEN 1 THEN 'failed' ELSE 'made' END"));
    tell(SQL("UPDATE generation_jobs SET told_at = now() - interval '31 days' WHERE id = %lld", (long long)old));
    tell(SQL("UPDATE generation_jobs SET told_at = now() - interval '29 days' WHERE id = %lld", (long long)young));
    (void)end_all();
    CHECK_INT(with_prompts(old), 1); /* one that waits needs them */
    CHECK_INT(with_prompts(young), PHOTOS);
    CHECK_INT(with_prompts(untold), PHOTOS);
    static const char orders[] = "SELECT cardinality(o.prompts) + cardinality(o.recipes) FROM orders o"
                                 " JOIN generation_jobs j ON j.order_id = o.id WHERE j.id = %lld";
    CHECK_INT(ask(SQL(orders, (long long)old)), 0);
    CHECK_INT(ask(SQL(orders, (long long)young)), 4);
    CHECK_INT(ask(SQL(orders, (long long)untold)), 4);
}

/* An order of long ago whose payment is in this state. */
static int64_t order_of(const struct customer *customer, const char *state, const char *more)
{
    int64_t id = order_new(customer);
    tell(SQL("UPDATE bot_payments SET state = '%s', ended_at = now() - interval '91 days' WHERE order_id = %lld", state,
             (long long)id));
    if (more != NULL)
        tell(SQL("UPDATE bot_payments SET %s WHERE order_id = %lld", more, (long long)id));
    return id;
}

static bool is_there(int64_t order_id)
{
    int64_t orders = ask(SQL("SELECT count(*) FROM orders WHERE id = %lld", (long long)order_id));
    CHECK_INT(ask(SQL("SELECT count(*) FROM bot_payments WHERE order_id = %lld", (long long)order_id)), orders);
    return orders == 1;
}

static void test_orders(void)
{
    struct customer anna = customer_new();
    int64_t canceled = order_of(&anna, "canceled", NULL), refused = order_of(&anna, "failed", NULL);
    int64_t creating = order_of(&anna, "creating", "ended_at = NULL"),
            pending = order_of(&anna, "pending", "ended_at = NULL");
    int64_t lately = order_of(&anna, "canceled", "ended_at = now() - interval '89 days'");
    int64_t strange = order_of(&anna, "failed", "held = 'order'");
    int64_t other_sum = order_of(&anna, "succeeded", "held = 'sum', received = 1");
    int64_t twice = order_of(&anna, "canceled", NULL);
    tell(SQL("INSERT INTO bot_payments (key, asked, order_id, created_at_ms) VALUES ('again', 500, %lld, 1)",
             (long long)twice));
    int64_t young = order_of(&anna, "canceled", NULL);
    tell(SQL("UPDATE orders SET created_at_ms = extract(epoch FROM now() - interval '89 days') * 1000 WHERE id = %lld",
             (long long)young));
    int64_t paid = order_new(&anna);
    CHECK(create_payment(paid));
    CHECK(settle(paid, 50000, "RUB").job_id > 0);
    tell(SQL("UPDATE bot_payments SET ended_at = now() - interval '5 years' WHERE order_id = %lld", (long long)paid));
    tell(SQL("DELETE FROM generation_jobs WHERE order_id = %lld", (long long)paid));
    tell(SQL("DELETE FROM users WHERE id = %lld", (long long)anna.user_id));
    (void)end_all();
    CHECK(!is_there(canceled) && !is_there(refused));
    CHECK(is_there(creating) && is_there(pending) && is_there(lately) && is_there(strange) && is_there(other_sum));
    CHECK(is_there(young) && is_there(paid));
    CHECK_INT(ask(SQL("SELECT count(*) FROM bot_payments WHERE order_id = %lld", (long long)twice)), 2);
}

static void session_new(int64_t chat_id)
{
    tell(SQL("INSERT INTO bot_sessions (chat_id, state, lang, version, avatar_id, order_id, job_id, style_id,"
             " misses, over, below, shown_at_ms, limit_at_ms, refresh_at_ms)"
             " VALUES (%lld, 'menu', 'en', 1, 0, 0, 0, '', 0, 0, FALSE, 0, 0, 0)",
             (long long)chat_id));
}

static void test_chat(void)
{
    struct customer anna = customer_new(), boris = customer_new();
    session_new(anna.chat_id);
    session_new(boris.chat_id);
    tell(SQL("DELETE FROM users WHERE id = %lld", (long long)anna.user_id));
    for (int64_t chat_id = anna.chat_id; chat_id <= boris.chat_id; chat_id += boris.chat_id - anna.chat_id) {
        struct db_unit *unit = db_unit_new();
        (void)ends_add_chat(unit, &arena, chat_id);
        db_result_free(run(unit));
    }
    CHECK_INT(ask("SELECT chat_id FROM bot_sessions"), boris.chat_id);
}

/* At 10^5 rows that stay, an end that finds nothing looks at next to none of them. */
static void test_by_index(void)
{
    struct customer anna = customer_new();
    tell(SQL("INSERT INTO photo_intake (id, avatar_id, chat_id, number, file_id, file_unique_id, verdict)"
             " SELECT 1000000 + n, %lld, 1, n, 'f', 'u', 'good' FROM generate_series(1, 100000) n",
             (long long)anna.avatar_id));
    tell("INSERT INTO orders (id, chat_id, style_id, photo_count, price, prompts, recipes, status, created_at_ms)"
         " SELECT 1000000 + n, 1, 's', 1, 1, '{}', '{}', 'paid', 0 FROM generate_series(1, 100000) n");
    tell("ANALYZE");
    (void)end_all(); /* the first time it is prepared */
    int64_t from_ms = now_ms();
    (void)end_all();
    int64_t took_ms = now_ms() - from_ms;
    printf("a round that finds nothing: %lld ms\n", (long long)took_ms);
    CHECK(took_ms < 100);
}

int main(void)
{
    begin("fotoset_ends");
    test_poison();
    test_intake();
    test_prompts();
    test_orders();
    test_chat();
    test_by_index();
    /* Every table of the bot's says what becomes of its rows. */
    CHECK_TEXT(
        ask_text("SELECT COALESCE(string_agg(relname, ' '), '') FROM pg_class WHERE relkind = 'r' AND relnamespace ="
                 " current_schema()::regnamespace AND obj_description(oid) IS NULL AND relname NOT IN "
                 "('schema_migrations', 'users',"
                 " 'avatars', 'reference_photos', 'generated_photos', 'generation_jobs', 'payments',"
                 " 'referral_codes', 'referrals', 'referral_balances', 'referral_withdrawals')"),
        "");
    end();
    return 0;
}
