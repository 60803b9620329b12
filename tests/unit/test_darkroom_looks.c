/* Every look of every style, made by the real darkroom from a drawn portrait: each is a 3:4 JPEG of the right size
 * without metadata, small enough for Telegram; within a style any two are visibly different; the same seed gives the
 * same bytes. The recipes are found by a plain scan of the style files. */
#include <poll.h>
#include <stdint.h>
#include <time.h>
#include <vips/vips.h>
#include "bot/services/darkroom/darkroom.h"
#include "bot/services/darkroom/recipe.h"
#include "tests/check.h"

enum { LOOKS = 23, FILE_MAX = 512 * 1024, THUMB_WIDTH = 24, THUMB_HEIGHT = 32, THUMB_BYTES = 24 * 32 * 3 };
/* Mean difference of the thumbnails' bytes, 0 … 255: under this two photos would look like one sold twice. */
#define DIFFERENT_MIN 7.0

struct shot {
    uint8_t *jpeg;
    size_t len;
    enum err err;
    int32_t width, height;
    int calls;
};

static void taken(void *ctx, enum err err, struct darkroom_result *result)
{
    struct shot *shot = ctx;
    shot->calls++;
    shot->err = err;
    if (result != NULL) {
        shot->jpeg = result->jpeg;
        shot->len = result->jpeg_len;
        shot->width = result->width;
        shot->height = result->height;
        result->jpeg = NULL;
    }
}

