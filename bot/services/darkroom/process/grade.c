/* Colour. A preset is ten numbers; the recipe's own are added, and both become three curves (one a channel), a tint by
 * brightness and a saturation, so that a whole grade is one pass over the pixels.
 * Nothing here depends on where a pixel stands. */
#include "bot/services/darkroom/process/effects.h"

#include <math.h>

struct preset {
    int exposure, contrast, saturation, warmth, fade; /* as in the recipe */
    int shadow[3], light[3];                          /* tint of darks and of lights, -60 … 60 */
};

static const struct preset presets[RECIPE_GRADE_COUNT] = {
    [RECIPE_GRADE_NATURAL] = {0, 0, 0, 0, 0, {0, 0, 0}, {0, 0, 0}},
    [RECIPE_GRADE_CLEAN] = {10, 8, 4, 2, 0, {0, 0, 4}, {4, 3, 0}},
    [RECIPE_GRADE_WARM] = {5, 8, 8, 16, 3, {6, 0, -6}, {10, 4, -10}},
    [RECIPE_GRADE_GOLDEN] = {8, 6, 14, 26, 4, {14, 2, -14}, {22, 10, -26}},
    [RECIPE_GRADE_COOL] = {3, 10, -8, -16, 2, {-8, 0, 10}, {-4, 2, 8}},
    [RECIPE_GRADE_TEAL] = {2, 14, 8, 4, 4, {-22, 6, 14}, {20, 6, -14}},
    [RECIPE_GRADE_FILM] = {4, 4, -6, 8, 14, {4, 8, 6}, {10, 4, -12}},
    [RECIPE_GRADE_MATTE] = {6, -6, -18, 2, 26, {2, 4, 10}, {4, 2, 0}},
    [RECIPE_GRADE_PASTEL] = {20, -16, -14, 2, 24, {10, 2, 16}, {8, 2, 4}},
    [RECIPE_GRADE_VIVID] = {6, 16, 36, 4, 0, {0, 0, 4}, {4, 2, 0}},
    [RECIPE_GRADE_CHROME] = {2, 22, 12, -4, 2, {-6, 2, 6}, {4, 4, -4}},
    [RECIPE_GRADE_CROSS] = {6, 18, 18, 4, 4, {-10, 0, 32}, {16, 20, -28}},
    [RECIPE_GRADE_NIGHT] = {-16, 14, -14, -20, 6, {-6, 0, 24}, {0, 4, 14}},
    [RECIPE_GRADE_ROSE] = {8, 2, 0, 8, 10, {18, -4, 12}, {14, -2, 2}},
    [RECIPE_GRADE_MOSS] = {0, 8, -6, 4, 10, {-6, 12, -4}, {8, 8, -16}},
    [RECIPE_GRADE_NOIR] = {-4, 32, -100, 0, 0, {0, 0, 0}, {0, 0, 0}},
    [RECIPE_GRADE_SILVER] = {10, 8, -100, 0, 8, {0, 2, 6}, {2, 2, 2}},
    [RECIPE_GRADE_SEPIA] = {6, 10, -100, 0, 8, {24, 4, -14}, {26, 4, -30}},
    [RECIPE_GRADE_LATTE] = {10, 0, -40, 12, 12, {14, 6, -2}, {14, 6, -8}},
    [RECIPE_GRADE_BLEACH] = {2, 26, -52, -2, 4, {-2, 2, 6}, {8, 6, 0}},
};

struct curves {
    uint8_t map[3][256];
    int16_t tint[256][3];
    int saturation; /* 256 = unchanged */
};

static struct preset wanted(const struct recipe *recipe)
{
    struct preset p = presets[recipe->grade];
    p.exposure += recipe->exposure;
    p.contrast += recipe->contrast;
    p.saturation += recipe->saturation;
    p.warmth += recipe->warmth;
    p.fade += recipe->fade;
    return p;
}

static void make_curves(const struct preset *p, struct curves *curves)
{
    float gamma = powf(2.0f, -(float)p->exposure / 50.0f), contrast = (float)p->contrast / 100.0f;
    float fade = (float)p->fade / 255.0f;
    for (int c = 0; c < 3; c++) {
        float gain = 1.0f + (c == 0 ? 1.0f : c == 2 ? -1.0f : 0.1f) * (float)p->warmth / 240.0f;
        for (int i = 0; i < 256; i++) {
            float v = powf((float)i / 255.0f, gamma);
            float bent = effects_step(0.0f, 1.0f, v); /* an S: contrast without clipping */
            v += contrast * 1.6f * (bent - v);
            v = fade + v * (1.0f - fade * 1.15f);
            curves->map[c][i] = canvas_byte(255.0f * v * gain);
        }
    }
    for (int i = 0; i < 256; i++) {
        float l = (float)i / 255.0f, dark = (1.0f - l) * (1.0f - l), bright = l * (1.35f - 0.75f * l);
        for (int c = 0; c < 3; c++) {
            curves->tint[i][c] = (int16_t)lroundf((float)p->shadow[c] * dark + (float)p->light[c] * bright);
        }
    }
    int saturation = p->saturation < -100 ? -100 : p->saturation;
    curves->saturation = 256 + saturation * 256 / 100;
}

