/* Small files that cost a careless decoder gigabytes or hours. All are what they claim to be: nothing in them is cut
 * off, only their size is a lie or their making is cruel. */
#ifndef TESTS_SYSTEM_BOMBS_H
#define TESTS_SYSTEM_BOMBS_H

#include <stddef.h>

enum bomb {
    BOMB_PNG_VAST,   /* a hundred bytes, 60,000 × 60,000 points */
    BOMB_PNG_DEEP,   /* 4000 × 4000 points of 8 bytes, interlaced: nothing of it can be shown before all is there */
    BOMB_JPEG_VAST,  /* 65,500 × 65,500 points */
    BOMB_JPEG_SCANS, /* 40,000 passes over a large picture, minutes of work */
    BOMB_WEBP_VAST,  /* thirty bytes, a gigabyte */
    BOMB_WEBP_DEEP,  /* thirty bytes, 7000 × 7000 points */
    BOMB_COUNT
};

struct bomb_file {
    const char *name, *type;
    unsigned char *bytes; /* malloc */
    size_t length;
};

struct bomb_file bomb_make(enum bomb which);

#endif
