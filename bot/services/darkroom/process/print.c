/* The picture as a print or a mosaic: dots, lines, inks, tiles. Each is a rule for one point from the brightness (or
 * the mean colour) of its surroundings, in one or two inks on paper where the recipe names them. */
#include "bot/services/darkroom/process/effects.h"

#include <math.h>
#include <stdlib.h>

#include "core/bug.h"

static uint32_t ink_of(const struct recipe *recipe, uint32_t usual)
{
    return recipe->has_duotone ? recipe->ink : usual;
}

static uint32_t paper_of(const struct recipe *recipe, uint32_t usual)
{
    return recipe->has_duotone ? recipe->light_ink : usual;
}

/* amount of ink, 0 … 1, on paper */
static void lay_ink(uint8_t *pixel, uint32_t ink, uint32_t paper, float amount)
{
    for (int c = 0; c < 3; c++) {
        float dark = (float)(ink >> (16 - 8 * c) & 255), bright = (float)(paper >> (16 - 8 * c) & 255);
        pixel[c] = canvas_byte(bright + (dark - bright) * amount);
    }
}

static uint8_t *grey_of(const struct canvas *canvas, int blur)
{
    struct canvas soft = canvas_copy(canvas);
    if (blur > 0) {
        canvas_blur(&soft, blur);
    }
    size_t count = (size_t)canvas->width * (size_t)canvas->height;
    uint8_t *grey = calloc(count, 1);
    if (grey == NULL) {
        bug("out of memory");
    }
    for (size_t i = 0; i < count; i++) {
        grey[i] = (uint8_t)effects_luma(soft.rgb + i * 3);
    }
    canvas_done(&soft);
    return grey;
}

static void pixels(struct canvas *canvas)
{
    const int tile = 16;
    struct canvas small = canvas_cut(canvas, (float)canvas->width / 2.0f, (float)canvas->height / 2.0f,
                                     (float)canvas->width, (float)canvas->height, 0, canvas->width / tile,
                                     canvas->height / tile);
    for (int y = 0; y < canvas->height; y++) {
        for (int x = 0; x < canvas->width; x++) {
            int i = x / tile < small.width ? x / tile : small.width - 1,
                j = y / tile < small.height ? y / tile : small.height - 1;
            const uint8_t *from = canvas_at(&small, i, j);
            int u = x % tile, v = y % tile;
            int relief = u < 2 || v < 2 ? 22 : u >= tile - 2 || v >= tile - 2 ? -30 : 0; /* like a laid tile */
            uint8_t *pixel = canvas_at(canvas, x, y);
            for (int c = 0; c < 3; c++) {
                pixel[c] = canvas_byte((float)(from[c] + relief));
            }
        }
    }
    canvas_done(&small);
}

static void halftone(struct canvas *canvas, const struct recipe *recipe)
{
    uint8_t *grey = grey_of(canvas, 3);
    uint32_t ink = ink_of(recipe, 0x15151c), paper = paper_of(recipe, 0xfff6e3);
    const float cell = 15.0f;
    for (int y = 0; y < canvas->height; y++) {
        for (int x = 0; x < canvas->width; x++) {
            float u = ((float)x + (float)y) * 0.7071f,
                  v = ((float)y - (float)x) * 0.7071f; /* the screen stands at 45° */
            float du = u - (floorf(u / cell) + 0.5f) * cell, dv = v - (floorf(v / cell) + 0.5f) * cell;
            float dark = 1.0f - (float)grey[(size_t)y * (size_t)canvas->width + (size_t)x] / 255.0f;
            float radius = cell * 0.74f * sqrtf(dark);
            lay_ink(canvas_at(canvas, x, y), ink, paper, fminf(fmaxf(radius - sqrtf(du * du + dv * dv), 0.0f), 1.0f));
        }
    }
    free(grey);
}

/* An engraver's lines: each swells where the picture is dark and bends a little with it. */
static void engraving(struct canvas *canvas, const struct recipe *recipe)
{
    uint8_t *grey = grey_of(canvas, 4);
    uint32_t ink = ink_of(recipe, 0x1d2b3a), paper = paper_of(recipe, 0xf5efe0);
    const float pitch = 13.0f;
    for (int y = 0; y < canvas->height; y++) {
        for (int x = 0; x < canvas->width; x++) {
            float dark = 1.0f - (float)grey[(size_t)y * (size_t)canvas->width + (size_t)x] / 255.0f;
            float wave = (float)y + 7.0f * sinf((float)x / 70.0f) - 26.0f * dark;
            float off = fabsf(wave - (floorf(wave / pitch) + 0.5f) * pitch);
            lay_ink(canvas_at(canvas, x, y), ink, paper, fminf(fmaxf(pitch * 0.60f * dark - off + 0.3f, 0.0f), 1.0f));
        }
    }
    free(grey);
}

