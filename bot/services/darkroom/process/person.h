/* Where the person is. A good guess, made without a trained model. */
#ifndef BOT_SERVICES_DARKROOM_PROCESS_PERSON_H
#define BOT_SERVICES_DARKROOM_PROCESS_PERSON_H

#include "bot/services/darkroom/process/canvas.h"

/* The head with its hair, in the canvas' pixels. */
struct person {
    float x, y;          /* middle of the face */
    float width, height; /* of the head, hair included */
};

/* Always gives something sensible: where heads usually are, if nothing better is found. */
struct person person_find(const struct canvas *canvas);

/* 0 … 255 how much each pixel belongs to the person: canvas->width × canvas->height bytes, free(). */
uint8_t *person_matte(const struct canvas *canvas, struct person person);

#endif
