/* libconfig 1.5 leaks the text it is reading when it meets a syntax error. Our daemon ends after one, so it does not
 * matter, but LeakSanitizer would stop the tests that feed it broken files. Include once, in such a test's .c file. */
#ifndef TESTS_LSAN_H
#define TESTS_LSAN_H

const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:libconfig.so\n";
}

#endif
