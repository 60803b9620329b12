/* Portraits: who the people are, how the poses differ, and the way from an SVG to a JPEG.
 *
 * The drawing is split by what is drawn: portrait_scene.c (the place behind), portrait_figure.c (body and face),
 * portrait_hair.c. The tables below are the only place where people and poses are chosen, so that "other picture of
 * the same person" is one line. After rendering, fine grain is added: it gives a flat drawing the texture of a photo,
 * so that checks for blur and for near-duplicates see what they see in real pictures. The grain is seeded: the same
 * numbers give the same bytes.
 *
 * Must not: read files, use the clock or the network. */
#include "tests/sandbox/portrait.h"

#include <stdlib.h>
#include <vips/vips.h>
#include "tests/sandbox/portrait_draw.h"

static const struct person people[PORTRAIT_PERSONS] = {
    {"#f1c7a8",
     "#c98d6c",
     "#ffe6d2",
     "#6b3f24",
     "#3b2013",
     "#b07a4c",
     "#4f7a5a",
     "#c4605c",
     HAIR_WAVES,
     94,
     11,
     true,
     false,
     true,
     false,
     {"#2f5d62", "#b5483f"}},
    {"#e8b690",
     "#b97f5b",
     "#fbdcc0",
     "#2e2019",
     "#140d0a",
     "#5e4536",
     "#4a3526",
     "#b0685a",
     HAIR_PART,
     114,
     17,
     false,
     true,
     false,
     false,
     {"#26364f", "#6d7f5c"}},
    {"#f6d6c0",
     "#d39e84",
     "#fff0e4",
     "#d9a65a",
     "#9c6a2c",
     "#f5d794",
     "#5587ad",
     "#cc6a6e",
     HAIR_LONG,
     92,
     10,
     true,
     false,
     false,
     false,
     {"#7a3b52", "#3f6f9a"}},
    {"#8d5a3b",
     "#5c3622",
     "#b98058",
     "#1d1512",
     "#0c0807",
     "#4a372c",
     "#3a2417",
     "#8a3f3a",
     HAIR_CURLS,
     96,
     13,
     true,
     false,
     false,
     false,
     {"#c98a2b", "#2f6b5a"}},
    {"#f3cdb0",
     "#cb9677",
     "#ffe9d6",
     "#17141a",
     "#08070a",
     "#4b4654",
     "#2e2019",
     "#c05a60",
     HAIR_BOB,
     95,
     11,
     true,
     false,
     false,
     true,
     {"#44475a", "#c2615a"}},
    {"#6f452d",
     "#43281a",
     "#9a6847",
     "#15100e",
     "#080605",
     "#3a2e28",
     "#2a1a12",
     "#74382f",
     HAIR_CROP,
     116,
     18,
     false,
     false,
     false,
     false,
     {"#8a2f3b", "#2c4a6b"}},
    {"#f2c9af",
     "#cd9070",
     "#ffe5d3",
     "#a8442a",
     "#6c2413",
     "#df8454",
     "#5d8f86",
     "#bf5e55",
     HAIR_BUN,
     93,
     10,
     true,
     false,
     true,
     false,
     {"#3d5a45", "#d0a35c"}},
    {"#ecbf9c",
     "#bd8763",
     "#fde0c6",
     "#7d756d",
     "#4b4641",
     "#bdb5ab",
     "#5a7896",
     "#b0685f",
     HAIR_CROP,
     112,
     16,
     false,
     true,
     false,
     true,
     {"#3a3f47", "#5b6f8c"}},
};

