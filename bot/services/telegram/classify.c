/* What a reply means. The Bot API says most things in the description, in English that is not localised, after a
 * prefix for the code ("Bad Request: "); codes alone lie (a 403 whose text is ALL_CAPS comes as 400). So: the code
 * decides only 401, 404, 409, 413, 429 and 5xx, the description's beginning decides the rest, from one table.
 *
 * Bodies of front proxies are HTML: without JSON a gateway's 502 and 504 are ambiguous (the request went on behind
 * it), every other refusal that is not the Bot API's is worth a retry: only Telegram itself can say that a token is
 * unknown. Pure; must not act on what it finds. */
#include "bot/services/telegram/classify.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "bot/base/json.h"
#include "bot/base/log.h"
#include "core/bug.h"
#include "core/utf8.h"

enum { RETRY_DEFAULT_S = 5 };

struct rule {
    const char *starts; /* of the description without the code's prefix; any case */
    const char *method; /* NULL = any */
    enum telegram_class class;
};

/* First match wins: special methods before the general line. */
static const struct rule rules[] = {
    {"message is not modified", NULL, TELEGRAM_OK},
    {"MESSAGE_NOT_MODIFIED", NULL, TELEGRAM_OK},
    {"query is too old", NULL, TELEGRAM_OK},
    {"QUERY_ID_INVALID", NULL, TELEGRAM_OK},
    {"CHARGE_ALREADY_REFUNDED", NULL, TELEGRAM_OK},     /* stars that went back are what was asked for */
    {"message to delete not found", NULL, TELEGRAM_OK}, /* gone is what was asked for */
    {"MESSAGE_ID_INVALID", "deleteMessage", TELEGRAM_OK},
    {"message identifier is not specified", NULL, TELEGRAM_GONE},
    {"message to edit not found", NULL, TELEGRAM_GONE},
    {"message to be replied not found", NULL, TELEGRAM_GONE},
    {"message to reply not found", NULL, TELEGRAM_GONE},
    {"message to forward not found", NULL, TELEGRAM_GONE},
    {"message to copy not found", NULL, TELEGRAM_GONE},
    {"message not found", NULL, TELEGRAM_GONE},
    {"message thread not found", NULL, TELEGRAM_GONE}, /* the topic was deleted, or topics were switched off */
    {"TOPIC_", NULL, TELEGRAM_GONE},
    {"message can't be edited", NULL, TELEGRAM_GONE},
    {"message can't be deleted", NULL, TELEGRAM_GONE},
    {"message can't be copied", NULL, TELEGRAM_GONE},
    {"there is no text in the message", NULL, TELEGRAM_GONE},
    {"there is no caption in the message", NULL, TELEGRAM_GONE},
    {"there is no media in the message", NULL, TELEGRAM_GONE},
    {"MESSAGE_ID_INVALID", NULL, TELEGRAM_GONE},
    {"MESSAGE_AUTHOR_REQUIRED", NULL, TELEGRAM_GONE},
    {"MESSAGE_EDIT_TIME_EXPIRED", NULL, TELEGRAM_GONE},
    {"MESSAGE_DELETE_FORBIDDEN", NULL, TELEGRAM_GONE},
    {"chat not found", NULL, TELEGRAM_UNREACHABLE},
    {"private chat not found", NULL, TELEGRAM_UNREACHABLE},
    {"user not found", NULL, TELEGRAM_UNREACHABLE},
    {"PEER_ID_INVALID", NULL, TELEGRAM_UNREACHABLE},
    {"USER_IS_BLOCKED", NULL, TELEGRAM_UNREACHABLE},
    {"YOU_BLOCKED_USER", NULL, TELEGRAM_UNREACHABLE},
    {"USER_IS_BOT", NULL, TELEGRAM_UNREACHABLE},
    {"INPUT_USER_DEACTIVATED", NULL, TELEGRAM_UNREACHABLE},
    {"USER_DEACTIVATED", NULL, TELEGRAM_UNREACHABLE},
    {"CHAT_WRITE_FORBIDDEN", NULL, TELEGRAM_UNREACHABLE},
    {"bot was blocked by the user", NULL, TELEGRAM_UNREACHABLE},
    {"user is deactivated", NULL, TELEGRAM_UNREACHABLE},
    {"bot was kicked from", NULL, TELEGRAM_UNREACHABLE},
    {"bot is not a member of", NULL, TELEGRAM_UNREACHABLE},
    {"bot can't initiate conversation with a user", NULL, TELEGRAM_UNREACHABLE},
    {"bot can't send messages to bots", NULL, TELEGRAM_UNREACHABLE},
    {"group chat was upgraded to a supergroup chat", NULL, TELEGRAM_UNREACHABLE},
    {"have no rights to send a message", NULL, TELEGRAM_UNREACHABLE},
    {"can't parse entities", NULL, TELEGRAM_UNPARSED},
    {"can't parse message text", NULL, TELEGRAM_UNPARSED},
    {"ENTITY_", NULL, TELEGRAM_UNPARSED},
    {"file is too big", NULL, TELEGRAM_FILE_TOO_BIG},
    {"Request Entity Too Large", NULL, TELEGRAM_FILE_TOO_BIG},
    {"PHOTO_SAVE_FILE_INVALID", NULL, TELEGRAM_FILE_BAD},
    {"PHOTO_INVALID_DIMENSIONS", NULL, TELEGRAM_FILE_BAD},
    {"PHOTO_", NULL, TELEGRAM_FILE_BAD},
    {"IMAGE_PROCESS_FAILED", NULL, TELEGRAM_FILE_BAD},
    {"MEDIA_EMPTY", NULL, TELEGRAM_FILE_BAD},
    {"MEDIA_INVALID", NULL, TELEGRAM_FILE_BAD},
    {"FILE_", NULL, TELEGRAM_FILE_BAD},
    {"WEBPAGE_", NULL, TELEGRAM_FILE_BAD},
    {"wrong file identifier", NULL, TELEGRAM_FILE_BAD},
    {"wrong file_id or the file is temporarily unavailable", NULL, TELEGRAM_FILE_AWAY}, /* mostly the latter */
    {"file is temporarily unavailable", NULL, TELEGRAM_FILE_AWAY},
    {"wrong file_id", NULL, TELEGRAM_FILE_BAD},
    {"wrong remote file identifier", NULL, TELEGRAM_FILE_BAD},
    {"invalid file_id", NULL, TELEGRAM_FILE_BAD},
    {"invalid file id", NULL, TELEGRAM_FILE_BAD},
    {"file must be non-empty", NULL, TELEGRAM_FILE_BAD},
    {"can't use file of type", NULL, TELEGRAM_FILE_BAD},
    {"wrong HTTP URL specified", NULL, TELEGRAM_FILE_BAD},
    {"failed to get HTTP URL content", NULL, TELEGRAM_FILE_BAD},
    {"wrong type of the web page content", NULL, TELEGRAM_FILE_BAD},
};

