/* The darkroom through its client, on the real process: what it says of good, hostile and odd pictures, and what the
 * client does when the process dies, hangs, can't be started or has nothing to do. The looks have their own test. */
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <sys/wait.h>
#include <unistd.h>
#include "tests/unit/darkroom_client.h"

static void put_after_start(const uint8_t *jpeg, size_t len, const void *segment, size_t segment_len, uint8_t *to)
{
    memcpy(to, jpeg, 2);
    memcpy(to + 2, segment, segment_len);
    memcpy(to + 2 + segment_len, jpeg + 2, len - 2);
}

static int holds(const uint8_t *bytes, size_t len, const char *word)
{
    size_t word_len = strlen(word);
    for (size_t i = 0; i + word_len <= len; i++) {
        if (memcmp(bytes + i, word, word_len) == 0) {
            return 1;
        }
    }
    return 0;
}

static void test_good_photo(struct darkroom *darkroom)
{
    size_t len = 0;
    uint8_t *jpeg = draw(darkroom, 2400, 3200, &len);
    struct answer big = examine(darkroom, jpeg, len);
    CHECK_INT(big.result.verdict, PHOTO_GOOD);
    CHECK_INT(big.result.width, 2400);
    CHECK_INT(big.result.height, 3200);
    struct answer again = examine(darkroom, big.result.jpeg, big.result.jpeg_len);
    CHECK_INT(again.result.verdict, PHOTO_GOOD);
    CHECK_INT(again.result.width, 1536); /* the reference's long side is 2048 */
    CHECK_INT(again.result.height, 2048);
    free(again.result.jpeg);
    free(big.result.jpeg);
    free(jpeg);
    jpeg = draw(darkroom, 480, 640, &len);
    want_verdict(darkroom, jpeg, len, PHOTO_TOO_SMALL);
    free(jpeg);
}

static void test_formats(struct darkroom *darkroom)
{
    static uint8_t bytes[FILE_MAX];
    want_verdict(darkroom, bytes, read_file(SOURCE_DIR "/tests/unit/data/small.heic", bytes), PHOTO_GOOD);
    want_verdict(darkroom, bytes, read_file(SOURCE_DIR "/tests/unit/data/small.webp", bytes), PHOTO_GOOD);
    want_verdict(darkroom, bytes, read_file(SOURCE_DIR "/tests/unit/data/anim.webp", bytes), PHOTO_GOOD);
}

static void test_blurred(struct darkroom *darkroom)
{
    static const char svg[] = "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 90 120' width='90' height='120'>"
                              "<defs><filter id='f'><feGaussianBlur stdDeviation='2'/></filter></defs>"
                              "<g filter='url(#f)'><rect width='90' height='120' fill='#357'/><circle cx='45' cy='50' "
                              "r='20' fill='#fca'/><path d='M10 120 L45 80 L80 120Z' fill='#a33'/></g></svg>";
    struct answer answer = {0};
    CHECK(darkroom_render(darkroom, svg, sizeof svg - 1, 900, 1200, answered, &answer) == ERR_OK);
    wait_for(darkroom, &answer);
    want_verdict(darkroom, answer.result.jpeg, answer.result.jpeg_len, PHOTO_BLURRED);
    free(answer.result.jpeg);
}

/* Turned upright by EXIF, and neither the place nor anything else of it goes on. */
static void test_exif(struct darkroom *darkroom)
{
    static const uint8_t exif[] = "\xff\xe1\x00\x34"
                                  "Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0"
                                  "HOMEPLACE-55.7558";
    uint8_t segment[2 + 0x34] = {0};
    memcpy(segment, exif, sizeof exif - 1 < sizeof segment ? sizeof exif - 1 : sizeof segment);
    size_t len = 0;
    uint8_t *jpeg = draw(darkroom, 900, 1200, &len), *turned = malloc(len + sizeof segment);
    CHECK(turned != NULL);
    put_after_start(jpeg, len, segment, sizeof segment, turned);
    CHECK(holds(turned, len + sizeof segment, "HOMEPLACE"));
    struct answer answer = examine(darkroom, turned, len + sizeof segment);
    CHECK_INT(answer.result.verdict, PHOTO_GOOD);
    CHECK_INT(answer.result.width, 1200);
    CHECK_INT(answer.result.height, 900);
    CHECK(!holds(answer.result.jpeg, answer.result.jpeg_len, "HOMEPLACE"));
    CHECK(!holds(answer.result.jpeg, answer.result.jpeg_len, "Exif"));
    CHECK(!holds(answer.result.jpeg, answer.result.jpeg_len, "ICC_PROFILE"));
    free(answer.result.jpeg);
    free(turned);
    free(jpeg);
}

