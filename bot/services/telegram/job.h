/* Inside bot/services/telegram only: one call, from telegram_call to done. */
#ifndef BOT_SERVICES_TELEGRAM_JOB_H
#define BOT_SERVICES_TELEGRAM_JOB_H

#include <sys/queue.h>
#include "bot/services/telegram/client.h"
#include "bot/services/telegram/governor.h"
#include "core/arena.h"

struct telegram_job {
    struct governor_item item;
    struct telegram *tg;
    LIST_ENTRY(telegram_job) next; /* of all that were accepted and are not done */
    telegram_done_fn *done;
    void *ctx;
    telegram_turn_fn *turn; /* NULL = its contents are known */
    enum telegram_repeat repeat;
    bool no_result;
    bool is_open; /* its turn has come, its contents not yet */
    int64_t deadline_ms;
    uint64_t transfer; /* 0 = waiting, or open */
    int failures;
    struct json_object *fields;  /* with files: the parameters as form fields */
    struct telegram_file *files; /* in the arena, with their strings */
    size_t file_count;
    struct arena arena;    /* empty without files */
    char *method, *params; /* params: NULL = none */
};

LIST_HEAD(telegram_jobs, telegram_job);

/* Not in any list. ERR_INVALID as telegram_call. */
enum err job_new(struct telegram *tg, const struct telegram_call *call, struct telegram_job **ret_job) MUST_CHECK;
void job_free(struct telegram_job *job);
/* What is sent: from the call, or from telegram_fill. ERR_INVALID as telegram_call. */
enum err job_set_contents(struct telegram_job *job, const struct telegram_call *contents) MUST_CHECK;
/* On its way; answered is called with the job. */
void job_send(struct telegram_job *job, http_done_fn *answered);

#endif
