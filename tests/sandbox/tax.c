/* "Мой налог": who is signed in. Its shapes are those that public clients of its unofficial API know; what none of them
 * tells (codes of errors, how strict it is) is taken on the strict side.
 *
 * A login by INN and password gives a device an access token of an hour and a refresh token without an end, and every
 * access token given before is void, whatever the device. Refreshing needs the device that the token was given to.
 * Passwords and tokens stay out of the record.
 */
#include "tests/sandbox/tax.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sandbox/control.h"
#include "tests/sandbox/faults.h"
#include "tests/sandbox/fields.h"
#include "tests/sandbox/journal.h"
#include "tests/sandbox/payments.h"
#include "tests/sandbox/yookassa.h"

#define TOKEN_LIFE_MS (3600LL * 1000)
#define DEVICE_MAX 63

void tax_fail(struct request *request, unsigned status, const char *code, const char *message)
{
    struct buf out = {0};
    buf_addf(&out, "{\"code\":\"%s\",\"message\":", code);
    buf_add_json(&out, message);
    buf_adds(&out, ",\"additionalInfo\":null}");
    http_answer_json(request, status, &out);
}

static void make_secret(struct sandbox *sb, char text[40])
{
    snprintf(text, 40, "%012" PRIx64 "%012" PRIx64 "%012" PRIx64, sandbox_random(sb) & 0xffffffffffff,
             sandbox_random(sb) & 0xffffffffffff, sandbox_random(sb) & 0xffffffffffff);
}

static void answer_token(struct request *request, const struct tax_token *token)
{
    const struct sandbox *sb = request->sb;
    char expires[32];
    struct buf out = {0};
    payments_time(token->expires_ms, expires);
    buf_addf(&out,
             "{\"refreshToken\":\"%s\",\"refreshTokenExpiresIn\":null,\"token\":\"%s\",\"tokenExpireIn\":\"%s\","
             "\"profile\":{\"id\":1000000,\"inn\":\"%s\",\"displayName\":\"Иванов И. И.\",\"status\":\"ACTIVE\","
             "\"phone\":\"79990000000\",\"email\":null,\"snils\":null,\"restrictedMode\":false}}",
             token->refresh, token->access, expires, sb->opt.inn);
    http_answer_json(request, 200, &out);
}

/* The device a request comes from, or NULL: the call has failed. */
static const char *device_of(struct request *request, json_object *body)
{
    json_object *info = fields_member(body, "deviceInfo", json_type_object);
    const char *id = fields_text(info, "sourceDeviceId"), *type = fields_text(info, "sourceType");
    const char *agent = fields_text(fields_member(info, "metaDetails", json_type_object), "userAgent");
    if (id == NULL || id[0] == '\0' || strlen(id) > DEVICE_MAX || type == NULL || agent == NULL ||
        fields_text(info, "appVersion") == NULL) {
        tax_fail(request, 400, "validation.failed",
                 "deviceInfo must have sourceDeviceId, sourceType, appVersion and metaDetails.userAgent");
        return NULL;
    }
    return id;
}

static struct tax_token *token_of_device(struct sandbox *sb, const char *device)
{
    struct world *world = &sb->world;
    for (size_t i = 0; i < world->token_count; i++) {
        if (strcmp(world->token_list[i]->device, device) == 0)
            return world->token_list[i];
    }
    struct tax_token *token = mem_new(sizeof(*token));
    snprintf(token->device, sizeof(token->device), "%s", device);
    world_push((void ***)&world->token_list, &world->token_count, &world->token_room, token);
    return token;
}

static void void_all(struct sandbox *sb, bool refresh_too)
{
    for (size_t i = 0; i < sb->world.token_count; i++) {
        struct tax_token *token = sb->world.token_list[i];
        token->access[0] = '\0';
        if (refresh_too)
            token->refresh[0] = '\0';
        journal_tax_token(sb, token);
    }
}

static void give_access(struct request *request, struct tax_token *token)
{
    make_secret(request->sb, token->access);
    token->expires_ms = sandbox_now_ms(request->sb) + TOKEN_LIFE_MS;
    journal_tax_token(request->sb, token);
    answer_token(request, token);
}

static void login(struct request *request, json_object *body)
{
    struct sandbox *sb = request->sb;
    const char *username = fields_text(body, "username"), *password = fields_text(body, "password");
    const char *device = device_of(request, body);
    if (device == NULL)
        return;
    if (username == NULL || password == NULL || strcmp(username, sb->opt.inn) != 0 ||
        strcmp(password, sb->opt.inn_password) != 0) {
        tax_fail(request, 401, "authentication.failed",
                 "Неверный ИНН или пароль от личного кабинета налогоплательщика - физического лица. Проверьте "
                 "правильность введенных данных и повторите попытку.");
        return;
    }
    struct tax_token *token = token_of_device(sb, device);
    void_all(sb, false);
    make_secret(sb, token->refresh);
    give_access(request, token);
}

