/* The darkroom's queue. Inputs are copied, because a job may wait behind others for minutes and outlive the buffer of a
 * download; the sum of the copies is capped. A job is one allocation, so dropping it can't leak a part. It knows
 * nothing of processes. */
#include "bot/services/darkroom/jobs.h"

#include <stdlib.h>
#include <string.h>

#include "bot/base/memory.h"

void jobs_init(struct jobs *jobs, size_t max_count)
{
    *jobs = (struct jobs){.max_count = max_count};
    STAILQ_INIT(&jobs->list);
}

static void forget(struct jobs *jobs, struct job *job)
{
    STAILQ_REMOVE(&jobs->list, job, job, next);
    jobs->count--;
    jobs->bytes -= job->len;
}

struct job *jobs_take(struct jobs *jobs)
{
    struct job *job = STAILQ_FIRST(&jobs->list);
    if (job != NULL)
        forget(jobs, job);
    return job;
}

void jobs_done(struct jobs *jobs)
{
    while (!STAILQ_EMPTY(&jobs->list))
        free(jobs_take(jobs));
}

enum err jobs_add(struct jobs *jobs, struct wire_request request, const void *body, const char *text,
                  darkroom_done_fn *done, void *ctx)
{
    size_t len = sizeof request + request.body_len + request.text_len;
    if (jobs->count >= jobs->max_count || (jobs->count > 0 && jobs->bytes + len > DARKROOM_QUEUE_MAX_BYTES))
        return ERR_AGAIN;
    struct job *job = memory_need(malloc(sizeof *job + len));
    *job = (struct job){.done = done, .ctx = ctx, .len = len};
    request.magic = WIRE_REQUEST_MAGIC;
    memcpy(job->data, &request, sizeof request);
    if (request.body_len > 0)
        memcpy(job->data + sizeof request, body, request.body_len);
    if (request.text_len > 0)
        memcpy(job->data + sizeof request + request.body_len, text, request.text_len);
    STAILQ_INSERT_TAIL(&jobs->list, job, next);
    jobs->count++;
    jobs->bytes += len;
    return ERR_OK;
}

void jobs_cancel(struct jobs *jobs, const void *ctx, int first_runs)
{
    for (struct job *job = STAILQ_FIRST(&jobs->list), *next; job != NULL; job = next) {
        next = STAILQ_NEXT(job, next);
        if (job->ctx != ctx)
            continue;
        if (first_runs && job == STAILQ_FIRST(&jobs->list)) {
            job->done = NULL;
            continue;
        }
        forget(jobs, job);
        free(job);
    }
}
