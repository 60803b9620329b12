/* What a dialogue finds stored already: its "stored …" lines. */
#ifndef TESTS_TALK_STORED_H
#define TESTS_TALK_STORED_H

#include "tests/talk/stage.h"

/* Plays the line "what: rest". NULL, or what is wrong with it. */
const char *stored_play(struct stage *stage, struct arena *arena, const char *what, const char *rest);

#endif
