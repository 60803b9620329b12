/* Calls: from a request of the shell to one verdict. A call waits in the governor, goes out, and is classified; what
 * may be repeated safely is repeated here with its effect class in mind, everything else is the caller's to decide.
 *
 *   E0 idempotent   again on anything transient or ambiguous
 *   E1 value        again on 429, "not sent" and server errors; ambiguous is reported
 *   E2 advert       again only on 429 and "not sent"; a server error is reported as ambiguous
 *
 * Only E0 may be repeated silently by libcurl. Must not look at status codes (classify.c does), must not know what
 * the calls are for, and must not log: verdicts say what happened. */
#include "bot/services/telegram/client.h"

#include <stdlib.h>
#include <string.h>
#include "bot/base/log.h"
#include "bot/services/telegram/decode.h"
#include "bot/services/telegram/private.h"
#include "bot/services/telegram/url.h"
#include "core/bug.h"

enum {
    CALL_TIMEOUT_MS = 30000,
    UPLOAD_TIMEOUT_MS = 60000,
    UPLOAD_SLOWEST_BYTES_MS = 64, /* 64 kB a second */
    BACKOFF_FIRST_MS = 500,
    BACKOFF_DOUBLINGS = 7,
    BACKOFF_LEAST_MS = 100,
    IN_FLIGHT_DEFAULT = 64,
    CHAT_BURST_DEFAULT = 3
};

struct telegram_job {
    struct governor_item item;
    struct telegram *tg;
    struct telegram_job *next, *previous;
    telegram_done_fn *done;
    void *ctx;
    enum effect_class effect;
    bool no_result;
    int64_t deadline_ms;
    uint64_t transfer; /* 0 = waiting */
    int failures;
    struct json_object *fields;  /* with files: the parameters as form fields */
    struct telegram_file *files; /* in the arena, with their strings */
    size_t file_count;
    struct arena arena;          /* empty without files */
    const char *method, *params; /* params: NULL = none; both point into text */
    char text[];
};

int64_t telegram_random(struct telegram *tg, int64_t below)
{
    tg->random ^= tg->random << 13;
    tg->random ^= tg->random >> 7;
    tg->random ^= tg->random << 17;
    return below <= 1 ? 0 : (int64_t)(tg->random % (uint64_t)below);
}

int64_t telegram_backoff_ms(struct telegram *tg, int failures)
{
    int doublings = failures < 1 ? 0 : failures - 1 < BACKOFF_DOUBLINGS ? failures - 1 : BACKOFF_DOUBLINGS;
    int64_t cap_ms = (int64_t)BACKOFF_FIRST_MS << doublings;
    return BACKOFF_LEAST_MS + telegram_random(tg, cap_ms - BACKOFF_LEAST_MS);
}

struct json_object *telegram_parse(struct telegram *tg, const char *body, size_t bytes)
{
    if (bytes == 0 || bytes > INT32_MAX)
        return NULL;
    json_tokener_reset(tg->tokener);
    return json_tokener_parse_ex(tg->tokener, body, (int)bytes);
}

struct telegram_verdict telegram_judge(struct telegram *tg, const char *method, const struct http_answer *answer,
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
        reply.reply = telegram_parse(tg, answer->body, answer->bytes);
    *ret_reply = reply.reply;
    return telegram_classify(&reply);
}

static char *copy(const char *text)
{
    char *made = strdup(text);
    if (made == NULL)
        bug("out of memory");
    return made;
}

enum err telegram_new(struct http *http, const struct telegram_config *config, struct telegram **ret_tg)
{
    if (telegram_token_check(config->token) != ERR_OK || telegram_api_url_check(config->api_url) != ERR_OK)
        return ERR_INVALID;
    struct telegram *tg = calloc(1, sizeof *tg);
    if (tg == NULL)
        bug("out of memory");
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
    };
    tg->http = http;
    tg->governor = governor_new(&rates, 0);
    tg->tokener = json_tokener_new_ex(TELEGRAM_JSON_MAX_DEPTH);
    if (tg->tokener == NULL)
        bug("out of memory");
    json_tokener_set_flags(tg->tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
    tg->api_url = copy(config->api_url);
    tg->token = copy(config->token);
    tg->random = config->seed | 1;
    *ret_tg = tg;
    return ERR_OK;
}

void telegram_free(struct telegram *tg)
{
    if (tg == NULL)
        return;
    telegram_cancel_all(tg);
    governor_free(tg->governor);
    json_tokener_free(tg->tokener);
    free(tg->api_url);
    free(tg->token);
    free(tg);
}

/* ---- sending ---- */

static void on_answer(void *ctx, struct http_answer *answer);

