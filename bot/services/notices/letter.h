/* The body of a notification, of which no more is read than what it is about. */
#ifndef BOT_SERVICES_NOTICES_LETTER_H
#define BOT_SERVICES_NOTICES_LETTER_H

#include <stdbool.h>
#include <stddef.h>
#include "core/err.h"

enum { LETTER_ID_BYTES = 65 };

struct letter {
    bool is_ours;             /* about a payment or a refund, and nothing else (payouts, deals) */
    char id[LETTER_ID_BYTES]; /* of it, as YooKassa calls it */
};

/* ERR_INVALID: it is no notification. */
enum err letter_read(const char *json, size_t bytes, struct letter *ret) MUST_CHECK;

#endif
