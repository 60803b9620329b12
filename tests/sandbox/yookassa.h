/* YooKassa's API v3, as far as payments go. */
#ifndef TESTS_SANDBOX_YOOKASSA_H
#define TESTS_SANDBOX_YOOKASSA_H

#include "tests/sandbox/http.h"

void yookassa_serve(struct request *request);

/* payment_check.c: judges the body of POST /payments. NULL when fine (and the amount is set), else what is wrong;
 * *ret_parameter names the field, or NULL. Texts are static. */
const char *payment_check(json_object *body, bool require_receipt, int64_t *ret_kopecks, const char **ret_parameter);
/* "500.00" as kopecks; false for any other form. */
bool payment_kopecks(const char *text, int64_t *ret_kopecks);

#endif
