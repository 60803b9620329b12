/* The one builder of addresses that hold the bot's token. Nobody else writes one, and nobody logs or stores one. */
#ifndef BOT_SERVICES_TELEGRAM_URL_H
#define BOT_SERVICES_TELEGRAM_URL_H

#include <stddef.h>
#include "core/err.h"

enum { TELEGRAM_URL_MAX_BYTES = 1024, TELEGRAM_TOKEN_MAX_BYTES = 256, TELEGRAM_PATH_MAX_BYTES = 512 };

/* Is it digits ':' token characters and nothing else (no newline at the end)? ERR_INVALID otherwise. */
enum err telegram_token_check(const char *token) MUST_CHECK;
/* Is it the base of an API (address.h), without a slash at its end? ERR_INVALID otherwise. */
enum err telegram_api_url_check(const char *api_url) MUST_CHECK;

/* <api_url>/bot<token>/<method>. ERR_INVALID for a method that isn't letters; ERR_TOO_LARGE. */
enum err telegram_url_method(char ret_url[TELEGRAM_URL_MAX_BYTES], const char *api_url, const char *token,
                             const char *method) MUST_CHECK;
/* <api_url>/file/bot<token>/<file_path>, percent-encoded. ERR_INVALID for an absolute path, "..", "\", ":" (a scheme)
 * or a control character; ERR_TOO_LARGE. */
enum err telegram_url_file(char ret_url[TELEGRAM_URL_MAX_BYTES], const char *api_url, const char *token,
                           const char *file_path) MUST_CHECK;

#endif
