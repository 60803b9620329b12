/* The one place in core that writes anything: the last words. */
#include "core/bug.h"

#include <stdio.h>
#include <stdlib.h>

void bug_at(const char *file, int line, const char *what)
{
    (void)fprintf(stderr, "%s:%d: bug: %s\n", file, line, what);
    abort();
}
