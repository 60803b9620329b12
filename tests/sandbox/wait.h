/* The heap of waiting requests, by due time. */
#ifndef TESTS_SANDBOX_WAIT_H
#define TESTS_SANDBOX_WAIT_H

#include "tests/sandbox/http.h"

void wait_add(struct sandbox *sb, struct request *request);
void wait_remove(struct sandbox *sb, struct request *request); /* nothing when it isn't there */

#endif
