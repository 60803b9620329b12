/* A reply of the Bot API: the first byte chooses the transport's outcome and the HTTP status, the rest is the body.
 * Every reply gets one verdict with a bounded wait and a printable description without anything like a token; and no
 * path of a file leads outside. */
#include "bot/services/telegram/classify.h"
#include "bot/services/telegram/url.h"
#include "tests/fuzz/fuzz.h"

#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>
#include "bot/base/log.h"

static void must(bool condition)
{
    if (!condition)
        abort();
}

static void check_verdict(const struct telegram_verdict *verdict, const struct telegram_reply *reply)
{
    char again[TELEGRAM_DESCRIPTION_MAX_BYTES];
    must(verdict->class < TELEGRAM_CLASS_COUNT);
    must(verdict->retry_after_ms >= 0 && verdict->retry_after_ms <= TELEGRAM_RETRY_AFTER_MAX_S * INT64_C(1000));
    must(!verdict->limited || (verdict->class == TELEGRAM_RETRY && verdict->retry_after_ms > 0));
    must(verdict->class != TELEGRAM_OK || (reply->outcome == HTTP_ANSWERED && reply->reply != NULL));
    must(verdict->class != TELEGRAM_AMBIGUOUS || !verdict->surely_not_done);
    memcpy(again, verdict->description, sizeof again);
    must(strnlen(again, sizeof again) < sizeof again);
    log_redact(again);
    must(strcmp(again, verdict->description) == 0);
}

static void try_path(const char *path)
{
    static const char start[] = "https://x.example/file/bot1:A/";
    char url[TELEGRAM_URL_MAX_BYTES];
    if (telegram_url_file(url, "https://x.example", "1:A", path) != ERR_OK)
        return;
    must(strncmp(url, start, sizeof start - 1) == 0 && strstr(url, "..") == NULL);
    must(strpbrk(url + sizeof start - 1, "?#:@\\ \r\n") == NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const long statuses[] = {200, 400, 401, 403, 404, 409, 413, 429, 500, 502, 503, 504, 302, 0, 999, -1};
    if (size < 1 || size > 65536)
        return 0;
    char *body = malloc(size);
    if (body == NULL)
        abort();
    memcpy(body, data + 1, size - 1);
    body[size - 1] = '\0';
    struct telegram_reply reply = {
        .method = data[0] & 1 ? "sendMediaGroup" : "deleteMessage",
        .outcome = data[0] & 0x80 ? HTTP_ANSWERED : (enum http_outcome)(data[0] >> 1 & 3),
        .sent = (data[0] & 2) != 0,
        .status = statuses[data[0] >> 3 & 15],
        .error = body,
        .reply = json_tokener_parse(body),
    };
    struct telegram_verdict verdict = telegram_classify(&reply);
    check_verdict(&verdict, &reply);
    try_path(body);
    must(telegram_token_check(body) != ERR_OK || strpbrk(body, "/ \r\n%") == NULL);
    must(telegram_api_url_check(body) != ERR_OK || strpbrk(body, "?#\\ \r\n") == NULL);
    json_object_put(reply.reply);
    free(body);
    return 0;
}
