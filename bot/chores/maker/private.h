/* What the maker's files share: bot/chores/maker.c claims tasks and keeps their leases, work.c takes one claimed task
 * to its end. */
#ifndef BOT_CHORES_MAKER_PRIVATE_H
#define BOT_CHORES_MAKER_PRIVATE_H

#include "bot/chores/maker.h"
#include "bot/services/provider/provider.h"
#include "bot/base/random.h"
#include "db/tasks.h"

enum {
    MAKER_BASE_MS = 1000, /* back-off of what is not the task's fault */
    MAKER_CAP_MS = 60 * 1000,
    MAKER_ERROR_MAX_BYTES = 200,
    MAKER_RENEWED_MAX = 128 /* leases in one statement; more works than that don't run */
};

enum work_end { WORK_MADE, WORK_FAILED, WORK_RELEASED };

/* One claimed task. */
struct work {
    struct work *next, *previous;
    struct maker *maker; /* NULL: the maker was freed while the store was asked */
    int64_t task_id, job_id, chat_id;
    int index, attempts;
    char token[RANDOM_UUID_BYTES];
    bool making;    /* the provider has it */
    bool storing;   /* the store has it: its answer will come whatever happens */
    bool renewing;  /* its lease is in the statement that is under way */
    bool waiting;   /* to tell the database its end once more */
    bool uncertain; /* an end was told the database and may have been taken */
    enum work_end end;
    char url[STORE_URL_BYTES];         /* WORK_MADE */
    char error[MAKER_ERROR_MAX_BYTES]; /* the others */
    int64_t wait_ms;
    int max_attempts; /* WORK_FAILED: 0 = for good, whatever the attempts */
    int tries;        /* to tell the database */
};

struct maker {
    struct shop *shop;
    struct provider *provider;
    struct work *works;
    size_t busy;
    bool claiming, again; /* again: woken while claiming */
    int claim_wanted;     /* of the claim that is under way */
    char claim_token[RANDOM_UUID_BYTES];
    bool renewing;
    int64_t look_at_ms;  /* when to claim again; INT64_MAX = when woken */
    int64_t renew_at_ms; /* when the leases are extended; INT64_MAX = there is none */
    int claim_failures, troubles;
};

/* Begins: asks the provider. The claimed texts are needed during the call only. */
void work_begin(struct work *work, const struct tasks_claimed *task);
/* Ends it as failed (max_attempts 0: for good) or released, after wait_ms. */
void work_give_up(struct work *work, enum work_end end, const char *why, int64_t wait_ms, int max_attempts);
/* Tells the database how it ended, again and again until it has heard. */
void work_commit(struct work *work);

/* The work is over: frees it and claims the next. */
void maker_drop(struct work *work);

#endif
