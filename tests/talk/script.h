/* The small things a dialogue file is made of: words, counts, escapes, patterns. */
#ifndef TESTS_TALK_SCRIPT_H
#define TESTS_TALK_SCRIPT_H

#include "core/arena.h"
#include "core/chat.h"

#include <stdbool.h>

/* "\n" "\t" "\x07" and "{A x65}" (A sixty-five times) resolved. */
const char *script_unescape(struct arena *arena, const char *text);
/* Does text contain the parts of the pattern, between its "…", in that order? */
bool script_matches(const char *text, const char *pattern);
/* Cuts the next word off; "" at the end. */
const char *script_word(struct arena *arena, const char **rest);
/* "x10" → 10; anything else → 0. */
int script_times(const char *word);
/* "1.6s", also m, h, d; 0 for what is no time. */
int64_t script_ms(const char *word);
/* Reads "offer 2" or "data 1" into the versions. */
void script_version(struct arena *arena, const char *rest, int32_t versions[CONSENT_COUNT]);
/* "avatar_name Цена, page 2"; "nothing" for an empty one. */
const char *script_form(struct arena *arena, const struct form *form);
/* An effect as a dialogue names it: "REGISTER ABC234", "ALBUM 0-9", "ORDER_CREATE professional 50000 23". */
const char *script_effect(struct arena *arena, const struct effect *effect);
/* enum photo_verdict, enum payment_reason ("" for none told); -1: there is none of that name. */
int script_verdict(const char *name);
int script_reason(const char *name);
/* "money 3", "refund done 2174 failed" (kopecks, enum refund_why). False: it is none of these. */
bool script_shop_news(struct arena *arena, const char *what, const char *rest, struct event *ret_event);

#endif
