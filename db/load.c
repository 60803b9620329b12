/* The statements that load a turn, and the reading of their answers into core's structs. Each statement serves all
 * chats of the batch at once; what belongs to whom is told by the chat's id in the first column. Nothing is decided
 * here: an unknown stored state becomes NULL, and the engine says what that means. */
#include "db/load.h"

#include <stdlib.h>
#include <string.h>

#include "core/bug.h"
#include "core/input.h"
#include "core/money.h"
#include "core/sheet.h"
#include "db/words.h"

enum { LOAD_SESSIONS, LOAD_AVATARS, LOAD_REFUSALS, LOAD_HELD, LOAD_ORDERS, LOAD_OPEN, LOAD_JOBS, LOAD_IDS };

/* OFFSET 0 keeps each look-up what it is: by key, a hundred times. Left to itself the planner reads whole tables as
 * long as they are of middling size. */
static const char sessions_sql[] =
    "SELECT c.id, u.id, b.consent_version, b.receipt_contact, b.blocked_at IS NOT NULL, s.state, s.lang, s.version,"
    " s.avatar_id, s.order_id, s.job_id, s.style_id, s.page, s.misses, s.over, s.below, s.shown_at_ms, s.limit_at_ms,"
    " s.refresh_at_ms, s.screen_message_id, s.screen_is_photo, s.thread_id, s.answer_message_id, s.answer_state,"
    " s.answer_avatar_id, b.data_consent_version, s.resume, s.typed, s.from_card"
    " FROM unnest($1::bigint[]) WITH ORDINALITY c(id, n)"
    " LEFT JOIN LATERAL (SELECT * FROM users WHERE telegram_user_id = c.id OFFSET 0) u ON TRUE"
    " LEFT JOIN LATERAL (SELECT * FROM bot_users WHERE user_id = u.id OFFSET 0) b ON TRUE"
    " LEFT JOIN LATERAL (SELECT * FROM bot_sessions WHERE chat_id = c.id OFFSET 0) s ON TRUE"
    " ORDER BY c.n";

static const char avatars_sql[] =
    "SELECT u.telegram_user_id, a.id, COALESCE(a.name, ''), a.status,"
    " (SELECT count(*) FROM reference_photos r WHERE r.avatar_id = a.id AND " WORDS_PHOTO_IS_OURS "),"
    " (SELECT count(*) FROM photo_intake i WHERE i.avatar_id = a.id AND i.verdict = 'pending'),"
    " (SELECT count(*) FROM generated_photos g WHERE g.avatar_id = a.id),"
    " (SELECT max(i.number) FROM photo_intake i WHERE i.avatar_id = a.id),"
    " EXISTS (SELECT 1 FROM reference_photos r WHERE r.avatar_id = a.id)"
    " OR EXISTS (SELECT 1 FROM orders o WHERE o.avatar_id = a.id),"
    /* a card shows one avatar: the session's, or the one named by a button */
    " CASE WHEN a.id = ANY($2::bigint[])"
    "  OR a.id = (SELECT s.avatar_id FROM bot_sessions s WHERE s.chat_id = u.telegram_user_id) THEN COALESCE("
    "  (SELECT t.photo_file_id FROM generation_jobs j JOIN photo_tasks t ON t.job_id = j.id"
    "   WHERE j.avatar_id = a.id AND t.photo_file_id IS NOT NULL ORDER BY t.id DESC LIMIT 1),"
    "  (SELECT i.file_id FROM photo_intake i WHERE i.avatar_id = a.id AND i.as_photo"
    "   AND i.reference_photo_id IS NOT NULL ORDER BY i.id LIMIT 1)) END"
    " FROM users u JOIN avatars a ON a.user_id = u.id"
    " WHERE u.telegram_user_id = ANY($1::bigint[]) ORDER BY u.telegram_user_id, a.id";

static const char refusals_sql[] = "SELECT s.chat_id, i.id, i.number, i.verdict FROM bot_sessions s"
                                   " JOIN photo_intake i ON i.avatar_id = s.avatar_id"
                                   " WHERE s.chat_id = ANY($1::bigint[]) AND s.avatar_id <> 0 AND NOT i.told"
                                   " AND i.verdict NOT IN ('pending', 'good') ORDER BY i.id";

