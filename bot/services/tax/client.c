/* A call is one small block from its start to its answer. It waits while somebody signs in; one that hears that its
 * token is over was not acted upon, and is sent once more with a new one. Must not: repeat anything else, or log. */
#include "bot/services/tax/client.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bot/base/memory.h"
#include "bot/services/tax/private.h"

enum {
    AROUND_MS = 60 * 1000, /* an income is looked for so far before and after its time */
    URL_BYTES = 512,
    PAGES_MAX = 20
};

static void send_call(struct call *call);

struct tax *tax_new(struct http *http, const struct tax_config *config)
{
    struct tax *tax = memory_need(calloc(1, sizeof *tax));
    LIST_INIT(&tax->calls);
    tax->http = http;
    tax->api_url = memory_copy(config->api_url);
    for (size_t end = strlen(tax->api_url); end > 0 && tax->api_url[end - 1] == '/'; end--)
        tax->api_url[end - 1] = '\0';
    tax->inn = memory_copy(config->inn);
    tax->password = memory_copy(config->password);
    tax->proxy = memory_copy(config->proxy == NULL ? "" : config->proxy);
    tax->utc_offset_minutes = config->utc_offset_minutes;
    tax_session_init(tax);
    return tax;
}

/* ---- the end of a call ---- */

static void hide(struct tax_verdict *verdict, const char *secret)
{
    if (secret != NULL && secret[0] != '\0' &&
        (strstr(verdict->message, secret) != NULL || strstr(verdict->code, secret) != NULL)) {
        (void)snprintf(verdict->message, sizeof verdict->message, "(hidden: it held a secret)");
        verdict->code[0] = '\0';
    }
}

static void end_call(struct call *call, struct tax_reply reply)
{
    struct tax *tax = call->tax;
    hide(&reply.verdict, tax->password);
    hide(&reply.verdict, tax->token);
    hide(&reply.verdict, tax->refresh);
    if (reply.uuid == NULL)
        reply.uuid = "";
    LIST_REMOVE(call, next);
    call->done(call->ctx, &reply);
    free(call->body);
    free(call->uuid);
    free(call->name);
    free(call);
}

/* All that wait for the sign-in hear the same. */
void tax_calls_end(struct tax *tax, const struct tax_verdict *verdict)
{
    struct call *call = LIST_FIRST(&tax->calls), *next;
    for (; call != NULL; call = next) {
        next = LIST_NEXT(call, next);
        if (call->transfer == 0)
            end_call(call, (struct tax_reply){.verdict = *verdict});
    }
}

/* A 200 that can't be read is no answer: what was asked may have been done. */
static struct tax_reply unreadable(const struct tax_verdict *verdict, const char *why)
{
    struct tax_reply reply = {.verdict = *verdict};
    reply.verdict.kind = TAX_AMBIGUOUS;
    (void)snprintf(reply.verdict.message, sizeof reply.verdict.message, "%s", why);
    return reply;
}

void tax_calls_go(struct tax *tax)
{
    const struct tax_verdict fine = {.kind = TAX_OK};
    struct call *call = LIST_FIRST(&tax->calls), *next;
    for (; call != NULL; call = next) {
        next = LIST_NEXT(call, next);
        if (call->transfer == 0 && call->deed == SIGN_IN)
            end_call(call, (struct tax_reply){.verdict = fine});
        else if (call->transfer == 0)
            send_call(call);
    }
}

/* ---- calls ---- */

static void search_path(const struct call *call, char ret_path[URL_BYTES])
{
    char times[2][TAX_TIME_BYTES];
    tax_time(call->income.at_ms - AROUND_MS, 0, times[0]);
    tax_time(call->income.at_ms + AROUND_MS, 0, times[1]);
    *strchr(times[0], '+') = *strchr(times[1], '+') = '\0'; /* which would have to be written as %2B */
    (void)snprintf(ret_path, URL_BYTES,
                   "/incomes?from=%s%%2B00:00&to=%s%%2B00:00&offset=%" PRId64 "&limit=%d&sortBy=operation_time:desc",
                   times[0], times[1], call->offset, TAX_PAGE);
}

static void found(struct call *call, const struct tax_verdict *verdict, const struct http_answer *answer)
{
    struct tax_found page;
    if (tax_read_page(answer->body, answer->bytes, &call->income, call->uuid, &page) != ERR_OK) {
        end_call(call, unreadable(verdict, "the answer is no list of incomes"));
        return;
    }
    bool more = page.uuid[0] == '\0' && page.more && page.count > 0;
    call->offset += page.count;
    if (more && ++call->pages == PAGES_MAX)
        end_call(call, unreadable(verdict, "there are too many incomes to look through"));
    else if (more)
        send_call(call);
    else
        end_call(call, (struct tax_reply){.verdict = *verdict, .uuid = page.uuid, .canceled = page.canceled});
}

