/* Consents and what waits for them: each is a record with the hash of the words that were on the screen; photos that
 * may not be kept yet are held, taken or deleted; where a consent came in between is not forgotten. Run by
 * tests/postgres run, which sets FOTOSET_TEST_CONNINFO. */
#include "core/sheet.h"
#include "db/commit.h"
#include "db/load.h"
#include "db/state.h"
#include "tests/unit/chores.h"

/* A turn of one chat with these effects. */
static void deeds(const struct customer *customer, struct effect *list, size_t count)
{
    struct chat chat = {.id = customer->chat_id, .user.id = customer->user_id};
    struct db_unit *unit = db_unit_new();
    for (size_t i = 0; i < count; i++)
        list[i].chat_id = chat.id;
    commit_add_records(unit, &arena, &chat, 1, &(struct effects){.list = list, .count = count}, NULL, 0, 1700000000000,
                       1);
    db_result_free(run(unit));
}

static struct chat loaded(const struct customer *customer)
{
    static const struct needs all = {.facts = FACTS_ALL};
    struct load_request request = {.chat_ids = &customer->chat_id, .needs = &all, .chat_count = 1};
    struct load_answer answer;
    struct db_unit *unit = db_unit_new();
    load_add(unit, &arena, &request);
    struct db_result *result = run(unit);
    load_read(result, &arena, &request, &answer);
    db_result_free(result);
    return answer.chats[0];
}

static struct effect consent(enum consent kind, int version, bool given, const char *words)
{
    return (struct effect){.kind = EFFECT_CONSENT,
                           .consent = {.kind = kind, .version = version, .given = given, .words = words, .lang = "ru"}};
}

static int64_t records(const struct customer *customer, const char *where)
{
    return ask(
        SQL("SELECT count(*) FROM bot_consents WHERE user_id = %lld AND %s", (long long)customer->user_id, where));
}

static void test_records(void)
{
    struct customer anna = customer_new();
    CHECK_INT(loaded(&anna).user.consents[CONSENT_OFFER], 0);
    deeds(&anna, (struct effect[]){consent(CONSENT_OFFER, 2, true, "abc")}, 1);
    CHECK_INT(loaded(&anna).user.consents[CONSENT_OFFER], 2);
    CHECK_INT(loaded(&anna).user.consents[CONSENT_PERSONAL_DATA], 0); /* one is not the other */
    deeds(&anna, (struct effect[]){consent(CONSENT_PERSONAL_DATA, 3, true, "Ёж")}, 1);
    CHECK_INT(loaded(&anna).user.consents[CONSENT_PERSONAL_DATA], 3);
    CHECK_INT(records(&anna, "kind = 'offer' AND version = 2 AND given AND lang = 'ru'"
                             " AND at = to_timestamp(1700000000) AND encode(text_sha256, 'hex') ="
                             " 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'"),
              1);
    CHECK_INT(records(&anna, "kind = 'personal_data' AND version = 3 AND given AND encode(text_sha256, 'hex') ="
                             " 'd919b41f2784f38afe3c3adacb3933ff3fa0e7267efb10cfef9b6753af798b9e'"),
              1);
    deeds(&anna, (struct effect[]){consent(CONSENT_PERSONAL_DATA, 4, false, "x")}, 1);
    CHECK_INT(loaded(&anna).user.consents[CONSENT_PERSONAL_DATA], 0);
    CHECK_INT(loaded(&anna).user.consents[CONSENT_OFFER], 2);
    CHECK_INT(records(&anna, "TRUE"), 3); /* the history stays */
}

/* Somebody who changes their mind within a turn. */
static void test_last_word(void)
{
    struct customer anna = customer_new();
    struct effect list[] = {consent(CONSENT_OFFER, 1, true, "o"), consent(CONSENT_PERSONAL_DATA, 1, false, "d"),
                            consent(CONSENT_PERSONAL_DATA, 1, true, "d")};
    deeds(&anna, list, 3);
    CHECK_INT(loaded(&anna).user.consents[CONSENT_PERSONAL_DATA], 1);
    CHECK_INT(records(&anna, "TRUE"), 3);
    CHECK_INT(records(&anna, "id = (SELECT max(id) FROM bot_consents) AND given"), 1);
}

/* Who accepted the offer before consents had a history has it there. */
static void test_from_before(const char *server)
{
    struct migrate_report report;
    const char *conninfo = database_before(server, "fotoset_test_before", "0006_consents");
    struct db *before = db_new(conninfo, NULL);
    struct db_unit *unit = db_unit_new();
    (void)db_unit_add(unit, "INSERT INTO users (id, device_id) VALUES (1, 'a'), (2, 'b')", 0, NULL);
    (void)db_unit_add(unit,
                      "INSERT INTO bot_users (user_id, consent_version, consent_at)"
                      " VALUES (1, 7, '2025-09-01'), (2, NULL, NULL)",
                      0, NULL);
    db_result_free(run_on(before, unit));
    db_free(before);
    CHECK_INT(migrate_run(conninfo, migrations_data, migrations_data_count, &report), ERR_OK);
    before = db_new(conninfo, NULL);
    unit = db_unit_new();
    (void)db_unit_add(unit,
                      "SELECT count(*), count(*) FILTER (WHERE user_id = 1 AND kind = 'offer' AND version = 7 AND given"
                      " AND at = '2025-09-01' AND text_sha256 IS NULL) FROM bot_consents",
                      0, NULL);
    struct db_result *result = run_on(before, unit);
    CHECK_INT(db_int64(result, 0, 0, 0), 1);
    CHECK_INT(db_int64(result, 0, 0, 1), 1);
    db_result_free(result);
    db_free(before);
}

