/* A file a user sent: getFile, then its link, into memory. A link lives about an hour, so any failed download asks for
 * a new one; TRIES_MAX in all, and the client's own back-off lies in the getFile between them. A download
 * of another length than getFile told is not the file, until the last try: then what counts is the bytes that came.
 *
 * The link holds the token: it lives on the stack of one function, and nothing of it is stored or logged. */
#include "bot/services/telegram/files.h"

#include <stdlib.h>
#include <string.h>
#include "bot/base/json.h"
#include "bot/base/memory.h"
#include "bot/services/telegram/private.h"
#include "bot/services/telegram/url.h"

enum { TRIES_MAX = 3, OTHER_TRIES_MAX = 6, DOWNLOAD_TIMEOUT_MS = 180000, SLOWEST_BYTES_S = 1024, SLOWEST_FOR_S = 20 };

struct telegram_fetch {
    struct telegram *tg;
    LIST_ENTRY(telegram_fetch) next;
    telegram_file_fn *got;
    void *ctx;
    size_t max_bytes;
    int64_t promised_bytes; /* by getFile; 0 = it did not say */
    int tries;
    uint64_t transfer;
    char *params; /* of getFile */
};

static void finish(struct telegram_fetch *fetch, const struct telegram_verdict *verdict, char *data, size_t bytes)
{
    struct telegram *tg = fetch->tg;
    LIST_REMOVE(fetch, next);
    tg->pending--;
    fetch->got(fetch->ctx, verdict, data, bytes);
    free(fetch->params);
    free(fetch);
}

static struct telegram_verdict say(enum telegram_class class, const char *why)
{
    struct telegram_verdict verdict = {.class = class, .surely_not_done = true};
    size_t length = strlen(why);
    if (length >= sizeof verdict.description)
        length = sizeof verdict.description - 1;
    memcpy(verdict.description, why, length);
    return verdict;
}

static void link_answered(void *ctx, const struct telegram_verdict *verdict, struct json_object *result);

static enum err ask_link(struct telegram_fetch *fetch, int64_t now_ms)
{
    struct telegram_call call = {.method = "getFile", .repeat = TELEGRAM_REPEAT_FREELY, .params_json = fetch->params};
    fetch->tries++;
    return telegram_call(fetch->tg, now_ms, &call, link_answered, fetch);
}

/* The link may be too old, or the server had a bad moment: ask for a new one, or give up with this verdict. */
static void renew(struct telegram_fetch *fetch, const struct telegram_verdict *verdict, int tries_max, int64_t now_ms)
{
    if (fetch->tries >= tries_max || fetch->tg->canceling || ask_link(fetch, now_ms) != ERR_OK)
        finish(fetch, verdict, NULL, 0);
}

/* How a download ended that brought no file. */
static struct telegram_verdict judge(const struct http_answer *answer)
{
    switch (answer->outcome) {
    case HTTP_CANCELED: return say(TELEGRAM_CANCELED, "canceled");
    case HTTP_TOO_LARGE: return say(TELEGRAM_FILE_TOO_BIG, "the file is larger than allowed");
    case HTTP_NOT_SENT:
    case HTTP_AMBIGUOUS: return say(TELEGRAM_RETRY, answer->error);
    case HTTP_ANSWERED:
    case HTTP_OUTCOME_COUNT: break;
    }
    if (answer->status == 401)
        return say(TELEGRAM_UNAUTHORIZED, "the download was not authorized");
    bool gone = answer->status == 400 || answer->status == 403 || answer->status == 404 || answer->status == 410;
    struct telegram_verdict verdict = say(gone ? TELEGRAM_FILE_AWAY : TELEGRAM_RETRY,
                                          gone ? "the link does not work" : "the download failed");
    verdict.error_code = (int)answer->status;
    return verdict;
}

/* Something between us and Telegram answered with a page of its own; that passes, so there are more tries than for a
 * dead link. The last one is taken as it is: a wrong promise must not keep a photo waiting for ever. */
static bool is_other(const struct telegram_fetch *fetch, size_t bytes)
{
    return fetch->promised_bytes > 0 && fetch->promised_bytes != (int64_t)bytes && fetch->tries < OTHER_TRIES_MAX;
}

