/* Parameters of statements, in Postgres's text format. Values that need building live in the caller's arena until
 * db_unit_add copied them. Arrays are for unnest($1::bigint[], $2::text[], …): one statement for many rows. Their
 * building is linear in their size. Texts must be UTF-8 without zero bytes (Postgres refuses others, class 22). */
#ifndef DB_PARAM_H
#define DB_PARAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "core/arena.h"

/* SQL: the timestamptz of a parameter in unix milliseconds, an int64 or NULL. */
#define DB_TIME_OF_MS(param) "to_timestamp(" param "::bigint / 1000.0)"

struct db_param {
    const char *text; /* 0-terminated; NULL = SQL NULL */
    size_t bytes;     /* its length */
};

struct db_param db_null(void);
struct db_param db_text_param(const char *text); /* borrowed; NULL gives SQL NULL */
struct db_param db_int64_param(struct arena *arena, int64_t value);
struct db_param db_bool_param(bool value);
/* A decimal amount of money: 49950 gives "499.50", for DECIMAL(10,2) columns. */
struct db_param db_kopecks_param(struct arena *arena, int64_t kopecks);
/* The same of any currency, from its smallest unit: kopecks; Telegram's stars ("XTR") have no other. */
struct db_param db_amount_param(struct arena *arena, const char *currency, int64_t amount);
struct db_param db_bytea_param(struct arena *arena, const void *data, size_t bytes); /* data NULL gives SQL NULL */

/* NULL elements of text arrays become SQL NULL. count may be 0 (an empty array). */
struct db_param db_int64_array(struct arena *arena, const int64_t *values, size_t count);
struct db_param db_bool_array(struct arena *arena, const bool *values, size_t count);
struct db_param db_text_array(struct arena *arena, const char *const *values, size_t count);

#endif