const char *telegram_class_name(enum telegram_class class)
{
    switch (class) {
    case TELEGRAM_OK: return "ok";
    case TELEGRAM_RETRY: return "retry";
    case TELEGRAM_AMBIGUOUS: return "ambiguous";
    case TELEGRAM_UNREACHABLE: return "unreachable";
    case TELEGRAM_GONE: return "gone";
    case TELEGRAM_FILE_TOO_BIG: return "file too big";
    case TELEGRAM_FILE_AWAY: return "file away";
    case TELEGRAM_FILE_BAD: return "file bad";
    case TELEGRAM_UNPARSED: return "unparsed";
    case TELEGRAM_BAD: return "bad";
    case TELEGRAM_CONFLICT: return "conflict";
    case TELEGRAM_UNAUTHORIZED: return "unauthorized";
    case TELEGRAM_CANCELED: return "canceled";
    case TELEGRAM_CLASS_COUNT: break;
    }
    return "unknown";
}

static bool starts_with(const char *text, const char *start)
{
    return strncasecmp(text, start, strlen(start)) == 0;
}

/* The description without what the code says already. */
static const char *without_prefix(const char *text)
{
    static const char *const prefixes[] = {
        "[Error]: ",      "[Error : 400 : ", "Error: ",    "Bad Request: ",          "Forbidden: ",
        "Unauthorized: ", "Not Found: ",     "Conflict: ", "Internal Server Error: "};
    for (size_t i = 0; i < sizeof prefixes / sizeof prefixes[0]; i++)
        if (starts_with(text, prefixes[i]))
            text += strlen(prefixes[i]);
    return text;
}

static enum telegram_class by_description(const char *text, const char *method)
{
    text = without_prefix(text);
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++)
        if (starts_with(text, rules[i].starts) && (rules[i].method == NULL || strcasecmp(rules[i].method, method) == 0))
            return rules[i].class;
    return TELEGRAM_BAD;
}

/* An album: "Failed to send message #3 with the error message "…"". Siblings may have gone out, so only a reason that
 * holds for all of them is as certain as it sounds. */
static enum telegram_class by_album(const char *text, const char *method)
{
    static const char marker[] = "with the error message ";
    const char *inner = strstr(text, marker);
    if (inner == NULL)
        return TELEGRAM_AMBIGUOUS;
    inner += sizeof marker - 1;
    inner += *inner == '"' || *inner == '\'';
    enum telegram_class class = by_description(inner, method);
    bool certain = class == TELEGRAM_UNREACHABLE || class == TELEGRAM_GONE || class == TELEGRAM_FILE_BAD ||
                   class == TELEGRAM_FILE_TOO_BIG;
    return certain ? class : TELEGRAM_AMBIGUOUS;
}

static int64_t retry_after_s(const struct telegram_reply *reply, const char *text)
{
    int64_t seconds = json_peek_number(json_peek(reply->reply, "parameters", json_type_object), "retry_after");
    if (seconds <= 0)
        seconds = reply->retry_after_s;
    const char *words = strstr(text, "retry after ");
    if (seconds <= 0 && words != NULL)
        seconds = strtoll(words + strlen("retry after "), NULL, 10);
    if (seconds <= 0)
        seconds = RETRY_DEFAULT_S;
    return seconds < TELEGRAM_RETRY_AFTER_MAX_S ? seconds : TELEGRAM_RETRY_AFTER_MAX_S;
}