/* The parameters as form fields (nested JSON as text) and the files. Returns the number of parts. */
static size_t make_parts(const struct telegram_job *job, struct http_part parts[HTTP_PARTS_MAX])
{
    size_t count = 0;
    json_object_object_foreach(job->fields, name, value)
    {
        bool plain = json_object_is_type(value, json_type_string);
        size_t bytes = 0;
        const char *text = plain ? json_object_get_string(value)
                                 : json_object_to_json_string_length(
                                       value, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE, &bytes);
        if (plain)
            bytes = (size_t)json_object_get_string_len(value);
        parts[count++] = (struct http_part){.name = name, .data = text, .bytes = bytes};
    }
    for (size_t i = 0; i < job->file_count; i++) {
        const struct telegram_file *file = &job->files[i];
        parts[count++] = (struct http_part){file->name, file->filename, file->content_type, file->data, file->bytes};
    }
    return count;
}

static void send_job(struct telegram *tg, struct telegram_job *job)
{
    static const char *const json_headers[] = {"Content-Type: application/json", NULL};
    char url[TELEGRAM_URL_MAX_BYTES];
    struct http_part parts[HTTP_PARTS_MAX];
    struct http_request request = {.url = url, .method = HTTP_POST, .max_answer_bytes = TELEGRAM_REPLY_MAX_BYTES};
    if (telegram_url_method(url, tg->api_url, tg->token, job->method) != ERR_OK)
        bug("a call with bad parameters was accepted");
    request.never_repeat = job->effect != EFFECT_IDEMPOTENT;
    request.timeout_ms = CALL_TIMEOUT_MS;
    if (job->file_count > 0) {
        size_t bytes = 0;
        request.parts = parts;
        request.part_count = make_parts(job, parts);
        for (size_t i = 0; i < job->file_count; i++)
            bytes += job->files[i].bytes;
        request.timeout_ms = UPLOAD_TIMEOUT_MS + (int64_t)(bytes / UPLOAD_SLOWEST_BYTES_MS);
        request.own_connection = request.in_line = true; /* a slow upload must not hold up small calls */
        request.fresh_connection = request.never_repeat;
    } else if (job->params != NULL) {
        request.headers = json_headers;
        request.body = job->params;
        request.body_bytes = strlen(job->params);
    }
    job->transfer = http_start(tg->http, &request, on_answer, job);
}

void telegram_run_due(struct telegram *tg, int64_t now_ms)
{
    struct governor_item *item;
    tg->now_ms = now_ms;
    while (!tg->stopping && (item = governor_next(tg->governor, now_ms)) != NULL)
        send_job(tg, (struct telegram_job *)(void *)item);
}

int64_t telegram_next_deadline_ms(const struct telegram *tg)
{
    return governor_deadline_ms(tg->governor);
}

size_t telegram_pending(const struct telegram *tg)
{
    return tg->pending;
}

int64_t telegram_now_ms(const struct telegram *tg)
{
    return tg->now_ms;
}

/* ---- accepting ---- */

static bool never_waits(const char *method)
{
    return strcmp(method, "answerCallbackQuery") == 0 || strcmp(method, "getFile") == 0 ||
           strcmp(method, "sendChatAction") == 0;
}

static int cost_of(const struct telegram_call *call)
{
    if (call->cost > 0)
        return call->cost;
    if (strcmp(call->method, "sendChatAction") == 0)
        return 0;
    static const char *const counted[] = {"send", "edit", "copy", "forward"};
    for (size_t i = 0; i < sizeof counted / sizeof counted[0]; i++)
        if (strncmp(call->method, counted[i], strlen(counted[i])) == 0)
            return 1;
    return 0;
}

static void copy_files(struct telegram_job *job, const struct telegram_call *call)
{
    job->file_count = call->file_count;
    job->files = arena_array(&job->arena, call->file_count, sizeof *job->files);
    for (size_t i = 0; i < call->file_count; i++) {
        const struct telegram_file *file = &call->files[i];
        job->files[i] = *file;
        job->files[i].name = arena_copy(&job->arena, file->name);
        job->files[i].filename = arena_copy(&job->arena, file->filename);
        job->files[i].content_type = arena_copy(&job->arena, file->content_type);
    }
}

static void free_job(struct telegram_job *job)
{
    json_object_put(job->fields);
    arena_done(&job->arena);
    free(job);
}

