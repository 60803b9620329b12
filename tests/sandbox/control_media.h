/* Photos and files from users. */
#ifndef TESTS_SANDBOX_CONTROL_MEDIA_H
#define TESTS_SANDBOX_CONTROL_MEDIA_H

#include "tests/sandbox/control.h"

void control_photos(struct request *request, struct user *user);
void control_samples(struct request *request, struct user *user);

#endif