static const char held_sql[] = "SELECT chat_id, id, file_id, file_unique_id, size_bytes, as_photo FROM held_photos"
                               " WHERE chat_id = ANY($1::bigint[]) AND created_at > now() - interval '1 day'"
                               " ORDER BY id";

#define CONTACT_OF_BODY                                                                                                \
    "COALESCE(p.body::json #>> '{receipt,customer,email}', '+' || (p.body::json #>> '{receipt,customer,phone}'))"

static const char orders_sql[] =
    "SELECT s.chat_id, o.id, o.status, COALESCE(o.avatar_id, 0), o.style_id, o.price, o.photo_count, p.url,"
    " COALESCE(p.until_ms, 0), COALESCE(j.id, 0),"
    /* read out of what YooKassa was asked, as long as it may have refused it */
    " CASE WHEN p.state IN ('creating', 'failed') THEN " CONTACT_OF_BODY " END"
    " FROM bot_sessions s JOIN orders o ON o.id = s.order_id LEFT JOIN generation_jobs j ON j.order_id = o.id"
    " LEFT JOIN LATERAL (SELECT * FROM bot_payments WHERE order_id = o.id ORDER BY id DESC LIMIT 1) p ON TRUE"
    " WHERE s.chat_id = ANY($1::bigint[]) AND s.order_id <> 0 AND o.chat_id = s.chat_id";

/* What a chat that may order has open; of an avatar that is there. Whether a link still works is for core to say. */
static const char open_sql[] =
    "SELECT * FROM (SELECT s.chat_id, o.id, o.status, o.avatar_id, o.style_id, o.price, o.photo_count, p.url,"
    "  COALESCE(p.until_ms, 0), 0, " CONTACT_OF_BODY ", row_number() OVER (PARTITION BY s.chat_id ORDER BY o.id DESC)"
    "  FROM bot_sessions s JOIN orders o ON o.chat_id = s.chat_id AND o.status = 'awaiting'"
    "  JOIN bot_payments p ON p.order_id = o.id AND p.state IN ('creating', 'pending')"
    "  WHERE s.chat_id = ANY($1::bigint[]) AND s.state IN ('style', 'contact', 'checkout') AND o.avatar_id IS NOT NULL"
    "  AND o.user_id IS NOT NULL) newest WHERE row_number <= $2 ORDER BY chat_id, id";

/* Per task a letter: waiting, made, queued, sent, failed. First those that the chat or an event speaks of, for there
 * may be more than are kept. */
static const char jobs_sql[] =
    "SELECT j.chat_id, j.id, j.avatar_id, j.style_id, j.told_at IS NOT NULL,"
    " (SELECT string_agg(CASE WHEN t.delivery = 'sent' THEN 's' WHEN t.delivery = 'queued' THEN 'q'"
    "  WHEN t.state = 'failed' OR t.delivery = 'refused' THEN 'f' WHEN t.state = 'made' THEN 'm' ELSE 'w' END, ''"
    "  ORDER BY t.index) FROM photo_tasks t WHERE t.job_id = j.id)"
    " FROM generation_jobs j WHERE j.chat_id = ANY($1::bigint[]) AND (j.told_at IS NULL OR j.id = ANY($2::bigint[])"
    "  OR j.id IN (SELECT s.job_id FROM bot_sessions s WHERE s.chat_id = j.chat_id)"
    "  OR NOT EXISTS (SELECT 1 FROM generation_jobs n"
    "   WHERE n.avatar_id = j.avatar_id AND n.id > j.id AND n.chat_id IS NOT NULL))"
    " ORDER BY j.chat_id, (j.id = ANY($2::bigint[])"
    "  OR j.id IN (SELECT s.job_id FROM bot_sessions s WHERE s.chat_id = j.chat_id)) DESC, j.id DESC";

