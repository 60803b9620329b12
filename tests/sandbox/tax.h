/* A stand-in for "Мой налог" (lknpd.nalog.ru/api/v1), where the self-employed register what they earn. */
#ifndef TESTS_SANDBOX_TAX_H
#define TESTS_SANDBOX_TAX_H

#include "tests/sandbox/http.h"

/* /tax/api/v1/… */
void tax_serve(struct request *request);
/* /api/tax… ; `rest` is what follows. */
void tax_control(struct request *request, const char *rest);
/* {"code","message"} with this status. */
void tax_fail(struct request *request, unsigned status, const char *code, const char *message);

void tax_token_restore(struct sandbox *sb, json_object *line);
void tax_done(struct world *world);

/* tax_income.c: the incomes of whoever is signed in; `device` is the token's. */
void tax_register(struct request *request, const char *device);
void tax_cancel(struct request *request);
void tax_list(struct request *request);
/* "INN/UUID/print" or "…/json". */
void tax_receipt(struct request *request, const char *rest);
void tax_add_incomes(const struct sandbox *sb, struct buf *out);
void tax_income_restore(struct sandbox *sb, json_object *line);

#endif
