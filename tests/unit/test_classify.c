/* Every reply the classifier must know, one row each, and what it says of each. */
#include <json-c/json.h>
#include "bot/base/log.h"
#include "bot/services/telegram/classify.h"
#include "bot/services/telegram/url.h"
#include "tests/check.h"

/* Replies of the Bot API: code, description, method. */
static const struct {
    int code;
    const char *description, *method;
    enum telegram_class want;
} rows[] = {
    {400,
     "Bad Request: message is not modified: specified new message content and reply markup are exactly the same as a "
     "current content and reply markup of the message",
     "editMessageText", TELEGRAM_OK},
    {400, "Bad Request: query is too old and response timeout expired or query ID is invalid", "answerCallbackQuery",
     TELEGRAM_OK},
    {400, "Bad Request: message to delete not found", "deleteMessage", TELEGRAM_OK},
    {400, "Bad Request: CHARGE_ALREADY_REFUNDED", "refundStarPayment", TELEGRAM_OK},
    {400, "Bad Request: CHARGE_NOT_FOUND", "refundStarPayment", TELEGRAM_BAD},
    {400, "Bad Request: MESSAGE_ID_INVALID", "deleteMessage", TELEGRAM_OK},
    {400, "Bad Request: MESSAGE_ID_INVALID", "editMessageText", TELEGRAM_GONE},
    {400, "Bad Request: message to edit not found", "editMessageText", TELEGRAM_GONE},
    {400, "Bad Request: message can't be edited", "editMessageText", TELEGRAM_GONE},
    {400, "Bad Request: message can't be deleted", "deleteMessage", TELEGRAM_GONE},
    {400, "Bad Request: message can't be deleted for everyone", "deleteMessage", TELEGRAM_GONE},
    {400, "Bad Request: message to be replied not found", "sendMessage", TELEGRAM_GONE},
    {400, "Bad Request: message thread not found", "sendMessage", TELEGRAM_GONE},
    {400, "Bad Request: TOPIC_DELETED", "sendPhoto", TELEGRAM_GONE},
    {400, "Bad Request: Failed to send message #1 with the error message \"message thread not found\"",
     "sendMediaGroup", TELEGRAM_GONE},
    {400, "Bad Request: there is no text in the message to edit", "editMessageText", TELEGRAM_GONE},
    {400, "Bad Request: chat not found", "sendMessage", TELEGRAM_UNREACHABLE},
    {400, "Bad Request: private chat not found", "sendMessage", TELEGRAM_UNREACHABLE},
    {400, "Bad Request: PEER_ID_INVALID", "sendMessage", TELEGRAM_UNREACHABLE},
    {400, "Bad Request: USER_IS_BLOCKED", "sendMessage", TELEGRAM_UNREACHABLE},
    {400, "Bad Request: group chat was upgraded to a supergroup chat", "sendMessage", TELEGRAM_UNREACHABLE},
    {403, "Forbidden: bot was blocked by the user", "sendMessage", TELEGRAM_UNREACHABLE},
    {403, "Forbidden: user is deactivated", "sendMessage", TELEGRAM_UNREACHABLE},
    {403, "Forbidden: bot was kicked from the group chat", "sendMessage", TELEGRAM_UNREACHABLE},
    {403, "Forbidden: bot can't initiate conversation with a user", "sendMessage", TELEGRAM_UNREACHABLE},
    {403, "Forbidden: bot can't send messages to bots", "sendMessage", TELEGRAM_UNREACHABLE},
    {403, "Forbidden: something never seen before", "sendMessage", TELEGRAM_BAD},
    {400, "Bad Request: can't parse entities: Unsupported start tag \"x\" at byte offset 3", "sendMessage",
     TELEGRAM_UNPARSED},
    {400, "Bad Request: Wrong HTTP URL specified", "sendPhoto", TELEGRAM_FILE_BAD},
    {400, "Bad Request: wrong file identifier/HTTP URL specified", "sendPhoto", TELEGRAM_FILE_BAD},
    {400, "Bad Request: wrong remote file identifier specified: Wrong padding in the string", "sendPhoto",
     TELEGRAM_FILE_BAD},
    {400, "Bad Request: Failed to get HTTP URL content", "sendPhoto", TELEGRAM_FILE_BAD},
    {400, "Bad Request: failed to get HTTP URL content", "sendPhoto", TELEGRAM_FILE_BAD},
    {400, "Bad Request: Wrong type of the web page content", "sendPhoto", TELEGRAM_FILE_BAD},
    {400, "Bad Request: PHOTO_INVALID_DIMENSIONS", "sendPhoto", TELEGRAM_FILE_BAD},
    {400, "Bad Request: IMAGE_PROCESS_FAILED", "sendPhoto", TELEGRAM_FILE_BAD},
    {400, "Bad Request: wrong file_id or the file is temporarily unavailable", "getFile", TELEGRAM_FILE_AWAY},
    {400, "Bad Request: file is temporarily unavailable", "getFile", TELEGRAM_FILE_AWAY},
    {400, "Bad Request: invalid file_id", "getFile", TELEGRAM_FILE_BAD},
    {400, "Bad Request: wrong file_id", "getFile", TELEGRAM_FILE_BAD},
    {400, "Bad Request: file is too big", "getFile", TELEGRAM_FILE_TOO_BIG},
    {413, "Request Entity Too Large", "sendDocument", TELEGRAM_FILE_TOO_BIG},
    {400, "Bad Request: chat_id is empty", "sendMessage", TELEGRAM_BAD},
    {400, "Bad Request: BUTTON_DATA_INVALID", "sendMessage", TELEGRAM_BAD},
    {400, "Bad Request: message is too long", "sendMessage", TELEGRAM_BAD},
    {401, "Unauthorized", "getMe", TELEGRAM_UNAUTHORIZED},
    {404, "Not Found", "getMe", TELEGRAM_UNAUTHORIZED},
    {404, "Not Found: method not found", "sendMesage", TELEGRAM_BAD},
    {409, "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running",
     "getUpdates", TELEGRAM_CONFLICT},
    {409,
     "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first",
     "getUpdates", TELEGRAM_CONFLICT},
    {409, "Conflict: terminated by setWebhook request", "getUpdates", TELEGRAM_CONFLICT},
    {429, "Too Many Requests: retry after 7", "sendMessage", TELEGRAM_RETRY},
    {500, "Internal Server Error: restart", "sendMessage", TELEGRAM_RETRY},
    {502, "Bad Gateway", "sendMessage", TELEGRAM_RETRY},
    {400, "Bad Request: failed to send message #2 with the error message \"PHOTO_INVALID_DIMENSIONS\"",
     "sendMediaGroup", TELEGRAM_FILE_BAD},
    {400, "Bad Request: Failed to send message #1 with the error message \"bot was blocked by the user\"",
     "sendMediaGroup", TELEGRAM_UNREACHABLE},
    {400, "Bad Request: Failed to send message #9 with the error message \"Something else\"", "sendMediaGroup",
     TELEGRAM_AMBIGUOUS},
};