static void crosshatch(struct canvas *canvas, const struct recipe *recipe)
{
    uint8_t *grey = grey_of(canvas, 2);
    uint32_t ink = ink_of(recipe, 0x22252e), paper = paper_of(recipe, 0xfbf7ee);
    static const float turn[4] = {0.7854f, -0.7854f, 0.10f, 1.50f};
    for (int y = 0; y < canvas->height; y++) {
        for (int x = 0; x < canvas->width; x++) {
            float dark = 1.0f - (float)grey[(size_t)y * (size_t)canvas->width + (size_t)x] / 255.0f, amount = 0;
            for (int k = 0; k < 4; k++) {
                float s = ((float)x * cosf(turn[k]) + (float)y * sinf(turn[k])) / 9.0f;
                s += 0.25f * sinf((float)(x - y) / 60.0f);
                float off = fabsf(s - floorf(s) - 0.5f) * 9.0f;
                float thick = 3.4f * effects_step(0.20f + 0.19f * (float)k, 0.62f + 0.16f * (float)k, dark);
                amount = fmaxf(amount, fminf(fmaxf(thick - off, 0.0f), 1.0f));
            }
            lay_ink(canvas_at(canvas, x, y), ink, paper, amount * 0.92f);
        }
    }
    free(grey);
}

/* Two inks from two drums that don't quite meet, with the grain of cheap paper. */
static void riso(struct canvas *canvas, const struct recipe *recipe, uint64_t seed)
{
    uint8_t *grey = grey_of(canvas, 1);
    uint32_t first = ink_of(recipe, 0xff4c65), second = paper_of(recipe, 0x0078bf);
    int w = canvas->width, h = canvas->height;
    for (int y = 0; y < h; y++) {
        for (int x = 0; x < w; x++) {
            int sx = x + 7 < w ? x + 7 : w - 1, sy = y > 5 ? y - 5 : 0;
            float a = (float)grey[(size_t)y * (size_t)w + (size_t)x],
                  b = (float)grey[(size_t)sy * (size_t)w + (size_t)sx];
            float grain = (float)(canvas_noise((uint32_t)x / 2, (uint32_t)y / 2, seed) & 255) - 128.0f;
            float one = 0.92f * (1.0f - effects_step(70.0f, 205.0f, a + grain * 0.35f));
            float two = 0.88f * (1.0f - effects_step(20.0f, 120.0f, b + grain * 0.30f));
            uint8_t *pixel = canvas_at(canvas, x, y);
            for (int c = 0; c < 3; c++) {
                float p = 1.0f - one * (1.0f - (float)(first >> (16 - 8 * c) & 255) / 255.0f);
                float q = 1.0f - two * (1.0f - (float)(second >> (16 - 8 * c) & 255) / 255.0f);
                pixel[c] = canvas_byte(248.0f * p * q);
            }
        }
    }
    free(grey);
}

/* Four flat prints of the same picture, each in three inks of its own. */
static void popart(struct canvas *canvas)
{
    static const uint32_t inks[4][3] = {{0x2b0a57, 0xff3c8e, 0xffe45c},
                                        {0x0b2f6b, 0x16b7d9, 0xffd1e8},
                                        {0x5a1010, 0xff6b2c, 0xb8f2e6},
                                        {0x0d4034, 0x58c26b, 0xfff3a6}};
    int w = canvas->width / 2, h = canvas->height / 2;
    struct canvas small = canvas_cut(canvas, (float)canvas->width / 2.0f, (float)canvas->height / 2.0f,
                                     (float)canvas->width, (float)canvas->height, 0, w, h);
    canvas_blur(&small, 2);
    for (int y = 0; y < canvas->height; y++) {
        for (int x = 0; x < canvas->width; x++) {
            int tile = (y / h > 0 ? 2 : 0) + (x / w > 0 ? 1 : 0), i = x % w;
            if (tile == 1 || tile == 2) {
                i = w - 1 - i;
            }
            float luma = (float)effects_luma(canvas_at(&small, i, y % h));
            const uint32_t *ink = inks[tile & 3];
            uint8_t *pixel = canvas_at(canvas, x, y);
            lay_ink(pixel, ink[0], ink[1], 1.0f - effects_step(72.0f, 88.0f, luma));
            if (luma > 120.0f) {
                lay_ink(pixel, ink[1], ink[2], 1.0f - effects_step(142.0f, 158.0f, luma));
            }
        }
    }
    canvas_done(&small);
}