static const char ids_sql[] = "SELECT 0, nextval('users_id_seq') FROM generate_series(1, $1::int)"
                              " UNION ALL SELECT 1, nextval('avatars_id_seq') FROM generate_series(1, $2::int)"
                              " UNION ALL SELECT 2, nextval('bot_ids') FROM generate_series(1, $3::int)";

_Static_assert(ID_USER == 0 && ID_AVATAR == 1 && ID_OWN == 2, "ids_sql names the kinds by number");

void load_add(struct db_unit *unit, struct arena *arena, const struct load_request *request)
{
    struct db_param chats[2] = {db_int64_array(arena, request->chat_ids, request->chat_count),
                                db_int64_array(arena, request->object_ids, request->object_count)};
    struct db_param counts[ID_KIND_COUNT];
    size_t wanted = 0;
    if (db_unit_count(unit) != 0)
        bug("a load is to be the first of its unit");
    (void)db_unit_add(unit, sessions_sql, 1, chats);
    (void)db_unit_add(unit, avatars_sql, 2, chats);
    (void)db_unit_add(unit, refusals_sql, 1, chats);
    (void)db_unit_add(unit, held_sql, 1, chats);
    (void)db_unit_add(unit, orders_sql, 1, chats);
    (void)db_unit_add(unit, open_sql, 2, (struct db_param[]){chats[0], db_int64_param(arena, CHAT_OPEN_MAX)});
    (void)db_unit_add(unit, jobs_sql, 2, chats);
    for (size_t kind = 0; kind < ID_KIND_COUNT; kind++) {
        wanted += request->new_ids[kind];
        counts[kind] = db_int64_param(arena, (int64_t)request->new_ids[kind]);
    }
    if (wanted > 0)
        (void)db_unit_add(unit, ids_sql, ID_KIND_COUNT, counts);
}

static void read_session(const struct db_result *result, int row, struct arena *arena, struct chat *chat)
{
    struct session *session = &chat->session;
    chat->id = db_int64(result, LOAD_SESSIONS, row, 0);
    chat->user.id = db_int64(result, LOAD_SESSIONS, row, 1);
    chat->user.consents[CONSENT_OFFER] = (int32_t)db_int64(result, LOAD_SESSIONS, row, 2);
    chat->user.consents[CONSENT_PERSONAL_DATA] = (int32_t)db_int64(result, LOAD_SESSIONS, row, 25);
    const char *contact = db_text(result, LOAD_SESSIONS, row, 3); /* one we can't read is asked for again */
    chat->user.contact = contact == NULL ? NULL : input_contact(arena, contact);
    chat->user.blocked = db_bool(result, LOAD_SESSIONS, row, 4);
    if (db_is_null(result, LOAD_SESSIONS, row, 5))
        return;
    session->state = sheet_state(db_text(result, LOAD_SESSIONS, row, 5));
    session->lang = words_lang(db_text(result, LOAD_SESSIONS, row, 6));
    session->version = (uint32_t)db_int64(result, LOAD_SESSIONS, row, 7);
    session->avatar_id = db_int64(result, LOAD_SESSIONS, row, 8);
    session->order_id = db_int64(result, LOAD_SESSIONS, row, 9);
    session->job_id = db_int64(result, LOAD_SESSIONS, row, 10);
    const char *style = db_text(result, LOAD_SESSIONS, row, 11);
    memcpy(session->style_id, style, strnlen(style, STYLE_ID_MAX_BYTES));
    session->page = (int32_t)db_int64(result, LOAD_SESSIONS, row, 12);
    session->misses = (int32_t)db_int64(result, LOAD_SESSIONS, row, 13);
    session->over = (int32_t)db_int64(result, LOAD_SESSIONS, row, 14);
    session->below = db_bool(result, LOAD_SESSIONS, row, 15);
    session->shown_at_ms = db_int64(result, LOAD_SESSIONS, row, 16);
    session->limit_at_ms = db_int64(result, LOAD_SESSIONS, row, 17);
    session->refresh_at_ms = db_int64(result, LOAD_SESSIONS, row, 18);
    session->screen_message_id = db_int64(result, LOAD_SESSIONS, row, 19);
    session->screen_is_photo = db_bool(result, LOAD_SESSIONS, row, 20);
    session->thread_id = db_int64(result, LOAD_SESSIONS, row, 21);
    const char *answered = db_text(result, LOAD_SESSIONS, row, 23);
    session->answer_state = sheet_state(answered);
    if (answered[0] == '\0' || session->answer_state != NULL) /* else nobody knows any more what the answer was */
        session->answer_message_id = db_int64(result, LOAD_SESSIONS, row, 22);
    session->answer_avatar_id = db_int64(result, LOAD_SESSIONS, row, 24);
    session->resume = sheet_state(db_text(result, LOAD_SESSIONS, row, 26));
    const char *typed = db_text(result, LOAD_SESSIONS, row, 27);
    memcpy(session->typed, typed, strnlen(typed, AVATAR_NAME_MAX_BYTES));
    session->from_card = db_bool(result, LOAD_SESSIONS, row, 28);
}

