/* What a conversation's sheet is made of. A conversation file opens with three lists,
 *
 *   STATES(S)    S(id, stored name, question, what helps who says something else, … who sends a photo, time limit in s,
 *                  who may be there, facts it needs beside those of where its moves lead, news it hears)
 *   OUTCOMES(O)  O(NAME) …                       what its readers may return
 *   MOVES(M)     M(from, on, to, also do)
 *   CORRECTIONS(C)  C(state, do) …               only if there are any: what an edit does to words the state took
 *
 * and then includes core/talk/sheet.inc, which turns them into tables. For each state `id` the file defines
 *   static int read_<id>(struct step *)    classifies the event; never names the next state
 *   static void show_<id>(struct step *)   writes the question and its buttons
 * Moves common to all conversations live in core/engine.c and run first. */
#ifndef CORE_SHEET_H
#define CORE_SHEET_H

#include "core/step.h"
#include "core/who.h"

/* Outcomes every reader may return; a conversation's own ones start at OUT_FIRST. */
enum {
    OUT_UNEXPECTED, /* not an answer to this question: a helpful line and the question again */
    OUT_AGAIN,      /* the question again (the reader may have put a hint) */
    OUT_QUIET,      /* nothing to show now */
    OUT_FIRST
};

/* Units of time limits. */
enum { MINUTE = 60, HOUR = 3600, DAY = 86400 };

struct move {
    int on;
    const struct state *from;
    const struct state *to;
    void (*also)(struct step *step);
};

/* The user edited the words that the state took, and has gone on: mends what came of them, and puts a hint if there is
 * something to say. False: the user is asked the same again, and the words are the answer. */
struct correction {
    const struct state *of;
    bool (*correct)(struct step *step);
};

struct sheet {
    const char *name;
    const char *const *outcomes; /* names, from OUT_FIRST */
    int outcome_count;           /* OUT_FIRST + own ones */
    const struct move *moves;
    size_t move_count;
    const struct correction *corrections;
    size_t correction_count;
};

struct state {
    const char *id;
    const char *name; /* stored in Postgres and in buttons; never reused for another meaning */
    enum text_key question;
    enum text_key hint, photo_hint; /* above the question, when something else came than was asked for */
    int64_t limit_s;
    enum who who;   /* may be there: checked at every step, before it is read */
    unsigned facts; /* of enum fact: what read, show and the moves' deeds look at */
    unsigned hears; /* of enum voice: other news are not read here (core/news.c) */
    const struct sheet *sheet;
    int (*read)(struct step *step);
    void (*show)(struct step *step);
};

/* Every state of every conversation, for look-ups by stored name and for the walks of the tests. */
#define ALL_STATES(X)                                                                                                  \
    X(welcome)                                                                                                         \
    X(consent)                                                                                                         \
    X(menu)                                                                                                            \
    X(avatar_name)                                                                                                     \
    X(photos)                                                                                                          \
    X(photos_clear)                                                                                                    \
    X(style)                                                                                                           \
    X(contact)                                                                                                         \
    X(checkout)                                                                                                        \
    X(promo)                                                                                                           \
    X(pay)                                                                                                             \
    X(making)                                                                                                          \
    X(result)                                                                                                          \
    X(my_avatars)                                                                                                      \
    X(card)                                                                                                            \
    X(sets)                                                                                                            \
    X(set)                                                                                                             \
    X(rename)                                                                                                          \
    X(delete)                                                                                                          \
    X(settings)                                                                                                        \
    X(receipt)                                                                                                         \
    X(help)                                                                                                            \
    X(health)

#define DECLARE_STATE(id) extern const struct state state_##id;
ALL_STATES(DECLARE_STATE)
#undef DECLARE_STATE

/* All states, NULL at the end. */
const struct state *const *sheet_states(void);
/* Does the state's screen ask for a contact with a keyboard of its own? Such a message can't be edited. */
bool sheet_asks_contact(const struct state *state);
/* NULL for a name we do not know (any more). */
const struct state *sheet_state(const char *name);

#endif
