/* JSON: that of others is read strictly and looked into without trust; our own is written in one way. */
#ifndef BOT_BASE_JSON_H
#define BOT_BASE_JSON_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The value that text is, in valid UTF-8, with nothing behind it, no deeper than depth_max; as strict as json-c can be
 * (it still takes 'a' for a member's name). json_object_put frees it. NULL: it is none, or it is null, or a bare number
 * or word (it could go on). */
struct json_object *json_read(const char *text, size_t bytes, int depth_max);

/* A member of object, borrowed: NULL, 0 or false when it is missing or of another type. object may be NULL or no object
 * at all. */
struct json_object *json_peek(struct json_object *object, const char *name, enum json_type type);
/* A string without a 0 inside. */
const char *json_peek_text(struct json_object *object, const char *name);
/* An integer; one beyond int64_t is the nearest there is. */
int64_t json_peek_number(struct json_object *object, const char *name);
bool json_peek_true(struct json_object *object, const char *name);

/* Building. Memory that can't be had ends the process. value is taken over. */
struct json_object *json_new_object(void);
struct json_object *json_new_array(void);
void json_add(struct json_object *object, const char *name, struct json_object *value);
void json_add_text(struct json_object *object, const char *name, const char *text);
void json_add_null(struct json_object *object, const char *name);
void json_append(struct json_object *array, struct json_object *value);
/* As text without blanks, malloc'ed; the object is put. */
char *json_write(struct json_object *object);

#endif
