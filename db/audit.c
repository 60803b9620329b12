/* The questions. A row of an answer is one oddity: the name it is known by, so that it is told once, and its words.
 * They read everything there is, on the chores' connection. Must not: mend anything. Which of two facts is wrong, a
 * person can say.
 *
 * Reason: one list of all that must be true of money. */
#include "db/audit.h"

#include "core/bug.h"
#include "db/npd_receipts.h"
#include "db/receipts.h"

#define PAYMENT_WORDS                                                                                                  \
    "format('payment %s (%s %s, %s %s, order %s)', p.id, p.provider, p.outside_id, p.received,"                        \
    " p.received_currency, COALESCE(p.order_id::text, 'unknown'))"
#define CAME "p.state = 'succeeded' AND p.received > 0"
#define MOVED(kind) "EXISTS (SELECT 1 FROM ledger_transactions t WHERE t.kind = '" kind "' AND t.subject = p.id)"
#define OWED "EXISTS (SELECT 1 FROM bot_refunds r WHERE r.payment_id = p.id AND r.state <> 'void')"

static const char guards_sql[] =
    "SELECT w.guard || ' ' || w.name, format('the guard %s of %s is gone or switched off', w.guard, w.name)"
    " FROM (VALUES ('ledger_transactions', 'ledger_stays'), ('ledger_transactions', 'ledger_balances'),"
    "  ('ledger_postings', 'ledger_stays'), ('ledger_postings', 'ledger_balances'), ('bot_refunds', 'refund_fits'))"
    " w(name, guard)"
    " WHERE NOT EXISTS (SELECT 1 FROM pg_trigger t WHERE t.tgrelid = to_regclass(w.name) AND t.tgname = w.guard"
    "  AND t.tgenabled = 'A')";

static const char balance_sql[] =
    "SELECT t.id::text, format('movement %s (%s of %s) sums to %s and not to zero', t.id, t.kind, t.subject,"
    "  COALESCE(sum(p.amount)::text, 'nothing'))"
    " FROM ledger_transactions t LEFT JOIN ledger_postings p ON p.transaction_id = t.id"
    " GROUP BY t.id HAVING COALESCE(sum(p.amount), 1) <> 0";

static const char booked_sql[] =
    "SELECT p.id::text, " PAYMENT_WORDS " || ' stands in the books as ' ||"
    "  COALESCE(format('%s %s', round(-h.amount::numeric / money_unit(t.currency), 2), t.currency), 'nothing')"
    " FROM bot_payments p LEFT JOIN ledger_transactions t ON t.kind = 'payment' AND t.subject = p.id"
    " LEFT JOIN ledger_postings h ON h.transaction_id = t.id AND h.account = 'held'"
    " WHERE " CAME " AND (t.currency, -h.amount) IS DISTINCT FROM (p.received_currency,"
    "  (p.received * money_unit(p.received_currency))::bigint)";

static const char fee_sql[] =
    "SELECT p.id::text, " PAYMENT_WORDS " || format(' left %s, and stands in the books as %s', p.income,"
    "  round(c.amount / 100.0, 2))"
    " FROM bot_payments p JOIN ledger_transactions t ON t.kind = 'payment' AND t.subject = p.id"
    " LEFT JOIN ledger_postings c ON c.transaction_id = t.id AND c.account = 'clearing:' || p.provider"
    " WHERE (p.income * 100)::bigint <> COALESCE(c.amount, 0)";

static const char came_sql[] =
    "SELECT t.kind || ' ' || t.subject, format('the books know a %s of payment %s, and no such money came', t.kind,"
    "  t.subject)"
    " FROM ledger_transactions t WHERE t.kind IN ('payment', 'sale', 'release')"
    " AND NOT EXISTS (SELECT 1 FROM bot_payments p WHERE p.id = t.subject AND " CAME ")";

static const char given_sql[] = "SELECT p.id::text, " PAYMENT_WORDS " || ': nothing was given for it, and nobody looks'"
                                " FROM bot_payments p WHERE " CAME " AND p.held IS NULL AND NOT " MOVED(
                                    "sale") " AND NOT " MOVED("release") " AND NOT " OWED;

