/* The control API: what tests and the chat page use to play the users and to disturb. */
#ifndef TESTS_SANDBOX_CONTROL_H
#define TESTS_SANDBOX_CONTROL_H

#include "tests/sandbox/http.h"

void control_serve(struct request *request);
/* The answer to GET /api/chats/<uid>, now. */
void control_chat_answer(struct request *request);
/* What a user does, and the update Telegram would queue for it. The text is taken over. */
struct message *control_write(struct sandbox *sb, struct user *user, char *text, int64_t reply_to, int64_t delay_ms);
struct callback *control_press(struct sandbox *sb, struct user *user, const struct message *message, const char *data);
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
