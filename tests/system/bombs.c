/* The bombs are written bit by bit from the formats' descriptions: no library makes such files, and none of them should
 * lie ready in the project. */
#include "tests/system/bombs.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum {
    ROOM = 4 * 1024 * 1024,
    SCANS = 40000,
    SCANNED_SIDE = 6000,
    RUNS_BYTES = 66,
    DEEP_SIDE = 7000,
    INTERLACED_SIDE = 4000
};

struct pen {
    unsigned char *bytes;
    size_t length;
    unsigned bit; /* bits used of the last byte; 0 = none begun */
};

static void put(struct pen *pen, unsigned byte)
{
    if (pen->length == ROOM)
        abort();
    pen->bytes[pen->length++] = (unsigned char)byte;
}

static void put_all(struct pen *pen, const char *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++)
        put(pen, (unsigned char)bytes[i]);
}

static void put_big(struct pen *pen, uint32_t value, int bytes)
{
    for (int shift = (bytes - 1) * 8; shift >= 0; shift -= 8)
        put(pen, value >> shift & 0xff);
}

/* deflate and WebP fill bytes from the lowest bit. */
static void put_bit(struct pen *pen, unsigned bit)
{
    if (pen->bit == 0)
        put(pen, 0);
    pen->bytes[pen->length - 1] |= (unsigned char)(bit << pen->bit);
    pen->bit = (pen->bit + 1) % 8;
}

static void put_low_first(struct pen *pen, uint32_t value, int bits)
{
    for (int i = 0; i < bits; i++)
        put_bit(pen, value >> i & 1);
}

static void put_high_first(struct pen *pen, uint32_t value, int bits)
{
    for (int i = bits - 1; i >= 0; i--)
        put_bit(pen, value >> i & 1);
}

/* ---- PNG ---- */

