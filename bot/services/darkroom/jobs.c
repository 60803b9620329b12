/* The darkroom's queue. Inputs are copied, because a job may wait behind others for minutes and outlive the buffer of a
 * download; the sum of the copies is capped. A job is one allocation, so dropping it can't leak a part. It knows
 * nothing of processes. */
#include "bot/services/darkroom/jobs.h"

#include <stdlib.h>
#include <string.h>

#include "core/bug.h"

void jobs_init(struct jobs *jobs, size_t max_count)
{
    *jobs = (struct jobs){.max_count = max_count};
    jobs->last = &jobs->first;
}

static struct job *unlink_at(struct jobs *jobs, struct job **at)
{
    struct job *job = *at;
    *at = job->next;
    if (jobs->last == &job->next) {
        jobs->last = at;
    }
    jobs->count--;
    jobs->bytes -= job->len;
    return job;
}

struct job *jobs_take(struct jobs *jobs)
{
    return jobs->first == NULL ? NULL : unlink_at(jobs, &jobs->first);
}

void jobs_done(struct jobs *jobs)
{
    while (jobs->first != NULL) {
        free(jobs_take(jobs));
    }
}

enum err jobs_add(struct jobs *jobs, struct wire_request request, const void *body, const char *text,
                  darkroom_done_fn *done, void *ctx)
{
    size_t len = sizeof request + request.body_len + request.text_len;
    if (jobs->count >= jobs->max_count || (jobs->count > 0 && jobs->bytes + len > DARKROOM_QUEUE_MAX_BYTES)) {
        return ERR_AGAIN;
    }
    struct job *job = malloc(sizeof *job + len);
    if (job == NULL) {
        bug("out of memory");
    }
    *job = (struct job){.done = done, .ctx = ctx, .len = len};
    request.magic = WIRE_REQUEST_MAGIC;
    memcpy(job->data, &request, sizeof request);
    if (request.body_len > 0) {
        memcpy(job->data + sizeof request, body, request.body_len);
    }
    if (request.text_len > 0) {
        memcpy(job->data + sizeof request + request.body_len, text, request.text_len);
    }
    *jobs->last = job;
    jobs->last = &job->next;
    jobs->count++;
    jobs->bytes += len;
    return ERR_OK;
}

void jobs_cancel(struct jobs *jobs, const void *ctx, int first_runs)
{
    for (struct job **at = &jobs->first; *at != NULL;) {
        if ((*at)->ctx != ctx) {
            at = &(*at)->next;
        } else if (first_runs && *at == jobs->first) {
            (*at)->done = NULL;
            at = &(*at)->next;
        } else {
            free(unlink_at(jobs, at));
        }
    }
}
