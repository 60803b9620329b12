/* What the tests of the outbox share: a real Postgres, and a Telegram that is played by the test, call by call. */
#ifndef TESTS_UNIT_OUTBOX_STAGE_H
#define TESTS_UNIT_OUTBOX_STAGE_H

#include <json-c/json.h>
#include "bot/base/clock.h"
#include "bot/base/stop.h"
#include "bot/base/timers.h"
#include "bot/outbox/outbox.h"
#include "bot/services/telegram/client.h"
#include "tests/unit/chores.h"

enum { CALLS_MAX = 32 * 1024, BOT_ID = 1 };

static struct call {
    char method[32];
    char *params;
    telegram_done_fn *done;
    void *ctx;
    int64_t chat_id;
    enum telegram_priority priority;
    enum telegram_repeat repeat;
    telegram_turn_fn *turn;
    bool open;  /* what it says is not known yet */
    bool asked; /* … and it was told that its turn has come */
    size_t file_count, file_bytes;
    bool answered;
} calls[CALLS_MAX];
static size_t call_count, first_open; /* all before are answered */
static size_t refused_next;           /* so many calls are not taken */
static size_t held_count;             /* … are answered, and a crash would make them again */

static struct outbox *outbox;
static struct timers *timers;
static struct clock now;
static struct stop stop;
static struct store *store;
static struct style_catalogue styles;

/* ---- instead of the real ones ---- */

static void set_contents(struct call *call, const struct telegram_call *contents)
{
    (void)snprintf(call->method, sizeof call->method, "%s", contents->method);
    call->params = arena_copy(&arena, contents->params_json);
    call->file_count = contents->file_count;
    call->file_bytes = 0;
    for (size_t i = 0; i < contents->file_count; i++)
        call->file_bytes += contents->files[i].bytes;
}

enum err telegram_call(struct telegram *tg, int64_t at_ms, const struct telegram_call *call, telegram_done_fn *done,
                       void *ctx)
{
    (void)tg;
    (void)at_ms;
    if (strcmp(call->method, "sendChatAction") == 0) /* nothing depends on it */
        return ERR_OK;
    if (refused_next > 0) {
        refused_next--;
        return ERR_AGAIN;
    }
    CHECK(call_count < CALLS_MAX);
    struct call *made = &calls[call_count++];
    *made = (struct call){.done = done,
                          .ctx = ctx,
                          .chat_id = call->chat_id,
                          .priority = call->priority,
                          .repeat = call->repeat,
                          .turn = call->turn,
                          .open = call->turn != NULL};
    if (!made->open)
        set_contents(made, call);
    return ERR_OK;
}

enum err telegram_fill(struct telegram_job *job, int64_t at_ms, const struct telegram_call *contents)
{
    struct call *call = (void *)job;
    (void)at_ms;
    CHECK(call->open && call->asked);
    call->open = false;
    set_contents(call, contents);
    return ERR_OK;
}

void telegram_put_off(struct telegram_job *job, int64_t at_ms, int64_t wait_ms)
{
    struct call *call = (void *)job;
    (void)at_ms;
    CHECK(call->open && call->asked && wait_ms > 0);
    call->asked = false;
}

void telegram_drop(struct telegram_job *job, int64_t at_ms)
{
    struct call *call = (void *)job;
    (void)at_ms;
    CHECK(call->open && call->asked);
    call->answered = true;
}

void telegram_hold(struct telegram *tg, size_t count)
{
    (void)tg;
    held_count = count;
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
    now.mono_ms = now_ms();
    db_ready(db, fd.revents, now.mono_ms);
    now.unix_ms += 2000; /* waits are short here */
    timers_run(timers, now.unix_ms, 100);
}

static inline void take_turn(struct call *call)
{
    if (!call->open || call->asked || call->answered)
        return;
    call->asked = true;
    call->turn(call->ctx, (void *)call);
}

/* The oldest call without an answer. */
static inline struct call *next_call(void)
{
    int64_t until_ms = now_ms() + WAIT_MS;
    for (;;) {
        for (size_t i = 0; i < call_count; i++) {
            take_turn(&calls[i]);
            if (!calls[i].answered && !calls[i].open)
                return &calls[i];
        }
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
    call_count = first_open = held_count = 0;
    stop = (struct stop){0};
    timers = timers_new();
    now.unix_ms = now.unix_ms == 0 ? 1700000000000 : now.unix_ms;
    outbox = outbox_new(&(struct outbox_ports){.db = db,
                                               .timers = timers,
                                               .clock = &now,
                                               .stop = &stop,
                                               .store = store,
                                               .styles = &styles,
                                               .styles_dir = styles_dir});
}

static inline void open_outbox(void)
{
    open_outbox_with("/nonexistent");
}

/* As a daemon that ends now: what is not committed is forgotten. */
static inline void drop_outbox(void)
{
    outbox_free(outbox);
    timers_free(timers);
    memset(calls, 0, call_count * sizeof calls[0]); /* what they pointed to is to be gone */
    call_count = first_open = 0;
}

static inline void close_outbox(void)
{
    drop_outbox();
    tell("DELETE FROM outbox");
}

/* What was left before is in the lanes. */
static inline void resume(void)
{
    outbox_resume(outbox, BOT_ID);
    while (!outbox_loaded(outbox))
        go_round();
}

static inline void settle_outcomes(void)
{
    if (!outbox_has_outcomes(outbox))
        return;
    struct outbox_outcomes outcomes = outbox_take(outbox, &arena);
    struct db_unit *unit = db_unit_new();
    commit_add_outcomes(unit, &arena, BOT_ID, &outcomes);
    if (db_unit_count(unit) > 0)
        db_result_free(run(unit));
    else
        db_unit_free(unit);
    outbox_committed(outbox);
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
