/* Files as phones and programs write them, each made here: whole ones are taken, upright and at their size, however
 * they are stored and whatever hangs behind them; of the others the true reason is said. */
#include <vips/vips.h>
#include "tests/lsan.h"
#include "tests/unit/darkroom_client.h"

enum { WIDTH = 640, HEIGHT = 800, ROOM = 24 * 1024 * 1024 };

static struct darkroom *darkroom;
static VipsImage *portrait; /* WIDTH × HEIGHT, in memory */

struct file {
    uint8_t *bytes; /* g_free */
    size_t len;
};

static struct file save(VipsImage *image, const char *format)
{
    struct file file = {0};
    void *bytes = NULL;
    CHECK(vips_image_write_to_buffer(image, format, &bytes, &file.len, NULL) == 0);
    file.bytes = bytes;
    return file;
}

static void want(const struct file *file, size_t len, enum photo_verdict verdict, int width, int height)
{
    struct answer answer = examine(darkroom, file->bytes, len);
    CHECK_INT(answer.err, ERR_OK);
    CHECK_INT(answer.result.verdict, verdict);
    if (verdict == PHOTO_GOOD) {
        CHECK_INT(answer.result.width, width);
        CHECK_INT(answer.result.height, height);
    }
    free(answer.result.jpeg);
}

static void want_good(VipsImage *image, const char *format)
{
    struct file file = save(image, format);
    want(&file, file.len, PHOTO_GOOD, WIDTH, HEIGHT);
    g_free(file.bytes);
}

/* ---- how pixels may be stored ---- */

static void test_pixels(void)
{
    static const VipsInterpretation spaces[] = {VIPS_INTERPRETATION_B_W, VIPS_INTERPRETATION_RGB16,
                                                VIPS_INTERPRETATION_GREY16, VIPS_INTERPRETATION_CMYK};
    VipsImage *image = NULL, *alpha = NULL;
    for (size_t i = 0; i < sizeof spaces / sizeof *spaces; i++) {
        CHECK(vips_colourspace(portrait, &image, spaces[i], NULL) == 0);
        want_good(image, spaces[i] == VIPS_INTERPRETATION_CMYK ? ".jpg" : ".png");
        if (spaces[i] != VIPS_INTERPRETATION_CMYK) {
            double opaque = spaces[i] == VIPS_INTERPRETATION_B_W ? 255 : 65535;
            CHECK(vips_bandjoin_const1(image, &alpha, opaque, NULL) == 0);
            want_good(alpha, ".png");
            g_object_unref(alpha);
        }
        g_object_unref(image);
    }
    CHECK(vips_bandjoin_const1(portrait, &alpha, 200, NULL) == 0);
    static const char *const formats[] = {".png[palette]", ".png[interlace]", ".webp[lossless]", ".avif[effort=0]",
                                          ".heic[effort=0]"};
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
        want_good(alpha, formats[i]);
    g_object_unref(alpha);
    want_good(portrait, ".jpg[interlace]");
}

/* ---- which way up ---- */

static void put_number(uint8_t *to, size_t value)
{
    for (int i = 0; i < 4; i++)
        to[i] = (uint8_t)(value >> 8 * (3 - i));
}

