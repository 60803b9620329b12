/* One file in libconfig's format: read, scanned for the traps of libconfig 1.5, parsed. For config/ only. */
#ifndef CONFIG_SOURCE_H
#define CONFIG_SOURCE_H

#include <libconfig.h>
#include "config/finding.h"

struct source {
    const char *file; /* for messages; in the arena of the findings */
    struct findings *findings;
    config_t tree;
};

/* The whole file, 0-terminated, in the arena. What is wrong is a finding against the file; ERR_IO then, or
 * ERR_TOO_LARGE. */
enum err source_slurp(struct arena *arena, const char *path, size_t max_bytes, struct findings *findings,
                      const char **ret_text, size_t *ret_length) MUST_CHECK;

/* Parses text. What is wrong is a finding; ERR_INVALID if nothing could be parsed, and the source needs no source_done
 * then. ERR_OK does not mean that there were no findings: look at findings->errors. */
enum err source_parse(struct source *source, struct findings *findings, const char *path, const char *text,
                      size_t length) MUST_CHECK;
void source_done(struct source *source);

/* The full name of a setting, "group.key", in the arena of the findings. */
const char *source_name(const struct source *source, const config_setting_t *setting);

#endif