static const struct pose poses[PORTRAIT_POSES] = {
    {SCENE_WINDOW, OUTFIT_TEE, 1.00, 500, 520, -3, 0.15, 0.45, -0.8},
    {SCENE_PARK, OUTFIT_SHIRT, 1.32, 455, 585, 4, -0.55, 0.80, 0.7},
    {SCENE_STUDIO, OUTFIT_BLAZER, 0.92, 520, 470, 0, 0.00, 0.20, -0.6},
    {SCENE_CITY, OUTFIT_SWEATER, 1.12, 590, 560, 5, 0.60, 0.50, 0.9},
    {SCENE_BEACH, OUTFIT_DRESS, 0.80, 380, 500, -5, 0.35, 0.95, 0.5},
    {SCENE_BOOKS, OUTFIT_SWEATER, 1.05, 610, 530, 2, -0.70, 0.30, -0.9},
    {SCENE_BRICKS, OUTFIT_TEE, 1.50, 500, 600, -6, 0.05, 0.00, 0.9},
    {SCENE_COLOURS, OUTFIT_SHIRT, 0.86, 480, 455, 7, -0.25, 1.00, -0.4},
    {SCENE_AUTUMN, OUTFIT_SWEATER, 1.30, 350, 640, -4, 0.75, 0.65, -0.9},
    {SCENE_MOUNTAINS, OUTFIT_TEE, 0.66, 640, 560, 3, -0.40, 0.55, 0.8},
    {SCENE_CAFE, OUTFIT_BLAZER, 1.26, 560, 610, -2, -0.15, 0.90, -0.7},
    {SCENE_SNOW, OUTFIT_SWEATER, 0.98, 430, 600, 6, 0.45, 0.70, 0.4},
    {SCENE_STUDIO, OUTFIT_SHIRT, 1.20, 460, 540, 3, -0.35, 0.50, 0.9},
    {SCENE_CITY, OUTFIT_BLAZER, 0.82, 400, 480, -2, 0.30, 0.35, -0.8},
    {SCENE_BEACH, OUTFIT_TEE, 1.25, 600, 610, 6, -0.60, 0.75, -0.7},
    {SCENE_COLOURS, OUTFIT_DRESS, 1.10, 560, 540, -6, 0.50, 0.15, 0.8},
    {SCENE_PARK, OUTFIT_TEE, 0.74, 400, 530, 0, 0.10, 0.85, -0.5},
    {SCENE_CAFE, OUTFIT_SHIRT, 0.95, 390, 500, -4, 0.65, 0.40, 0.8},
    {SCENE_BRICKS, OUTFIT_BLAZER, 0.90, 610, 500, 2, -0.50, 0.60, -0.9},
    {SCENE_SNOW, OUTFIT_BLAZER, 1.38, 520, 600, -3, -0.05, 0.95, 0.9},
    {SCENE_MOUNTAINS, OUTFIT_SWEATER, 1.05, 400, 560, 5, 0.55, 0.80, -0.4},
    {SCENE_BOOKS, OUTFIT_BLAZER, 1.22, 430, 560, -5, 0.20, 0.70, 0.9},
    {SCENE_AUTUMN, OUTFIT_DRESS, 0.86, 600, 500, 4, -0.30, 1.00, 0.6},
    {SCENE_WINDOW, OUTFIT_BLAZER, 0.72, 330, 560, 2, -0.65, 0.25, 0.8},
};

double draw_between(struct sheet *sheet, double low, double high)
{
    uint64_t x = sheet->random;
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    sheet->random = x;
    return low + (high - low) * ((double)(x >> 11) / 9007199254740992.0);
}

void draw_soft(struct sheet *sheet, const char *paint, double x, double y, double wide, double high, double opacity)
{
    fprintf(sheet->out, "<ellipse cx='%.1f' cy='%.1f' rx='%.1f' ry='%.1f' fill='url(#%s)' fill-opacity='%.2f'/>", x, y,
            wide, high, paint, opacity);
}

