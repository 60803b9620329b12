/* fotosetd check: everything an operator can get wrong, told before the first update. */
#ifndef BOT_CHECK_H
#define BOT_CHECK_H

#include "bot/house/setup.h"
#include "bot/services/yookassa/shop.h"

/* Prints what is right and what is wrong, with file, line and remedy; err is what setup_read gave. Returns the exit
 * code: 0 if the daemon could run now, 78 otherwise. */
int check_run(struct setup *setup, enum err err);

/* Prints what is odd about money (db/audit.h). Returns the exit code: 0 if nothing is wrong, 1 if something is, 69 if
 * the database can't be asked. What only waits for a person is told, and not wrong. */
int check_money(const struct setup *setup);

/* Holds what YooKassa says of the shop against the configuration, and prints what does not fit. How many problems. */
int check_settings(const struct config *config, const struct yookassa_shop *shop);

/* A line of it: "level what text", and the remedy below, if there is one. */
void check_print(const char *level, const char *what, const char *text, const char *remedy);

#endif
