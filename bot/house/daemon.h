/* The daemon: all parts wired together around one loop, from start to drain. */
#ifndef BOT_HOUSE_DAEMON_H
#define BOT_HOUSE_DAEMON_H

#include "bot/house/setup.h"

/* Runs until SIGTERM, SIGINT or a fatal trouble; returns the exit code. */
int daemon_run(const struct setup *setup);

#endif
