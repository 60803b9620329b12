/* One of many who pay: with an account and avatars that are there already, orders one set after the other and does with
 * each link something else: pays, declines, leaves it, cancels and pays all the same, pays for what is deleted
 * meanwhile, or another sum than was asked. What is done follows from the seed and the number of the payer alone.
 * Whoever paid waits until the chat says so. */
#ifndef TESTS_SYSTEM_PAYER_H
#define TESTS_SYSTEM_PAYER_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>
#include "tests/system/dice.h"
#include "tests/system/steps.h"
#include "tests/system/world.h"

enum { PAYER_AVATARS = 3, PAYER_ORDERS = 6, PAYER_SPENT = 32, PAYER_ID_BYTES = 40 };

enum payer_step {
    PAYER_START,
    PAYER_CHOOSE,   /* somewhere; the next set is chosen */
    PAYER_STYLE,    /* looks at the styles */
    PAYER_CHECKOUT, /* … at the summary */
    PAYER_LINK,     /* has ordered, waits for the link */
    PAYER_READY,    /* has done what comes before paying, and pays in a moment */
    PAYER_REFUSED,  /* the bank has refused it */
    PAYER_PAID,     /* waits to hear of it */
    PAYER_DONE
};

/* What is done with a link, how often, and the chore without which it is not done: nobody would see the money. */
#define PAYER_DEEDS(X)                                                                                                 \
    X(PAY, 40, "")                  /* and nothing else */                                                             \
    X(PAY_AND_TELL, 12, "")         /* and presses that it is paid, again and again */                                 \
    X(TELL_AND_PAY, 5, "")          /* the other way round */                                                          \
    X(GO_AND_PAY, 8, "")            /* from the menu */                                                                \
    X(CANCEL_AND_PAY, 6, "")        /* after pressing that it is canceled */                                           \
    X(DECLINE, 8, "")               /* has it refused by the bank, and orders again */                                 \
    X(LEAVE, 8, "")                 /* never pays it */                                                                \
    X(CANCEL, 3, "")                /* says so, and never pays it */                                                   \
    X(LOSE_AVATAR, 3, "")           /* the web application deletes it, then it is paid */                              \
    X(LOSE_ACCOUNT, 3, "")          /* … the account */                                                              \
    X(LOSE_AT_ONCE, 2, "")          /* … while it is being paid */                                                   \
    X(MISMATCH, 2, "")              /* pays what was not asked so */                                                   \
    X(LATE, 4, "payment_reconcile") /* the bank refuses it, the bot has heard, and it comes all the same */

enum payer_deed {
#define X(name, weight, chore) PAYER_##name,
    PAYER_DEEDS(X)
#undef X
        PAYER_DEED_COUNT
};

struct payer {
    struct world *world;
    int64_t id; /* Telegram's */
    struct dice dice;
    enum payer_step step;
    int64_t since_ms;      /* when the step began */
    int64_t not_before_ms; /* … and when it may go on */
    struct json_object *chat;
    int64_t version;
    bool asking, acting;       /* a long poll, a deed is under way */
    int64_t looked_ms;         /* when something to do was looked for; 0 = there is something new */
    enum payer_step next;      /* once the deed is acknowledged … */
    enum payer_step otherwise; /* … or refused */
    char pressed[80];          /* the last button */
    int64_t pressed_ms;
    char ordered[80];                        /* the last one that orders */
    char payment[PAYER_ID_BYTES];            /* of the link */
    char spent[PAYER_SPENT][PAYER_ID_BYTES]; /* those that are over */
    int spent_count;
    enum payer_deed deed;
    int64_t heard_id; /* the newest message when it was paid */
    int64_t avatars[PAYER_AVATARS];
    int avatar; /* the next one's place among these */
    int orders_left, tells;
    bool is_deleted, is_told;
    long presses, paid, by_deed[PAYER_DEED_COUNT];
};

/* Accounts, avatars and consents of all who will come, ids from first_id; the daemon's tables must be there. */
void payer_furnish(struct world *world, int64_t first_id, int count);
/* Once, before the first: which chores the daemon has. */
void payer_know(struct steps *steps);
void payer_begin(struct payer *payer, struct world *world, int64_t id, uint64_t seed);
void payer_end(struct payer *payer);
/* Looks for something to do; to be called often. may_order: another set after this one. */
void payer_run(struct payer *payer, bool may_order);
/* Asks the database whose news were told of what they paid, of those from first to before end. */
void payer_ask_told(struct world *world, struct payer *payers, int first, int end);
void payer_fail_if_stuck(struct payer *payer, int64_t limit_ms);
const char *payer_deed_name(enum payer_deed deed);

#endif
