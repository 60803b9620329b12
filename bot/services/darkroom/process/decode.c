/* Bytes to pixels. The loader is chosen by magic bytes (survey.c), never by libvips' own guess, which would reach for
 * PDF, TIFF, ImageMagick and a dozen others. What the header claims is checked before a pixel is decoded, so a small
 * file that promises gigapixels costs nothing. JPEGs are shrunk while decoding where the size allows. It must not read
 * files, and a bad colour profile is no reason to refuse: the picture is then taken as sRGB. */
#define _GNU_SOURCE 1 /* dladdr */
#include "bot/services/darkroom/process/decode.h"

#include <dlfcn.h>
#include <gmodule.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <vips/vips.h>
#include "bot/services/darkroom/process/heif.h"
#include "bot/services/darkroom/process/orient.h"
#include "bot/services/darkroom/process/survey.h"

void decode_init(void)
{
    Dl_info info;
    char path[1024];
    union { /* ISO C has no cast from a function to an object pointer */
        int (*function)(const char *);
        void *object;
    } vips = {.function = vips_init};
    if (dladdr(vips.object, &info) == 0 || info.dli_fname == NULL)
        return;
    const char *slash = strrchr(info.dli_fname, '/');
    int dir_len = slash == NULL ? 0 : (int)(slash - info.dli_fname) + 1;
    int len = snprintf(path, sizeof path, "%.*svips-modules-%d.%d/vips-heif.so", dir_len, info.dli_fname,
                       VIPS_MAJOR_VERSION, VIPS_MINOR_VERSION);
    if (len > 0 && (size_t)len < sizeof path)
        (void)g_module_open(path, G_MODULE_BIND_LAZY); /* registers itself; stays for ever */
}

/* What is decoded, and how. */
struct source {
    enum survey_format format; /* SURVEY_NONE: a drawing of ours, SVG */
    const uint8_t *bytes;
    size_t len;
    bool cut_off;
    int64_t pixels_max;
};

static VipsImage *open_header(const struct source *source, int shrink)
{
    VipsImage *image = NULL;
    void *data = (void *)(uintptr_t)source->bytes; /* libvips takes a non-const pointer and only reads */
    bool lenient = source->format == SURVEY_JPEG && source->cut_off; /* judged by what comes of it */
    VipsFailOn fail_on = lenient ? VIPS_FAIL_ON_NONE : VIPS_FAIL_ON_TRUNCATED;
    int failed = -1;
    switch (source->format) {
    case SURVEY_JPEG:
        failed = vips_jpegload_buffer(data, source->len, &image, "access", VIPS_ACCESS_SEQUENTIAL, "fail_on", fail_on,
                                      "shrink", shrink, NULL);
        break;
    case SURVEY_PNG:
        failed = vips_pngload_buffer(data, source->len, &image, "access", VIPS_ACCESS_SEQUENTIAL, "fail_on", fail_on,
                                     NULL);
        break;
    case SURVEY_WEBP:
        failed = vips_webpload_buffer(data, source->len, &image, "access", VIPS_ACCESS_SEQUENTIAL, "fail_on", fail_on,
                                      NULL);
        break;
    case SURVEY_HEIF:
        failed = vips_heifload_buffer(data, source->len, &image, "access", VIPS_ACCESS_SEQUENTIAL, "fail_on", fail_on,
                                      NULL);
        break;
    case SURVEY_NONE: failed = vips_svgload_buffer(data, source->len, &image, NULL); break;
    case SURVEY_FORMAT_COUNT: break;
    }
    if (failed != 0)
        return NULL;
    if (source->format == SURVEY_PNG && vips_image_get_typeof(image, VIPS_META_ORIENTATION) == 0) {
        int orientation = orient_in_texts(image);
        if (orientation != 0)
            vips_image_set_int(image, VIPS_META_ORIENTATION, orientation);
    }
    return image;
}

static enum photo_verdict check_header(const VipsImage *image, int64_t pixels_max)
{
    int64_t width = vips_image_get_width(image), height = vips_image_get_height(image);
    if (width < 1 || height < 1 || vips_image_get_bands(image) < 1 || vips_image_get_bands(image) > 5)
        return PHOTO_BROKEN;
    return width <= DECODE_SIDE_MAX && height <= DECODE_SIDE_MAX && width * height <= pixels_max
               ? PHOTO_GOOD
               : PHOTO_TOO_MANY_PIXELS;
}

