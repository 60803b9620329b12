/* What a reply of the tax service means for the caller: the only place that looks at its status codes. */
#ifndef BOT_SERVICES_TAX_CLASSIFY_H
#define BOT_SERVICES_TAX_CLASSIFY_H

#include "bot/services/http/http.h"

enum tax_verdict_kind {
    TAX_OK,        /* done, and the answer was readable */
    TAX_RETRY,     /* nothing happened over there: try again */
    TAX_AMBIGUOUS, /* it may have happened: look before it is asked for again */
    TAX_REFUSED,   /* not like this; code and message say why */
    TAX_LOGIN,     /* INN or password is wrong: nothing will work until a person mends it */
    TAX_STALE,     /* the token is over. The client's own: callers don't meet it */
    TAX_VERDICT_COUNT
};

enum { TAX_CODE_BYTES = 64, TAX_MESSAGE_BYTES = 256 };

/* Texts are the service's own, cut and free of control characters; they may be logged. */
struct tax_verdict {
    enum tax_verdict_kind kind;
    long status; /* of HTTP; 0 = no answer */
    char code[TAX_CODE_BYTES];
    char message[TAX_MESSAGE_BYTES]; /* for a person, or "" */
};

void tax_classify(const struct http_answer *answer, struct tax_verdict *ret_verdict);

#endif
