/* A page of one of YooKassa's lists, and how it is asked for. */
#ifndef BOT_SERVICES_YOOKASSA_LIST_H
#define BOT_SERVICES_YOOKASSA_LIST_H

#include "bot/services/yookassa/payment.h"
#include "bot/services/yookassa/refund.h"

enum {
    YOOKASSA_PAGE_MAX = 100, /* objects: the most that YooKassa gives at once */
    YOOKASSA_CURSOR_BYTES = 257,
    YOOKASSA_QUERY_BYTES = 1024
};

enum yookassa_list {
    YOOKASSA_PAYMENTS, /* that succeeded, captured since */
    YOOKASSA_REFUNDS,  /* of any status, created since */
    YOOKASSA_LIST_COUNT
};

/* Objects that can't be read stand in no list: of those that have a name it is in unread. */
struct yookassa_page {
    enum yookassa_list list;
    struct yookassa_payment *payments; /* of YOOKASSA_PAYMENTS */
    struct yookassa_refund *refunds;   /* of YOOKASSA_REFUNDS */
    size_t count;
    char unread[YOOKASSA_PAGE_MAX][YOOKASSA_ID_BYTES];
    size_t unread_count, nameless_count;
    char next[YOOKASSA_CURSOR_BYTES]; /* "" = it was the last */
};

/* "payments?status=…": the page behind cursor; "" = the first. */
void yookassa_page_query(enum yookassa_list list, int64_t since_s, const char *cursor,
                         char ret_query[YOOKASSA_QUERY_BYTES]);
/* ERR_INVALID: it is no page, has more than YOOKASSA_PAGE_MAX objects, or goes on in a way that can't be asked for.
 * Else yookassa_page_free() frees it. */
enum err yookassa_page_parse(enum yookassa_list list, const char *json, size_t bytes,
                             struct yookassa_page **ret_page) MUST_CHECK;
void yookassa_page_free(struct yookassa_page *page); /* accepts NULL */

#endif
