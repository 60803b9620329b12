/* Inside the outbox: a message that matters and whose answer was lost. Not for others. */
#ifndef BOT_OUTBOX_SEEK_H
#define BOT_OUTBOX_SEEK_H

#include "bot/outbox/lane.h"

/* Sends it when its turn has come, marked as tried just before. */
void seek_send(struct item *item);
/* Looks whether it is in the chat: screen_found, or it is sent again. */
void seek_message(struct item *item);
/* It is there; the answer to the call. (screen.c) */
void screen_answered(void *ctx, const struct telegram_verdict *verdict, struct json_object *result);
void screen_found(struct item *item, int64_t message_id);

#endif