static void run(struct darkroom *darkroom)
{
    while (darkroom_queued(darkroom) > 0) {
        struct timespec now;
        struct pollfd fd = {.fd = darkroom_fd(darkroom), .events = darkroom_events(darkroom)};
        CHECK(poll(&fd, fd.fd >= 0 ? 1 : 0, 20) >= 0 && clock_gettime(CLOCK_MONOTONIC, &now) == 0);
        darkroom_ready(darkroom, fd.revents, (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000);
    }
}

static size_t read_text(const char *name, char *to)
{
    char path[512];
    CHECK(snprintf(path, sizeof path, "%s/config/styles/%s", SOURCE_DIR, name) > 0);
    FILE *file = fopen(path, "rb");
    CHECK(file != NULL);
    size_t len = fread(to, 1, FILE_MAX - 1, file);
    CHECK(fclose(file) == 0 && len > 0 && len < FILE_MAX - 1);
    to[len] = '\0';
    return len;
}

static void check_jpeg(const struct shot *shot)
{
    CHECK_INT(shot->calls, 1);
    CHECK_INT(shot->err, ERR_OK);
    CHECK(shot->len > 20000 && shot->len < 3 * 1024 * 1024);
    CHECK(memcmp(shot->jpeg, "\xff\xd8\xff", 3) == 0);
    for (size_t i = 0; i + 4 < 4096; i++) { /* APP1 is EXIF or XMP, APP2 a colour profile */
        CHECK(memcmp(shot->jpeg + i, "Exif", 4) != 0 && memcmp(shot->jpeg + i, "ICC_", 4) != 0);
    }
}

static void thumbnail(const struct shot *shot, uint8_t thumb[THUMB_BYTES])
{
    VipsImage *image = NULL, *small = NULL;
    size_t len = 0;
    CHECK(vips_jpegload_buffer(shot->jpeg, shot->len, &image, "shrink", 8, NULL) == 0);
    CHECK(vips_thumbnail_image(image, &small, THUMB_WIDTH, "height", THUMB_HEIGHT, "size", VIPS_SIZE_FORCE, NULL) == 0);
    void *bytes = vips_image_write_to_memory(small, &len);
    CHECK(bytes != NULL && len == THUMB_BYTES);
    memcpy(thumb, bytes, THUMB_BYTES);
    g_free(bytes);
    g_object_unref(small);
    g_object_unref(image);
}

static double difference(const uint8_t *a, const uint8_t *b)
{
    double sum = 0;
    for (int i = 0; i < THUMB_BYTES; i++) {
        sum += abs(a[i] - b[i]);
    }
    return sum / THUMB_BYTES;
}

/* Queues a make for each `recipe = "…"` of the file; how many there were. */
static int queue_looks(struct darkroom *darkroom, const char *style, const struct shot *reference, struct shot *shots)
{
    static char text[FILE_MAX];
    char name[64];
    int count = 0;
    CHECK(snprintf(name, sizeof name, "%s.cfg", style) > 0);
    (void)read_text(name, text);
    for (char *at = strstr(text, "recipe = \""); at != NULL; at = strstr(at, "recipe = \"")) {
        at += strlen("recipe = \"");
        char *end = strchr(at, '"');
        struct recipe recipe;
        CHECK(end != NULL && count < LOOKS);
        *end = '\0';
        if (recipe_parse(at, &recipe) != ERR_OK) {
            fprintf(stderr, "%s look %d is no recipe: %s\n", style, count, at);
            exit(1);
        }
        CHECK(darkroom_make(darkroom, reference->jpeg, reference->len, at, (uint64_t)count, taken, &shots[count]) ==
              ERR_OK);
        count++;
        at = end + 1;
    }
    return count;
}

static void test_style(struct darkroom *darkroom, const char *style, const struct shot *reference)
{
    static uint8_t thumbs[LOOKS][THUMB_BYTES];
    struct shot shots[LOOKS] = {{0}};
    CHECK_INT(queue_looks(darkroom, style, reference, shots), LOOKS);
    run(darkroom);
    for (int i = 0; i < LOOKS; i++) {
        check_jpeg(&shots[i]);
        CHECK_INT(shots[i].width, DARKROOM_PHOTO_WIDTH);
        CHECK_INT(shots[i].height, DARKROOM_PHOTO_HEIGHT);
        thumbnail(&shots[i], thumbs[i]);
        free(shots[i].jpeg);
    }
    for (int i = 0; i < LOOKS; i++) {
        for (int j = 0; j < i; j++) {
            double apart = difference(thumbs[i], thumbs[j]);
            if (apart < DIFFERENT_MIN) {
                fprintf(stderr, "%s: looks %d and %d differ by %.1f only\n", style, j, i, apart);
                CHECK(apart >= DIFFERENT_MIN);
            }
        }
    }
}

static struct shot render(struct darkroom *darkroom, const char *name, int width, int height)
{
    static char svg[FILE_MAX];
    struct shot shot = {0};
    size_t len = read_text(name, svg);
    CHECK(darkroom_render(darkroom, svg, len, width, height, taken, &shot) == ERR_OK);
    run(darkroom);
    check_jpeg(&shot);
    CHECK_INT(shot.width, width);
    CHECK_INT(shot.height, height);
    return shot;
}

static void test_same_again(struct darkroom *darkroom, const struct shot *reference)
{
    struct shot a = {0}, b = {0}, c = {0};
    const char *recipe = "light=snow; texture=grain";
    CHECK(darkroom_make(darkroom, reference->jpeg, reference->len, recipe, 5, taken, &a) == ERR_OK);
    CHECK(darkroom_make(darkroom, reference->jpeg, reference->len, recipe, 5, taken, &b) == ERR_OK);
    CHECK(darkroom_make(darkroom, reference->jpeg, reference->len, recipe, 6, taken, &c) == ERR_OK);
    run(darkroom);
    CHECK(a.len == b.len && memcmp(a.jpeg, b.jpeg, a.len) == 0);
    CHECK(a.len != c.len || memcmp(a.jpeg, c.jpeg, a.len) != 0);
    free(a.jpeg);
    free(b.jpeg);
    free(c.jpeg);
}

static void test_recipes(void)
{
    static const char *const wrong[] = {"grade",           "grade=",        "=warm",           "grade=wram",
                                        "colour=red",      "tilt=13",       "tilt=-13",        "tilt=1.5",
                                        "tilt=99999",      "paper=red",     "paper=#12345",    "paper=#GGGGGG",
                                        "duotone=#112233", "tilt=1;tilt=2", "grade=warm cool", "mirror=yes"};
    struct recipe recipe;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        CHECK_INT(recipe_parse(wrong[i], &recipe), ERR_INVALID);
    }
    CHECK(recipe_parse("", &recipe) == ERR_OK && recipe.grade == RECIPE_GRADE_NATURAL && recipe.paper == 0xffffff);
    CHECK(recipe_parse(" grade = noir ;; tilt=-12;duotone=#000000:#ff8000; paper=#0a0b0c ;", &recipe) == ERR_OK);
    CHECK_INT(recipe.grade, RECIPE_GRADE_NOIR);
    CHECK_INT(recipe.tilt, -12);
    CHECK_INT(recipe.light_ink, 0xff8000);
    CHECK_INT(recipe.paper, 0x0a0b0c);
}

int main(int argc, char **argv)
{
    (void)argc;
    CHECK(vips_init(argv[0]) == 0);
    struct darkroom_config config = {.program_path = BINARY_DIR "/fotoset-darkroom"};
    struct darkroom *darkroom = darkroom_new(&config);
    test_recipes();
    struct shot reference = render(darkroom, "drawings/1_office.svg", 1200, 1600);
    test_same_again(darkroom, &reference);
    test_style(darkroom, "professional", &reference);
    test_style(darkroom, "lifestyle", &reference);
    test_style(darkroom, "creative", &reference);
    free(reference.jpeg);
    darkroom_free(darkroom);
    return 0;
}
