/* The control API: what tests and the chat page use to play the users and to disturb. */
#ifndef TESTS_SANDBOX_CONTROL_H
#define TESTS_SANDBOX_CONTROL_H

#include "tests/sandbox/http.h"

void control_serve(struct request *request);
/* The answer to GET /api/chats/<uid>, now. */
void control_chat_answer(struct request *request);
/* POST /api/chats/<uid>/<deed>. */
void control_user_serve(struct request *request, struct user *user, const char *deed);

/* {"error":"…"} with the status. */
void control_fail(struct request *request, unsigned status, const char *format, ...) PRINTF_LIKE(3, 4);
void control_ok(struct request *request); /* {"ok":true} */
/* Parameters of the JSON body, with a query parameter of that name as a fallback. */
const char *control_text(struct request *request, const char *name);
int64_t control_int(struct request *request, const char *name, int64_t otherwise);
bool control_flag(struct request *request, const char *name);

#endif
