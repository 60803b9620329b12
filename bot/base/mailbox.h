/* News for chats, on their way to the next turn: the fast way inside the process. Who learned something puts it in, the
 * turn takes it out; neither knows the other. What must not be lost is a row in the database as well. */
#ifndef BOT_BASE_MAILBOX_H
#define BOT_BASE_MAILBOX_H

#include <stdbool.h>
#include <stddef.h>
#include "core/event.h"

struct mailbox;

struct mailbox *mailbox_new(void);
void mailbox_free(struct mailbox *mailbox); /* accepts NULL */
/* Copied; so it holds no texts. Never full: what is put in was claimed or loaded by somebody who counts. News that are
 * kept (event_is_kept) but come without their row, because an earlier try wrote it, are looked for instead; unless it
 * is an answer to somebody who asked. */
void mailbox_put(struct mailbox *mailbox, const struct event *news);
/* There may be rows of news that nobody put in here: after a start, of another machine. */
void mailbox_look(struct mailbox *mailbox);
/* Is somebody to look for them? Only once. */
bool mailbox_take_look(struct mailbox *mailbox);
size_t mailbox_count(const struct mailbox *mailbox);
/* Moves the oldest, at most max of them, to the caller's array. Returns how many. */
size_t mailbox_take(struct mailbox *mailbox, struct event *ret_news, size_t max);

#endif
