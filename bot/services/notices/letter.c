/* {"type":"notification","event":"payment.succeeded","object":{"id":"…", …}}. What it says of the object is not looked
 * at: it is not signed, and may be old. */
#include "bot/services/notices/letter.h"

#include <string.h>
#include "bot/base/json.h"

enum { JSON_DEPTH_MAX = 32 };

static bool begins(const char *event, const char *kind)
{
    return strncmp(event, kind, strlen(kind)) == 0;
}

enum err letter_read(const char *json, size_t bytes, struct letter *ret)
{
    struct json_object *body = json_read(json, bytes, JSON_DEPTH_MAX);
    const char *type = json_peek_text(body, "type"), *event = json_peek_text(body, "event"),
               *id = json_peek_text(json_peek(body, "object", json_type_object), "id");
    size_t length = id == NULL ? 0 : strlen(id);
    bool good = type != NULL && strcmp(type, "notification") == 0 && event != NULL && length > 0 &&
                length < sizeof ret->id;
    if (good) {
        ret->is_ours = begins(event, "payment.") || begins(event, "refund.");
        memcpy(ret->id, id, length + 1);
    }
    json_object_put(body);
    return good ? ERR_OK : ERR_INVALID;
}