static struct effect hold(int64_t id, const struct event_file *file)
{
    return (struct effect){.kind = EFFECT_PHOTO_HOLD, .photo_hold = {id, file}};
}

static void test_held(void)
{
    struct customer anna = customer_new(), boris = customer_new();
    struct event_file first = {"f1", "u1", 100, 0, 0, true}, second = {"f2", "u2", 0, 0, 0, false};
    int64_t ids[2] = {next_id, next_id + 1};
    next_id += 2;
    deeds(&anna, (struct effect[]){hold(ids[0], &first), hold(ids[1], &second)}, 2);
    deeds(&boris, (struct effect[]){hold(next_id++, &first)}, 1);
    struct chat chat = loaded(&anna);
    CHECK_INT(chat.facts->held.count, 2);
    CHECK_TEXT(chat.facts->held.list[0].file.file_id, "f1");
    CHECK_TEXT(chat.facts->held.list[1].file.file_unique_id, "u2");
    CHECK_INT(chat.facts->held.list[0].file.size_bytes, 100);
    CHECK(chat.facts->held.list[0].file.as_photo && !chat.facts->held.list[1].file.as_photo);
    CHECK_INT(ask("SELECT count(*) FROM photo_intake"), 0); /* nothing of them is fetched */
    struct effect taken[] = {
        {.kind = EFFECT_PHOTO_ADD, .photo_add = {ids[0], anna.avatar_id, 1, &chat.facts->held.list[0].file}},
        {.kind = EFFECT_PHOTO_ADD, .photo_add = {ids[1], anna.avatar_id, 2, &chat.facts->held.list[1].file}},
        {.kind = EFFECT_HELD_CLEAR}};
    deeds(&anna, taken, 3);
    chat = loaded(&anna);
    CHECK_INT(chat.facts->held.count, 0);
    CHECK_INT(chat.facts->avatars.list[0].pending, 2);
    CHECK_INT(chat.facts->avatars.list[0].sent, 2);
    CHECK_INT(loaded(&boris).facts->held.count, 1); /* another's are left alone */
}

/* After a day they are neither taken nor kept. */
static void test_held_for_a_day(void)
{
    struct customer anna = customer_new();
    struct event_file file = {"f", "u", 0, 0, 0, false};
    tell("DELETE FROM held_photos");
    deeds(&anna, (struct effect[]){hold(next_id, &file), hold(next_id + 1, &file)}, 2);
    next_id += 2;
    tell(
        SQL("UPDATE held_photos SET created_at = now() - interval '25 hours' WHERE id = %lld", (long long)next_id - 1));
    CHECK_INT(loaded(&anna).facts->held.count, 1);
    struct db_unit *unit = db_unit_new();
    state_add_held_end(unit);
    db_result_free(run(unit));
    CHECK_INT(ask("SELECT count(*) FROM held_photos"), 1);
    tell(SQL("DELETE FROM users WHERE id = %lld", (long long)anna.user_id)); /* nor after their user */
    CHECK_INT(ask("SELECT count(*) FROM held_photos"), 0);
}

static void test_session(void)
{
    struct customer anna = customer_new();
    struct chat chat = {.id = anna.chat_id, .dirty = true};
    chat.session = (struct session){.state = &state_welcome, .version = 1, .resume = &state_rename, .from_card = true};
    for (int round = 0; round < 2; round++) {
        struct db_unit *unit = db_unit_new();
        commit_add_sessions(unit, &arena, &chat, 1);
        db_result_free(run(unit));
        struct session kept = loaded(&anna).session;
        CHECK(kept.resume == chat.session.resume);
        CHECK_INT(kept.from_card, chat.session.from_card);
        chat.session = (struct session){.state = &state_menu, .version = 2};
    }
}

/* What the web application put into a draft, and what an order hangs on, is no empty draft. */
static void test_touched(void)
{
    struct customer anna = customer_new(), boris = customer_new(), vera = customer_new();
    CHECK(!loaded(&anna).facts->avatars.list[0].touched);
    tell(SQL("INSERT INTO reference_photos (avatar_id, image_url) VALUES (%lld, 'https://example.com/1')",
             (long long)boris.avatar_id));
    (void)order_new(&vera);
    CHECK(loaded(&boris).facts->avatars.list[0].touched);
    CHECK(loaded(&vera).facts->avatars.list[0].touched);
    CHECK_INT(loaded(&boris).facts->avatars.list[0].sent, 0);
}

int main(void)
{
    begin("fotoset_test_consents");
    test_records();
    test_last_word();
    test_from_before(getenv("FOTOSET_TEST_CONNINFO"));
    test_held();
    test_held_for_a_day();
    test_session();
    test_touched();
    end();
    return 0;
}