/* The chat a row belongs to. */
static struct chat *owner(const struct load_answer *answer, size_t count, const struct db_result *result, int statement,
                          int row)
{
    int64_t id = db_int64(result, statement, row, 0);
    struct chat *chat = chat_find(answer->chats, count, id);
    if (chat == NULL)
        bug("a row of a chat that was not asked for");
    return chat;
}

static void read_avatar(const struct db_result *result, int row, struct arena *arena, struct chat *chat)
{
    if (chat->avatar_count == CHAT_AVATARS_MAX) { /* keep the newest */
        memmove(chat->avatars, chat->avatars + 1, (CHAT_AVATARS_MAX - 1) * sizeof chat->avatars[0]);
        chat->avatar_count--;
    }
    struct avatar *avatar = &chat->avatars[chat->avatar_count++];
    avatar->id = db_int64(result, LOAD_AVATARS, row, 1);
    avatar->name = arena_copy(arena, db_text(result, LOAD_AVATARS, row, 2));
    avatar->status = words_avatar_status(db_text(result, LOAD_AVATARS, row, 3));
    avatar->good = (int32_t)db_int64(result, LOAD_AVATARS, row, 4);
    avatar->pending = (int32_t)db_int64(result, LOAD_AVATARS, row, 5);
    avatar->made = (int32_t)db_int64(result, LOAD_AVATARS, row, 6);
    avatar->sent = (int32_t)db_int64(result, LOAD_AVATARS, row, 7);
    avatar->touched = db_bool(result, LOAD_AVATARS, row, 8);
    avatar->thumbnail = arena_copy(arena, db_text(result, LOAD_AVATARS, row, 9));
}

static void read_order(const struct db_result *result, int statement, int row, struct arena *arena, struct order *order)
{
    order->id = db_int64(result, statement, row, 1);
    order->status = words_order_status(db_text(result, statement, row, 2));
    order->avatar_id = db_int64(result, statement, row, 3);
    order->style_id = arena_copy(arena, db_text(result, statement, row, 4));
    if (money_parse(db_text(result, statement, row, 5), &order->price_kopecks) != ERR_OK)
        bug("a price that is no sum of money");
    order->photo_count = (int32_t)db_int64(result, statement, row, 6);
    order->link = arena_copy(arena, db_text(result, statement, row, 7));
    order->link_until_ms = db_int64(result, statement, row, 8);
    order->job_id = db_int64(result, statement, row, 9);
    order->contact = arena_copy(arena, db_text(result, statement, row, 10));
}

static void read_job(const struct db_result *result, int row, struct arena *arena, struct chat *chat)
{
    const char *shots = db_text(result, LOAD_JOBS, row, 5);
    if (chat->job_count == CHAT_JOBS_MAX || shots == NULL)
        return;
    struct job *job = &chat->jobs[chat->job_count++];
    job->id = db_int64(result, LOAD_JOBS, row, 1);
    job->avatar_id = db_int64(result, LOAD_JOBS, row, 2);
    job->style_id = arena_copy(arena, db_text(result, LOAD_JOBS, row, 3));
    job->finished = db_bool(result, LOAD_JOBS, row, 4);
    for (; shots[job->total] != '\0' && job->total < STYLE_PHOTOS_MAX; job->total++)
        job->shots[job->total] = (uint8_t)words_shot(shots[job->total]);
}