static uint8_t clip(int value)
{
    return (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value);
}

static void apply_curves(struct canvas *canvas, const struct curves *curves)
{
    size_t count = (size_t)canvas->width * (size_t)canvas->height;
    for (uint8_t *pixel = canvas->rgb; count > 0; count--, pixel += 3) {
        int luma = effects_luma(pixel);
        const int16_t *tint = curves->tint[luma];
        for (int c = 0; c < 3; c++) {
            int value = luma + (pixel[c] - luma) * curves->saturation / 256;
            pixel[c] = clip(curves->map[c][clip(value)] + tint[c]);
        }
    }
}

/* A soft bloom: the blurred picture screened over the sharp one. */
static void apply_glow(struct canvas *canvas, int amount)
{
    struct canvas soft = canvas_copy(canvas);
    canvas_blur(&soft, 28);
    size_t count = (size_t)canvas->width * (size_t)canvas->height * 3;
    for (size_t i = 0; i < count; i++) {
        int sharp = canvas->rgb[i], bloom = soft.rgb[i] * soft.rgb[i] / 255;
        int screened = 255 - (255 - sharp) * (255 - bloom) / 255;
        canvas->rgb[i] = (uint8_t)(sharp + (screened - sharp) * amount / 100);
    }
    canvas_done(&soft);
}

void grade_level(struct canvas *canvas, struct person person)
{
    size_t histogram[256] = {0}, count = 0, below = 0;
    int left = (int)(person.x - person.width * 0.22f), right = (int)(person.x + person.width * 0.22f);
    int top = (int)(person.y - person.height * 0.2f), bottom = (int)(person.y + person.height * 0.25f);
    for (int y = top > 0 ? top : 0; y < bottom && y < canvas->height; y += 2) {
        for (int x = left > 0 ? left : 0; x < right && x < canvas->width; x += 2) {
            histogram[effects_luma(canvas_at(canvas, x, y))]++;
            count++;
        }
    }
    int median = 0;
    while (median < 255 && (below += histogram[median]) * 2 < count) {
        median++;
    }
    float have = fminf(fmaxf((float)median / 255.0f, 0.08f), 0.92f);
    float gamma = fminf(fmaxf(logf(0.66f) / logf(have), 0.40f), 1.6f);
    uint8_t map[256];
    for (int i = 0; i < 256; i++) {
        map[i] = canvas_byte(255.0f * powf((float)i / 255.0f, gamma));
    }
    size_t bytes = (size_t)canvas->width * (size_t)canvas->height * 3;
    for (size_t i = 0; i < bytes; i++) {
        canvas->rgb[i] = map[canvas->rgb[i]];
    }
}

void grade_duotone(struct canvas *canvas, uint32_t ink, uint32_t light_ink)
{
    uint8_t map[256][3];
    for (int i = 0; i < 256; i++) {
        int t = (int)lroundf(256.0f * effects_step(0.02f, 0.98f, (float)i / 255.0f));
        for (int c = 0; c < 3; c++) {
            int shift = 16 - 8 * c, dark = (int)(ink >> shift & 255), bright = (int)(light_ink >> shift & 255);
            map[i][c] = (uint8_t)(dark + (bright - dark) * t / 256);
        }
    }
    size_t count = (size_t)canvas->width * (size_t)canvas->height;
    for (uint8_t *pixel = canvas->rgb; count > 0; count--, pixel += 3) {
        const uint8_t *to = map[effects_luma(pixel)];
        pixel[0] = to[0];
        pixel[1] = to[1];
        pixel[2] = to[2];
    }
}

void grade_apply(struct canvas *canvas, const struct recipe *recipe)
{
    struct preset preset = wanted(recipe);
    struct curves curves;
    make_curves(&preset, &curves);
    apply_curves(canvas, &curves);
    if (recipe->glow > 0) {
        apply_glow(canvas, recipe->glow);
    }
}
