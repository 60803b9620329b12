/* The statements that load a turn, and the reading of their answers into core's structs. Each statement serves all
 * chats of the batch at once; what belongs to whom is told by the chat's id in the first column. Which chat needs which
 * facts is known in the same round trip: the table of states goes along (core/needs.h), and each statement looks up
 * what the chat's own state needs. Nothing is decided here: an unknown stored state becomes NULL, and the engine says
 * what that means.
 *
 * Reason: each statement stands in one file with the reading of its columns. */
#include "db/load.h"

#include "core/bug.h"
#include "core/input.h"
#include "core/money.h"
#include "core/sheet.h"
#include "db/npd_receipts.h"
#include "db/receipts.h"
#include "db/session.h"
#include "db/words.h"

/* The statements of a load, as far as anybody in the turn can need their facts. Each names its own columns below. */
enum part {
    PART_SESSIONS,
    PART_AVATARS,
    PART_REFUSALS,
    PART_HELD,
    PART_OPEN,
    PART_OFFERS,
    PART_JOBS,
    PART_HEALTH,
    PART_COUNT
};

/* c: the chats with what their events need; s: the session. What a state needs is looked up in the table of states ($5
 * names, $6 facts, $7 whom they hear); a chat without a session stands in the first of them.
 *
 * OFFSET 0 keeps each look-up what it is: by key, a hundred times. Left to itself the planner reads whole tables as
 * long as they are of middling size. */
#define ASKED                                                                                                          \
    " FROM unnest((SELECT $1::bigint[]), (SELECT $2::int[]), (SELECT $3::int[]), (SELECT $4::bool[]))"                 \
    " WITH ORDINALITY c(id, facts, voices, several, n)"
#define SESSION " LEFT JOIN LATERAL (SELECT * FROM bot_sessions WHERE chat_id = c.id OFFSET 0) s ON TRUE"
#define USERS                                                                                                          \
    " LEFT JOIN LATERAL (SELECT * FROM users WHERE telegram_user_id = c.id OFFSET 0) u ON TRUE"                        \
    " LEFT JOIN LATERAL (SELECT * FROM bot_users WHERE user_id = u.id OFFSET 0) b ON TRUE"
#define STATE "array_position($5::text[], COALESCE(s.state, ($5::text[])[1]))"
#define RESUME "array_position($5::text[], s.resume)"

/* The rule of needs_of(). 1535: FACTS_ALL, 25: NEEDS_ENGINE. */
#define FACTS                                                                                                          \
    "(c.facts | CASE WHEN c.voices = 0 OR c.voices & ($7::int[])[" STATE "] = 0 THEN 0"                                \
    " ELSE COALESCE(($6::int[])[" STATE "], 25) | COALESCE(($6::int[])[" RESUME "], 0)"                                \
    " | CASE WHEN c.several THEN 1535 ELSE 0 END END)"
_Static_assert(FACTS_ALL == 1535 && NEEDS_ENGINE == 25 && FACT_AVATARS == 1 && FACT_THUMBNAIL == 2 &&
                   FACT_REFUSALS == 4 && FACT_HELD == 8 && FACT_ORDER == 16 && FACT_JOB == 32 && FACT_JOBS == 64 &&
                   FACT_OPEN == 128 && FACT_SETS == 256 && FACT_HEALTH == 512 && FACT_OFFERS == 1024,
               "the statements name the facts by number");
_Static_assert(CHAT_AVATARS_MAX == 64 && CHAT_REFUSALS_MAX == 30 && CHAT_HELD_MAX == 100 && CHAT_JOBS_MAX == 24 &&
                   CHAT_SETS_MAX == 200 && CHAT_OPEN_MAX == 8 && CHAT_GRANTS_MAX == 8 && HEALTH_COUNT_MAX == 10000,
               "the statements name the limits by number");

/* The chats alone. Most have nothing of most kinds: a statement begins with its own table, and looks up the session
 * only where something was found. What a chat has and does not need is passed over when it is read. */
