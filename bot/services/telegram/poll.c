/* The long poll: one request at a time on a connection of its own, which the server holds for up to 50 s. The next one
 * goes out only when the shell says that the batch is committed (telegram_poll_next), since it confirms the batch.
 *
 * It never spins: asking again from the same offset waits, as does an empty answer that came at once. A total timeout
 * ends a poll whose connection died silently. No single answer is final. 409 means that somebody else polls with this
 * token, or set a webhook: the poll goes on, slowly, and the owner of the poll finds out whether it should. 401 and 404
 * mean that the token is unknown: then getMe is asked in place of updates until it knows us, or has said the same often
 * enough. Must not decode or store anything; must not decide to exit, only say that it is over. */
#include "bot/services/telegram/poll.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "bot/base/json.h"
#include "bot/base/memory.h"
#include "bot/base/random.h"
#include "bot/services/telegram/decode.h"
#include "bot/services/telegram/doubt.h"
#include "bot/services/telegram/private.h"
#include "bot/services/telegram/url.h"
#include "core/backoff.h"
#include "core/bug.h"

enum {
    SMALL_BYTES = 1024, /* an answer up to this is looked into: it may be empty */
    CONFLICT_WAIT_MS = 5000,
    CONFLICT_DOUBLINGS = 3, /* to 40 s: no quick retries against somebody who keeps asking */
    WHO_AM_I_TIMEOUT_MS = 30000,
    EMPTY_AT_ONCE_MS = 500,
    REPEATS_MAX = 4 /* after which the wait grows no more (8 s): it is everybody's who has written meanwhile */
};

enum state { IDLE, ASKING, HANDED_OVER, WAITING };

struct telegram_poll {
    struct telegram *tg;
    telegram_poll_fn *on_news;
    void *ctx;
    enum state state;
    uint64_t transfer;
    int64_t offset;
    int64_t asked_ms, due_ms;
    int failures, conflicts, repeats;
    bool doubting; /* getMe is asked, not getUpdates */
    struct doubt doubt;
};

struct telegram_poll *telegram_poll_new(struct telegram *tg, telegram_poll_fn *on_news, void *ctx)
{
    struct telegram_poll *poll = memory_need(calloc(1, sizeof *poll));
    poll->tg = tg;
    poll->on_news = on_news;
    poll->ctx = ctx;
    return poll;
}

void telegram_poll_stop(struct telegram_poll *poll)
{
    uint64_t transfer = poll->transfer;
    poll->state = IDLE;
    poll->transfer = 0;
    if (transfer != 0)
        http_cancel(poll->tg->http, transfer);
}

void telegram_poll_free(struct telegram_poll *poll)
{
    if (poll == NULL)
        return;
    telegram_poll_stop(poll);
    free(poll);
}

static void poll_answered(void *ctx, struct http_answer *answer);

static const char *method(const struct telegram_poll *poll)
{
    return poll->doubting ? "getMe" : "getUpdates";
}

static void ask(struct telegram_poll *poll, int64_t now_ms)
{
    static const char *const headers[] = {"Content-Type: application/json", NULL};
    char url[TELEGRAM_URL_MAX_BYTES], body[256] = "{}";
    if (telegram_url_method(url, poll->tg->api_url, poll->tg->token, method(poll)) != ERR_OK)
        bug("an address that telegram_new let through");
    if (!poll->doubting)
        (void)snprintf(body, sizeof body,
                       "{\"offset\":%" PRId64 ",\"limit\":%d,\"timeout\":%d,\"allowed_updates\":[\"message\","
                       "\"edited_message\",\"callback_query\",\"my_chat_member\"%s]}",
                       poll->offset, TELEGRAM_BATCH_MAX, TELEGRAM_POLL_TIMEOUT_S,
                       poll->tg->sells_stars ? ",\"pre_checkout_query\"" : "");
    struct http_request request = {
        .url = url,
        .method = HTTP_POST,
        .headers = headers,
        .body = body,
        .body_bytes = strlen(body),
        .timeout_ms = poll->doubting ? WHO_AM_I_TIMEOUT_MS : TELEGRAM_POLL_TIMEOUT_S * 1000 + TELEGRAM_POLL_SLACK_MS,
        .max_answer_bytes = TELEGRAM_BATCH_MAX_BYTES,
        .own_connection = true,
    };
    poll->state = ASKING;
    poll->asked_ms = now_ms;
    poll->transfer = http_start(poll->tg->http, &request, poll_answered, poll);
}

static void wait_for(struct telegram_poll *poll, int64_t now_ms, int64_t wait_ms)
{
    poll->state = WAITING;
    poll->due_ms = now_ms + wait_ms;
}

static void webhook_removed(void *ctx, const struct telegram_verdict *verdict, struct json_object *result)
{
    (void)ctx;
    (void)verdict;
    (void)result;
}

static void tell(struct telegram_poll *poll, enum telegram_poll_event event, const struct telegram_verdict *verdict,
                 int count)
{
    struct telegram_poll_news news = {.event = event, .verdict = verdict, .count = count};
    poll->on_news(poll->ctx, &news);
}

