/* A walk over markers, chunks and boxes, without decoding anything. The JPEG walk steps as libjpeg does (segments are
 * skipped whole, the first end-of-image ends it), or a file could show the one something that the other never sees:
 * what phones append behind the picture (gain maps, second pictures, films) is no part of it. */
#include "bot/services/darkroom/process/survey.h"

#include <string.h>

static uint32_t big(const uint8_t *at, int count)
{
    uint32_t value = 0;
    for (int i = 0; i < count; i++)
        value = value << 8 | at[i];
    return value;
}

/* ---- JPEG ---- */

enum { SOF_FIRST = 0xc0, SOF_LAST = 0xcf, DHT = 0xc4, JPG = 0xc8, DAC = 0xcc, EOI = 0xd9, SOS = 0xda, COMPONENTS = 4 };

static bool is_frame(uint8_t code)
{
    return code >= SOF_FIRST && code <= SOF_LAST && code != DHT && code != JPG && code != DAC;
}

static bool has_length(uint8_t code)
{
    return (code >= SOF_FIRST && code <= SOF_LAST) || (code >= SOS && code <= 0xef) || code == 0xfe;
}

/* Bytes of all coefficients of a frame, two each. */
static uint64_t coefficients(const uint8_t *segment, size_t len)
{
    uint64_t height = big(segment + 3, 2), width = big(segment + 5, 2), sum = 0;
    uint32_t count = segment[7], across = 1, down = 1;
    if (count < 1 || count > COMPONENTS || len < 8 + count * 3u)
        return 0;
    for (int pass = 0; pass < 2; pass++) {
        for (uint32_t i = 0; i < count; i++) {
            uint32_t h = segment[8 + i * 3 + 1] >> 4, v = segment[8 + i * 3 + 1] & 15;
            across = h > across ? h : across;
            down = v > down ? v : down;
            sum += pass == 0 ? 0 : width * height * h * v / (across * down) * 2;
        }
    }
    return sum;
}

static void survey_jpeg(const uint8_t *bytes, size_t len, struct survey *survey)
{
    uint64_t frame_bytes = 0;
    uint8_t frame = 0, components = 0;
    bool ended = false;
    for (size_t i = 2; i + 1 < len && !ended;) {
        const uint8_t *mark = memchr(bytes + i, 0xff, len - i - 1);
        if (mark == NULL)
            break;
        i = (size_t)(mark - bytes) + 1;
        uint8_t code = bytes[i];
        size_t left = len - i - 1, length = has_length(code) && left >= 2 ? big(bytes + i + 1, 2) : 0;
        if (is_frame(code) && frame == 0 && length >= 8 && left >= length) {
            frame = code;
            components = bytes[i + 8];
            frame_bytes = coefficients(bytes + i + 1, length);
        } else if (code == SOS && left >= 3) {
            survey->scans++;
            survey->by_rows = survey->scans == 1 && frame != 0xc2 && frame != 0xca && bytes[i + 3] == components;
        }
        ended = code == EOI;
        i += length + (code == 0xff ? 0 : 1); /* FF FF is a filled FF */
    }
    survey->cut_off = !ended;
    survey->held_bytes = survey->by_rows ? 0 : frame_bytes;
}

/* ---- PNG, WebP, HEIF: chunks and boxes ---- */

/* Whether it may name a chunk or a box at all. Nonsense in the middle is no missing end. */
static bool is_type(const uint8_t *type)
{
    for (int i = 0; i < 4; i++)
        if (type[i] < 0x20 || type[i] > 0x7e)
            return false;
    return true;
}

static void survey_png(const uint8_t *bytes, size_t len, struct survey *survey)
{
    enum { HEADER = 8, FRAME = 12, DEPTH_AT = 24, INTERLACE_AT = 28 };
    bool goes_on = true;
    size_t at = HEADER;
    while (goes_on && len - at >= FRAME) {
        size_t length = big(bytes + at, 4);
        goes_on = is_type(bytes + at + 4) && memcmp(bytes + at + 4, "IEND", 4) != 0;
        at += length > len - at - FRAME ? len - at : FRAME + length;
    }
    survey->cut_off = goes_on;
    survey->by_rows = len > INTERLACE_AT && bytes[INTERLACE_AT] == 0 &&
                      bytes[DEPTH_AT] <= 8; /* no phone's are deeper */
}

static void survey_webp(const uint8_t *bytes, size_t len, struct survey *survey)
{
    uint64_t said = bytes[4] | (uint64_t)bytes[5] << 8 | (uint64_t)bytes[6] << 16 | (uint64_t)bytes[7] << 24;
    survey->cut_off = said + 8 > len;
}

static void survey_heif(const uint8_t *bytes, size_t len, struct survey *survey)
{
    for (size_t at = 0; len - at >= 8;) {
        uint64_t size = big(bytes + at, 4);
        if (size == 1 && len - at >= 16)
            size = (uint64_t)big(bytes + at + 8, 4) << 32 | big(bytes + at + 12, 4);
        else if (size == 0) /* until the end of the file */
            size = len - at;
        if (size < 8 || size > len - at) {
            survey->cut_off = size > len - at && is_type(bytes + at + 4);
            return;
        }
        at += size;
    }
}

/* By the brand, or one of those that it says it is compatible with. */
static bool is_heif(const uint8_t *bytes, size_t len)
{
    static const char brands[][5] = {"heic", "heix", "hevc", "hevx", "heim", "heis", "mif1", "msf1", "avif"};
    enum { BRANDS_MAX = 32 };
    if (len < 12 || memcmp(bytes + 4, "ftyp", 4) != 0)
        return false;
    size_t end = big(bytes, 4) < len ? big(bytes, 4) : len;
    for (size_t at = 8, count = 0; at == 8 || (at + 4 <= end && count < BRANDS_MAX); at += at == 8 ? 8 : 4, count++) {
        for (size_t i = 0; i < sizeof brands / sizeof *brands; i++)
            if (memcmp(bytes + at, brands[i], 4) == 0)
                return true;
    }
    return false;
}

struct survey survey_bytes(const uint8_t *bytes, size_t len)
{
    struct survey survey = {.format = SURVEY_NONE};
    if (len >= 3 && memcmp(bytes, "\xff\xd8\xff", 3) == 0) {
        survey.format = SURVEY_JPEG;
        survey_jpeg(bytes, len, &survey);
    } else if (len >= 8 && memcmp(bytes, "\x89PNG\r\n\x1a\n", 8) == 0) {
        survey.format = SURVEY_PNG;
        survey_png(bytes, len, &survey);
    } else if (len >= 16 && memcmp(bytes, "RIFF", 4) == 0 && memcmp(bytes + 8, "WEBP", 4) == 0) {
        survey.format = SURVEY_WEBP;
        survey_webp(bytes, len, &survey);
    } else if (is_heif(bytes, len)) {
        survey.format = SURVEY_HEIF;
        survey_heif(bytes, len, &survey);
    }
    return survey;
}
