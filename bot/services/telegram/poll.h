/* Receiving: the start-up sequence and the long poll. */
#ifndef BOT_SERVICES_TELEGRAM_POLL_H
#define BOT_SERVICES_TELEGRAM_POLL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "bot/services/telegram/client.h"

enum {
    TELEGRAM_POLL_TIMEOUT_S = 50,   /* the server's maximum */
    TELEGRAM_POLL_SLACK_MS = 15000, /* over it, before the connection counts as dead */
    TELEGRAM_COMMANDS_MAX = 100
};

struct telegram_poll;

enum telegram_poll_event {
    TELEGRAM_POLL_BATCH,    /* body, bytes: give them to telegram_decode, then call telegram_poll_next */
    TELEGRAM_POLL_TROUBLE,  /* for the log; the poll goes on by itself after a back-off */
    TELEGRAM_POLL_CONFLICT, /* somebody else polls, or had a webhook set, which is being removed; goes on, slowly */
    TELEGRAM_POLL_DOUBT,    /* the token is said to be unknown: getMe is asked whether that is meant */
    TELEGRAM_POLL_REFUSED,  /* it is, said again and again over a minute: polling has stopped */
    TELEGRAM_POLL_EVENT_COUNT
};

struct telegram_poll_news {
    enum telegram_poll_event event;
    const char *body; /* borrowed; BATCH only. An empty batch is not reported */
    size_t bytes;
    const struct telegram_verdict *verdict; /* the others */
    int count;                              /* the how-manieth of its kind in a row */
};
typedef void telegram_poll_fn(void *ctx, const struct telegram_poll_news *news);

struct telegram_poll *telegram_poll_new(struct telegram *tg, telegram_poll_fn *on_news, void *ctx);
void telegram_poll_free(struct telegram_poll *poll); /* cancels; accepts NULL; not from within on_news */

/* Ask for updates from offset on (0 = all that wait). */
void telegram_poll_start(struct telegram_poll *poll, int64_t now_ms, int64_t offset);
/* The batch is committed: confirm it and ask for the next. May be called inside on_news or later. */
void telegram_poll_next(struct telegram_poll *poll, int64_t now_ms, int64_t offset);
/* Cancel the request on its way; telegram_poll_start begins again. */
void telegram_poll_stop(struct telegram_poll *poll);
/* When telegram_poll_run_due has something to do; INT64_MAX = nothing. */
int64_t telegram_poll_deadline_ms(const struct telegram_poll *poll);
void telegram_poll_run_due(struct telegram_poll *poll, int64_t now_ms);

/* ---- start-up ---- */
struct telegram_command {
    const char *name;
    const char *description[2]; /* in the order of telegram_menu.languages */
};
struct telegram_menu {
    const char *languages[2]; /* "ru", "en"; the first one is also the default for everybody else */
    const struct telegram_command *commands;
    size_t count;
    const char *about[2];       /* shown in the empty chat before "Start"; at most 512 characters */
    const char *about_short[2]; /* shown on the bot's profile and beside a shared link; at most 120 */
};
struct telegram_identity {
    int64_t id;
    const char *username; /* borrowed during the callback */
};
/* verdict OK: identity is set. Otherwise the call that failed for good. */
typedef void telegram_ready_fn(void *ctx, const struct telegram_verdict *verdict,
                               const struct telegram_identity *identity);
/* getMe, deleteWebhook (keeping what waits), setMyCommands for private chats, setMyDescription, setMyShortDescription;
 * then ready is called once. menu is used during this call only. Only a token that getMe refuses again and again over a
 * minute is a failure: all else of getMe is retried, all else that fails is logged. */
enum err telegram_begin(struct telegram *tg, int64_t now_ms, const struct telegram_menu *menu, telegram_ready_fn *ready,
                        void *ctx) MUST_CHECK;

#endif
