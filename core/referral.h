/* Referral codes as they arrive in a start link. What they earn is not decided here. */
#ifndef CORE_REFERRAL_H
#define CORE_REFERRAL_H

#include "core/arena.h"

enum { REFERRAL_CODE_CHARS = 6 };

/* The code of a start payload "ref_<CODE>", in capitals, if it looks like one of ours: six characters of
 * ABCDEFGHJKLMNPQRSTUVWXYZ23456789; else NULL. */
const char *referral_code(struct arena *arena, const char *payload);

#endif
