/* Calls: from a request of the shell to one verdict. A call waits in the governor, goes out, and is classified; what
 * may be repeated safely is repeated here, everything else is its maker's to decide.
 *
 *   E0 freely     again on anything transient or ambiguous
 *   E1 refused    again on 429, "not sent" and server errors; ambiguous is reported
 *   E2 not done   again only on 429 and "not sent"; a server error is reported as ambiguous
 *
 * A call with open contents (client.h) holds nothing while it waits, so it is not repeated here at all. Only E0 may be
 * repeated silently by libcurl. Must not look at status codes (classify.c does), must not know what
 * the calls are for, and must not log: verdicts say what happened. */
#include "bot/services/telegram/client.h"

#include <stdlib.h>
#include <string.h>
#include "bot/base/json.h"
#include "bot/base/log.h"
#include "bot/base/memory.h"
#include "bot/base/random.h"
#include "bot/services/telegram/decode.h"
#include "bot/services/telegram/private.h"
#include "bot/services/telegram/url.h"
#include "core/backoff.h"
#include "core/bug.h"

enum {
    BACKOFF_BASE_MS = 500,
    BACKOFF_CAP_MS = 64000,
    IN_FLIGHT_DEFAULT = 64,
    UPLOADS_DEFAULT = 8,
    CHAT_BURST_DEFAULT = 3
};

int64_t telegram_backoff_ms(int failures)
{
    return backoff_ms(failures > 0 ? failures - 1 : 0, BACKOFF_BASE_MS, BACKOFF_CAP_MS, random_number());
}

struct telegram_verdict telegram_judge(const char *method, const struct http_answer *answer,
                                       struct json_object **ret_reply)
{
    struct telegram_reply reply = {
        .method = method,
        .outcome = answer->outcome,
        .sent = answer->sent,
        .status = answer->status,
        .retry_after_s = answer->retry_after_s,
        .error = answer->error,
    };
    if (answer->outcome == HTTP_ANSWERED)
        reply.reply = json_read(answer->body, answer->bytes, TELEGRAM_JSON_MAX_DEPTH);
    *ret_reply = reply.reply;
    return telegram_classify(&reply);
}

enum err telegram_new(struct http *http, const struct telegram_config *config, struct telegram **ret_tg)
{
    if (telegram_token_check(config->token) != ERR_OK || telegram_api_url_check(config->api_url) != ERR_OK)
        return ERR_INVALID;
    struct telegram *tg = memory_need(calloc(1, sizeof *tg));
    log_redact_add(config->token);
    int64_t second = (int64_t)config->global_rate_s;
    struct governor_config rates = {
        .chat_rate_s = config->chat_rate_s,
        .global_rate_s = config->global_rate_s,
        .chat_burst = config->chat_burst > 0 ? config->chat_burst : CHAT_BURST_DEFAULT,
        .global_burst = config->global_burst > 0 ? config->global_burst
                        : second > 1             ? (int)second
                                                 : 1,
        .max_in_flight = config->max_in_flight > 0 ? config->max_in_flight : IN_FLIGHT_DEFAULT,
        .max_uploads = config->max_uploads > 0 ? config->max_uploads : UPLOADS_DEFAULT,
    };
    tg->http = http;
    LIST_INIT(&tg->jobs);
    LIST_INIT(&tg->fetches);
    LIST_INIT(&tg->replies);
    tg->sells_stars = config->sells_stars;
    tg->governor = governor_new(&rates, 0);
    tg->api_url = memory_copy(config->api_url);
    tg->token = memory_copy(config->token);
    *ret_tg = tg;
    return ERR_OK;
}

void telegram_free(struct telegram *tg)
{
    if (tg == NULL)
        return;
    telegram_cancel_all(tg);
    governor_free(tg->governor);
    free(tg->api_url);
    free(tg->token);
    free(tg);
}

/* ---- sending ---- */

static void call_answered(void *ctx, struct http_answer *answer);

static void take_turn(struct telegram_job *job)
{
    if (job->turn == NULL) {
        job_send(job, call_answered);
        return;
    }
    job->is_open = true;
    job->turn(job->ctx, job);
}

void telegram_run_due(struct telegram *tg, int64_t now_ms)
{
    struct governor_item *item;
    tg->now_ms = now_ms;
    while (!tg->canceling && (item = governor_next(tg->governor, now_ms)) != NULL)
        take_turn((struct telegram_job *)(void *)item);
}

int64_t telegram_next_deadline_ms(const struct telegram *tg)
{
    return governor_deadline_ms(tg->governor);
}

size_t telegram_pending(const struct telegram *tg)
{
    return telegram_checkouts_pending(tg) +
           (tg->stopped ? governor_in_flight(tg->governor) + tg->downloads : tg->pending);
}

void telegram_stop(struct telegram *tg)
{
    tg->stopped = true;
    governor_stop(tg->governor);
}

void telegram_hold(struct telegram *tg, size_t count)
{
    governor_hold(tg->governor, count);
}

/* ---- accepting ---- */

static void keep_job(struct telegram_job *job)
{
    LIST_INSERT_HEAD(&job->tg->jobs, job, next);
    job->tg->pending++;
}

static void forget_job(struct telegram_job *job)
{
    LIST_REMOVE(job, next);
    job->tg->pending--;
}

enum err telegram_call(struct telegram *tg, int64_t now_ms, const struct telegram_call *call, telegram_done_fn *done,
                       void *ctx)
{
    struct telegram_job *job;
    if (tg->pending >= TELEGRAM_PENDING_MAX)
        return ERR_AGAIN;
    enum err err = job_new(tg, call, &job);
    if (err != ERR_OK)
        return err;
    job->done = done;
    job->ctx = ctx;
    keep_job(job);
    governor_add(tg->governor, now_ms, &job->item);
    telegram_run_due(tg, now_ms);
    return ERR_OK;
}