static void on_conflict(struct telegram_poll *poll, const struct telegram_verdict *verdict, int64_t now_ms)
{
    int doublings = verdict->webhook ? 0 : poll->conflicts < CONFLICT_DOUBLINGS ? poll->conflicts : CONFLICT_DOUBLINGS;
    int64_t wait_ms = (int64_t)CONFLICT_WAIT_MS << doublings;
    poll->conflicts++;
    if (verdict->webhook) { /* somebody set one behind our back */
        struct telegram_call call = {.method = "deleteWebhook", .params_json = "{\"drop_pending_updates\":false}"};
        if (telegram_call(poll->tg, now_ms, &call, webhook_removed, NULL) != ERR_OK)
            poll->failures++;
    }
    wait_for(poll, now_ms, wait_ms + backoff_ms(0, CONFLICT_WAIT_MS, CONFLICT_WAIT_MS, random_number()));
    tell(poll, TELEGRAM_POLL_CONFLICT, verdict, poll->conflicts);
}

/* getUpdates says so for the first time, or getMe once more. */
static void on_unknown_token(struct telegram_poll *poll, const struct telegram_verdict *verdict, int64_t now_ms)
{
    int64_t wait_ms = telegram_backoff_ms(++poll->failures);
    if (poll->doubting && doubt_repeated(&poll->doubt, &wait_ms)) {
        poll->state = IDLE;
        tell(poll, TELEGRAM_POLL_REFUSED, verdict, poll->doubt.times);
        return;
    }
    poll->doubting = true;
    wait_for(poll, now_ms, wait_ms);
    tell(poll, TELEGRAM_POLL_DOUBT, verdict, poll->doubt.times + 1);
}

/* Telegram knows the token after all. */
static void on_known(struct telegram_poll *poll, int64_t now_ms)
{
    poll->doubting = false;
    poll->doubt = (struct doubt){0};
    wait_for(poll, now_ms, telegram_backoff_ms(poll->failures));
}

static void on_failure(struct telegram_poll *poll, const struct telegram_verdict *verdict, int64_t now_ms)
{
    if (verdict->class == TELEGRAM_UNAUTHORIZED) {
        on_unknown_token(poll, verdict, now_ms);
        return;
    }
    if (verdict->class == TELEGRAM_CONFLICT) {
        on_conflict(poll, verdict, now_ms);
        return;
    }
    poll->conflicts = 0;
    poll->failures++;
    wait_for(poll, now_ms, verdict->retry_after_ms > 0 ? verdict->retry_after_ms : telegram_backoff_ms(poll->failures));
    tell(poll, TELEGRAM_POLL_TROUBLE, verdict, poll->failures);
}

static void hand_over(struct telegram_poll *poll, const struct http_answer *answer)
{
    struct telegram_poll_news news = {.event = TELEGRAM_POLL_BATCH, .body = answer->body, .bytes = answer->bytes};
    poll->failures = poll->conflicts = 0;
    poll->state = HANDED_OVER;
    poll->on_news(poll->ctx, &news);
}

static bool is_empty(struct json_object *reply)
{
    struct json_object *result = json_peek(reply, "result", json_type_array);
    return result != NULL && json_object_array_length(result) == 0;
}

static void poll_answered(void *ctx, struct http_answer *answer)
{
    struct telegram_poll *poll = ctx;
    struct json_object *reply;
    int64_t now_ms = answer->now_ms;
    if (poll->transfer == 0)
        return; /* stopped */
    poll->transfer = 0;
    if (!poll->doubting && answer->outcome == HTTP_ANSWERED && answer->status == 200 && answer->bytes > SMALL_BYTES) {
        hand_over(poll, answer);
        return;
    }
    struct telegram_verdict verdict = telegram_judge(method(poll), answer, &reply);
    if (verdict.class != TELEGRAM_OK) {
        on_failure(poll, &verdict, now_ms);
    } else if (poll->doubting) {
        on_known(poll, now_ms);
    } else if (!is_empty(reply)) {
        hand_over(poll, answer);
    } else {
        poll->failures = poll->conflicts = poll->repeats = 0;
        if (now_ms - poll->asked_ms < EMPTY_AT_ONCE_MS)
            wait_for(poll, now_ms, EMPTY_AT_ONCE_MS);
        else
            ask(poll, now_ms);
    }
    json_object_put(reply);
}

void telegram_poll_start(struct telegram_poll *poll, int64_t now_ms, int64_t offset)
{
    if (poll->state != IDLE)
        bug("the poll was begun twice");
    poll->offset = offset;
    poll->failures = poll->conflicts = poll->repeats = 0;
    poll->doubting = false;
    poll->doubt = (struct doubt){0};
    ask(poll, now_ms);
}

void telegram_poll_next(struct telegram_poll *poll, int64_t now_ms, int64_t offset)
{
    if (poll->state == IDLE)
        return; /* stopped meanwhile */
    if (poll->state != HANDED_OVER)
        bug("the poll goes on before its batch was handed over");
    poll->repeats = offset != poll->offset ? 0 : poll->repeats < REPEATS_MAX ? poll->repeats + 1 : REPEATS_MAX;
    poll->offset = offset;
    if (poll->repeats > 0) /* the batch could not be used: the same one will come again */
        wait_for(poll, now_ms, telegram_backoff_ms(poll->repeats + 1));
    else
        ask(poll, now_ms);
}

int64_t telegram_poll_deadline_ms(const struct telegram_poll *poll)
{
    return poll->state == WAITING ? poll->due_ms : INT64_MAX;
}

void telegram_poll_run_due(struct telegram_poll *poll, int64_t now_ms)
{
    if (poll->state == WAITING && now_ms >= poll->due_ms)
        ask(poll, now_ms);
}