/* Answers that are not the Bot API's. */
static const struct {
    enum http_outcome outcome;
    bool sent;
    long status;
    const char *body;
    enum telegram_class want;
    bool surely_not_done;
} odd[] = {
    {HTTP_ANSWERED, true, 200, "{\"ok\":true,\"result\":true}", TELEGRAM_OK, false},
    {HTTP_ANSWERED, true, 200, "<html>portal</html>", TELEGRAM_AMBIGUOUS, false},
    {HTTP_ANSWERED, true, 200, "{\"ok\":\"yes\"}", TELEGRAM_AMBIGUOUS, false},
    {HTTP_ANSWERED, true, 200, "[]", TELEGRAM_AMBIGUOUS, false},
    {HTTP_ANSWERED, true, 200, "", TELEGRAM_AMBIGUOUS, false},
    {HTTP_ANSWERED, true, 502, "<html>502 Bad Gateway</html>", TELEGRAM_AMBIGUOUS, false},
    {HTTP_ANSWERED, true, 504, "<html>504 Gateway Time-out</html>", TELEGRAM_AMBIGUOUS, false},
    {HTTP_ANSWERED, true, 500, "oops", TELEGRAM_AMBIGUOUS, false},
    {HTTP_ANSWERED, true, 503, "busy", TELEGRAM_RETRY, true},
    {HTTP_ANSWERED, true, 302, "moved", TELEGRAM_RETRY, true},
    {HTTP_ANSWERED, true, 403, "<html>forbidden</html>", TELEGRAM_RETRY, true},
    {HTTP_ANSWERED, true, 429, "<html>slow down</html>", TELEGRAM_RETRY, true},
    {HTTP_ANSWERED, true, 401, "", TELEGRAM_RETRY, true}, /* a proxy's: Telegram has not said anything */
    {HTTP_ANSWERED, true, 404, "<html>", TELEGRAM_RETRY, true},
    {HTTP_ANSWERED, true, 409, "<html>", TELEGRAM_RETRY, true},
    {HTTP_ANSWERED, true, 413, "<html>413 Request Entity Too Large</html>", TELEGRAM_FILE_TOO_BIG, true},
    {HTTP_NOT_SENT, false, 0, "", TELEGRAM_RETRY, true},
    {HTTP_AMBIGUOUS, true, 0, "", TELEGRAM_AMBIGUOUS, false},
    {HTTP_AMBIGUOUS, true, 429, "", TELEGRAM_AMBIGUOUS, false},
    {HTTP_TOO_LARGE, true, 200, "", TELEGRAM_AMBIGUOUS, false},
    {HTTP_CANCELED, false, 0, "", TELEGRAM_CANCELED, true},
    {HTTP_CANCELED, true, 0, "", TELEGRAM_AMBIGUOUS, false},
};

