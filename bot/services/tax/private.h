/* Inside bot/services/tax only: session.c signs in and sends, client.c has the calls. */
#ifndef BOT_SERVICES_TAX_PRIVATE_H
#define BOT_SERVICES_TAX_PRIVATE_H

#include <sodium.h>
#include <sys/queue.h>

#include "bot/services/tax/client.h"

enum {
    DEVICE_HASH_BYTES = crypto_generichash_BYTES_MIN, /* 16: 32 letters */
    DEVICE_BYTES = 2 * DEVICE_HASH_BYTES + 1
};

enum deed { REGISTER, FIND, CANCEL, SIGN_IN };

struct call {
    LIST_ENTRY(call) next;
    struct tax *tax;
    enum deed deed;
    tax_done_fn *done;
    void *ctx;
    uint64_t transfer; /* 0: it waits for the sign-in */
    char *body;        /* REGISTER, CANCEL */
    bool again;        /* its token was over once */
    int pages;         /* FIND: read so far */
    int64_t offset;
    struct tax_income income; /* FIND; its name is this: */
    char *name;
    char *uuid; /* CANCEL; FIND: NULL = of any number */
};
LIST_HEAD(calls, call);

struct tax {
    struct http *http;
    char *api_url, *inn, *password, *proxy;
    char device[DEVICE_BYTES];
    int32_t utc_offset_minutes;
    char *token, *refresh;      /* NULL = none */
    uint64_t sign_in;           /* the transfer; 0 = nobody signs in */
    int64_t login_ms;           /* when somebody last began to */
    struct tax_verdict refusal; /* TAX_LOGIN: the password was refused */
    bool closing;
    struct calls calls;
};

/* ---- session.c ---- */

/* Of a tax whose inn and password are set. */
void tax_session_init(struct tax *tax);
void tax_session_done(struct tax *tax);
/* Starts a request, with the token if there is one; body NULL = GET. */
uint64_t tax_session_send(struct tax *tax, const char *path, const char *body, http_done_fn *done, void *ctx);
/* Nobody is signing in: now somebody does. It ends with one of the two below. */
void tax_session_sign_in(struct tax *tax);

/* ---- client.c ---- */

/* There is a token: what waits for it is sent. */
void tax_calls_go(struct tax *tax);
/* There is none: all that wait hear why. */
void tax_calls_end(struct tax *tax, const struct tax_verdict *verdict);

#endif
