/* Parameters in Postgres's text format.
 *
 * Text, not binary: the type of a parameter is then what the statement says, the same bytes work for every server
 * version and pooler, and a number can't be sent with the wrong width. Arrays are measured first and written once,
 * so ten thousand rows cost one allocation. Every text element is quoted and escaped, so that NULL, braces, commas,
 * quotes and backslashes are data.
 *
 * Must not: send anything, keep a pointer into the arena, or use the locale (no %f). */
#include "db/param.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/bug.h"

enum {
    INT64_TEXT_MAX_BYTES = 21, /* "-9223372036854775808" and the 0 */
    MONEY_TEXT_MAX_BYTES = 24  /* sign, 18 digits, point, 2 digits, 0 */
};

struct db_param db_null(void)
{
    return (struct db_param){NULL, 0};
}

struct db_param db_text_param(const char *text)
{
    return (struct db_param){text, text == NULL ? 0 : strlen(text)};
}

struct db_param db_bool_param(bool value)
{
    return (struct db_param){value ? "t" : "f", 1};
}

/* The decimal digits of value, at least min_digits of them, at out; returns the end. No final 0. */
static char *put_digits(char *out, uint64_t value, int min_digits)
{
    char reversed[INT64_TEXT_MAX_BYTES];
    int count = 0;
    do {
        reversed[count++] = (char)('0' + (int)(value % 10));
        value /= 10;
    } while (value != 0 || count < min_digits);
    while (count > 0)
        *out++ = reversed[--count];
    return out;
}

static char *put_sign(char *out, int64_t value, uint64_t *ret_magnitude)
{
    if (value < 0)
        *out++ = '-';
    *ret_magnitude = value < 0 ? UINT64_C(0) - (uint64_t)value : (uint64_t)value;
    return out;
}

static char *put_int64(char *out, int64_t value)
{
    uint64_t magnitude;
    out = put_sign(out, value, &magnitude);
    return put_digits(out, magnitude, 1);
}

static char *put_kopecks(char *out, int64_t kopecks)
{
    uint64_t magnitude;
    out = put_sign(out, kopecks, &magnitude);
    out = put_digits(out, magnitude / 100, 1);
    *out++ = '.';
    return put_digits(out, magnitude % 100, 2);
}

/* One value by one of the put functions. */
static struct db_param one(struct arena *arena, char *put(char *out, int64_t value), size_t max_bytes, int64_t value)
{
    char *text = arena_alloc(arena, max_bytes);
    char *end = put(text, value);
    return (struct db_param){text, (size_t)(end - text)};
}

/* An array literal of values that need no quotes. */
static struct db_param many(struct arena *arena, char *put(char *out, int64_t value), size_t max_bytes,
                            const int64_t *values, size_t count)
{
    if (count > (SIZE_MAX - 3) / (max_bytes + 3))
        bug("an array larger than the address space");
    char *text = arena_alloc(arena, count * (max_bytes + 3) + 3);
    char *out = text;
    *out++ = '{';
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            *out++ = ',';
        *out++ = '"';
        out = put(out, values[i]);
        *out++ = '"';
    }
    *out++ = '}';
    *out = '\0';
    return (struct db_param){text, (size_t)(out - text)};
}

struct db_param db_int64_param(struct arena *arena, int64_t value)
{
    return one(arena, put_int64, INT64_TEXT_MAX_BYTES, value);
}

struct db_param db_kopecks_param(struct arena *arena, int64_t kopecks)
{
    return one(arena, put_kopecks, MONEY_TEXT_MAX_BYTES, kopecks);
}

struct db_param db_int64_array(struct arena *arena, const int64_t *values, size_t count)
{
    return many(arena, put_int64, INT64_TEXT_MAX_BYTES, values, count);
}

struct db_param db_bool_array(struct arena *arena, const bool *values, size_t count)
{
    if (count > (SIZE_MAX - 3) / 2)
        bug("an array larger than the address space");
    char *text = arena_alloc(arena, count * 2 + 3);
    char *out = text;
    *out++ = '{';
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            *out++ = ',';
        *out++ = values[i] ? 't' : 'f';
    }
    *out++ = '}';
    return (struct db_param){text, (size_t)(out - text)};
}

/* Bytes of one array element with its quotes and the comma. */
static size_t element_bytes(const char *value)
{
    if (value == NULL)
        return sizeof "NULL,";
    size_t bytes = 3;
    for (const char *at = value; *at != '\0'; at++)
        bytes += *at == '"' || *at == '\\' ? 2 : 1;
    return bytes;
}

struct db_param db_text_array(struct arena *arena, const char *const *values, size_t count)
{
    size_t bytes = 3;
    for (size_t i = 0; i < count; i++)
        bytes += element_bytes(values[i]);
    char *text = arena_alloc(arena, bytes);
    char *out = text;
    *out++ = '{';
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            *out++ = ',';
        if (values[i] == NULL) {
            memcpy(out, "NULL", 4);
            out += 4;
            continue;
        }
        *out++ = '"';
        for (const char *at = values[i]; *at != '\0'; at++) {
            if (*at == '"' || *at == '\\')
                *out++ = '\\';
            *out++ = *at;
        }
        *out++ = '"';
    }
    *out++ = '}';
    return (struct db_param){text, (size_t)(out - text)};
}

struct db_param db_amount_param(struct arena *arena, const char *currency, int64_t amount)
{
    return strcmp(currency, "XTR") == 0 ? db_int64_param(arena, amount) : db_kopecks_param(arena, amount);
}

struct db_param db_bytea_param(struct arena *arena, const void *data, size_t bytes)
{
    static const char digits[] = "0123456789abcdef";
    if (data == NULL)
        return db_null();
    if (bytes > (SIZE_MAX - 3) / 2)
        bug("bytes larger than the address space");
    char *text = arena_alloc(arena, bytes * 2 + 3);
    const unsigned char *from = data;
    char *out = text;
    *out++ = '\\';
    *out++ = 'x';
    for (size_t i = 0; i < bytes; i++) {
        *out++ = digits[from[i] >> 4];
        *out++ = digits[from[i] & 15];
    }
    return (struct db_param){text, (size_t)(out - text)};
}
