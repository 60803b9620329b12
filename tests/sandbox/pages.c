/* Serves the pages that embed.cmake compiled in.
 *
 * They are part of the program so that it runs from anywhere, alone.
 */
#include "tests/sandbox/pages.h"

#include <string.h>

#include "tests/sandbox/control.h"

static const char *type_of(const char *name)
{
    static const char *const types[][2] = {{".html", "text/html; charset=utf-8"},
                                           {".js", "text/javascript; charset=utf-8"},
                                           {".css", "text/css; charset=utf-8"},
                                           {".svg", "image/svg+xml"},
                                           {".png", "image/png"}};
    const char *dot = strrchr(name, '.');
    for (size_t i = 0; dot != NULL && i < sizeof(types) / sizeof(types[0]); i++) {
        if (strcmp(types[i][0], dot) == 0)
            return types[i][1];
    }
    return "application/octet-stream";
}

void pages_serve(struct request *request, const char *name)
{
    for (const struct page *page = pages; page->name != NULL; page++) {
        if (strcmp(page->name, name) == 0) {
            http_answer_static(request, 200, type_of(name), (const char *)page->bytes, page->size);
            return;
        }
    }
    static const char plain[] = "<!doctype html><meta charset=utf-8><title>Fotoset sandbox</title>"
                                "<p>The sandbox runs. This page is not built in: use the control API under /api/.";
    if (strcmp(name, "index.html") == 0 || strcmp(name, "checkout.html") == 0)
        http_answer_static(request, 200, type_of(name), plain, sizeof(plain) - 1);
    else
        control_fail(request, 404, "no such page");
}
