/* Does a database fit this program? What is found wrong with it, in words for whoever runs the shop, each with its
 * remedy. `fotosetd check` and `fotosetd run` say the same words; they differ in what they do then. */
#ifndef DB_FIT_H
#define DB_FIT_H

#include <stddef.h>
#include "core/err.h"

enum {
    FIT_FINDINGS_MAX = 16, /* more are left out: the first ones come back until they are mended */
    FIT_TEXT_MAX_BYTES = 640
};

enum fit_level {
    FIT_NOTE,    /* worth knowing, nothing to mend */
    FIT_DRIFT,   /* was right once, and somebody changed it: what needs it waits, the rest goes on */
    FIT_PASSING, /* may be over at the next try: a server that starts, a lock, a change of primaries */
    FIT_MISTAKE, /* nothing goes on until a person mends it */
    FIT_LEVEL_COUNT
};

struct fit_finding {
    enum fit_level level;
    char what[FIT_TEXT_MAX_BYTES];   /* one line, without values from rows and without the password */
    char remedy[FIT_TEXT_MAX_BYTES]; /* one line */
};

struct fit {
    struct fit_finding findings[FIT_FINDINGS_MAX];
    size_t count;
};

/* The remedy is copied; what is formatted. */
void fit_add(struct fit *fit, enum fit_level level, const char *remedy, const char *format, ...) PRINTF_LIKE(4, 5);
/* The highest level among the findings; FIT_NOTE if there is none. */
enum fit_level fit_worst(const struct fit *fit);

#endif
