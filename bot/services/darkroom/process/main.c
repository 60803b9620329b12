/* fotoset-darkroom: decodes, examines and develops pictures for the daemon, one job at a time, on fd 3. It is a program
 * of its own because decoders read hostile bytes at depth: here one that falls over takes nothing along. It first does
 * each thing once on harmless pictures, so that every library has read the files it wants, then locks itself in
 * (jail.c) and only then says hello. It has no arguments but --self-test and --strict, no configuration, no logs, and
 * must not outlive the daemon: it ends when fd 3 is closed. */
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <vips/vips.h>
#include "bot/services/darkroom/darkroom.h"
#include "bot/services/darkroom/process/canvas.h"
#include "bot/services/darkroom/process/decode.h"
#include "bot/services/darkroom/process/examine.h"
#include "bot/services/darkroom/process/jail.h"
#include "bot/services/darkroom/process/likeness.h"
#include "bot/services/darkroom/process/make.h"
#include "bot/services/darkroom/wire.h"
#include "core/bug.h"

enum { MAIN_ARENAS = 2, MAIN_KEEP_BYTES = 1024 * 1024 };

static bool read_all(void *to, size_t len)
{
    uint8_t *at = to;
    while (len > 0) {
        ssize_t got = read(WIRE_FD, at, len);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return false;
        at += got;
        len -= (size_t)got;
    }
    return true;
}

static bool write_all(const void *from, size_t len)
{
    const uint8_t *at = from;
    while (len > 0) {
        ssize_t put = write(WIRE_FD, at, len);
        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0)
            return false;
        at += put;
        len -= (size_t)put;
    }
    return true;
}

static void examine(const struct wire_request *request, const uint8_t *body, struct wire_answer *answer, uint8_t **jpeg)
{
    struct examine_result result = examine_photo(body, request->body_len, request->width);
    answer->verdict = (int32_t)result.verdict;
    answer->width = result.width;
    answer->height = result.height;
    answer->sharpness = result.sharpness;
    memcpy(answer->sketch, result.sketch, sizeof answer->sketch);
    answer->body_len = (uint32_t)result.jpeg_len;
    *jpeg = result.jpeg;
}

static enum err make(const struct wire_request *request, const uint8_t *body, const char *recipe,
                     struct wire_answer *answer, uint8_t **jpeg)
{
    size_t len = 0;
    enum err err = make_photo(body, request->body_len, recipe, request->seed, jpeg, &len);
    answer->verdict = PHOTO_GOOD;
    answer->width = DARKROOM_PHOTO_WIDTH;
    answer->height = DARKROOM_PHOTO_HEIGHT;
    answer->body_len = (uint32_t)len;
    return err;
}

static enum err render(const struct wire_request *request, const uint8_t *body, struct wire_answer *answer,
                       uint8_t **jpeg)
{
    struct canvas canvas = {0};
    size_t len = 0;
    if (request->width < 1 || request->height < 1 || request->width > DARKROOM_SIDE_MAX ||
        request->height > DARKROOM_SIDE_MAX ||
        decode_cover(body, request->body_len, request->width, request->height, &canvas) != PHOTO_GOOD)
        return ERR_INVALID;
    answer->verdict = PHOTO_GOOD;
    answer->width = canvas.width;
    answer->height = canvas.height;
    enum err err = canvas_to_jpeg(&canvas, MAKE_QUALITY, jpeg, &len);
    canvas_done(&canvas);
    answer->body_len = (uint32_t)len;
    return err;
}

static void compare(const struct wire_request *request, const uint8_t *body, struct wire_answer *answer)
{
    for (size_t i = 1; i < request->body_len / DARKROOM_SKETCH_BYTES && answer->is_same == 0; i++)
        answer->is_same = likeness_is_same(body, body + i * DARKROOM_SKETCH_BYTES) ? 1 : 0;
}

static bool answer_job(const struct wire_request *request, const uint8_t *body, const char *text)
{
    struct wire_answer answer = {.magic = WIRE_ANSWER_MAGIC};
    uint8_t *jpeg = NULL;
    enum err err = ERR_OK;
    switch ((enum wire_kind)request->kind) {
    case WIRE_EXAMINE: examine(request, body, &answer, &jpeg); break;
    case WIRE_MAKE: err = make(request, body, text, &answer, &jpeg); break;
    case WIRE_RENDER: err = render(request, body, &answer, &jpeg); break;
    case WIRE_COMPARE: compare(request, body, &answer); break;
    case WIRE_KIND_COUNT: err = ERR_UNSUPPORTED; break;
    }
    if (err == ERR_OK && answer.body_len > DARKROOM_OUTPUT_MAX_BYTES)
        err = ERR_TOO_LARGE;
    if (err != ERR_OK)
        answer = (struct wire_answer){.magic = WIRE_ANSWER_MAGIC, .err = (int32_t)err};
    bool sent = write_all(&answer, sizeof answer) && write_all(jpeg, answer.body_len);
    g_free(jpeg);
    vips_error_clear();
    return sent;
}

