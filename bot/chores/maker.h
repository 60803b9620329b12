/* The maker: claims photo tasks with a lease, has each made by the provider, stores the picture and tells the
 * database, which alone says whether the task was still ours. Several machines may run makers on one database. */
#ifndef BOT_CHORES_MAKER_H
#define BOT_CHORES_MAKER_H

#include <stddef.h>
#include "bot/house/shop.h"

struct maker;

struct maker *maker_new(struct shop *shop);
void maker_free(struct maker *maker); /* accepts NULL */
/* There may be tasks: a job was made, a lease or a wait ran out, or the daemon started. */
void maker_wake(struct maker *maker);
/* Photos being made. */
size_t maker_busy(const struct maker *maker);

#endif
