/* What libraries leak where it does not matter, but LeakSanitizer would stop the tests: libconfig 1.5 the text it is
 * reading when it meets a syntax error (our daemon ends after one), x265 and libimagequant when they encode (only tests
 * do). Include once, in such a test's .c file. */
#ifndef TESTS_LSAN_H
#define TESTS_LSAN_H

const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:libconfig.so\nleak:libx265.so\nleak:libimagequant.so\n";
}

#endif
