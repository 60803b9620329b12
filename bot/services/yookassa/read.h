/* Fields of YooKassa's objects, as all of them have them: read strictly, nothing is guessed. */
#ifndef BOT_SERVICES_YOOKASSA_READ_H
#define BOT_SERVICES_YOOKASSA_READ_H

#include <json-c/json.h>
#include <stddef.h>
#include <stdint.h>
#include "core/err.h"

enum { YOOKASSA_CURRENCY_BYTES = 4, YOOKASSA_JSON_DEPTH_MAX = 32 };

/* Copies a required text; ERR_INVALID when it is missing, empty or too long. */
enum err yookassa_read_text(struct json_object *object, const char *key, char *ret_text, size_t bytes) MUST_CHECK;
/* "amount": exact money, more than none, of a currency of three letters. */
enum err yookassa_read_amount(struct json_object *object, int64_t *ret_kopecks,
                              char ret_currency[YOOKASSA_CURRENCY_BYTES]) MUST_CHECK;
/* One of the metadata's: a number of ours, which is text, or a number, as others write it. 0: it is none. */
int64_t yookassa_read_ours(struct json_object *object, const char *key);
/* "2026-07-18T10:51:18.139Z": YooKassa writes UTC. 0 when it is missing or of another form. */
int64_t yookassa_read_time(struct json_object *object, const char *key);

#endif