static const char twice_sql[] =
    "SELECT p.order_id::text, format('order %s was sold %s times: payments %s', p.order_id, count(*),"
    "  string_agg(p.id::text, ', ' ORDER BY p.id))"
    " FROM ledger_transactions t JOIN bot_payments p ON p.id = t.subject"
    " WHERE t.kind = 'sale' AND p.order_id IS NOT NULL GROUP BY p.order_id HAVING count(*) > 1";

static const char orders_sql[] =
    "SELECT o.id::text, format('order %s is called paid, and no payment of it succeeded', o.id) FROM orders o"
    " WHERE o.status = 'paid' AND o.price > 0"
    " AND NOT EXISTS (SELECT 1 FROM bot_payments p WHERE p.order_id = o.id AND p.state = 'succeeded')"
    " UNION ALL SELECT o.id::text, format('order %s cost nothing, and neither a code nor a set of its user''s pays for"
    " it', o.id) FROM orders o WHERE o.status = 'paid' AND o.price = 0 AND o.grant_id IS NULL"
    " AND NOT EXISTS (SELECT 1 FROM promo_uses u WHERE u.order_id = o.id)";

static const char codes_sql[] =
    "SELECT c.code, format('code %s was used %s times, and its limit is %s', c.code, count(*), c.limit_all)"
    " FROM promo_codes c JOIN promo_uses u ON u.code = c.code AND u.state IN ('reserved', 'final')"
    " GROUP BY c.code HAVING count(*) > c.limit_all"
    " UNION ALL SELECT c.code || ' ' || u.user_id, format('code %s was used %s times by user %s, and the limit is %s',"
    "  c.code, count(*), u.user_id, c.limit_user)"
    " FROM promo_codes c JOIN promo_uses u ON u.code = c.code AND u.state IN ('reserved', 'final')"
    " WHERE u.user_id IS NOT NULL GROUP BY c.code, u.user_id HAVING count(*) > c.limit_user"
    " UNION ALL SELECT 'order ' || o.id, format('order %s is %s, and its use of code %s is %s', o.id, o.status, u.code,"
    "  u.state) FROM promo_uses u JOIN orders o ON o.id = u.order_id"
    " WHERE (o.status = 'paid') <> (u.state IN ('final', 'late')) OR (o.status = 'canceled' AND u.state = 'reserved')";

static const char sets_sql[] = "SELECT g.id::text, format('of the %s sets of grant %s %s are left, %s were taken back, "
                               "and %s were ordered', g.sets,"
                               "  g.id, g.unused, g.taken_back, count(o.id))"
                               " FROM set_grants g LEFT JOIN orders o ON o.grant_id = g.id AND o.status = 'paid'"
                               " GROUP BY g.id HAVING g.sets <> g.unused + g.taken_back + count(o.id)";

/* What came for a pack, less what was earned of it and what went back. */
static const char packs_sql[] =
    "SELECT g.id::text, format('grant %s (payment %s) owes sets for %s, and the books hold %s for them', g.id,"
    "  g.payment_id, round(g.owed / 100.0, 2), round(h.held / 100.0, 2)) FROM set_grants g,"
    " LATERAL (SELECT COALESCE(-sum(p.amount), 0) AS held FROM ledger_transactions t"
    "  JOIN ledger_postings p ON p.transaction_id = t.id AND p.account = 'held' WHERE g.payment_id IS NOT NULL AND ("
    "  (t.kind IN ('payment', 'sale', 'release') AND t.subject = g.payment_id)"
    "  OR (t.kind = 'refund' AND t.subject IN (SELECT id FROM bot_refunds WHERE payment_id = g.payment_id))"
    "  OR (t.kind = 'pack' AND t.subject IN (SELECT id FROM orders WHERE grant_id = g.id)))) h"
    " WHERE h.held <> g.owed"
    " UNION ALL SELECT 'order ' || o.id, format('order %s is a pack of %s sets, and its user has none of them', o.id,"
    "  o.sets) FROM orders o JOIN bot_payments p ON p.order_id = o.id AND " MOVED(
        "sale") " WHERE o.sets > 1"
                " AND NOT EXISTS (SELECT 1 FROM set_grants g WHERE g.payment_id = p.id)";

