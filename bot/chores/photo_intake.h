/* The chore that takes a reference photo in: getFile, download, the darkroom's verdict, the store, the database. Woken
 * with the photo's id when it was committed as pending; ends with EVENT_PHOTO_READY. */
#ifndef BOT_CHORES_PHOTO_INTAKE_H
#define BOT_CHORES_PHOTO_INTAKE_H

#include "bot/chores/engine.h"
#include "bot/services/darkroom/darkroom.h"
#include "bot/services/store/store.h"
#include "bot/services/telegram/client.h"

struct photo_intake;

/* Borrowed, all outlive it. */
struct photo_intake_ports {
    struct engine *engine;
    struct telegram *telegram;
    struct darkroom *darkroom;
    struct store *store;
    const struct clock *clock;
    const struct stop *stop;
    int64_t photo_max_bytes;
    int32_t min_side_px;
};

/* Adds itself to the engine, which is freed before it. Never NULL. */
struct photo_intake *photo_intake_new(const struct photo_intake_ports *ports);
void photo_intake_free(struct photo_intake *self); /* accepts NULL */

#endif