static void put_chunk(struct pen *pen, const char *type, const unsigned char *data, size_t length)
{
    uint32_t crc = UINT32_MAX;
    put_big(pen, (uint32_t)length, 4);
    size_t from = pen->length;
    put_all(pen, type, 4);
    put_all(pen, (const char *)data, length);
    for (size_t i = from; i < pen->length; i++) {
        crc ^= pen->bytes[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ ((crc & 1) != 0 ? 0xedb88320u : 0);
    }
    put_big(pen, ~crc, 4);
}

/* That many zeros as a zlib stream: one literal, then "the last 258 once more" in 13 bits each. */
static void put_zeros(struct pen *pen, uint64_t count)
{
    enum { LITERAL_ZERO = 0x30, LONGEST = 0xc5, RUN = 258 };
    put_all(pen, "\x78\x01", 2);
    put_low_first(pen, 3, 3); /* the last block, fixed codes */
    put_high_first(pen, LITERAL_ZERO, 8);
    uint64_t left = count - 1;
    for (; left >= RUN; left -= RUN) {
        put_high_first(pen, LONGEST, 8);
        put_high_first(pen, 0, 5); /* one back */
    }
    for (; left > 0; left--)
        put_high_first(pen, LITERAL_ZERO, 8);
    put_high_first(pen, 0, 7); /* the end */
    pen->bit = 0;
    put_big(pen, (uint32_t)(count % 65521) << 16 | 1, 4);
}

/* The bytes of all seven passes of an interlaced picture, each row with its filter byte. */
static uint64_t interlaced_bytes(uint32_t side, uint32_t point_bytes)
{
    static const uint32_t passes[7][4] = {{0, 0, 8, 8}, {4, 0, 8, 8}, {0, 4, 4, 8}, {2, 0, 4, 4},
                                          {0, 2, 2, 4}, {1, 0, 2, 2}, {0, 1, 1, 2}}; /* x, y, their steps */
    uint64_t bytes = 0;
    for (int i = 0; i < 7; i++) {
        uint64_t columns = (side - passes[i][0] + passes[i][2] - 1) / passes[i][2],
                 rows = (side - passes[i][1] + passes[i][3] - 1) / passes[i][3];
        bytes += rows * (1 + columns * point_bytes);
    }
    return bytes;
}

static void make_png(struct pen *pen, uint32_t side, bool is_whole)
{
    struct pen head = {.bytes = malloc(ROOM)}, data = {.bytes = malloc(ROOM)};
    if (head.bytes == NULL || data.bytes == NULL)
        abort();
    put_big(&head, side, 4);
    put_big(&head, side, 4);
    put_all(&head, is_whole ? "\x10\x06\0\0\1" : "\x08\x02\0\0\0", 5); /* 16-bit RGBA interlaced, or 8-bit RGB */
    put_zeros(&data, is_whole ? interlaced_bytes(side, 8) : 100);
    put_all(pen, "\x89PNG\r\n\x1a\n", 8);
    put_chunk(pen, "IHDR", head.bytes, head.length);
    put_chunk(pen, "IDAT", data.bytes, data.length);
    put_chunk(pen, "IEND", NULL, 0);
    free(head.bytes);
    free(data.bytes);
}

/* ---- JPEG: one grey component, progressive ---- */

static void make_jpeg(struct pen *pen, uint32_t side, int scans)
{
    static const char coarse[] = "\xff\xd8\xff\xdb\0\x43\0";
    static const char codes[] =
        "\xff\xc4\0\x14\0\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"      /* "0": no difference */
        "\xff\xc4\0\x14\x10\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\xe0"; /* "0": 16,384 and more empty */
    uint32_t blocks = (side + 7) / 8 * ((side + 7) / 8);
    put_all(pen, coarse, sizeof coarse - 1);
    for (int i = 0; i < 64; i++)
        put(pen, 1);
    put_all(pen, "\xff\xc2\0\x0b\x08", 5);
    put_big(pen, side, 2);
    put_big(pen, side, 2);
    put_all(pen, "\1\1\x11\0", 4);
    put_all(pen, codes, sizeof codes - 1);
    put_all(pen, "\xff\xda\0\x08\1\1\0\0\0\0", 10); /* the first scan: a zero bit a block */
    for (uint32_t i = 0; i < (blocks + 7) / 8 && i < ROOM / 4; i++)
        put(pen, 0);
    for (int scan = 0; scan < scans; scan++) {
        put_all(pen, "\xff\xda\0\x08\1\1\0\1\x3f\0", 10);
        for (int i = 0; i < RUNS_BYTES; i++) /* runs of 16,384 empty blocks, 15 bits each */
            put(pen, 0);
    }
    put_all(pen, "\xff\xd9", 2);
}

/* ---- WebP, lossless: five codes of one symbol each, so a point takes no bit at all ---- */

static void make_webp(struct pen *pen, uint32_t side)
{
    struct pen data = {.bytes = malloc(ROOM)};
    if (data.bytes == NULL)
        abort();
    put(&data, 0x2f);
    put_low_first(&data, side - 1, 14);
    put_low_first(&data, side - 1, 14);
    put_low_first(&data, 0, 4); /* no alpha, version 0 */
    put_low_first(&data, 0, 3); /* no transform, no cache, one group of codes */
    for (int code = 0; code < 5; code++)
        put_low_first(&data, 1, 4); /* simple, one symbol, of one bit: 0 */
    put_low_first(&data, 0, 24);
    data.bit = 0;
    if (data.length % 2 != 0)
        put(&data, 0);
    put_all(pen, "RIFF", 4);
    size_t bytes[2] = {data.length + 12, data.length};
    for (int i = 0; i < 2; i++) {
        for (int shift = 0; shift < 32; shift += 8)
            put(pen, (unsigned)(bytes[i] >> shift & 0xff));
        if (i == 0)
            put_all(pen, "WEBPVP8L", 8);
    }
    put_all(pen, (const char *)data.bytes, data.length);
    free(data.bytes);
}

struct bomb_file bomb_make(enum bomb which)
{
    struct pen pen = {.bytes = malloc(ROOM)};
    struct bomb_file file = {.name = "photo.jpg", .type = "image/jpeg"};
    if (pen.bytes == NULL)
        abort();
    switch (which) {
    case BOMB_PNG_VAST: make_png(&pen, 60000, false); break;
    case BOMB_PNG_DEEP: make_png(&pen, INTERLACED_SIDE, true); break;
    case BOMB_JPEG_VAST: make_jpeg(&pen, 65500, 0); break;
    case BOMB_JPEG_SCANS: make_jpeg(&pen, SCANNED_SIDE, SCANS); break;
    case BOMB_WEBP_VAST: make_webp(&pen, 16383); break;
    case BOMB_WEBP_DEEP: make_webp(&pen, DEEP_SIDE); break;
    case BOMB_COUNT: abort();
    }
    if (which == BOMB_PNG_VAST || which == BOMB_PNG_DEEP)
        file.name = "photo.png", file.type = "image/png";
    if (which == BOMB_WEBP_VAST || which == BOMB_WEBP_DEEP)
        file.name = "photo.webp", file.type = "image/webp";
    file.bytes = pen.bytes;
    file.length = pen.length;
    return file;
}
