/* Telegram's markup of texts: from it to text and entities, and back to safe HTML for the chat page. */
#ifndef TESTS_SANDBOX_HTML_H
#define TESTS_SANDBOX_HTML_H

#include <stdbool.h>
#include <stddef.h>

#include "tests/sandbox/buf.h"

#define HTML_DEPTH_MAX 64

/* Parses; on success the plain text and a JSON array of entities (NULL when none), both owned by the caller. On a
 * mistake returns false with Telegram's wording in `error`. Spaces at both ends are cut off, as the server does. */
bool html_parse(const char *html, char **ret_text, char **ret_entities, char *error, size_t error_room);

/* The same for MarkdownV2 (markdown.c). */
bool markdown_parse(const char *markdown, char **ret_text, char **ret_entities, char *error, size_t error_room);

/* UTF-16 units in a UTF-8 text. */
size_t html_length(const char *text);
bool html_is_utf8(const char *text);
/* Whether nothing in it can be seen: spaces and characters without a width. */
bool html_is_blank(const char *text);
bool html_is_emoji_id(const char *text); /* the id of a custom emoji: a number */
/* The text without spaces at its ends, as new memory. */
char *html_trim(const char *text, size_t *ret_cut_front);

/* Adds text with entities as safe HTML. `entities` may be NULL. */
void html_render(struct buf *out, const char *text, const char *entities);

#endif
