/* The facts, a row each: a query whose rows say in words what is wrong. What the provider says is put into tables
 * beside ours first, so that every comparison is a join. The audit's own questions are among them; but the facts here
 * are written from what was promised, not from the audit, so that each watches the other. Must not: know how the
 * trouble was made, but for what was planted by name. */
#include "tests/system/money.h"

#include <inttypes.h>
#include <stdio.h>

#include "db/audit.h"

#define PLANTED "CREATE TABLE IF NOT EXISTS test_planted (id TEXT, held TEXT)"

enum { ASK_MS = 120000, SHOWN = 3 };

static const struct {
    const char *what, *sql;
    unsigned needs;
} facts[] = {
    /* ---- the provider's log, and ours ---- */
    {"money that the provider took, and that does not stand so in our rows",
     "SELECT s.id || ': ' || s.amount || ', here ' || COALESCE(p.state || ' ' || p.received, 'unknown')"
     " FROM test_said s LEFT JOIN bot_payments p ON p.provider = 'yookassa' AND p.outside_id = s.id"
     " WHERE s.status = 'succeeded' AND (p.state, p.received, p.received_currency, p.income) IS DISTINCT FROM"
     " ('succeeded', s.amount, s.currency, s.income)",
     0},
    {"money in our rows that the provider does not know",
     "SELECT p.id || ' ' || COALESCE(p.outside_id, '') FROM bot_payments p LEFT JOIN test_said s ON s.id = p.outside_id"
     " WHERE p.provider = 'yookassa' AND p.state = 'succeeded' AND s.status IS DISTINCT FROM 'succeeded'",
     0},
    {"payments that are here in another state than there",
     "SELECT s.id || ' is ' || p.state || ', there ' || s.status FROM test_said s JOIN bot_payments p"
     " ON p.outside_id = s.id WHERE p.state <> s.status AND NOT (p.state = 'failed' AND s.status = 'canceled')",
     0},
    {"payments that are open, here or there",
     "SELECT p.id || ' ' || p.state FROM bot_payments p WHERE state IN ('creating', 'pending')"
     " UNION ALL SELECT id || ' ' || status FROM test_said WHERE status IN ('pending', 'waiting_for_capture')",
     MONEY_ENDED},
    {"payments of the provider's that no row of ours names, though they were not given up before",
     "SELECT s.id || ' of order ' || s.order_id || ' is ' || s.status FROM test_said s"
     " WHERE NOT EXISTS (SELECT 1 FROM bot_payments p WHERE p.outside_id = s.id) AND NOT (s.status <> 'succeeded' AND"
     " EXISTS (SELECT 1 FROM bot_payments p WHERE p.order_id = s.order_id AND p.outside_id IS NULL"
     " AND p.state IN ('canceled', 'failed')))",
     0},
    {"payments in our rows that the provider has not made",
     "SELECT p.id || ' ' || p.outside_id FROM bot_payments p WHERE p.provider = 'yookassa' AND p.outside_id IS NOT NULL"
     " AND NOT EXISTS (SELECT 1 FROM test_said s WHERE s.id = p.outside_id)",
     0},
    {"orders with several payments at the provider",
     "SELECT order_id || ': ' || count(*) FROM test_said GROUP BY order_id HAVING count(*) > 1", 0},
    {"refunds of the provider's that our rows do not have so",
     "SELECT s.id || ': ' || s.amount FROM test_refunds s WHERE s.status = 'succeeded' AND NOT EXISTS (SELECT 1"
     " FROM bot_refunds r JOIN bot_payments p ON p.id = r.payment_id"
     " WHERE p.outside_id = s.payment_id AND r.amount = s.amount AND r.state = 'succeeded')",
     0},
    {"payments of which more, or less, went back than our rows say",
     "SELECT s.id || ': ' || s.refunded || ', here ' || COALESCE(sum(r.amount), 0) FROM test_said s"
     " LEFT JOIN bot_payments p ON p.outside_id = s.id LEFT JOIN bot_refunds r ON r.payment_id = p.id AND r.state ="
     " 'succeeded' GROUP BY s.id, s.refunded HAVING COALESCE(s.refunded, 0) <> COALESCE(sum(r.amount), 0)",
     0},
    {"refunds that are refused for good, and the owner has not heard",
     "SELECT r.id::text FROM bot_refunds r WHERE r.state = 'refused' AND NOT EXISTS (SELECT 1 FROM money_oddities o"
     " WHERE o.told AND o.question = 'refused' AND o.subject = r.id::text)",
     MONEY_ALERTED},
    {"what the books say that lies with the provider, and what does",
     "SELECT books || ' in the books, and ' || there FROM (SELECT (SELECT COALESCE(sum(amount), 0) FROM ledger_postings"
     " WHERE account = 'clearing:yookassa') AS books, (SELECT COALESCE(sum(income * 100), 0) FROM test_said WHERE"
     " status = 'succeeded') - (SELECT COALESCE(sum(amount * 100), 0) FROM test_refunds WHERE status = 'succeeded') AS"
     " there) b WHERE books <> there",
     0},
    /* ---- what became of it ---- */
    {"money that gave nothing, goes not back, and that nobody looks at",
     "SELECT p.id || ' of order ' || p.order_id FROM bot_payments p WHERE p.state = 'succeeded' AND p.held IS NULL"
     " AND NOT EXISTS (SELECT 1 FROM ledger_transactions t WHERE t.kind = 'sale' AND t.subject = p.id)"
     " AND NOT EXISTS (SELECT 1 FROM bot_refunds r WHERE r.payment_id = p.id)",
     0},
    {"money that gave a set, and is held or was to go back before it gave any",
     "SELECT p.id || ' ' || COALESCE(p.held, 'refunded') FROM bot_payments p JOIN ledger_transactions t"
     " ON t.kind = 'sale' AND t.subject = p.id WHERE p.held <> 'avatar'"
     " OR EXISTS (SELECT 1 FROM bot_refunds r WHERE r.payment_id = p.id AND r.why = 'double')",
     0},
    {"second payments of an order, or of what is gone, that are not owed back once",
     "SELECT p.id || ' ' || p.held FROM bot_payments p WHERE p.held IN ('double', 'avatar') AND NOT EXISTS (SELECT 1"
     " FROM ledger_transactions t WHERE t.kind = 'sale' AND t.subject = p.id)"
     " AND (SELECT COALESCE(sum(amount), 0) FROM bot_refunds r WHERE r.payment_id = p.id) <> p.received",
     0},
    {"sets that are not whole, and whose share does not go back",
     "SELECT j.id || ' of order ' || j.order_id FROM generation_jobs j JOIN photo_tasks t ON t.job_id = j.id"
     " AND t.state = 'failed' JOIN bot_payments p ON p.order_id = j.order_id AND p.state = 'succeeded' JOIN"
     " ledger_transactions l ON l.kind = 'sale' AND l.subject = p.id LEFT JOIN bot_refunds r ON r.payment_id = p.id"
     " GROUP BY j.id, j.total_photos, p.received HAVING count(DISTINCT r.id) FILTER (WHERE r.why = 'failed') <> 1"
     " OR (count(DISTINCT t.id) = j.total_photos AND min(r.amount) FILTER (WHERE r.why = 'failed') <> p.received)"
     " OR (count(DISTINCT t.id) < j.total_photos AND (min(r.amount) FILTER (WHERE r.why = 'failed'))"
     "  NOT BETWEEN floor(p.received * 100 * count(DISTINCT t.id) / j.total_photos) / 100"
     "  AND p.received * count(DISTINCT t.id) / j.total_photos + 1)",
     0},
    {"refunds that are not over",
     "SELECT r.id || ' ' || r.state FROM bot_refunds r WHERE r.state NOT IN ('succeeded', 'void', 'refused')",
     MONEY_ENDED | MONEY_ALERTED},
    {"more goes back than came",
     "SELECT p.id || ': ' || sum(r.amount) FROM bot_payments p JOIN bot_refunds r ON r.payment_id = p.id"
     " WHERE r.state NOT IN ('refused', 'void') GROUP BY p.id HAVING sum(r.amount) > p.received",
     0},
    {"orders that were sold, whose avatar is there, without exactly one set",
     "SELECT o.id || ': ' || count(j.id) FROM orders o JOIN bot_payments p ON p.order_id = o.id"
     " JOIN ledger_transactions t ON t.kind = 'sale' AND t.subject = p.id LEFT JOIN generation_jobs j"
     " ON j.order_id = o.id WHERE o.avatar_id IS NOT NULL GROUP BY o.id, p.id HAVING count(j.id) <> 1",
     0},
    {"sets of orders that were not sold",
     "SELECT j.id || ' of order ' || j.order_id FROM generation_jobs j JOIN orders o ON o.id = j.order_id"
     " WHERE o.price > 0 AND NOT EXISTS (SELECT 1 FROM bot_payments p JOIN ledger_transactions t ON t.kind = 'sale' "
     "AND t.subject = p.id"
     " WHERE p.order_id = j.order_id AND p.received = p.asked AND p.received_currency = p.currency)",
     0},
    {"sets in a chat that no order asked for",
     "SELECT id::text FROM generation_jobs WHERE chat_id IS NOT NULL AND order_id IS NULL", 0},
    {"sets that have not as many photos to be made as were sold",
     "SELECT j.id || ': ' || count(t.id) || ' of ' || o.photo_count FROM generation_jobs j JOIN orders o"
     " ON o.id = j.order_id LEFT JOIN photo_tasks t ON t.job_id = j.id GROUP BY j.id, o.photo_count"
     " HAVING count(t.id) <> o.photo_count OR count(DISTINCT t.index) <> o.photo_count",
     0},
    {"orders that are called paid and were not, or the other way round",
     "SELECT o.id || ' is ' || o.status FROM orders o WHERE o.price > 0"
     " AND (o.status = 'paid') <> EXISTS (SELECT 1 FROM bot_payments p"
     " WHERE p.order_id = o.id AND p.state = 'succeeded' AND (p.held IS NULL OR p.held IN ('double', 'avatar')))",
     0},
    {"orders without their payment, or free ones with one",
     "SELECT o.id::text FROM orders o WHERE (o.price > 0) <> EXISTS (SELECT 1 FROM bot_payments p WHERE p.order_id = "
     "o.id)",
     0},
    {"payments that are held, and were not made such",
     "SELECT p.id || ' ' || p.held FROM bot_payments p LEFT JOIN test_planted f ON f.id = p.outside_id"
     " WHERE p.held IN ('sum', 'shop', 'test', 'order', 'nobody', 'lost') AND f.held IS DISTINCT FROM p.held",
     0},
    {"payments that were made not as asked, came, and are not held for it",
     "SELECT p.id || ' ' || f.held FROM bot_payments p JOIN test_planted f ON f.id = p.outside_id"
     " WHERE p.state = 'succeeded' AND f.held <> 'late' AND p.held IS DISTINCT FROM f.held",
     0},
    {"money that waits for a person, and the owner has not heard",
     "SELECT p.id || ' ' || p.held FROM bot_payments p WHERE p.state = 'succeeded' AND p.held IS NOT NULL AND NOT "
     "EXISTS"
     " (SELECT 1 FROM money_oddities o WHERE o.told AND ((o.question = 'held' AND o.subject = p.id || ' ' || p.held)"
     "  OR (o.question IN ('owed', 'refused') AND o.subject IN (SELECT r.id::text FROM bot_refunds r WHERE "
     "r.payment_id = p.id))))",
     MONEY_ALERTED},
    /* ---- the books, and who reads beside us ---- */
    {"what was sold, and what the books say was earned",
     "SELECT books || ' in the books, and ' || sold FROM (SELECT (SELECT -COALESCE(sum(amount), 0) FROM ledger_postings"
     " JOIN ledger_transactions m ON m.id = transaction_id WHERE account = 'revenue' AND currency = 'RUB') AS books,"
     " (SELECT COALESCE(sum(o.price * 100), 0) FROM orders o JOIN bot_payments p"
     " ON p.order_id = o.id WHERE o.status = 'paid' AND p.state = 'succeeded' AND p.received = o.price"
     " AND p.received_currency = 'RUB' AND EXISTS"
     " (SELECT 1 FROM ledger_transactions t WHERE t.kind = 'sale' AND t.subject = p.id)) AS sold) b WHERE books <> "
     "sold",
     0},
    {"what is nobody's yet, and what the books hold",
     "SELECT books || ' in the books, and ' || held FROM (SELECT (SELECT -COALESCE(sum(amount), 0) FROM ledger_postings"
     " JOIN ledger_transactions m ON m.id = transaction_id WHERE account = 'held' AND currency = 'RUB') AS books,"
     " (SELECT COALESCE(sum((p.received - COALESCE((SELECT sum(r.amount) FROM"
     " bot_refunds r WHERE r.payment_id = p.id AND r.state = 'succeeded'), 0)) * 100), 0) FROM bot_payments p WHERE"
     " p.state = 'succeeded' AND p.received_currency = 'RUB' AND NOT EXISTS (SELECT 1 FROM ledger_transactions t"
     " WHERE t.kind IN ('sale', 'release')"
     " AND t.subject = p.id)) AS held) b WHERE books <> held",
     0},
    {"stars that gave a set, and are not as they were asked, or another's",
     "SELECT p.id || ' of order ' || p.order_id FROM bot_payments p JOIN orders o ON o.id = p.order_id WHERE"
     " p.provider = 'stars' AND p.state = 'succeeded' AND p.held IS NULL AND (p.received, p.received_currency, p.payer)"
     " IS DISTINCT FROM (p.asked, 'XTR', o.chat_id)",
     0},
    {"rows of payments that say something else, or are nobody's",
     "SELECT m.yookassa_payment_id || ' is ' || m.status FROM payments m LEFT JOIN bot_payments p"
     " ON p.outside_id = m.yookassa_payment_id WHERE (m.status, m.user_id) IS DISTINCT FROM"
     " (CASE p.state WHEN 'failed' THEN 'canceled' ELSE p.state END, p.user_id)"
     " OR (p.state = 'succeeded' AND m.amount <> p.received)",
     0},
    {"payments of a user's that payments does not have",
     "SELECT p.id || ' ' || p.outside_id FROM bot_payments p WHERE p.provider = 'yookassa' AND p.outside_id IS NOT NULL"
     " AND p.user_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM payments m WHERE m.yookassa_payment_id = p.outside_id)",
     0},
    {"news that were not told", "SELECT kind || ' ' || object FROM bot_news", 0},
    /* ---- receipts, that the provider makes with the payment ---- */
    {"money that came, and has not exactly one receipt over its sum",
     "SELECT s.id || ': ' || count(r.id) FROM test_said s LEFT JOIN test_receipts r ON r.payment_id = s.id AND"
     " r.status = 'succeeded' AND r.amount = s.amount WHERE s.status = 'succeeded' AND s.receipt IS NOT NULL"
     " GROUP BY s.id HAVING count(r.id) <> 1",
     0},
    {"money that went back, and has not exactly one receipt over its sum",
     "SELECT f.id || ': ' || count(r.id) FROM test_refunds f LEFT JOIN test_receipts r ON r.refund_id = f.id AND"
     " r.status = 'succeeded' AND r.amount = f.amount WHERE f.status = 'succeeded' AND f.receipt IS NOT NULL"
     " GROUP BY f.id HAVING count(r.id) <> 1",
     0},
    {"receipts of nothing",
     "SELECT r.id FROM test_receipts r WHERE NOT EXISTS (SELECT 1 FROM test_said s WHERE s.id = r.payment_id)"
     " AND NOT EXISTS (SELECT 1 FROM test_refunds f WHERE f.id = r.refund_id)",
     0},
};

