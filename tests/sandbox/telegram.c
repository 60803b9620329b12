/* How a Bot API call gets to its method: token, method, parameters with their types, and the answers.
 *
 * Stricter than the real server on purpose: it ignores unknown fields and reads garbage numbers as 0, here both are
 * refused, because each is a mistake of ours that production would hide. Error texts are Telegram's where known.
 * Nothing of the path but the method may get into the record: the path holds the token.
 */
#include "tests/sandbox/telegram.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "tests/sandbox/faults.h"
#include "tests/sandbox/files.h"
#include "tests/sandbox/topics.h"
#include "tests/sandbox/types.h"

#define FLOOD_GLOBAL_BURST_S 2 /* of messages at once, for a sender whose clock is not ours */

void telegram_done(struct request *request, struct buf *result)
{
    struct buf body = {0};
    buf_adds(&body, "{\"ok\":true,\"result\":");
    buf_add(&body, result->at, result->len);
    buf_adds(&body, "}");
    buf_done(result);
    http_answer_json(request, 200, &body);
}

void telegram_true(struct request *request)
{
    struct buf result = {0};
    buf_adds(&result, "true");
    telegram_done(request, &result);
}

void telegram_fail(struct request *request, unsigned status, const char *format, ...)
{
    char text[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    struct buf body = {0};
    buf_addf(&body, "{\"ok\":false,\"error_code\":%u,\"description\":", status);
    buf_add_json(&body, text);
    if (request->retry_after > 0)
        buf_addf(&body, ",\"parameters\":{\"retry_after\":%ld}", request->retry_after);
    buf_adds(&body, "}");
    http_answer_json(request, status, &body);
}

json_object *telegram_param(const struct request *request, const char *name)
{
    json_object *value = NULL;
    return json_object_object_get_ex(request->params, name, &value) ? value : NULL;
}

const char *telegram_text(const struct request *request, const char *name)
{
    json_object *value = telegram_param(request, name);
    return value == NULL ? NULL : json_object_get_string(value);
}

int64_t telegram_int(const struct request *request, const char *name)
{
    return json_object_get_int64(telegram_param(request, name));
}

bool telegram_flag(const struct request *request, const char *name)
{
    return json_object_get_boolean(telegram_param(request, name));
}

static json_object *number_of(const char *text)
{
    char *end = NULL;
    double number = strtod(text, &end);
    bool ok = end != text && *end == '\0' && strspn(text, "+-.0123456789eE") == strlen(text);
    return ok ? json_object_new_double(number) : NULL;
}

static json_object *integer_of(const char *text)
{
    char *end = NULL;
    errno = 0;
    long long number = strtoll(text, &end, 10);
    return errno != 0 || end == text || *end != '\0' ? NULL : json_object_new_int64(number);
}

/* A form's text as the field's type; NULL when it can't be. */
static json_object *from_text(enum field_type type, const char *text, size_t len)
{
    json_object *value = NULL;
    switch (type) {
    case FIELD_INT: return integer_of(text);
    case FIELD_NUMBER: return number_of(text);
    case FIELD_CHAT: value = integer_of(text); return value != NULL ? value : json_object_new_string(text);
    case FIELD_BOOL:
        if (strcmp(text, "true") == 0 || strcmp(text, "1") == 0)
            return json_object_new_boolean(1);
        return strcmp(text, "false") == 0 || strcmp(text, "0") == 0 ? json_object_new_boolean(0) : NULL;
    case FIELD_OBJECT:
    case FIELD_ARRAY:
        value = json_tokener_parse(text);
        if (value != NULL && json_object_is_type(value, type == FIELD_ARRAY ? json_type_array : json_type_object))
            return value;
        json_object_put(value);
        return NULL;
    case FIELD_TEXT:
    case FIELD_FILE: return json_object_new_string_len(text, (int)len);
    case FIELD_END: break;
    }
    return NULL;
}

static bool has_type(enum field_type type, json_object *value)
{
    switch (type) {
    case FIELD_INT: return json_object_is_type(value, json_type_int);
    case FIELD_NUMBER: return json_object_is_type(value, json_type_int) || json_object_is_type(value, json_type_double);
    case FIELD_CHAT: return json_object_is_type(value, json_type_int) || json_object_is_type(value, json_type_string);
    case FIELD_BOOL: return json_object_is_type(value, json_type_boolean);
    case FIELD_OBJECT: return json_object_is_type(value, json_type_object);
    case FIELD_ARRAY: return json_object_is_type(value, json_type_array);
    case FIELD_TEXT:
    case FIELD_FILE: return json_object_is_type(value, json_type_string);
    case FIELD_END: break;
    }
    return false;
}

static const struct field *field_of(const struct method *method, const char *name)
{
    for (const struct field *field = method->fields; field->type != FIELD_END; field++) {
        if (strcmp(field->name, name) == 0)
            return field;
    }
    return NULL;
}

struct reading {
    struct request *request;
    const struct method *method;
    bool ok;
};

static bool take_text(struct reading *reading, const char *name, const char *text, size_t len)
{
    const struct field *field = field_of(reading->method, name);
    if (strcmp(name, "method") == 0 && strcasecmp(text, reading->method->name) == 0)
        return true; /* a well-known library repeats it in its forms */
    if (field == NULL) {
        telegram_fail(reading->request, 400, "Bad Request: unknown parameter \"%s\"", name);
        return reading->ok = false;
    }
    json_object *value = from_text(field->type, text, len);
    if (value == NULL) {
        telegram_fail(reading->request, 400, "Bad Request: can't parse parameter \"%s\"", name);
        return reading->ok = false;
    }
    json_object_object_add(reading->request->params, name, value);
    return true;
}

static enum MHD_Result take_query(void *context, enum MHD_ValueKind kind, const char *name, const char *value)
{
    (void)kind;
    const char *text = value == NULL ? "" : value;
    return take_text(context, name, text, strlen(text)) ? MHD_YES : MHD_NO;
}

static bool take_json(struct reading *reading)
{
    struct request *request = reading->request;
    json_object *body = json_tokener_parse(request->body.at == NULL ? "" : request->body.at);
    if (!json_object_is_type(body, json_type_object)) {
        json_object_put(body);
        telegram_fail(request, 400, "Bad Request: can't parse JSON object");
        return false;
    }
    json_object_object_foreach(body, name, value)
    {
        const struct field *field = field_of(reading->method, name);
        if (field == NULL || !has_type(field->type, value)) {
            telegram_fail(request, 400, "Bad Request: %s parameter \"%s\"", field == NULL ? "unknown" : "can't parse",
                          name);
            json_object_put(body);
            return false;
        }
        json_object_object_add(request->params, name, json_object_get(value));
    }
    json_object_put(body);
    return true;
}

/* A file part that nothing refers to is a mistake of the caller's. */
static bool is_referred(const struct reading *reading, const char *part)
{
    const struct field *field = field_of(reading->method, part);
    if (field != NULL)
        return field->type == FIELD_FILE;
    char attach[128];
    int len = snprintf(attach, sizeof(attach), "attach://%s", part);
    if (len < 0 || (size_t)len >= sizeof(attach))
        return false;
    const char *params = json_object_to_json_string_ext(reading->request->params,
                                                        JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
    const char *at = strstr(params, attach);
    return at != NULL && at[len] == '"';
}

static bool take_parts(struct reading *reading)
{
    struct request *request = reading->request;
    for (size_t i = 0; i < request->part_count; i++) {
        struct part *part = &request->parts[i];
        if (!part->is_file) {
            if (!take_text(reading, part->name, part->bytes.at, part->bytes.len))
                return false;
            continue;
        }
        json_object *file = json_object_new_object();
        json_object_object_add(file, "file", json_object_new_string(part->filename));
        json_object_object_add(file, "bytes", json_object_new_int64((int64_t)part->bytes.len));
        json_object_object_add(file, "type", json_object_new_string(part->mime == NULL ? "" : part->mime));
        json_object_object_add(request->params, part->name, file);
    }
    for (size_t i = 0; i < request->part_count; i++) {
        if (request->parts[i].is_file && !is_referred(reading, request->parts[i].name)) {
            telegram_fail(request, 400, "Bad Request: unknown parameter \"%s\"", request->parts[i].name);
            return false;
        }
    }
    return true;
}

/* What is needed is there, and objects hold what they may. */
static bool check_params(struct request *request, const struct method *method)
{
    for (const struct field *field = method->fields; field->type != FIELD_END; field++) {
        if (field->required && telegram_param(request, field->name) == NULL) {
            bool is_text = strcmp(field->name, "text") == 0;
            telegram_fail(request, 400, "Bad Request: %s is empty", is_text ? "message text" : field->name);
            return false;
        }
    }
    bool ok = true;
    struct buf why = {0};
    json_object_object_foreach(request->params, name, value)
    {
        ok = ok && types_check(name, value, &why);
    }
    if (!ok)
        telegram_fail(request, 400, "Bad Request: %s", why.at);
    buf_done(&why);
    return ok;
}

static bool read_params(struct request *request, const struct method *method)
{
    struct reading reading = {.request = request, .method = method, .ok = true};
    request->params = json_object_new_object();
    MHD_get_connection_values(request->connection, MHD_GET_ARGUMENT_KIND, take_query, &reading);
    if (!reading.ok)
        return false;
    const char *type = http_header(request, MHD_HTTP_HEADER_CONTENT_TYPE);
    if (request->body.len > 0 && (type == NULL || strncasecmp(type, "application/json", 16) != 0)) {
        telegram_fail(request, 400, "Bad Request: unsupported content type");
        return false;
    }
    if (request->malformed) {
        telegram_fail(request, 400, "Bad Request: can't parse multipart/form-data");
        return false;
    }
    if (request->body.len > 0 ? !take_json(&reading) : !take_parts(&reading))
        return false;
    return check_params(request, method);
}

/* The path behind "/bot<token>/" or "/file/bot<token>/", or NULL when the token is not ours. */
static const char *behind_token(const struct request *request, const char *prefix)
{
    const char *at = request->path + strlen(prefix);
    size_t len = strlen(request->sb->opt.token);
    return strncmp(at, request->sb->opt.token, len) == 0 && at[len] == '/' ? at + len + 1 : NULL;
}

/* Whether a token of the right shape stands behind "/bot", as the front proxy sees it: digits, a colon, base64url. */
static bool has_token(const struct request *request)
{
    const char *token = request->path + strlen("/bot");
    size_t digits = strspn(token, "0123456789");
    if (digits == 0 || token[digits] != ':')
        return false;
    const char *secret = token + digits + 1;
    size_t len = strspn(secret, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_-");
    return len > 0 && secret[len] == '/';
}

void telegram_serve(struct request *request)
{
    request->service = "telegram";
    const char *name = behind_token(request, "/bot");
    const struct method *method = name == NULL ? NULL : telegram_method(name);
    snprintf(request->method, sizeof(request->method), "%s", method == NULL ? "?" : method->name);
    if (faults_before(request))
        return;
    if (name == NULL && !has_token(request))
        telegram_fail(request, 404, "Not Found");
    else if (name == NULL)
        telegram_fail(request, 401, "Unauthorized");
    else if (method == NULL)
        telegram_fail(request, 404, "Not Found: method not found");
    else if (request->too_large)
        telegram_fail(request, 413, "Request Entity Too Large");
    else if (strcmp(request->http_method, "GET") != 0 && strcmp(request->http_method, "POST") != 0)
        telegram_fail(request, 405, "Method Not Allowed: unsupported HTTP method");
    else if (read_params(request, method))
        method->run(request);
}

void telegram_serve_file(struct request *request)
{
    struct sandbox *sb = request->sb;
    request->service = "file";
    const char *path = behind_token(request, "/file/bot");
    snprintf(request->method, sizeof(request->method), "%.40s", path == NULL ? "?" : path);
    if (faults_before(request))
        return;
    struct file *file = path == NULL ? NULL : files_find_path(sb, path);
    char *bytes = NULL;
    size_t size = 0;
    if (path == NULL)
        telegram_fail(request, 401, "Unauthorized");
    else if (file == NULL || sandbox_now_ms(sb) > file->link_until_ms)
        telegram_fail(request, 404, "Not Found");
    else if (files_bytes(sb, file, &bytes, &size) != ERR_OK)
        telegram_fail(request, 500, "Internal Server Error");
    else {
        http_answer(request, 200, "application/octet-stream", bytes, size);
        request->no_store_record = true;
    }
}

struct user *telegram_chat(struct request *request)
{
    struct user *user = world_user(request->sb, telegram_int(request, "chat_id"));
    if (telegram_param(request, "chat_id") == NULL)
        telegram_fail(request, 400, "Bad Request: chat_id is empty");
    else if (user == NULL)
        telegram_fail(request, 400, "Bad Request: chat not found");
    return user;
}

/* Seconds until one more message may go, 0 when `count` may now (and are taken). The bucket is as deep as `burst`. */
static long bucket_take(struct bucket *bucket, double rate, double burst, unsigned count)
{
    int64_t now_ms = sandbox_mono_ms();
    bucket->level += bucket->at_ms == 0 ? burst : (double)(now_ms - bucket->at_ms) * rate / 1000;
    bucket->at_ms = now_ms;
    if (bucket->level > burst)
        bucket->level = burst;
    if (bucket->level < 1)
        return (long)((1 - bucket->level) / rate) + 1;
    bucket->level -= count; /* an album may overdraw: its messages come at once */
    return 0;
}

bool telegram_take_thread(struct request *request, const struct user *user)
{
    int64_t id = telegram_int(request, "message_thread_id");
    if (id == 0 || topics_has(user, id))
        return true;
    telegram_fail(request, 400, "Bad Request: message thread not found");
    return false;
}

static long flood_wait_s(struct sandbox *sb, struct user *user, unsigned messages)
{
    long wait_s = 0;
    if (sb->opt.flood_chat > 0)
        wait_s = bucket_take(&user->flood, sb->opt.flood_chat, sb->opt.flood_burst, messages);
    if (wait_s == 0 && sb->opt.flood_global > 0)
        wait_s = bucket_take(&sb->flood, sb->opt.flood_global, sb->opt.flood_global * FLOOD_GLOBAL_BURST_S, messages);
    sb->floods += wait_s > 0;
    return wait_s;
}

bool telegram_is_reachable(struct request *request, const struct user *user)
{
    if (user->blocked)
        telegram_fail(request, 403, "Forbidden: bot was blocked by the user");
    else if (!user->started)
        telegram_fail(request, 403, "Forbidden: bot can't initiate conversation with a user");
    return user->started && !user->blocked;
}

struct user *telegram_chat_to_write(struct request *request, unsigned messages)
{
    struct sandbox *sb = request->sb;
    struct user *user = telegram_chat(request);
    if (user == NULL || !telegram_is_reachable(request, user))
        return NULL;
    if (!telegram_take_thread(request, user))
        return NULL;
    long wait_s = flood_wait_s(sb, user, messages);
    if (wait_s > 0) {
        request->retry_after = wait_s;
        telegram_fail(request, 429, "Too Many Requests: retry after %ld", wait_s);
        return NULL;
    }
    return user;
}