static void test_not_images(struct darkroom *darkroom)
{
    static const char *const texts[] = {"",          "x",       "hello, this is text and not a photo at all",
                                        "%PDF-1.7 ", "GIF89a ", "<svg xmlns='http://www.w3.org/2000/svg'/>",
                                        "II*\0",     "BM",      "P6 9 9 255 "};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        want_verdict(darkroom, texts[i], strlen(texts[i]), PHOTO_NOT_IMAGE);
    }
}

/* A PNG's head that promises 60,000 × 60,000 pixels, and one whose picture is missing. */
static void test_png_bombs(struct darkroom *darkroom)
{
    static const uint8_t bomb[] =
        "\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\xea\x60\0\0\xea\x60\x08\x02\0\0\0\x0f\xb0\xe2\x15"
        "\0\0\0\x0cIDAT\x78\xda\x63\x60\xa0\x0c\0\0\0\x40\0\x01\x89\xc9\xaf\x43\0\0\0\0IEND\xae\x42\x60\x82";
    want_verdict(darkroom, bomb, sizeof bomb - 1, PHOTO_TOO_MANY_PIXELS);
    want_verdict(darkroom, bomb, 8, PHOTO_INCOMPLETE);
}

static void test_hostile_jpegs(struct darkroom *darkroom)
{
    enum { SCANS = 80000 };
    size_t len = 0;
    uint8_t *jpeg = draw(darkroom, 900, 1200, &len), *bytes = calloc(1, DARKROOM_INPUT_MAX_BYTES);
    CHECK(bytes != NULL);
    want_verdict(darkroom, jpeg, len / 2, PHOTO_INCOMPLETE);
    want_verdict(darkroom, jpeg, 3, PHOTO_INCOMPLETE);
    memcpy(bytes, jpeg, len - 2); /* as many scans as fit */
    for (size_t i = 0; i < SCANS; i++) {
        memcpy(bytes + len - 2 + i * 10, "\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00", 10);
    }
    memcpy(bytes + len - 2 + SCANS * 10, "\xff\xd9", 2);
    int64_t from_ms = now_ms();
    want_verdict(darkroom, bytes, len + SCANS * 10, PHOTO_UNREADABLE);
    CHECK(now_ms() - from_ms < 2000);
    memcpy(bytes, jpeg, len);
    for (size_t i = 2; i + 9 < len; i++) { /* the frame header: 65,500 × 65,500 */
        if (bytes[i] == 0xff && (bytes[i + 1] == 0xc0 || bytes[i + 1] == 0xc2)) {
            memcpy(bytes + i + 5, "\xff\xdc\xff\xdc", 4);
            break;
        }
    }
    want_verdict(darkroom, bytes, len, PHOTO_TOO_MANY_PIXELS);
    memset(bytes, 0, DARKROOM_INPUT_MAX_BYTES);
    memcpy(bytes, "\xff\xd8\xff\xe0", 4);
    want_verdict(darkroom, bytes, DARKROOM_INPUT_MAX_BYTES, PHOTO_INCOMPLETE);
    struct answer none = {0};
    CHECK_INT(darkroom_examine(darkroom, bytes, DARKROOM_INPUT_MAX_BYTES + 1u, SIDE_MIN, answered, &none),
              ERR_TOO_LARGE);
    free(bytes);
    free(jpeg);
}

