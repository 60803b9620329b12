/* reply_markup: keyboards under messages and under the input field. */
#ifndef TESTS_SANDBOX_MARKUP_H
#define TESTS_SANDBOX_MARKUP_H

#include "tests/sandbox/sandbox.h"

/* Checks a markup whose types are right. Returns an error text (static), or NULL with one of the two as new JSON text
 * (both NULL when there is no button and nothing is asked for). */
const char *markup_read(json_object *markup, bool inline_only, char **ret_inline, char **ret_other);
/* Whether an inline keyboard (JSON text) has a button with this callback data. */
bool markup_has_data(const char *inline_keyboard, const char *data);

#endif
