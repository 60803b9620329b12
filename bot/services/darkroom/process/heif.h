/* The primary picture of an HEIF file, freed of what stands beside it. */
#ifndef BOT_SERVICES_DARKROOM_PROCESS_HEIF_H
#define BOT_SERVICES_DARKROOM_PROCESS_HEIF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Changes the bytes in place so that a reader sees the primary item and what it is made of (the tiles of a grid), and
 * nothing else: no gain map, tone map, depth, thumbnail or metadata. False, and nothing is promised of the bytes any
 * more, if they can't be understood. */
bool heif_keep_primary(uint8_t *bytes, size_t len);

#endif
