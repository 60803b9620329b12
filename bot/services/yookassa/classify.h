/* What a reply of YooKassa means for the caller: the only place that looks at its status codes. */
#ifndef BOT_SERVICES_YOOKASSA_CLASSIFY_H
#define BOT_SERVICES_YOOKASSA_CLASSIFY_H

#include <stdbool.h>
#include <stdint.h>
#include "bot/services/http/http.h"
#include "core/event.h"

enum yookassa_verdict_kind {
    YOOKASSA_OK,           /* done, and the answer was readable */
    YOOKASSA_RETRY,        /* refused or never sent, nothing happened: try again after retry_after_ms */
    YOOKASSA_AMBIGUOUS,    /* it may have happened: repeat with the same key and the same body, never with a new key */
    YOOKASSA_PERMANENT,    /* this request will never be accepted; code and parameter say why */
    YOOKASSA_UNAUTHORIZED, /* shop id or secret is wrong: nothing will work until a person mends it */
    YOOKASSA_NOT_FOUND,    /* no such payment in this shop */
    YOOKASSA_CONTACT,      /* not with this address or number for the receipt; with another one it may be accepted */
    YOOKASSA_VERDICT_COUNT
};

enum { YOOKASSA_CODE_BYTES = 64, YOOKASSA_DESCRIPTION_BYTES = 256 };

/* Texts are YooKassa's own, cut and free of control characters; they may be logged. */
struct yookassa_verdict {
    enum yookassa_verdict_kind kind;
    long status;                                  /* of HTTP; 0 = no answer */
    int64_t retry_after_ms;                       /* 0 = not said: back off */
    bool is_unreadable;                           /* AMBIGUOUS: it was answered, with what can't be read */
    char code[YOOKASSA_CODE_BYTES];               /* "invalid_request" …, or "" */
    char parameter[YOOKASSA_CODE_BYTES];          /* "receipt" …, or "" */
    char description[YOOKASSA_DESCRIPTION_BYTES]; /* for a person, or "" */
};

/* What a cancellation_details.reason means for the payer. */
enum payment_reason yookassa_reason(const char *cancel_reason);
/* A refund was canceled for this reason: may another one succeed later, without anybody's doing but the shop's? */
bool yookassa_refund_may_pass(const char *cancel_reason);
void yookassa_classify(const struct http_answer *answer, struct yookassa_verdict *ret_verdict);
/* A short lower-case word; never NULL, static. */
const char *yookassa_verdict_name(enum yookassa_verdict_kind kind);

#endif