/* Steps of a conversion: each replaces *image, or fails and leaves nothing. */
static bool replace(VipsImage **image, int failed, VipsImage *next)
{
    g_object_unref(*image);
    *image = failed == 0 ? next : NULL;
    return failed == 0;
}

static bool to_plain_srgb(VipsImage **image)
{
    VipsImage *next = NULL;
    if (vips_image_hasalpha(*image)) {
        double white[] = {255, 255, 255};
        VipsArrayDouble *background = vips_array_double_new(white, vips_image_get_bands(*image) > 3 ? 3 : 1);
        int failed = vips_flatten(*image, &next, "background", background, NULL);
        vips_area_unref(VIPS_AREA(background));
        if (!replace(image, failed, next))
            return false;
    }
    if (vips_image_get_interpretation(*image) != VIPS_INTERPRETATION_sRGB || vips_image_get_bands(*image) != 3) {
        int failed = vips_colourspace(*image, &next, VIPS_INTERPRETATION_sRGB, NULL);
        if (!replace(image, failed, next))
            return false;
    }
    int failed = vips_cast_uchar(*image, &next, NULL);
    if (!replace(image, failed, next) || vips_image_get_bands(*image) < 3)
        return false;
    failed = vips_extract_band(*image, &next, 0, "n", 3, NULL);
    return replace(image, failed, next);
}

/* The picture without the rows that are missing at its end. */
static enum photo_verdict cut_to(VipsImage **image, int rows)
{
    VipsImage *next = NULL;
    int height = vips_image_get_height(*image);
    if ((height - rows) * INT64_C(100) > height * (int64_t)DECODE_MISSING_MAX_PERCENT)
        return PHOTO_INCOMPLETE;
    int failed = vips_extract_area(*image, &next, 0, 0, vips_image_get_width(*image), rows, NULL);
    return replace(image, failed, next) ? PHOTO_GOOD : PHOTO_BROKEN;
}

/* How many rows can be decoded. Uses the image up: it is read once, in order. */
static int count_rows(VipsImage *opened)
{
    enum { STRIP = 16 };
    int width = vips_image_get_width(opened), height = vips_image_get_height(opened), rows = 0;
    VipsRegion *region = vips_region_new(opened);
    while (rows < height) {
        VipsRect strip = {0, rows, width, height - rows < STRIP ? height - rows : STRIP};
        if (vips_region_prepare(region, &strip) != 0)
            break;
        rows += strip.height;
    }
    g_object_unref(region);
    return rows;
}

/* The middle grey, whatever a profile made of it: no bar, and no wall of a studio, is just that. */
static bool is_filling(const uint8_t *pixel)
{
    enum { GREY_MIN = 96, GREY_MAX = 176, APART_MAX = 4 };
    int least = 255, most = 0;
    for (int i = 0; i < 3; i++) {
        least = pixel[i] < least ? pixel[i] : least;
        most = pixel[i] > most ? pixel[i] : most;
    }
    return least >= GREY_MIN && most <= GREY_MAX && most - least <= APART_MAX;
}

/* How many rows a JPEG has of its own: coefficients that are missing are nought, which is one grey. In memory. */
static int count_own_rows(const VipsImage *image)
{
    size_t width = (size_t)vips_image_get_width(image), rows = (size_t)vips_image_get_height(image);
    const uint8_t *pixels = image->data, *fill = pixels + (width * rows - 1) * 3;
    for (; rows > 0 && is_filling(fill); rows--) {
        const uint8_t *row = pixels + (rows - 1) * width * 3;
        for (size_t x = 0; x < width; x++)
            if (memcmp(row + x * 3, fill, 3) != 0)
                return (int)rows;
    }
    return (int)rows;
}

