/* What the files of this chore share: ../payment_reconcile.c is the chore and says which step comes next, pages.c reads
 * the lists, names.c asks for payments by their name. A step ends in pass_go_on(), or in a verb. */
#ifndef BOT_CHORES_PAYMENT_RECONCILE_PRIVATE_H
#define BOT_CHORES_PAYMENT_RECONCILE_PRIVATE_H

#include "bot/chores/payment_reconcile.h"
#include "bot/chores/question.h"
#include "db/reconcile.h"

#define PASS_PROVIDER "yookassa"

struct payment_reconcile {
    struct payment_reconcile_ports ports;
    struct questions questions;
    bool has_passed;       /* in this life */
    int64_t not_before_ms; /* another try */
};

enum { PASS_ITEMS_MAX = YOOKASSA_PAGE_MAX };

/* The work of the errand: where the pass is. */
struct pass {
    enum { PASS_REFUNDS, PASS_PAYMENTS, PASS_UNSETTLED } part;
    int64_t begun_ms;
    int64_t payments_since_s, refunds_since_s;
    int64_t refunds_mark_s; /* an hour after refunds_since_s … */
    int64_t held_s;         /* … or where it must not go beyond: a refund is not over; 0 = there is none */
    char cursor[YOOKASSA_CURSOR_BYTES], next[YOOKASSA_CURSOR_BYTES]; /* of the page that is asked now; behind it */
    bool is_paged;                                                   /* this page is in the database */
    struct {
        char name[YOOKASSA_ID_BYTES];
        int64_t made_s;      /* of a refund */
    } items[PASS_ITEMS_MAX]; /* what the page has; then the payments to be asked for by their name */
    size_t listed;           /* a statement each, in this order; behind them those that can't be read */
    size_t item_count, at;
    int64_t after;             /* PASS_UNSETTLED: of the last of them, its number */
    bool is_settling;          /* what was said of this payment goes to the settlement, too */
    int compared_at;           /* the statement that compares it */
    int settled, refunds, odd; /* for the log */
    bool failed;               /* something could not be recorded */
};

/* ---- payment_reconcile.c ---- */

void pass_go_on(struct errand *errand);
void pass_begin_anew(struct errand *errand, const char *why);
/* YooKassa did not answer with what was asked for. */
void pass_not_answered(struct errand *errand, const struct yookassa_verdict *verdict);
/* True: the server's trouble, it was said. What a table refuses is passed over, and comes again with a whole pass. */
bool pass_in_trouble(struct errand *errand, const struct db_failure *failure);
void pass_add_item(struct pass *pass, const char *name, int64_t made_s);

/* A question to the database: filled between the two. */
struct db_unit *pass_unit(struct arena *arena);
void pass_ask(struct errand *errand, struct db_unit *unit, struct arena *arena, question_fn *answered);

/* ---- the others ---- */

void pass_ask_for_page(const struct payment_reconcile *self, struct errand *errand);
/* The next page, or part. False: all of them were. */
bool pass_turn_page(struct pass *pass);
void pass_ask_for_name(const struct payment_reconcile *self, struct errand *errand);
void pass_ask_for_unsettled(const struct payment_reconcile *self, struct errand *errand);
const char *pass_word_of(enum yookassa_status status);

#endif
