/* Inside bot/services/telegram only: what client, poll and files share. */
#ifndef BOT_SERVICES_TELEGRAM_PRIVATE_H
#define BOT_SERVICES_TELEGRAM_PRIVATE_H

#include <json-c/json.h>
#include "bot/services/telegram/client.h"
#include "bot/services/telegram/governor.h"
#include "bot/services/telegram/job.h"

struct telegram_fetch;
LIST_HEAD(telegram_fetches, telegram_fetch);
struct checkout_reply;
LIST_HEAD(checkout_replies, checkout_reply);

struct telegram {
    struct http *http;
    struct governor *governor;
    char *api_url, *token;
    struct telegram_jobs jobs;
    struct telegram_fetches fetches; /* of files, from getFile on */
    size_t pending;                  /* jobs and fetches */
    size_t downloads;                /* on their way, of the fetches */
    int64_t now_ms;                  /* the latest time heard */
    struct checkout_replies replies; /* on their way (checkout.c) */
    bool sells_stars;
    bool stopped;   /* nothing begins any more */
    bool canceling; /* inside telegram_cancel_all */
};

/* With jitter: at most 0.5 s, 1 s, 2 s … 64 s for the first, second … failure in a row. */
int64_t telegram_backoff_ms(int failures);
/* What an answer means; *reply is the parsed body or NULL, the caller puts it. */
struct telegram_verdict telegram_judge(const char *method, const struct http_answer *answer,
                                       struct json_object **ret_reply);
void telegram_cancel_fetches(struct telegram *tg);
void telegram_cancel_checkouts(struct telegram *tg);
size_t telegram_checkouts_pending(const struct telegram *tg);

#endif
