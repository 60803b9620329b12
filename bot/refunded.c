/* Given back: two questions, what came, and then that what is left of it went back just so. Between them nothing can go
 * wrong that the second one does not see. To be given back: one; the daemon does it. */
#include "bot/refunded.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bot/base/stop.h"
#include "core/money.h"
#include "db/payments.h"
#include "db/refunds.h"

enum { ASK_TIMEOUT_MS = 30 * 1000, DECIMAL = 10 };

enum { SUM_BYTES = 32 };

/* Roubles as they always were; stars by their name. */
static void put_sum(int64_t amount, const char *currency, char ret_sum[SUM_BYTES])
{
    if (strcmp(currency, "XTR") == 0)
        (void)snprintf(ret_sum, SUM_BYTES, "%" PRId64 " XTR", amount);
    else
        money_format(amount, ret_sum);
}

static struct db_result *answer_to(struct db *db, struct db_unit *unit)
{
    struct db_result *result = NULL;
    struct db_failure failure;
    if (db_run(db, unit, ASK_TIMEOUT_MS, &result, &failure) == ERR_OK)
        return result;
    fprintf(stderr, "the database does not answer: %s\n", failure.message);
    return NULL;
}

/* A number of ours, all of it: what the provider calls a payment may begin like one. 0: it is none. */
static int64_t number_of(const char *payment)
{
    return strspn(payment, "0123456789") == strlen(payment) ? strtoll(payment, NULL, DECIMAL) : 0;
}

static int no_money(const char *payment)
{
    fprintf(stderr, "no money came for a payment %s; fotosetd check --money says their numbers\n", payment);
    return 1;
}

static int went_before(const char *payment)
{
    printf("payment %s: all of it went back before\n", payment);
    return 1;
}

/* ---- it was given back ---- */

static int give_back(struct db *db, struct arena *arena, const struct payments_came *came)
{
    struct db_unit *unit = db_unit_new();
    char sum[SUM_BYTES];
    payments_add_given_back(unit, arena, came);
    struct db_result *result = answer_to(db, unit);
    if (result == NULL)
        return STOP_EXIT_UNAVAILABLE;
    bool done = payments_read_given_back(result);
    put_sum(came->kopecks, came->currency, sum);
    printf("payment %" PRId64 ": %s %s\n", came->id, sum,
           done ? "went back" : "is not what it was just now: try again");
    db_result_free(result);
    return done ? 0 : 1;
}

static int take_back(struct db *db, struct arena *arena, const struct db_result *found, const char *payment)
{
    if (db_rows(found, 0) == 0)
        return no_money(payment);
    struct payments_came came = payments_read_came(found);
    if (came.kopecks == 0)
        return went_before(payment);
    if (!came.is_asked)
        return give_back(db, arena, &came);
    printf("payment %s: the provider was asked to give some of it back, and what becomes of that is not known yet\n",
           payment);
    return 1;
}

int refunded_run(const struct setup *setup, const char *payment)
{
    struct arena arena;
    struct db *db = db_new(setup->config.database.conninfo, NULL);
    struct db_unit *unit = db_unit_new();
    arena_init(&arena);
    payments_add_came(unit, &arena, number_of(payment));
    struct db_result *found = answer_to(db, unit);
    int code = found == NULL ? STOP_EXIT_UNAVAILABLE : take_back(db, &arena, found, payment);
    db_result_free(found);
    db_free(db);
    arena_done(&arena);
    return code;
}

/* ---- it is to be given back ---- */

static int say_wanted(int64_t kopecks, const char *currency, const char *payment)
{
    char sum[SUM_BYTES];
    if (kopecks < 0)
        return no_money(payment);
    if (kopecks == 0)
        return went_before(payment);
    put_sum(kopecks, currency, sum);
    printf("payment %s: %s is to go back. The daemon asks the provider for it, an idle one with the next thing it does;"
           " fotosetd check --money says what is not done\n",
           payment, sum);
    return 0;
}

int refund_run(const struct setup *setup, const char *payment)
{
    struct arena arena;
    struct db *db = db_new(setup->config.database.conninfo, NULL);
    struct db_unit *unit = db_unit_new();
    arena_init(&arena);
    (void)refunds_add_wanted(unit, &arena, number_of(payment));
    struct db_result *result = answer_to(db, unit);
    int code = STOP_EXIT_UNAVAILABLE;
    if (result != NULL) {
        const char *currency;
        int64_t wanted = refunds_read_wanted(result, 0, &currency);
        code = say_wanted(wanted, currency, payment);
    }
    db_result_free(result);
    db_free(db);
    arena_done(&arena);
    return code;
}
