/* Inside bot/telegram only: is the token really unknown? Telegram (or something on the way that speaks like it) gives a
 * 401 or 404 to a good token now and then, so the verdict is believed only when getMe has said it again and again over
 * a minute. */
#ifndef BOT_SERVICES_TELEGRAM_DOUBT_H
#define BOT_SERVICES_TELEGRAM_DOUBT_H

#include <stdbool.h>
#include <stdint.h>

enum {
    DOUBT_TIMES = 6,           /* so often getMe must say it */
    DOUBT_FIRST_WAIT_MS = 2000 /* between the first two; then twice as long each time: 62 s in all */
};

struct doubt {
    int times; /* getMe said it, since it last knew the token */
};

/* getMe says it once more. True: it is to be believed. Else *ret_wait_ms until it is asked again. */
static inline bool doubt_repeated(struct doubt *doubt, int64_t *ret_wait_ms)
{
    if (++doubt->times >= DOUBT_TIMES)
        return true;
    *ret_wait_ms = (int64_t)DOUBT_FIRST_WAIT_MS << (doubt->times - 1);
    return false;
}

#endif
