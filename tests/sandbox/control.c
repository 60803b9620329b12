/* The control API and the pages: state, users, chats, files, money, faults, the clock, the log.
 *
 * It is neither recorded nor disturbed by faults. Answers are JSON; a mistake is {"error":"…"} with a 4xx status.
 */
#include "tests/sandbox/control.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sandbox/faults.h"
#include "tests/sandbox/files.h"
#include "tests/sandbox/journal.h"
#include "tests/sandbox/load.h"
#include "tests/sandbox/notices.h"
#include "tests/sandbox/pages.h"
#include "tests/sandbox/payments.h"
#include "tests/sandbox/receipts.h"
#include "tests/sandbox/record.h"
#include "tests/sandbox/refunds.h"
#include "tests/sandbox/stars.h"
#include "tests/sandbox/tax.h"
#include "tests/sandbox/updates.h"

#define CHAT_WAIT_MAX_MS 60000

void control_fail(struct request *request, unsigned status, const char *format, ...)
{
    char text[256];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    struct buf body = {0};
    buf_adds(&body, "{\"error\":");
    buf_add_json(&body, text);
    buf_adds(&body, "}");
    http_answer_json(request, status, &body);
}

void control_ok(struct request *request)
{
    http_answer_static(request, 200, "application/json", "{\"ok\":true}", 11);
}

static json_object *param(const struct request *request, const char *name)
{
    json_object *value = NULL;
    return json_object_object_get_ex(request->params, name, &value) ? value : NULL;
}

const char *control_text(struct request *request, const char *name)
{
    json_object *value = param(request, name);
    return value == NULL ? http_query(request, name) : json_object_get_string(value);
}

int64_t control_int(struct request *request, const char *name, int64_t otherwise)
{
    json_object *value = param(request, name);
    return value == NULL ? http_query_int(request, name, otherwise) : json_object_get_int64(value);
}

bool control_flag(struct request *request, const char *name)
{
    json_object *value = param(request, name);
    return value == NULL ? http_query_int(request, name, 0) != 0 : json_object_get_boolean(value);
}

static void add_user(struct buf *out, const struct user *user)
{
    buf_addf(out, "{\"id\":%" PRId64 ",\"first_name\":", user->id);
    buf_add_json(out, user->first_name);
    buf_adds(out, ",\"username\":");
    user->username == NULL ? buf_adds(out, "null") : buf_add_json(out, user->username);
    buf_adds(out, ",\"language_code\":");
    user->language_code == NULL ? buf_adds(out, "null") : buf_add_json(out, user->language_code);
    buf_addf(out, ",\"blocked\":%s}", user->blocked ? "true" : "false");
}

/* The commands of the default scopes by language; those for private chats win. */
static void add_commands(const struct sandbox *sb, struct buf *out)
{
    json_object *by_language = json_object_new_object();
    static const char *const scopes[] = {"commands|default|", "commands|all_private_chats|"};
    for (size_t i = 0; i < 2; i++) {
        json_object_object_foreach(sb->world.settings, key, value)
        {
            if (strncmp(key, scopes[i], strlen(scopes[i])) == 0)
                json_object_object_add(by_language, key + strlen(scopes[i]), json_object_get(value));
        }
    }
    buf_adds(out, json_object_to_json_string_ext(by_language, JSON_C_TO_STRING_PLAIN));
    json_object_put(by_language);
}

static void state(struct request *request)
{
    struct sandbox *sb = request->sb;
    struct buf out = {0};
    buf_adds(&out, "{\"bot\":");
    world_add_bot_json(sb, &out);
    buf_addf(&out, ",\"now_ms\":%" PRId64 ",\"pending_updates\":%zu,\"floods\":%ld,\"commands\":", sandbox_now_ms(sb),
             updates_pending(sb), sb->floods);
    add_commands(sb, &out);
    buf_addf(&out, ",\"settings\":%s,\"users\":[",
             json_object_to_json_string_ext(sb->world.settings, JSON_C_TO_STRING_PLAIN));
    for (size_t i = 0; i < sb->world.user_count; i++) {
        buf_adds(&out, i == 0 ? "" : ",");
        add_user(&out, sb->world.user_list[i]);
    }
    buf_adds(&out, "]}");
    http_answer_json(request, 200, &out);
}

