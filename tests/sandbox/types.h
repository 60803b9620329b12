/* The Bot API's objects that a bot sends inside its calls: which members they have, and of which types. */
#ifndef TESTS_SANDBOX_TYPES_H
#define TESTS_SANDBOX_TYPES_H

#include <stdbool.h>

#include <json-c/json.h>

#include "tests/sandbox/buf.h"

/* Judges the object or array given as the parameter `name` of a call. False: `ret_why` says what is wrong with it. A
 * parameter that holds no object of the table is never wrong. */
bool types_check(const char *name, json_object *value, struct buf *ret_why);

#endif
