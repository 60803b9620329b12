/* Button data in and out. Strict on the way in: four fields, their alphabets and lengths; anything else is "an old
 * button" to the engine. */
#include "core/press.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/bug.h"

enum { DATA_MAX_BYTES = 64, FIELDS = 4 };

static bool is_word(const char *text, size_t length)
{
    if (length == 1 && text[0] == '*')
        return true;
    for (size_t i = 0; i < length; i++)
        if (!((text[i] >= 'a' && text[i] <= 'z') || (text[i] >= '0' && text[i] <= '9') || text[i] == '_'))
            return false;
    return length > 0;
}

/* Splits "a:b:c:d" into starts and lengths; false unless there are exactly four fields. */
static bool split(const char *data, const char *starts[FIELDS], size_t lengths[FIELDS])
{
    size_t field = 0;
    starts[0] = data;
    for (const char *p = data;; p++) {
        if (*p != ':' && *p != '\0')
            continue;
        lengths[field] = (size_t)(p - starts[field]);
        if (*p == '\0')
            return field == FIELDS - 1;
        if (++field == FIELDS)
            return false;
        starts[field] = p + 1;
    }
}

static bool parse_number(const char *text, size_t length, int base, int64_t max, int64_t *ret_number)
{
    char copy[21];
    if (length == 0 || length >= sizeof copy)
        return false;
    memcpy(copy, text, length);
    copy[length] = '\0';
    for (size_t i = 0; i < length; i++)
        if (!((copy[i] >= '0' && copy[i] <= '9') || (base == 16 && copy[i] >= 'a' && copy[i] <= 'f')))
            return false;
    errno = 0;
    long long number = strtoll(copy, NULL, base);
    if (errno != 0 || number > max)
        return false;
    *ret_number = number;
    return true;
}

enum err press_parse(const char *data, struct press *ret_press)
{
    const char *starts[FIELDS];
    size_t lengths[FIELDS];
    int64_t version, object;
    if (strnlen(data, DATA_MAX_BYTES + 1) > DATA_MAX_BYTES || !split(data, starts, lengths))
        return ERR_INVALID;
    if (lengths[0] > PRESS_STATE_MAX_BYTES || !is_word(starts[0], lengths[0]))
        return ERR_INVALID;
    if (lengths[2] > PRESS_ACTION_MAX_BYTES || !is_word(starts[2], lengths[2]))
        return ERR_INVALID;
    if (!parse_number(starts[1], lengths[1], 16, UINT32_MAX, &version) ||
        !parse_number(starts[3], lengths[3], 10, INT64_MAX, &object))
        return ERR_INVALID;
    *ret_press = (struct press){.version = (uint32_t)version, .object = object};
    memcpy(ret_press->state, starts[0], lengths[0]);
    memcpy(ret_press->action, starts[2], lengths[2]);
    return ERR_OK;
}

const char *press_format(struct arena *arena, const struct press *press)
{
    const char *data = arena_format(arena, "%s:%" PRIx32 ":%s:%" PRId64, press->state, press->version, press->action,
                                    press->object);
    if (strlen(data) > DATA_MAX_BYTES)
        bug("a button's data is longer than Telegram takes");
    return data;
}

bool press_is_place(const struct press *press)
{
    return strcmp(press->state, "*") == 0;
}

bool press_is(const struct press *press, const char *action)
{
    return strcmp(press->action, action) == 0;
}
