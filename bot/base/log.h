/* The one sink of log lines. It redacts, so that no token or key can leave through it, whoever forgot what.
 * Its state (level, secrets) is the house's one allowed mutable global besides the stop flag. */
#ifndef BOT_BASE_LOG_H
#define BOT_BASE_LOG_H

#include "core/err.h"

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARN, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG, LOG_LEVEL_COUNT };

enum {
    LOG_LINE_MAX_BYTES = 2048, /* a longer line is cut (after redaction) */
    LOG_SECRETS_MAX = 32,      /* more aborts: they are registered once, at start */
    LOG_SECRET_MIN_BYTES = 6   /* a shorter secret is not registered: it would eat ordinary words */
};

/* Lines less important than threshold are dropped. Reads $JOURNAL_STREAM: under systemd each line gets its "<n>"
 * priority prefix. Without a call: LOG_LEVEL_INFO, no prefix. */
void log_init(enum log_level threshold);

/* From now on this string (copied), its part after a ':' and its percent-encoded spelling are written as "***". */
void log_redact_add(const char *secret);

/* In place: every registered secret and anything that looks like a bot token becomes "***"; text never grows. Also for
 * error texts that will be stored. NULL is accepted. */
void log_redact(char *text);

/* One line to stderr in one write: "component: message". Control characters become spaces. */
void log_line(enum log_level level, const char *component, const char *format, ...) PRINTF_LIKE(3, 4);

#define log_error(...) log_line(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warn(...) log_line(LOG_LEVEL_WARN, __VA_ARGS__)
#define log_info(...) log_line(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...) log_line(LOG_LEVEL_DEBUG, __VA_ARGS__)

#endif
