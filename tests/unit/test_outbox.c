/* The outbox against a real Postgres and a Telegram that is played here, call by call: nothing is lost, nothing goes
 * twice that can be known, and nothing keeps a chat waiting for ever. Run by tests/postgres run, which sets
 * FOTOSET_TEST_CONNINFO. */
#include "bot/outbox/outbox.h"
#include <json-c/json.h>
#include "bot/telegram/client.h"
#include "bot/timers.h"
#include "bot/turns.h"
#include "tests/unit/chores.h"

enum { CALLS_MAX = 256 };

static struct call {
    char method[32];
    char *params;
    telegram_done_fn *done;
    void *ctx;
    enum effect_class effect;
    bool answered;
} calls[CALLS_MAX];
static size_t call_count;

static struct shop shop;
static struct config config;
static struct style_catalogue styles;

/* ---- instead of the real ones ---- */

enum err telegram_call(struct telegram *tg, int64_t at_ms, const struct telegram_call *call, telegram_done_fn *done,
                       void *ctx)
{
    (void)tg;
    (void)at_ms;
    if (strcmp(call->method, "sendChatAction") == 0) /* nothing depends on it */
        return ERR_OK;
    CHECK(call_count < CALLS_MAX);
    struct call *made = &calls[call_count++];
    *made = (struct call){
        .params = arena_copy(&arena, call->params_json), .done = done, .ctx = ctx, .effect = call->effect};
    (void)snprintf(made->method, sizeof made->method, "%s", call->method);
    return ERR_OK;
}

void telegram_verdict_line(const struct telegram_verdict *verdict, char *line, size_t line_bytes)
{
    (void)snprintf(line, line_bytes, "%s", verdict->description);
}

void turns_poke(struct turns *turns)
{
    (void)turns;
}

/* ---- the play ---- */

static void go_round(void)
{
    struct pollfd fd = {.fd = db_fd(db), .events = db_events(db)};
    (void)poll(&fd, 1, 1);
    shop.now_ms = now_ms();
    db_ready(db, fd.revents, shop.now_ms);
    shop.unix_ms += 100; /* waits are short here */
    timers_run(shop.timers, shop.unix_ms, 100);
}

/* The oldest call without an answer. */
static struct call *next_call(void)
{
    int64_t until_ms = now_ms() + WAIT_MS;
    for (;;) {
        for (size_t i = 0; i < call_count; i++)
            if (!calls[i].answered)
                return &calls[i];
        CHECK(now_ms() < until_ms);
        go_round();
    }
}

static void answer(struct call *call, enum telegram_class class, const char *result)
{
    struct telegram_verdict verdict = {.class = class, .surely_not_done = class != TELEGRAM_AMBIGUOUS};
    struct json_object *json = result == NULL ? NULL : json_tokener_parse(result);
    call->answered = true;
    call->done(call->ctx, &verdict, json);
    json_object_put(json);
}

static void open_outbox(void)
{
    call_count = 0;
    config.styles_dir = "/nonexistent";
    shop = (struct shop){.config = &config, .bot_id = 1, .db = db, .timers = timers_new(), .unix_ms = 1700000000000};
    shop.rules.styles = &styles;
    shop.outbox = outbox_new(&shop);
}

static void close_outbox(void)
{
    outbox_free(shop.outbox);
    timers_free(shop.timers);
    tell("DELETE FROM outbox");
}

static void settle_outcomes(void)
{
    struct outbox_outcomes outcomes = outbox_take(shop.outbox, &arena);
    struct db_unit *unit = db_unit_new();
    commit_add_outcomes(unit, &arena, shop.bot_id, &outcomes);
    db_result_free(run(unit));
    outbox_committed(shop.outbox);
}

static int number_in(const char *params, const char *name)
{
    struct json_object *json = json_tokener_parse(params), *value = NULL;
    int number = json_object_object_get_ex(json, name, &value) ? json_object_get_int(value) : 0;
    json_object_put(json);
    return number;
}

static void add_album(int64_t id, int64_t job_id, const char *kind, const char *indexes, const char *tried_after)
{
    tell(SQL("INSERT INTO outbox (id, chat_id, kind, body, job_id, attempted_after)"
             " VALUES (%lld, 7, '%s', '%s', %lld, %s)",
             (long long)id, kind, indexes, (long long)job_id, tried_after));
}

static int64_t made_job(void)
{
    struct customer anna = customer_new();
    int64_t job_id = job_new(&anna);
    tell(SQL("UPDATE generation_jobs SET chat_id = 7 WHERE id = %lld", (long long)job_id));
    tell(SQL("INSERT INTO generated_photos (avatar_id, style_id, prompt, image_url)"
             " SELECT %lld, 'creative', index, 'store:x' FROM photo_tasks WHERE job_id = %lld",
             (long long)anna.avatar_id, (long long)job_id));
    tell(SQL("UPDATE photo_tasks t SET generated_photo_id = g.id FROM generated_photos g"
             " WHERE t.job_id = %lld AND g.avatar_id = %lld AND g.prompt = t.index::text",
             (long long)job_id, (long long)anna.avatar_id));
    tell(SQL("UPDATE photo_tasks SET state = 'made', photo_file_id = 'f' || index WHERE job_id = %lld",
             (long long)job_id));
    return job_id;
}

static int64_t sent_of(int64_t job_id)
{
    return ask(SQL("SELECT count(*) FROM photo_tasks WHERE job_id = %lld AND delivery = 'sent'", (long long)job_id));
}

/* The search for a lost album must not lay hands on the photos of the one before, nor take an edit that changed
 * something for a find. */
