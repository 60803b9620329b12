/* YooKassa's API v3, as far as payments, refunds and receipts go. */
#ifndef TESTS_SANDBOX_YOOKASSA_H
#define TESTS_SANDBOX_YOOKASSA_H

#include "tests/sandbox/http.h"

void yookassa_serve(struct request *request);
/* An error object; `parameter` names the field, or is NULL. */
void yookassa_fail(struct request *request, unsigned status, const char *code, const char *description,
                   const char *parameter);
/* A body that must be an object may not be one, and what is not JSON at all can't be read. Fills request->params (with
 * the query too). False: it is no object. */
bool yookassa_read(struct request *request, bool is_post);

/* yookassa_list.c: GET /payments, /refunds, /receipts. */
void yookassa_list_payments(struct request *request);
void yookassa_list_refunds(struct request *request);
void yookassa_list_receipts(struct request *request);
/* "2026-11-22T10:00:00[.123](Z|+03:00)" in ms; false for any other form. */
bool yookassa_time(const char *text, int64_t *ret_ms);

#endif
