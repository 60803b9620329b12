/* The same picture again, or another one? Drawn series: persons in one pose with other expressions are all different
 * pictures, though nothing else on them moves; each of them saved anew, made smaller, cropped or put through a filter
 * is the same one. Everything goes through the darkroom, as a photo does. */
#include <vips/vips.h>
#include "tests/sandbox/portrait_draw.h"
#include "tests/unit/darkroom_client.h"

enum {
    WIDTH = 800,
    HEIGHT = 1000,
    SERIES = 5,
    EXPRESSIONS = 3,
    PICTURES = SERIES * EXPRESSIONS,
    SKETCH = DARKROOM_SKETCH_BYTES
};

static const struct person persons[] = {
    {"#f0c3a0",
     "#c98f6a",
     "#ffe3cb",
     "#4a3222",
     "#2c1c12",
     "#7c5a3d",
     "#4c6b8a",
     "#b9605a",
     HAIR_PART,
     108,
     14,
     false,
     false,
     false,
     false,
     {"#2f3e55", "#7a8fa6"}},
    {"#8d5a3b",
     "#5e3822",
     "#b57c57",
     "#17110e",
     "#0a0706",
     "#3b2d26",
     "#2c1b12",
     "#8a463f",
     HAIR_CURLS,
     96,
     11,
     true,
     false,
     false,
     true,
     {"#8a2f3b", "#2c4a6b"}},
};
static const struct pose poses[SERIES] = {{SCENE_STUDIO, OUTFIT_BLAZER, 1.0, 500, 500, 0, 0.0, 0, -0.6},
                                          {SCENE_PARK, OUTFIT_TEE, 0.8, 430, 520, 3, 0.3, 0, 0.7},
                                          {SCENE_CITY, OUTFIT_SWEATER, 1.3, 540, 590, -4, -0.4, 0, 0.8},
                                          {SCENE_BOOKS, OUTFIT_SHIRT, 0.7, 600, 520, 2, 0.5, 0, -0.7},
                                          {SCENE_SNOW, OUTFIT_DRESS, 1.1, 450, 560, 5, -0.2, 0, 0.4}};
static const double smiles[EXPRESSIONS] = {0.0, 0.7, 1.0};

static struct darkroom *darkroom;
static VipsImage *pictures[PICTURES];
static uint8_t sketches[PICTURES][SKETCH];

static VipsImage *decoded(const void *jpeg, size_t len)
{
    VipsImage *image = NULL, *kept = NULL;
    CHECK(vips_jpegload_buffer((void *)(uintptr_t)jpeg, len, &image, NULL) == 0);
    kept = vips_image_copy_memory(image);
    CHECK(kept != NULL);
    g_object_unref(image);
    return kept;
}

static VipsImage *draw_picture(int series, double smile)
{
    char *svg = NULL;
    size_t len = 0;
    struct answer answer = {0};
    struct pose pose = poses[series];
    pose.smile = smile;
    struct sheet sheet = {.out = open_memstream(&svg, &len),
                          .random = 0x9e3779b97f4a7c15u + (uint64_t)series,
                          .who = &persons[series % 2],
                          .how = &pose};
    CHECK(sheet.out != NULL);
    fprintf(sheet.out, "<svg xmlns='http://www.w3.org/2000/svg' width='%d' height='%d' viewBox='0 0 %d %d'>", WIDTH,
            HEIGHT, SHEET_WIDTH, SHEET_HEIGHT);
    scene_draw(&sheet);
    figure_draw(&sheet);
    fprintf(sheet.out, "</svg>");
    CHECK(fclose(sheet.out) == 0);
    CHECK(darkroom_render(darkroom, svg, len, WIDTH, HEIGHT, answered, &answer) == ERR_OK);
    wait_for(darkroom, &answer);
    CHECK_INT(answer.err, ERR_OK);
    VipsImage *image = decoded(answer.result.jpeg, answer.result.jpeg_len);
    free(answer.result.jpeg);
    free(svg);
    return image;
}

/* The image as a JPEG of this quality, examined. */
static void sketch_of(VipsImage *image, int quality, uint8_t *sketch)
{
    void *jpeg = NULL;
    size_t len = 0;
    struct answer answer = {0};
    CHECK(vips_jpegsave_buffer(image, &jpeg, &len, "Q", quality, NULL) == 0);
    CHECK(darkroom_examine(darkroom, jpeg, len, 100, answered, &answer) == ERR_OK);
    wait_for(darkroom, &answer);
    CHECK_INT(answer.result.verdict, PHOTO_GOOD);
    memcpy(sketch, answer.sketch, SKETCH);
    free(answer.result.jpeg);
    g_free(jpeg);
}

static bool is_same(const uint8_t *one, const uint8_t *other)
{
    uint8_t both[2 * SKETCH];
    struct answer answer = {0};
    memcpy(both, one, SKETCH);
    memcpy(both + SKETCH, other, SKETCH);
    CHECK(darkroom_compare(darkroom, both, 2, answered, &answer) == ERR_OK);
    wait_for(darkroom, &answer);
    CHECK_INT(answer.err, ERR_OK);
    return answer.result.is_same;
}

