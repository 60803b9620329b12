/* The bot's command menu in both languages, and the start-up calls of Telegram. */
#ifndef BOT_HOUSE_MENU_H
#define BOT_HOUSE_MENU_H

#include "bot/services/telegram/poll.h"
#include "core/err.h"
#include "core/step.h"

enum err menu_begin(struct telegram *telegram, const struct rules *rules, int64_t now_ms, telegram_ready_fn *ready,
                    void *ctx) MUST_CHECK;

#endif
