/* Forms in Postgres: every answer comes back as it was given, an emptied form is empty, and what no form of this
 * version can hold is as if it had not been answered. Run by tests/postgres run, which sets FOTOSET_TEST_CONNINFO. */
#include "core/form.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/sheet.h"
#include "db/commit.h"
#include "db/load.h"
#include "tests/unit/chores.h"

enum { CHAT = 700, OTHER_CHAT };

static struct chat loaded(int64_t chat_id)
{
    static const struct needs none;
    struct load_request request = {.chat_ids = &chat_id, .needs = &none, .chat_count = 1};
    struct load_answer answer;
    struct db_unit *unit = db_unit_new();
    load_add(unit, &arena, &request);
    struct db_result *result = run(unit);
    load_read(result, &arena, &request, &answer);
    db_result_free(result);
    return answer.chats[0];
}

static void commit(struct chat *chats, size_t count)
{
    struct db_unit *unit = db_unit_new();
    for (size_t i = 0; i < count; i++) {
        chats[i].session.state = &state_menu;
        chats[i].dirty = true;
    }
    commit_add_sessions(unit, &arena, chats, count);
    db_result_free(run(unit));
}

static void fill(struct chat *chat, const char *name, int64_t page)
{
    struct form *form = &chat->session.form;
    form_put(form->avatar_name, sizeof form->avatar_name, name);
    form->page = page;
}

static void check_form(int64_t chat_id, const char *name, int64_t page)
{
    struct chat chat = loaded(chat_id);
    CHECK_TEXT(chat.session.form.avatar_name, name);
    CHECK_INT(chat.session.form.page, page);
}

static bool is_stored(const char *json)
{
    return ask(SQL("SELECT count(*) FROM bot_sessions WHERE chat_id = %d AND form = '%s'", CHAT, json)) == 1;
}

static void test_round_trip(void)
{
    static const char *const names[] = {"Анна",
                                        "сколько стоит?",
                                        "\"'\\{}[],:",
                                        "NULL",
                                        "null",
                                        "0",
                                        "{\"page\":5}",
                                        "👩‍👩‍👧 Семья 🇷🇺",
                                        "كم؟ 多少？",
                                        "a\tb\nc\x01\x7f",
                                        " ",
                                        "$1",
                                        "%s"};
    struct chat chats[2] = {{.id = CHAT}, {.id = OTHER_CHAT}};
    commit(chats, 2);
    CHECK(is_stored("{}"));
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        chats[0] = loaded(CHAT);
        chats[1] = loaded(OTHER_CHAT);
        fill(&chats[0], names[i], (int64_t)i);
        fill(&chats[1], names[sizeof names / sizeof names[0] - 1 - i], 0);
        commit(chats, 2);
        check_form(CHAT, names[i], (int64_t)i);
        check_form(OTHER_CHAT, names[sizeof names / sizeof names[0] - 1 - i], 0);
    }
    chats[0] = loaded(CHAT);
    chats[0].session.form = (struct form){0};
    commit(chats, 1);
    check_form(CHAT, "", 0);
    CHECK(is_stored("{}"));
    check_form(OTHER_CHAT, names[0], 0); /* the other chat's is left alone */
}

static void test_bounds(void)
{
    char longest[AVATAR_NAME_MAX_BYTES + 1] = {0};
    struct chat chat = loaded(CHAT);
    memset(longest, 'x', AVATAR_NAME_MAX_BYTES);
    fill(&chat, longest, INT32_MAX);
    commit(&chat, 1);
    check_form(CHAT, longest, INT32_MAX);
    for (size_t i = 0; i < AVATAR_NAME_MAX_CHARS; i++)
        memcpy(longest + 4 * i, "😀", 4);
    chat = loaded(CHAT);
    fill(&chat, longest, 1);
    commit(&chat, 1);
    check_form(CHAT, longest, 1);
    tell(SQL("UPDATE bot_sessions SET form = jsonb_build_object('avatar_name', repeat('x', %d), 'page', 2)",
             AVATAR_NAME_MAX_BYTES + 1));
    check_form(CHAT, "", 2); /* half an answer is none */
}

