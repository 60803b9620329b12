/* The bot's command menu in both languages, and the start-up calls of Telegram. */
#ifndef BOT_HOUSE_MENU_H
#define BOT_HOUSE_MENU_H

#include "bot/house/shop.h"
#include "bot/services/telegram/poll.h"

enum err menu_begin(struct shop *shop, telegram_ready_fn *ready, void *ctx) MUST_CHECK;

#endif