#define ANY_CHAT "ANY ((SELECT $1::bigint[])::bigint[])"
#define CHATS " FROM unnest((SELECT $1::bigint[])) WITH ORDINALITY c(id, n)"
/* w: the chats with their facts. */
#define WANTED_OF(chats)                                                                                               \
    " FROM (SELECT c.id, c.n, s.avatar_id, s.job_id, " FACTS " AS facts" chats SESSION " OFFSET 0) w"
#define WANTED WANTED_OF(ASKED)
#define WANTED_WITH_JOBS                                                                                               \
    WANTED_OF(" FROM (SELECT c.*" ASKED " WHERE c.id = ANY (ARRAY(SELECT chat_id FROM generation_jobs"                 \
              " WHERE chat_id = " ANY_CHAT ")) OFFSET 0) c")

enum {
    ORDER_ID,
    ORDER_STATUS,
    ORDER_AVATAR,
    ORDER_STYLE,
    ORDER_PRICE,
    ORDER_PHOTOS,
    ORDER_LINK,
    ORDER_UNTIL,
    ORDER_STARS,
    ORDER_INVOICE,
    ORDER_SETS,
    ORDER_PROMO,
    ORDER_BEFORE,
    ORDER_JOB,
    ORDER_CONTACT,
    ORDER_COLUMN_COUNT
};
/* An order whose payment has ended without photos (a wrong sum, another's payment, none) is none to be paid any more.
 */
#define ORDER_COLUMNS                                                                                                  \
    "o.id, CASE WHEN o.status = 'awaiting' AND p.state NOT IN ('creating', 'pending') THEN 'canceled'"                 \
    " ELSE o.status END, COALESCE(o.avatar_id, 0), o.style_id, o.price, o.photo_count, p.url,"                         \
    " COALESCE(p.until_ms, 0), x.asked::bigint, x.url, o.sets, k.code, (k.price_before * 100)::bigint"
/* Its invoice, and the code that it uses. */
#define BESIDE_ORDER                                                                                                   \
    " LEFT JOIN LATERAL (SELECT asked, url FROM bot_payments WHERE order_id = o.id AND provider = 'stars'"             \
    "  AND state IN ('creating', 'pending') ORDER BY id LIMIT 1) x ON TRUE"                                            \
    " LEFT JOIN LATERAL (SELECT code, price_before FROM promo_uses WHERE order_id = o.id OFFSET 0) k ON TRUE"
#define CONTACT_OF_BODY                                                                                                \
    "COALESCE(p.body::json #>> '{receipt,customer,email}', '+' || (p.body::json #>> '{receipt,customer,phone}'))"

enum {
    SESSION_CHAT,
    SESSION_USER,
    SESSION_OFFER,
    SESSION_DATA,
    SESSION_CONTACT,
    SESSION_BLOCKED,
    SESSION_FACTS,
    SESSION_ORDER,
    SESSION_COLUMNS = SESSION_ORDER + ORDER_COLUMN_COUNT
};
static const char users_sql[] = "SELECT c.id, u.id, b.consent_version, b.data_consent_version, b.receipt_contact,"
                                " b.blocked_at IS NOT NULL, " FACTS ", " ORDER_COLUMNS ", COALESCE(j.id, 0),"
                                /* read out of what YooKassa was asked, as long as it may have refused it */
                                " CASE WHEN p.state IN ('creating', 'failed') THEN " CONTACT_OF_BODY " END";
/* After session_columns. */
static const char sessions_sql[] = ASKED SESSION USERS
    " LEFT JOIN LATERAL (SELECT * FROM orders WHERE id = s.order_id AND s.order_id <> 0 AND chat_id = c.id OFFSET 0) o"
    " ON TRUE LEFT JOIN LATERAL (SELECT id FROM generation_jobs WHERE order_id = o.id OFFSET 0) j ON TRUE"
    " LEFT JOIN LATERAL (SELECT * FROM bot_payments WHERE order_id = o.id AND provider = 'yookassa'"
    "  ORDER BY id DESC LIMIT 1) p ON TRUE" BESIDE_ORDER " ORDER BY c.n";

