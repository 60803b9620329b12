/* What the bytes say of themselves before any decoder sees them: the format, whether the end is missing, and what
 * decoding would cost. */
#ifndef BOT_SERVICES_DARKROOM_PROCESS_SURVEY_H
#define BOT_SERVICES_DARKROOM_PROCESS_SURVEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum survey_format { SURVEY_NONE, SURVEY_JPEG, SURVEY_PNG, SURVEY_WEBP, SURVEY_HEIF, SURVEY_FORMAT_COUNT };

struct survey {
    enum survey_format format;
    bool cut_off;        /* the file ends before the picture does */
    bool by_rows;        /* the decoder keeps some rows in memory, not the picture, and has quickly done with each */
    size_t scans;        /* JPEG: how often it goes over the picture */
    uint64_t held_bytes; /* JPEG: coefficients it holds until the last scan; 0 = none */
};

/* By magic bytes alone. SVG has none and is never found here: a user can't send one. */
struct survey survey_bytes(const uint8_t *bytes, size_t len);

#endif
