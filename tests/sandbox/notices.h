/* YooKassa's notifications: what it posts to the shop's address when a payment or refund has moved. */
#ifndef TESTS_SANDBOX_NOTICES_H
#define TESTS_SANDBOX_NOTICES_H

#include <poll.h>

#include "tests/sandbox/http.h"

struct notices *notices_new(void);
void notices_free(struct notices *notices);
/* Something happened to an object; nothing is kept while no address is set. `object` is its JSON as it is now. */
void notices_add(struct sandbox *sb, const char *event, const char *object_id, const char *object);
/* Sends what is due; returns the ms until the next one, or -1. */
int64_t notices_run(struct sandbox *sb);
/* poll(), with what is being sent. */
void notices_poll(struct sandbox *sb, struct pollfd *wait, size_t count, int timeout_ms);
/* GET, POST and DELETE /api/notices. */
void notices_control(struct request *request);
/* The address is forgotten, and all notices. */
void notices_reset(struct sandbox *sb);

#endif
