/* Reading the journal back. */
#ifndef TESTS_SANDBOX_JOURNAL_READ_H
#define TESTS_SANDBOX_JOURNAL_READ_H

#include "tests/sandbox/sandbox.h"

/* A file that isn't there is an empty world; a broken last line (the process was killed) is left out. */
enum err journal_read(struct sandbox *sb, const char *path) MUST_CHECK;

#endif