static void call_done(struct call *call, const struct tax_verdict *verdict, const struct http_answer *answer)
{
    char uuid[TAX_UUID_BYTES];
    if (verdict->kind != TAX_OK)
        end_call(call, (struct tax_reply){.verdict = *verdict});
    else if (call->deed == CANCEL && tax_read_canceled(answer->body, answer->bytes, call->uuid) != ERR_OK)
        end_call(call, unreadable(verdict, "the answer tells of no cancellation"));
    else if (call->deed == CANCEL)
        end_call(call, (struct tax_reply){.verdict = *verdict});
    else if (call->deed == FIND)
        found(call, verdict, answer);
    else if (tax_read_uuid(answer->body, answer->bytes, uuid) != ERR_OK)
        end_call(call, unreadable(verdict, "the answer holds no receipt"));
    else
        end_call(call, (struct tax_reply){.verdict = *verdict, .uuid = uuid});
}

static void call_answered(void *ctx, struct http_answer *answer)
{
    struct call *call = ctx;
    struct tax *tax = call->tax;
    struct tax_verdict verdict;
    call->transfer = 0;
    tax_classify(answer, &verdict);
    if (verdict.kind != TAX_STALE) {
        call_done(call, &verdict, answer);
    } else if (call->again || tax->closing) {
        verdict.kind = TAX_RETRY;
        end_call(call, (struct tax_reply){.verdict = verdict});
    } else {
        call->again = true; /* it waits, for whoever signs in */
        if (tax->sign_in == 0)
            tax_session_sign_in(tax);
    }
}

static void send_call(struct call *call)
{
    char path[URL_BYTES];
    if (call->deed == FIND)
        search_path(call, path);
    else
        (void)snprintf(path, sizeof path, "%s", call->deed == REGISTER ? "/income" : "/cancel");
    call->transfer = tax_session_send(call->tax, path, call->body, call_answered, call);
}

static struct call *call_new(struct tax *tax, enum deed deed, tax_done_fn *done, void *ctx)
{
    struct call *call = memory_need(calloc(1, sizeof *call));
    call->tax = tax;
    call->deed = deed;
    call->done = done;
    call->ctx = ctx;
    LIST_INSERT_HEAD(&tax->calls, call, next);
    return call;
}

/* Now, or when somebody is signed in. */
static void begin(struct call *call, int64_t now_ms)
{
    struct tax *tax = call->tax;
    bool held = tax->refusal.kind == TAX_LOGIN && now_ms >= tax->login_ms &&
                now_ms - tax->login_ms < TAX_LOGIN_EVERY_MS;
    if (tax->sign_in != 0)
        return;
    if (tax->token != NULL && call->deed != SIGN_IN) {
        send_call(call);
    } else if (held) {
        end_call(call, (struct tax_reply){.verdict = tax->refusal});
    } else {
        tax->login_ms = now_ms;
        tax_session_sign_in(tax);
    }
}

void tax_register(struct tax *tax, int64_t now_ms, const struct tax_income *income, tax_done_fn *done, void *ctx)
{
    struct call *call = call_new(tax, REGISTER, done, ctx);
    call->body = tax_income_body(income, now_ms, tax->utc_offset_minutes);
    begin(call, now_ms);
}

void tax_find(struct tax *tax, int64_t now_ms, const struct tax_income *income, const char *uuid, tax_done_fn *done,
              void *ctx)
{
    struct call *call = call_new(tax, FIND, done, ctx);
    call->income = *income;
    call->income.name = call->name = memory_copy(income->name);
    call->uuid = uuid == NULL ? NULL : memory_copy(uuid);
    begin(call, now_ms);
}

void tax_cancel(struct tax *tax, int64_t now_ms, const char *uuid, tax_done_fn *done, void *ctx)
{
    struct call *call = call_new(tax, CANCEL, done, ctx);
    call->body = tax_cancel_body(uuid, now_ms, tax->utc_offset_minutes);
    call->uuid = memory_copy(uuid);
    begin(call, now_ms);
}

void tax_sign_in(struct tax *tax, int64_t now_ms, tax_done_fn *done, void *ctx)
{
    begin(call_new(tax, SIGN_IN, done, ctx), now_ms);
}

void tax_free(struct tax *tax)
{
    static const struct tax_verdict gone = {.kind = TAX_RETRY, .message = "the daemon ends"};
    struct call *call;
    if (tax == NULL)
        return;
    tax->closing = true;
    http_cancel(tax->http, tax->sign_in); /* 0 is none */
    while ((call = LIST_FIRST(&tax->calls)) != NULL) {
        /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): it does not see that LIST_REMOVE moves the head */
        if (call->transfer != 0)
            http_cancel(tax->http, call->transfer);
        else
            end_call(call, (struct tax_reply){.verdict = gone});
    }
    tax_session_done(tax);
    free(tax->inn);
    free(tax->proxy);
    free(tax->api_url);
    free(tax);
}
