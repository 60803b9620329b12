/* The catalogue of styles: looking one up, and the price "from". It is small (STYLE_MAX) and const, so a walk is
 * enough. It must not know where the catalogue came from. */
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

const struct style *style_cheapest(const struct style_catalogue *catalogue)
{
    const struct style *least = &catalogue->styles[0];
    for (size_t i = 1; i < catalogue->count; i++) {
        if (catalogue->styles[i].price_kopecks < least->price_kopecks)
            least = &catalogue->styles[i];
    }
    return least;
}