enum {
    AVATAR_CHAT,
    AVATAR_ID,
    AVATAR_NAME,
    AVATAR_STATUS,
    AVATAR_GOOD,
    AVATAR_PENDING,
    AVATAR_MADE,
    AVATAR_SENT,
    AVATAR_TOUCHED,
    AVATAR_THUMBNAIL
};
static const char avatars_sql[] =
    "SELECT w.id, a.id, COALESCE(a.name, ''), a.status,"
    " (SELECT count(*) FROM reference_photos r WHERE r.avatar_id = a.id AND " WORDS_PHOTO_IS_OURS "),"
    " (SELECT count(*) FROM photo_intake i WHERE i.avatar_id = a.id AND i.verdict = 'pending'),"
    " (SELECT count(*) FROM generated_photos g WHERE g.avatar_id = a.id),"
    " (SELECT max(i.number) FROM photo_intake i WHERE i.avatar_id = a.id),"
    " EXISTS (SELECT 1 FROM reference_photos r WHERE r.avatar_id = a.id)"
    " OR EXISTS (SELECT 1 FROM orders o WHERE o.avatar_id = a.id),"
    /* a card shows one avatar: the session's, or the one named by a button */
    " CASE WHEN w.facts & 2 <> 0 AND (a.id = w.avatar_id OR a.id = ANY ((SELECT $8::bigint[])::bigint[])) THEN "
    "COALESCE("
    "  (SELECT t.photo_file_id FROM generation_jobs j JOIN photo_tasks t ON t.job_id = j.id"
    "   WHERE j.avatar_id = a.id AND t.photo_file_id IS NOT NULL"
    "   AND COALESCE(t.file_bot_id, $9) = $9 ORDER BY t.id DESC LIMIT 1),"
    "  (SELECT i.file_id FROM photo_intake i WHERE i.avatar_id = a.id AND i.as_photo"
    "   AND i.reference_photo_id IS NOT NULL AND COALESCE(i.file_bot_id, $9) = $9 ORDER BY i.id LIMIT 1)) END" WANTED
    " JOIN LATERAL (SELECT a.* FROM users u JOIN avatars a ON a.user_id = u.id WHERE u.telegram_user_id = w.id"
    " ORDER BY a.id DESC LIMIT 64) a ON TRUE WHERE w.facts & 1 <> 0 ORDER BY w.n, a.id";

enum { REFUSAL_CHAT, REFUSAL_ID, REFUSAL_NUMBER, REFUSAL_VERDICT };
static const char refusals_sql[] =
    "SELECT s.chat_id, i.id, i.number, i.verdict FROM (SELECT chat_id, avatar_id FROM bot_sessions"
    "  WHERE chat_id = " ANY_CHAT " AND avatar_id <> 0 OFFSET 0) s"
    " JOIN LATERAL (SELECT * FROM photo_intake i WHERE i.avatar_id = s.avatar_id AND NOT i.told"
    " AND i.verdict NOT IN ('pending', 'good') ORDER BY i.id LIMIT 30) i ON TRUE ORDER BY i.id";

enum { HELD_CHAT, HELD_ID, HELD_FILE, HELD_UNIQUE, HELD_BYTES, HELD_AS_PHOTO };
static const char held_sql[] =
    "SELECT h.chat_id, h.id, h.file_id, h.file_unique_id, h.size_bytes, h.as_photo FROM held_photos h"
    " WHERE h.chat_id = " ANY_CHAT " AND h.created_at > now() - interval '1 day' ORDER BY h.id";

enum { OPEN_CHAT, OPEN_ORDER };
/* Of an avatar that is there. Whether a link still works is for core to say. */
static const char open_sql[] =
    "SELECT c.id, " ORDER_COLUMNS ", 0, " CONTACT_OF_BODY CHATS
    " JOIN LATERAL (SELECT o.*, p.id AS payment FROM orders o"
    "  JOIN bot_payments p ON p.order_id = o.id AND p.state IN ('creating', 'pending') AND p.provider = 'yookassa'"
    "  WHERE o.chat_id = c.id AND o.status = 'awaiting' AND o.avatar_id IS NOT NULL AND o.user_id IS NOT NULL"
    "  ORDER BY o.id DESC LIMIT 8) o ON TRUE JOIN bot_payments p ON p.id = o.payment" BESIDE_ORDER
    " ORDER BY c.n, o.id";

