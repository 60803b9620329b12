/* One way to read JSON that others wrote. json-c is lenient by default (comments, single quotes, NaN, what follows the
 * value), and two readers that differ in what they let through are two opinions of one message. Must not know whose
 * message it is. */
#include "bot/base/json.h"

#include <string.h>
#include "bot/base/memory.h"
#include "core/bug.h"

struct json_object *json_read(const char *text, size_t bytes, int depth_max)
{
    if (bytes == 0 || bytes > INT32_MAX)
        return NULL;
    struct json_tokener *tokener = memory_need(json_tokener_new_ex(depth_max));
    json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
    struct json_object *value = json_tokener_parse_ex(tokener, text, (int)bytes);
    json_tokener_free(tokener);
    return value;
}

struct json_object *json_peek(struct json_object *object, const char *name, enum json_type type)
{
    struct json_object *value = NULL;
    if (!json_object_is_type(object, json_type_object) || !json_object_object_get_ex(object, name, &value))
        return NULL;
    return json_object_is_type(value, type) ? value : NULL;
}

const char *json_peek_text(struct json_object *object, const char *name)
{
    struct json_object *value = json_peek(object, name, json_type_string);
    if (value == NULL)
        return NULL;
    const char *text = json_object_get_string(value);
    return strlen(text) == (size_t)json_object_get_string_len(value) ? text : NULL;
}

int64_t json_peek_number(struct json_object *object, const char *name)
{
    return json_object_get_int64(json_peek(object, name, json_type_int));
}

bool json_peek_true(struct json_object *object, const char *name)
{
    return json_object_get_boolean(json_peek(object, name, json_type_boolean));
}

struct json_object *json_new_object(void)
{
    return memory_need(json_object_new_object());
}

struct json_object *json_new_array(void)
{
    return memory_need(json_object_new_array());
}

void json_add(struct json_object *object, const char *name, struct json_object *value)
{
    if (json_object_object_add(object, name, memory_need(value)) != 0)
        bug("out of memory");
}

void json_add_text(struct json_object *object, const char *name, const char *text)
{
    json_add(object, name, json_object_new_string(text));
}

void json_add_null(struct json_object *object, const char *name)
{
    if (json_object_object_add(object, name, NULL) != 0)
        bug("out of memory");
}

void json_append(struct json_object *array, struct json_object *value)
{
    if (json_object_array_add(array, memory_need(value)) != 0)
        bug("out of memory");
}

char *json_write(struct json_object *object)
{
    int flags = JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE;
    const char *text = json_object_to_json_string_ext(object, flags);
    char *copy = memory_need(text == NULL ? NULL : strdup(text));
    json_object_put(object);
    return copy;
}