/* A PNG with one chunk more behind its header. */
static struct file with_chunk(const struct file *png, const char *type, const void *data, size_t len)
{
    enum { HEADER_END = 33 };
    struct file file = {g_malloc(png->len + len + 12), png->len + len + 12};
    uint8_t *chunk = file.bytes + HEADER_END;
    uint32_t crc = UINT32_MAX;
    memcpy(file.bytes, png->bytes, HEADER_END);
    put_number(chunk, len);
    memcpy(chunk + 4, type, 4);
    memcpy(chunk + 8, data, len);
    for (size_t i = 4; i < len + 8; i++) {
        crc ^= chunk[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ ((crc & 1) != 0 ? 0xedb88320u : 0);
    }
    put_number(chunk + 8 + len, ~crc);
    memcpy(chunk + 12 + len, png->bytes + HEADER_END, png->len - HEADER_END);
    return file;
}

/* '|' stands for a zero byte, '%' for the EXIF. */
static size_t fill_in(const char *form, const char *exif, char *to)
{
    size_t len = 0;
    for (; *form != '\0'; form++) {
        size_t room = *form == '%' ? strlen(exif) : 1;
        memcpy(to + len, *form == '%' ? exif : *form == '|' ? "" : form, room);
        len += room;
    }
    return len;
}

static void test_orientation(void)
{
    static const char exif[] = "II*\0\x08\0\0\0\1\0\x12\1\3\0\1\0\0\0\6\0\0\0\0\0\0\0";
    static const char small[] = "49492a0008000000010012010300010000000600000000000000",
                      large[] = "4D4D002A00000008000101120003000000010006000000000000"; /* the other byte order */
    static const struct {
        const char *type, *form;
        bool turned;
    } chunks[] = {
        {"tEXt", "Raw profile type exif|\nexif\n      26\n%\n", true},
        {"tEXt", "Raw profile type APP1|\ngeneric profile\n      32\n457869660000%\n", true},
        {"iTXt", "XML:com.adobe.xmp|||||<x><rdf:Description tiff:Orientation=\"8\"/></x>", true},
        {"iTXt", "XML:com.adobe.xmp|||||<x><tiff:Orientation>6</tiff:Orientation></x>", true},
        {"tEXt", "Raw profile type exif|\nexif\n      26\n4949\n", false}, /* ends too early */
        {"tEXt", "Comment|II*", false},
    };
    struct file png = save(portrait, ".png"), turned = with_chunk(&png, "eXIf", exif, sizeof exif - 1);
    want(&turned, turned.len, PHOTO_GOOD, HEIGHT, WIDTH);
    g_free(turned.bytes);
    for (size_t i = 0; i < 2 * sizeof chunks / sizeof *chunks; i++) {
        char data[512];
        size_t text_len = fill_in(chunks[i / 2].form, i % 2 == 0 ? small : large, data);
        turned = with_chunk(&png, chunks[i / 2].type, data, text_len);
        bool lies = chunks[i / 2].turned;
        want(&turned, turned.len, PHOTO_GOOD, lies ? HEIGHT : WIDTH, lies ? WIDTH : HEIGHT);
        g_free(turned.bytes);
    }
    g_free(png.bytes);
    VipsImage *image = NULL;
    CHECK(vips_copy(portrait, &image, NULL) == 0);
    vips_image_set_int(image, VIPS_META_ORIENTATION, 6);
    static const char *const formats[] = {".webp", ".jpg"};
    for (size_t i = 0; i < 2; i++) {
        struct file file = save(image, formats[i]);
        want(&file, file.len, PHOTO_GOOD, HEIGHT, WIDTH);
        g_free(file.bytes);
    }
    g_object_unref(image);
}

/* ---- the end ---- */

static void test_behind_the_end(void)
{
    struct file jpeg = save(portrait, ".jpg"), gain_map = save(portrait, ".jpg[Q=30,interlace]");
    struct file both = {g_malloc(jpeg.len + gain_map.len + 100), jpeg.len};
    memcpy(both.bytes, jpeg.bytes, jpeg.len);
    memcpy(both.bytes + jpeg.len, gain_map.bytes, gain_map.len);
    want(&both, jpeg.len + gain_map.len, PHOTO_GOOD, WIDTH, HEIGHT); /* a gain map, or a second view */
    memset(both.bytes + jpeg.len, 0xff, gain_map.len);
    memcpy(both.bytes + jpeg.len,
           "\0\0\0\x18"
           "ftypmp42",
           12);
    want(&both, jpeg.len + gain_map.len, PHOTO_GOOD, WIDTH, HEIGHT); /* a film */
    g_free(both.bytes);
    g_free(gain_map.bytes);
    g_free(jpeg.bytes);
}

static void test_end_is_missing(void)
{
    static const struct {
        const char *format;
        size_t missing, missing_percent; /* bytes of the file, and a part of it */
        enum photo_verdict verdict;
    } cuts[] = {
        {".jpg", 1, 0, PHOTO_GOOD},
        {".jpg", 2, 0, PHOTO_GOOD},
        {".jpg", 60, 0, PHOTO_GOOD},
        {".jpg", 0, 20, PHOTO_INCOMPLETE},
        {".jpg", 0, 99, PHOTO_INCOMPLETE},
        {".jpg[interlace]", 2, 0, PHOTO_GOOD},
        {".jpg[interlace]", 0, 1, PHOTO_GOOD}, /* every row is there, a little coarser */
        {".png", 4, 0, PHOTO_GOOD},
        {".png", 12, 0, PHOTO_GOOD},
        {".png", 0, 50, PHOTO_INCOMPLETE},
        {".png", 0, 99, PHOTO_INCOMPLETE},
        {".png[interlace]", 12, 0, PHOTO_GOOD},
        {".png[interlace]", 0, 50, PHOTO_INCOMPLETE},
        {".webp", 0, 50, PHOTO_INCOMPLETE},
        {".heic[effort=0]", 0, 50, PHOTO_INCOMPLETE},
        {".avif[effort=0]", 0, 50, PHOTO_INCOMPLETE},
    };
    for (size_t i = 0; i < sizeof cuts / sizeof *cuts; i++) {
        struct file file = save(portrait, cuts[i].format);
        size_t missing = cuts[i].missing + file.len * cuts[i].missing_percent / 100;
        struct answer answer = examine(darkroom, file.bytes, file.len - missing);
        if (answer.err != ERR_OK || answer.result.verdict != cuts[i].verdict)
            printf("%s without %zu of %zu bytes: verdict %d\n", cuts[i].format, missing, file.len,
                   answer.result.verdict);
        CHECK_INT(answer.err, ERR_OK);
        CHECK_INT(answer.result.verdict, cuts[i].verdict);
        free(answer.result.jpeg);
        g_free(file.bytes);
    }
}

/* Rows of one colour at the lower edge are no missing ones: bars, a white passport photo. */
static void test_end_is_missing_under_a_bar(void)
{
    static const char *const formats[] = {".jpg", ".jpg[interlace]"};
    static const double bars[][3] = {{255, 255, 255}, {0, 0, 0}, {40, 60, 90}};
    for (size_t i = 0; i < sizeof bars / sizeof *bars * 2; i++) {
        VipsImage *image = NULL;
        VipsArrayDouble *colour = vips_array_double_new(bars[i / 2], 3);
        CHECK(vips_embed(portrait, &image, 0, 0, WIDTH, HEIGHT + HEIGHT / 8, "extend", VIPS_EXTEND_BACKGROUND,
                         "background", colour, NULL) == 0);
        vips_area_unref(VIPS_AREA(colour));
        struct file file = save(image, formats[i % 2]);
        want(&file, file.len - 2, PHOTO_GOOD, WIDTH, HEIGHT + HEIGHT / 8);
        g_free(file.bytes);
        g_object_unref(image);
    }
}

/* A whole file that makes no sense is damaged; one that our decoder may be too old for is not. */
static void test_nonsense(void)
{
    static const struct {
        const char *format;
        size_t from; /* before it stands what the format is known by */
        enum photo_verdict verdict;
    } kinds[] = {{".png", 100, PHOTO_BROKEN},
                 {".jpg", 20, PHOTO_BROKEN},
                 {".webp", 100, PHOTO_BROKEN},
                 {".heic[effort=0]", 100, PHOTO_UNREADABLE}};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        struct file file = save(portrait, kinds[i].format);
        for (size_t at = kinds[i].from; at < file.len - 64; at++)
            file.bytes[at] = (uint8_t)(at * 37);
        want(&file, file.len, kinds[i].verdict, 0, 0);
        g_free(file.bytes);
    }
}

