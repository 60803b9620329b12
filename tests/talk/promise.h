/* What the core promises to the shell and to Telegram, checked after every step of a stage. */
#ifndef TESTS_TALK_PROMISE_H
#define TESTS_TALK_PROMISE_H

#include "tests/talk/stage.h"

void promise_effects(const struct stage *stage, const struct event *event, const struct effects *effects,
                     const struct chat *chat, uint32_t version_before);
/* The chat the core changed, and the same chat loaded again after its effects were applied: they must agree. */
void promise_records(const struct stage *stage, const struct chat *changed, const struct chat *loaded);

#endif
