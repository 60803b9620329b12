/* What the tests of the outbox share: a real Postgres, and a Telegram that is played by the test, call by call. */
#ifndef TESTS_UNIT_OUTBOX_STAGE_H
#define TESTS_UNIT_OUTBOX_STAGE_H

#include <json-c/json.h>
#include "bot/outbox/outbox.h"
#include "bot/services/telegram/client.h"
#include "bot/base/timers.h"
#include "bot/turn/turns.h"
#include "tests/unit/chores.h"

enum { CALLS_MAX = 1024 };

static struct call {
    char method[32];
    char *params;
    telegram_done_fn *done;
    void *ctx;
    enum telegram_repeat repeat;
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
        .params = arena_copy(&arena, call->params_json), .done = done, .ctx = ctx, .repeat = call->repeat};
    (void)snprintf(made->method, sizeof made->method, "%s", call->method);
    return ERR_OK;
}

void telegram_verdict_line(const struct telegram_verdict *verdict, char *line, size_t line_bytes)
{
    (void)snprintf(line, line_bytes, "%s", verdict->description);
}

/* ---- the play ---- */

static inline void go_round(void)
{
    struct pollfd fd = {.fd = db_fd(db), .events = db_events(db)};
    (void)poll(&fd, 1, 1);
    shop.clock.mono_ms = now_ms();
    db_ready(db, fd.revents, shop.clock.mono_ms);
    shop.clock.unix_ms += 2000; /* waits are short here */
    timers_run(shop.timers, shop.clock.unix_ms, 100);
}

/* The oldest call without an answer. */
static inline struct call *next_call(void)
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

static inline void answer_code(struct call *call, enum telegram_class class, int error_code, const char *result)
{
    struct telegram_verdict verdict = {
        .class = class, .error_code = error_code, .surely_not_done = class != TELEGRAM_AMBIGUOUS};
    struct json_object *json = result == NULL ? NULL : json_tokener_parse(result);
    call->answered = true;
    call->done(call->ctx, &verdict, json);
    json_object_put(json);
}

static inline void answer(struct call *call, enum telegram_class class, const char *result)
{
    answer_code(call, class, 0, result);
}

static inline void open_outbox_with(const char *styles_dir)
{
    call_count = 0;
    config.styles_dir = styles_dir;
    shop = (struct shop){.config = &config,
                         .bot_id = 1,
                         .db = db,
                         .timers = timers_new(),
                         .mailbox = mailbox_new(),
                         .clock.unix_ms = 1700000000000};
    shop.rules.styles = &styles;
    shop.outbox = outbox_new(&shop);
}

static inline void open_outbox(void)
{
    open_outbox_with("/nonexistent");
}

static inline void close_outbox(void)
{
    outbox_free(shop.outbox);
    timers_free(shop.timers);
    mailbox_free(shop.mailbox);
    memset(calls, 0, sizeof calls); /* what they pointed to is to be gone */
    tell("DELETE FROM outbox");
}

static inline void settle_outcomes(void)
{
    struct outbox_outcomes outcomes = outbox_take(shop.outbox, &arena);
    struct db_unit *unit = db_unit_new();
    commit_add_outcomes(unit, &arena, shop.bot_id, &outcomes);
    db_result_free(run(unit));
    outbox_committed(shop.outbox);
}

static inline int number_in(const char *params, const char *name)
{
    struct json_object *json = json_tokener_parse(params), *value = NULL;
    int number = json_object_object_get_ex(json, name, &value) ? json_object_get_int(value) : 0;
    json_object_put(json);
    return number;
}

static inline void add_album(int64_t id, int64_t job_id, const char *kind, const char *indexes, const char *tried_after)
{
    tell(SQL("INSERT INTO outbox (id, chat_id, kind, body, job_id, attempted_after)"
             " VALUES (%lld, 7, '%s', '%s', %lld, %s)",
             (long long)id, kind, indexes, (long long)job_id, tried_after));
}

static inline int64_t made_job(void)
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

static inline int64_t sent_of(int64_t job_id)
{
    return ask(SQL("SELECT count(*) FROM photo_tasks WHERE job_id = %lld AND delivery = 'sent'", (long long)job_id));
}

#endif
