/* What is wrong with the files the owner wrote: a list of findings, each with file, line and what to do. Reading goes
 * on after the first fault so that all of them are told at once; nothing here prints. */
#ifndef CONFIG_FINDING_H
#define CONFIG_FINDING_H

#include <stddef.h>
#include "core/arena.h"

enum { FINDINGS_MAX = 200 }; /* after that many only the count goes on */

enum finding_level { FINDING_ERROR, FINDING_WARNING, FINDING_LEVEL_COUNT };

struct finding {
    enum finding_level level;
    const char *file;
    int line; /* 0 = the file as a whole */
    const char *message;
    const char *remedy;
};

struct findings {
    struct arena *arena; /* owns the texts and the list */
    struct finding *items;
    size_t count;
    size_t errors; /* of all levels FINDING_ERROR, also those not kept */
};

void findings_init(struct findings *findings, struct arena *arena);

/* The remedy is copied; the message is formatted. Never fails. */
void findings_add(struct findings *findings, enum finding_level level, const char *file, int line, const char *remedy,
                  const char *format, ...) PRINTF_LIKE(6, 7);

/* "error" or "warning". */
const char *finding_level_name(enum finding_level level);

/* The name closest to `name` among count names by edit distance, or NULL if none is close. */
const char *finding_nearest(const char *name, const char *const *names, size_t count);

#endif
