/* fotosetd refund and refunded: a payment is to go back, or a person gave it back in the provider's cabinet, and the
 * books are to know. */
#ifndef BOT_REFUNDED_H
#define BOT_REFUNDED_H

#include "bot/house/setup.h"

/* payment: its number, as the audit says it. Both return the exit code. */
int refund_run(const struct setup *setup, const char *payment);
int refunded_run(const struct setup *setup, const char *payment);

#endif
