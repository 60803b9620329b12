/* One call: what it says, what it costs, and the request it makes. Must not know when it goes (governor.c), nor what
 * its answer means (client.c). */
#include "bot/services/telegram/job.h"

#include <stdlib.h>
#include <string.h>
#include "bot/base/json.h"
#include "bot/base/memory.h"
#include "bot/services/telegram/decode.h"
#include "bot/services/telegram/private.h"
#include "bot/services/telegram/url.h"
#include "core/bug.h"

enum {
    CALL_TIMEOUT_MS = 30000,
    UPLOAD_TIMEOUT_MS = 60000,
    UPLOAD_SLOWEST_BYTES_MS = 64 /* 64 kB a second */
};

/* ---- making ---- */

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

void job_free(struct telegram_job *job)
{
    json_object_put(job->fields);
    arena_done(&job->arena);
    free(job->method);
    free(job->params);
    free(job);
}

enum err job_set_contents(struct telegram_job *job, const struct telegram_call *contents)
{
    char url[TELEGRAM_URL_MAX_BYTES];
    size_t params_bytes = contents->params_json == NULL ? 0 : strlen(contents->params_json) + 1;
    if (telegram_url_method(url, job->tg->api_url, job->tg->token, contents->method) != ERR_OK ||
        params_bytes > TELEGRAM_PARAMS_MAX_BYTES || contents->file_count > TELEGRAM_FILES_MAX ||
        (params_bytes > 0 && contents->params_json[0] != '{'))
        return ERR_INVALID;
    if (contents->file_count > 0) {
        job->fields = params_bytes == 0 ? json_object_new_object()
                                        : json_read(contents->params_json, params_bytes - 1, TELEGRAM_JSON_MAX_DEPTH);
        if (!json_object_is_type(job->fields, json_type_object) ||
            (size_t)json_object_object_length(job->fields) + contents->file_count > HTTP_PARTS_MAX)
            return ERR_INVALID;
        copy_files(job, contents);
    }
    job->method = memory_copy(contents->method);
    job->params = memory_copy(contents->params_json);
    job->no_result = contents->no_result;
    return ERR_OK;
}

static struct governor_item item_for(const struct telegram_call *call)
{
    struct governor_item item = {.chat_id = call->chat_id,
                                 .priority = call->priority,
                                 .is_upload = call->file_count > 0 || (call->turn != NULL && !call->no_files),
                                 .not_before_ms = call->not_before_ms};
    if (call->turn != NULL) {
        item.cost = call->cost > 0 ? call->cost : 1;
        item.chat_cost = call->chat_cost > 0 ? call->chat_cost : item.cost;
        return item;
    }
    bool edits = strncmp(call->method, "edit", 4) == 0;
    item.cost = cost_of(call);
    item.chat_cost = edits ? 0 : call->chat_cost > 0 ? call->chat_cost : item.cost;
    item.unordered = never_waits(call->method);
    item.is_answer = strcmp(call->method, "answerCallbackQuery") == 0;
    return item;
}

enum err job_new(struct telegram *tg, const struct telegram_call *call, struct telegram_job **ret_job)
{
    if (call->turn != NULL && call->chat_id == 0)
        return ERR_INVALID;
    struct telegram_job *job = memory_need(malloc(sizeof *job));
    *job = (struct telegram_job){
        .tg = tg, .turn = call->turn, .repeat = call->repeat, .deadline_ms = call->deadline_ms};
    enum err err = call->turn == NULL ? job_set_contents(job, call) : ERR_OK;
    if (err != ERR_OK) {
        job_free(job);
        return err;
    }
    job->item = item_for(call);
    *ret_job = job;
    return ERR_OK;
}

/* ---- sending ---- */

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

void job_send(struct telegram_job *job, http_done_fn *answered)
{
    const struct telegram *tg = job->tg;
    static const char *const json_headers[] = {"Content-Type: application/json", NULL};
    char url[TELEGRAM_URL_MAX_BYTES];
    struct http_part parts[HTTP_PARTS_MAX];
    struct http_request request = {.url = url, .method = HTTP_POST, .max_answer_bytes = TELEGRAM_REPLY_MAX_BYTES};
    if (telegram_url_method(url, tg->api_url, tg->token, job->method) != ERR_OK)
        bug("a call with bad parameters was accepted");
    request.never_repeat = job->repeat != TELEGRAM_REPEAT_FREELY;
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
    job->transfer = http_start(tg->http, &request, answered, job);
}
