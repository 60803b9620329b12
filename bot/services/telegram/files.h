/* Fetching a file a user sent: getFile, then the download, into memory. The link holds the token: it is made, used
 * and forgotten here. */
#ifndef BOT_SERVICES_TELEGRAM_FILES_H
#define BOT_SERVICES_TELEGRAM_FILES_H

#include <stddef.h>
#include <stdint.h>
#include "bot/services/telegram/client.h"

enum { TELEGRAM_FILE_MAX_BYTES = 20 * 1024 * 1024 };

/* OK: data (malloc'ed, now the callee's, who frees it) and bytes. Otherwise data is NULL and the verdict says:
 * FILE_TOO_BIG, FILE_BAD (refused), FILE_AWAY (not now: try for some minutes), UNAUTHORIZED, CANCELED, or
 * RETRY/AMBIGUOUS after all retries (try later); what getFile is refused for in another way is the verdict as it is. */
typedef void telegram_file_fn(void *ctx, const struct telegram_verdict *verdict, char *data, size_t bytes);

/* max_bytes 0 = TELEGRAM_FILE_MAX_BYTES. Errors as telegram_call; then got is never called. */
enum err telegram_file_fetch(struct telegram *tg, int64_t now_ms, const char *file_id, size_t max_bytes,
                             telegram_file_fn *got, void *ctx) MUST_CHECK;

#endif
