/* The long poll's news: batches go into the turns, the rest is for the log, or the end of this daemon. */
#ifndef BOT_HOUSE_POLL_H
#define BOT_HOUSE_POLL_H

#include "bot/house/private.h"

/* The poll of this daemon; it does not ask for anything yet. */
struct telegram_poll *poll_new(struct daemon *daemon);

#endif