static struct telegram_verdict judge(struct telegram_reply reply, const char *body)
{
    reply.reply = json_tokener_parse(body);
    reply.error = "";
    struct telegram_verdict verdict = telegram_classify(&reply);
    json_object_put(reply.reply);
    return verdict;
}

static struct telegram_verdict judge_error(int code, const char *description, const char *method)
{
    struct json_object *reply = json_object_new_object();
    json_object_object_add(reply, "ok", json_object_new_boolean(0));
    json_object_object_add(reply, "error_code", json_object_new_int(code));
    json_object_object_add(reply, "description", json_object_new_string(description));
    struct telegram_reply input = {.method = method, .outcome = HTTP_ANSWERED, .sent = true, .status = code};
    struct telegram_verdict verdict = judge(input, json_object_to_json_string(reply));
    json_object_put(reply);
    return verdict;
}

static void test_rows(void)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct telegram_verdict verdict = judge_error(rows[i].code, rows[i].description, rows[i].method);
        if (verdict.class != rows[i].want)
            fprintf(stderr, "%s\n", rows[i].description);
        CHECK_TEXT(telegram_class_name(verdict.class), telegram_class_name(rows[i].want));
        CHECK_INT(verdict.error_code, rows[i].code);
        CHECK_INT(verdict.surely_not_done, rows[i].code < 500 && rows[i].want != TELEGRAM_AMBIGUOUS);
        CHECK_INT(verdict.limited, rows[i].code == 429);
        CHECK_INT(verdict.webhook, rows[i].code == 409 && strstr(rows[i].description, "ebhook") != NULL);
    }
    for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++) {
        struct telegram_reply input = {
            .method = "sendMessage", .outcome = odd[i].outcome, .sent = odd[i].sent, .status = odd[i].status};
        struct telegram_verdict verdict = judge(input, odd[i].body);
        if (verdict.class != odd[i].want)
            fprintf(stderr, "row %zu: %ld %s\n", i, odd[i].status, odd[i].body);
        CHECK_TEXT(telegram_class_name(verdict.class), telegram_class_name(odd[i].want));
        CHECK_INT(verdict.surely_not_done, odd[i].surely_not_done);
    }
}

/* How long a 429 asks to wait: the parameter, the header, the words, or a default; never more than a week. */
static void test_retry_after(void)
{
    static const char *const with_parameter =
        "{\"ok\":false,\"error_code\":429,\"description\":\"Too Many Requests: retry after 9\","
        "\"parameters\":{\"retry_after\":7200}}";
    struct telegram_reply input = {.method = "sendMessage", .outcome = HTTP_ANSWERED, .sent = true, .status = 429};
    CHECK_INT(judge(input, with_parameter).retry_after_ms, 7200000);
    CHECK_INT(judge_error(429, "Too Many Requests: retry after 9", "sendMessage").retry_after_ms, 9000);
    CHECK_INT(judge_error(429, "Too Many Requests", "sendMessage").retry_after_ms, 5000);
    CHECK_INT(judge_error(429, "retry after 999999999999999999999", "sendMessage").retry_after_ms, 604800000);
    CHECK_INT(judge_error(429, "retry after -3", "sendMessage").retry_after_ms, 5000);
    input.retry_after_s = 30;
    CHECK_INT(judge(input, "<html>").retry_after_ms, 30000);
    CHECK_INT(judge_error(500, "Internal Server Error: restart", "sendMessage").retry_after_ms, 0);
}

