/* What other machines do for the shop is found by looking, since nothing of Postgres calls us back through a pooler.
 * The bot's daemon looks for news of photos that workers make, while there are photos to be made; a worker looks for
 * work. A quiet shop's bot asks nobody. */
#ifndef BOT_HOUSE_WATCH_H
#define BOT_HOUSE_WATCH_H

#include "bot/house/private.h"

enum { WATCH_EVERY_MS = 3000 /* so that all is heard of within 5 s */ };

/* For the loop: INT64_MAX while there is nothing to look for. */
int64_t watch_deadline_ms(const struct daemon *daemon);
void watch_look(struct daemon *daemon);

#endif
