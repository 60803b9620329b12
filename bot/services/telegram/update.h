/* Inside bot/telegram only: one parsed update to one event. */
#ifndef BOT_SERVICES_TELEGRAM_UPDATE_H
#define BOT_SERVICES_TELEGRAM_UPDATE_H

#include <json-c/json.h>
#include "core/arena.h"
#include "core/event.h"

/* Fill the event (its kind and update_id are set already). NULL, or why the update is poison (static). */
const char *update_decode(struct arena *arena, struct json_object *update, struct event *event);

#endif
