/* HEIF as phones write it: the primary picture is taken whatever stands beside it. The files are written here, box by
 * box, round pictures that libheif encodes; laid out as by phones with iOS 18: a tone map beside the primary, a gain
 * map that both refer to, and the primary as one picture or as a grid of tiles. */
#include <vips/vips.h>
#include "tests/lsan.h"
#include "tests/unit/darkroom_client.h"

enum { ROOM = 1024 * 1024, TILE = 512, ITEMS_MAX = 8, PROPERTIES_MAX = 8 };

struct pen {
    uint8_t bytes[ROOM];
    size_t len;
};

static void put(struct pen *pen, const void *bytes, size_t len)
{
    CHECK(pen->len + len <= ROOM);
    memcpy(pen->bytes + pen->len, bytes, len);
    pen->len += len;
}

static void put_big(struct pen *pen, uint64_t value, int bytes)
{
    for (int i = bytes - 1; i >= 0; i--)
        put(pen, &(uint8_t){(uint8_t)(value >> 8 * i)}, 1);
}

static size_t box_begin(struct pen *pen, const char *type)
{
    size_t at = pen->len;
    put_big(pen, 0, 4);
    put(pen, type, 4);
    return at;
}

static void box_end(struct pen *pen, size_t at)
{
    size_t end = pen->len, size = end - at;
    pen->len = at;
    put_big(pen, size, 4);
    pen->len = end;
}

struct item {
    const char *type;
    const uint8_t *data;
    size_t len;
    uint8_t properties[3]; /* numbers from 1, 0 = none */
};

struct reference {
    const char *type;
    int from, count, to[4];
};

struct picture {
    const struct item *items; /* the first is number 1 and the primary */
    size_t item_count;
    const struct reference *references;
    size_t reference_count;
    uint8_t *properties[PROPERTIES_MAX]; /* whole boxes */
    size_t property_bytes[PROPERTIES_MAX], property_count;
};

static void put_properties(struct pen *pen, const struct picture *picture)
{
    size_t iprp = box_begin(pen, "iprp"), ipco = box_begin(pen, "ipco");
    for (size_t i = 0; i < picture->property_count; i++)
        put(pen, picture->properties[i], picture->property_bytes[i]);
    box_end(pen, ipco);
    size_t ipma = box_begin(pen, "ipma");
    put_big(pen, 0, 4);
    put_big(pen, picture->item_count, 4);
    for (size_t i = 0; i < picture->item_count; i++) {
        const uint8_t *numbers = picture->items[i].properties;
        uint8_t count = (uint8_t)((numbers[0] != 0) + (numbers[1] != 0) + (numbers[2] != 0));
        put_big(pen, i + 1, 2);
        put_big(pen, count, 1);
        put(pen, numbers, count);
    }
    box_end(pen, ipma);
    box_end(pen, iprp);
}

static void put_items(struct pen *pen, const struct picture *picture, size_t data_at)
{
    size_t iloc = box_begin(pen, "iloc");
    put_big(pen, 0, 4);
    put_big(pen, 0x4400, 2); /* offsets and lengths of four bytes */
    put_big(pen, picture->item_count, 2);
    for (size_t i = 0; i < picture->item_count; i++) {
        put_big(pen, i + 1, 2);
        put_big(pen, 0, 2);
        put_big(pen, 1, 2);
        put_big(pen, data_at, 4);
        put_big(pen, picture->items[i].len, 4);
        data_at += picture->items[i].len;
    }
    box_end(pen, iloc);
    size_t iinf = box_begin(pen, "iinf");
    put_big(pen, 0, 4);
    put_big(pen, picture->item_count, 2);
    for (size_t i = 0; i < picture->item_count; i++) {
        size_t infe = box_begin(pen, "infe");
        put_big(pen, 0x02000000, 4);
        put_big(pen, i + 1, 2);
        put_big(pen, 0, 2);
        put(pen, picture->items[i].type, 4);
        put_big(pen, 0, 1); /* no name */
        box_end(pen, infe);
    }
    box_end(pen, iinf);
}

