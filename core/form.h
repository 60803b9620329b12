/* The form: what the conversation under way has been answered so far, kept in session.form from question to question.
 * It stays as it is filled while moves of a sheet lead from state to state of that sheet, and over a consent that comes
 * in between; going anywhere else, or to the same place anew, empties it (core/stand.c). So a conversation with several
 * answers is one sheet: each reader fills a field (core/form.def) once it has understood the answer, and the deed of
 * the last move finds all of them. What another program left there, and this one does not know or finds out of its
 * bounds, is as if it had not been answered. */
#ifndef CORE_FORM_H
#define CORE_FORM_H

#include <stddef.h>

/* Fills a WORD of the form; "" empties it. The text was read as the answer, so it fits. */
void form_put(char *field, size_t size, const char *text);

#endif
