/* What comes to a chat from outside, as dialogues write it. */
#ifndef TESTS_TALK_NEWS_H
#define TESTS_TALK_NEWS_H

#include "tests/talk/stage.h"

/* Each plays one line; NULL, or what is wrong with it. Texts are kept in the arena. */

/* "link https://…", "canceled funds", "settled first" … */
const char *news_play(struct stage *stage, struct arena *arena, const char *rest);
/* "120": what a star counts for; "paid CHARGE 417 PAYLOAD", "refunded CHARGE 417 PAYLOAD". */
const char *news_play_stars(struct stage *stage, struct arena *arena, const char *rest);

#endif
