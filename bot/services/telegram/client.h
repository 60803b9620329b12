/* Calls to the Bot API: order per chat, rates, retries, and one verdict each. */
#ifndef BOT_SERVICES_TELEGRAM_CLIENT_H
#define BOT_SERVICES_TELEGRAM_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "bot/services/http/http.h"
#include "bot/services/telegram/classify.h"
#include "core/err.h"

struct json_object;
struct telegram;

enum {
    TELEGRAM_FILES_MAX = 11, /* ten of an album, and a thumbnail */
    TELEGRAM_PARAMS_MAX_BYTES = 256 * 1024,
    TELEGRAM_PENDING_MAX = 100000, /* calls accepted and not done */
    TELEGRAM_REPLY_MAX_BYTES = 1024 * 1024,
    TELEGRAM_TRIES_MAX = 8 /* here, of one call on server errors, before its maker hears of them; 429 and "not sent" are
                            * waited out instead. Whether it is given up then is the maker's to say */
};

struct telegram_config {
    const char *api_url; /* https://api.telegram.org */
    const char *token;
    double chat_rate_s;   /* messages a second to one chat; 0 = no limit. Usual: 1 */
    int chat_burst;       /* messages at once to an idle chat; 0 = 3 */
    double global_rate_s; /* messages a second in all; 0 = no limit. Usual: 28 */
    int global_burst;     /* 0 = the rate of one second */
    int max_in_flight;    /* calls at once, without uploads; 0 = 64 */
    bool sells_stars;     /* payments with them are to be confirmed: getUpdates asks for pre_checkout_query, too */
    int max_uploads;      /* at once; 0 = 8. No more than http lets go in line, or they wait there with their bytes */
};

/* Who has which share of the calls, when more wait than may go: see governor.h. */
enum telegram_priority {
    TELEGRAM_INTERACTIVE, /* somebody pressed and looks at the screen */
    TELEGRAM_VALUE,       /* paid for, or about money: photos, "paid", "ready", receipts */
    TELEGRAM_BROADCAST,   /* nobody waits for it */
    TELEGRAM_PRIORITY_COUNT
};

/* When is a call that failed made again? */
enum telegram_repeat {
    TELEGRAM_REPEAT_FREELY,   /* E0: after any failure, a lost answer too */
    TELEGRAM_REPEAT_REFUSED,  /* E1: after a server error, and when it was not sent; a lost answer goes to the maker */
    TELEGRAM_REPEAT_NOT_DONE, /* E2: only when it certainly did not happen */
    TELEGRAM_REPEAT_COUNT
};

struct telegram_file {
    const char *name; /* the field ("photo"), or the x of "attach://x" */
    const char *filename;
    const char *content_type;
    const void *data; /* borrowed until done */
    size_t bytes;
};

struct telegram_job; /* a call that was accepted, until done */

/* It is the turn of a call that was made with its contents open. Exactly one of telegram_fill, telegram_put_off and
 * telegram_drop is to follow, at once or later; but none after done, which may come first (CANCELED). */
typedef void telegram_turn_fn(void *ctx, struct telegram_job *job);

/* Strings are copied; the files' data is borrowed until done. */
struct telegram_call {
    const char *method;
    int64_t chat_id; /* calls of a chat go one after the other; 0 = none, goes by itself. answerCallbackQuery, getFile
                      * and sendChatAction never wait behind their chat's messages, whatever this says */
    enum telegram_priority priority;
    enum telegram_repeat repeat;
    /* NULL, or: what is sent is only known, and its bytes are only loaded, when the governor lets it go. Then method,
     * params_json, files and no_result come with telegram_fill; chat_id must be set, and cost as far as it is known.
     * So calls that wait hold no bytes. Nor does one that failed: it is not made again here, whatever repeat says, its
     * maker hears of each failure (after a 429 the chat is silent all the same). */
    telegram_turn_fn *turn;
    bool no_files;           /* … but it is known that there will be none: it waits for no upload */
    const char *params_json; /* a JSON object, or NULL for none */
    const struct telegram_file *files;
    size_t file_count;
    bool no_result;        /* nobody reads it: a success is reported without one, and need not be parsed */
    int cost;              /* messages it makes; 0 = 1 for calls that send or edit, else 0: an album has to say */
    int chat_cost;         /* as how many its own chat counts it; 0 = as many, an edit as none */
    int64_t deadline_ms;   /* monotonic; after it a failure is reported instead of retried; 0 = none */
    int64_t not_before_ms; /* monotonic; 0 = at once. Only without a chat_id */
};

/* result is borrowed, and NULL unless verdict->class is TELEGRAM_OK with a result in it. The callback may make calls.
 */
typedef void telegram_done_fn(void *ctx, const struct telegram_verdict *verdict, struct json_object *result);

/* Registers the token with the log's redaction. ERR_INVALID: token or api_url malformed. http must outlive it. */
enum err telegram_new(struct http *http, const struct telegram_config *config, struct telegram **ret_tg) MUST_CHECK;
/* Cancels everything first. Accepts NULL. */
void telegram_free(struct telegram *tg);

/* done is called exactly once, later, never from here. ERR_AGAIN: TELEGRAM_PENDING_MAX calls are waiting;
 * ERR_INVALID: a method, params or files outside their limits (then done is never called). */
enum err telegram_call(struct telegram *tg, int64_t now_ms, const struct telegram_call *call, telegram_done_fn *done,
                       void *ctx) MUST_CHECK;

/* The contents of a call whose turn it is: method, params_json, files, file_count and no_result of contents are used,
 * as in telegram_call. It goes out (after telegram_stop it stays in line); done will be called. ERR_INVALID as there:
 * then it is dropped. */
enum err telegram_fill(struct telegram_job *job, int64_t now_ms, const struct telegram_call *contents) MUST_CHECK;
/* Not now: it is asked again after wait_ms (above 0), in its place in the order of its chat. Others go meanwhile. */
void telegram_put_off(struct telegram_job *job, int64_t now_ms, int64_t wait_ms);
/* There is nothing to send any more: the call is gone, done is never called. */
void telegram_drop(struct telegram_job *job, int64_t now_ms);

/* So many new messages are answered, and a crash would send them again: they count as on their way, so that no more of
 * them can come twice than calls may be in flight. */
void telegram_hold(struct telegram *tg, size_t count);

/* Everything waiting is reported CANCELED, everything on its way AMBIGUOUS (or its real verdict). For shutdown. */
void telegram_cancel_all(struct telegram *tg);

/* The end begins: nothing that waits goes any more, but for answers to presses, which no other life knows of; what is
 * on its way comes home. */
void telegram_stop(struct telegram *tg);

/* Calls and files that are to come home: all that were accepted; after telegram_stop, those on their way. */
size_t telegram_pending(const struct telegram *tg);
/* When telegram_run_due has something to do; INT64_MAX = nothing by itself. */
int64_t telegram_next_deadline_ms(const struct telegram *tg);
/* Send what may go now. */
void telegram_run_due(struct telegram *tg, int64_t now_ms);

#endif
