/* fotosetd refunded: a person gave a payment back in the provider's cabinet, and the books are to know. */
#ifndef BOT_REFUNDED_H
#define BOT_REFUNDED_H

#include "bot/house/setup.h"

/* payment: its number, as the audit says it. Returns the exit code. */
int refunded_run(const struct setup *setup, const char *payment);

#endif