static void put_meta(struct pen *pen, const struct picture *picture, size_t data_at)
{
    size_t meta = box_begin(pen, "meta");
    put_big(pen, 0, 4);
    size_t hdlr = box_begin(pen, "hdlr");
    put(pen, "\0\0\0\0\0\0\0\0pict\0\0\0\0\0\0\0\0\0\0\0\0\0", 25);
    box_end(pen, hdlr);
    size_t pitm = box_begin(pen, "pitm");
    put_big(pen, 0, 4);
    put_big(pen, 1, 2);
    box_end(pen, pitm);
    put_items(pen, picture, data_at);
    put_properties(pen, picture);
    size_t iref = box_begin(pen, "iref");
    put_big(pen, 0, 4);
    for (size_t i = 0; i < picture->reference_count; i++) {
        const struct reference *reference = &picture->references[i];
        size_t at = box_begin(pen, reference->type);
        put_big(pen, (uint64_t)reference->from, 2);
        put_big(pen, (uint64_t)reference->count, 2);
        for (int k = 0; k < reference->count; k++)
            put_big(pen, (uint64_t)reference->to[k], 2);
        box_end(pen, at);
    }
    box_end(pen, iref);
    box_end(pen, meta);
}

static void write_picture(struct pen *pen, const struct picture *picture)
{
    size_t data_at = 0;
    for (int pass = 0; pass < 2; pass++) { /* the first one only measures */
        pen->len = 0;
        size_t ftyp = box_begin(pen, "ftyp");
        put(pen, "heic\0\0\0\0mif1MiHBMiHEMiPrmiafheictmap", 36);
        box_end(pen, ftyp);
        put_meta(pen, picture, data_at);
        data_at = pen->len + 8;
    }
    size_t mdat = box_begin(pen, "mdat");
    for (size_t i = 0; i < picture->item_count; i++)
        put(pen, picture->items[i].data, picture->items[i].len);
    box_end(pen, mdat);
}

/* ---- what libheif encodes, taken out of its file ---- */

struct coded {
    uint8_t *file;
    uint8_t *decoder; /* the hvcC box */
    const uint8_t *data;
    size_t decoder_bytes, len;
};

