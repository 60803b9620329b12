/* Inside bot/telegram only: one parsed update to one event. */
#ifndef BOT_SERVICES_TELEGRAM_UPDATE_H
#define BOT_SERVICES_TELEGRAM_UPDATE_H

#include <json-c/json.h>
#include "core/arena.h"
#include "core/event.h"

/* The member when it is there and of that type; NULL otherwise. object may be NULL or anything. */
struct json_object *update_member(struct json_object *object, const char *name, enum json_type type);
/* The member when it is an integer; 0 otherwise. */
int64_t update_number(struct json_object *object, const char *name);

/* Fill the event (its kind and update_id are set already). NULL, or why the update is poison (static). */
const char *update_decode(struct arena *arena, struct json_object *update, struct event *event);

#endif