static void test_description(void)
{
    char text[600] = "Bad Request: https://api.telegram.org/bot123456789:AAFakeFakeFakeFakeFakeFakeFakeFakeFak/x\n";
    struct telegram_verdict verdict = judge_error(400, text, "getFile");
    CHECK_TEXT(verdict.description, "Bad Request: https://api.telegram.org/***/x ");
    memset(text, 'a', 180);
    memcpy(text + 180, "123456789:AAFakeFakeFakeFakeFakeFakeFakeFakeFak", 48);
    verdict = judge_error(400, text, "getFile");
    CHECK(strstr(verdict.description, "1234") == NULL && strlen(verdict.description) == 183);
    memset(text, 'a', 190);
    memcpy(text + 190, "\xd0\xbf\xd0\xbf", 5);
    verdict = judge_error(400, text, "getFile");
    CHECK_INT(strlen(verdict.description), 190); /* no half of a character */
}

static void test_urls(void)
{
    static const char token[] = "42:AA-b_c", api[] = "https://api.telegram.org";
    char url[TELEGRAM_URL_MAX_BYTES] = "untouched";
    CHECK_INT(telegram_token_check(token), ERR_OK);
    static const char *const bad_tokens[] = {"",        "42",     "42:",       ":AA",   "42:AA\n",
                                             "42:AA b", "x42:AA", "42:A/../b", "42:A:B"};
    for (size_t i = 0; i < sizeof bad_tokens / sizeof bad_tokens[0]; i++)
        CHECK_INT(telegram_token_check(bad_tokens[i]), ERR_INVALID);
    static const char *const bad_urls[] = {"",           "api.telegram.org", "ftp://x",     "https://",   "https://u@x",
                                           "https://x/", "https://x?q",      "https://x#f", "https://x y"};
    for (size_t i = 0; i < sizeof bad_urls / sizeof bad_urls[0]; i++)
        CHECK_INT(telegram_api_url_check(bad_urls[i]), ERR_INVALID);
    CHECK_INT(telegram_api_url_check("http://127.0.0.1:8081/api"), ERR_OK);
    CHECK_INT(telegram_api_url_check("http://[::1]:8081"), ERR_OK);
    static const char *const bad_paths[] = {"",   "/etc/passwd", "../x", "a/../b",     "a/..", "a//b",
                                            "a/", "./a",         "a\\b", "http://x/y", "a\nb"};
    for (size_t i = 0; i < sizeof bad_paths / sizeof bad_paths[0]; i++)
        CHECK_INT(telegram_url_file(url, api, token, bad_paths[i]), ERR_INVALID);
    CHECK_INT(telegram_url_method(url, api, token, "get/Me"), ERR_INVALID);
    CHECK_INT(telegram_url_method(url, api, token, ""), ERR_INVALID);
    CHECK_TEXT(url, "untouched");
    CHECK_INT(telegram_url_method(url, api, token, "getMe"), ERR_OK);
    CHECK_TEXT(url, "https://api.telegram.org/bot42:AA-b_c/getMe");
    CHECK_INT(telegram_url_file(url, api, token, "photos/file 1?.jpg"), ERR_OK);
    CHECK_TEXT(url, "https://api.telegram.org/file/bot42:AA-b_c/photos/file%201%3F.jpg");
    char path[TELEGRAM_PATH_MAX_BYTES + 1];
    memset(path, '#', sizeof path - 1);
    path[sizeof path - 1] = '\0';
    CHECK_INT(telegram_url_file(url, api, token, path), ERR_TOO_LARGE);
}

int main(void)
{
    test_rows();
    test_retry_after();
    test_description();
    test_urls();
    return 0;
}
