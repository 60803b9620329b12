/* The log: what is hidden, what is kept, and what a line looks like. Standard error is read back through a pipe. */
#include <unistd.h>
#include "bot/base/log.h"
#include "tests/check.h"

static const char *redacted(const char *text)
{
    static char buffer[512];
    snprintf(buffer, sizeof buffer, "%s", text);
    log_redact(buffer);
    return buffer;
}

static void test_redaction(void)
{
    CHECK_TEXT(redacted("GET /bot123456789:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw/getMe"), "GET /***/getMe");
    CHECK_TEXT(redacted("token 123456789:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw."), "token ***.");
    CHECK_TEXT(redacted("bot42:x and bot42%3Ayz!"), "*** and ***!");
    CHECK_TEXT(redacted("12345678AAHdqTcvCH 12:30 robot 7: up, bot:x"), "12345678AAHdqTcvCH 12:30 robot 7: up, bot:x");
    CHECK_TEXT(redacted("live_key_1 stays"), "live_key_1 stays");
    log_redact_add("live_key");
    log_redact_add("live_key_1");
    log_redact_add("shop7:pass-word");
    log_redact_add("abc");
    CHECK_TEXT(redacted("live_key_1live_key abc"), "****** abc");
    CHECK_TEXT(redacted("shop7:pass-word pass-word shop7%3Apass-word shop7"), "*** *** *** shop7");
    log_redact(NULL);
}

static size_t logged(char *line, size_t bytes, const char *value)
{
    int pair[2], saved = dup(STDERR_FILENO);
    CHECK(pipe(pair) == 0 && dup2(pair[1], STDERR_FILENO) >= 0);
    log_line(LOG_LEVEL_WARN, "test", "a %s", value);
    log_debug("test", "%s", "not shown");
    CHECK(dup2(saved, STDERR_FILENO) >= 0);
    close(pair[1]);
    close(saved);
    ssize_t got = read(pair[0], line, bytes - 1);
    close(pair[0]);
    CHECK(got >= 0);
    line[got] = '\0';
    return (size_t)got;
}

static void test_lines(void)
{
    static char line[8192], value[4096];
    unsetenv("JOURNAL_STREAM");
    log_init(LOG_LEVEL_INFO);
    logged(line, sizeof line, "b\nc\x1b[0m live_key");
    CHECK_TEXT(line, "test: a b c [0m ***\n");
    setenv("JOURNAL_STREAM", "8:1", 1);
    log_init(LOG_LEVEL_INFO);
    logged(line, sizeof line, "x");
    CHECK_TEXT(line, "<4>test: a x\n");
    /* a secret across the place where a long line is cut */
    memset(value, 'x', sizeof value - 1);
    memcpy(value + LOG_LINE_MAX_BYTES - 20, "live_key_1", 10);
    size_t bytes = logged(line, sizeof line, value);
    CHECK_INT(bytes, LOG_LINE_MAX_BYTES);
    CHECK(line[bytes - 1] == '\n' && strstr(line, "live") == NULL);
}

int main(void)
{
    test_redaction();
    test_lines();
    return 0;
}
