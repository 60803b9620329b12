/* A shop that has lived with the bot for a while is brought to the table of payments and to news that are rows: every
 * payment stands there in its true state with all that was known of it, and whoever was not told yet is told. Run by
 * tests/postgres run, which sets FOTOSET_TEST_CONNINFO. */
#include "db/migrate.h"
#include "tests/check.h"
#include "tests/unit/databases.h"

enum {
    BEFORE = 9 /* the last version without them */,
    AFTER,
    BOOKS = 19 /* … without refunds that go by themselves */
};

static void migrate_to(const char *database, size_t version)
{
    struct migrate_report report;
    enum err err = migrate_run(conninfo_of(database), migrations_data, version, &report);
    if (err != ERR_OK)
        fprintf(stderr, "%s\n", report.message);
    CHECK_INT(err, ERR_OK);
}

/* Orders 1 to 7, one in each state of a payment and one whose avatar is gone; their chats stand where it says. */
static const struct {
    const char *payment_state, *status, *state;
} lives[] = {{"creating", "awaiting", "pay"}, {"pending", "awaiting", "pay"},   {"succeeded", "paid", "pay"},
             {"canceled", "canceled", "pay"}, {"failed", "awaiting", "pay"},    {"mismatch", "awaiting", "menu"},
             {"succeeded", "paid", "menu"},   {"pending", "canceled", "photos"}};
enum { LIVES = sizeof lives / sizeof lives[0] };

static void live(struct db *db)
{
    for (int i = 1; i <= LIVES; i++) {
        tell(db,
             arena_format(&arena, "INSERT INTO users (id, device_id, telegram_user_id) VALUES (%d, 'tg:%d', 100 + %d)",
                          i, i, i));
        tell(db, arena_format(&arena, "INSERT INTO avatars (id, user_id) VALUES (%d, %d)", i, i));
        tell(db,
             arena_format(&arena,
                          "INSERT INTO orders (id, user_id, chat_id, avatar_id, style_id, photo_count, price,"
                          " prompts, recipes, status, payment_key, payment_body, payment_state, payment_id,"
                          " payment_url, payment_until_ms, poll_at_ms, created_at_ms, paid_at, payment_reason,"
                          " reference_urls) VALUES (%d, %d, 100 + %d, %d, 'creative', 23, 400 + %d, '{p}', '{r}',"
                          " '%s', 'key%d', '{\"n\":%d}', '%s', NULLIF('pay%d', 'pay1'), 'https://pay/%d', 1000 + %d,"
                          " 5, 2000 + %d, CASE '%s' WHEN 'paid' THEN timestamptz '2026-01-02' END, %s, '{store:%d}')",
                          i, i, i, i, i, lives[i - 1].status, i, i, lives[i - 1].payment_state, i, i, i, i,
                          lives[i - 1].status, i == 4 ? "'no_funds'" : "NULL", i));
        tell(db, arena_format(&arena,
                              "INSERT INTO bot_sessions (chat_id, state, lang, version, avatar_id, order_id, job_id,"
                              " style_id, page, misses, over, below, shown_at_ms, limit_at_ms, refresh_at_ms)"
                              " VALUES (100 + %d, '%s', 'ru', 1, %d, %d, 0, '', 0, 0, 0, false, 0, 0, 0)",
                              i, lives[i - 1].state, i, i));
    }
    tell(db, "INSERT INTO payments (user_id, yookassa_payment_id, amount) SELECT user_id, payment_id, price FROM orders"
             " WHERE payment_id IS NOT NULL");
    tell(db, "INSERT INTO generation_jobs (id, avatar_id, style_id, order_id, chat_id, told_at)"
             " VALUES (30, 3, 'creative', 3, 103, NULL), (31, 3, 'creative', NULL, 103, now())");
    tell(db, "INSERT INTO photo_intake (id, avatar_id, chat_id, number, file_id, file_unique_id, verdict) VALUES"
             " (40, 8, 108, 1, 'f', 'u', 'blurred'), (41, 8, 108, 2, 'f', 'u', 'too_small'),"
             " (42, 8, 108, 3, 'f', 'u', 'pending'), (43, 5, 105, 1, 'f', 'u', 'good')");
    tell(db, "DELETE FROM avatars WHERE id = 7");
    tell(db, "CREATE SCHEMA kept");
    tell(db, "CREATE TABLE kept.orders AS TABLE orders");
}

/* Rows of that query, joined by "; ". */
static const char *rows(struct db *db, const char *columns, const char *from, const char *order)
{
    return ask_text(db, arena_format(&arena, "SELECT string_agg(concat_ws(' ', %s), '; ' ORDER BY %s) FROM %s", columns,
                                     order, from));
}