static bool is_bug(const char *name, int64_t page)
{
    pid_t child = fork();
    int status;
    CHECK(child >= 0);
    if (child == 0) {
        struct chat chat = {.id = CHAT};
        (void)setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
        (void)close(STDERR_FILENO);
        fill(&chat, name, page);
        commit(&chat, 1);
        _exit(0);
    }
    CHECK(waitpid(child, &status, 0) == child);
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

/* Whoever fills a form has read the answer, so it fits: else the daemon ends before it is stored. */
static void test_bugs(void)
{
    char too_long[AVATAR_NAME_MAX_BYTES + 2] = {0};
    memset(too_long, 'x', AVATAR_NAME_MAX_BYTES + 1);
    CHECK(is_bug(too_long, 0));
    CHECK(is_bug("", -1));
    CHECK(is_bug("", (int64_t)INT32_MAX + 1));
}

/* Of a program that is older or newer, or of somebody's hand. */
static void test_strange(void)
{
    static const struct {
        const char *json, *name;
        int64_t page;
    } strange[] = {
        {"{\"avatar_name\": \"Анна\", \"phone\": \"+7\", \"sum\": {\"a\": [1]}}", "Анна", 0},
        {"{\"avatar_name\": 5, \"page\": \"many\"}", "5", 0},
        {"{\"avatar_name\": null, \"page\": null}", "", 0},
        {"{\"avatar_name\": \"\", \"page\": [5]}", "", 0},
        {"{\"page\": {\"page\": 1}}", "", 0},
        {"{\"page\": true}", "", 0},
        {"{\"page\": -1}", "", 0},
        {"{\"page\": 2147483648}", "", 0},
        {"{\"page\": 1.5}", "", 0},
        {"{\"page\": 1e3}", "", 1000},
        {"{\"page\": 999999999999999999}", "", 0},
        {"{\"page\": 12345678901234567890123456789}", "", 0},
        {"{\"page\": -9223372036854775808}", "", 0},
        {"[\"avatar_name\", 3]", "", 0},
        {"[{\"avatar_name\": \"x\"}]", "", 0},
        {"\"avatar_name\"", "", 0},
        {"null", "", 0},
    };
    for (size_t i = 0; i < sizeof strange / sizeof strange[0]; i++) {
        tell(SQL("UPDATE bot_sessions SET form = '%s' WHERE chat_id = %d", strange[i].json, CHAT));
        check_form(CHAT, strange[i].name, strange[i].page);
        struct chat chat = loaded(CHAT);
        fill(&chat, "Анна", 3);
        commit(&chat, 1);
        CHECK(is_stored("{\"avatar_name\": \"Анна\", \"page\": 3}")); /* what nobody knows is gone */
    }
}

/* Where a chat stands when its form becomes one. */
static void test_from_before(const char *server)
{
    struct migrate_report report;
    const char *conninfo = database_before(server, "fotoset_test_form_before", "0018_forms");
    struct db *here = db;
    db = db_new(conninfo, NULL);
    tell("INSERT INTO bot_sessions (chat_id, state, lang, version, avatar_id, order_id, job_id, style_id, page, typed,"
         " misses, over, below, shown_at_ms, limit_at_ms, refresh_at_ms) SELECT i, 'menu', 'ru', 1, 0, 0, 0, '', p, t,"
         " 0, 0, false, 0, 0, 0 FROM (VALUES (700, 0, ''), (701, 2, ''), (702, 0, E'Цена \"\\\\?'), (703, 7, 'x'))"
         " v(i, p, t)");
    CHECK_INT(migrate_run(conninfo, migrations_data, migrations_data_count, &report), ERR_OK);
    CHECK(is_stored("{}"));
    check_form(700, "", 0);
    check_form(701, "", 2);
    check_form(702, "Цена \"\\?", 0);
    check_form(703, "x", 7);
    db_free(db);
    db = here;
}

int main(void)
{
    begin("fotoset_test_form");
    test_round_trip();
    test_bounds();
    test_bugs();
    test_strange();
    test_from_before(getenv("FOTOSET_TEST_CONNINFO"));
    end();
    return 0;
}