/* Shrinks and makes sRGB, in memory. with_profile: honour the embedded profile. Fails with NULL. */
static VipsImage *develop(VipsImage *opened, int side_max, bool with_profile)
{
    VipsImage *image = NULL, *next = NULL;
    if (vips_copy(opened, &image, NULL) != 0)
        return NULL;
    if (!with_profile)
        vips_image_remove(image, VIPS_META_ICC_NAME);
    bool profiled = vips_image_get_typeof(image, VIPS_META_ICC_NAME) != 0;
    int failed = profiled ? vips_thumbnail_image(image, &next, side_max, "height", side_max, "size", VIPS_SIZE_DOWN,
                                                 "no_rotate", TRUE, "export_profile", "srgb", NULL)
                          : vips_thumbnail_image(image, &next, side_max, "height", side_max, "size", VIPS_SIZE_DOWN,
                                                 "no_rotate", TRUE, NULL);
    if (!replace(&image, failed, next) || !to_plain_srgb(&image))
        return NULL;
    next = vips_image_copy_memory(image);
    return replace(&image, next == NULL ? -1 : 0, next) ? image : NULL;
}

/* Turns upright, in memory. */
static bool turn_upright(VipsImage **image)
{
    VipsImage *next = NULL;
    int failed = vips_autorot(*image, &next, NULL);
    if (!replace(image, failed, next))
        return false;
    next = vips_image_copy_memory(*image);
    return replace(image, next == NULL ? -1 : 0, next);
}

/* Takes the image, which is in memory. */
static struct canvas to_canvas(VipsImage *image)
{
    struct canvas canvas = canvas_new(vips_image_get_width(image), vips_image_get_height(image));
    memcpy(canvas.rgb, vips_image_get_data(image), (size_t)canvas.width * (size_t)canvas.height * 3);
    g_object_unref(image);
    return canvas;
}

/* A JPEG is shrunk while it is decoded, as far as side_max allows. *opened becomes NULL if that fails. */
static void shrink_on_load(const struct source *source, int side_max, VipsImage **opened)
{
    int width = vips_image_get_width(*opened), height = vips_image_get_height(*opened), shrink = 1;
    while (shrink < 8 && (width > height ? width : height) / (shrink * 2) >= side_max)
        shrink *= 2;
    if (source->format == SURVEY_JPEG && shrink > 1) {
        g_object_unref(*opened);
        *opened = open_header(source, shrink);
    }
}

/* From an opened header to plain pixels; *opened is used up. */
static enum photo_verdict decode_pixels(const struct source *source, int side_max, bool with_profile,
                                        VipsImage **opened, struct canvas *ret_canvas)
{
    enum photo_verdict verdict = PHOTO_GOOD;
    if (source->cut_off && source->format == SURVEY_PNG) {
        int rows = count_rows(*opened);
        g_object_unref(*opened);
        *opened = open_header(source, 1);
        verdict = *opened == NULL ? PHOTO_BROKEN : cut_to(opened, rows);
    }
    VipsImage *image = verdict == PHOTO_GOOD ? develop(*opened, side_max, with_profile) : NULL;
    if (verdict == PHOTO_GOOD && image == NULL)
        verdict = PHOTO_BROKEN;
    if (verdict == PHOTO_GOOD && source->cut_off && source->format == SURVEY_JPEG)
        verdict = cut_to(&image, count_own_rows(image));
    if (verdict == PHOTO_GOOD && !turn_upright(&image))
        verdict = PHOTO_BROKEN;
    if (verdict == PHOTO_GOOD)
        *ret_canvas = to_canvas(image);
    else
        g_clear_object(&image);
    g_clear_object(opened);
    return verdict;
}

static enum photo_verdict decode_source(const struct source *source, int side_max, struct canvas *ret_canvas,
                                        int *ret_width, int *ret_height)
{
    enum photo_verdict verdict = PHOTO_BROKEN;
    bool profiled = true;
    for (int attempt = 0; attempt < 2 && verdict == PHOTO_BROKEN && profiled; attempt++) {
        VipsImage *opened = open_header(source, 1);
        verdict = opened == NULL ? PHOTO_BROKEN : check_header(opened, source->pixels_max);
        if (verdict != PHOTO_GOOD) {
            g_clear_object(&opened);
            return verdict;
        }
        int width = vips_image_get_width(opened), height = vips_image_get_height(opened);
        bool swapped = vips_image_get_orientation_swap(opened);
        *ret_width = swapped ? height : width;
        *ret_height = swapped ? width : height;
        profiled = vips_image_get_typeof(opened, VIPS_META_ICC_NAME) != 0; /* if so, it may be the profile's fault */
        shrink_on_load(source, side_max, &opened);
        verdict = opened == NULL ? PHOTO_BROKEN : decode_pixels(source, side_max, attempt == 0, &opened, ret_canvas);
    }
    return verdict;
}

