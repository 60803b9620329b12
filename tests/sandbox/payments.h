/* Payments as the shop's outside world has them, and what a payer does on the checkout page. */
#ifndef TESTS_SANDBOX_PAYMENTS_H
#define TESTS_SANDBOX_PAYMENTS_H

#include "tests/sandbox/http.h"

#define PAYMENT_LIFE_MS (3600LL * 1000)
#define CAPTURE_LIFE_MS (7LL * 86400 * 1000)
#define PAYMENT_MIN_KOPECKS 100LL
#define PAYMENT_MAX_KOPECKS (700000LL * 100)

/* A new pending payment; `asked` is kept (a reference is taken). */
struct payment *payments_add(struct sandbox *sb, json_object *asked, int64_t kopecks);
/* Makes what time has done to it visible: expiry. */
struct payment *payments_find(struct sandbox *sb, const char *id);
void payments_refresh(struct sandbox *sb, struct payment *payment);
/* Ends those whose time is over; returns the ms until the next one, or -1. */
int64_t payments_run(struct sandbox *sb);
void payments_hold(struct sandbox *sb, struct payment *payment);
/* `receipt` is that of a partial capture, or NULL. */
void payments_capture(struct sandbox *sb, struct payment *payment, int64_t kopecks, json_object *receipt);
void payments_cancel(struct sandbox *sb, struct payment *payment, const char *party, const char *reason);
bool payments_has_receipt(const struct payment *payment);
/* The most a payment method takes, in kopecks; 0 = no such method here. */
int64_t payments_method_max(const char *method);
/* The Payment object of the API. */
void payments_add_json(const struct sandbox *sb, struct buf *out, const struct payment *payment);
void payments_restore(struct sandbox *sb, json_object *line);
void payments_done(struct world *world);

/* payments_control.c: /api/payments… ; `rest` is what follows. */
void payments_control(struct request *request, const char *rest);

/* yookassa_json.c: parts that objects of the API have in common. */
/* "2026-11-22T10:00:00.000Z"; the buffer holds 32 bytes. */
void payments_time(int64_t ms, char text[32]);
void payments_add_time(struct buf *out, const char *key, int64_t ms);
void payments_add_amount(struct buf *out, const char *key, int64_t kopecks);
/* A new id of the form YooKassa's have; 37 bytes. */
void payments_id(struct sandbox *sb, char id[37]);
json_object *payments_asked(json_object *asked, const char *key); /* NULL when absent */
void payments_add_metadata(struct buf *out, json_object *asked);

#endif
