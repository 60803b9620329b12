/* Bytes to pixels. The loader is chosen here by magic bytes, never by libvips' own guess, which would reach for PDF,
 * TIFF, ImageMagick and a dozen others. What the header claims is checked before a pixel is decoded, so a small file
 * that promises gigapixels costs nothing. JPEGs are shrunk while decoding where the size allows.
 * It must not read files, and a bad colour profile is no reason to refuse: the picture is then taken as sRGB. */
#define _GNU_SOURCE 1 /* dladdr */
#include "bot/darkroom/process/decode.h"

#include <dlfcn.h>
#include <gmodule.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <vips/vips.h>

void decode_init(void)
{
    Dl_info info;
    char path[1024];
    union { /* ISO C has no cast from a function to an object pointer */
        int (*function)(const char *);
        void *object;
    } vips = {.function = vips_init};
    if (dladdr(vips.object, &info) == 0 || info.dli_fname == NULL) {
        return;
    }
    const char *slash = strrchr(info.dli_fname, '/');
    int dir_len = slash == NULL ? 0 : (int)(slash - info.dli_fname) + 1;
    int len = snprintf(path, sizeof path, "%.*svips-modules-%d.%d/vips-heif.so", dir_len, info.dli_fname,
                       VIPS_MAJOR_VERSION, VIPS_MINOR_VERSION);
    if (len > 0 && (size_t)len < sizeof path) {
        (void)g_module_open(path, G_MODULE_BIND_LAZY); /* registers itself; stays for ever */
    }
}

static bool is_heic(const uint8_t *bytes, size_t len)
{
    static const char brands[][5] = {"heic", "heix", "hevc", "hevx", "heim", "heis", "mif1", "msf1"};
    if (len < 12 || memcmp(bytes + 4, "ftyp", 4) != 0) {
        return false;
    }
    for (size_t i = 0; i < sizeof brands / sizeof *brands; i++) {
        if (memcmp(bytes + 8, brands[i], 4) == 0) {
            return true;
        }
    }
    return false;
}

enum decode_format decode_sniff(const uint8_t *bytes, size_t len)
{
    if (len >= 3 && memcmp(bytes, "\xff\xd8\xff", 3) == 0) {
        return DECODE_JPEG;
    }
    if (len >= 8 && memcmp(bytes, "\x89PNG\r\n\x1a\n", 8) == 0) {
        return DECODE_PNG;
    }
    if (len >= 16 && memcmp(bytes, "RIFF", 4) == 0 && memcmp(bytes + 8, "WEBP", 4) == 0) {
        return DECODE_WEBP;
    }
    return is_heic(bytes, len) ? DECODE_HEIC : DECODE_NONE;
}

/* A progressive JPEG is decoded once per scan: thousands of them in a small file take hours. Entropy-coded data can't
 * hold FF DA, so counting those bytes counts the scans (and at worst a few too many, inside metadata). */
static bool jpeg_has_sane_scans(const uint8_t *bytes, size_t len)
{
    size_t scans = 0;
    for (size_t i = 2; i + 3 < len;) {
        const uint8_t *mark = memchr(bytes + i, 0xff, len - i - 1);
        if (mark == NULL) {
            break;
        }
        i = (size_t)(mark - bytes) + 1;
        uint8_t code = bytes[i];
        if (code == 0xda) {
            scans++;
        } else if (((code >= 0xe0 && code <= 0xef) || code == 0xfe) && i + 2 < len) { /* skip metadata whole */
            i += 1 + ((size_t)bytes[i + 1] << 8 | bytes[i + 2]);
        }
    }
    return scans <= DECODE_SCANS_MAX;
}

static VipsImage *open_header(enum decode_format format, const uint8_t *bytes, size_t len, int shrink)
{
    VipsImage *image = NULL;
    void *data = (void *)(uintptr_t)bytes; /* libvips takes a non-const pointer and only reads */
    int failed = -1;
    switch (format) {
    case DECODE_JPEG:
        failed = vips_jpegload_buffer(data, len, &image, "access", VIPS_ACCESS_SEQUENTIAL, "fail_on",
                                      VIPS_FAIL_ON_TRUNCATED, "shrink", shrink, NULL);
        break;
    case DECODE_PNG:
        failed = vips_pngload_buffer(data, len, &image, "access", VIPS_ACCESS_SEQUENTIAL, "fail_on",
                                     VIPS_FAIL_ON_TRUNCATED, NULL);
        break;
    case DECODE_WEBP:
        failed = vips_webpload_buffer(data, len, &image, "access", VIPS_ACCESS_SEQUENTIAL, "fail_on",
                                      VIPS_FAIL_ON_TRUNCATED, NULL);
        break;
    case DECODE_HEIC:
        failed = vips_heifload_buffer(data, len, &image, "access", VIPS_ACCESS_SEQUENTIAL, "fail_on",
                                      VIPS_FAIL_ON_TRUNCATED, NULL);
        break;
    case DECODE_SVG: failed = vips_svgload_buffer(data, len, &image, NULL); break;
    case DECODE_NONE:
    case DECODE_FORMAT_COUNT: break;
    }
    return failed == 0 ? image : NULL;
}