/* *ret_svg is malloc'ed. */
static enum err draw_svg(int person, int pose, int width, int height, char **ret_svg, size_t *ret_bytes)
{
    char *svg = NULL;
    size_t bytes = 0;
    FILE *out = open_memstream(&svg, &bytes);
    if (!out)
        abort();
    struct sheet sheet = {.out = out,
                          .random = 0x9E3779B97F4A7C15u ^ ((uint64_t)(person % PORTRAIT_PERSONS) << 32) ^
                                    ((uint64_t)pose * 2654435761u + 1),
                          .who = &people[person % PORTRAIT_PERSONS],
                          .how = &poses[pose % PORTRAIT_POSES],
                          .round = pose / PORTRAIT_POSES};
    for (int i = 0; i < 16; i++)
        (void)draw_between(&sheet, 0, 1);
    bool mirrored = sheet.round % 2 == 1;
    fprintf(out,
            "<svg xmlns='http://www.w3.org/2000/svg' width='%d' height='%d' viewBox='0 0 %d %d'>"
            "<g transform='%s'>",
            width, height, SHEET_WIDTH, SHEET_HEIGHT, mirrored ? "translate(1000 0) scale(-1 1)" : "scale(1)");
    scene_draw(&sheet);
    figure_draw(&sheet);
    /* The light of the day over everything, and darker corners. */
    fprintf(out,
            "<radialGradient id='vig' cx='%.2f' cy='0.42' r='0.85'><stop offset='0.45' stop-color='#000' "
            "stop-opacity='0'/><stop offset='1' stop-color='#0a0610' stop-opacity='0.38'/></radialGradient>"
            "<linearGradient id='glow' x1='%d' x2='%d'><stop offset='0' stop-color='#fff3d8' stop-opacity='0.26'/>"
            "<stop offset='0.55' stop-color='#fff3d8' stop-opacity='0'/></linearGradient>"
            "<rect width='1000' height='1250' fill='url(#glow)'/><rect width='1000' height='1250' fill='url(#vig)'/>"
            "</g></svg>",
            0.5 + 0.12 * sheet.how->light, sheet.how->light < 0 ? 0 : 1, sheet.how->light < 0 ? 1 : 0);
    bool failed = ferror(out) != 0;
    if (fclose(out) != 0 || failed)
        abort();
    if (bytes > PORTRAIT_SVG_MAX_BYTES) {
        free(svg);
        return ERR_TOO_LARGE;
    }
    *ret_svg = svg;
    *ret_bytes = bytes;
    return ERR_OK;
}

/* svg → flat sRGB with grain → JPEG. The pictures in between are dropped with `all`. */
static enum err render(VipsObject *all, const char *svg, size_t svg_bytes, int seed, unsigned char **ret_jpeg,
                       size_t *ret_bytes)
{
    VipsImage **step = (VipsImage **)vips_object_local_array(all, 6);
    void *jpeg = NULL;
    size_t bytes = 0;
    if (vips_svgload_buffer((void *)svg, svg_bytes, &step[0], NULL) || vips_flatten(step[0], &step[1], NULL) ||
        vips_gaussnoise(&step[2], step[1]->Xsize, step[1]->Ysize, "mean", 0.0, "sigma", 5.0, "seed", seed, NULL) ||
        vips_add(step[1], step[2], &step[3], NULL) || vips_cast(step[3], &step[4], VIPS_FORMAT_UCHAR, NULL) ||
        vips_copy(step[4], &step[5], "interpretation", VIPS_INTERPRETATION_sRGB, NULL) ||
        vips_jpegsave_buffer(step[5], &jpeg, &bytes, "Q", 90, "strip", TRUE, NULL)) {
        vips_error_clear();
        return ERR_IO;
    }
    unsigned char *copy = malloc(bytes);
    if (!copy)
        abort();
    for (size_t i = 0; i < bytes; i++)
        copy[i] = ((unsigned char *)jpeg)[i];
    g_free(jpeg);
    *ret_jpeg = copy;
    *ret_bytes = bytes;
    return ERR_OK;
}

enum err portrait_make(int person, int pose, int size_px, unsigned char **ret_jpeg, size_t *ret_bytes)
{
    if (person < 0 || pose < 0 || size_px < PORTRAIT_SIZE_MIN_PX || size_px > PORTRAIT_SIZE_MAX_PX)
        return ERR_INVALID;
    if (VIPS_INIT("portrait"))
        return ERR_IO;
    char *svg = NULL;
    size_t svg_bytes = 0;
    enum err err = draw_svg(person, pose, size_px, size_px * SHEET_HEIGHT / SHEET_WIDTH, &svg, &svg_bytes);
    if (err)
        return err;
    VipsImage *all = vips_image_new();
    err = render(VIPS_OBJECT(all), svg, svg_bytes, (person % PORTRAIT_PERSONS) * 1000 + pose + 1, ret_jpeg, ret_bytes);
    g_object_unref(all);
    free(svg);
    return err;
}