/* Of sets without a payment of their own. Nothing goes back by itself; a set that was given since makes it good. */
static const char lacking_sql[] =
    "SELECT j.id::text, format('set %s of user %s, which was free or of a pack (order %s): %s of its %s photos are not"
    " there', j.id, o.user_id, o.id, j.total_photos - j.completed_photos, j.total_photos)"
    " FROM generation_jobs j JOIN orders o ON o.id = j.order_id AND (o.price = 0 OR o.sets > 1)"
    " WHERE j.status IN ('completed', 'failed') AND j.completed_photos < j.total_photos AND NOT EXISTS ("
    "  SELECT 1 FROM set_grants g WHERE g.user_id = o.user_id AND g.payment_id IS NULL AND g.created_at > o.paid_at)"
    " AND NOT EXISTS (SELECT 1 FROM bot_payments p JOIN bot_refunds r ON r.payment_id = p.id"
    "  AND r.state NOT IN ('refused', 'void') WHERE p.order_id = o.id)";

/* The user is gone, and nobody can order these any more. */
static const char nobody_sql[] =
    "SELECT g.id::text, format('%s sets of a pack (payment %s, %s for them) are nobody''s: their user was deleted',"
    "  g.unused, g.payment_id, round(g.owed / 100.0, 2)) FROM set_grants g WHERE g.user_id IS NULL AND g.owed > 0";

static const char jobs_sql[] =
    "SELECT j.id::text, format('set %s of order %s is made, and the order was not sold', j.id, j.order_id)"
    " FROM generation_jobs j JOIN orders o ON o.id = j.order_id WHERE NOT EXISTS (SELECT 1 FROM bot_payments p"
    "  WHERE p.order_id = j.order_id AND " MOVED("sale") ") AND NOT (o.price = 0 AND o.status = 'paid')";

static const char refunds_sql[] =
    "SELECT p.id::text, " PAYMENT_WORDS " || format(': %s of it is to go back, or did', sum(r.amount))"
    " FROM bot_payments p JOIN bot_refunds r ON r.payment_id = p.id AND r.state NOT IN ('refused', 'void')"
    " GROUP BY p.id HAVING sum(r.amount) > p.received"
    " UNION ALL SELECT 'refund ' || r.id, format('refund %s of %s (of payment %s) is %s, and stands in the books as "
    "%s',"
    "  r.id, r.amount, r.payment_id, r.state, COALESCE(round(-c.amount::numeric / money_unit(t.currency), 2)::text, "
    "'nothing'))"
    " FROM bot_refunds r JOIN bot_payments p ON p.id = r.payment_id"
    " LEFT JOIN ledger_transactions t ON t.kind = 'refund' AND t.subject = r.id"
    " LEFT JOIN ledger_postings c ON c.transaction_id = t.id AND c.account = 'clearing:' || p.provider"
    " WHERE CASE r.state WHEN 'succeeded' THEN -(r.amount * money_unit(t.currency))::bigint END IS DISTINCT FROM "
    "c.amount"
    " UNION ALL SELECT 'movement ' || t.id, format('the books know a refund %s, and there is none', t.subject)"
    " FROM ledger_transactions t WHERE t.kind = 'refund'"
    " AND NOT EXISTS (SELECT 1 FROM bot_refunds r WHERE r.id = t.subject)";

/* A payment that is earned no more, and what was sold for it goes on. */
static const char stopped_sql[] =
    "SELECT j.id::text, format('set %s of order %s is being made, and its payment %s went back', j.id, j.order_id, "
    "p.id)"
    " FROM generation_jobs j JOIN bot_payments p ON p.order_id = j.order_id WHERE j.status IN ('pending', 'processing')"
    " AND " MOVED("sale") " AND p.received <= (SELECT sum(r.amount) FROM bot_refunds r WHERE r.payment_id = p.id"
                          "  AND r.state = 'succeeded')";

