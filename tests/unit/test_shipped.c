/* The shipped pictures (config/styles: covers and examples) are JPEGs made of the drawings beside them, so that a start
 * waits for no drawing. Each is there, has the right size, is small enough for Telegram and shows its drawing. After a
 * change of a drawing the program itself makes them anew:
 *
 *     build/tests/test_shipped draw
 */
#include <dirent.h>
#include <vips/vips.h>
#include "tests/unit/darkroom_client.h"

enum { WIDTH = 1080, HEIGHT = 1350, PICTURES = 7, SHIPPED_MAX_BYTES = 2 * 1024 * 1024 };
/* Mean difference of their bytes, 0 … 255: other versions of the libraries draw and code a little differently. */
#define SAME_MAX 3.0

static const char *path_of(const char *folder, const char *name, const char *ending)
{
    static char path[512];
    CHECK(snprintf(path, sizeof path, "%s/config/styles/%s%s.%s", SOURCE_DIR, folder, name, ending) > 0);
    return path;
}

/* The examples' drawings begin with their number. */
static const char *folder_of(const char *name)
{
    return name[0] >= '0' && name[0] <= '9' ? "examples/" : "";
}

static VipsImage *decoded(const uint8_t *jpeg, size_t len)
{
    VipsImage *image = NULL;
    CHECK(vips_jpegload_buffer((void *)(uintptr_t)jpeg, len, &image, NULL) == 0);
    CHECK_INT(vips_image_get_width(image), WIDTH);
    CHECK_INT(vips_image_get_height(image), HEIGHT);
    return image;
}

static double difference(const uint8_t *one, size_t one_len, const uint8_t *other, size_t other_len)
{
    VipsImage *a = decoded(one, one_len), *b = decoded(other, other_len), *apart = NULL, *size = NULL;
    double mean = 0;
    CHECK(vips_subtract(a, b, &apart, NULL) == 0 && vips_abs(apart, &size, NULL) == 0 &&
          vips_avg(size, &mean, NULL) == 0);
    g_object_unref(size);
    g_object_unref(apart);
    g_object_unref(b);
    g_object_unref(a);
    return mean;
}

static void look_at(struct darkroom *darkroom, const char *name, bool draws)
{
    static uint8_t drawing[FILE_MAX], shipped[FILE_MAX];
    struct answer answer = {0};
    size_t len = read_file(path_of("drawings/", name, "svg"), drawing);
    CHECK(darkroom_render(darkroom, drawing, len, WIDTH, HEIGHT, answered, &answer) == ERR_OK);
    wait_for(darkroom, &answer);
    CHECK_INT(answer.err, ERR_OK);
    const char *path = path_of(folder_of(name), name, "jpg");
    if (draws) {
        FILE *file = fopen(path, "wb");
        CHECK(file != NULL && fwrite(answer.result.jpeg, 1, answer.result.jpeg_len, file) == answer.result.jpeg_len);
        CHECK(fclose(file) == 0);
    }
    size_t shipped_len = read_file(path, shipped);
    CHECK(shipped_len < SHIPPED_MAX_BYTES);
    double apart = difference(answer.result.jpeg, answer.result.jpeg_len, shipped, shipped_len);
    if (apart >= SAME_MAX)
        printf("%s differs from its drawing by %.1f: run test_shipped draw\n", path, apart);
    CHECK(apart < SAME_MAX);
    free(answer.result.jpeg);
}

int main(int argc, char **argv)
{
    CHECK(vips_init(argv[0]) == 0);
    struct darkroom *darkroom = open_darkroom(PROGRAM, 0);
    DIR *folder = opendir(SOURCE_DIR "/config/styles/drawings");
    CHECK(folder != NULL);
    int count = 0;
    for (const struct dirent *file; (file = readdir(folder)) != NULL;) {
        char name[64];
        const char *dot = strrchr(file->d_name, '.');
        if (dot == NULL || strcmp(dot, ".svg") != 0)
            continue;
        CHECK(snprintf(name, sizeof name, "%.*s", (int)(dot - file->d_name), file->d_name) > 0);
        look_at(darkroom, name, argc > 1 && strcmp(argv[1], "draw") == 0);
        count++;
    }
    CHECK_INT(count, PICTURES);
    (void)closedir(folder);
    darkroom_free(darkroom);
    vips_shutdown();
    return 0;
}
