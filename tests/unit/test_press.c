/* The data of buttons: there and back, and everything a modified client may send instead. */
#include "core/press.h"

#include <stdint.h>

#include "tests/check.h"

static void refuses(const char *data)
{
    struct press press = {.state = "untouched"};
    if (press_parse(data, &press) != ERR_INVALID)
        fprintf(stderr, "accepted: %s\n", data);
    CHECK_INT(press_parse(data, &press), ERR_INVALID);
    CHECK_TEXT(press.state, "untouched");
}

static void test_round_trip(void)
{
    struct arena arena;
    struct press press = {.state = "photos", .action = "done", .version = 0x1a, .object = 0}, back;
    arena_init(&arena);
    CHECK_TEXT(press_format(&arena, &press), "photos:1a:done:0");
    CHECK_INT(press_parse("photos:1a:done:0", &back), ERR_OK);
    CHECK_TEXT(back.state, "photos");
    CHECK_TEXT(back.action, "done");
    CHECK_INT(back.version, 0x1a);
    CHECK(!press_is_place(&back));
    CHECK(press_is(&back, "done"));
    CHECK(!press_is(&back, "don"));
    CHECK_INT(press_parse("*:0:card:9223372036854775807", &back), ERR_OK);
    CHECK(press_is_place(&back));
    CHECK(back.object == INT64_MAX);
    CHECK_INT(press_parse("a:ffffffff:b:1", &back), ERR_OK);
    CHECK(back.version == UINT32_MAX);
    CHECK_INT(press_parse("abcdefghijklmnopqrstuvwx:0:abcdefghijklmnop:0", &back), ERR_OK);
    CHECK_TEXT(back.state, "abcdefghijklmnopqrstuvwx");
    CHECK_TEXT(back.action, "abcdefghijklmnop");
    arena_done(&arena);
}

static void test_refused(void)
{
    static const char *const bad[] = {"",
                                      ":",
                                      ":::",
                                      "a",
                                      "a:1:b",
                                      "a:1:b:1:",
                                      "a:1:b:1:1",
                                      "a::b:1",
                                      ":1:b:1",
                                      "a:1::1",
                                      "a:1:b:",
                                      "a:100000000:b:1",
                                      "a:1:b:9223372036854775808",
                                      "a:1:b:99999999999999999999",
                                      "a:1:b:-1",
                                      "a:1:b:+1",
                                      "a:1:b: 1",
                                      "a:0x1:b:1",
                                      "a:1G:b:1",
                                      "a:1A:b:1",
                                      "a:1:b:1a",
                                      "A:1:b:1",
                                      "a:1:B:1",
                                      "a b:1:b:1",
                                      "a:1:b\n:1",
                                      "**:1:b:1",
                                      "\xd0\xb0:1:b:1",
                                      "abcdefghijklmnopqrstuvwxy:0:b:0",
                                      "a:0:abcdefghijklmnopq:0",
                                      "*:00000000000000000000000000000000000000000000000000000000:a:0"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        refuses(bad[i]);
}

/* Every single byte put into a good press in every place: refused, or read as what it says. */
static void test_bytes(void)
{
    struct arena arena;
    arena_init(&arena);
    for (size_t at = 0; at < 16; at++) {
        for (int byte = 1; byte < 256; byte++) {
            char data[] = "photos:1a:done:0";
            struct press press, again;
            data[at] = (char)byte;
            if (press_parse(data, &press) != ERR_OK)
                continue;
            CHECK_INT(press_parse(press_format(&arena, &press), &again), ERR_OK);
            CHECK(memcmp(&press, &again, sizeof press) == 0);
        }
    }
    arena_done(&arena);
}

int main(void)
{
    test_round_trip();
    test_refused();
    test_bytes();
    return 0;
}
