/* What YooKassa's objects are written of: ids, times, amounts. */
#include "tests/sandbox/payments.h"

#include <inttypes.h>
#include <time.h>

void payments_time(int64_t ms, char text[32])
{
    time_t seconds = (time_t)(ms / 1000);
    struct tm parts;
    gmtime_r(&seconds, &parts);
    size_t len = strftime(text, 32, "%Y-%m-%dT%H:%M:%S", &parts);
    snprintf(text + len, 32 - len, ".%03dZ", (int)(ms % 1000));
}

void payments_add_time(struct buf *out, const char *key, int64_t ms)
{
    char text[32];
    payments_time(ms, text);
    buf_addf(out, ",\"%s\":\"%s\"", key, text);
}

void payments_add_amount(struct buf *out, const char *key, int64_t kopecks)
{
    buf_addf(out, ",\"%s\":{\"value\":\"%" PRId64 ".%02d\",\"currency\":\"RUB\"}", key, kopecks / 100,
             (int)(kopecks % 100));
}

void payments_id(struct sandbox *sb, char id[37])
{
    uint64_t a = sandbox_random(sb), b = sandbox_random(sb);
    snprintf(id, 37, "%08" PRIx64 "-000f-5%03" PRIx64 "-a%03" PRIx64 "-%012" PRIx64, a & 0xffffffff, a >> 32 & 0xfff,
             a >> 44 & 0xfff, b & 0xffffffffffff);
}

json_object *payments_asked(json_object *asked, const char *key)
{
    json_object *value = NULL;
    return json_object_object_get_ex(asked, key, &value) ? value : NULL;
}

void payments_add_metadata(struct buf *out, json_object *asked)
{
    json_object *metadata = payments_asked(asked, "metadata");
    buf_addf(out, ",\"metadata\":%s",
             metadata == NULL ? "{}" : json_object_to_json_string_ext(metadata, JSON_C_TO_STRING_PLAIN));
}
