/* What is loaded of a chat is what core/needs.c says that its events need in its state: the statements hold to the same
 * rule, for every state and voice. And no more than that is loaded. Run by tests/postgres run, which sets
 * FOTOSET_TEST_CONNINFO. */
#include "db/load.h"
#include "db/session.h"
#include "tests/unit/chores.h"

enum { CHATS_MAX = 4096, FIRST_CHAT = 100000 };

static int64_t ids[CHATS_MAX];
static struct needs needs[CHATS_MAX];
static struct session sessions[CHATS_MAX];
static size_t count;

static void add_chat(const char *state, const struct state *resume, const struct needs *wanted)
{
    int64_t id = FIRST_CHAT + (int64_t)count;
    if (state != NULL)
        tell(SQL(
            "INSERT INTO bot_sessions (chat_id, state, resume, lang, version, avatar_id, order_id, job_id, style_id,"
            " misses, over, below, shown_at_ms, limit_at_ms, refresh_at_ms)"
            " VALUES (%lld, '%s', '%s', 'ru', 1, 0, 0, 0, '', 0, 0, false, 0, 0, 0)",
            (long long)id, state, resume == NULL ? "" : resume->name));
    ids[count] = id;
    needs[count] = *wanted;
    sessions[count] = (struct session){
        .state = state == NULL ? NULL : sheet_state(state), .version = state != NULL, .resume = resume};
    count++;
}

static void add_chats(const char *state)
{
    static const unsigned voices[] = {0, VOICE_CHAT, VOICE_PHOTOS, VOICE_PAYMENTS, VOICE_SETS, VOICE_CHAT | VOICE_SETS};
    for (size_t i = 0; i < sizeof voices / sizeof voices[0]; i++)
        for (int more = 0; more < 4; more++) {
            struct needs wanted = {.voices = voices[i],
                                   .facts = (more & 1) != 0 ? FACT_JOB : 0,
                                   .several = (more & 2) != 0,
                                   .who = i % 2 == 0 ? WHO_USER : WHO_OWNER};
            bool between = state != NULL && (strcmp(state, "welcome") == 0 || strcmp(state, "help") == 0);
            add_chat(state, between && (more & 2) != 0 ? &state_making : NULL, &wanted);
        }
}

static struct load_answer load(const struct load_request *request, int *ret_statements)
{
    struct load_answer answer;
    struct db_unit *unit = db_unit_new();
    load_add(unit, &arena, request);
    *ret_statements = db_unit_count(unit);
    struct db_result *result = run(unit);
    load_read(result, &arena, request, &answer);
    db_result_free(result);
    return answer;
}

/* The union of what anybody in the turn may need limits what is there to be read: chats are asked for one by one. */
static void test_same_rule(void)
{
    int statements;
    for (const struct state *const *state = sheet_states(); *state != NULL; state++)
        add_chats((*state)->name);
    add_chats("of another year");
    add_chats(NULL);
    for (size_t i = 0; i < count; i++) {
        struct load_request one = {.chat_ids = &ids[i], .needs = &needs[i], .chat_count = 1};
        struct load_answer answer = load(&one, &statements);
        unsigned loaded = answer.chats[0].facts->loaded, wanted = needs_of(&needs[i], &sessions[i]);
        if (loaded != wanted)
            fprintf(stderr, "state %s, voices %u, several %d: %u are loaded, %u needed\n",
                    sessions[i].state == NULL ? "none" : sessions[i].state->name, needs[i].voices, needs[i].several,
                    loaded, wanted);
        CHECK_INT(loaded, wanted);
    }
    struct load_request all = {.chat_ids = ids, .needs = needs, .chat_count = count};
    struct load_answer answer = load(&all, &statements);
    for (size_t i = 0; i < count; i++)
        CHECK_INT(answer.chats[i].facts->loaded & needs_at_most(&needs[i]), needs_of(&needs[i], &sessions[i]));
}

static const struct facts *facts_of(int64_t chat_id, unsigned facts, int64_t object, int *ret_statements)
{
    struct needs wanted = {.facts = facts};
    struct load_request request = {
        .chat_ids = &chat_id, .needs = &wanted, .chat_count = 1, .object_ids = &object, .object_count = object != 0};
    return load(&request, ret_statements).chats[0].facts;
}

