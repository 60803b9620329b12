/* Telegram's stars: invoices, payments of them, refunds, the bot's transactions. */
#ifndef TESTS_SANDBOX_STARS_H
#define TESTS_SANDBOX_STARS_H

#include "tests/sandbox/http.h"

/* POST /api/chats/<uid>/stars: the user opens the invoice behind a link and confirms. */
void stars_pay(struct request *request, struct user *user);
/* GET /api/stars: all there is. */
void stars_control(struct request *request);
void stars_restore_invoice(struct sandbox *sb, json_object *line);
void stars_restore_transaction(struct sandbox *sb, json_object *line);
void stars_done(struct world *world);

#endif