static const char mirror_sql[] =
    "SELECT p.id::text, " PAYMENT_WORDS " || format(': payments says %s %s', m.status, m.amount)"
    " FROM bot_payments p JOIN payments m ON m.yookassa_payment_id = p.outside_id WHERE p.provider = 'yookassa'"
    " AND (" CAME ") AND (m.status, m.amount) IS DISTINCT FROM ('succeeded', p.received)"
    " UNION ALL SELECT p.id::text, format('payment %s (%s, order %s) is %s; payments says that it succeeded', p.id,"
    "  p.outside_id, p.order_id, p.state)"
    " FROM bot_payments p JOIN payments m ON m.yookassa_payment_id = p.outside_id WHERE p.provider = 'yookassa'"
    " AND p.state <> 'succeeded' AND m.status = 'succeeded'";

static const char held_sql[] =
    "SELECT p.id || ' ' || p.held, format('payment %s (%s %s, order %s): %s', p.id, p.provider,"
    "  COALESCE(p.outside_id, 'without a name'), COALESCE(p.order_id::text, 'unknown'), CASE p.held"
    "  WHEN 'sum' THEN format('%s %s came where %s %s was asked', p.received, p.received_currency, p.asked, p.currency)"
    "  WHEN 'order' THEN 'the provider says that it is another order''s'"
    "  WHEN 'shop' THEN 'it is another shop''s'"
    "  WHEN 'test' THEN 'play money where real money was asked, or the other way round'"
    "  WHEN 'avatar' THEN 'paid, and the set went with its avatar before it was made'"
    "  WHEN 'nobody' THEN format('%s %s came, and no order has it', p.received, p.received_currency)"
    "  ELSE p.held END) FROM bot_payments p WHERE " CAME " AND p.held IS NOT NULL AND NOT " OWED;

/* Held, and no money came that we know of: there is nothing to give back. */
static const char lost_sql[] =
    "SELECT p.id || ' ' || p.held, format('payment %s (%s %s, order %s): %s', p.id, p.provider,"
    "  COALESCE(p.outside_id, 'without a name'), COALESCE(p.order_id::text, 'unknown'), CASE p.held"
    "  WHEN 'lost' THEN 'it may have been made, and nobody can ask for it any more'"
    "  WHEN 'sum' THEN 'another sum may come than was asked'"
    "  ELSE format('the provider says that it is not ours (%s)', p.held) END)"
    " FROM bot_payments p WHERE NOT COALESCE(" CAME ", FALSE) AND p.held IS NOT NULL";

#define WHY                                                                                                            \
    "CASE r.why WHEN 'double' THEN 'its order was paid by another payment'"                                            \
    " WHEN 'avatar' THEN 'its avatar was gone when the money came' WHEN 'person' THEN 'a person wants it so'"          \
    " ELSE format('%s photos of its set are not there', r.photos) END"

/* Refunds go by themselves within seconds, and at a bad bank within days. */
static const char owed_sql[] = "SELECT r.id::text, " PAYMENT_WORDS
                               " || format(': %s is to be given back (%s), %s', COALESCE(r.amount::text,"
                               "  'a share'), " WHY ", CASE r.state WHEN 'owed' THEN 'and was not asked for yet'"
                               "   WHEN 'asked' THEN 'was asked for, and nobody knows whether it was done'"
                               "   ELSE format('and the provider has not decided about %s', r.outside_id) END)"
                               " FROM bot_refunds r JOIN bot_payments p ON p.id = r.payment_id WHERE r.reason IS NULL"
                               " AND ((r.state IN ('owed', 'asked') AND r.created_at < now() - interval '1 day')"
                               "  OR (r.state = 'pending' AND r.asked_at < now() - interval '5 days'))";

static const char refused_sql[] = "SELECT r.id::text, " PAYMENT_WORDS
                                  " || format(': %s is to be given back (%s), and the provider refused it %s: %s',"
                                  "  r.amount, " WHY
                                  ", CASE r.state WHEN 'refused' THEN 'for good' ELSE 'for now' END, r.reason)"
                                  " FROM bot_refunds r JOIN bot_payments p ON p.id = r.payment_id"
                                  " WHERE r.reason IS NOT NULL AND r.state NOT IN ('succeeded', 'void')";