enum {
    OFFER_CHAT,
    OFFER_CODE,
    OFFER_PERCENT,
    OFFER_OFF,
    OFFER_ON,
    OFFER_FROM,
    OFFER_UNTIL,
    OFFER_STYLES,
    OFFER_USED_UP,
    OFFER_USED_BY_YOU,
    OFFER_GRANT,
    OFFER_UNUSED,
    OFFER_OWED
};
/* Codes that are typed ($3, in the chats $2) or stand in the form, with how often they were used; sets that are left,
 * the oldest first; and a row without either if there is any code at all. */
static const char offers_sql[] =
    "SELECT c.id, x.*" CHATS SESSION
    " LEFT JOIN LATERAL (SELECT id FROM users WHERE telegram_user_id = c.id OFFSET 0) u ON TRUE"
    " CROSS JOIN LATERAL ((SELECT k.code, k.percent, (k.amount_off * 100)::bigint, k.is_on,"
    "  (extract(epoch FROM k.valid_from) * 1000)::bigint, (extract(epoch FROM k.valid_until) * 1000)::bigint,"
    "  (SELECT string_agg(style || ' ', '') FROM unnest(k.styles) style),"
    "  (SELECT count(*) FROM promo_uses n WHERE n.code = k.code AND n.state <> 'released') >= k.limit_all,"
    "  (SELECT count(*) FROM promo_uses n WHERE n.code = k.code AND n.user_id = u.id AND n.state <> 'released')"
    "   >= k.limit_user, NULL::bigint AS grant_id, NULL::int, NULL::bigint FROM promo_codes k WHERE k.code = ANY "
    "(ARRAY("
    "   SELECT t.code FROM unnest((SELECT $2::bigint[]), (SELECT $3::text[])) t(chat, code) WHERE t.chat = c.id)"
    "   || (s.form->>'promo')))"
    " UNION ALL (SELECT NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, g.id, g.unused, g.owed FROM set_grants g"
    "  WHERE g.user_id = u.id AND g.unused > 0 ORDER BY g.id LIMIT 8)"
    " UNION ALL (SELECT NULL, NULL, NULL, TRUE, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL FROM promo_codes"
    "  WHERE is_on AND (valid_until IS NULL OR valid_until > now()) LIMIT 1)) x"
    " WHERE (SELECT EXISTS (SELECT FROM promo_codes) OR EXISTS (SELECT FROM set_grants WHERE unused > 0))"
    " ORDER BY c.n, x.grant_id"; /* a shop without any of them looks nobody up */

enum { JOB_CHAT, JOB_ID, JOB_AVATAR, JOB_STYLE, JOB_TOLD, JOB_SINCE, JOB_FREE, JOB_SHOTS };
/* Per task a letter: waiting, made, queued, sent, failed. First those that the chat or an event speaks of, for there
 * may be more than are loaded. */
static const char jobs_sql[] =
    "SELECT w.id, j.id, j.avatar_id, j.style_id, j.told_at IS NOT NULL,"
    " COALESCE(extract(epoch FROM j.created_at::timestamptz) * 1000, 0)::bigint,"
    " EXISTS (SELECT 1 FROM orders o WHERE o.id = j.order_id AND (o.price = 0 OR o.sets > 1)),"
    " (SELECT string_agg(CASE WHEN t.delivery = 'sent' THEN 's' WHEN t.delivery = 'queued' THEN 'q'"
    "  WHEN t.state = 'failed' OR t.delivery = 'refused' THEN 'f' WHEN t.state = 'made' THEN 'm' ELSE 'w' END, ''"
    "  ORDER BY t.index) FROM photo_tasks t WHERE t.job_id = j.id)" WANTED_WITH_JOBS
    " JOIN LATERAL (SELECT * FROM generation_jobs j WHERE j.chat_id = w.id AND (j.id = w.job_id"
    "  OR j.id = ANY ((SELECT $8::bigint[])::bigint[]) OR (w.facts & 64 <> 0 AND j.told_at IS NULL)"
    "  OR (w.facts & 256 <> 0 AND (j.avatar_id = w.avatar_id OR j.avatar_id = ANY ((SELECT $8::bigint[])::bigint[])"
    "   OR j.avatar_id = (SELECT n.avatar_id FROM generation_jobs n WHERE n.id = w.job_id) OR j.avatar_id IN ("
    "   SELECT n.avatar_id FROM generation_jobs n WHERE n.id = ANY ((SELECT $8::bigint[])::bigint[])))))"
    "  ORDER BY (j.id = w.job_id OR j.id = ANY ((SELECT $8::bigint[])::bigint[])) DESC, j.told_at IS NULL DESC, j.id "
    "DESC"
    "  LIMIT CASE WHEN w.facts & 256 <> 0 THEN 200 ELSE 24 END) j ON TRUE"
    " WHERE w.facts & 352 <> 0 ORDER BY w.n, j.id DESC";

