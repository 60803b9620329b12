/* What is sold: config/styles/<any>.cfg read into core's catalogue. One file is one style:
 *
 *   id = "professional";              [a-z0-9_], at most 50; never changed once something was sold
 *   order = 1;                        optional; then by id
 *   name: { ru = "…"; en = "…"; };
 *   description: { ru = "…"; en = "…"; };   plain text, like the name
 *   cover = "professional.jpg";       beside the file; a JPEG is sent as it is (4:5 fits best), an SVG or PNG is drawn
 *                                     at the start, and what is shown before it is ready goes without
 *   price = "500.00";                 roubles, 1.00 … 350000.00
 *   looks = ( { prompt = "…"; recipe = "…"; }, … );   one per photo of the set
 */
#ifndef CONFIG_STYLES_H
#define CONFIG_STYLES_H

#include "config/finding.h"
#include "core/style.h"

enum {
    STYLES_FILE_MAX_BYTES = 1024 * 1024,
    STYLE_NAME_MAX_BYTES = 128, /* it becomes a button */
    STYLE_DESCRIPTION_MAX_BYTES = 2800,
    STYLE_DESCRIPTION_MAX_UNITS = 700, /* of UTF-16: with name, price and a hint it is a caption of at most 1024 */
    STYLE_PROMPT_MAX_BYTES = 4000,
    STYLE_RECIPE_MAX_BYTES = 511,
    STYLE_COVER_MAX_BYTES = 8 * 1024 * 1024 /* Telegram takes photos of 10 MB */
};
#define STYLE_PRICE_MIN_KOPECKS INT64_C(100) /* YooKassa's limits of a card payment */
#define STYLE_PRICE_MAX_KOPECKS INT64_C(35000000)

/* Is a darkroom recipe right? Given by whoever knows the darkroom; NULL = not checked. Returns NULL or what is wrong.
 */
typedef const char *style_recipe_check(struct arena *arena, const char *recipe);

/* Reads every *.cfg of dir. What is wrong is a finding with file and line; ERR_INVALID then (ERR_IO if dir can't be
 * read) and *ret is untouched. Everything lives in the arena. */
enum err styles_read(struct arena *arena, const char *dir, style_recipe_check *check, struct findings *findings,
                     struct style_catalogue *ret) MUST_CHECK;

#endif