static enum err make_job(struct telegram *tg, const struct telegram_call *call, struct telegram_job **ret_job)
{
    char url[TELEGRAM_URL_MAX_BYTES];
    size_t method_bytes = strlen(call->method) + 1;
    size_t params_bytes = call->params_json == NULL ? 0 : strlen(call->params_json) + 1;
    if (telegram_url_method(url, tg->api_url, tg->token, call->method) != ERR_OK ||
        params_bytes > TELEGRAM_PARAMS_MAX_BYTES || call->file_count > TELEGRAM_FILES_MAX ||
        (params_bytes > 0 && call->params_json[0] != '{'))
        return ERR_INVALID;
    struct telegram_job *job = malloc(sizeof *job + method_bytes + params_bytes);
    if (job == NULL)
        bug("out of memory");
    *job = (struct telegram_job){
        .tg = tg, .effect = call->effect, .no_result = call->no_result, .deadline_ms = call->deadline_ms};
    memcpy(job->text, call->method, method_bytes);
    job->method = job->text;
    if (params_bytes > 0) {
        memcpy(job->text + method_bytes, call->params_json, params_bytes);
        job->params = job->text + method_bytes;
    }
    if (call->file_count > 0) {
        job->fields = params_bytes == 0 ? json_object_new_object()
                                        : telegram_parse(tg, call->params_json, params_bytes - 1);
        if (!json_object_is_type(job->fields, json_type_object) ||
            (size_t)json_object_object_length(job->fields) + call->file_count > HTTP_PARTS_MAX) {
            free_job(job);
            return ERR_INVALID;
        }
        copy_files(job, call);
    }
    job->item.chat_id = call->chat_id;
    job->item.priority = call->priority;
    job->item.cost = cost_of(call);
    bool edits = strncmp(call->method, "edit", 4) == 0;
    job->item.chat_cost = edits ? 0 : call->chat_cost > 0 ? call->chat_cost : job->item.cost;
    job->item.unordered = never_waits(call->method);
    job->item.not_before_ms = call->not_before_ms;
    *ret_job = job;
    return ERR_OK;
}

enum err telegram_call(struct telegram *tg, int64_t now_ms, const struct telegram_call *call, telegram_done_fn *done,
                       void *ctx)
{
    struct telegram_job *job;
    if (tg->pending >= TELEGRAM_PENDING_MAX)
        return ERR_AGAIN;
    enum err err = make_job(tg, call, &job);
    if (err != ERR_OK)
        return err;
    job->done = done;
    job->ctx = ctx;
    job->next = tg->jobs;
    if (tg->jobs != NULL)
        tg->jobs->previous = job;
    tg->jobs = job;
    tg->pending++;
    governor_add(tg->governor, now_ms, &job->item);
    telegram_run_due(tg, now_ms);
    return ERR_OK;
}

/* ---- finishing ---- */

static void report(struct telegram_job *job, const struct telegram_verdict *verdict, struct json_object *result)
{
    struct telegram *tg = job->tg;
    if (job->previous != NULL)
        job->previous->next = job->next;
    else
        tg->jobs = job->next;
    if (job->next != NULL)
        job->next->previous = job->previous;
    tg->pending--;
    job->done(job->ctx, verdict, result);
    free_job(job);
}

/* Shall the call be repeated here? Changes the verdict of an advert's server error into what it is to it. */
static bool is_repeated(const struct telegram_job *job, struct telegram_verdict *verdict, bool was_sent)
{
    if (verdict->class == TELEGRAM_RETRY && !verdict->surely_not_done && job->effect == EFFECT_ADVERT)
        verdict->class = TELEGRAM_AMBIGUOUS;
    if (job->tg->stopping)
        return false;
    if (verdict->class != TELEGRAM_RETRY && (verdict->class != TELEGRAM_AMBIGUOUS || job->effect != EFFECT_IDEMPOTENT))
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

static void on_answer(void *ctx, struct http_answer *answer)
{
    struct telegram_job *job = ctx;
    struct telegram *tg = job->tg;
    struct json_object *reply = NULL, *result = NULL;
    int64_t now_ms = tg->now_ms = answer->now_ms;
    struct telegram_verdict verdict = {.class = TELEGRAM_OK};
    if (!is_plain_success(job, answer))
        verdict = telegram_judge(tg, job->method, answer, &reply);
    job->transfer = 0;
    job->failures++;
    int64_t wait_ms = verdict.retry_after_ms > 0 ? verdict.retry_after_ms : telegram_backoff_ms(tg, job->failures);
    bool in_time = job->deadline_ms == 0 || now_ms + wait_ms < job->deadline_ms;
    if (is_repeated(job, &verdict, answer->sent) && in_time) {
        if (verdict.limited)
            governor_limited(tg->governor, now_ms, &job->item, wait_ms);
        else
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
    tg->stopping = true;
    telegram_cancel_fetches(tg);
    for (struct telegram_job *job = tg->jobs; job != NULL;) {
        uint64_t transfer = job->transfer;
        job = job->next; /* a callback adds new ones only before the first */
        if (transfer != 0)
            http_cancel(tg->http, transfer);
    }
    while ((item = governor_take_any(tg->governor)) != NULL)
        report((struct telegram_job *)(void *)item, &canceled, NULL);
    tg->stopping = false;
}
