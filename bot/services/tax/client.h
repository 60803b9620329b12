/* "Мой налог", the tax service's application for the self-employed (lknpd.nalog.ru), over the daemon's HTTP client:
 * register an income, look for one, cancel one. Signing in is done here: the first call does, and whichever finds that
 * its token is over. Nothing here repeats an income, stores or decides: a repeated income is registered twice over
 * there, so what may have been acted on is TAX_AMBIGUOUS and the caller's to look for. */
#ifndef BOT_SERVICES_TAX_CLIENT_H
#define BOT_SERVICES_TAX_CLIENT_H

#include "bot/services/http/http.h"
#include "bot/services/tax/classify.h"
#include "bot/services/tax/income.h"

enum {
    TAX_TIMEOUT_MS = 30 * 1000,
    TAX_ANSWER_MAX_BYTES = 512 * 1024,
    TAX_TOKEN_MAX_BYTES = 8 * 1024,
    /* Who said a wrong password is not asked again sooner: too many, and the account is locked. */
    TAX_LOGIN_EVERY_MS = 10 * 60 * 1000
};

struct tax;

/* Copied. */
struct tax_config {
    const char *api_url; /* "https://lknpd.nalog.ru/api/v1", with or without the last slash */
    const char *inn;
    const char *password;
    const char *proxy; /* NULL = none */
    int32_t utc_offset_minutes;
};

/* Valid during the callback only. */
struct tax_reply {
    struct tax_verdict verdict;
    const char *uuid; /* TAX_OK of tax_register and tax_find: the receipt's number; "" = there is no such income */
    bool canceled;    /* of tax_find: it was canceled */
};
typedef void tax_done_fn(void *ctx, const struct tax_reply *reply);

/* Never NULL. http is borrowed and must outlive it. */
struct tax *tax_new(struct http *http, const struct tax_config *config);
/* Cancels what runs: each done is called, as after a failure. Accepts NULL. */
void tax_free(struct tax *tax);

/* done is called once, perhaps from here. now_ms: unix. What a call is about is copied. */

/* POST /income. */
void tax_register(struct tax *tax, int64_t now_ms, const struct tax_income *income, tax_done_fn *done, void *ctx);
/* GET /incomes around its time, to the last page: the one of this number or, with uuid NULL, the one that stands and
 * has this name and sum. It changes nothing: what is not TAX_OK says nothing of the income. */
void tax_find(struct tax *tax, int64_t now_ms, const struct tax_income *income, const char *uuid, tax_done_fn *done,
              void *ctx);
/* POST /cancel. TAX_REFUSED also if it was canceled before. */
void tax_cancel(struct tax *tax, int64_t now_ms, const char *uuid, tax_done_fn *done, void *ctx);
/* Only signs in. */
void tax_sign_in(struct tax *tax, int64_t now_ms, tax_done_fn *done, void *ctx);

#endif