/* ---- what the provider says ---- */

static void run(struct world *world, struct db_unit *unit)
{
    struct db_failure failure;
    if (db_run(world->db, unit, ASK_MS, NULL, &failure) != ERR_OK)
        world_fail(world, "%s", failure.message);
}

static void take(struct world *world, const char *path, const char *sql)
{
    struct json_object *list = net_get(world->net, path);
    struct db_unit *unit = db_unit_new();
    struct db_param text = db_text_param(json_object_to_json_string(list));
    (void)db_unit_add(unit, sql, 1, &text);
    run(world, unit);
    json_object_put(list);
}

static void make_tables(struct world *world)
{
    static const char *const tables[] = {
        PLANTED, "DROP TABLE IF EXISTS test_said, test_refunds, test_receipts",
        "CREATE TABLE test_said (id TEXT PRIMARY KEY, status TEXT, amount DECIMAL, currency TEXT, income DECIMAL,"
        " refunded DECIMAL, order_id BIGINT, receipt TEXT)",
        "CREATE TABLE test_refunds (id TEXT PRIMARY KEY, payment_id TEXT, status TEXT, amount DECIMAL, receipt TEXT)",
        "CREATE TABLE test_receipts (id TEXT PRIMARY KEY, payment_id TEXT, refund_id TEXT, status TEXT, amount "
        "DECIMAL)"};
    struct db_unit *unit = db_unit_new();
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++)
        (void)db_unit_add(unit, tables[i], 0, NULL);
    run(world, unit);
}

