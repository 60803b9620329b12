/* What the tests of the darkroom share: its client on the real process, waited for, and a drawn person to send in. */
#ifndef TESTS_UNIT_DARKROOM_CLIENT_H
#define TESTS_UNIT_DARKROOM_CLIENT_H

#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <time.h>
#include "bot/services/darkroom/darkroom.h"
#include "tests/check.h"

#define PROGRAM BINARY_DIR "/fotoset-darkroom"
enum { FILE_MAX = 4 * 1024 * 1024, SIDE_MIN = 512 };

struct answer {
    int calls;
    enum err err;
    struct darkroom_result result; /* jpeg is ours, its sketch is not: */
    uint8_t sketch[DARKROOM_SKETCH_BYTES];
};

static inline void answered(void *ctx, enum err err, struct darkroom_result *result)
{
    struct answer *answer = ctx;
    answer->calls++;
    answer->err = err;
    if (result != NULL) {
        answer->result = *result;
        answer->result.sketch = NULL;
        memcpy(answer->sketch, result->sketch, sizeof answer->sketch);
        result->jpeg = NULL;
    }
}

static inline int64_t now_ms(void)
{
    struct timespec now;
    CHECK(clock_gettime(CLOCK_MONOTONIC, &now) == 0);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int64_t skip_ms; /* the client's clock runs this far ahead of the real one */

static inline void turn(struct darkroom *darkroom)
{
    struct pollfd fd = {.fd = darkroom_fd(darkroom), .events = darkroom_events(darkroom)};
    int64_t left_ms = darkroom_next_deadline_ms(darkroom) == INT64_MIN
                          ? 0
                          : darkroom_next_deadline_ms(darkroom) - (now_ms() + skip_ms);
    int wait_ms = left_ms < 0 ? 0 : left_ms > 50 ? 50 : (int)left_ms;
    CHECK(poll(&fd, fd.fd >= 0 ? 1 : 0, wait_ms) >= 0 || errno == EINTR);
    darkroom_ready(darkroom, fd.revents, now_ms() + skip_ms);
}

static inline void wait_for(struct darkroom *darkroom, const struct answer *answer)
{
    for (int64_t end_ms = now_ms() + 30000; answer->calls == 0;) {
        CHECK(now_ms() < end_ms);
        turn(darkroom);
    }
    CHECK_INT(answer->calls, 1);
}

static inline struct darkroom *open_darkroom(const char *program, uint32_t idle_ms)
{
    struct darkroom_config config = {.program_path = program, .idle_ms = idle_ms, .max_queue = 16};
    return darkroom_new(&config);
}

static inline size_t read_file(const char *path, uint8_t *to)
{
    FILE *file = fopen(path, "rb");
    CHECK(file != NULL);
    size_t len = fread(to, 1, FILE_MAX, file);
    CHECK(fclose(file) == 0 && len > 0 && len < FILE_MAX);
    return len;
}

static inline struct answer examine(struct darkroom *darkroom, const uint8_t *bytes, size_t len)
{
    struct answer answer = {0};
    CHECK(darkroom_examine(darkroom, bytes, len, SIDE_MIN, answered, &answer) == ERR_OK);
    wait_for(darkroom, &answer);
    return answer;
}

static inline void want_verdict(struct darkroom *darkroom, const void *bytes, size_t len, enum photo_verdict verdict)
{
    struct answer answer = examine(darkroom, bytes, len);
    CHECK_INT(answer.err, ERR_OK);
    CHECK_INT(answer.result.verdict, verdict);
    CHECK((answer.result.jpeg != NULL) == (verdict == PHOTO_GOOD));
    free(answer.result.jpeg);
}

/* A drawn person on a lively ground; the caller frees it. */
static inline uint8_t *draw(struct darkroom *darkroom, int width, int height, size_t *ret_len)
{
    static uint8_t svg[FILE_MAX];
    size_t len = read_file(SOURCE_DIR "/config/styles/drawings/2_evening.svg", svg);
    struct answer answer = {0};
    CHECK(darkroom_render(darkroom, svg, len, width, height, answered, &answer) == ERR_OK);
    wait_for(darkroom, &answer);
    CHECK_INT(answer.err, ERR_OK);
    CHECK_INT(answer.result.width, width);
    CHECK_INT(answer.result.height, height);
    CHECK(memcmp(answer.result.jpeg, "\xff\xd8\xff", 3) == 0);
    *ret_len = answer.result.jpeg_len;
    return answer.result.jpeg;
}

#endif