/* What an older decoder refuses may be something beside the picture: once more without that. */
static enum photo_verdict decode_primary(struct source source, int side_max, struct canvas *ret_canvas, int *ret_width,
                                         int *ret_height)
{
    enum photo_verdict verdict = PHOTO_UNREADABLE;
    uint8_t *copy = g_malloc(source.len);
    memcpy(copy, source.bytes, source.len);
    source.bytes = copy;
    if (heif_keep_primary(copy, source.len))
        verdict = decode_source(&source, side_max, ret_canvas, ret_width, ret_height);
    g_free(copy);
    return verdict == PHOTO_BROKEN ? PHOTO_UNREADABLE : verdict;
}

enum photo_verdict decode_image(const uint8_t *bytes, size_t len, int side_max, struct canvas *ret_canvas,
                                int *ret_width, int *ret_height)
{
    struct survey survey = survey_bytes(bytes, len);
    struct source source = {survey.format, bytes, len, survey.cut_off,
                            survey.by_rows ? DECODE_ROWS_PIXELS_MAX : DECODE_PIXELS_MAX};
    if (survey.format == SURVEY_NONE)
        return PHOTO_NOT_IMAGE;
    if (survey.scans > DECODE_SCANS_MAX) /* decoded once per scan: thousands in a small file take hours */
        return PHOTO_UNREADABLE;
    if (survey.held_bytes > 0) /* a limit that fits better */
        source.pixels_max = survey.held_bytes <= DECODE_HELD_MAX_BYTES ? DECODE_ROWS_PIXELS_MAX : 0;
    enum photo_verdict verdict = decode_source(&source, side_max, ret_canvas, ret_width, ret_height);
    if (verdict == PHOTO_BROKEN && survey.format == SURVEY_HEIF)
        verdict = decode_primary(source, side_max, ret_canvas, ret_width, ret_height);
    bool blames = verdict == PHOTO_BROKEN || verdict == PHOTO_UNREADABLE;
    return blames && survey.cut_off ? PHOTO_INCOMPLETE : verdict;
}

enum photo_verdict decode_cover(const uint8_t *bytes, size_t len, int width, int height, struct canvas *ret_canvas)
{
    struct survey survey = survey_bytes(bytes, len);
    const struct source source = {survey.format, bytes, len, false, DECODE_PIXELS_MAX};
    bool drawn = survey.format == SURVEY_NONE;
    VipsImage *image = open_header(&source, 1), *next = NULL;
    if (image == NULL || check_header(image, source.pixels_max) != PHOTO_GOOD) {
        g_clear_object(&image);
        return drawn ? PHOTO_NOT_IMAGE : PHOTO_BROKEN;
    }
    if (drawn) { /* drawn anew at the right size rather than stretched */
        double across = (double)width / vips_image_get_width(image);
        double down = (double)height / vips_image_get_height(image);
        void *data = (void *)(uintptr_t)bytes;
        int failed = vips_svgload_buffer(data, len, &next, "scale", across > down ? across : down, NULL);
        if (!replace(&image, failed, next) || check_header(image, source.pixels_max) != PHOTO_GOOD) {
            g_clear_object(&image);
            return PHOTO_BROKEN;
        }
    }
    int failed = vips_thumbnail_image(image, &next, width, "height", height, "crop", VIPS_INTERESTING_CENTRE, NULL);
    if (!replace(&image, failed, next) || !to_plain_srgb(&image))
        return PHOTO_BROKEN;
    next = vips_image_copy_memory(image);
    if (!replace(&image, next == NULL ? -1 : 0, next))
        return PHOTO_BROKEN;
    *ret_canvas = to_canvas(image);
    return PHOTO_GOOD;
}
