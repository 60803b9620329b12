/* The log: format, redact, cut, write. Redaction comes before the cut, so that no half of a secret survives at the
 * end of a long line. Tokens are found by registration and by shape (digits ':' 30+ token characters, or "bot" digits
 * ':' anything), because the one that leaks is the one nobody registered. Must not allocate in the common case, must
 * not fail, and must not be used by core, db or config: they return errors. */
#include "bot/base/log.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/bug.h"

static const char STARS[] = "***";
enum { TOKEN_MIN_CHARS = 30, STARS_BYTES = sizeof STARS - 1 };

static struct {
    enum log_level threshold;
    bool journal;
    size_t count;
    char *secrets[LOG_SECRETS_MAX];
} log_state = {.threshold = LOG_LEVEL_INFO};

void log_init(enum log_level threshold)
{
    log_state.threshold = threshold;
    log_state.journal = getenv("JOURNAL_STREAM") != NULL;
}

static void add_one(const char *secret)
{
    if (strlen(secret) < LOG_SECRET_MIN_BYTES)
        return;
    for (size_t i = 0; i < log_state.count; i++)
        if (strcmp(log_state.secrets[i], secret) == 0)
            return;
    char *copy = strdup(secret);
    if (copy == NULL || log_state.count == LOG_SECRETS_MAX)
        bug("out of memory");
    /* Longest first: a secret that contains another one is replaced whole. */
    size_t at = log_state.count++;
    while (at > 0 && strlen(log_state.secrets[at - 1]) < strlen(copy)) {
        log_state.secrets[at] = log_state.secrets[at - 1];
        at--;
    }
    log_state.secrets[at] = copy;
}

void log_redact_add(const char *secret)
{
    add_one(secret);
    const char *colon = strchr(secret, ':');
    if (colon == NULL)
        return;
    add_one(colon + 1);
    size_t length = strlen(secret) + 3;
    char *encoded = malloc(length);
    if (encoded == NULL)
        bug("out of memory");
    (void)snprintf(encoded, length, "%.*s%%3A%s", (int)(colon - secret), secret, colon + 1);
    add_one(encoded);
    free(encoded);
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_token_char(char c)
{
    return is_digit(c) || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_' || c == '-';
}

/* How many bytes at text look like a bot token ("bot123:x", "123:<30 or more>"); 0 = none. */
static size_t token_length(const char *text)
{
    bool has_bot = strncmp(text, "bot", 3) == 0;
    size_t at = has_bot ? 3 : 0;
    size_t digits = at;
    while (is_digit(text[at]))
        at++;
    if (at == digits)
        return 0;
    if (text[at] == ':')
        at++;
    else if (strncmp(text + at, "%3A", 3) == 0 || strncmp(text + at, "%3a", 3) == 0)
        at += 3;
    else
        return 0;
    size_t start = at;
    while (is_token_char(text[at]))
        at++;
    size_t want = has_bot ? 1 : TOKEN_MIN_CHARS;
    return at - start >= want ? at : 0;
}

/* How many bytes at text must be hidden; 0 = none. */
static size_t secret_length(const char *text)
{
    for (size_t i = 0; i < log_state.count; i++) {
        size_t length = strlen(log_state.secrets[i]);
        if (strncmp(text, log_state.secrets[i], length) == 0)
            return length;
    }
    size_t length = token_length(text);
    return length >= STARS_BYTES ? length : 0;
}

static void redact(char *text)
{
    char *to = text;
    while (*text != '\0') {
        size_t hide = secret_length(text);
        if (hide == 0) {
            *to++ = *text++;
            continue;
        }
        memcpy(to, STARS, STARS_BYTES);
        to += STARS_BYTES;
        text += hide;
    }
    *to = '\0';
}

void log_redact(char *text)
{
    if (text != NULL)
        redact(text);
}

static int priority(enum log_level level)
{
    switch (level) {
    case LOG_LEVEL_ERROR: return 3;
    case LOG_LEVEL_WARN: return 4;
    case LOG_LEVEL_INFO: return 6;
    case LOG_LEVEL_DEBUG: return 7;
    case LOG_LEVEL_COUNT: break;
    }
    return 6;
}

static void write_line(enum log_level level, const char *component, char *message)
{
    char line[LOG_LINE_MAX_BYTES];
    redact(message);
    for (char *c = message; *c != '\0'; c++)
        if ((unsigned char)*c < ' ' || *c == 0x7f)
            *c = ' ';
    char prefix[8] = "";
    if (log_state.journal)
        (void)snprintf(prefix, sizeof prefix, "<%d>", priority(level));
    int length = snprintf(line, sizeof line, "%s%s: %s\n", prefix, component, message);
    if (length < 0)
        return;
    size_t bytes = (size_t)length;
    if (bytes >= sizeof line) {
        bytes = sizeof line;
        line[bytes - 1] = '\n';
    }
    ssize_t written = write(STDERR_FILENO, line, bytes);
    (void)written; /* nowhere to complain */
}

void log_line(enum log_level level, const char *component, const char *format, ...)
{
    if (level > log_state.threshold)
        return;
    char small[LOG_LINE_MAX_BYTES];
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int length = vsnprintf(small, sizeof small, format, args);
    va_end(args);
    if (length >= 0 && (size_t)length < sizeof small) {
        write_line(level, component, small);
    } else if (length >= 0) {
        size_t bytes = (size_t)length + 1;
        char *large = malloc(bytes);
        if (large == NULL)
            bug("out of memory");
        (void)vsnprintf(large, bytes, format, again);
        write_line(level, component, large);
        free(large);
    }
    va_end(again);
}
