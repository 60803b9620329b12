/* The daily round of the ends: one statement after the other, each as long as it finds a full slice, each slice a
 * transaction of its own, so that nobody waits long for a row. One that fails is told and passed over, so that each
 * gets its turn, and then the round comes again sooner than in a day. One that breaks off begins anew: what is done is
 * done. Besides, one errand for each account that was deleted, when its conversation may go. Must not know a table. */
#include "bot/chores/table_ends.h"

#include <stdlib.h>
#include <string.h>

#include "bot/base/log.h"
#include "bot/chores/question.h"
#include "core/bug.h"
#include "db/ends.h"
#include "db/errands.h"

enum {
    AT_ONCE = 2,
    LOUD_ATTEMPT = 5,
    BASE_MS = 2000,
    CAP_MS = 60 * 60 * 1000,
    LEASE_MS = 5 * 60 * 1000,
    DAY_MS = 24 * 60 * 60 * 1000,
    DECIMAL = 10
};

static const char SUBJECT_CHAT[] = "chat ";

struct table_ends {
    struct table_ends_ports ports;
    struct questions questions;
    enum { FINE, FAILED, TOLD } * states; /* of each end, as it went the last time */
};

/* Of one errand. */
struct round {
    struct table_ends *ends;
    size_t at; /* the end that is done now */
    char *why; /* the last one failed that did */
};

static void end_slice(struct errand *errand);

/* What the table refuses is told at once, the server's own trouble when it did not pass. */
static void pass_over(struct round *round, const struct db_failure *failure)
{
    struct table_ends *ends = round->ends;
    size_t at = round->at++;
    if (ends->states[at] == FINE && db_fault_of(failure) == DB_FAULT_SERVER)
        ends->states[at] = FAILED;
    else if (ends->states[at] != TOLD) {
        ends->states[at] = TOLD;
        log_error("table_ends",
                  "what is old in %s can't go: %s. To mend it: %s. It is tried again, less and less often",
                  ends_table(at), failure->message, db_remedy(failure->sqlstate));
    }
    free(round->why);
    round->why = strdup(failure->message);
    if (round->why == NULL)
        bug("out of memory");
}

static void round_ended(struct errand *errand)
{
    struct round *round = errand->work;
    if (round->why != NULL)
        errand_retry(errand, 0, round->why);
    else
        errand_again(errand, DAY_MS);
}

static void slice_ended(struct errand *errand, const struct db_result *result, const struct db_failure *failure)
{
    struct round *round = errand->work;
    if (failure != NULL)
        pass_over(round, failure);
    else if (db_affected(result, 0) < ENDS_SLICE_MAX)
        round->ends->states[round->at++] = FINE;
    if (round->at == ends_count())
        round_ended(errand);
    else if (round->ends->ports.stop->asked)
        errand_again(errand, 0);
    else
        end_slice(errand);
}

static void end_slice(struct errand *errand)
{
    struct round *round = errand->work;
    struct arena arena;
    struct db_unit *unit = db_unit_new();
    arena_init(&arena);
    (void)ends_add(unit, &arena, round->at);
    arena_done(&arena);
    question_ask(&round->ends->questions, round->ends->ports.db, unit, errand, slice_ended);
}

static void chat_ended(struct errand *errand, const struct db_result *result, const struct db_failure *failure)
{
    (void)result;
    if (failure == NULL)
        errand_end(errand);
    else if (db_fault_of(failure) == DB_FAULT_SERVER)
        errand_trouble(errand, 0, failure->message);
    else
        errand_retry(errand, 0, failure->message);
}

static void end_chat(struct errand *errand, const char *chat_id)
{
    struct round *round = errand->work;
    struct arena arena;
    struct db_unit *unit = db_unit_new();
    arena_init(&arena);
    (void)ends_add_chat(unit, &arena, strtoll(chat_id, NULL, DECIMAL));
    arena_done(&arena);
    question_ask(&round->ends->questions, round->ends->ports.db, unit, errand, chat_ended);
}

static void ends_begin(void *self, struct errand *errand, const struct chore_row *row)
{
    const char *subject = errands_read(row->result, row->statement, row->row).subject;
    struct round *round = calloc(1, sizeof *round);
    if (round == NULL)
        bug("out of memory");
    round->ends = self;
    errand->work = round;
    if (strncmp(subject, SUBJECT_CHAT, sizeof SUBJECT_CHAT - 1) == 0)
        end_chat(errand, subject + sizeof SUBJECT_CHAT - 1);
    else
        end_slice(errand);
}

static void ends_cancel(void *self, struct errand *errand)
{
    struct table_ends *ends = self;
    struct round *round = errand->work;
    question_drop(&ends->questions, errand);
    if (round != NULL)
        free(round->why);
    free(round);
    errand->work = NULL;
}

struct table_ends *table_ends_new(const struct table_ends_ports *ports)
{
    struct table_ends *ends = calloc(1, sizeof *ends);
    if (ends == NULL)
        bug("out of memory");
    ends->ports = *ports;
    ends->states = calloc(ends_count(), sizeof *ends->states);
    if (ends->states == NULL)
        bug("out of memory");
    LIST_INIT(&ends->questions);
    engine_add(ports->engine, CHORE_TABLE_ENDS,
               &(struct chore){.self = ends,
                               .at_once = AT_ONCE,
                               .loud = LOUD_ATTEMPT,
                               .base_ms = BASE_MS,
                               .cap_ms = CAP_MS,
                               .lease_ms = LEASE_MS,
                               .begin = ends_begin,
                               .cancel = ends_cancel});
    return ends;
}

void table_ends_free(struct table_ends *ends)
{
    if (ends == NULL)
        return;
    question_free_all(&ends->questions);
    free(ends->states);
    free(ends);
}