enum { HEALTH_CHAT, HEALTH_PARKED, HEALTH_WAITING, HEALTH_RECEIPTS };
static const char health_sql[] = "SELECT w.id, (SELECT count(*) FROM (SELECT 1 FROM parked_updates LIMIT 10000) p),"
                                 " (SELECT count(*) FROM (SELECT 1 FROM outbox LIMIT 10000) o),"
                                 " (SELECT count(*) FROM (SELECT 1 FROM bot_payments p WHERE " RECEIPTS_MISSING
                                 "  UNION ALL SELECT 1 FROM npd_receipts WHERE " NPD_RECEIPTS_LATE
                                 " LIMIT 10000) r)" WANTED " WHERE w.facts & 512 <> 0";

static const char ids_sql[] = "SELECT 0, nextval('users_id_seq') FROM generate_series(1, $1::int)"
                              " UNION ALL SELECT 1, nextval('avatars_id_seq') FROM generate_series(1, $2::int)"
                              " UNION ALL SELECT 2, nextval('bot_ids') FROM generate_series(1, $3::int)";

_Static_assert(ID_USER == 0 && ID_AVATAR == 1 && ID_OWN == 2, "ids_sql names the kinds by number");

/* What a state needs and hears, by its stored name; the first one is where a newcomer begins. */
static void add_states(struct arena *arena, struct db_param params[3])
{
    const struct state *const *states = sheet_states();
    size_t count = 0;
    while (states[count] != NULL)
        count++;
    const char **names = arena_array(arena, count, sizeof *names);
    int64_t *facts = arena_array(arena, count, sizeof *facts), *hears = arena_array(arena, count, sizeof *hears);
    if (states[0] != &state_welcome)
        bug("the list of states does not begin where newcomers do");
    for (size_t i = 0; i < count; i++) {
        names[i] = states[i]->name;
        facts[i] = needs_of_state(states[i]);
        hears[i] = states[i]->hears;
    }
    params[0] = db_text_array(arena, names, count);
    params[1] = db_int64_array(arena, facts, count);
    params[2] = db_int64_array(arena, hears, count);
}

static void add_chats(struct arena *arena, const struct load_request *request, struct db_param params[4])
{
    size_t count = request->chat_count;
    int64_t *facts = arena_array(arena, count, sizeof *facts), *voices = arena_array(arena, count, sizeof *voices);
    bool *several = arena_array(arena, count, sizeof *several);
    for (size_t i = 0; i < count; i++) {
        facts[i] = request->needs[i].facts;
        voices[i] = request->needs[i].voices;
        several[i] = request->needs[i].several;
    }
    params[0] = db_int64_array(arena, request->chat_ids, count);
    params[1] = db_int64_array(arena, facts, count);
    params[2] = db_int64_array(arena, voices, count);
    params[3] = db_bool_array(arena, several, count);
}

/* What anybody in the turn may need. */
static unsigned facts_at_most(const struct load_request *request)
{
    struct needs all = {0};
    for (size_t i = 0; i < request->chat_count; i++) {
        const struct needs *one = &request->needs[i];
        all.facts |= one->facts;
        all.voices |= one->voices;
        all.several = all.several || one->several;
        all.who = one->who > all.who ? one->who : all.who;
    }
    return needs_at_most(&all);
}

