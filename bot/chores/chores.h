/* What a chore is: one kind of deed outside, and how it is done. A chore is one file with up to four functions and a
 * row in CHORES; bot/chores/engine.h does all the rest: which errand is next, how many at once, when again, under whose
 * lease, how its end is committed, and where tests kill.
 *
 * An errand is one deed that is owed: a row born in the transaction that decided it. begin() starts it, and exactly one
 * of the verbs below ends what begin() started, from inside begin() or later from a callback:
 *
 *     begin ─▶ errand_end    it is done                        ─▶ write ─▶ heard ─▶ gone
 *              errand_fail   it can never be done              ─▶ write ─▶ heard ─▶ gone
 *              errand_again  nothing is wrong, look later      ─▶ begin, after the wait
 *              errand_retry  this attempt failed               ─▶ begin, after a back-off; after attempts_max: fail
 *              errand_trouble  ours is the fault, not its      ─▶ begin; the attempt is given back, the chore rests
 *              errand_note   the other side has a name for it  ─▶ begin at once, when the name is kept
 *
 * Chores know their services and their db file; not the turn, the outbox, nor each other (one wakes another through the
 * engine). */
#ifndef BOT_CHORES_CHORES_H
#define BOT_CHORES_CHORES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "core/event.h"
#include "db/claim.h"
#include "db/db.h"

enum chore_hold {
    HOLD_BOT,  /* whoever holds the bot: loaded when it begins, the plan in memory; a look that changes nothing writes
                  nothing */
    HOLD_LEASE /* any machine: claimed with what is due next in one trip, renewed together at half time */
};

/* Every chore: its name in the enum, in the table errands, in the log and in the steps at which tests kill; who holds
 * its errands. */
#define CHORES(X)                                                                                                      \
    X(PAYMENT_CREATE, payment_create, HOLD_BOT)                                                                        \
    X(PAYMENT_WATCH, payment_watch, HOLD_BOT)                                                                          \
    X(PAYMENT_REFUND, payment_refund, HOLD_LEASE)                                                                      \
    X(NPD_RECEIPT, npd_receipt, HOLD_LEASE)                                                                            \
    X(PAYMENT_RECONCILE, payment_reconcile, HOLD_BOT)                                                                  \
    X(PHOTO_INTAKE, photo_intake, HOLD_BOT)                                                                            \
    X(PHOTO_MAKE, photo_make, HOLD_LEASE)                                                                              \
    X(STORE_SWEEP, store_sweep, HOLD_LEASE)                                                                            \
    X(TABLE_ENDS, table_ends, HOLD_LEASE)                                                                              \
    X(MONEY_AUDIT, money_audit, HOLD_LEASE)                                                                            \
    X(STAR_INVOICE, star_invoice, HOLD_LEASE)                                                                          \
    X(STAR_RECONCILE, star_reconcile, HOLD_LEASE)                                                                      \
    X(RECEIPT_WATCH, receipt_watch, HOLD_LEASE)

enum chore_name {
#define X(upper, lower, hold) CHORE_##upper,
    CHORES(X)
#undef X
        CHORE_COUNT
};

/* The steps of every chore at which tests kill, "<chore>.<step>", and which chores have them. A chore has others of its
 * own beside (failpoint() in its file). */
#define CHORE_STEPS(X)                                                                                                 \
    X(BEFORE_CLAIM, before_claim, hold == HOLD_LEASE)                                                                  \
    X(AFTER_CLAIM, after_claim, hold == HOLD_LEASE)                                                                    \
    X(BEFORE_CALL, before_call, true)                                                                                  \
    X(AFTER_CALL, after_call, true)                                                                                    \
    X(BEFORE_COMMIT, before_commit, true)                                                                              \
    X(AFTER_COMMIT, after_commit, true)

enum chore_step {
#define X(upper, lower, condition) CHORE_STEP_##upper,
    CHORE_STEPS(X)
#undef X
        CHORE_STEP_COUNT
};

enum { ERRAND_WHY_MAX_BYTES = 480 };

/* How an errand, or this look at it, ended: what write() and heard() find in errand->end. */
enum errand_end {
    ERRAND_DONE,
    ERRAND_FAILED,
    ERRAND_LOST,  /* its key is too old: it may have been done or not, a person must look */
    ERRAND_NOTED, /* it goes on, and has a name outside */
    ERRAND_AGAIN, /* these three are written with HOLD_LEASE only */
    ERRAND_RETRIED,
    ERRAND_GIVEN_BACK,
    ERRAND_END_COUNT
};

/* One errand in memory. Of those that wait there is no more than this: what begin() needs beside comes from its row. */
struct errand {
    int64_t id;      /* in the chore's table */
    int64_t chat_id; /* 0 = nobody's */
    int64_t born_ms; /* when it was decided, unix */
    char *outside;   /* what the other side calls it; NULL = it has no name yet */
    int attempts;    /* failed in a row, before this one */
    bool asked;      /* somebody waits for what this look finds */
    bool hinted;     /* the outside says that it moved: since the last call, or this one was not made yet */
    bool given_up;   /* nobody waits for its end any more, says its row */
    void *work;      /* the chore's own, from read() or begin() to cancel() */
    /* Once a verb was said: */
    enum errand_end end;
    int64_t wait_ms; /* AGAIN, RETRIED; of a row just read: until it is due */
    char *why;       /* FAILED, RETRIED, GIVEN_BACK: fit for a log and a row; NULL = nothing was said */
    bool uncertain;  /* an earlier try to commit this end may have been taken */
    char *token;     /* of its lease; NULL with HOLD_BOT */

