/* Out of memory is told in one place. Must not keep anything. */
#include "bot/base/memory.h"

#include <string.h>

#include "core/bug.h"

void *memory_need(void *made)
{
    if (made == NULL)
        bug("out of memory");
    return made;
}

char *memory_copy(const char *text)
{
    return text == NULL ? NULL : memory_need(strdup(text));
}
