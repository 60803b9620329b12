/* What is said of each end that a payment can come to: one table for those who tell it. */
#ifndef CORE_ENDING_H
#define CORE_ENDING_H

#include "core/event.h"
#include "core/text.h"

/* Of one that brought no money: EVENT_PAYMENT_CANCELED. */
enum text_key ending_unpaid(enum payment_reason reason);
/* Of a link that could not be made, or is not ours: EVENT_PAYMENT_FAILED. */
enum text_key ending_no_link(enum payment_reason reason);
/* Of money that came, to whoever is not looking at its order: EVENT_PAYMENT_SETTLED. is_made: there is a set. */
enum text_key ending_paid(enum payment_reason reason, bool is_made);

#endif
