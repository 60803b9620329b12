/* Signing in, and what every request has in common. One signs in for all: a login makes every earlier token void, so
 * two at a time would undo each other. A refresh token is tried first; the password is said only when there is none, or
 * it is over, and not again soon once it was refused.
 *
 * The device is known to the service by an id that must stay the same: it is made from the INN, so that it does without
 * a place to be kept. Password and tokens are in bodies and one header, in no URL and no error. */
#include "bot/services/tax/private.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bot/base/json.h"
#include "bot/base/memory.h"
#include "core/bug.h"

enum { JSON_DEPTH_MAX = 32 };

static void wipe(char *secret)
{
    if (secret != NULL)
        explicit_bzero(secret, strlen(secret));
    free(secret);
}

static void drop_token(struct tax *tax)
{
    wipe(tax->token);
    tax->token = NULL;
}

static void drop_refresh(struct tax *tax)
{
    wipe(tax->refresh);
    tax->refresh = NULL;
}

void tax_session_init(struct tax *tax)
{
    static const char what[] = "fotoset device ";
    unsigned char hash[DEVICE_HASH_BYTES];
    crypto_generichash_state state;
    if (sodium_init() < 0 || crypto_generichash_init(&state, NULL, 0, sizeof hash) != 0 ||
        crypto_generichash_update(&state, (const unsigned char *)what, sizeof what - 1) != 0 ||
        crypto_generichash_update(&state, (const unsigned char *)tax->inn, strlen(tax->inn)) != 0 ||
        crypto_generichash_final(&state, hash, sizeof hash) != 0)
        bug("libsodium does not work here");
    sodium_bin2hex(tax->device, sizeof tax->device, hash, sizeof hash);
}

void tax_session_done(struct tax *tax)
{
    drop_token(tax);
    drop_refresh(tax);
    wipe(tax->password);
}

uint64_t tax_session_send(struct tax *tax, const char *path, const char *body, http_done_fn *done, void *ctx)
{
    static const char bearer[] = "Authorization: Bearer ";
    char *url = memory_need(malloc(strlen(tax->api_url) + strlen(path) + 1));
    size_t bytes = sizeof bearer + (tax->token == NULL ? 0 : strlen(tax->token));
    char *header = memory_need(malloc(bytes));
    (void)snprintf(header, bytes, "%s%s", bearer, tax->token == NULL ? "" : tax->token);
    (void)snprintf(url, strlen(tax->api_url) + strlen(path) + 1, "%s%s", tax->api_url, path);
    const char *headers[] = {"Content-Type: application/json", tax->token == NULL ? NULL : header, NULL};
    struct http_request request = {.url = url,
                                   .method = body == NULL ? HTTP_GET : HTTP_POST,
                                   .headers = headers,
                                   .body = body,
                                   .body_bytes = body == NULL ? 0 : strlen(body),
                                   .timeout_ms = TAX_TIMEOUT_MS,
                                   .never_repeat = body != NULL,
                                   .proxy = tax->proxy,
                                   .max_answer_bytes = TAX_ANSWER_MAX_BYTES};
    uint64_t transfer = http_start(tax->http, &request, done, ctx);
    wipe(header);
    free(url);
    return transfer;
}

static char *token_of(struct json_object *object, const char *name)
{
    const char *text = json_peek_text(object, name);
    size_t length = text == NULL ? 0 : strlen(text);
    for (size_t i = 0; i < length; i++)
        if (text[i] <= ' ' || text[i] > '~')
            return NULL;
    return length == 0 || length > TAX_TOKEN_MAX_BYTES ? NULL : memory_copy(text);
}

/* False: the answer holds no token. A refresh that is not given anew is the one that we have. */
static bool take_tokens(struct tax *tax, const struct http_answer *answer)
{
    struct json_object *object = json_read(answer->body, answer->bytes, JSON_DEPTH_MAX);
    char *token = token_of(object, "token"), *refresh = token_of(object, "refreshToken");
    json_object_put(object);
    if (token == NULL) {
        wipe(refresh);
        return false;
    }
    drop_token(tax);
    tax->token = token;
    tax->refusal.kind = TAX_OK;
    if (refresh != NULL) {
        drop_refresh(tax);
        tax->refresh = refresh;
    }
    return true;
}

/* Nothing of what waits was sent. */
static void not_in(struct tax *tax, struct tax_verdict verdict)
{
    if (verdict.kind != TAX_LOGIN)
        verdict.kind = TAX_RETRY;
    tax_calls_end(tax, &verdict);
}

static void refreshed(void *ctx, struct http_answer *answer)
{
    struct tax *tax = ctx;
    struct tax_verdict verdict;
    tax->sign_in = 0;
    tax_classify(answer, &verdict);
    if (verdict.kind == TAX_OK && take_tokens(tax, answer)) {
        tax_calls_go(tax);
    } else if (!tax->closing && (verdict.kind == TAX_OK || verdict.kind == TAX_STALE || verdict.kind == TAX_REFUSED)) {
        drop_refresh(tax);
        tax_session_sign_in(tax); /* anew, by the password */
    } else {
        not_in(tax, verdict);
    }
}

static void logged_in(void *ctx, struct http_answer *answer)
{
    struct tax *tax = ctx;
    struct tax_verdict verdict;
    tax->sign_in = 0;
    tax_classify(answer, &verdict);
    if (verdict.kind == TAX_OK && take_tokens(tax, answer)) {
        tax_calls_go(tax);
        return;
    }
    bool is_refusal = verdict.kind == TAX_STALE || verdict.kind == TAX_REFUSED;
    if (is_refusal && verdict.status >= 400 && verdict.status != 404) { /* 404 is a wrong api_url */
        verdict.kind = TAX_LOGIN;
        tax->refusal = verdict;
    }
    if (verdict.kind == TAX_OK)
        (void)snprintf(verdict.message, sizeof verdict.message, "the answer to the login holds no token");
    not_in(tax, verdict);
}

static void add_device(const struct tax *tax, struct json_object *body)
{
    struct json_object *device = json_new_object(), *details = json_new_object();
    json_add_text(device, "sourceDeviceId", tax->device);
    json_add_text(device, "sourceType", "WEB");
    json_add_text(device, "appVersion", "1.0.0");
    json_add_text(details, "userAgent", "Mozilla/5.0 (X11; Linux x86_64; rv:115.0) Gecko/20100101 Firefox/115.0");
    json_add(device, "metaDetails", details);
    json_add(body, "deviceInfo", device);
}

void tax_session_sign_in(struct tax *tax)
{
    struct json_object *body = json_new_object();
    bool by_refresh = tax->refresh != NULL;
    drop_token(tax);
    if (by_refresh) {
        json_add_text(body, "refreshToken", tax->refresh);
    } else {
        json_add_text(body, "username", tax->inn);
        json_add_text(body, "password", tax->password);
    }
    add_device(tax, body);
    char *text = json_write(body);
    tax->sign_in = tax_session_send(tax, by_refresh ? "/auth/token" : "/auth/lkfl", text,
                                    by_refresh ? refreshed : logged_in, tax);
    wipe(text);
}
