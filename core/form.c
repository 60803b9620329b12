/* Filling a form. */
#include "core/form.h"

#include <string.h>

#include "core/bug.h"

void form_put(char *field, size_t size, const char *text)
{
    size_t length = strlen(text);
    if (length >= size)
        bug("an answer longer than its field in the form");
    memcpy(field, text, length + 1);
}