/* Bytes changed and ends cut off at places a seed picks: always an answer, whatever it is, and then a good one. */
static void test_mutations(struct darkroom *darkroom)
{
    static const char *const names[] = {"small.heic", "small.webp", "anim.webp"};
    static uint8_t whole[FILE_MAX], bytes[FILE_MAX];
    uint32_t random = 12345;
    for (size_t i = 0; i < 90; i++) {
        char path[512];
        CHECK(snprintf(path, sizeof path, "%s/tests/unit/data/%s", SOURCE_DIR, names[i % 3]) > 0);
        size_t len = read_file(path, whole);
        memcpy(bytes, whole, len);
        for (int k = 0; k < 6; k++) {
            random = random * 1664525u + 1013904223u;
            bytes[(random >> 8) % len] = (uint8_t)random;
        }
        struct answer answer = examine(darkroom, bytes, i % 4 == 0 ? len / 2 : len);
        CHECK(answer.err == ERR_OK || answer.err == ERR_CLOSED || answer.err == ERR_TIMEOUT);
        free(answer.result.jpeg);
    }
    want_verdict(darkroom, whole, read_file(SOURCE_DIR "/tests/unit/data/small.webp", whole), PHOTO_GOOD);
}

static void test_make_refuses(struct darkroom *darkroom)
{
    struct answer bad_recipe = {0}, bad_photo = {0};
    size_t len = 0;
    uint8_t *jpeg = draw(darkroom, 600, 800, &len);
    CHECK(darkroom_make(darkroom, jpeg, len, "grade=wram", 1, answered, &bad_recipe) == ERR_OK);
    CHECK(darkroom_make(darkroom, "nothing", 7, "grade=warm", 1, answered, &bad_photo) == ERR_OK);
    wait_for(darkroom, &bad_recipe);
    wait_for(darkroom, &bad_photo);
    CHECK_INT(bad_recipe.err, ERR_INVALID);
    CHECK_INT(bad_photo.err, ERR_INVALID);
    free(jpeg);
}

/* Killed in the middle of a job: that job fails, the next ones are done by a new process. */
static void test_killed(struct darkroom *darkroom)
{
    size_t len = 0;
    uint8_t *jpeg = draw(darkroom, 600, 800, &len);
    struct answer first = {0}, second = {0}, third = {0};
    int64_t old = darkroom_pid(darkroom);
    CHECK(old > 0 && kill((pid_t)old, SIGSTOP) == 0);
    CHECK(darkroom_make(darkroom, jpeg, len, "", 1, answered, &first) == ERR_OK);
    CHECK(darkroom_make(darkroom, jpeg, len, "", 1, answered, &second) == ERR_OK);
    CHECK(darkroom_examine(darkroom, jpeg, len, 100, answered, &third) == ERR_OK);
    for (int i = 0; i < 3; i++) {
        turn(darkroom);
    }
    CHECK_INT(first.calls, 0);
    CHECK(kill((pid_t)old, SIGKILL) == 0);
    wait_for(darkroom, &first);
    CHECK_INT(first.err, ERR_CLOSED);
    wait_for(darkroom, &second);
    wait_for(darkroom, &third);
    CHECK_INT(second.err, ERR_OK);
    CHECK_INT(third.err, ERR_OK);
    CHECK(darkroom_pid(darkroom) != old);
    CHECK(kill((pid_t)old, 0) != 0 && errno == ESRCH); /* reaped too */
    free(second.result.jpeg);
    free(third.result.jpeg);
    free(jpeg);
}

/* One that stands still is ended and nothing of it is left; the job is not to blame. */
static void test_stands_still(struct darkroom *darkroom)
{
    size_t len = 0;
    uint8_t *jpeg = draw(darkroom, 600, 800, &len);
    struct answer hung = {0}, next = {0};
    int64_t old = darkroom_pid(darkroom);
    CHECK(kill((pid_t)old, SIGSTOP) == 0);
    CHECK(darkroom_make(darkroom, jpeg, len, "", 1, answered, &hung) == ERR_OK);
    CHECK(darkroom_make(darkroom, jpeg, len, "", 1, answered, &next) == ERR_OK);
    turn(darkroom);
    skip_ms += 19000;
    turn(darkroom);
    CHECK_INT(hung.calls, 0);
    skip_ms += 1500;
    wait_for(darkroom, &hung);
    CHECK_INT(hung.err, ERR_IO);
    wait_for(darkroom, &next);
    CHECK_INT(next.err, ERR_OK);
    free(next.result.jpeg);
    free(jpeg);
}

