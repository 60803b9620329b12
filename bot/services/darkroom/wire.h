/* What the daemon and the darkroom process say to each other over the socketpair (the process' fd 3): a header, then
 * its bytes. Both ends are built together and run on one machine, so the structs travel as they are. The daemon does
 * not trust the process: every length that comes back is checked against its maximum. */
#ifndef BOT_SERVICES_DARKROOM_WIRE_H
#define BOT_SERVICES_DARKROOM_WIRE_H

#include <stdint.h>
#include "bot/services/darkroom/darkroom.h"

enum { WIRE_FD = 3 };

#define WIRE_REQUEST_MAGIC 0x46445232u /* changes whenever a struct below does */
#define WIRE_ANSWER_MAGIC 0x46444132u
#define WIRE_HELLO_MAGIC 0x46444832u /* the first answer, sent once the process is warm and locked in */

enum wire_kind { WIRE_EXAMINE, WIRE_MAKE, WIRE_RENDER, WIRE_COMPARE, WIRE_KIND_COUNT };

struct wire_request {
    uint32_t magic;
    uint32_t kind;
    uint32_t body_len; /* the picture (compare: the sketches): follows first */
    uint32_t text_len; /* the recipe, without a final 0: follows second */
    int32_t width;     /* render: width; examine: the least allowed side */
    int32_t height;
    uint64_t seed;
};

struct wire_answer {
    uint32_t magic;
    int32_t err;     /* enum err */
    int32_t verdict; /* enum photo_verdict */
    int32_t width, height;
    int32_t sharpness;
    int32_t is_same;                       /* compare: 1 if the first sketch is that of one of the others */
    uint32_t body_len;                     /* the JPEG: follows */
    uint8_t sketch[DARKROOM_SKETCH_BYTES]; /* examine */
};

#endif
