/* The picture as painted or drawn: brush, water, pencil, ink, light. The brush is Kuwahara's filter (each point takes
 * the calmest of the four squares that touch it), run on a smaller copy: strokes get the size of strokes and it stays
 * cheap. Prints and mosaics are in print.c. */
#include "bot/services/darkroom/process/effects.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "core/bug.h"

static struct canvas resized(const struct canvas *from, int width, int height)
{
    return canvas_cut(from, (float)from->width / 2.0f, (float)from->height / 2.0f, (float)from->width,
                      (float)from->height, 0, width, height);
}

/* Sums of r, g, b, luma and luma² over [0,x)×[0,y), for quick means of squares. */
struct sums {
    uint32_t value[4];
    uint64_t square;
};

static struct sums *sums_of(const struct canvas *canvas)
{
    size_t stride = (size_t)canvas->width + 1;
    struct sums *sums = calloc(stride * ((size_t)canvas->height + 1), sizeof *sums);
    if (sums == NULL) {
        bug("out of memory");
    }
    for (int y = 0; y < canvas->height; y++) {
        struct sums row = {{0}, 0};
        for (int x = 0; x < canvas->width; x++) {
            const uint8_t *pixel = canvas_at(canvas, x, y);
            uint32_t luma = (uint32_t)effects_luma(pixel);
            struct sums *to = &sums[(size_t)(y + 1) * stride + (size_t)x + 1];
            const struct sums *up = to - stride;
            for (int c = 0; c < 3; c++) {
                row.value[c] += pixel[c];
                to->value[c] = up->value[c] + row.value[c];
            }
            row.value[3] += luma;
            row.square += (uint64_t)luma * luma;
            to->value[3] = up->value[3] + row.value[3];
            to->square = up->square + row.square;
        }
    }
    return sums;
}

static int clamp(int value, int low, int high)
{
    return value < low ? low : value > high ? high : value;
}

static void brush_at(const struct sums *sums, const struct canvas *canvas, int x, int y, int r, uint8_t *out)
{
    size_t stride = (size_t)canvas->width + 1;
    uint64_t calmest = UINT64_MAX;
    for (int q = 0; q < 4; q++) {
        int x0 = clamp(x - ((q & 1) != 0 ? r : 0), 0, canvas->width - 1),
            y0 = clamp(y - ((q & 2) != 0 ? r : 0), 0, canvas->height - 1);
        int x1 = clamp(x0 + r + 1, 1, canvas->width), y1 = clamp(y0 + r + 1, 1, canvas->height);
        const struct sums *a = &sums[(size_t)y0 * stride + (size_t)x0], *b = &sums[(size_t)y0 * stride + (size_t)x1];
        const struct sums *c = &sums[(size_t)y1 * stride + (size_t)x0], *d = &sums[(size_t)y1 * stride + (size_t)x1];
        uint64_t n = (uint64_t)(x1 - x0) * (uint64_t)(y1 - y0);
        uint64_t mean = d->value[3] - b->value[3] - c->value[3] + a->value[3];
        uint64_t variance = ((d->square - b->square - c->square + a->square) * n - mean * mean) / (n * n);
        if (variance < calmest) {
            calmest = variance;
            for (int k = 0; k < 3; k++) {
                out[k] = (uint8_t)((d->value[k] - b->value[k] - c->value[k] + a->value[k]) / n);
            }
        }
    }
}

static void brush(struct canvas *canvas, int shrink_percent, int radius)
{
    struct canvas small = resized(canvas, canvas->width * shrink_percent / 100, canvas->height * shrink_percent / 100);
    struct canvas painted = canvas_new(small.width, small.height);
    struct sums *sums = sums_of(&small);
    for (int y = 0; y < small.height; y++) {
        for (int x = 0; x < small.width; x++) {
            brush_at(sums, &small, x, y, radius, canvas_at(&painted, x, y));
        }
    }
    free(sums);
    struct canvas big = resized(&painted, canvas->width, canvas->height);
    canvas_done(&small);
    canvas_done(&painted);
    canvas_done(canvas);
    *canvas = big;
}

/* 0 … 255: dark lines where brightness changes (255 = paper). */
static uint8_t *outlines(const struct canvas *canvas, int reach, float strength)
{
    int w = canvas->width, h = canvas->height;
    uint8_t *lines = calloc((size_t)w * (size_t)h, 1);
    if (lines == NULL) {
        bug("out of memory");
    }
    for (int y = 0; y < h; y++) {
        int up = clamp(y - reach, 0, h - 1), down = clamp(y + reach, 0, h - 1);
        for (int x = 0; x < w; x++) {
            int left = clamp(x - reach, 0, w - 1), right = clamp(x + reach, 0, w - 1);
            int dx = effects_luma(canvas_at(canvas, right, y)) - effects_luma(canvas_at(canvas, left, y));
            int dy = effects_luma(canvas_at(canvas, x, down)) - effects_luma(canvas_at(canvas, x, up));
            lines[(size_t)y * (size_t)w + (size_t)x] = canvas_byte(
                255.0f - strength * fmaxf(0.0f, sqrtf((float)(dx * dx + dy * dy)) - 12.0f));
        }
    }
    return lines;
}