static int64_t cpu_ms(pid_t pid)
{
    clockid_t clock = 0;
    struct timespec used = {0};
    CHECK(clock_getcpuclockid(pid, &clock) == 0 && clock_gettime(clock, &used) == 0);
    return (int64_t)used.tv_sec * 1000 + used.tv_nsec / 1000000;
}

/* A busy machine: the process gets a hundredth of the time, in slices, and is given the time it needs. */
static void test_busy_machine(struct darkroom *darkroom)
{
    enum { SLICE_MS = 15, BETWEEN_MS = 10000 };
    size_t len = 0;
    uint8_t *jpeg = draw(darkroom, 1500, 2000, &len);
    struct answer slow = {0};
    pid_t pid = (pid_t)darkroom_pid(darkroom);
    int64_t from_ms = now_ms() + skip_ms;
    CHECK(darkroom_make(darkroom, jpeg, len, "art=oil", 1, answered, &slow) == ERR_OK);
    while (slow.calls == 0) {
        for (int64_t used_ms = cpu_ms(pid); slow.calls == 0 && cpu_ms(pid) - used_ms < SLICE_MS;) {
            struct pollfd fd = {.fd = darkroom_fd(darkroom), .events = darkroom_events(darkroom)};
            CHECK(poll(&fd, 1, 1) >= 0 || errno == EINTR);
            darkroom_ready(darkroom, fd.revents, now_ms() + skip_ms);
        }
        CHECK(kill(pid, SIGSTOP) == 0);
        skip_ms += BETWEEN_MS;
        darkroom_ready(darkroom, 0, now_ms() + skip_ms);
        CHECK(darkroom_pid(darkroom) == pid && kill(pid, SIGCONT) == 0);
    }
    CHECK_INT(slow.err, ERR_OK);
    CHECK(now_ms() + skip_ms - from_ms > 40000); /* the limit is 20 s */
    free(slow.result.jpeg);
    free(jpeg);
}

/* One that uses up a job's processor time is the job's fault. */
static void test_takes_too_much(struct darkroom *lasting)
{
    struct darkroom_config config = {.program_path = PROGRAM, .job_timeout_ms = 60};
    struct darkroom *darkroom = darkroom_new(&config);
    size_t len = 0;
    uint8_t *jpeg = draw(lasting, 1500, 2000, &len);
    enum err err = ERR_IO;
    for (int tries = 0; err == ERR_IO && tries < 20; tries++) { /* in so short a time it may also seem to stand still */
        struct answer answer = {0};
        CHECK(darkroom_make(darkroom, jpeg, len, "art=oil", 1, answered, &answer) == ERR_OK);
        wait_for(darkroom, &answer);
        err = answer.err;
    }
    CHECK_INT(err, ERR_TIMEOUT);
    darkroom_free(darkroom);
    free(jpeg);
}

static void test_idle_process_ends(void)
{
    struct darkroom *darkroom = open_darkroom(PROGRAM, 1000);
    CHECK_INT(darkroom_pid(darkroom), 0);
    CHECK(darkroom_next_deadline_ms(darkroom) == INT64_MAX);
    want_verdict(darkroom, "", 0, PHOTO_NOT_IMAGE);
    int64_t pid = darkroom_pid(darkroom);
    CHECK(pid > 0);
    skip_ms += 1001;
    for (int64_t end_ms = now_ms() + 5000; darkroom_next_deadline_ms(darkroom) != INT64_MAX;) {
        CHECK(now_ms() < end_ms);
        turn(darkroom);
    }
    CHECK_INT(darkroom_pid(darkroom), 0);
    CHECK_INT(darkroom_fd(darkroom), -1);
    CHECK(kill((pid_t)pid, 0) != 0 && errno == ESRCH);
    want_verdict(darkroom, "", 0, PHOTO_NOT_IMAGE); /* and comes back when there is work */
    darkroom_free(darkroom);
}

