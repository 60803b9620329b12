/* Which way up a PNG says it is in its texts. */
#ifndef BOT_SERVICES_DARKROOM_PROCESS_ORIENT_H
#define BOT_SERVICES_DARKROOM_PROCESS_ORIENT_H

#include <vips/vips.h>

/* 1 … 8 as in EXIF; 0 = it says nothing. */
int orient_in_texts(VipsImage *image);

#endif