static void watercolour(struct canvas *canvas, uint64_t seed)
{
    brush(canvas, 45, 5);
    uint8_t *lines = outlines(canvas, 2, 1.1f);
    int w = canvas->width, h = canvas->height;
    for (int y = 0; y < h; y++) {
        float v = 2.0f * (float)y / (float)h - 1.0f;
        for (int x = 0; x < w; x++) {
            float u = 2.0f * (float)x / (float)w - 1.0f;
            float ragged = 0.10f * sinf((float)x / 47.0f + (float)(seed & 7)) + 0.09f * sinf((float)y / 39.0f) +
                           0.05f * sinf((float)(x + y) / 17.0f);
            float paper = effects_step(0.86f, 1.12f, sqrtf(u * u * u * u + v * v * v * v) + ragged);
            uint8_t *pixel = canvas_at(canvas, x, y);
            float ink = 0.55f + 0.45f * (float)lines[(size_t)y * (size_t)w + (size_t)x] / 255.0f;
            for (int c = 0; c < 3; c++) {
                float wash = (44.0f + (float)pixel[c] * 0.84f) * ink;
                pixel[c] = canvas_byte(wash + (250.0f - (float)(c * 4) - wash) * paper);
            }
        }
    }
    free(lines);
}

/* Pencil: the picture divided by its own blur, which leaves lines and soft shade on white. */
static void sketch(struct canvas *canvas, const struct recipe *recipe)
{
    size_t count = (size_t)canvas->width * (size_t)canvas->height;
    for (size_t i = 0; i < count; i++) {
        uint8_t *pixel = canvas->rgb + i * 3;
        pixel[0] = pixel[1] = pixel[2] = (uint8_t)effects_luma(pixel);
    }
    struct canvas soft = canvas_copy(canvas);
    canvas_blur(&soft, 9);
    for (size_t i = 0; i < count; i++) {
        size_t x = i % (size_t)canvas->width, y = i / (size_t)canvas->width;
        uint8_t *pixel = canvas->rgb + i * 3;
        float line = (float)pixel[0] / fmaxf((float)soft.rgb[i * 3], 1.0f), shade = (float)pixel[0] / 255.0f;
        float tone = fminf(line, 1.0f);
        tone = tone * tone * tone * (0.60f + 0.40f * sqrtf(shade));
        float strokes = 0.05f * sinf((float)(x + y) * 0.9f) * (1.0f - shade);
        pixel[0] = pixel[1] = pixel[2] = canvas_byte(255.0f * fminf(1.0f, tone + strokes));
    }
    canvas_done(&soft);
    grade_duotone(canvas, recipe->has_duotone ? recipe->ink : 0x2b2a2e,
                  recipe->has_duotone ? recipe->light_ink : 0xf7f3ea);
}

static void flatten(struct canvas *canvas, int levels)
{
    uint8_t map[256];
    for (int i = 0; i < 256; i++) {
        map[i] = (uint8_t)(((i * levels + 128) / 256) * 255 / levels);
    }
    size_t count = (size_t)canvas->width * (size_t)canvas->height;
    for (uint8_t *pixel = canvas->rgb; count > 0; count--, pixel += 3) {
        int luma = effects_luma(pixel), to = map[luma];
        for (int c = 0; c < 3; c++) { /* the brightness in steps, the hue as it is, a little stronger */
            pixel[c] = (uint8_t)clamp(to + (pixel[c] - luma) * 5 / 4, 0, 255);
        }
    }
}

static void poster(struct canvas *canvas)
{
    brush(canvas, 50, 6);
    flatten(canvas, 5);
}

static void comic(struct canvas *canvas)
{
    struct canvas sharp = resized(canvas, canvas->width, canvas->height);
    canvas_blur(&sharp, 3);
    uint8_t *lines = outlines(&sharp, 3, 3.2f);
    canvas_done(&sharp);
    brush(canvas, 60, 4);
    flatten(canvas, 6);
    int w = canvas->width;
    for (int y = 0; y < canvas->height; y++) {
        for (int x = 0; x < w; x++) {
            uint8_t *pixel = canvas_at(canvas, x, y);
            int line = lines[(size_t)y * (size_t)w + (size_t)x];
            float u = (float)((x + y) % 16) - 7.5f, v = (float)(((x - y) % 16 + 16) % 16) - 7.5f;
            bool dot = effects_luma(pixel) < 110 && u * u + v * v < 14.0f;
            for (int c = 0; c < 3; c++) {
                pixel[c] = (uint8_t)((dot ? pixel[c] * 3 / 4 : pixel[c]) * line / 255);
            }
        }
    }
    free(lines);
}

