/* The catalogue of styles: looking one up. It is small (STYLE_MAX) and const, so a walk is enough. It must not know
 * where the catalogue came from. */
#include "core/style.h"

#include <string.h>

const struct style *style_find(const struct style_catalogue *catalogue, const char *id)
{
    for (size_t i = 0; id != NULL && i < catalogue->count; i++) {
        if (strcmp(catalogue->styles[i].id, id) == 0)
            return &catalogue->styles[i];
    }
    return NULL;
}