static void take_all(struct world *world)
{
    make_tables(world);
    take(
        world, "/api/payments",
        "INSERT INTO test_said SELECT e->>'id', e->>'status', (e#>>'{amount,value}')::decimal, e#>>'{amount,currency}',"
        " (e#>>'{income_amount,value}')::decimal, (e#>>'{refunded_amount,value}')::decimal,"
        " (e#>>'{metadata,order_id}')::bigint, e->>'receipt_registration' FROM jsonb_array_elements($1::jsonb) e");
    take(world, "/api/refunds",
         "INSERT INTO test_refunds SELECT e->>'id', e->>'payment_id', e->>'status', (e#>>'{amount,value}')::decimal,"
         " e->>'receipt_registration' FROM jsonb_array_elements($1::jsonb) e");
    take(world, "/api/receipts",
         "INSERT INTO test_receipts SELECT e->>'id', e->>'payment_id', e->>'refund_id', e->>'status',"
         " (SELECT sum((s#>>'{amount,value}')::decimal) FROM jsonb_array_elements(e->'settlements') s)"
         " FROM jsonb_array_elements($1::jsonb) e");
}

void money_begin(struct world *world)
{
    db_result_free(world_sql(world, PLANTED));
}

void money_plant(struct world *world, const char *payment, const char *what)
{
    (void)world_int(world, "INSERT INTO test_planted VALUES ('%s', '%s')", payment, what);
}

