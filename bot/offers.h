/* fotosetd promo and grant: codes and gifts, as the owner makes them. */
#ifndef BOT_OFFERS_H
#define BOT_OFFERS_H

#include "bot/house/setup.h"

/* words: add CODE 20%|300 [all=N] [each=N] [from=DAY] [until=DAY] [styles=a,b], list, or off CODE. Returns the exit
 * code. */
int offers_promo(const struct setup *setup, char **words, int count);
/* words: the user's Telegram id, and how many sets. */
int offers_grant(const struct setup *setup, char **words, int count);

#endif
