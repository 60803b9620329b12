/* The commands, once: what they lead to, who may, and how Telegram's menu describes them. */
#ifndef CORE_COMMANDS_H
#define CORE_COMMANDS_H

#include "core/text.h"
#include "core/who.h"

enum { COMMANDS_MAX = 64 };

struct command {
    const char *name;
    const char *place;  /* of core/places.c */
    enum text_key text; /* in the list that Telegram shows to everybody; TEXT_COUNT: not in it */
    enum who who;
};

/* All of them, at most COMMANDS_MAX, a name NULL at the end. */
const struct command *commands_all(void);
/* NULL if there is no such command. */
const struct command *commands_find(const char *name);

#endif
