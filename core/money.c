/* Kopecks to decimal text and back, digit by digit. Integers only: a binary fraction cannot hold 0.10, and a sum that
 * is one kopeck off is refused by the payment service or by the ledger. The parser takes only what SQL and YooKassa
 * write; amounts typed by people (spaces, commas) are another reader's business and must not make this one lenient. */
#include "core/money.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/bug.h"

enum { KOPECKS_PER_ROUBLE = 100, ROUBLE_DIGITS_MAX = 8 };

void money_format(int64_t kopecks, char ret_text[MONEY_TEXT_BYTES])
{
    if (kopecks > MONEY_MAX_KOPECKS || kopecks < -MONEY_MAX_KOPECKS)
        bug("a sum beyond MONEY_MAX_KOPECKS");
    long long size = kopecks < 0 ? -kopecks : kopecks;
    (void)snprintf(ret_text, MONEY_TEXT_BYTES, "%s%lld.%02lld", kopecks < 0 ? "-" : "", size / KOPECKS_PER_ROUBLE,
                   size % KOPECKS_PER_ROUBLE);
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

enum err money_parse(const char *text, int64_t *ret_kopecks)
{
    bool negative = *text == '-';
    const char *at = negative ? text + 1 : text;
    int64_t kopecks = 0;
    int digits = 0;
    for (; is_digit(*at); at++) {
        if (++digits > ROUBLE_DIGITS_MAX)
            return ERR_INVALID;
        kopecks = kopecks * 10 + (*at - '0');
    }
    if (digits == 0)
        return ERR_INVALID;
    kopecks *= KOPECKS_PER_ROUBLE;
    if (*at == '.') {
        at++;
        if (!is_digit(*at))
            return ERR_INVALID;
        kopecks += 10 * (*at++ - '0');
        if (is_digit(*at))
            kopecks += *at++ - '0';
    }
    if (*at != '\0')
        return ERR_INVALID;
    *ret_kopecks = negative ? -kopecks : kopecks;
    return ERR_OK;
}
