/* Payments as the shop's outside world has them, and what a payer does on the checkout page. */
#ifndef TESTS_SANDBOX_PAYMENTS_H
#define TESTS_SANDBOX_PAYMENTS_H

#include "tests/sandbox/http.h"

#define PAYMENT_LIFE_MS (3600LL * 1000)
#define CAPTURE_LIFE_MS (7LL * 86400 * 1000)
#define IDEMPOTENCE_MS (86400LL * 1000)

/* A new pending payment; `asked` is kept (a reference is taken). */
struct payment *payments_add(struct sandbox *sb, json_object *asked, int64_t kopecks);
/* Makes what time has done to it visible: expiry. */
struct payment *payments_find(struct sandbox *sb, const char *id);
void payments_refresh(struct sandbox *sb, struct payment *payment);
void payments_capture(struct sandbox *sb, struct payment *payment);
void payments_cancel(struct sandbox *sb, struct payment *payment, const char *party, const char *reason);
/* The Payment object of the API. */
void payments_add_json(const struct sandbox *sb, struct buf *out, const struct payment *payment);
void payments_restore(struct sandbox *sb, json_object *line);
void payments_remember(struct sandbox *sb, const char *key, const char *body, const char *payment_id, int64_t at_ms);
void payments_done(struct world *world);

/* /api/payments… ; `rest` is what follows. */
void payments_control(struct request *request, const char *rest);
/* "2026-11-22T10:00:00.000Z"; the buffer holds 32 bytes. */
void payments_time(int64_t ms, char text[32]);

#endif