static bool header_is_sane(const VipsImage *image)
{
    int64_t width = vips_image_get_width(image), height = vips_image_get_height(image);
    return width >= 1 && height >= 1 && width <= DECODE_SIDE_MAX && height <= DECODE_SIDE_MAX &&
           width * height <= DECODE_PIXELS_MAX && vips_image_get_bands(image) >= 1 && vips_image_get_bands(image) <= 5;
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
        if (!replace(image, failed, next)) {
            return false;
        }
    }
    if (vips_image_get_interpretation(*image) != VIPS_INTERPRETATION_sRGB || vips_image_get_bands(*image) != 3) {
        int failed = vips_colourspace(*image, &next, VIPS_INTERPRETATION_sRGB, NULL);
        if (!replace(image, failed, next)) {
            return false;
        }
    }
    int failed = vips_cast_uchar(*image, &next, NULL);
    if (!replace(image, failed, next) || vips_image_get_bands(*image) < 3) {
        return false;
    }
    failed = vips_extract_band(*image, &next, 0, "n", 3, NULL);
    return replace(image, failed, next);
}

/* Shrinks, makes sRGB, renders into memory and turns upright. with_profile: honour the embedded profile. */
static VipsImage *develop(VipsImage *source, int side_max, bool with_profile)
{
    VipsImage *image = NULL, *next = NULL;
    if (vips_copy(source, &image, NULL) != 0) {
        return NULL;
    }
    if (!with_profile) {
        vips_image_remove(image, VIPS_META_ICC_NAME);
    }
    bool profiled = vips_image_get_typeof(image, VIPS_META_ICC_NAME) != 0;
    int failed = profiled ? vips_thumbnail_image(image, &next, side_max, "height", side_max, "size", VIPS_SIZE_DOWN,
                                                 "no_rotate", TRUE, "export_profile", "srgb", NULL)
                          : vips_thumbnail_image(image, &next, side_max, "height", side_max, "size", VIPS_SIZE_DOWN,
                                                 "no_rotate", TRUE, NULL);
    if (!replace(&image, failed, next) || !to_plain_srgb(&image)) {
        return NULL;
    }
    next = vips_image_copy_memory(image);
    if (!replace(&image, next == NULL ? -1 : 0, next)) {
        return NULL;
    }
    failed = vips_autorot(image, &next, NULL);
    if (!replace(&image, failed, next)) {
        return NULL;
    }
    next = vips_image_copy_memory(image);
    return replace(&image, next == NULL ? -1 : 0, next) ? image : NULL;
}

/* Takes the image, which is in memory. */
static struct canvas to_canvas(VipsImage *image)
{
    struct canvas canvas = canvas_new(vips_image_get_width(image), vips_image_get_height(image));
    memcpy(canvas.rgb, vips_image_get_data(image), (size_t)canvas.width * (size_t)canvas.height * 3);
    g_object_unref(image);
    return canvas;
}

enum photo_verdict decode_image(const uint8_t *bytes, size_t len, int side_max, struct canvas *ret_canvas,
                                int *ret_width, int *ret_height)
{
    enum decode_format format = decode_sniff(bytes, len);
    if (format == DECODE_NONE) {
        return PHOTO_NOT_IMAGE;
    }
    if (format == DECODE_JPEG && !jpeg_has_sane_scans(bytes, len)) {
        return PHOTO_BROKEN;
    }
    VipsImage *image = NULL;
    for (int attempt = 0; attempt < 2 && image == NULL; attempt++) {
        VipsImage *source = open_header(format, bytes, len, 1);
        if (source == NULL || !header_is_sane(source)) {
            g_clear_object(&source);
            return PHOTO_BROKEN;
        }
        int width = vips_image_get_width(source), height = vips_image_get_height(source), shrink = 1;
        bool swapped = vips_image_get_orientation_swap(source);
        while (shrink < 8 && (width > height ? width : height) / (shrink * 2) >= side_max) {
            shrink *= 2;
        }
        if (format == DECODE_JPEG && shrink > 1) {
            g_object_unref(source);
            source = open_header(format, bytes, len, shrink);
        }
        if (source == NULL) {
            return PHOTO_BROKEN;
        }
        bool profiled = vips_image_get_typeof(source, VIPS_META_ICC_NAME) != 0;
        image = develop(source, side_max, attempt == 0);
        g_object_unref(source);
        *ret_width = swapped ? height : width;
        *ret_height = swapped ? width : height;
        if (!profiled) {
            break; /* the second attempt is only for bad profiles */
        }
    }
    if (image == NULL) {
        return PHOTO_BROKEN;
    }
    *ret_canvas = to_canvas(image);
    return PHOTO_GOOD;
}

enum photo_verdict decode_cover(const uint8_t *bytes, size_t len, int width, int height, struct canvas *ret_canvas)
{
    enum decode_format format = decode_sniff(bytes, len);
    bool drawn = format == DECODE_NONE;
    VipsImage *image = open_header(drawn ? DECODE_SVG : format, bytes, len, 1), *next = NULL;
    if (image == NULL || !header_is_sane(image)) {
        g_clear_object(&image);
        return drawn ? PHOTO_NOT_IMAGE : PHOTO_BROKEN;
    }
    if (drawn) { /* drawn anew at the right size rather than stretched */
        double across = (double)width / vips_image_get_width(image);
        double down = (double)height / vips_image_get_height(image);
        void *data = (void *)(uintptr_t)bytes;
        int failed = vips_svgload_buffer(data, len, &next, "scale", across > down ? across : down, NULL);
        if (!replace(&image, failed, next) || !header_is_sane(image)) {
            g_clear_object(&image);
            return PHOTO_BROKEN;
        }
    }
    int failed = vips_thumbnail_image(image, &next, width, "height", height, "crop", VIPS_INTERESTING_CENTRE, NULL);
    if (!replace(&image, failed, next) || !to_plain_srgb(&image)) {
        return PHOTO_BROKEN;
    }
    next = vips_image_copy_memory(image);
    if (!replace(&image, next == NULL ? -1 : 0, next)) {
        return PHOTO_BROKEN;
    }
    *ret_canvas = to_canvas(image);
    return PHOTO_GOOD;
}
