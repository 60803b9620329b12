/* News for chats, on their way to the next turn: the fast way inside the process. Who learned something puts it in, the
 * turn takes it out; neither knows the other. What must not be lost is a row in the database as well. */
#ifndef BOT_BASE_MAILBOX_H
#define BOT_BASE_MAILBOX_H

#include <stddef.h>
#include "core/event.h"

struct mailbox;

struct mailbox *mailbox_new(void);
void mailbox_free(struct mailbox *mailbox); /* accepts NULL */
/* Copied; so it holds no texts. Never full: what is put in was claimed or loaded by somebody who counts. */
void mailbox_put(struct mailbox *mailbox, const struct event *news);
size_t mailbox_count(const struct mailbox *mailbox);
/* Moves the oldest, at most max of them, to the caller's array. Returns how many. */
size_t mailbox_take(struct mailbox *mailbox, struct event *ret_news, size_t max);

#endif