static void users_add(struct request *request)
{
    const char *first_name = control_text(request, "first_name");
    if (first_name == NULL || first_name[0] == '\0') {
        control_fail(request, 400, "first_name is needed");
        return;
    }
    int64_t id = control_int(request, "id", 0);
    struct user *user = id < 0 ? NULL
                               : world_user_add(request->sb, id, first_name, control_text(request, "username"),
                                                control_text(request, "language_code"));
    if (user == NULL) {
        control_fail(request, 409, "there is such a user already");
        return;
    }
    struct buf out = {0};
    add_user(&out, user);
    http_answer_json(request, 200, &out);
}

static void chat(struct request *request, struct user *user)
{
    int64_t wait_ms = http_query_int(request, "wait_ms", 0);
    request->chat = user;
    if (http_query_int(request, "version", -1) == user->version && wait_ms > 0) {
        request->next_waiter = user->waiters;
        user->waiters = request;
        http_wait(request, WAIT_CHAT, wait_ms > CHAT_WAIT_MAX_MS ? CHAT_WAIT_MAX_MS : wait_ms);
        return;
    }
    control_chat_answer(request);
}

static void chats(struct request *request, const char *path)
{
    char *end = NULL;
    int64_t id = strtoll(path, &end, 10);
    struct user *user = world_user(request->sb, id);
    if (user == NULL)
        control_fail(request, 404, "no such user");
    else if (*end == '\0' && strcmp(request->http_method, "GET") == 0)
        chat(request, user);
    else if (*end == '/' && strcmp(request->http_method, "POST") == 0)
        control_user_serve(request, user, end + 1);
    else
        control_fail(request, 404, "no such path");
}

static void file_bytes(struct request *request, const char *id)
{
    struct file *file = files_find(request->sb, id);
    char *bytes = NULL;
    size_t size = 0;
    if (file == NULL)
        control_fail(request, 404, "no such file");
    else if (files_bytes(request->sb, file, &bytes, &size) != ERR_OK)
        control_fail(request, 500, "can't read the file");
    else
        http_answer(request, 200, file->mime, bytes, size);
}

static void faults(struct request *request)
{
    struct buf out = {0};
    if (strcmp(request->http_method, "DELETE") == 0) {
        faults_clear(request->sb);
        control_ok(request);
        return;
    }
    if (strcmp(request->http_method, "POST") == 0) {
        long id = 0;
        const char *why = faults_add(request->sb, request->params, &id);
        if (why != NULL) {
            control_fail(request, 400, "%s", why);
            return;
        }
        buf_addf(&out, "{\"id\":%ld}", id);
    } else {
        faults_add_json(request->sb, &out);
    }
    http_answer_json(request, 200, &out);
}

static void clock_move(struct request *request)
{
    struct sandbox *sb = request->sb;
    struct buf out = {0};
    int64_t advance_ms = control_int(request, "advance_ms", 0);
    if (advance_ms < 0) {
        control_fail(request, 400, "the clock only goes forward");
        return;
    }
    sb->clock_shift_ms += advance_ms;
    journal_state(sb);
    buf_addf(&out, "{\"now_ms\":%" PRId64 "}", sandbox_now_ms(sb));
    http_answer_json(request, 200, &out);
}

/* How YooKassa knows the shop: which receipts it needs, and whether it is a test shop. */
static void shop(struct request *request)
{
    struct shop *shop = &request->sb->world.shop;
    const char *receipts = control_text(request, "receipts");
    if (receipts != NULL && strcmp(receipts, "optional") != 0 && strcmp(receipts, "required") != 0 &&
        strcmp(receipts, "yookassa") != 0) {
        control_fail(request, 400, "receipts is optional, required or yookassa");
        return;
    }
    if (receipts != NULL)
        snprintf(shop->receipts, sizeof(shop->receipts), "%s", receipts);
    if (param(request, "live") != NULL)
        shop->is_live = control_flag(request, "live");
    journal_state(request->sb);
    struct buf out = {0};
    buf_addf(&out, "{\"receipts\":\"%s\",\"live\":%s}", shop->receipts, shop->is_live ? "true" : "false");
    http_answer_json(request, 200, &out);
}