static void test_lost_album(void)
{
    int64_t job_id = made_job();
    tell(SQL("UPDATE photo_tasks SET delivery = 'sent', message_id = 101 + index WHERE job_id = %lld AND index < 2",
             (long long)job_id));
    add_album(1, job_id, "album", "[2,3]", "100");
    open_outbox();
    outbox_resume(shop.outbox);
    struct call *call = next_call();
    CHECK_TEXT(call->method, "editMessageCaption");
    CHECK_INT(number_in(call->params, "message_id"), 103); /* 101 and 102 are photos 1 and 2 */
    answer(call, TELEGRAM_OK, "{\"message_id\":103}");     /* it took the caption: it was another one */
    call = next_call();
    CHECK_INT(number_in(call->params, "message_id"), 104);
    CHECK(strstr(call->params, "3/23") != NULL);
    answer(call, TELEGRAM_OK, NULL); /* not modified: photo 3 */
    for (call = next_call(); strcmp(call->method, "editMessageCaption") == 0; call = next_call())
        answer(call, TELEGRAM_GONE, NULL);
    CHECK_TEXT(call->method, "sendPhoto");  /* photo 4 was not found */
    CHECK_INT(call->effect, EFFECT_ADVERT); /* nobody repeats it but the outbox, which looks first */
    CHECK(strstr(call->params, "\"f3\"") != NULL);
    answer(call, TELEGRAM_OK, "{\"message_id\":300,\"photo\":[{\"file_id\":\"f3\"}]}");
    settle_outcomes();
    CHECK_INT(sent_of(job_id), 4);
    CHECK_INT(ask(SQL("SELECT message_id FROM photo_tasks WHERE job_id = %lld AND index = 2", (long long)job_id)), 104);
    CHECK_INT(ask("SELECT count(*) FROM outbox"), 0);
    close_outbox();
}

/* An answer that says nothing about the message is no "not there". */
static void test_search_disturbed(void)
{
    int64_t job_id = made_job();
    add_album(1, job_id, "album", "[0,1]", "500");
    open_outbox();
    outbox_resume(shop.outbox);
    enum telegram_class nothing[] = {TELEGRAM_RETRY, TELEGRAM_AMBIGUOUS, TELEGRAM_CONFLICT, TELEGRAM_UNAUTHORIZED};
    struct call *call = next_call();
    for (size_t i = 0; i <= sizeof nothing / sizeof nothing[0]; call = next_call(), i++) {
        CHECK_TEXT(call->method, "editMessageCaption");
        CHECK_INT(number_in(call->params, "message_id"), 501); /* from the beginning */
        if (i == sizeof nothing / sizeof nothing[0])
            break;
        answer(call, nothing[i], NULL);
    }
    answer(call, TELEGRAM_OK, NULL);
    answer(next_call(), TELEGRAM_OK, NULL);
    CHECK_INT(number_in(calls[call_count - 1].params, "message_id"), 502);
    settle_outcomes();
    CHECK_INT(sent_of(job_id), 2);
    close_outbox();
}

/* A picture that is gone from the catalogue costs the picture, not the chat. */
static void test_picture_gone(void)
{
    tell("INSERT INTO outbox (id, chat_id, kind, body, picture) VALUES"
         " (1, 7, 'notice', '{\"caption\":\"words\",\"parse_mode\":\"HTML\"}', 'style:gone'),"
         " (2, 7, 'notice', '{\"text\":\"next\"}', NULL)");
    open_outbox();
    outbox_resume(shop.outbox);
    struct call *call = next_call();
    CHECK_TEXT(call->method, "sendMessage");
    CHECK(strstr(call->params, "\"text\":\"words\"") != NULL && strstr(call->params, "caption") == NULL);
    answer(call, TELEGRAM_UNAUTHORIZED, NULL); /* from a proxy: it is tried again */
    call = next_call();
    CHECK(strstr(call->params, "words") != NULL);
    answer(call, TELEGRAM_OK, "{\"message_id\":900}");
    call = next_call();
    CHECK(strstr(call->params, "next") != NULL);
    answer(call, TELEGRAM_OK, "{\"message_id\":901}");
    close_outbox();
}

/* The same photos asked for many times in a row go once; others keep their place. */
static void test_asked_twice(void)
{
    int64_t job_id = made_job();
    tell(SQL("UPDATE photo_tasks SET delivery = 'sent', message_id = 950 WHERE job_id = %lld", (long long)job_id));
    for (int i = 0; i < 10; i++) {
        add_album(1 + 2 * i, job_id, "again", "[0,1]", "NULL");
        add_album(2 + 2 * i, job_id, "again", "[2,3]", "NULL");
    }
    open_outbox();
    outbox_resume(shop.outbox);
    struct call *call = next_call();
    CHECK_TEXT(call->method, "sendMediaGroup");
    CHECK(strstr(call->params, "\"f0\"") != NULL);
    answer(call, TELEGRAM_OK, "[{\"message_id\":960},{\"message_id\":961}]");
    call = next_call();
    CHECK(strstr(call->params, "\"f2\"") != NULL);
    answer(call, TELEGRAM_OK, "[{\"message_id\":962},{\"message_id\":963}]");
    CHECK_INT(outbox_pending(shop.outbox), 0);
    settle_outcomes();
    CHECK_INT(ask("SELECT count(*) FROM outbox"), 0);
    close_outbox();
}

int main(void)
{
    begin("fotoset_test_outbox");
    test_lost_album();
    test_search_disturbed();
    test_picture_gone();
    test_asked_twice();
    end();
    return 0;
}
