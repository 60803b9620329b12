/* The life of the daemon: who we are, taking the bot, taking up what the last life left, asking for updates; and the
 * drain. */
#ifndef BOT_HOUSE_LIFE_H
#define BOT_HOUSE_LIFE_H

#include "bot/house/private.h"

/* Goes on by itself in the loop. */
void life_begin(struct daemon *daemon);
/* In every round: takes up the rest when what must come first is there. */
void life_go_on(struct daemon *daemon);
/* Nothing new is begun from now on. */
void life_stop(struct daemon *daemon);

#endif
