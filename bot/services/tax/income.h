/* What is said to the tax service of an income, and what it says: bytes of requests, answers read strictly. */
#ifndef BOT_SERVICES_TAX_INCOME_H
#define BOT_SERVICES_TAX_INCOME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "core/err.h"

enum {
    TAX_UUID_BYTES = 41,
    TAX_TIME_BYTES = 32,
    TAX_PAGE = 100 /* incomes in one answer */
};

/* An income from a natural person. Strings are borrowed. */
struct tax_income {
    const char *name; /* says whose money it is, so that it is found again; 1 to 256 characters */
    int64_t kopecks;  /* > 0 */
    int64_t at_ms;    /* unix: when it came */
};

/* "2026-11-28T08:30:00+03:00". */
void tax_time(int64_t unix_ms, int32_t utc_offset_minutes, char ret_text[TAX_TIME_BYTES]);

/* The bodies of POST /income and POST /cancel; malloc'ed, the caller's. */
char *tax_income_body(const struct tax_income *income, int64_t now_ms, int32_t utc_offset_minutes);
char *tax_cancel_body(const char *uuid, int64_t now_ms, int32_t utc_offset_minutes);

/* A receipt's number, of an answer to POST /income: letters, digits and '-', so that it may stand in an address. */
enum err tax_read_uuid(const char *json, size_t bytes, char ret_uuid[TAX_UUID_BYTES]) MUST_CHECK;

/* An answer to POST /cancel: does it tell that the receipt of this number is canceled? */
enum err tax_read_canceled(const char *json, size_t bytes, const char *uuid) MUST_CHECK;

struct tax_found {
    char uuid[TAX_UUID_BYTES]; /* "" = it is not there */
    bool canceled;
    int count; /* of incomes on this page */
    bool more; /* pages behind it */
};
/* Looks through a page of GET /incomes: for the income of this number or, if uuid is NULL, for one that stands, of this
 * name and sum. ERR_INVALID if it can't be read: then it is not known whether it is there. */
enum err tax_read_page(const char *json, size_t bytes, const struct tax_income *income, const char *uuid,
                       struct tax_found *ret_found) MUST_CHECK;

#endif
