/* UTF-8 as it comes: every code point there and back, what is none, and cuts that end with a character. */
#include "core/utf8.h"

#include "tests/check.h"

static size_t encode(uint32_t code, char *out)
{
    if (code < 0x80) {
        out[0] = (char)code;
        return 1;
    }
    size_t length = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    for (size_t i = length - 1; i > 0; i--, code >>= 6)
        out[i] = (char)(0x80 | (code & 0x3f));
    out[0] = (char)((0xf00U >> length & 0xf0U) | code);
    return length;
}

static void test_all(void)
{
    for (uint32_t code = 0; code <= 0x110000; code++) {
        char text[8] = {0};
        uint32_t read = UINT32_MAX;
        size_t length = encode(code, text);
        bool is_one = code <= 0x10ffff && (code < 0xd800 || code > 0xdfff);
        CHECK_INT(utf8_decode(text, &read), is_one ? length : 0);
        if (!is_one)
            continue;
        CHECK_INT(read, code);
        CHECK_INT(utf8_units(text), code == 0 ? 0 : code < 0x10000 ? 1 : 2);
        for (size_t most = 0; code != 0 && most < 6; most++)
            CHECK_INT(utf8_cut(text, most), most < length ? 0 : length);
        for (size_t i = 1; i < length; i++) {
            char broken[8] = {0};
            memcpy(broken, text, i); /* its end is missing */
            CHECK_INT(utf8_decode(broken, &read), 0);
            CHECK(utf8_continues(text[i]));
        }
    }
}

static void test_none(void)
{
    static const char *const none[] = {
        "\x80", "\xbf", "\xc0\x80", "\xc1\xbf",  "\xe0\x9f\xbf", "\xf0\x8f\xbf\xbf", "\xf5\x80\x80\x80",
        "\xfe", "\xff", "\xc3(",    "\xe2\x82(", "\xed\xa0\x80"};
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
        uint32_t code = 7;
        CHECK_INT(utf8_decode(none[i], &code), 0);
        CHECK_INT(code, 7);
    }
    CHECK_INT(utf8_cut("a\xd0\x96", 2), 1);
    CHECK_INT(utf8_cut("a\xd0\x96z", 3), 3);
    CHECK_INT(utf8_units("a\xd0\x96\xf0\x9f\x8e\x89"), 4);
}

int main(void)
{
    test_all();
    test_none();
    return 0;
}