/* The job that is named, all that are spoken of, or none; of the chat's own only. */
static void test_no_more(void)
{
    struct customer anna = customer_new(), boris = customer_new();
    int64_t jobs[] = {job_new(&anna), job_new(&anna), job_new(&anna)};
    int statements;
    tell(SQL("UPDATE generation_jobs SET told_at = now() WHERE id = %lld", (long long)jobs[0]));
    CHECK_INT(facts_of(anna.chat_id, 0, jobs[1], &statements)->jobs.count, 0);
    CHECK_INT(statements, 1); /* the session's alone */
    const struct facts *one = facts_of(anna.chat_id, FACT_JOB, jobs[1], &statements);
    CHECK_INT(statements, 2);
    CHECK(one->jobs.count == 1 && one->jobs.list[0].id == jobs[1] && one->avatars.count == 0);
    CHECK_INT(facts_of(anna.chat_id, FACT_JOBS, 0, &statements)->jobs.count, 2);
    CHECK_INT(facts_of(anna.chat_id, FACT_JOBS, jobs[0], &statements)->jobs.count, 3);
    CHECK_INT(facts_of(boris.chat_id, FACT_JOB, jobs[1], &statements)->jobs.count, 0);
    CHECK_INT(facts_of(anna.chat_id, FACT_AVATARS, 0, &statements)->avatars.count, 1);
}

/* All sets of the avatar that is shown, or of that whose set is named, however long they are told; no other's. */
static void test_sets(void)
{
    struct customer anna = customer_new(), boris = customer_new();
    int64_t jobs[] = {job_new(&anna), job_new(&anna), job_new(&anna)};
    int statements;
    tell(SQL("UPDATE generation_jobs SET told_at = now(), created_at = '2023-11-15 00:00:00' WHERE chat_id = %lld",
             (long long)anna.chat_id));
    tell(SQL("INSERT INTO avatars (id, user_id, name) VALUES (777001, %lld, 'other')", (long long)anna.user_id));
    tell(SQL("UPDATE generation_jobs SET avatar_id = 777001 WHERE id = %lld", (long long)jobs[2]));
    const struct facts *named = facts_of(anna.chat_id, FACT_SETS, anna.avatar_id, &statements);
    CHECK_INT(named->jobs.count, 2);
    CHECK(named->jobs.list[0].id == jobs[1] && named->jobs.list[1].id == jobs[0]);
    CHECK_INT(named->jobs.list[0].since_ms, 1700006400000);
    CHECK_INT(facts_of(anna.chat_id, FACT_SETS, jobs[0], &statements)->jobs.count, 2);
    CHECK_INT(facts_of(anna.chat_id, FACT_SETS, jobs[2], &statements)->jobs.count, 1);
    CHECK_INT(facts_of(anna.chat_id, FACT_SETS, 0, &statements)->jobs.count, 0);
    CHECK_INT(facts_of(anna.chat_id, FACT_JOB, anna.avatar_id, &statements)->jobs.count, 0);
    CHECK_INT(facts_of(boris.chat_id, FACT_SETS, jobs[0], &statements)->jobs.count, 0);
    tell(SQL("INSERT INTO bot_sessions (chat_id, state, lang, version, avatar_id, order_id, job_id, style_id,"
             " misses, over, below, shown_at_ms, limit_at_ms, refresh_at_ms) VALUES (%lld, 'sets', 'ru', 1, %lld, 0, 0,"
             " '', 0, 0, false, 0, 0, 0)",
             (long long)anna.chat_id, (long long)anna.avatar_id));
    CHECK_INT(facts_of(anna.chat_id, FACT_SETS, 0, &statements)->jobs.count, 2);
    tell(SQL("INSERT INTO generation_jobs (avatar_id, chat_id, style_id, told_at) SELECT %lld, %lld, 'creative', now()"
             " FROM generate_series(1, %d)",
             (long long)anna.avatar_id, (long long)anna.chat_id, CHAT_SETS_MAX - 20));
    tell("INSERT INTO photo_tasks (job_id, index, prompt, recipe) SELECT id, 0, '', '' FROM generation_jobs j"
         " WHERE NOT EXISTS (SELECT 1 FROM photo_tasks t WHERE t.job_id = j.id)");
    CHECK_INT(facts_of(anna.chat_id, FACT_SETS, 0, &statements)->jobs.count, CHAT_SETS_MAX - 20 + 2);
}