static void add_ids(struct db_unit *unit, struct arena *arena, const struct load_request *request)
{
    struct db_param counts[ID_KIND_COUNT];
    size_t wanted = 0;
    for (size_t kind = 0; kind < ID_KIND_COUNT; kind++) {
        wanted += request->new_ids[kind];
        counts[kind] = db_int64_param(arena, (int64_t)request->new_ids[kind]);
    }
    if (wanted > 0)
        (void)db_unit_add(unit, ids_sql, ID_KIND_COUNT, counts);
}

/* What a statement is told of. */
enum told {
    TOLD_CODES = 0,              /* $1: who they are; $2, $3: what they typed */
    TOLD_CHATS = 1,              /* $1: who they are */
    TOLD_NEEDS = TOLD_CHATS + 6, /* and what is needed by whom, $2 to $7 */
    TOLD_OBJECTS,                /* and what events name */
    TOLD_BOT                     /* and whose file ids are of use */
};

static const struct {
    const char *sql;
    unsigned facts;
    enum told told;
} parts[PART_COUNT] = {
    [PART_SESSIONS] = {NULL, 0, TOLD_NEEDS}, /* put together below */
    [PART_AVATARS] = {avatars_sql, FACT_AVATARS, TOLD_BOT},
    [PART_REFUSALS] = {refusals_sql, FACT_REFUSALS, TOLD_CHATS},
    [PART_HELD] = {held_sql, FACT_HELD, TOLD_CHATS},
    [PART_OPEN] = {open_sql, FACT_OPEN, TOLD_CHATS},
    [PART_OFFERS] = {offers_sql, FACT_OFFERS, TOLD_CODES},
    [PART_JOBS] = {jobs_sql, FACT_JOB | FACT_JOBS | FACT_SETS, TOLD_OBJECTS},
    [PART_HEALTH] = {health_sql, FACT_HEALTH, TOLD_NEEDS},
};

static void add_offers(struct db_unit *unit, struct arena *arena, const struct load_request *request,
                       struct db_param chats)
{
    (void)db_unit_add(unit, offers_sql, 3,
                      (struct db_param[]){chats, db_int64_array(arena, request->code_chats, request->code_count),
                                          db_text_array(arena, request->codes, request->code_count)});
}

void load_add(struct db_unit *unit, struct arena *arena, const struct load_request *request)
{
    struct db_param params[TOLD_BOT];
    unsigned facts = facts_at_most(request);
    add_chats(arena, request, params);
    add_states(arena, params + 4);
    params[TOLD_OBJECTS - 1] = db_int64_array(arena, request->object_ids, request->object_count);
    params[TOLD_BOT - 1] = db_int64_param(arena, request->bot_id);
    if (db_unit_count(unit) != 0)
        bug("a load is to be the first of its unit");
    const char *sql = arena_format(arena, "%s%s%s", users_sql, session_columns, sessions_sql);
    (void)db_unit_add(unit, sql, (int)parts[PART_SESSIONS].told, params);
    for (int part = PART_SESSIONS + 1; part < PART_COUNT; part++)
        if ((facts & parts[part].facts) != 0 && parts[part].told == TOLD_CODES)
            add_offers(unit, arena, request, params[0]);
        else if ((facts & parts[part].facts) != 0)
            (void)db_unit_add(unit, parts[part].sql, (int)parts[part].told, params);
    add_ids(unit, arena, request);
}

/* Where an answer is being read. */
struct reading {
    const struct db_result *result;
    struct arena *arena;
    int statement, row;
};

static int64_t number(const struct reading *at, int column)
{
    return db_int64(at->result, at->statement, at->row, column);
}

/* Borrowed from the answer. */
static const char *word(const struct reading *at, int column)
{
    return db_text(at->result, at->statement, at->row, column);
}

static const char *kept(const struct reading *at, int column)
{
    return arena_copy(at->arena, word(at, column));
}

static bool flag(const struct reading *at, int column)
{
    return db_bool(at->result, at->statement, at->row, column);
}