static void read_refusal(const struct db_result *result, int row, struct chat *chat)
{
    if (chat->refusal_count == CHAT_REFUSALS_MAX)
        return;
    struct refusal *refusal = &chat->refusals[chat->refusal_count++];
    refusal->intake_id = db_int64(result, LOAD_REFUSALS, row, 1);
    refusal->number = (int32_t)db_int64(result, LOAD_REFUSALS, row, 2);
    refusal->verdict = words_verdict(db_text(result, LOAD_REFUSALS, row, 3));
}

static void read_held(const struct db_result *result, int row, struct arena *arena, struct chat *chat)
{
    if (chat->held_count == CHAT_HELD_MAX)
        return;
    if (chat->held == NULL)
        chat->held = arena_array(arena, CHAT_HELD_MAX, sizeof *chat->held);
    struct held *held = &chat->held[chat->held_count++];
    held->id = db_int64(result, LOAD_HELD, row, 1);
    held->file.file_id = arena_copy(arena, db_text(result, LOAD_HELD, row, 2));
    held->file.file_unique_id = arena_copy(arena, db_text(result, LOAD_HELD, row, 3));
    held->file.size_bytes = db_int64(result, LOAD_HELD, row, 4);
    held->file.as_photo = db_bool(result, LOAD_HELD, row, 5);
}

static void read_ids(const struct db_result *result, struct arena *arena, const struct load_request *request,
                     struct load_answer *answer)
{
    int64_t *lists[ID_KIND_COUNT];
    size_t wanted = 0;
    for (size_t kind = 0; kind < ID_KIND_COUNT; kind++) {
        wanted += request->new_ids[kind];
        lists[kind] = arena_array(arena, request->new_ids[kind], sizeof *lists[kind]);
        answer->ids[kind] = lists[kind];
    }
    if (wanted == 0)
        return;
    for (int row = 0; row < db_rows(result, LOAD_IDS); row++) {
        size_t kind = (size_t)db_int64(result, LOAD_IDS, row, 0);
        lists[kind][answer->id_count[kind]++] = db_int64(result, LOAD_IDS, row, 1);
    }
}

void load_read(const struct db_result *result, struct arena *arena, const struct load_request *request,
               struct load_answer *ret_answer)
{
    size_t count = request->chat_count;
    *ret_answer = (struct load_answer){.chats = arena_array(arena, count, sizeof(struct chat))};
    for (size_t i = 0; i < count; i++)
        read_session(result, (int)i, arena, &ret_answer->chats[i]);
    for (int row = 0; row < db_rows(result, LOAD_AVATARS); row++)
        read_avatar(result, row, arena, owner(ret_answer, count, result, LOAD_AVATARS, row));
    for (int row = 0; row < db_rows(result, LOAD_REFUSALS); row++)
        read_refusal(result, row, owner(ret_answer, count, result, LOAD_REFUSALS, row));
    for (int row = 0; row < db_rows(result, LOAD_HELD); row++)
        read_held(result, row, arena, owner(ret_answer, count, result, LOAD_HELD, row));
    for (int row = 0; row < db_rows(result, LOAD_ORDERS); row++)
        read_order(result, LOAD_ORDERS, row, arena, &owner(ret_answer, count, result, LOAD_ORDERS, row)->order);
    for (int row = 0; row < db_rows(result, LOAD_OPEN); row++) {
        struct chat *chat = owner(ret_answer, count, result, LOAD_OPEN, row);
        read_order(result, LOAD_OPEN, row, arena, &chat->open[chat->open_count++]);
    }
    for (int row = 0; row < db_rows(result, LOAD_JOBS); row++)
        read_job(result, row, arena, owner(ret_answer, count, result, LOAD_JOBS, row));
    read_ids(result, arena, request, ret_answer);
}
