/* Refunds of payments: most succeed at once, some stay pending or are refused. */
#ifndef TESTS_SANDBOX_REFUNDS_H
#define TESTS_SANDBOX_REFUNDS_H

#include "tests/sandbox/http.h"

/* A new refund of a payment that allows it; a fault of the service "refund" may make it pending or refused. */
struct refund *refunds_add(struct sandbox *sb, struct payment *payment, json_object *asked, int64_t kopecks);
struct refund *refunds_find(struct sandbox *sb, const char *id);
/* Ends the pending ones whose time has come; returns the ms until the next one, or -1. */
int64_t refunds_run(struct sandbox *sb);
/* The Refund object of the API. */
void refunds_add_json(const struct sandbox *sb, struct buf *out, const struct refund *refund);
void refunds_restore(struct sandbox *sb, json_object *line);
void refunds_done(struct world *world);
/* /api/refunds… ; `rest` is what follows. */
void refunds_control(struct request *request, const char *rest);

#endif