/* ---- calls whose contents come late ---- */

/* The job's turn is answered; what it was charged is given back unless it is sent. */
static void must_be_open(struct telegram_job *job)
{
    if (!job->is_open)
        bug("a call is answered whose turn it is not");
    job->is_open = false;
}

enum err telegram_fill(struct telegram_job *job, int64_t now_ms, const struct telegram_call *contents)
{
    struct telegram *tg = job->tg;
    if (tg->stopped) { /* too late to begin */
        telegram_put_off(job, now_ms, 1);
        return ERR_OK;
    }
    enum err err = job_set_contents(job, contents);
    if (err != ERR_OK) {
        telegram_drop(job, now_ms);
        return err;
    }
    must_be_open(job);
    tg->now_ms = now_ms;
    if (job->file_count == 0)
        governor_no_upload(tg->governor, &job->item);
    job_send(job, call_answered);
    return ERR_OK;
}

void telegram_put_off(struct telegram_job *job, int64_t now_ms, int64_t wait_ms)
{
    must_be_open(job);
    if (wait_ms < 1)
        bug("a call is put off for no time");
    governor_refund(job->tg->governor, &job->item);
    governor_again(job->tg->governor, now_ms, &job->item, wait_ms);
}

void telegram_drop(struct telegram_job *job, int64_t now_ms)
{
    must_be_open(job);
    governor_refund(job->tg->governor, &job->item);
    governor_done(job->tg->governor, now_ms, &job->item);
    forget_job(job);
    job_free(job);
}

/* ---- finishing ---- */

static void report(struct telegram_job *job, const struct telegram_verdict *verdict, struct json_object *result)
{
    forget_job(job);
    job->done(job->ctx, verdict, result);
    job_free(job);
}

/* Shall the call be repeated here? Changes the verdict of an advert's server error into what it is to it. */
static bool is_repeated(const struct telegram_job *job, struct telegram_verdict *verdict, bool was_sent)
{
    if (verdict->class == TELEGRAM_RETRY && !verdict->surely_not_done && job->repeat == TELEGRAM_REPEAT_NOT_DONE)
        verdict->class = TELEGRAM_AMBIGUOUS;
    if (job->tg->canceling || job->turn != NULL)
        return false;
    if (verdict->class != TELEGRAM_RETRY &&
        (verdict->class != TELEGRAM_AMBIGUOUS || job->repeat != TELEGRAM_REPEAT_FREELY))
        return false;
    return verdict->limited || !was_sent || job->failures < TELEGRAM_TRIES_MAX;
}

/* A success whose content nobody reads: an edit's answer is the whole message again, and parsing it is a tenth of what
 * a screen costs. */
static bool is_plain_success(const struct telegram_job *job, const struct http_answer *answer)
{
    static const char start[] = "{\"ok\":true,";
    return job->no_result && answer->outcome == HTTP_ANSWERED && answer->status == 200 &&
           answer->bytes >= sizeof start && memcmp(answer->body, start, sizeof start - 1) == 0;
}

static int64_t wait_after(const struct telegram_job *job, const struct telegram_verdict *verdict)
{
    return verdict->retry_after_ms > 0 ? verdict->retry_after_ms : telegram_backoff_ms(job->failures);
}

static void call_answered(void *ctx, struct http_answer *answer)
{
    struct telegram_job *job = ctx;
    struct telegram *tg = job->tg;
    struct json_object *reply = NULL, *result = NULL;
    int64_t now_ms = tg->now_ms = answer->now_ms;
    struct telegram_verdict verdict = {.class = TELEGRAM_OK};
    if (!is_plain_success(job, answer))
        verdict = telegram_judge(job->method, answer, &reply);
    job->transfer = 0;
    job->failures++;
    int64_t wait_ms = verdict.class == TELEGRAM_OK ? 0 : wait_after(job, &verdict);
    bool in_time = job->deadline_ms == 0 || now_ms + wait_ms < job->deadline_ms;
    if (verdict.limited)
        governor_limited(tg->governor, now_ms, &job->item, wait_ms);
    if (is_repeated(job, &verdict, answer->sent) && in_time) {
        governor_again(tg->governor, now_ms, &job->item, wait_ms);
    } else {
        governor_done(tg->governor, now_ms, &job->item);
        if (verdict.class == TELEGRAM_OK)
            (void)json_object_object_get_ex(reply, "result", &result);
        report(job, &verdict, result);
    }
    json_object_put(reply);
    telegram_run_due(tg, now_ms);
}

void telegram_cancel_all(struct telegram *tg)
{
    struct telegram_verdict canceled = {.class = TELEGRAM_CANCELED, .surely_not_done = true};
    struct governor_item *item;
    tg->canceling = true;
    telegram_cancel_fetches(tg);
    telegram_cancel_checkouts(tg);
    for (struct telegram_job *job = LIST_FIRST(&tg->jobs); job != NULL;) {
        struct telegram_job *one = job;
        job = LIST_NEXT(job, next); /* a callback adds new ones only before the first */
        if (one->transfer != 0) {
            http_cancel(tg->http, one->transfer);
        } else if (one->is_open) {
            governor_done(tg->governor, tg->now_ms, &one->item);
            report(one, &canceled, NULL);
        }
    }
    while ((item = governor_take_any(tg->governor)) != NULL)
        report((struct telegram_job *)(void *)item, &canceled, NULL);
    tg->canceling = false;
}
