/* What people type, brought into the form that is stored: names, e-mail addresses, phone numbers. Pure. */
#ifndef CORE_INPUT_H
#define CORE_INPUT_H

#include "core/arena.h"

/* A name of 1–64 characters: outer white space trimmed, inner runs made one space. NULL if empty, too long, not valid
 * UTF-8 or with control characters. */
const char *input_name(struct arena *arena, const char *text, size_t max_chars);
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
