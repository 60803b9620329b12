/* The settings of the shop, as YooKassa tells them (GET /me). */
#ifndef BOT_SERVICES_YOOKASSA_SHOP_H
#define BOT_SERVICES_YOOKASSA_SHOP_H

#include <stdbool.h>
#include <stddef.h>
#include "core/err.h"

struct yookassa_shop {
    bool test;          /* its money is none */
    bool enabled;       /* it may take payments */
    bool receipts_told; /* … and this: */
    bool receipts;      /* each payment needs the data of a receipt */
};

/* ERR_INVALID: that is no shop. */
enum err yookassa_shop_parse(const char *json, size_t bytes, struct yookassa_shop *ret_shop) MUST_CHECK;

#endif