/* Two exposures on one negative: the second mirrored, larger, in the recipe's light. */
static void double_exposure(struct canvas *canvas, const struct recipe *recipe)
{
    float w = (float)canvas->width, h = (float)canvas->height;
    struct canvas second = canvas_cut(canvas, w * 0.5f, h * 0.38f, w * 0.52f, h * 0.52f, 0, canvas->width,
                                      canvas->height);
    canvas_mirror(&second);
    grade_duotone(&second, recipe->has_duotone ? recipe->ink : 0x14213d,
                  recipe->has_duotone ? recipe->light_ink : 0xfca311);
    for (int y = 0; y < canvas->height; y++) {
        for (int x = 0; x < canvas->width; x++) {
            uint8_t *pixel = canvas_at(canvas, x, y);
            const uint8_t *over = canvas_at(&second, x, y);
            float u = (float)x / w - 0.5f, v = (float)y / h - 0.42f;
            float amount = 0.10f + 0.80f * effects_step(0.14f, 0.44f, sqrtf(u * u + v * v * 0.7f));
            for (int c = 0; c < 3; c++) {
                float screened = 255.0f - (255.0f - (float)pixel[c]) * (255.0f - (float)over[c] * 0.85f) / 255.0f;
                pixel[c] = canvas_byte((float)pixel[c] * (1.0f - amount) + screened * amount);
            }
        }
    }
    canvas_done(&second);
}

/* A bad tape: bands slip sideways, red and blue stand apart, thin dark lines. */
static void glitch(struct canvas *canvas, uint64_t seed)
{
    struct canvas from = canvas_copy(canvas);
    for (int y = 0; y < canvas->height; y++) {
        uint32_t band = canvas_noise((uint32_t)y / 54, 7, seed);
        int slip = band % 4 == 0 ? (int)(band >> 8) % 70 - 35 : 0, apart = 9 + (int)(band >> 16 & 7);
        for (int x = 0; x < canvas->width; x++) {
            uint8_t *pixel = canvas_at(canvas, x, y);
            pixel[0] = canvas_at(&from, clamp(x + slip - apart, 0, from.width - 1), y)[0];
            pixel[1] = canvas_at(&from, clamp(x + slip, 0, from.width - 1), y)[1];
            pixel[2] = canvas_at(&from, clamp(x + slip + apart, 0, from.width - 1), y)[2];
            for (int c = 0; c < 3 && y % 4 == 0; c++) {
                pixel[c] = (uint8_t)(pixel[c] * 3 / 4);
            }
        }
    }
    canvas_done(&from);
}

/* Glowing tubes along the outlines, on a dark and blue picture. */
static void neon(struct canvas *canvas, const struct recipe *recipe)
{
    struct canvas soft = canvas_copy(canvas);
    canvas_blur(&soft, 3);
    uint8_t *lines = outlines(&soft, 3, 4.0f);
    uint32_t left = recipe->has_duotone ? recipe->ink : 0xff2e93,
             right = recipe->has_duotone ? recipe->light_ink : 0x2ee6ff;
    size_t w = (size_t)canvas->width, count = w * (size_t)canvas->height;
    for (size_t i = 0; i < count; i++) {
        float t = effects_step(0.25f, 0.75f, (float)(i % w) / (float)w), tube = 1.0f - (float)lines[i] / 255.0f;
        for (int c = 0; c < 3; c++) {
            float a = (float)(left >> (16 - 8 * c) & 255), b = (float)(right >> (16 - 8 * c) & 255);
            soft.rgb[i * 3 + (size_t)c] = canvas_byte((a + (b - a) * t) * tube);
        }
    }
    struct canvas halo = canvas_copy(&soft);
    canvas_blur(&halo, 20);
    for (size_t i = 0; i < count * 3; i++) {
        float dark = (float)canvas->rgb[i] * (i % 3 == 2 ? 0.42f : 0.28f);
        canvas->rgb[i] = canvas_byte(dark + (float)soft.rgb[i] + (float)halo.rgb[i] * 1.3f);
    }
    free(lines);
    canvas_done(&soft);
    canvas_done(&halo);
}

void art_apply(struct canvas *canvas, const struct recipe *recipe, uint64_t seed)
{
    switch ((enum recipe_art)recipe->art) {
    case RECIPE_ART_OIL: brush(canvas, 62, 6); break;
    case RECIPE_ART_WATERCOLOUR: watercolour(canvas, seed); break;
    case RECIPE_ART_SKETCH: sketch(canvas, recipe); break;
    case RECIPE_ART_POSTER: poster(canvas); break;
    case RECIPE_ART_COMIC: comic(canvas); break;
    case RECIPE_ART_DOUBLE: double_exposure(canvas, recipe); break;
    case RECIPE_ART_GLITCH: glitch(canvas, seed); break;
    case RECIPE_ART_NEON: neon(canvas, recipe); break;
    case RECIPE_ART_NONE:
    case RECIPE_ART_PIXEL:
    case RECIPE_ART_HALFTONE:
    case RECIPE_ART_LINES:
    case RECIPE_ART_POPART:
    case RECIPE_ART_STAINED:
    case RECIPE_ART_RISO:
    case RECIPE_ART_CROSSHATCH:
    case RECIPE_ART_TRIANGLES: print_apply(canvas, recipe, seed); break;
    case RECIPE_ART_COUNT: break;
    }
}