static void test_cant_start(void)
{
    static const char *const programs[] = {"/nonexistent/darkroom", "/bin/true", "/bin/echo"};
    for (size_t i = 0; i < sizeof programs / sizeof *programs; i++) {
        struct darkroom *darkroom = open_darkroom(programs[i], 0);
        struct answer answer = {0};
        CHECK(darkroom_examine(darkroom, "x", 1, SIDE_MIN, answered, &answer) == ERR_OK);
        wait_for(darkroom, &answer);
        CHECK_INT(answer.err, ERR_IO);
        CHECK_INT(darkroom_pid(darkroom), 0);
        darkroom_free(darkroom);
    }
    darkroom_free(NULL);
}

static void test_queue(void)
{
    struct darkroom *darkroom = open_darkroom(PROGRAM, 0);
    struct answer kept = {0}, dropped = {0};
    for (int i = 0; i < 16; i++) {
        CHECK(darkroom_examine(darkroom, "x", 1, SIDE_MIN, answered, i % 2 == 0 ? &kept : &dropped) == ERR_OK);
    }
    CHECK_INT(darkroom_examine(darkroom, "x", 1, SIDE_MIN, answered, &kept), ERR_AGAIN);
    CHECK_INT(darkroom_queued(darkroom), 16);
    darkroom_cancel(darkroom, &dropped);
    CHECK_INT(darkroom_queued(darkroom), 8);
    while (darkroom_queued(darkroom) > 0) {
        turn(darkroom);
    }
    CHECK_INT(kept.calls, 8);
    CHECK_INT(dropped.calls, 0);
    CHECK(darkroom_examine(darkroom, "x", 1, SIDE_MIN, answered, &kept) == ERR_OK);
    darkroom_free(darkroom); /* with a job waiting: no callback */
    CHECK_INT(kept.calls, 8);
}

/* The sums of queued bytes have an end, too; no process is needed for it. */
static void test_queue_bytes(void)
{
    struct darkroom *darkroom = open_darkroom(PROGRAM, 0);
    uint8_t *bytes = calloc(1, DARKROOM_INPUT_MAX_BYTES);
    struct answer answer = {0};
    CHECK(bytes != NULL);
    for (int i = 0; i < 3; i++) {
        CHECK(darkroom_examine(darkroom, bytes, DARKROOM_INPUT_MAX_BYTES, SIDE_MIN, answered, &answer) == ERR_OK);
    }
    CHECK_INT(darkroom_examine(darkroom, bytes, DARKROOM_INPUT_MAX_BYTES, SIDE_MIN, answered, &answer), ERR_AGAIN);
    darkroom_free(darkroom);
    free(bytes);
}

/* No socket, file, program or child; and decoding still works behind the walls. */
static void test_walls(void)
{
    static char program[] = PROGRAM, self_test[] = "--self-test";
    char *const arguments[] = {program, self_test, NULL}, *const environment[] = {NULL};
    pid_t pid = 0;
    int status = -1;
    CHECK(posix_spawn(&pid, program, NULL, NULL, arguments, environment) == 0);
    CHECK(waitpid(pid, &status, 0) == pid);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

int main(void)
{
    struct darkroom *darkroom = open_darkroom(PROGRAM, 0);
    test_good_photo(darkroom);
    test_formats(darkroom);
    test_blurred(darkroom);
    test_exif(darkroom);
    test_not_images(darkroom);
    test_png_bombs(darkroom);
    test_hostile_jpegs(darkroom);
    test_mutations(darkroom);
    test_make_refuses(darkroom);
    test_killed(darkroom);
    test_stands_still(darkroom);
    test_busy_machine(darkroom);
    test_takes_too_much(darkroom);
    darkroom_free(darkroom);
    test_idle_process_ends();
    test_cant_start();
    test_queue();
    test_queue_bytes();
    test_walls();
    return 0;
}