static void read_order(const struct reading *at, int first, struct order *order)
{
    order->id = number(at, first + ORDER_ID);
    order->status = words_order_status(word(at, first + ORDER_STATUS));
    order->avatar_id = number(at, first + ORDER_AVATAR);
    order->style_id = kept(at, first + ORDER_STYLE);
    if (money_parse(word(at, first + ORDER_PRICE), &order->price_kopecks) != ERR_OK)
        bug("a price that is no sum of money");
    order->photo_count = (int32_t)number(at, first + ORDER_PHOTOS);
    order->link = kept(at, first + ORDER_LINK);
    order->link_until_ms = number(at, first + ORDER_UNTIL);
    order->stars = number(at, first + ORDER_STARS);
    order->invoice = kept(at, first + ORDER_INVOICE);
    order->job_id = number(at, first + ORDER_JOB);
    order->contact = kept(at, first + ORDER_CONTACT);
    order->sets = (int32_t)number(at, first + ORDER_SETS);
    order->promo = kept(at, first + ORDER_PROMO);
    order->before_kopecks = number(at, first + ORDER_BEFORE);
}

static void read_session(const struct reading *at, unsigned at_most, struct chat *chat)
{
    const char *contact = word(at, SESSION_CONTACT); /* one we can't read is asked for again */
    chat->id = number(at, SESSION_CHAT);
    chat->user.id = number(at, SESSION_USER);
    chat->user.consents[CONSENT_OFFER] = (int32_t)number(at, SESSION_OFFER);
    chat->user.consents[CONSENT_PERSONAL_DATA] = (int32_t)number(at, SESSION_DATA);
    chat->user.contact = contact == NULL ? NULL : input_contact(at->arena, contact);
    chat->user.blocked = flag(at, SESSION_BLOCKED);
    chat->facts = arena_alloc(at->arena, sizeof *chat->facts);
    chat->facts->loaded = (unsigned)number(at, SESSION_FACTS) & at_most;
    if ((chat->facts->loaded & FACT_ORDER) != 0 && number(at, SESSION_ORDER + ORDER_ID) != 0)
        read_order(at, SESSION_ORDER, &chat->facts->order);
    session_read(at->result, at->statement, at->row, SESSION_COLUMNS, &chat->session);
}

static void read_avatar(const struct reading *at, struct facts *facts)
{
    struct avatar *avatar = facts_add_avatar(facts, at->arena);
    avatar->id = number(at, AVATAR_ID);
    avatar->name = kept(at, AVATAR_NAME);
    avatar->status = words_avatar_status(word(at, AVATAR_STATUS));
    avatar->good = (int32_t)number(at, AVATAR_GOOD);
    avatar->pending = (int32_t)number(at, AVATAR_PENDING);
    avatar->made = (int32_t)number(at, AVATAR_MADE);
    avatar->sent = (int32_t)number(at, AVATAR_SENT);
    avatar->touched = flag(at, AVATAR_TOUCHED);
    avatar->thumbnail = kept(at, AVATAR_THUMBNAIL);
}

static void read_refusal(const struct reading *at, struct facts *facts)
{
    struct refusal *refusal = facts_add_refusal(facts, at->arena);
    refusal->intake_id = number(at, REFUSAL_ID);
    refusal->number = (int32_t)number(at, REFUSAL_NUMBER);
    refusal->verdict = words_verdict(word(at, REFUSAL_VERDICT));
}

static void read_held(const struct reading *at, struct facts *facts)
{
    if (facts->held.count >= CHAT_HELD_MAX)
        return;
    struct held *held = facts_add_held(facts, at->arena);
    held->id = number(at, HELD_ID);
    held->file.file_id = kept(at, HELD_FILE);
    held->file.file_unique_id = kept(at, HELD_UNIQUE);
    held->file.size_bytes = number(at, HELD_BYTES);
    held->file.as_photo = flag(at, HELD_AS_PHOTO);
}

static void read_open(const struct reading *at, struct facts *facts)
{
    read_order(at, OPEN_ORDER, facts_add_open(facts, at->arena));
}