static void check_payments(struct db *db)
{
    CHECK_TEXT(
        rows(db, "order_id, state, asked, received, received_currency, reason, held", "bot_payments", "order_id"),
        "1 creating 401.00; 2 pending 402.00; 3 succeeded 403.00 403.00 RUB; 4 canceled 404.00 no_funds; "
        "5 failed 405.00; 6 pending 406.00 sum; 7 succeeded 407.00 407.00 RUB; 8 pending 408.00");
    CHECK_TEXT(ask_text(db, "SELECT count(*) FROM kept.orders k JOIN bot_payments p ON p.order_id = k.id"
                            " AND p.key = k.payment_key AND p.body = k.payment_body AND p.url = k.payment_url"
                            " AND p.outside_id IS NOT DISTINCT FROM k.payment_id AND p.user_id = k.user_id"
                            " AND p.until_ms = k.payment_until_ms AND p.created_at_ms = k.created_at_ms"
                            " AND p.ended_at IS NOT DISTINCT FROM k.paid_at AND p.currency = 'RUB'"
                            " AND p.provider = 'yookassa'"),
               "8");
    CHECK_TEXT(ask_text(db,
                        "SELECT count(*) FROM kept.orders k JOIN orders o USING (id, chat_id, style_id, photo_count,"
                        " price, prompts, recipes, status, created_at_ms, user_id)"
                        " WHERE o.avatar_id IS NOT DISTINCT FROM k.avatar_id"
                        " AND o.paid_at IS NOT DISTINCT FROM k.paid_at AND o.reference_urls IS NOT DISTINCT FROM"
                        " CASE WHEN k.avatar_id IS NOT NULL THEN k.reference_urls END"),
               "8");
    CHECK_TEXT(ask_text(db, "SELECT count(*) FROM payments"), "7");
}

/* What was called a mismatch is looked at once more: now its sum is known; it was told before. */
static void check_mismatch(struct db *db)
{
    CHECK_TEXT(ask_text(db, "SELECT outcome || COALESCE(news, 0) FROM settle_payment('yookassa', 'pay6', 'succeeded',"
                            " TRUE, 1, NULL, 'RUB', 6, NULL, FALSE, NULL, '{payment,payment}', '{held,tax}',"
                            " '{-100,100}')"),
               "held0");
    CHECK_TEXT(rows(db, "state, received, held", "bot_payments WHERE order_id = 6", "id"), "succeeded 1.00 sum");
}

/* The money that had come stands in the books: the first one was earned, as is whatever nobody must look at. */
static void check_books(struct db *db)
{
    CHECK_TEXT(rows(db,
                    "t.kind, t.subject = b.id, b.order_id, t.currency, t.posted_at = b.ended_at, p.account, p.amount",
                    "ledger_transactions t JOIN ledger_postings p ON p.transaction_id = t.id JOIN bot_payments b"
                    " ON b.id = t.subject",
                    "t.kind, b.order_id, p.account"),
               "payment t 3 RUB t clearing:yookassa 40300; payment t 3 RUB t held -40300; "
               "payment t 7 RUB t clearing:yookassa 40700; payment t 7 RUB t held -40700; "
               "sale t 3 RUB t held 40300; sale t 3 RUB t revenue -40300; "
               "sale t 7 RUB t held 40700; sale t 7 RUB t revenue -40700");
}

/* What is open may have succeeded meanwhile: the lists are read from there on, though no farther than there are lists.
 * What succeeded is taken as it is. */
static void check_marks(struct db *db)
{
    CHECK_TEXT(
        rows(db,
             "id, provider, round(extract(epoch FROM now() - payments_since) / 86400), refunds_since > payments_since",
             "bot_reconciliations", "id"),
        "1 yookassa 1000 t");
    CHECK_TEXT(rows(db, "order_id", "bot_payments WHERE compared_at IS NOT NULL", "order_id"), "3; 7");
}

int main(void)
{
    server = getenv("FOTOSET_TEST_CONNINFO");
    CHECK(server != NULL); /* run it with tests/postgres run */
    arena_init(&arena);
    struct db *root = db_new(server, NULL);
    tell(root, "CREATE DATABASE lived_with_money");
    migrate_to("lived_with_money", BEFORE);
    struct db *db = db_new(conninfo_of("lived_with_money"), NULL);
    live(db);
    migrate_to("lived_with_money", AFTER);
    check_payments(db);
    migrate_to("lived_with_money", BOOKS);
    tell(db, "INSERT INTO bot_refunds (payment_id, why, amount) SELECT id, 'double', received FROM bot_payments"
             " WHERE order_id = 3");
    migrate_to("lived_with_money", migrations_data_count);
    CHECK_TEXT(rows(db, "chat_id, kind, object, other, word", "bot_news", "chat_id, kind DESC"),
               "102 payment_link 2 0; 103 payment_settled 3 30; 103 job_progress 30 0; "
               "104 payment_canceled 4 0 no_funds; 105 payment_failed 5 0; 108 photo_ready 41 0 too_small");
    check_books(db);
    check_marks(db);
    check_mismatch(db);
    CHECK_TEXT(rows(db, "chat_id, subject = (SELECT id::text FROM bot_refunds)",
                    "errands e WHERE chore = 'payment_refund'", "id"),
               "103 t"); /* what was owed goes back */
    db_free(db);
    db_free(root);
    arena_done(&arena);
    return 0;
}
