/* The rules the tests of conversations play by: the real words of config/texts, a small catalogue of styles. */
#include "tests/talk/stage.h"

#include <stdio.h>
#include <stdlib.h>

#include "config/texts.h"

static const struct style styles[] = {
    {.id = "professional",
     .name = {"Деловой", "Professional"},
     .description = {"Строгий костюм & спокойный фон.", "A sharp suit & a calm background."},
     .price_kopecks = 50000,
     .photo_count = STAGE_JOB_PHOTOS},
    {.id = "lifestyle",
     .name = {"Лайфстайл", "Lifestyle"},
     .description = {"Город, кафе, мягкий свет.", "City, cafés, soft light."},
     .price_kopecks = 50000,
     .photo_count = STAGE_JOB_PHOTOS},
    {.id = "creative",
     .name = {"Творческий", "Creative"},
     .description = {"Цвет, тени, неожиданные ракурсы.", "Colour, shadows, unexpected angles."},
     .price_kopecks = 50000,
     .photo_count = STAGE_JOB_PHOTOS}};
static const struct style_catalogue catalogue = {styles, sizeof styles / sizeof styles[0]};

const struct rules *stage_rules(void)
{
    static struct arena arena;
    static struct text_catalogue texts;
    static struct rules rules;
    struct findings findings;
    if (rules.texts != NULL)
        return &rules;
    arena_init(&arena);
    findings_init(&findings, &arena);
    enum err err = texts_read(&arena, SOURCE_DIR "/config/texts", &findings, &texts);
    for (size_t i = 0; i < findings.count; i++)
        fprintf(stderr, "%s:%d: %s\n", findings.items[i].file, findings.items[i].line, findings.items[i].message);
    if (err != ERR_OK)
        abort();
    rules = (struct rules){.texts = &texts,
                           .styles = &catalogue,
                           .photos_min = 10,
                           .photos_max = 20,
                           .min_side_px = 640,
                           .avatars_max = 10,
                           .album_wait_ms = 1500,
                           .consents = {[CONSENT_OFFER] = 1, [CONSENT_PERSONAL_DATA] = 1},
                           .offer_url = "https://example.org/offer",
                           .support = "",
                           .privacy_url = "https://example.org/privacy?a=1&b=2",
                           .utc_offset_minutes = 180};
    return &rules;
}
