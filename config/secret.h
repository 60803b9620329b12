/* Secrets: small files that hold one word. For config/ only. */
#ifndef CONFIG_SECRET_H
#define CONFIG_SECRET_H

#include "config/finding.h"

/* Where a finding is told: the config file's line that names the secret, or the secret's own file. */
struct secret_place {
    const char *file;
    int line;
};

/* Opens the file for secret_read; -1 with errno if it can't be. */
int secret_open(const char *path);

/* The word in the file, blanks and line ends around it trimmed, in the arena; the caller wipes it. fd is of
 * secret_open, called just before if it is -1, and is closed; path is for messages. What is wrong is a finding that
 * never quotes the content; a file everybody may read is a warning. ERR_IO or ERR_INVALID. */
enum err secret_read(struct arena *arena, int fd, const char *path, struct secret_place place, const char *remedy,
                     struct findings *findings, char **ret_secret) MUST_CHECK;

/* NULL is allowed. */
void secret_wipe(char *secret);

#endif
