/* PNG got a chunk for EXIF in 2017. Before, and in some programs until today, EXIF was written into a text chunk in
 * hexadecimal ("Raw profile type exif", with or without JPEG's "Exif" head; ImageMagick's way), and Apple's and Adobe's
 * programs write the orientation into XMP. libvips inflates the texts and hands them out; here they are read. */
#include "bot/services/darkroom/process/orient.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { EXIF_MAX_BYTES = 64 * 1024, TAG_ORIENTATION = 0x0112, TYPE_SHORT = 3 };

/* ---- EXIF: the first directory of a TIFF ---- */

struct tiff {
    const uint8_t *bytes;
    size_t len;
    bool little;
};

/* 0 beyond the end. */
static uint32_t number(const struct tiff *tiff, size_t at, size_t count)
{
    uint32_t value = 0;
    if (at > tiff->len || tiff->len - at < count)
        return 0;
    for (size_t i = 0; i < count; i++)
        value |= (uint32_t)tiff->bytes[at + i] << 8 * (tiff->little ? i : count - 1 - i);
    return value;
}

static int sane(uint32_t orientation)
{
    return orientation >= 1 && orientation <= 8 ? (int)orientation : 0;
}

static int orient_in_exif(const uint8_t *bytes, size_t len)
{
    enum { ENTRY = 12 };
    size_t head = len >= 6 && memcmp(bytes, "Exif\0\0", 6) == 0 ? 6 : 0;
    struct tiff tiff = {bytes + head, len - head, len > head && bytes[head] == 'I'};
    if (number(&tiff, 2, 2) != 42)
        return 0;
    size_t at = number(&tiff, 4, 4);
    uint32_t count = number(&tiff, at, 2);
    for (uint32_t i = 0; i < count; i++) {
        size_t entry = at + 2 + i * (size_t)ENTRY;
        if (number(&tiff, entry, 2) == TAG_ORIENTATION && number(&tiff, entry + 2, 2) == TYPE_SHORT)
            return sane(number(&tiff, entry + 8, 2));
    }
    return 0;
}

/* "\nexif\n      32\n4578…": a name, how many bytes, the bytes in hexadecimal. */
static int orient_in_raw_profile(const char *text)
{
    static uint8_t bytes[EXIF_MAX_BYTES];
    size_t len = 0;
    const char *at = text + strspn(text, "\n");
    at += strcspn(at, "\n");
    at += strspn(at, "\n ");
    at += strspn(at, "0123456789");
    for (int digits = 0; *at != '\0' && len < sizeof bytes; at++) {
        const char *hex = "0123456789abcdef", *digit = strchr(hex, *at | 0x20);
        if (digit != NULL && *digit != '\0' && *at != '\n') {
            bytes[len] = (uint8_t)(bytes[len] << 4 | (digit - hex));
            len += digits++ % 2 == 1;
        }
    }
    return orient_in_exif(bytes, len);
}

/* tiff:Orientation="6" or <tiff:Orientation>6<: the number is what follows first. */
static int orient_in_xmp(const char *text, size_t len)
{
    static const char name[] = "tiff:Orientation";
    for (size_t i = 0; i + sizeof name - 1 < len; i++) {
        if (memcmp(text + i, name, sizeof name - 1) == 0) {
            size_t at = i + sizeof name - 1;
            while (at < len && strchr(" =\"'>\n", text[at]) != NULL && text[at] != '\0')
                at++;
            return at < len ? sane((uint32_t)(unsigned char)text[at] - '0') : 0;
        }
    }
    return 0;
}

int orient_in_texts(VipsImage *image)
{
    int found = 0;
    const void *xmp = NULL;
    size_t xmp_len = 0;
    char **names = vips_image_get_fields(image);
    for (size_t i = 0; names != NULL && names[i] != NULL && found == 0; i++) {
        const char *text = NULL;
        if (strncmp(names[i], "png-comment-", 12) != 0 || vips_image_get_string(image, names[i], &text) != 0)
            continue;
        if (strstr(names[i], "Raw profile type exif") != NULL || strstr(names[i], "Raw profile type APP1") != NULL)
            found = orient_in_raw_profile(text);
    }
    g_strfreev(names);
    if (found == 0 && vips_image_get_typeof(image, VIPS_META_XMP_NAME) != 0 &&
        vips_image_get_blob(image, VIPS_META_XMP_NAME, &xmp, &xmp_len) == 0)
        found = orient_in_xmp(xmp, xmp_len);
    return found;
}
