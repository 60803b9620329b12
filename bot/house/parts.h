/* The one table of parts: everything that the daemon is made of, for the loop, the drain and the end. */
#ifndef BOT_HOUSE_PARTS_H
#define BOT_HOUSE_PARTS_H

#include "bot/house/private.h"

/* After start_parts. A part that this daemon has not is left out. */
void parts_add(struct daemon *daemon);

#endif
