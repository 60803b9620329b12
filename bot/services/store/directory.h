/* The store in a local directory: <root>/ab/cd/<name>, written to <root>/tmp first. */
#ifndef BOT_SERVICES_STORE_DIRECTORY_H
#define BOT_SERVICES_STORE_DIRECTORY_H

#include "bot/services/store/store.h"

/* Opens the directory, making it (one level, mode 0700) if it is missing, and throws away what a killed put left in
 * tmp. The caller owns *ret_store (store_free). ERR_IO with errno telling why, ERR_INVALID if it is no directory. */
enum err directory_new(const char *path, struct store **ret_store) MUST_CHECK;
/* The same question without changing anything: ERR_OK, or as directory_new; ERR_NOT_FOUND = it would be made. */
enum err directory_check(const char *path) MUST_CHECK;

#endif
