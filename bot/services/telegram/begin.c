/* The first calls of a life: who am I, no webhook (what waits is kept: people wrote while we were away), then the menu
 * of commands for private chats and what a stranger reads before "Start": each once without a language for everybody,
 * then once for each language. One after the other. Who we are is asked without end, because a daemon that starts
 * before its network must wait, not die; only a token that is refused again and again ends it. All else is no reason
 * not to begin: a webhook that stays is met by the poll. Must not touch updates. */
#include "bot/services/telegram/poll.h"

#include <stdlib.h>
#include <string.h>
#include "bot/base/json.h"
#include "bot/base/log.h"
#include "bot/base/memory.h"
#include "bot/services/telegram/doubt.h"
#include "bot/services/telegram/private.h"

enum {
    LANGUAGES = 2,
    EACH = LANGUAGES + 1, /* without a language, then with each */
    TELLS = 3 * EACH,     /* the commands, the description, the short description */
    STEPS = 2 + TELLS,
    USERNAME_MAX_BYTES = 64
};

struct begin {
    struct telegram *tg;
    telegram_ready_fn *ready;
    void *ctx;
    int step;
    int failures; /* of getMe, in a row */
    struct doubt doubt;
    char *tells[TELLS]; /* parameters: EACH of a method of `methods` */
    int64_t id;
    char username[USERNAME_MAX_BYTES];
};

static const char *const methods[TELLS / EACH] = {"setMyCommands", "setMyDescription", "setMyShortDescription"};

static void add_commands(struct json_object *params, const struct telegram_menu *menu, size_t language)
{
    struct json_object *commands = json_new_array(), *scope = json_new_object();
    for (size_t i = 0; i < menu->count; i++) {
        struct json_object *command = json_new_object();
        json_add_text(command, "command", menu->commands[i].name);
        json_add_text(command, "description", menu->commands[i].description[language]);
        json_append(commands, command);
    }
    json_add_text(scope, "type", "all_private_chats");
    json_add(params, "commands", commands);
    json_add(params, "scope", scope);
}

/* Of the call number `at` of TELLS. */
static char *tell_params(const struct telegram_menu *menu, size_t at)
{
    struct json_object *params = json_new_object();
    size_t method = at / EACH, language = at % EACH == 0 ? 0 : at % EACH - 1;
    if (method == 0)
        add_commands(params, menu, language);
    else if (method == 1)
        json_add_text(params, "description", menu->about[language]);
    else
        json_add_text(params, "short_description", menu->about_short[language]);
    if (at % EACH != 0)
        json_add_text(params, "language_code", menu->languages[language]);
    return json_write(params);
}

static void drop(struct begin *begin)
{
    for (size_t i = 0; i < TELLS; i++)
        free(begin->tells[i]);
    free(begin);
}

static void finish(struct begin *begin, const struct telegram_verdict *verdict)
{
    struct telegram_identity identity = {.id = begin->id, .username = begin->username};
    begin->ready(begin->ctx, verdict, verdict->class == TELEGRAM_OK ? &identity : NULL);
    drop(begin);
}

static void step_answered(void *ctx, const struct telegram_verdict *verdict, struct json_object *result);

static enum err next_step(struct begin *begin, int64_t now_ms, int64_t wait_ms)
{
    struct telegram_call call = {.repeat = TELEGRAM_REPEAT_FREELY, .not_before_ms = now_ms + wait_ms};
    if (begin->step == 0) {
        call.method = "getMe";
    } else if (begin->step == 1) {
        call.method = "deleteWebhook";
        call.params_json = "{\"drop_pending_updates\":false}";
    } else {
        call.method = methods[(begin->step - 2) / EACH];
        call.params_json = begin->tells[begin->step - 2];
    }
    return telegram_call(begin->tg, now_ms, &call, step_answered, begin);
}

static bool take_identity(struct begin *begin, struct json_object *me)
{
    int64_t id = json_peek_number(me, "id");
    const char *username = json_peek_text(me, "username");
    if (id <= 0 || username == NULL || strlen(username) >= USERNAME_MAX_BYTES)
        return false;
    begin->id = id;
    memcpy(begin->username, username, strlen(username) + 1);
    return true;
}

/* How long to wait before getMe is asked again; < 0 = not any more: the token is refused for good. */
static int64_t ask_again_ms(struct begin *begin, const struct telegram_verdict *verdict)
{
    int64_t wait_ms = telegram_backoff_ms(++begin->failures);
    if (verdict->class != TELEGRAM_UNAUTHORIZED)
        return wait_ms;
    if (doubt_repeated(&begin->doubt, &wait_ms))
        return -1;
    log_error("telegram",
              "Telegram does not know the bot's token (%d of %d): is it copied whole from @BotFather, and "
              "not revoked? Asking again, in case it is a mistake of Telegram's",
              begin->doubt.times, DOUBT_TIMES);
    return wait_ms;
}

static void step_answered(void *ctx, const struct telegram_verdict *verdict, struct json_object *result)
{
    struct begin *begin = ctx;
    struct telegram_verdict last = *verdict;
    int64_t wait_ms = 0;
    if (begin->tg->canceling && (last.class == TELEGRAM_RETRY || last.class == TELEGRAM_AMBIGUOUS))
        last.class = TELEGRAM_CANCELED;
    if (last.class == TELEGRAM_OK && begin->step == 0 && !take_identity(begin, result))
        last.class = TELEGRAM_BAD;
    if (last.class != TELEGRAM_OK) {
        char line[256];
        telegram_verdict_line(&last, line, sizeof line);
        log_warn("telegram", "start-up, step %d of %d: %s", begin->step + 1, STEPS, line);
        if (begin->step == 0 && last.class != TELEGRAM_CANCELED)
            wait_ms = ask_again_ms(begin, &last);
        if (last.class == TELEGRAM_CANCELED || wait_ms < 0) {
            finish(begin, &last);
            return;
        }
    }
    if (last.class == TELEGRAM_OK || begin->step > 0)
        begin->step++;
    last.class = TELEGRAM_OK;
    if (begin->step == STEPS) {
        finish(begin, &last);
        return;
    }
    if (next_step(begin, begin->tg->now_ms, wait_ms) != ERR_OK) {
        last.class = TELEGRAM_BAD;
        finish(begin, &last);
    }
}

enum err telegram_begin(struct telegram *tg, int64_t now_ms, const struct telegram_menu *menu, telegram_ready_fn *ready,
                        void *ctx)
{
    if (menu->count > TELEGRAM_COMMANDS_MAX)
        return ERR_INVALID;
    struct begin *begin = memory_need(calloc(1, sizeof *begin));
    begin->tg = tg;
    begin->ready = ready;
    begin->ctx = ctx;
    for (size_t i = 0; i < TELLS; i++)
        begin->tells[i] = tell_params(menu, i);
    enum err err = next_step(begin, now_ms, 0);
    if (err != ERR_OK)
        drop(begin);
    return err;
}
