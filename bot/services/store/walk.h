/* Reading the names of a directory store in slices. */
#ifndef BOT_SERVICES_STORE_WALK_H
#define BOT_SERVICES_STORE_WALK_H

#include "bot/services/store/store.h"

/* store_list of the directory behind root_fd: names in ascending order, from `from` on ("" = from the beginning). What
 * can't be read is passed over: whoever puts or gets something there hears of it. */
void walk_slice(int root_fd, const char *from, struct store_slice *ret_slice);

#endif