/* An order whose payment has ended is none that may be paid, whatever came of it: a wrong sum, another's payment. */
static void test_order_over(void)
{
    static const enum order_status want[] = {ORDER_AWAITING, ORDER_CANCELED, ORDER_CANCELED, ORDER_CANCELED,
                                             ORDER_PAID};
    for (size_t i = 0; i < sizeof want / sizeof want[0]; i++) {
        struct customer anna = customer_new();
        int64_t order_id = order_new(&anna);
        int statements;
        tell(SQL("INSERT INTO bot_sessions (chat_id, state, lang, version, avatar_id, order_id, job_id, style_id,"
                 " misses, over, below, shown_at_ms, limit_at_ms, refresh_at_ms) VALUES (%lld, 'pay', 'ru', 1, 0, %lld,"
                 " 0, '', 0, 0, false, 0, 0, 0)",
                 (long long)anna.chat_id, (long long)order_id));
        CHECK(create_payment(order_id));
        if (i == 1 || i == 4)
            (void)settle(order_id, i == 1 ? 49900 : 50000, "RUB");
        else if (i > 1)
            (void)see_canceled(order_id, PAYMENT_UNTOLD, i == 2);
        CHECK_INT(facts_of(anna.chat_id, FACT_ORDER, 0, &statements)->order.status, want[i]);
    }
}

static const char *thumbnail_for(const struct customer *customer, int64_t bot_id)
{
    struct needs wanted = {.facts = FACT_AVATARS | FACT_THUMBNAIL};
    struct load_request request = {.bot_id = bot_id,
                                   .chat_ids = &customer->chat_id,
                                   .needs = &wanted,
                                   .chat_count = 1,
                                   .object_ids = &customer->avatar_id,
                                   .object_count = 1};
    int statements;
    return load(&request, &statements).chats[0].facts->avatars.list[0].thumbnail;
}

/* A card is shown by what this very bot was sent, or has sent. */
static void test_thumbnail(void)
{
    struct customer anna = customer_new();
    int64_t job_id = job_new(&anna);
    tell(SQL("INSERT INTO reference_photos (id, avatar_id, image_url) VALUES (888001, %lld, 'store:x')",
             (long long)anna.avatar_id));
    tell(SQL("INSERT INTO photo_intake (id, avatar_id, chat_id, number, file_id, file_unique_id, as_photo, verdict,"
             " reference_photo_id, file_bot_id) VALUES (888001, %lld, %lld, 1, 'sent', 'u', true, 'good', 888001, 5)",
             (long long)anna.avatar_id, (long long)anna.chat_id));
    CHECK_TEXT(thumbnail_for(&anna, 5), "sent");
    CHECK(thumbnail_for(&anna, 6) == NULL);
    tell(SQL("UPDATE photo_tasks SET photo_file_id = 'made', file_bot_id = 6 WHERE job_id = %lld AND index = 0",
             (long long)job_id));
    CHECK_TEXT(thumbnail_for(&anna, 5), "sent");
    CHECK_TEXT(thumbnail_for(&anna, 6), "made");
    tell(SQL("UPDATE photo_tasks SET file_bot_id = NULL WHERE job_id = %lld", (long long)job_id));
    CHECK_TEXT(thumbnail_for(&anna, 5), "made");
}

/* As many as a chat may have are loaded, the newest of them, oldest first. */
static void test_many(void)
{
    struct customer anna = customer_new();
    int statements;
    tell(SQL("INSERT INTO avatars (user_id, name) SELECT %lld, n FROM generate_series(1, %d) n",
             (long long)anna.user_id, CHAT_AVATARS_MAX + 9));
    const struct facts *facts = facts_of(anna.chat_id, FACT_AVATARS, 0, &statements);
    CHECK_INT(facts->avatars.count, CHAT_AVATARS_MAX);
    CHECK_TEXT(facts->avatars.list[0].name, "10");
    CHECK_TEXT(facts->avatars.list[CHAT_AVATARS_MAX - 1].name, SQL("%d", CHAT_AVATARS_MAX + 9));
}

/* For the owner: counted up to a bound. */
static void test_health(void)
{
    int statements;
    tell(SQL("INSERT INTO outbox (id, chat_id, kind, body) SELECT n, 1, 'notice', '{}' FROM generate_series(1, %d) n",
             HEALTH_COUNT_MAX + 5));
    tell("INSERT INTO parked_updates (bot_id, chat_id, update_id, raw, why, tries, not_before)"
         " SELECT 1, n, n, 'x', 'y', 1, now() FROM generate_series(1, 7) n");
    const struct facts *facts = facts_of(1, FACT_HEALTH, 0, &statements);
    CHECK_INT(facts->health.waiting, HEALTH_COUNT_MAX);
    CHECK_INT(facts->health.parked, 7);
    CHECK_INT(facts->health.receipts, 0);
}

int main(void)
{
    begin("fotoset_test_needs");
    test_same_rule();
    test_no_more();
    test_sets();
    test_order_over();
    test_thumbnail();
    test_many();
    test_health();
    end();
    return 0;
}
