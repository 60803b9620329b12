/* The one classifier of Bot API replies. Nobody else looks at status codes or descriptions. */
#ifndef BOT_SERVICES_TELEGRAM_CLASSIFY_H
#define BOT_SERVICES_TELEGRAM_CLASSIFY_H

#include <stdbool.h>
#include <stdint.h>
#include "bot/services/http/http.h"

struct json_object;

enum telegram_class {
    TELEGRAM_OK,           /* done, or as good as done ("message is not modified", a late answer to a press) */
    TELEGRAM_RETRY,        /* not now: 429, a server error, not sent; see retry_after_ms and surely_not_done */
    TELEGRAM_AMBIGUOUS,    /* may have happened */
    TELEGRAM_UNREACHABLE,  /* blocked, deactivated, chat not found: stop writing to this chat */
    TELEGRAM_GONE,         /* the message to edit, delete or answer is not there or can't be changed: send a new one */
    TELEGRAM_FILE_TOO_BIG, /* over a limit of Telegram's */
    TELEGRAM_FILE_AWAY,    /* the file can't be had now: again, for some minutes */
    TELEGRAM_FILE_BAD,     /* the file, its id or its link was refused: try another way of sending it */
    TELEGRAM_UNPARSED,     /* "can't parse entities": our escaping failed; once more without parse_mode */
    TELEGRAM_BAD,          /* refused for good: our bug */
    TELEGRAM_CONFLICT,     /* 409: another instance polls, or a webhook is set */
    TELEGRAM_UNAUTHORIZED, /* the token is unknown, Telegram says. Single ones pass: see doubt.h */
    TELEGRAM_CANCELED,     /* we gave up before it was sent */
    TELEGRAM_CLASS_COUNT
};

enum { TELEGRAM_DESCRIPTION_MAX_BYTES = 192, TELEGRAM_RETRY_AFTER_MAX_S = 7 * 24 * 3600 };

struct telegram_verdict {
    enum telegram_class class;
    int error_code;                                   /* Telegram's, or the HTTP status; 0 = none. For log lines only */
    int64_t retry_after_ms;                           /* 0 = the caller's own back-off */
    bool limited;                                     /* RETRY because of a 429 */
    bool webhook;                                     /* CONFLICT because a webhook is set */
    bool surely_not_done;                             /* the request certainly had no effect: 429, not sent, refused */
    char description[TELEGRAM_DESCRIPTION_MAX_BYTES]; /* redacted, one line */
};

/* What came back. reply: the parsed body, or NULL when it is not JSON. */
struct telegram_reply {
    const char *method;
    enum http_outcome outcome;
    bool sent;
    long status;
    int64_t retry_after_s;
    const char *error; /* the transport's words, or "" */
    struct json_object *reply;
};

/* Pure. */
struct telegram_verdict telegram_classify(const struct telegram_reply *reply);
/* A lower-case word for log lines and tests. */
const char *telegram_class_name(enum telegram_class class);
/* For a log line: "retry 429 Too Many Requests: retry after 5". Cut to fit. */
void telegram_verdict_line(const struct telegram_verdict *verdict, char *line, size_t line_bytes);

#endif