/* Panes of glass round scattered points, leaded; size in pixels of the scatter's grid. */
static void panes(struct canvas *canvas, int size, float lead, uint64_t seed)
{
    struct canvas soft = canvas_copy(canvas);
    canvas_blur(&soft, size / 3);
    for (int y = 0; y < canvas->height; y++) {
        for (int x = 0; x < canvas->width; x++) {
            float nearest = 1e9f, next = 1e9f;
            int at_x = x, at_y = y;
            for (int k = 0; k < 9; k++) {
                int i = x / size + k % 3 - 1, j = y / size + k / 3 - 1;
                uint32_t n = canvas_noise((uint32_t)(i + 8), (uint32_t)(j + 8), seed);
                int px = i * size + (int)(n & 255) * size / 256, py = j * size + (int)(n >> 8 & 255) * size / 256;
                float d = (float)((px - x) * (px - x) + (py - y) * (py - y));
                if (d < nearest) {
                    next = nearest;
                    nearest = d;
                    at_x = px;
                    at_y = py;
                } else if (d < next) {
                    next = d;
                }
            }
            at_x = at_x < 0 ? 0 : at_x >= canvas->width ? canvas->width - 1 : at_x;
            at_y = at_y < 0 ? 0 : at_y >= canvas->height ? canvas->height - 1 : at_y;
            float edge = sqrtf(next) - sqrtf(nearest), glass = effects_step(lead * 0.4f, lead, edge);
            const uint8_t *from = canvas_at(&soft, at_x, at_y);
            uint8_t *pixel = canvas_at(canvas, x, y);
            for (int c = 0; c < 3; c++) {
                pixel[c] = canvas_byte(26.0f + ((float)from[c] * 1.08f - 26.0f) * glass);
            }
        }
    }
    canvas_done(&soft);
}

/* A sheet of triangles, each of one colour. */
static void triangles(struct canvas *canvas)
{
    const int size = 32;
    struct canvas soft = canvas_copy(canvas);
    canvas_blur(&soft, size / 3);
    for (int y = 0; y < canvas->height; y++) {
        for (int x = 0; x < canvas->width; x++) {
            int i = x / size, j = y / size, u = x % size, v = y % size, odd = (i + j) & 1;
            int upper = odd != 0 ? u + v < size : v < u;
            int px = i * size + (upper == odd ? size / 3 : size * 2 / 3),
                py = j * size + (upper != 0 ? size / 3 : size * 2 / 3);
            px = px >= canvas->width ? canvas->width - 1 : px;
            py = py >= canvas->height ? canvas->height - 1 : py;
            const uint8_t *from = canvas_at(&soft, px, py);
            uint8_t *pixel = canvas_at(canvas, x, y);
            for (int c = 0; c < 3; c++) {
                pixel[c] = canvas_byte((float)from[c] * (upper != 0 ? 1.07f : 0.95f));
            }
        }
    }
    canvas_done(&soft);
}

void print_apply(struct canvas *canvas, const struct recipe *recipe, uint64_t seed)
{
    switch ((enum recipe_art)recipe->art) {
    case RECIPE_ART_PIXEL: pixels(canvas); break;
    case RECIPE_ART_HALFTONE: halftone(canvas, recipe); break;
    case RECIPE_ART_LINES: engraving(canvas, recipe); break;
    case RECIPE_ART_POPART: popart(canvas); break;
    case RECIPE_ART_STAINED: panes(canvas, 27, 4.5f, seed); break;
    case RECIPE_ART_RISO: riso(canvas, recipe, seed); break;
    case RECIPE_ART_CROSSHATCH: crosshatch(canvas, recipe); break;
    case RECIPE_ART_TRIANGLES: triangles(canvas); break;
    case RECIPE_ART_NONE:
    case RECIPE_ART_OIL: /* in art.c */
    case RECIPE_ART_WATERCOLOUR:
    case RECIPE_ART_SKETCH:
    case RECIPE_ART_POSTER:
    case RECIPE_ART_COMIC:
    case RECIPE_ART_GLITCH:
    case RECIPE_ART_DOUBLE:
    case RECIPE_ART_NEON:
    case RECIPE_ART_COUNT: break;
    }
}
