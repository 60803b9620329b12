/* The pages, compiled into the program. */
#ifndef TESTS_SANDBOX_PAGES_H
#define TESTS_SANDBOX_PAGES_H

#include "tests/sandbox/http.h"

struct page {
    const char *name;
    const unsigned char *bytes;
    size_t size;
};

extern const struct page pages[]; /* ends with a NULL name; made from tests/sandbox/page by embed.cmake */

void pages_serve(struct request *request, const char *name);

#endif