static void request_log(struct request *request)
{
    struct buf out = {0};
    record_add_json(request->sb, &out, http_query(request, "service"), http_query(request, "method"),
                    http_query_int(request, "since", 0));
    http_answer_json(request, 200, &out);
}

static void reset(struct request *request)
{
    struct sandbox *sb = request->sb;
    for (size_t i = 0; i < sb->world.user_count; i++)
        http_wake_chat(sb, sb->world.user_list[i]);
    faults_clear(sb);
    record_clear(sb);
    load_done(sb);
    notices_reset(sb);
    world_done(sb);
    free(sb->webhook_url);
    sb->webhook_url = NULL;
    sb->clock_shift_ms = 0;
    sb->flood = (struct bucket){0};
    sb->floods = 0;
    sb->prev_poll_ms = 0;
    world_init(sb);
    journal_reset(sb);
    control_ok(request);
}

static void restart_ids(struct request *request)
{
    struct buf out = {0};
    updates_restart_ids(request->sb);
    buf_addf(&out, "{\"next_update_id\":%" PRId64 "}", request->sb->world.next_update_id);
    http_answer_json(request, 200, &out);
}

static bool read_body(struct request *request)
{
    if (request->body.len == 0)
        return true;
    request->params = json_tokener_parse(request->body.at);
    return json_object_is_type(request->params, json_type_object);
}

static const char *behind(const char *path, const char *prefix)
{
    size_t len = strlen(prefix);
    return strncmp(path, prefix, len) == 0 ? path + len : NULL;
}

/* Money: YooKassa's side and the tax service's. False: it is something else. */
static bool serve_money(struct request *request)
{
    const char *path = request->path, *rest = NULL;
    if ((rest = behind(path, "/api/payments")) != NULL)
        payments_control(request, rest);
    else if ((rest = behind(path, "/api/refunds")) != NULL)
        refunds_control(request, rest);
    else if ((rest = behind(path, "/api/receipts")) != NULL)
        receipts_control(request, rest);
    else if (strcmp(path, "/api/stars") == 0)
        stars_control(request);
    else if (strcmp(path, "/api/notices") == 0)
        notices_control(request);
    else if (strcmp(path, "/api/shop") == 0)
        shop(request);
    else if ((rest = behind(path, "/api/tax")) != NULL)
        tax_control(request, rest);
    else
        return false;
    return true;
}

void control_serve(struct request *request)
{
    const char *path = request->path, *rest = NULL;
    bool is_post = strcmp(request->http_method, "POST") == 0;
    if (strcmp(path, "/") == 0)
        pages_serve(request, "index.html");
    else if ((rest = behind(path, "/page/")) != NULL)
        pages_serve(request, rest);
    else if (behind(path, "/checkout/") != NULL)
        pages_serve(request, "checkout.html");
    else if (!read_body(request) || request->malformed)
        control_fail(request, 400, "the body is neither a JSON object nor a form");
    else if (strcmp(path, "/api/state") == 0)
        state(request);
    else if (strcmp(path, "/api/users") == 0 && is_post)
        users_add(request);
    else if ((rest = behind(path, "/api/chats/")) != NULL)
        chats(request, rest);
    else if ((rest = behind(path, "/api/files/")) != NULL)
        file_bytes(request, rest);
    else if (serve_money(request))
        return;
    else if (strcmp(path, "/api/faults") == 0)
        faults(request);
    else if (strcmp(path, "/api/clock") == 0 && is_post)
        clock_move(request);
    else if (strcmp(path, "/api/load") == 0)
        load_serve(request);
    else if (strcmp(path, "/api/log") == 0)
        request_log(request);
    else if (strcmp(path, "/api/reset") == 0 && is_post)
        reset(request);
    else if (strcmp(path, "/api/updates/restart_ids") == 0 && is_post)
        restart_ids(request);
    else
        control_fail(request, 404, "no such path");
}
