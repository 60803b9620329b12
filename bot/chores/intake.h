/* Fetching and examining reference photos: getFile, download, the darkroom's verdict, the store, the database. One
 * photo is one chore; a crash anywhere leaves it pending in photo_intake and it is begun again at start. */
#ifndef BOT_CHORES_INTAKE_H
#define BOT_CHORES_INTAKE_H

#include <stddef.h>
#include <stdint.h>
#include "bot/house/shop.h"

struct intake;

enum { INTAKE_AT_ONCE_MAX = 4 /* photos held in memory at the same time: each is up to 20 MiB */ };

struct intake *intake_new(struct shop *shop);
void intake_free(struct intake *intake); /* accepts NULL */
/* A photo was committed as pending. Copies the strings. Ends with EVENT_PHOTO_READY (object = id). */
void intake_add(struct intake *intake, int64_t id, int64_t chat_id, const char *file_id, int64_t size_bytes);
/* Load what is pending in the database: once at start, before any intake_add. */
void intake_resume(struct intake *intake);
/* Photos being worked on now; those that wait their turn are not counted. */
size_t intake_pending(const struct intake *intake);

#endif