/* Sets of a time when shares did not go back by themselves. */
static const char short_sql[] =
    "SELECT j.id::text, format('set %s (payment %s): %s of its %s photos are not there, and nothing went back for "
    "them',"
    "  j.id, p.id, j.total_photos - j.completed_photos, j.total_photos)"
    " FROM generation_jobs j JOIN orders o ON o.id = j.order_id AND o.sets = 1 JOIN bot_payments p ON p.order_id = o.id"
    " WHERE j.status IN ('completed', 'failed') AND j.completed_photos < j.total_photos AND " MOVED(
        "sale") " AND NOT EXISTS (SELECT 1 FROM bot_refunds r WHERE r.payment_id = p.id)";

static const char differs_sql[] =
    "SELECT d.outside_id, format('payment %s (%s %s, order %s), %s %s here, of which %s went back; the provider says: "
    "%s',"
    "  p.id, d.provider, d.outside_id, COALESCE(p.order_id::text, 'unknown'), p.state, COALESCE(p.received, p.asked),"
    "  (SELECT COALESCE(sum(amount), 0) FROM bot_refunds r WHERE r.payment_id = p.id AND r.state = 'succeeded'), "
    "d.theirs)"
    " FROM bot_differences d JOIN bot_payments p USING (provider, outside_id)"
    " WHERE d.what <> 'stranger' AND d.passes > 1 AND NOT d.known";

/* The web application writes its row a little later than the money comes. */
static const char strangers_sql[] =
    "SELECT d.outside_id, format('%s %s succeeded (%s), and is neither an order''s nor the web application''s',"
    "  d.provider, d.outside_id, d.theirs) FROM bot_differences d"
    " WHERE d.what = 'stranger' AND NOT d.known AND d.found_at < now() - interval '1 hour'"
    " AND NOT EXISTS (SELECT 1 FROM payments WHERE yookassa_payment_id = d.outside_id)"
    " AND NOT EXISTS (SELECT 1 FROM bot_payments p WHERE p.provider = d.provider AND p.outside_id = d.outside_id)";

static const char reconciled_sql[] =
    "SELECT provider, format('the lists of %s were last compared with the books at %s', provider, passed_at)"
    " FROM bot_reconciliations WHERE passed_at < now() - interval '2 days' AND reconcile_due(provider, NULL)";

static const char open_sql[] = "SELECT p.id::text, format('payment %s (%s %s, order %s) is open for more than a month, "
                               "and not looked at any more',"
                               "  p.id, p.provider, COALESCE(p.outside_id, 'without a name'), p.order_id)"
                               " FROM bot_payments p WHERE p.state IN ('creating', 'pending') AND p.provider <> 'stars'"
                               " AND p.created_at_ms < (extract(epoch FROM now() - interval '32 days') * 1000)::bigint";

/* Of what came, and of what went back. The list is read to its end now and then; it may be a little late. */
static const char listed_sql[] =
    "SELECT p.id::text, " PAYMENT_WORDS " || ': Telegram does not have it among the bot''s transactions'"
    " FROM bot_payments p WHERE p.provider = 'stars' AND " CAME " AND p.listed_at IS NULL"
    " AND p.ended_at < (SELECT max(looked_at) FROM star_lists) - interval '2 hours'"
    " UNION ALL SELECT 'refund ' || r.id, " PAYMENT_WORDS " || ': Telegram does not say that it went back'"
    " FROM bot_refunds r JOIN bot_payments p ON p.id = r.payment_id WHERE p.provider = 'stars'"
    " AND r.state = 'succeeded' AND r.listed_at IS NULL"
    " AND r.created_at < (SELECT max(looked_at) FROM star_lists) - interval '1 day'";

