/* The parts of a multipart/form-data body. */
#ifndef TESTS_SANDBOX_MULTIPART_H
#define TESTS_SANDBOX_MULTIPART_H

#include "tests/sandbox/http.h"

/* Adds the parts of the request's body to it. False: the body is no such form, or has more than REQUEST_PARTS_MAX. */
bool multipart_read(struct request *request, const char *content_type);

#endif
