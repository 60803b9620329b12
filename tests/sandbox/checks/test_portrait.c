/* The drawn portraits must be good enough for what the product does with photos: large, sharp, and different from each
 * other even by a perceptual hash, which sees no more than where it is light and dark. And the same numbers must give
 * the same bytes: tests compare. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <vips/vips.h>
#include "tests/check.h"
#include "tests/sandbox/portrait.h"

enum { ALBUM = 24, SAMPLES = 12, TOO_NEAR_BITS = 10 };

struct picture {
    unsigned char *jpeg;
    size_t bytes;
};

static struct picture make(int person, int pose, int size_px)
{
    struct picture picture = {NULL, 0};
    CHECK(portrait_make(person, pose, size_px, &picture.jpeg, &picture.bytes) == ERR_OK);
    return picture;
}

/* Rows of 9 grey dots, one bit for each neighbouring pair: darker or lighter. */
static uint64_t hash_of(struct picture picture)
{
    VipsImage *all = vips_image_new(), **step = (VipsImage **)vips_object_local_array(VIPS_OBJECT(all), 3);
    size_t bytes = 0;
    CHECK(!vips_thumbnail_buffer(picture.jpeg, picture.bytes, &step[0], 9, "height", 8, "size", VIPS_SIZE_FORCE, NULL));
    CHECK(!vips_colourspace(step[0], &step[1], VIPS_INTERPRETATION_B_W, NULL));
    unsigned char *dots = vips_image_write_to_memory(step[1], &bytes);
    CHECK(bytes == 72);
    uint64_t hash = 0;
    for (size_t y = 0; y < 8; y++)
        for (size_t x = 0; x < 8; x++)
            hash = hash << 1 | (dots[y * 9 + x] < dots[y * 9 + x + 1]);
    g_free(dots);
    g_object_unref(all);
    return hash;
}

static void poses_differ(int person, int album)
{
    uint64_t hash[ALBUM];
    for (int pose = 0; pose < album; pose++) {
        struct picture picture = make(person, pose, 256);
        hash[pose] = hash_of(picture);
        free(picture.jpeg);
    }
    int nearest = 64;
    for (int a = 0; a < album; a++)
        for (int b = 0; b < a; b++) {
            int bits = __builtin_popcountll(hash[a] ^ hash[b]);
            if (bits <= TOO_NEAR_BITS)
                fprintf(stderr, "person %d: poses %d and %d are %d bits apart\n", person, b, a, bits);
            nearest = bits < nearest ? bits : nearest;
        }
    CHECK(nearest > TOO_NEAR_BITS);
}

/* Sharp also when looked at small, where grain no longer helps: the variance of the Laplacian at 512 px. */
static double sharpness(struct picture picture)
{
    VipsImage *all = vips_image_new(), **step = (VipsImage **)vips_object_local_array(VIPS_OBJECT(all), 5);
    double deviation = 0;
    step[0] = vips_image_new_matrixv(3, 3, 0.0, 1.0, 0.0, 1.0, -4.0, 1.0, 0.0, 1.0, 0.0);
    CHECK(!vips_thumbnail_buffer(picture.jpeg, picture.bytes, &step[1], 512, NULL));
    CHECK(!vips_colourspace(step[1], &step[2], VIPS_INTERPRETATION_B_W, NULL));
    CHECK(!vips_conv(step[2], &step[3], step[0], "precision", VIPS_PRECISION_FLOAT, NULL));
    CHECK(!vips_deviate(step[3], &deviation, NULL));
    g_object_unref(all);
    return deviation * deviation;
}

static void large_and_sharp(void)
{
    for (int pose = 0; pose < ALBUM; pose += 5) {
        struct picture picture = make(pose, pose, 1024);
        VipsImage *image = vips_image_new_from_buffer(picture.jpeg, picture.bytes, "", NULL);
        CHECK(image && image->Xsize == 1024 && image->Ysize == 1280 && image->Bands == 3);
        g_object_unref(image);
        CHECK(sharpness(picture) > 100);
        free(picture.jpeg);
    }
}

static void same_numbers_same_bytes(void)
{
    struct picture a = make(3, 7, 300), b = make(3, 7, 300), round = make(3, 7 + PORTRAIT_POSES, 300);
    CHECK(a.bytes == b.bytes && memcmp(a.jpeg, b.jpeg, a.bytes) == 0);
    CHECK(round.bytes != a.bytes || memcmp(a.jpeg, round.jpeg, a.bytes) != 0);
    free(a.jpeg);
    free(b.jpeg);
    free(round.jpeg);
}

static void limits(void)
{
    unsigned char *jpeg = NULL;
    size_t bytes = 1;
    CHECK(portrait_make(-1, 0, 512, &jpeg, &bytes) == ERR_INVALID);
    CHECK(portrait_make(0, -1, 512, &jpeg, &bytes) == ERR_INVALID);
    CHECK(portrait_make(0, 0, PORTRAIT_SIZE_MIN_PX - 1, &jpeg, &bytes) == ERR_INVALID);
    CHECK(portrait_make(0, 0, PORTRAIT_SIZE_MAX_PX + 1, &jpeg, &bytes) == ERR_INVALID);
    CHECK(!jpeg && bytes == 1);
}

int main(void)
{
    same_numbers_same_bytes();
    limits();
    for (int person = 0; person < PORTRAIT_PERSONS; person++)
        poses_differ(person, person < 2 ? ALBUM : SAMPLES);
    large_and_sharp();
    vips_shutdown();
    return 0;
}
