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
            " page, misses, over, below, shown_at_ms, limit_at_ms, refresh_at_ms)"
            " VALUES (%lld, '%s', '%s', 'ru', 1, 0, 0, 0, '', 0, 0, 0, false, 0, 0, 0)",
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
}

int main(void)
{
    begin("fotoset_test_needs");
    test_same_rule();
    test_no_more();
    test_many();
    test_health();
    end();
    return 0;
}