/* ---- the look ---- */

static void look(struct invariants *all, const char *what, const char *sql)
{
    struct db_result *rows = world_sql(all->world, sql);
    int count = db_rows(rows, 0);
    const char *words = "";
    for (int row = 0; row < count && row < SHOWN; row++)
        words = arena_format(&all->world->arena, "%s%s%s", words, row == 0 ? "" : "; ", db_text(rows, 0, row, 0));
    invariants_fact(all, count == 0, "%s: %d (%s)", what, count, words);
    db_result_free(rows);
}

/* The audit that the daemon makes: but for what waits for a person, it finds nothing. */
static void ask_audit(struct invariants *all)
{
    struct db_unit *unit = db_unit_new();
    struct db_result *result = NULL;
    struct db_failure failure;
    for (size_t question = 0; question < audit_count(); question++)
        (void)audit_add(unit, &all->world->arena, question);
    if (db_run(all->world->db, unit, ASK_MS, &result, &failure) != ERR_OK)
        world_fail(all->world, "the audit: %s", failure.message);
    for (size_t question = 0; question < audit_count(); question++)
        if (!audit_is_wait(question))
            invariants_fact(all, db_rows(result, (int)question) == 0, "audit, %s: %s", audit_name(question),
                            db_rows(result, (int)question) == 0 ? "" : audit_read_words(result, (int)question, 0));
    db_result_free(result);
}

/* The web application deletes everybody (which is undone again): what is known of their money stays. */
static void lose_everybody(struct invariants *all)
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

void money_check(struct invariants *all, unsigned can)
{
    take_all(all->world);
    for (size_t i = 0; i < sizeof facts / sizeof facts[0]; i++)
        if ((facts[i].needs & ~can) == 0)
            look(all, facts[i].what, facts[i].sql);
    ask_audit(all);
    lose_everybody(all);
}
