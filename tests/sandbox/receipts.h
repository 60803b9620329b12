/* Receipts (54-FZ) as they are registered: of payments, of refunds, and those that were asked for alone. */
#ifndef TESTS_SANDBOX_RECEIPTS_H
#define TESTS_SANDBOX_RECEIPTS_H

#include "tests/sandbox/http.h"

/* A new receipt, of a payment or of a refund (the other one is NULL); it is registered at once, unless a fault of the
 * service "receipt" keeps it pending or refuses it. `asked` is kept (a reference is taken). */
struct receipt *receipts_add(struct sandbox *sb, json_object *asked, int64_t kopecks, const char *payment_id,
                             const char *refund_id);
struct receipt *receipts_find(struct sandbox *sb, const char *id);
/* The Receipt object of the API. */
void receipts_add_json(const struct sandbox *sb, struct buf *out, const struct receipt *receipt);
void receipts_restore(struct sandbox *sb, json_object *line);
void receipts_done(struct world *world);
/* /api/receipts… ; `rest` is what follows. */
void receipts_control(struct request *request, const char *rest);

#endif