static void read_offer(const struct reading *at, struct facts *facts)
{
    const char *code = word(at, OFFER_CODE);
    if (code != NULL)
        *facts_add_promo(facts, at->arena) = (struct promo){.code = arena_copy(at->arena, code),
                                                            .percent = (int32_t)number(at, OFFER_PERCENT),
                                                            .off_kopecks = number(at, OFFER_OFF),
                                                            .on = flag(at, OFFER_ON),
                                                            .from_ms = number(at, OFFER_FROM),
                                                            .until_ms = number(at, OFFER_UNTIL),
                                                            .styles = kept(at, OFFER_STYLES),
                                                            .used_up = flag(at, OFFER_USED_UP),
                                                            .used_by_you = flag(at, OFFER_USED_BY_YOU)};
    else if (number(at, OFFER_GRANT) != 0)
        *facts_add_grant(facts, at->arena) = (struct grant){.id = number(at, OFFER_GRANT),
                                                            .unused = (int32_t)number(at, OFFER_UNUSED),
                                                            .owed_kopecks = number(at, OFFER_OWED)};
    else
        facts->promos_on = true;
}

static void read_job(const struct reading *at, struct facts *facts)
{
    const char *shots = word(at, JOB_SHOTS);
    if (shots == NULL)
        return; /* one of the web application's */
    struct job *job = facts_add_job(facts, at->arena);
    job->id = number(at, JOB_ID);
    job->avatar_id = number(at, JOB_AVATAR);
    job->style_id = kept(at, JOB_STYLE);
    job->finished = flag(at, JOB_TOLD);
    job->since_ms = number(at, JOB_SINCE);
    job->was_free = flag(at, JOB_FREE);
    for (; shots[job->total] != '\0' && job->total < STYLE_PHOTOS_MAX; job->total++)
        job->shots[job->total] = (uint8_t)words_shot(shots[job->total]);
}

static void read_health(const struct reading *at, struct facts *facts)
{
    facts->health.parked = number(at, HEALTH_PARKED);
    facts->health.waiting = number(at, HEALTH_WAITING);
    facts->health.receipts = number(at, HEALTH_RECEIPTS);
}

static void read_ids(const struct reading *at, const struct load_request *request, struct load_answer *answer)
{
    int64_t *lists[ID_KIND_COUNT];
    size_t wanted = 0;
    for (size_t kind = 0; kind < ID_KIND_COUNT; kind++) {
        wanted += request->new_ids[kind];
        lists[kind] = arena_array(at->arena, request->new_ids[kind], sizeof *lists[kind]);
        answer->ids[kind] = lists[kind];
    }
    if (wanted == 0)
        return;
    for (int row = 0; row < db_rows(at->result, at->statement); row++) {
        size_t kind = (size_t)db_int64(at->result, at->statement, row, 0);
        lists[kind][answer->id_count[kind]++] = db_int64(at->result, at->statement, row, 1);
    }
}

/* The rows of one part, each to the chat it belongs to, if it needs them. */
static void read_part(struct reading *at, const struct load_answer *answer, size_t count, unsigned needed,
                      void read(const struct reading *at, struct facts *facts))
{
    for (at->row = 0; at->row < db_rows(at->result, at->statement); at->row++) {
        struct chat *chat = chat_find(answer->chats, count, number(at, 0));
        if (chat == NULL)
            bug("a row of a chat that was not asked for");
        if ((chat->facts->loaded & needed) != 0)
            read(at, chat->facts);
    }
}

void load_read(const struct db_result *result, struct arena *arena, const struct load_request *request,
               struct load_answer *ret_answer)
{
    static void (*const reads[PART_COUNT])(const struct reading *at, struct facts *facts) = {
        [PART_AVATARS] = read_avatar, [PART_REFUSALS] = read_refusal, [PART_HELD] = read_held,
        [PART_OPEN] = read_open,      [PART_OFFERS] = read_offer,     [PART_JOBS] = read_job,
        [PART_HEALTH] = read_health};
    size_t count = request->chat_count;
    unsigned facts = facts_at_most(request);
    struct reading at = {.result = result, .arena = arena};
    *ret_answer = (struct load_answer){.chats = arena_array(arena, count, sizeof(struct chat))};
    for (; at.row < (int)count; at.row++)
        read_session(&at, facts, &ret_answer->chats[at.row]);
    at.statement++;
    for (int part = PART_SESSIONS + 1; part < PART_COUNT; part++)
        if ((facts & parts[part].facts) != 0) {
            read_part(&at, ret_answer, count, parts[part].facts, reads[part]);
            at.statement++;
        }
    read_ids(&at, request, ret_answer);
}