static const char npd_sql[] =
    "SELECT r.payment_id::text, format('the receipt of payment %s: %s is due, %s is registered, the incomes that stand"
    "  sum to %s%s', r.payment_id, k.due, r.registered, k.standing, CASE WHEN k.sold THEN '' ELSE ', and the books know"
    "  no sale' END)"
    " FROM npd_receipts r JOIN bot_payments p ON p.id = r.payment_id, LATERAL (SELECT"
    "  GREATEST(0, p.received - COALESCE((SELECT sum(amount) FROM bot_refunds"
    "   WHERE payment_id = p.id AND state = 'succeeded'), 0)) AS due,"
    "  COALESCE((SELECT sum(amount) FROM npd_incomes WHERE receipt_id = r.id AND state = 'registered'), 0) AS standing,"
    "  " MOVED("sale") " AS sold) k"
                       " WHERE NOT k.sold OR k.due <> r.due OR k.standing <> r.registered"
                       "  OR (r.not_before IS NULL AND (r.due <> r.registered OR EXISTS (SELECT 1 FROM npd_incomes"
                       "   WHERE receipt_id = r.id AND state = 'asked')))"
                       " UNION ALL SELECT p.id::text, " PAYMENT_WORDS
                       " || ': it was sold, and nobody registers its receipt'"
                       " FROM bot_payments p WHERE p.npd_item IS NOT NULL AND p.test IS FALSE AND " MOVED(
                           "sale") " AND NOT EXISTS (SELECT 1 FROM npd_receipts r WHERE r.payment_id = p.id)";

static const char late_sql[] =
    "SELECT p.id::text, " PAYMENT_WORDS " || format(': its receipt at the tax service is late for %s minutes: %s',"
    "  floor(extract(epoch FROM now() - r.since) / 60), COALESCE(r.error, 'nobody has asked for it'))"
    " FROM npd_receipts r JOIN bot_payments p ON p.id = r.payment_id"
    " WHERE " NPD_RECEIPTS_LATE;

static const char back[] = "to give it back: fotosetd refund PAYMENT; if you did so in the provider's cabinet, then:"
                           " fotosetd refunded PAYMENT";
static const char again[] =
    "what the reason says (money on the shop's balance, say), then: fotosetd refund PAYMENT; or give it back in another"
    " way, then: fotosetd refunded PAYMENT";
static const char share[] =
    "to give back their share: INSERT INTO bot_refunds (payment_id, why, photos) VALUES (PAYMENT, 'failed', PHOTOS)";
static const char wait[] =
    "see in the log why it is not done, and in the provider's cabinet whether it was; if it went back in another way:"
    " fotosetd refunded PAYMENT";
/* A buyer has a right to it, and the tax service to know: a person is to see to it. */
static const char receipts_sql[] =
    "SELECT p.id::text, " PAYMENT_WORDS " || CASE p.receipt WHEN 'canceled'"
    "  THEN ': its receipt was refused by the cash register'"
    "  ELSE format(': its receipt is not registered since %s', to_char(p.ended_at, 'YYYY-MM-DD HH24:MI TZ')) END"
    " FROM bot_payments p WHERE " RECEIPTS_MISSING;

static const char search[] =
    "look for it in the provider's cabinet, by its order, and give back what came for it there;"
    " then: UPDATE bot_payments SET held = NULL WHERE id = PAYMENT";
static const char registered[] =
    "look in YooKassa's cabinet what became of the receipt (Payments, the payment, Receipts), and at the cash "
    "register; if"
    " it was registered by hand, then: UPDATE bot_payments SET receipt = 'succeeded' WHERE id = PAYMENT";
static const char guarded[] =
    "the database refuses this while its guards stand: see who switched them off, and compare with the backup";
static const char register_it[] = "see what fotosetd check says of npd, and what lknpd.nalog.ru itself shows; the bot "
                                  "goes on trying, with receipts.mode"
                                  " = \"npd\", so do not register it by hand";
static const char known[] =
    "compare with the provider's cabinet, and mend the row that is wrong; or, if all is right as it is:"
    " UPDATE bot_differences SET known = TRUE WHERE outside_id = 'NAME'";
static const char stranger[] = "see in the provider's cabinet whose it is; if it is nobody's, give it back there; then:"
                               " UPDATE bot_differences SET known = TRUE WHERE outside_id = 'NAME'";
static const char compare[] = "compare with the provider's cabinet, and mend the row that is wrong";

