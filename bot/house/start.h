/* The start: the schema, and the parts. */
#ifndef BOT_HOUSE_START_H
#define BOT_HOUSE_START_H

#include "bot/house/private.h"

/* Brings the database to this program's schema. The exit code to end with, and log lines, if it can't be: one that says
 * "never again" for what only a person mends; what may pass, and a password or a database that is refused (they are
 * changed and restored under a shop that is to come back by itself), is tried again. What was changed since it was
 * right is told loudly and stops nothing: the shop serves what it can, and the rest once it is mended. Blocks. */
int start_migrate(const struct setup *setup);
/* Makes all parts; nothing is asked of anybody yet. */
void start_parts(struct daemon *daemon);

#endif
