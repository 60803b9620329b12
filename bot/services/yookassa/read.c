/* What payments and refunds have in common. Amounts are text on the wire and never become a double. */
#include "bot/services/yookassa/read.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "bot/base/json.h"
#include "core/money.h"

enum { DECIMAL = 10 };

enum err yookassa_read_text(struct json_object *object, const char *key, char *ret_text, size_t bytes)
{
    const char *text = json_peek_text(object, key);
    size_t length = text == NULL ? 0 : strlen(text);
    if (length == 0 || length >= bytes)
        return ERR_INVALID;
    memcpy(ret_text, text, length + 1);
    return ERR_OK;
}

enum err yookassa_read_amount(struct json_object *object, int64_t *ret_kopecks,
                              char ret_currency[YOOKASSA_CURRENCY_BYTES])
{
    struct json_object *amount = json_peek(object, "amount", json_type_object);
    const char *value = json_peek_text(amount, "value");
    int64_t kopecks = 0;
    char currency[YOOKASSA_CURRENCY_BYTES];
    if (value == NULL || money_parse(value, &kopecks) != ERR_OK || kopecks <= 0 ||
        yookassa_read_text(amount, "currency", currency, sizeof currency) != ERR_OK || strlen(currency) != 3)
        return ERR_INVALID;
    *ret_kopecks = kopecks;
    memcpy(ret_currency, currency, sizeof currency);
    return ERR_OK;
}

int64_t yookassa_read_ours(struct json_object *object, const char *key)
{
    struct json_object *metadata = json_peek(object, "metadata", json_type_object);
    int64_t given = json_peek_number(metadata, key);
    if (given > 0)
        return given;
    const char *text = json_peek_text(metadata, key);
    if (text == NULL || text[0] < '1' || text[0] > '9')
        return 0;
    char *end = NULL;
    errno = 0;
    long long number = strtoll(text, &end, DECIMAL);
    return errno == 0 && *end == '\0' ? number : 0;
}

/* Reads exactly count digits; -1 when there is something else. */
static int read_digits(const char *text, int count)
{
    int number = 0;
    for (int i = 0; i < count; i++) {
        if (text[i] < '0' || text[i] > '9')
            return -1;
        number = number * DECIMAL + (text[i] - '0');
    }
    return number;
}

int64_t yookassa_read_time(struct json_object *object, const char *key)
{
    static const char SHAPE[] = "0000-00-00T00:00:00";
    const char *text = json_peek_text(object, key);
    size_t length = sizeof SHAPE - 1;
    if (text == NULL || strlen(text) < length)
        return 0;
    for (size_t i = 0; i < length; i++)
        if (SHAPE[i] == '0' ? read_digits(text + i, 1) < 0 : text[i] != SHAPE[i])
            return 0;
    const char *end = text + length;
    if (*end == '.')
        end += 1 + strspn(end + 1, "0123456789");
    if (strcmp(end, "Z") != 0)
        return 0;
    struct tm tm = {.tm_year = read_digits(text, 4) - 1900,
                    .tm_mon = read_digits(text + 5, 2) - 1,
                    .tm_mday = read_digits(text + 8, 2),
                    .tm_hour = read_digits(text + 11, 2),
                    .tm_min = read_digits(text + 14, 2),
                    .tm_sec = read_digits(text + 17, 2)};
    return timegm(&tm);
}
