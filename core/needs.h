/* What a step needs to know, said before anything is loaded: by the events themselves, and by table for each state that
 * the chat may turn out to be in, so that one round trip can load the session and what it needs. Asking for too little
 * is a bug that the first such step meets (core/chat.h); the walk of the tests looks for it. */
#ifndef CORE_NEEDS_H
#define CORE_NEEDS_H

#include "core/sheet.h"

/* What the engine may look at in anybody's step. */
enum { NEEDS_ENGINE = FACT_AVATARS | FACT_ORDER | FACT_HELD };

/* What the events of one chat in one turn need. Zero: nothing but the session. */
struct needs {
    unsigned facts;  /* of enum fact, whatever the chat is about */
    unsigned voices; /* of enum voice: a state that hears one of them needs its own facts, too */
    enum who who;    /* the user's rights, which keep some states from them */
    bool several;    /* such events: the chat may come through more states than its own and the next */
};

/* Adds an event of the chat. Returns the id of what it names (a job, an avatar), 0 for nothing. */
int64_t needs_add(struct needs *needs, const struct event *event);
/* All of it, once the session is known. db/load.c says the same in SQL. */
unsigned needs_of(const struct needs *needs, const struct session *session);
/* The most that it can be, whatever the session. */
unsigned needs_at_most(const struct needs *needs);
/* What a state needs: its own facts and those of where its moves lead. */
unsigned needs_of_state(const struct state *state);

#endif