static VipsImage *linear(VipsImage *image, double factor, double more)
{
    VipsImage *changed = NULL, *bytes = NULL;
    CHECK(vips_linear1(image, &changed, factor, more, NULL) == 0 && vips_cast_uchar(changed, &bytes, NULL) == 0);
    g_object_unref(changed);
    return bytes;
}

static VipsImage *cropped(VipsImage *image, double x, double y, double width, double height)
{
    VipsImage *part = NULL;
    CHECK(vips_extract_area(image, &part, (int)(x * WIDTH), (int)(y * HEIGHT), (int)(width * WIDTH),
                            (int)(height * HEIGHT), NULL) == 0);
    return part;
}

static const char *const ways[] = {"saved badly", "half as large",   "cropped a little", "cropped",
                                   "square",      "brighter",        "more contrast",    "lighter shadows",
                                   "deeper",      "black and white", "softer",           "cropped and more contrast"};
enum { WAYS = sizeof ways / sizeof *ways };

static VipsImage *made_anew(VipsImage *image, int way)
{
    VipsImage *changed = NULL, *part = NULL;
    switch (way) {
    case 0: g_object_ref(image); return image;
    case 1: CHECK(vips_resize(image, &changed, 0.5, NULL) == 0); break;
    case 2: return cropped(image, 0.03, 0.02, 0.95, 0.95);
    case 3: return cropped(image, 0.1, 0.05, 0.8, 0.8);
    case 4: return cropped(image, 0, 0.1, 1, 0.8);
    case 5: return linear(image, 1, 30);
    case 6: return linear(image, 1.3, -40);
    case 7: CHECK(vips_gamma(image, &changed, "exponent", 1.5, NULL) == 0); break;
    case 8: CHECK(vips_gamma(image, &changed, "exponent", 0.8, NULL) == 0); break;
    case 9: CHECK(vips_colourspace(image, &changed, VIPS_INTERPRETATION_B_W, NULL) == 0); break;
    case 10: CHECK(vips_gaussblur(image, &changed, 2.0, NULL) == 0); break;
    default:
        part = cropped(image, 0.05, 0.05, 0.9, 0.9);
        changed = linear(part, 1.2, -20);
        g_object_unref(part);
    }
    return changed;
}

static void test_again(void)
{
    for (int way = 0; way < WAYS; way++)
        for (int i = 0; i < PICTURES; i++) {
            uint8_t sketch[SKETCH];
            VipsImage *again = made_anew(pictures[i], way);
            sketch_of(again, way == 0 ? 25 : 75, sketch);
            g_object_unref(again);
            if (!is_same(sketches[i], sketch) || !is_same(sketch, sketches[i]))
                printf("picture %d, %s, is taken for another one\n", i, ways[way]);
            CHECK(is_same(sketches[i], sketch));
            CHECK(is_same(sketch, sketches[i]));
        }
}

static void test_series(void)
{
    for (int i = 0; i < PICTURES; i++)
        for (int j = 0; j < i; j++) {
            if (is_same(sketches[i], sketches[j]))
                printf("pictures %d and %d are taken for the same one\n", i, j);
            CHECK(!is_same(sketches[i], sketches[j]));
        }
}

/* One among many, and how many there may be. */
static void test_many(void)
{
    struct answer found = {0}, none = {0};
    uint8_t *many = calloc(2 + DARKROOM_SKETCHES_MAX, SKETCH);
    CHECK(many != NULL);
    memcpy(many, sketches[3], SKETCH);
    memcpy(many + SKETCH, sketches, sizeof sketches);
    CHECK(darkroom_compare(darkroom, many, 1 + PICTURES, answered, &found) == ERR_OK);
    CHECK(darkroom_compare(darkroom, many, 1 + 3, answered, &none) == ERR_OK);
    wait_for(darkroom, &found);
    wait_for(darkroom, &none);
    CHECK(found.result.is_same && !none.result.is_same);
    CHECK_INT(darkroom_compare(darkroom, many, 1, answered, &none), ERR_TOO_LARGE);
    CHECK_INT(darkroom_compare(darkroom, many, 2 + DARKROOM_SKETCHES_MAX, answered, &none), ERR_TOO_LARGE);
    free(many);
}

int main(int argc, char **argv)
{
    (void)argc;
    CHECK(vips_init(argv[0]) == 0);
    darkroom = open_darkroom(PROGRAM, 0);
    for (int i = 0; i < PICTURES; i++) {
        pictures[i] = draw_picture(i / EXPRESSIONS, smiles[i % EXPRESSIONS]);
        sketch_of(pictures[i], 90, sketches[i]);
    }
    test_series();
    test_again();
    test_many();
    for (int i = 0; i < PICTURES; i++)
        g_object_unref(pictures[i]);
    darkroom_free(darkroom);
    vips_shutdown();
    return 0;
}