static const struct {
    const char *name, *sql, *remedy;
    bool is_wait;
} questions[] = {
    {"guards", guards_sql, "ALTER TABLE (its table) ENABLE ALWAYS TRIGGER (the guard); see who switched it off", false},
    {"balance", balance_sql, guarded, false},
    {"booked", booked_sql, guarded, false},
    {"fee", fee_sql, guarded, false},
    {"came", came_sql, compare, false},
    {"given", given_sql, back, false},
    {"twice", twice_sql, back, false},
    {"orders", orders_sql, compare, false},
    {"jobs", jobs_sql, compare, false},
    {"codes", codes_sql, "see who writes to promo_uses beside the bot; fotosetd promo off CODE ends its use", false},
    {"sets", sets_sql, "see who writes to set_grants or orders beside the bot, and set unused right", false},
    {"packs", packs_sql, compare, false},
    {"refunds", refunds_sql, compare, false},
    {"stopped", stopped_sql, "see who set its photos to be made: UPDATE photo_tasks SET state = 'failed' ends them",
     false},
    {"npd", npd_sql, "compare with the account at lknpd.nalog.ru, and mend the row that is wrong", false},
    {"mirror", mirror_sql, "who writes to the table payments beside the bot? Set its row right", false},
    {"listed", listed_sql, "ask Telegram's support for bots, with the payment's name", false},
    {"differs", differs_sql, known, false},
    {"held", held_sql, back, true},
    {"lost", lost_sql, search, true},
    {"owed", owed_sql, wait, true},
    {"refused", refused_sql, again, true},
    {"short", short_sql, share, true},
    {"strangers", strangers_sql, stranger, true},
    {"reconciled", reconciled_sql, "the log of the daemon says why; so does: fotosetd check", true},
    {"receipts", receipts_sql, registered, true},
    {"npd_late", late_sql, register_it, true},
    {"nobody", nobody_sql, back, true},
    {"lacking", lacking_sql, "give its user another one: fotosetd grant TELEGRAM_USER 1", true},
    {"open", open_sql, "look for it in the provider's cabinet, by its order", true},
};

size_t audit_count(void)
{
    return sizeof questions / sizeof questions[0];
}

static const char *sql_of(size_t question)
{
    if (question >= audit_count())
        bug("a question that there is not");
    return questions[question].sql;
}

bool audit_is_wait(size_t question)
{
    return questions[question].is_wait;
}

const char *audit_name(size_t question)
{
    return questions[question].name;
}

const char *audit_remedy(size_t question)
{
    return questions[question].remedy;
}

int audit_add(struct db_unit *unit, struct arena *arena, size_t question)
{
    return db_unit_add(
        unit,
        arena_format(arena, "SELECT words FROM (%s) q(subject, words) LIMIT %d", sql_of(question), AUDIT_ROWS_MAX), 0,
        NULL);
}

const char *audit_read_words(const struct db_result *result, int statement, int row)
{
    return db_text(result, statement, row, 0);
}

void audit_add_kept(struct db_unit *unit, struct arena *arena, size_t question)
{
    (void)db_unit_add(unit,
                      arena_format(arena,
                                   "WITH found(subject, words) AS MATERIALIZED (%s), gone AS (DELETE FROM"
                                   " money_oddities o WHERE o.question = $1"
                                   " AND o.subject NOT IN (SELECT subject FROM found))"
                                   " INSERT INTO money_oddities (question, subject) SELECT $1, subject FROM found"
                                   " ON CONFLICT DO NOTHING",
                                   sql_of(question)),
                      1, (struct db_param[]){db_text_param(questions[question].name)});
}

void audit_add_hurry(struct db_unit *unit)
{
    (void)db_unit_add(unit,
                      "UPDATE errands SET not_before = LEAST(not_before, now())"
                      " WHERE chore = 'money_audit' AND subject = 'all' AND state = 'waiting'",
                      0, NULL);
}

int audit_add_told(struct db_unit *unit, struct arena *arena, const int64_t *owners, size_t count)
{
    return db_unit_add(unit,
                       "WITH fresh AS (UPDATE money_oddities SET told = TRUE WHERE NOT told RETURNING 1),"
                       " counted AS (SELECT count(*) AS n FROM fresh)"
                       " SELECT n, (SELECT count(news_add(o, 'money_odd', n, 0, NULL))"
                       "  FROM unnest($1::bigint[]) o WHERE n > 0) FROM counted",
                       1, (struct db_param[]){db_int64_array(arena, owners, count)});
}

int64_t audit_read_new(const struct db_result *result, int statement)
{
    return db_int64(result, statement, 0, 0);
}