static uint32_t big(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static struct coded encode(VipsImage *image)
{
    struct coded coded = {0};
    size_t len = 0;
    void *file = NULL;
    CHECK(vips_heifsave_buffer(image, &file, &len, "Q", 60, "effort", 0, "strip", TRUE, NULL) == 0);
    coded.file = file;
    for (size_t i = 4; i + 4 < len; i++)
        if (memcmp(coded.file + i, "hvcC", 4) == 0) {
            coded.decoder = coded.file + i - 4;
            coded.decoder_bytes = big(coded.decoder);
            break;
        }
    for (size_t at = 0; at + 8 <= len; at += big(coded.file + at))
        if (memcmp(coded.file + at + 4, "mdat", 4) == 0) {
            coded.data = coded.file + at + 8;
            coded.len = big(coded.file + at) - 8;
        }
    CHECK(coded.decoder != NULL && coded.data != NULL);
    return coded;
}

static void add_property(struct picture *picture, void *box, size_t bytes)
{
    picture->properties[picture->property_count] = box;
    picture->property_bytes[picture->property_count++] = bytes;
}

#define SIZE_BOX(width, height)                                                                                        \
    {                                                                                                                  \
        0, 0, 0, 20, 'i', 's', 'p', 'e', 0, 0, 0, 0, 0, 0, (width) >> 8, (width)&255, 0, 0, (height) >> 8,             \
            (height)&255                                                                                               \
    }
static uint8_t gain_map_kind[] = "\0\0\0\x34"
                                 "auxC\0\0\0\0urn:com:apple:photo:2020:aux:hdrgainmap";

static void examine_good(struct darkroom *darkroom, const struct pen *pen, int width, int height)
{
    struct answer answer = examine(darkroom, pen->bytes, pen->len);
    CHECK_INT(answer.err, ERR_OK);
    CHECK_INT(answer.result.verdict, PHOTO_GOOD);
    CHECK_INT(answer.result.width, width);
    CHECK_INT(answer.result.height, height);
    free(answer.result.jpeg);
}

static VipsImage *portrait(struct darkroom *darkroom, int width, int height)
{
    VipsImage *image = NULL, *kept = NULL;
    size_t len = 0;
    uint8_t *jpeg = draw(darkroom, width, height, &len);
    CHECK(vips_jpegload_buffer(jpeg, len, &image, NULL) == 0);
    kept = vips_image_copy_memory(image);
    g_object_unref(image);
    free(jpeg);
    return kept;
}

/* One picture, its gain map, and a tone map made of both. */
static void test_tone_map(struct darkroom *darkroom, struct pen *pen)
{
    VipsImage *image = portrait(darkroom, 600, 720);
    struct coded coded = encode(image);
    uint8_t size[] = SIZE_BOX(600, 720), tone[62] = {0};
    const struct item items[] = {{"hvc1", coded.data, coded.len, {0x81, 2, 0}},
                                 {"hvc1", coded.data, coded.len, {0x81, 2, 3}},
                                 {"tmap", tone, sizeof tone, {2, 0, 0}}};
    const struct reference references[] = {{"auxl", 2, 2, {1, 3}}, {"dimg", 3, 2, {1, 2}}};
    struct picture picture = {.items = items, .item_count = 3, .references = references, .reference_count = 2};
    add_property(&picture, coded.decoder, coded.decoder_bytes);
    add_property(&picture, size, sizeof size);
    add_property(&picture, gain_map_kind, sizeof gain_map_kind);
    write_picture(pen, &picture);
    examine_good(darkroom, pen, 600, 720);
    g_free(coded.file);
    g_object_unref(image);
}

/* The same with the primary in four tiles. */
static void test_grid(struct darkroom *darkroom, struct pen *pen)
{
    enum { WIDTH = 900, HEIGHT = 1000 };
    VipsImage *image = portrait(darkroom, 2 * TILE, 2 * TILE), *tile = NULL;
    struct coded coded[4];
    uint8_t size[] = SIZE_BOX(WIDTH, HEIGHT), tile_size[] = SIZE_BOX(TILE, TILE), tone[62] = {0};
    uint8_t grid[] = {0, 0, 1, 1, WIDTH >> 8, WIDTH & 255, HEIGHT >> 8, HEIGHT & 255};
    struct item items[7] = {[0] = {"grid", grid, sizeof grid, {3, 0, 0}}, [6] = {"tmap", tone, sizeof tone, {3, 0, 0}}};
    for (int i = 0; i < 4; i++) {
        CHECK(vips_extract_area(image, &tile, i % 2 * TILE, i / 2 * TILE, TILE, TILE, NULL) == 0);
        coded[i] = encode(tile);
        items[1 + i] = (struct item){"hvc1", coded[i].data, coded[i].len, {0x81, 2, 0}};
        g_object_unref(tile);
    }
    items[5] = (struct item){"hvc1", coded[3].data, coded[3].len, {0x81, 2, 4}};
    const struct reference references[] = {
        {"dimg", 1, 4, {2, 3, 4, 5}}, {"auxl", 6, 2, {1, 7}}, {"dimg", 7, 2, {1, 6}}};
    struct picture picture = {.items = items, .item_count = 7, .references = references, .reference_count = 3};
    add_property(&picture, coded[0].decoder, coded[0].decoder_bytes);
    add_property(&picture, tile_size, sizeof tile_size);
    add_property(&picture, size, sizeof size);
    add_property(&picture, gain_map_kind, sizeof gain_map_kind);
    write_picture(pen, &picture);
    examine_good(darkroom, pen, WIDTH, HEIGHT);
    for (int i = 0; i < 4; i++)
        g_free(coded[i].file);
    g_object_unref(image);
}

/* Bytes of the tables changed at places that a seed picks: always an answer. It never says "damaged": another decoder
 * may know better. */
static void test_mutations(struct darkroom *darkroom, const struct pen *whole)
{
    enum { TABLES = 700 };
    static uint8_t bytes[ROOM];
    uint32_t random = 4711;
    for (int round = 0; round < 120; round++) {
        memcpy(bytes, whole->bytes, whole->len);
        for (int k = 0; k < 3; k++) {
            random = random * 1664525u + 1013904223u;
            bytes[40 + (random >> 8) % TABLES] = (uint8_t)(random >> 3);
        }
        struct answer answer = examine(darkroom, bytes, whole->len);
        CHECK(answer.err == ERR_OK || answer.err == ERR_CLOSED || answer.err == ERR_UNSUPPORTED);
        CHECK(answer.err != ERR_OK || answer.result.verdict != PHOTO_BROKEN);
        free(answer.result.jpeg);
    }
    struct answer cut = examine(darkroom, whole->bytes, whole->len / 2);
    CHECK_INT(cut.result.verdict, PHOTO_INCOMPLETE);
}

int main(int argc, char **argv)
{
    (void)argc;
    CHECK(vips_init(argv[0]) == 0);
    static struct pen pen;
    struct darkroom *darkroom = open_darkroom(PROGRAM, 0);
    test_tone_map(darkroom, &pen);
    test_grid(darkroom, &pen);
    test_mutations(darkroom, &pen);
    darkroom_free(darkroom);
    vips_shutdown();
    return 0;
}
