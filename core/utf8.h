/* UTF-8, once. Texts are 0-terminated. */
#ifndef CORE_UTF8_H
#define CORE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The length of the character at text, 0 if it is none: broken, overlong, a surrogate. Its code point in *ret_code. */
size_t utf8_decode(const char *text, uint32_t *ret_code);
/* Is the byte one in the middle of a character? */
bool utf8_continues(char byte);
/* The most bytes of text that are not over most and end with a character. */
size_t utf8_cut(const char *text, size_t most);
/* Copies as much as goes into bytes, cut at a character; control characters become spaces: fit for a line of a log. */
void utf8_copy_line(char *ret_text, size_t bytes, const char *text);
/* UTF-16 units of a text, as Telegram counts. */
size_t utf8_units(const char *text);

#endif
