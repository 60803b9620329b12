/* The daemon: all parts wired together around one loop, from start to drain. */
#ifndef BOT_HOUSE_DAEMON_H
#define BOT_HOUSE_DAEMON_H

#include "bot/house/setup.h"

/* sysexits(3): what fotosetd returns, for the unit's Restart rules. */
enum {
    DAEMON_EXIT_OK = 0,
    DAEMON_EXIT_CONFIG = 78,      /* the configuration or the database is wrong: only a person mends it */
    DAEMON_EXIT_UNAVAILABLE = 69, /* not now: the next start may do */
    DAEMON_EXIT_TAKEN_OVER = 75,  /* another daemon holds the bot: starting again would take it back */
    DAEMON_EXIT_OVERTAKEN = 70    /* the database is ahead of this process: starting again reads where it stands */
};

/* Runs until SIGTERM, SIGINT or a fatal trouble; returns the exit code. */
int daemon_run(const struct setup *setup);

#endif
