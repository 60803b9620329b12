/* The catalogue of styles: what is sold. Read from config/styles by config/, const afterwards. */
#ifndef CORE_STYLE_H
#define CORE_STYLE_H

#include <stddef.h>
#include <stdint.h>
#include "core/text.h"

enum { STYLE_MAX = 32, STYLE_ID_MAX_BYTES = 50, STYLE_PHOTOS_MAX = 100 };

/* One photo of the set: what an image provider is asked for, and how the embedded darkroom treats the reference. */
struct style_look {
    const char *prompt; /* for image providers */
    const char *recipe; /* for the darkroom: "crop=half;grade=warm;…", checked when read; its recipe.h tells more */
};

struct style {
    const char *id; /* [a-z0-9_]+, stored in the database for ever */
    const char *name[LANG_COUNT];
    const char *description[LANG_COUNT];
    const char *cover_path; /* absolute path of the picture shown on the style screen */
    int64_t price_kopecks;
    int32_t photo_count; /* = look_count: as many looks as photos sold */
    const struct style_look *looks;
    size_t look_count;
};

struct style_catalogue {
    const struct style *styles;
    size_t count;
};

/* NULL if there is none. */
const struct style *style_find(const struct style_catalogue *catalogue, const char *id);
/* "From 500 ₽": the first of the cheapest ones. The catalogue must not be empty. */
const struct style *style_cheapest(const struct style_catalogue *catalogue);

#endif
