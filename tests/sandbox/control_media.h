/* Photos and files from users. */
#ifndef TESTS_SANDBOX_CONTROL_MEDIA_H
#define TESTS_SANDBOX_CONTROL_MEDIA_H

#include "tests/sandbox/control.h"

void control_photos(struct request *request, struct user *user);
void control_samples(struct request *request, struct user *user);

/* control_user.c: stores the user's message and queues its update. */
void control_message_done(struct request *request, struct message *message, const char *kind, int64_t delay_ms);

#endif
