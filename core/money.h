/* Money as text: int64 kopecks on our side, decimal text ("500.00") in SQL and in YooKassa's JSON. Never a double. */
#ifndef CORE_MONEY_H
#define CORE_MONEY_H

#include <stdint.h>
#include "core/err.h"

#define MONEY_MAX_KOPECKS INT64_C(9999999999) /* 99 999 999.99: what DECIMAL(10,2) holds */
enum { MONEY_TEXT_BYTES = 16 };               /* "-99999999.99" and the final 0 */

/* "500.00", "-0.05". Aborts outside ±MONEY_MAX_KOPECKS: such a sum is a bug, not an input. */
void money_format(int64_t kopecks, char ret_text[MONEY_TEXT_BYTES]);

/* The whole text must be one amount: an optional minus, 1 to 8 digits, and optionally a dot with one or two digits.
 * No spaces, no plus, no exponent, no comma. ERR_INVALID when it is anything else. */
enum err money_parse(const char *text, int64_t *ret_kopecks) MUST_CHECK;

#endif