/* ---- how many pixels ---- */

static void test_many_pixels(void)
{
    static const struct {
        int across, down; /* times the portrait */
        const char *format;
        enum photo_verdict verdict;
        bool is_deep;                                                  /* 16 bits a colour */
    } sizes[] = {{10, 10, ".jpg[Q=50]", PHOTO_GOOD, false},            /* 51 megapixels, as on the first such phones */
                 {20, 20, ".jpg[Q=30]", PHOTO_GOOD, false},            /* 205, as on the latest */
                 {10, 12, ".jpg[Q=30,interlace]", PHOTO_GOOD, false},  /* 61: libjpeg holds 190 MB */
                 {23, 23, ".jpg[Q=30]", PHOTO_TOO_MANY_PIXELS, false}, /* 271 */
                 {18, 18, ".jpg[Q=30,interlace]", PHOTO_TOO_MANY_PIXELS, false},
                 {11, 11, ".png[compression=1,palette,bitdepth=2]", PHOTO_GOOD, false}, /* row by row */
                 {11, 11, ".png[compression=1,palette,bitdepth=2,interlace]", PHOTO_TOO_MANY_PIXELS, false},
                 {11, 11, ".png[compression=1]", PHOTO_TOO_MANY_PIXELS, true}}; /* costs as much as 200 of 8 */
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        VipsImage *deep = NULL, *image = NULL;
        CHECK(vips_colourspace(portrait, &deep, VIPS_INTERPRETATION_RGB16, NULL) == 0);
        CHECK(vips_zoom(sizes[i].is_deep ? deep : portrait, &image, sizes[i].across, sizes[i].down, NULL) == 0);
        g_object_unref(deep);
        struct file file = save(image, sizes[i].format);
        CHECK(file.len < DARKROOM_INPUT_MAX_BYTES);
        want(&file, file.len, sizes[i].verdict, WIDTH * sizes[i].across, HEIGHT * sizes[i].down);
        g_free(file.bytes);
        g_object_unref(image);
    }
}

int main(int argc, char **argv)
{
    (void)argc;
    CHECK(vips_init(argv[0]) == 0);
    size_t len = 0;
    VipsImage *image = NULL;
    darkroom = open_darkroom(PROGRAM, 0);
    uint8_t *jpeg = draw(darkroom, WIDTH, HEIGHT, &len);
    CHECK(vips_jpegload_buffer(jpeg, len, &image, NULL) == 0 && (portrait = vips_image_copy_memory(image)) != NULL);
    g_object_unref(image);
    free(jpeg);
    test_pixels();
    test_orientation();
    test_behind_the_end();
    test_end_is_missing();
    test_end_is_missing_under_a_bar();
    test_nonsense();
    test_many_pixels();
    g_object_unref(portrait);
    darkroom_free(darkroom);
    vips_shutdown();
    return 0;
}