static void download_answered(void *ctx, struct http_answer *answer)
{
    struct telegram_fetch *fetch = ctx;
    fetch->transfer = 0;
    fetch->tg->downloads--;
    bool here = answer->outcome == HTTP_ANSWERED && answer->status == 200;
    if (here && is_other(fetch, answer->bytes)) {
        struct telegram_verdict other = say(TELEGRAM_RETRY, "the download is not as long as the file");
        renew(fetch, &other, OTHER_TRIES_MAX, answer->now_ms);
    } else if (here) {
        struct telegram_verdict ok = {.class = TELEGRAM_OK};
        size_t bytes;
        char *data = http_answer_take(answer, &bytes);
        finish(fetch, &ok, data, bytes);
    } else {
        struct telegram_verdict verdict = judge(answer);
        if (verdict.class == TELEGRAM_RETRY || verdict.class == TELEGRAM_FILE_AWAY)
            renew(fetch, &verdict, TRIES_MAX, answer->now_ms);
        else
            finish(fetch, &verdict, NULL, 0);
    }
}

static void link_answered(void *ctx, const struct telegram_verdict *verdict, struct json_object *result)
{
    struct telegram_fetch *fetch = ctx;
    struct telegram *tg = fetch->tg;
    const char *path = json_peek_text(result, "file_path");
    int64_t promised_bytes = json_peek_number(result, "file_size");
    char url[TELEGRAM_URL_MAX_BYTES];
    if (verdict->class != TELEGRAM_OK) {
        finish(fetch, verdict, NULL, 0);
        return;
    }
    struct telegram_verdict problem = say(TELEGRAM_OK, "");
    if (promised_bytes > (int64_t)fetch->max_bytes)
        problem = say(TELEGRAM_FILE_TOO_BIG, "the file is larger than allowed");
    else if (path == NULL)
        problem = say(TELEGRAM_FILE_AWAY, "getFile gave no path");
    else if (telegram_url_file(url, tg->api_url, tg->token, path) != ERR_OK)
        problem = say(TELEGRAM_FILE_BAD, "getFile gave no usable path");
    else if (tg->canceling || tg->stopped)
        problem = say(TELEGRAM_CANCELED, "canceled");
    if (problem.class != TELEGRAM_OK) {
        finish(fetch, &problem, NULL, 0);
        return;
    }
    fetch->promised_bytes = promised_bytes;
    struct http_request request = {
        .url = url,
        .max_answer_bytes = fetch->max_bytes,
        .timeout_ms = DOWNLOAD_TIMEOUT_MS,
        .low_speed_bytes_s = SLOWEST_BYTES_S,
        .low_speed_s = SLOWEST_FOR_S,
        .own_connection = true,
        .in_line = true,
    };
    tg->downloads++;
    fetch->transfer = http_start(tg->http, &request, download_answered, fetch);
}

enum err telegram_file_fetch(struct telegram *tg, int64_t now_ms, const char *file_id, size_t max_bytes,
                             telegram_file_fn *got, void *ctx)
{
    if (max_bytes > TELEGRAM_FILE_MAX_BYTES || tg->pending >= TELEGRAM_PENDING_MAX)
        return max_bytes > TELEGRAM_FILE_MAX_BYTES ? ERR_INVALID : ERR_AGAIN;
    struct telegram_fetch *fetch = memory_need(calloc(1, sizeof *fetch));
    struct json_object *params = json_new_object();
    json_add_text(params, "file_id", file_id);
    fetch->params = json_write(params);
    fetch->tg = tg;
    fetch->got = got;
    fetch->ctx = ctx;
    fetch->max_bytes = max_bytes == 0 ? TELEGRAM_FILE_MAX_BYTES : max_bytes;
    LIST_INSERT_HEAD(&tg->fetches, fetch, next);
    tg->pending++;
    enum err err = ask_link(fetch, now_ms);
    if (err == ERR_OK)
        return ERR_OK;
    LIST_REMOVE(fetch, next);
    tg->pending--;
    free(fetch->params);
    free(fetch);
    return err;
}

void telegram_cancel_fetches(struct telegram *tg)
{
    for (struct telegram_fetch *fetch = LIST_FIRST(&tg->fetches); fetch != NULL;) {
        uint64_t transfer = fetch->transfer;
        fetch = LIST_NEXT(fetch, next); /* those without a transfer end with their getFile */
        if (transfer != 0)
            http_cancel(tg->http, transfer);
    }
}
