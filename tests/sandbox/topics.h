/* Topics of a private chat: opened by the user, who writes in one of them; the bot's messages may name one. */
#ifndef TESTS_SANDBOX_TOPICS_H
#define TESTS_SANDBOX_TOPICS_H

#include "tests/sandbox/http.h"

bool topics_has(const struct user *user, int64_t id);
/* The topic is there; a new one, or one that an update given by hand speaks of. */
void topics_add(struct user *user, int64_t id);
/* POST /api/chats/<uid>/topic: {"name":"…"} opens one and goes there, {"thread_id":n} goes to it, 0 to none,
 * {"thread_id":n,"delete":true} deletes it with its messages. Topics don't outlive the sandbox. */
void topics_serve(struct request *request, struct user *user);

#endif
