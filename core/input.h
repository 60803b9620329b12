/* What people type, brought into the form that is stored: names, e-mail addresses, phone numbers. Pure. */
#ifndef CORE_INPUT_H
#define CORE_INPUT_H

#include <stdbool.h>
#include "core/arena.h"

/* A name of up to max_chars characters: outer white space trimmed, inner runs made one space. NULL if it shows nothing,
 * is too long, not valid UTF-8 or has control characters. */
const char *input_name(struct arena *arena, const char *text, size_t max_chars);
/* Is one of the words ("price|how much", in lower case) in the text, whole, in whatever case? */
bool input_has_word(struct arena *arena, const char *text, const char *words);
/* A code of 2 to max_chars letters (Latin, Cyrillic), digits, '-' and '_', in capitals, without blanks around it and
 * invisible marks. NULL if it isn't one. */
const char *input_code(struct arena *arena, const char *text, size_t max_chars);
/* Is there a question mark, of whatever script? */
bool input_has_question_mark(const char *text);
/* Of the three below: what is pasted along (invisible marks, hard blanks, typographic hyphens, "mailto:", "Anna <…>", a
 * full stop behind) is left out. */

/* local@domain.tld in at most 254 bytes; NULL if it isn't one. */
const char *input_email(struct arena *arena, const char *text);
/* A number as people write it: "+79161234567" from "8 (916) 123-45-67", "916 123-45-67", "+7 916 …"; any country's with
 * a "+"; NULL if it isn't one. */
const char *input_phone(struct arena *arena, const char *text);

/* An e-mail address or a phone number, whichever it is; NULL if it is neither. */
const char *input_contact(struct arena *arena, const char *text);

/* A number as a machine supplies it, always with its country code and often without the "+": nothing is read into it.
 * NULL if it isn't one. */
const char *input_shared_phone(struct arena *arena, const char *text);

#endif
