/* Inside the daemon: its state, shared by the start (bot/house/start.c) and the loop (bot/house/daemon.c). Not for
 * others. */
#ifndef BOT_HOUSE_PRIVATE_H
#define BOT_HOUSE_PRIVATE_H

#include "bot/house/daemon.h"
#include "bot/house/shop.h"

enum { MS_PER_S = 1000 };

struct daemon {
    struct shop shop;
    const struct setup *setup;
    int signal_fd;
    int64_t stop_by_ms; /* monotonic; 0 = not stopping */
    int64_t fed_at_ms;  /* the watchdog */
    int parked_at;      /* statement of the taking that tells which chats are parked */
    char own_link[80];
    bool ready, rested;
    bool started;    /* and came to rest once */
    bool clock_told; /* that the wall clock is behind ours */
};

/* Brings the database to this program's schema. The exit code to end with, and log lines, if it can't be: one that says
 * "never again" for what only a person mends; what may pass, and a password or a database that is refused (they are
 * changed and restored under a shop that is to come back by itself), is tried again. What was changed since it was
 * right is told loudly and stops nothing: the shop serves what it can, and the rest once it is mended. Blocks. */
int start_migrate(const struct setup *setup);
/* Makes all parts; nothing is asked of anybody yet. */
void start_parts(struct daemon *daemon);
/* Who are we, take the bot, take up what the last life left, ask for updates: goes on by itself in the loop. */
void start_begin(struct daemon *daemon);

#endif