static void describe(struct telegram_verdict *verdict, const char *text)
{
    size_t length = strlen(text);
    char *whole = malloc(length + 4);
    if (whole == NULL)
        bug("out of memory");
    memcpy(whole, text, length + 1);
    log_redact(whole); /* before the cut */
    size_t at = 0;
    for (; whole[at] != '\0' && at + 1 < sizeof verdict->description; at++)
        verdict->description[at] = (char)(iscntrl((unsigned char)whole[at]) ? ' ' : whole[at]);
    while (at > 0 && utf8_continues(whole[at]))
        at--; /* not in the middle of a character */
    verdict->description[at] = '\0';
    free(whole);
}

static struct telegram_verdict unanswered(const struct telegram_reply *reply)
{
    struct telegram_verdict verdict = {.class = TELEGRAM_AMBIGUOUS};
    switch (reply->outcome) {
    case HTTP_NOT_SENT:
        verdict.class = TELEGRAM_RETRY;
        verdict.surely_not_done = true;
        break;
    case HTTP_CANCELED:
        verdict.class = reply->sent ? TELEGRAM_AMBIGUOUS : TELEGRAM_CANCELED;
        verdict.surely_not_done = !reply->sent;
        break;
    case HTTP_ANSWERED:
    case HTTP_AMBIGUOUS:
    case HTTP_TOO_LARGE:
    case HTTP_OUTCOME_COUNT: break;
    }
    verdict.error_code = reply->status > 0 && reply->status < 1000 ? (int)reply->status : 0;
    describe(&verdict, reply->error == NULL ? "" : reply->error);
    return verdict;
}

/* An answer that is no Bot API reply: a proxy's page, a captive portal, a cut body. */
static void by_status(struct telegram_verdict *verdict, const struct telegram_reply *reply)
{
    long status = reply->status;
    if (status == 413) {
        verdict->class = TELEGRAM_FILE_TOO_BIG;
    } else if (status < 300 || status == 500 || status == 502 || status == 504 || status > 504) {
        verdict->class = TELEGRAM_AMBIGUOUS;
        return;
    } else {
        verdict->class = TELEGRAM_RETRY;
        verdict->limited = status == 429;
        if (status == 429 || reply->retry_after_s > 0)
            verdict->retry_after_ms = retry_after_s(reply, "") * 1000;
    }
    verdict->surely_not_done = true;
}

static void by_error(struct telegram_verdict *verdict, const struct telegram_reply *reply, const char *text)
{
    int code = verdict->error_code;
    const char *method = reply->method == NULL ? "" : reply->method;
    verdict->surely_not_done = true;
    if (code == 429) {
        verdict->class = TELEGRAM_RETRY;
        verdict->limited = true;
        verdict->retry_after_ms = retry_after_s(reply, text) * 1000;
    } else if (code == 401 || (code == 404 && strcasecmp(text, "Not Found") == 0)) {
        verdict->class = TELEGRAM_UNAUTHORIZED; /* a token of the wrong shape is "Not Found" */
    } else if (code == 409) {
        verdict->class = TELEGRAM_CONFLICT;
        verdict->webhook = strstr(text, "ebhook") != NULL; /* "webhook is active", "setWebhook request" */
    } else if (code == 413) {
        verdict->class = TELEGRAM_FILE_TOO_BIG;
    } else if (code >= 500) {
        verdict->class = TELEGRAM_RETRY;
        verdict->surely_not_done = false;
    } else if (starts_with(without_prefix(text), "Failed to send message #")) {
        verdict->class = by_album(text, method);
        verdict->surely_not_done = verdict->class != TELEGRAM_AMBIGUOUS;
    } else {
        verdict->class = by_description(text, method);
    }
}

struct telegram_verdict telegram_classify(const struct telegram_reply *reply)
{
    if (reply->outcome != HTTP_ANSWERED)
        return unanswered(reply);
    struct telegram_verdict verdict = {.class = TELEGRAM_OK};
    verdict.error_code = reply->status > 0 && reply->status < 1000 ? (int)reply->status : 0;
    if (json_peek(reply->reply, "ok", json_type_boolean) == NULL) {
        by_status(&verdict, reply);
        describe(&verdict, "the answer is not one of the Bot API");
        return verdict;
    }
    if (json_peek_true(reply->reply, "ok")) {
        if (reply->status != 200)
            verdict.class = TELEGRAM_AMBIGUOUS;
        return verdict;
    }
    int64_t code = json_peek_number(reply->reply, "error_code");
    if (code >= 400 && code < 1000)
        verdict.error_code = (int)code;
    const char *text = json_peek_text(reply->reply, "description");
    if (text == NULL)
        text = "";
    by_error(&verdict, reply, text);
    describe(&verdict, text);
    return verdict;
}

void telegram_verdict_line(const struct telegram_verdict *verdict, char *line, size_t line_bytes)
{
    (void)snprintf(line, line_bytes, "%s %d %s", telegram_class_name(verdict->class), verdict->error_code,
                   verdict->description);
}
