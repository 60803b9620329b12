/* The SQL of reconciliation: how far the provider's lists were compared with our books (table bot_reconciliations), and
 * what is learned of what stands in them. The decisions are the database's: payment_listed, payment_compared,
 * refund_seen. Amounts are kopecks. */
#ifndef DB_RECONCILE_H
#define DB_RECONCILE_H

#include "db/db.h"

enum {
    RECONCILE_YOOKASSA = 1,      /* the id of its row */
    RECONCILE_UNSETTLED_MAX = 50 /* payments of one answer */
};

struct reconcile_row {
    int64_t id;
    int64_t payments_since_ms, refunds_since_ms; /* unix */
    int64_t now_ms;                              /* by the database's clock */
    int64_t passed_ms_ago;                       /* since the last whole pass */
    bool is_due;                                 /* there is something to compare */
};

/* All add functions return the index of their statement. */

/* Its row; is_due: for this shop. */
int reconcile_add_find(struct db_unit *unit, struct arena *arena, int64_t id, const char *shop);
struct reconcile_row reconcile_read(const struct db_result *result, int statement, int row);

/* A payment as a provider tells it. Texts are borrowed. */
struct reconcile_payment {
    const char *provider;
    const char *id;
    const char *status; /* "missing", "unreadable", or the provider's word for it */
    int64_t kopecks;    /* 0 = not told, as in these: */
    const char *currency;
    int64_t refunded_kopecks; /* less than 0 = not told */
    int64_t order_id;
    bool test, test_untold;
    int64_t created_at_s;
};

/* One that a list calls succeeded. reconcile_read_asked: it is to be asked for by its name. */
int reconcile_add_listed(struct db_unit *unit, struct arena *arena, const struct reconcile_payment *payment);
bool reconcile_read_asked(const struct db_result *result, int statement);
/* What was said of one that was asked for by its name. reconcile_read_odd: a person is to hear of it. */
int reconcile_add_compared(struct db_unit *unit, struct arena *arena, const struct reconcile_payment *payment);
bool reconcile_read_odd(const struct db_result *result, int statement);

struct reconcile_refund {
    const char *provider;
    const char *id, *payment_id;
    const char *status;
    int64_t kopecks;
    const char *currency;
};

enum reconcile_seen {
    RECONCILE_KNOWN,
    RECONCILE_TAKEN, /* it was not known, and stands in the books now */
    RECONCILE_OPEN,  /* it is not over yet: to be seen again */
    RECONCILE_ODD,   /* more went back than came */
    RECONCILE_FOREIGN,
    RECONCILE_SEEN_COUNT
};

int reconcile_add_refund(struct db_unit *unit, struct arena *arena, const struct reconcile_refund *refund);
enum reconcile_seen reconcile_read_refund(const struct db_result *result, int statement);

/* Payments of this shop that are to be asked for although no list named them: those that succeeded here and were not
 * compared, or were different; and those that are open for longer than a link lives. By their number, behind after. */
int reconcile_add_unsettled(struct db_unit *unit, struct arena *arena, const char *shop, int64_t after);
int64_t reconcile_read_number(const struct db_result *result, int statement, int row);
const char *reconcile_read_id(const struct db_result *result, int statement, int row);

/* The end of a whole pass: what was before these times is compared. */
void reconcile_add_passed(struct db_unit *unit, struct arena *arena, int64_t id, int64_t payments_since_ms,
                          int64_t refunds_since_ms);

#endif
