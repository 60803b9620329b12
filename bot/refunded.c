/* Two questions: what came, and then that it went back just so. Between them nothing can go wrong that the second one
 * does not see. */
#include "bot/refunded.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bot/base/stop.h"
#include "core/money.h"
#include "db/payments.h"

enum { ASK_TIMEOUT_MS = 30 * 1000, DECIMAL = 10 };

static struct db_result *answer_to(struct db *db, struct db_unit *unit)
{
    struct db_result *result = NULL;
    struct db_failure failure;
    if (db_run(db, unit, ASK_TIMEOUT_MS, &result, &failure) == ERR_OK)
        return result;
    fprintf(stderr, "the database does not answer: %s\n", failure.message);
    return NULL;
}

static int give_back(struct db *db, struct arena *arena, const struct db_result *found)
{
    struct db_unit *unit = db_unit_new();
    const struct payments_came came = payments_read_came(found);
    char sum[MONEY_TEXT_BYTES];
    payments_add_given_back(unit, arena, &came);
    struct db_result *result = answer_to(db, unit);
    if (result == NULL)
        return STOP_EXIT_UNAVAILABLE;
    bool done = payments_read_given_back(result);
    money_format(came.kopecks, sum);
    printf("payment %" PRId64 ": %s %s\n", came.id, sum, done ? "went back" : "went back before");
    db_result_free(result);
    return done ? 0 : 1;
}

/* A number of ours, all of it: what the provider calls a payment may begin like one. 0: it is none. */
static int64_t number_of(const char *payment)
{
    return strspn(payment, "0123456789") == strlen(payment) ? strtoll(payment, NULL, DECIMAL) : 0;
}

int refunded_run(const struct setup *setup, const char *payment)
{
    struct arena arena;
    struct db *db = db_new(setup->config.database.conninfo, NULL);
    struct db_unit *unit = db_unit_new();
    int code = 1;
    arena_init(&arena);
    payments_add_came(unit, &arena, number_of(payment));
    struct db_result *found = answer_to(db, unit);
    if (found == NULL)
        code = STOP_EXIT_UNAVAILABLE;
    else if (db_rows(found, 0) == 0)
        fprintf(stderr, "no money came for a payment %s; fotosetd check --money says their numbers\n", payment);
    else
        code = give_back(db, &arena, found);
    db_result_free(found);
    db_free(db);
    arena_done(&arena);
    return code;
}
