/* One question after the other, each a transaction of its own: a long one stands in nobody's way. What is found is kept
 * as rows, and told in the transaction that marks it as told; so a round that breaks off tells nothing twice and
 * nothing less. Must not: know what is asked. */
#include "bot/chores/money_audit.h"

#include <inttypes.h>
#include <stdlib.h>

#include "bot/base/log.h"
#include "bot/chores/question.h"
#include "core/bug.h"
#include "db/audit.h"

enum {
    AT_ONCE = 1,
    LOUD_ATTEMPT = 5,
    BASE_MS = 2000,
    CAP_MS = 10 * 60 * 1000,
    LEASE_MS = 5 * 60 * 1000,
    DAY_MS = 24 * 60 * 60 * 1000
};

struct money_audit {
    struct money_audit_ports ports;
    struct questions questions;
    size_t at; /* the question that is asked now */
};

static void audit_ask(struct money_audit *audit, struct errand *errand);

static void audit_told(struct errand *errand, const struct db_result *result, const struct db_failure *failure)
{
    struct money_audit *audit = errand_self(errand);
    if (failure != NULL) {
        errand_trouble(errand, 0, failure->message);
        return;
    }
    int64_t count = audit_read_new(result, 0);
    if (count > 0) {
        log_error("money_audit",
                  "%" PRId64 " rows of money are not as they must be, or wait for a person: see"
                  " fotosetd check --money",
                  count);
        mailbox_look(audit->ports.mailbox);
    }
    errand_again(errand, DAY_MS);
}

static void audit_answered(struct errand *errand, const struct db_result *result, const struct db_failure *failure)
{
    struct money_audit *audit = errand_self(errand);
    (void)result;
    if (failure != NULL) {
        errand_trouble(errand, 0, failure->message);
        return;
    }
    audit->at++;
    if (audit->ports.stop->asked)
        errand_again(errand, 0);
    else
        audit_ask(audit, errand);
}

static void audit_ask(struct money_audit *audit, struct errand *errand)
{
    struct arena arena;
    struct db_unit *unit = db_unit_new();
    bool is_last = audit->at == audit_count();
    arena_init(&arena);
    if (is_last)
        (void)audit_add_told(unit, &arena, audit->ports.owners, audit->ports.owner_count);
    else
        audit_add_kept(unit, &arena, audit->at);
    arena_done(&arena);
    question_ask(&audit->questions, audit->ports.db, unit, errand, is_last ? audit_told : audit_answered);
}

static void audit_begin(void *self, struct errand *errand, const struct chore_row *row)
{
    struct money_audit *audit = self;
    (void)row;
    audit->at = 0;
    audit_ask(audit, errand);
}

static void audit_cancel(void *self, struct errand *errand)
{
    struct money_audit *audit = self;
    question_drop(&audit->questions, errand);
}

struct money_audit *money_audit_new(const struct money_audit_ports *ports)
{
    struct money_audit *audit = calloc(1, sizeof *audit);
    if (audit == NULL)
        bug("out of memory");
    audit->ports = *ports;
    LIST_INIT(&audit->questions);
    engine_add(ports->engine, CHORE_MONEY_AUDIT,
               &(struct chore){.self = audit,
                               .at_once = AT_ONCE,
                               .loud = LOUD_ATTEMPT,
                               .base_ms = BASE_MS,
                               .cap_ms = CAP_MS,
                               .lease_ms = LEASE_MS,
                               .begin = audit_begin,
                               .cancel = audit_cancel});
    return audit;
}

void money_audit_free(struct money_audit *audit)
{
    if (audit != NULL)
        question_free_all(&audit->questions);
    free(audit);
}