    struct errand_place *place; /* the engine's */
};

/* A row of the chore's table as it was just read. Borrowed: it lives until begin() returns. */
struct chore_row {
    const struct db_result *result;
    int statement, row;
};

/* Where a chore's errands are kept; NULL in struct chore: in the table errands. All functions that add return the index
 * of the statement whose rows are the errands. */
struct chore_table {
    /* HOLD_BOT. The open ones, at most limit; and the one of this id. */
    int (*load)(void *self, struct db_unit *unit, struct arena *arena, int limit);
    int (*find)(void *self, struct db_unit *unit, struct arena *arena, int64_t id);
    /* HOLD_LEASE. Up to claim->limit that are due, fairly between users; next_wait_ms: ms until the next one is due,
     * INT64_MAX = none, of that statement. renew: a row (its id first) for each that is still ours. */
    int (*claim)(void *self, struct db_unit *unit, struct arena *arena, const struct claim *claim);
    int64_t (*next_wait_ms)(const struct db_result *result, int statement);
    int (*renew)(struct db_unit *unit, struct arena *arena, const int64_t *ids, const char *const *tokens, size_t count,
                 int64_t lease_ms);
    /* Fills id, chat_id, born_ms, wait_ms if it is not due, outside if it has a name (errand_name) and, with
     * HOLD_LEASE, attempts, this one not counted. False: this row is none of ours. */
    bool (*read)(void *self, const struct chore_row *row, struct errand *errand);
};

struct chore {
    void *self; /* handed to all of them */
    const struct chore_table *table;
    int at_once;      /* errands under way together */
    int kept;         /* … of these places, so many are kept for errands that are new or asked for */
    int known_max;    /* HOLD_BOT: in memory; the rest is loaded when there is room */
    int attempts_max; /* 0 = no end */
    int loud;         /* the how-manyth failure in a row is a warning (those before it are told, those after not) */
    int64_t base_ms, cap_ms; /* of the back-off */
    int64_t lease_ms;        /* HOLD_LEASE */
    int64_t look_every_ms;  /* HOLD_LEASE: others make rows, too, and tell nobody: with whatever the engine is woken for
                               it also looks for them, unless it did so lately. 0 = they don't */
    int64_t unhurried_ms;   /* HOLD_LEASE: what it is woken for may wait so long for company */
    int64_t key_life_ms;    /* 0 = for ever; see errand_call */
    int64_t asked_every_ms; /* engine_ask for the same errand sooner than this is not heard */
    bool read_always;       /* HOLD_BOT: the row is read before every begin, not only before the first */

    /* Starts it. row: not NULL when it was just read. */
    void (*begin)(void *self, struct errand *errand, const struct chore_row *row);
    /* Its end (errand->end) as SQL; may be called again with the same end. With a table of its own: the end of the row,
     * too, guarded by id, token and state; with errands: what goes along with it. NULL, or nothing added: none. */
    void (*write)(void *self, const struct errand *errand, struct db_unit *unit, struct arena *arena);
    /* The end was committed. Statement 0 is the first of write(), with errands the row's and write() begins at 1.
     * result NULL: it was taken by a try whose answer was lost. True = it is over; false = it is not, begin() goes on
     * in a way and another verb will follow (a table of its own only). NULL = there is nothing to hear. */
    bool (*heard)(void *self, struct errand *errand, const struct db_result *result);
    /* The database refused the end for good (a constraint, a value): true = another end was chosen (errand_change),
     * write it at once. NULL = try on; it is told, and counted in engine_refused(). */
    bool (*refused)(void *self, struct errand *errand, const struct db_failure *failure);
    /* It leaves memory, ended or not: call off what is under way and can be, free errand->work. NULL = there is
     * nothing. */
    void (*cancel)(void *self, struct errand *errand);
};

/* ---- the verbs; why is copied and redacted ---- */

void errand_end(struct errand *errand);
void errand_fail(struct errand *errand, const char *why);
void errand_again(struct errand *errand, int64_t wait_ms);
/* least_ms: at least so long, e.g. because the other side said so. */
void errand_retry(struct errand *errand, int64_t least_ms, const char *why);
void errand_trouble(struct errand *errand, int64_t least_ms, const char *why);
void errand_note(struct errand *errand, const char *outside);

/* ---- in between ---- */

/* Just before a call outside whose answer will come whatever happens. False: the errand's key is too old for it; it has
 * been ended (ERRAND_LOST). */
MUST_CHECK bool errand_call(struct errand *errand);
/* First thing in that answer. False: the errand was let go meanwhile; this freed it. */
MUST_CHECK bool errand_answered(struct errand *errand);
/* In cancel(): the call was called off, no answer will come. */
void errand_called_off(struct errand *errand);
/* The attempt went well although the errand goes on: failures are counted, and told, from the start. */
void errand_fine(struct errand *errand);
/* In refused(): what the end is instead. */
void errand_change(struct errand *errand, enum errand_end end, const char *why);
/* In read(): what the other side calls it; copied. */
void errand_name(struct errand *errand, const char *outside);
/* The self of its chore. */
void *errand_self(const struct errand *errand);
/* News for the errand's chat (chat_id is filled in); nothing if it is nobody's. */
void errand_tell(const struct errand *errand, struct event news);

#endif
