/* fotosetd check: everything an operator can get wrong, told before the first update. */
#ifndef BOT_CHECK_H
#define BOT_CHECK_H

#include "bot/house/setup.h"

/* Prints what is right and what is wrong, with file, line and remedy; err is what setup_read gave. Returns the exit
 * code: 0 if the daemon could run now, 78 otherwise. */
int check_run(struct setup *setup, enum err err);

#endif
