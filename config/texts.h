/* The words of the bot: config/texts/<lang>.cfg read into core's catalogue, complete and right in every language. */
#ifndef CONFIG_TEXTS_H
#define CONFIG_TEXTS_H

#include "config/finding.h"
#include "core/text.h"

/* Reads <dir>/ru.cfg and <dir>/en.cfg. Missing keys, unknown keys and wrong entries are findings with file and line;
 * ERR_INVALID then (ERR_IO if a file can't be read) and *ret is untouched. The words live in the arena. */
enum err texts_read(struct arena *arena, const char *dir, struct findings *findings,
                    struct text_catalogue *ret) MUST_CHECK;

/* One file from memory, for one language. */
enum err texts_read_text(struct arena *arena, const char *path, const char *text, size_t length, enum lang lang,
                         struct findings *findings, struct text_catalogue *ret) MUST_CHECK;

#endif
