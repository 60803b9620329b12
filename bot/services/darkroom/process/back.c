/* What is behind the person, changed through a soft matte. The new background always keeps a little of the old one's
 * light, and the matte's mistakes then look like light too, not like scissors. */
#include "bot/services/darkroom/process/effects.h"

#include <math.h>
#include <stdlib.h>

/* A studio wall: the colour, lit behind the head, darker to the corners. */
static void studio_at(uint32_t colour, float u, float v, float *out)
{
    float lit = 1.16f - 0.52f * effects_step(0.1f, 1.15f, sqrtf(u * u + v * v));
    for (int c = 0; c < 3; c++) {
        out[c] = fminf(255.0f, (float)(colour >> (16 - 8 * c) & 255) * lit);
    }
}

static void back_pixel(const struct recipe *recipe, const uint8_t *soft, float u, float v, float *out)
{
    float luma = (float)effects_luma(soft), wall[3];
    switch ((enum recipe_back)recipe->bg) {
    case RECIPE_BACK_BLURRED:
        for (int c = 0; c < 3; c++) {
            out[c] = (float)soft[c] * 1.03f;
        }
        break;
    case RECIPE_BACK_DIM:
        for (int c = 0; c < 3; c++) {
            out[c] = (float)soft[c] * 0.30f;
        }
        break;
    case RECIPE_BACK_GREY: out[0] = out[1] = out[2] = luma; break;
    case RECIPE_BACK_STUDIO:
        studio_at(recipe->back, u, v, wall);
        for (int c = 0; c < 3; c++) {
            out[c] = wall[c] * 0.96f + luma * 0.04f;
        }
        break;
    case RECIPE_BACK_COLOUR: /* the old background, in one colour */
        for (int c = 0; c < 3; c++) {
            float ink = (float)(recipe->back >> (16 - 8 * c) & 255);
            out[c] = ink * (0.62f + 0.5f * luma / 255.0f);
        }
        break;
    case RECIPE_BACK_NONE:
    case RECIPE_BACK_COUNT:
        for (int c = 0; c < 3; c++) {
            out[c] = (float)soft[c];
        }
        break;
    }
}

void back_apply(struct canvas *canvas, const struct recipe *recipe, struct person person)
{
    if (recipe->bg == RECIPE_BACK_NONE) {
        return;
    }
    uint8_t *matte = person_matte(canvas, person);
    struct canvas soft = canvas_copy(canvas);
    if (recipe->bg != RECIPE_BACK_GREY) {
        canvas_blur(&soft, recipe->bg == RECIPE_BACK_BLURRED ? 22 : 40);
    }
    float half = (float)canvas->width / 2.0f;
    for (int y = 0; y < canvas->height; y++) {
        for (int x = 0; x < canvas->width; x++) {
            size_t at = (size_t)y * (size_t)canvas->width + (size_t)x;
            float keep = (float)matte[at] / 255.0f, behind[3] = {0};
            if (matte[at] == 255) {
                continue;
            }
            back_pixel(recipe, soft.rgb + at * 3, ((float)x - person.x) / half, ((float)y - person.y) / half, behind);
            for (int c = 0; c < 3; c++) {
                uint8_t *value = canvas->rgb + at * 3 + c;
                *value = canvas_byte(behind[c] + ((float)*value - behind[c]) * keep);
            }
        }
    }
    canvas_done(&soft);
    free(matte);
}