/* One job; false when there is nobody to work for any more. */
static bool serve(void)
{
    struct wire_request request;
    if (!read_all(&request, sizeof request) || request.magic != WIRE_REQUEST_MAGIC ||
        request.body_len > DARKROOM_INPUT_MAX_BYTES || request.text_len > DARKROOM_RECIPE_MAX_BYTES)
        return false;
    uint8_t *body = malloc(request.body_len + 1u);
    char text[DARKROOM_RECIPE_MAX_BYTES + 1] = {0};
    if (body == NULL)
        bug("out of memory");
    bool goes_on = read_all(body, request.body_len) && read_all(text, request.text_len) &&
                   answer_job(&request, body, text);
    free(body);
    (void)malloc_trim(MAIN_KEEP_BYTES);
    return goes_on;
}

/* Does everything once, so that what is loaded lazily is loaded. False: this installation can't work. */
static bool warm_up(void)
{
    static const char drawing[] = "<svg xmlns='http://www.w3.org/2000/svg' width='96' height='128'>"
                                  "<defs><radialGradient id='g'><stop offset='0' stop-color='#fff'/>"
                                  "<stop offset='1' stop-color='#000'/></radialGradient>"
                                  "<filter id='f'><feGaussianBlur stdDeviation='2'/></filter></defs>"
                                  "<rect width='96' height='128' fill='url(#g)' filter='url(#f)'/></svg>";
    struct canvas canvas = {0};
    uint8_t *jpeg = NULL, *photo = NULL;
    size_t len = 0, photo_len = 0;
    if (decode_cover((const uint8_t *)drawing, sizeof drawing - 1, 96, 128, &canvas) != PHOTO_GOOD ||
        canvas_to_jpeg(&canvas, MAKE_QUALITY, &jpeg, &len) != ERR_OK) {
        canvas_done(&canvas);
        return false;
    }
    struct examine_result seen = examine_photo(jpeg, len, 16);
    bool works = seen.verdict == PHOTO_GOOD || seen.verdict == PHOTO_BLURRED;
    works = works && make_photo(jpeg, len, "", 1, &photo, &photo_len) == ERR_OK;
    g_free(seen.jpeg);
    g_free(photo);
    g_free(jpeg);
    canvas_done(&canvas);
    return works;
}

static bool set_up(const char *name)
{
    (void)mallopt(M_ARENA_MAX, MAIN_ARENAS); /* only thrift: another allocator may not know these */
    (void)mallopt(M_MMAP_THRESHOLD, MAIN_KEEP_BYTES);
    /* A wrong VIPSHOME keeps libvips from loading all its modules (ImageMagick, OpenSlide, poppler): only HEIC's is. */
    if (setenv("VIPSHOME", "/nonexistent", 1) != 0 || setenv("VIPS_CONCURRENCY", "1", 1) != 0 || vips_init(name) != 0)
        return false;
    vips_concurrency_set(1);
    vips_cache_set_max(0);
    vips_cache_set_max_mem(0);
    vips_cache_set_max_files(0);
    decode_init();
    return warm_up();
}

int main(int argc, char **argv)
{
    bool strict = false, self_test = false;
    for (int i = 1; i < argc; i++) {
        strict = strict || strcmp(argv[i], "--strict") == 0;
        self_test = self_test || strcmp(argv[i], "--self-test") == 0;
    }
    jail_close_inherited();
    if (!set_up(argv[0])) {
        fprintf(stderr, "fotoset-darkroom: libvips can't draw, decode or save here\n");
        return 1;
    }
    int nothing = self_test ? -1 : open("/dev/null", O_RDWR);
    for (int fd = 0; fd <= 2 && nothing >= 0; fd++) /* decoders like to complain; nobody reads it */
        (void)dup2(nothing, fd);
    if (nothing > 2)
        (void)close(nothing);
    if (jail_enter(strict || self_test) != ERR_OK)
        return 1;
    if (self_test)
        _exit(jail_holds() && warm_up() ? 0 : 1);
    struct wire_answer hello = {.magic = WIRE_HELLO_MAGIC};
    if (write_all(&hello, sizeof hello)) {
        while (serve()) {
        }
    }
    _exit(0); /* nothing of ours is worth a tidy end, and there is no file to flush */
}