static void refresh(struct request *request, json_object *body)
{
    struct sandbox *sb = request->sb;
    const char *given = fields_text(body, "refreshToken"), *device = device_of(request, body);
    if (device == NULL)
        return;
    for (size_t i = 0; i < sb->world.token_count; i++) {
        struct tax_token *token = sb->world.token_list[i];
        if (given != NULL && token->refresh[0] != '\0' && strcmp(token->refresh, given) == 0 &&
            strcmp(token->device, device) == 0) {
            give_access(request, token);
            return;
        }
    }
    tax_fail(request, 401, "authentication.failed", "Сессия устарела. Войдите ещё раз.");
}

/* Whose token came with the request; NULL: the call has failed. */
static const struct tax_token *token_of(struct request *request)
{
    const struct sandbox *sb = request->sb;
    const char *header = http_header(request, "Authorization");
    bool is_bearer = header != NULL && strncmp(header, "Bearer ", 7) == 0 && header[7] != '\0';
    for (size_t i = 0; i < sb->world.token_count && is_bearer; i++) {
        const struct tax_token *token = sb->world.token_list[i];
        if (token->access[0] != '\0' && strcmp(token->access, header + 7) == 0 &&
            sandbox_now_ms(sb) < token->expires_ms)
            return token;
    }
    tax_fail(request, 401, "authentication.failed", "Токен недействителен");
    return NULL;
}

static void user(struct request *request)
{
    struct buf out = {0};
    buf_addf(&out,
             "{\"id\":1000000,\"inn\":\"%s\",\"displayName\":\"Иванов И. И.\",\"status\":\"ACTIVE\",\"phone\":"
             "\"79990000000\",\"email\":null,\"snils\":null,\"restrictedMode\":false}",
             request->sb->opt.inn);
    http_answer_json(request, 200, &out);
}

static void serve(struct request *request, const char *path, bool is_post, json_object *body)
{
    const struct tax_token *token = NULL;
    if (is_post && strcmp(path, "auth/lkfl") == 0)
        login(request, body);
    else if (is_post && strcmp(path, "auth/token") == 0)
        refresh(request, body);
    else if (!is_post && strncmp(path, "receipt/", 8) == 0) /* who has the link may look */
        tax_receipt(request, path + 8);
    else if ((token = token_of(request)) == NULL)
        return;
    else if (is_post && strcmp(path, "income") == 0)
        tax_register(request, token->device);
    else if (is_post && strcmp(path, "cancel") == 0)
        tax_cancel(request);
    else if (!is_post && strcmp(path, "incomes") == 0)
        tax_list(request);
    else if (!is_post && strcmp(path, "user") == 0)
        user(request);
    else
        tax_fail(request, 404, "not.found", "Не найдено");
}

void tax_serve(struct request *request)
{
    const char *path = request->path + strlen("/tax/api/v1/");
    bool is_post = strcmp(request->http_method, "POST") == 0, is_auth = strncmp(path, "auth/", 5) == 0;
    request->service = "tax";
    snprintf(request->method, sizeof(request->method), "%.8s /%.*s%s", request->http_method,
             is_auth ? 20 : (int)strcspn(path, "/") % 20, path, strncmp(path, "receipt/", 8) == 0 ? "/{id}" : "");
    bool readable = yookassa_read(request, is_post);
    json_object *body = NULL;
    json_object_deep_copy(request->params, &body, NULL);
    json_object_object_del(request->params, "password");
    json_object_object_del(request->params, "refreshToken");
    request->no_store_record = is_auth;
    if (faults_before(request)) {
        /* answered, or dropped */
    } else if (!readable) {
        tax_fail(request, 400, "validation.failed", "Тело запроса не прочитано");
    } else {
        serve(request, path, is_post, body);
    }
    json_object_put(body);
}

void tax_control(struct request *request, const char *rest)
{
    struct sandbox *sb = request->sb;
    struct buf out = {0};
    if (strcmp(rest, "/sign_out") == 0 && strcmp(request->http_method, "POST") == 0) {
        void_all(sb, control_flag(request, "refresh"));
        control_ok(request);
    } else if (rest[0] == '\0') {
        buf_addf(&out, "{\"inn\":\"%s\",\"devices\":%zu,\"incomes\":", sb->opt.inn, sb->world.token_count);
        tax_add_incomes(sb, &out);
        buf_adds(&out, "}");
        http_answer_json(request, 200, &out);
    } else {
        control_fail(request, 404, "no such path");
    }
}

void tax_token_restore(struct sandbox *sb, json_object *line)
{
    struct tax_token *token = token_of_device(sb, fields_text(line, "device"));
    snprintf(token->access, sizeof(token->access), "%s", fields_text(line, "access"));
    snprintf(token->refresh, sizeof(token->refresh), "%s", fields_text(line, "refresh"));
    token->expires_ms = json_object_get_int64(payments_asked(line, "expires_ms"));
}

void tax_done(struct world *world)
{
    for (size_t i = 0; i < world->token_count; i++)
        free(world->token_list[i]);
    free(world->token_list);
    for (size_t i = 0; i < world->income_count; i++) {
        json_object_put(world->income_list[i]->asked);
        free(world->income_list[i]->comment);
        free(world->income_list[i]);
    }
    free(world->income_list);
}
