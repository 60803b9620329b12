/* The first calls of a life: who am I, no webhook (what waits is kept: people wrote while we were away), and the menu
 * of commands for private chats: once without a language for everybody, then once for each language. One after the
 * other; what is transient is tried again without end, because a daemon that starts before its network must wait, not
 * die. Must not touch updates. */
#include "bot/telegram/poll.h"

#include <stdlib.h>
#include <string.h>
#include "bot/log.h"
#include "bot/telegram/private.h"

enum { LANGUAGES = 2, MENUS = LANGUAGES + 1, STEPS = 2 + MENUS, USERNAME_MAX_BYTES = 64 };

struct begin {
    struct telegram *tg;
    telegram_ready_fn *ready;
    void *ctx;
    int step;
    char *menus[MENUS]; /* parameters of setMyCommands */
    int64_t id;
    char username[USERNAME_MAX_BYTES];
};

static void must(int failed)
{
    if (failed != 0)
        abort();
}

static char *menu_params(const struct telegram_menu *menu, size_t language, bool with_language)
{
    struct json_object *params = json_object_new_object(), *commands = json_object_new_array();
    struct json_object *scope = json_object_new_object();
    must(params == NULL || commands == NULL || scope == NULL);
    for (size_t i = 0; i < menu->count; i++) {
        struct json_object *command = json_object_new_object();
        must(command == NULL);
        must(json_object_object_add(command, "command", json_object_new_string(menu->commands[i].name)));
        must(json_object_object_add(command, "description",
                                    json_object_new_string(menu->commands[i].description[language])));
        must(json_object_array_add(commands, command));
    }
    must(json_object_object_add(scope, "type", json_object_new_string("all_private_chats")));
    must(json_object_object_add(params, "commands", commands));
    must(json_object_object_add(params, "scope", scope));
    if (with_language)
        must(json_object_object_add(params, "language_code", json_object_new_string(menu->languages[language])));
    char *text = strdup(json_object_to_json_string_ext(params, JSON_C_TO_STRING_PLAIN));
    must(text == NULL);
    json_object_put(params);
    return text;
}

static void finish(struct begin *begin, const struct telegram_verdict *verdict)
{
    struct telegram_identity identity = {.id = begin->id, .username = begin->username};
    begin->ready(begin->ctx, verdict, verdict->class == TELEGRAM_OK ? &identity : NULL);
    for (size_t i = 0; i < MENUS; i++)
        free(begin->menus[i]);
    free(begin);
}

static void on_step(void *ctx, const struct telegram_verdict *verdict, struct json_object *result);

static enum err next_step(struct begin *begin, int64_t now_ms)
{
    struct telegram_call call = {.method = "setMyCommands", .effect = EFFECT_IDEMPOTENT};
    if (begin->step == 0) {
        call.method = "getMe";
    } else if (begin->step == 1) {
        call.method = "deleteWebhook";
        call.params_json = "{\"drop_pending_updates\":false}";
    } else {
        call.params_json = begin->menus[begin->step - 2];
    }
    return telegram_call(begin->tg, now_ms, &call, on_step, begin);
}

static bool take_identity(struct begin *begin, struct json_object *me)
{
    struct json_object *id = NULL, *username = NULL;
    if (!json_object_object_get_ex(me, "id", &id) || !json_object_object_get_ex(me, "username", &username) ||
        json_object_get_int64(id) <= 0 || !json_object_is_type(username, json_type_string) ||
        (size_t)json_object_get_string_len(username) >= USERNAME_MAX_BYTES)
        return false;
    begin->id = json_object_get_int64(id);
    memcpy(begin->username, json_object_get_string(username), (size_t)json_object_get_string_len(username) + 1);
    return true;
}

static void on_step(void *ctx, const struct telegram_verdict *verdict, struct json_object *result)
{
    struct begin *begin = ctx;
    struct telegram_verdict last = *verdict;
    bool again = last.class == TELEGRAM_RETRY || last.class == TELEGRAM_AMBIGUOUS;
    if (begin->tg->stopping && again)
        last.class = TELEGRAM_CANCELED;
    if (last.class == TELEGRAM_OK && begin->step == 0 && !take_identity(begin, result))
        last.class = TELEGRAM_BAD;
    bool fatal = last.class == TELEGRAM_UNAUTHORIZED || last.class == TELEGRAM_CANCELED;
    if (last.class != TELEGRAM_OK) {
        char line[256];
        telegram_verdict_line(&last, line, sizeof line);
        log_warn("telegram", "start-up, step %d of %d: %s", begin->step + 1, STEPS, line);
        if (fatal || (!again && begin->step < 2)) {
            finish(begin, &last);
            return;
        }
    }
    if (last.class == TELEGRAM_OK || !again)
        begin->step++;
    last.class = TELEGRAM_OK;
    if (begin->step == STEPS) {
        finish(begin, &last);
        return;
    }
    if (next_step(begin, begin->tg->now_ms) != ERR_OK) {
        last.class = TELEGRAM_BAD;
        finish(begin, &last);
    }
}

enum err telegram_begin(struct telegram *tg, int64_t now_ms, const struct telegram_menu *menu, telegram_ready_fn *ready,
                        void *ctx)
{
    if (menu->count > TELEGRAM_COMMANDS_MAX)
        return ERR_INVALID;
    struct begin *begin = calloc(1, sizeof *begin);
    must(begin == NULL);
    begin->tg = tg;
    begin->ready = ready;
    begin->ctx = ctx;
    begin->menus[0] = menu_params(menu, 0, false);
    for (size_t i = 0; i < LANGUAGES; i++)
        begin->menus[i + 1] = menu_params(menu, i, true);
    enum err err = next_step(begin, now_ms);
    if (err != ERR_OK) {
        for (size_t i = 0; i < MENUS; i++)
            free(begin->menus[i]);
        free(begin);
    }
    return err;
}
