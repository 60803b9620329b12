/* The darkroom's client: a FIFO of jobs and at most one process, as a small state machine for a poll loop.
 *
 *   NONE ─start─▶ STARTING ─hello─▶ IDLE ─job─▶ BUSY ─answer─▶ IDLE ─idle_ms─▶ NONE
 *                     └── dies or is silent ──▶ NONE (back-off) ◀── dies or is late: this job fails ──┘
 *
 * Late is who has used up a job's processor time: that is the job's fault. Clocks on the wall say nothing of a picture
 * when the machine is busy; by them a process is only looked at, and ended without blame when it stands still.
 * A process that dies before its hello is nobody's fault: the jobs wait, and only after START_TRIES does one fail. An
 * ended process is killed first and reaped when it is gone, without waiting for it. The process is not trusted: lengths
 * and enums that come back are checked, and one that talks nonsense is treated as dead. Nothing here decodes an image.
 * Reason: the machine and the few ways to feed it are read together. */
#include "bot/services/darkroom/darkroom.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include "bot/base/memory.h"
#include "bot/base/random.h"
#include "bot/services/darkroom/jobs.h"
#include "bot/services/darkroom/spawn.h"
#include "bot/services/darkroom/wire.h"
#include "core/backoff.h"

enum {
    DEFAULT_JOB_TIMEOUT_MS = 20000,
    DEFAULT_IDLE_MS = 60000,
    DEFAULT_QUEUE = 64,
    START_TIMEOUT_MS = 15000,
    MOVES_MS = 10, /* of processor time between two looks; less is standing still */
    START_TRIES = 3,
    BACKOFF_BASE_MS = 200,
    BACKOFF_CAP_MS = 30000,
    REAP_MS = 20,
    DYING_MAX = 4 /* killed but not yet gone; no new one is started while there are so many */
};

enum stage { STAGE_NONE, STAGE_STARTING, STAGE_IDLE, STAGE_BUSY, STAGE_COUNT };

struct darkroom {
    char *program_path;
    uint32_t job_timeout_ms, idle_ms;
    struct jobs jobs; /* the first one is the running one in STAGE_BUSY */
    enum stage stage;
    pid_t pid;
    int fd;
    int64_t deadline_ms;              /* when to look at the process; in NONE: when one may be started again */
    int64_t cpu_from_ms, cpu_seen_ms; /* its processor time at the stage's begin, and when it was last looked at */
    int deaths;                       /* in a row, without an answer in between: sets the back-off */
    uint32_t start_deaths;            /* in a row, before a hello */
    struct wire_answer answer;
    size_t answer_got, body_got;
    uint8_t *body;
    pid_t dying[DYING_MAX];
    size_t dying_count;
    int64_t reap_at_ms;
};

struct darkroom *darkroom_new(const struct darkroom_config *config)
{
    struct darkroom *darkroom = memory_need(calloc(1, sizeof *darkroom));
    darkroom->program_path = memory_copy(config->program_path);
    darkroom->job_timeout_ms = config->job_timeout_ms != 0 ? config->job_timeout_ms : DEFAULT_JOB_TIMEOUT_MS;
    darkroom->idle_ms = config->idle_ms != 0 ? config->idle_ms : DEFAULT_IDLE_MS;
    jobs_init(&darkroom->jobs, config->max_queue != 0 ? config->max_queue : DEFAULT_QUEUE);
    darkroom->fd = -1;
    return darkroom;
}

static void finish_first(struct darkroom *darkroom, enum err err, struct darkroom_result *result)
{
    struct job *job = jobs_take(&darkroom->jobs);
    if (job != NULL && job->done != NULL)
        job->done(job->ctx, err, result);
    free(job);
}

static void reap(struct darkroom *darkroom, int64_t now_ms)
{
    for (size_t i = 0; i < darkroom->dying_count;)
        if (spawn_is_gone(darkroom->dying[i]))
            darkroom->dying[i] = darkroom->dying[--darkroom->dying_count];
        else
            i++;
    darkroom->reap_at_ms = now_ms + REAP_MS;
}

/* Whatever the process was doing, it is over: its body and descriptor are gone, it is killed and will be reaped. */
static void end_process(struct darkroom *darkroom, int64_t now_ms)
{
    if (darkroom->stage == STAGE_NONE)
        return;
    (void)close(darkroom->fd);
    (void)kill(darkroom->pid, SIGKILL);
    darkroom->dying[darkroom->dying_count++] = darkroom->pid; /* start_process left room */
    free(darkroom->body);
    darkroom->body = NULL;
    darkroom->answer_got = darkroom->body_got = 0;
    darkroom->fd = -1;
    darkroom->pid = 0;
    darkroom->stage = STAGE_NONE;
    darkroom->deadline_ms = now_ms;
    reap(darkroom, now_ms);
}

void darkroom_free(struct darkroom *darkroom)
{
    if (darkroom == NULL)
        return;
    end_process(darkroom, 0);
    for (size_t i = 0; i < darkroom->dying_count; i++) { /* killed already, so this is short */
        while (waitpid(darkroom->dying[i], NULL, 0) < 0 && errno == EINTR) {
        }
    }
    jobs_done(&darkroom->jobs);
    free(darkroom->program_path);
    free(darkroom);
}

/* It died once more, or could not be started: not at once again. */
static void back_off(struct darkroom *darkroom, int64_t now_ms)
{
    darkroom->deadline_ms = now_ms + backoff_ms(darkroom->deaths++, BACKOFF_BASE_MS, BACKOFF_CAP_MS, random_number());
}

/* The process died, took too much, stands still or talks nonsense. */
static void lose_process(struct darkroom *darkroom, enum err err, int64_t now_ms)
{
    enum stage was = darkroom->stage;
    end_process(darkroom, now_ms);
    back_off(darkroom, now_ms);
    if (was == STAGE_STARTING && ++darkroom->start_deaths >= START_TRIES)
        finish_first(darkroom, ERR_IO, NULL);
    else if (was == STAGE_BUSY)
        finish_first(darkroom, err, NULL);
}

/* STARTING or BUSY, so much processor time at most. Looked at again when it may have used that up. */
static void begin_stage(struct darkroom *darkroom, enum stage stage, int64_t limit_ms, int64_t now_ms)
{
    darkroom->stage = stage;
    darkroom->deadline_ms = now_ms + limit_ms;
    darkroom->cpu_from_ms = darkroom->cpu_seen_ms = spawn_cpu_ms(darkroom->pid);
}

static void look_at_process(struct darkroom *darkroom, int64_t limit_ms, int64_t now_ms)
{
    int64_t cpu_ms = spawn_cpu_ms(darkroom->pid), left_ms = limit_ms - (cpu_ms - darkroom->cpu_from_ms);
    if (left_ms <= 0) {
        lose_process(darkroom, ERR_TIMEOUT, now_ms);
    } else if (cpu_ms - darkroom->cpu_seen_ms < MOVES_MS) {
        lose_process(darkroom, ERR_IO, now_ms);
    } else {
        darkroom->cpu_seen_ms = cpu_ms;
        darkroom->deadline_ms = now_ms + (left_ms > limit_ms / 4 ? left_ms : limit_ms / 4);
    }
}

static void start_process(struct darkroom *darkroom, int64_t now_ms)
{
    if (darkroom->dying_count >= DYING_MAX) {
        darkroom->deadline_ms = now_ms + REAP_MS;
        return;
    }
    if (spawn_program(darkroom->program_path, &darkroom->pid, &darkroom->fd) != ERR_OK) {
        back_off(darkroom, now_ms);
        if (++darkroom->start_deaths >= START_TRIES)
            finish_first(darkroom, ERR_IO, NULL);
        return;
    }
    begin_stage(darkroom, STAGE_STARTING, START_TIMEOUT_MS, now_ms);
}

static void go_idle(struct darkroom *darkroom, int64_t now_ms)
{
    darkroom->stage = STAGE_IDLE;
    darkroom->answer_got = darkroom->body_got = 0;
    darkroom->deadline_ms = now_ms + darkroom->idle_ms;
}

/* False: the process is gone. */
static bool send_job(struct darkroom *darkroom)
{
    struct job *job = STAILQ_FIRST(&darkroom->jobs.list);
    while (job->sent < job->len) {
        ssize_t put = send(darkroom->fd, job->data + job->sent, job->len - job->sent, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return errno == EAGAIN || errno == EWOULDBLOCK;
        job->sent += (size_t)put;
    }
    return true;
}

static bool answer_is_sane(const struct darkroom *darkroom)
{
    const struct wire_answer *answer = &darkroom->answer;
    if (darkroom->stage == STAGE_STARTING)
        return answer->magic == WIRE_HELLO_MAGIC && answer->body_len == 0;
    return darkroom->stage == STAGE_BUSY && answer->magic == WIRE_ANSWER_MAGIC &&
           answer->body_len <= DARKROOM_OUTPUT_MAX_BYTES && answer->err >= 0 && answer->err < ERR_COUNT &&
           answer->verdict >= 0 && answer->verdict < PHOTO_VERDICT_COUNT && answer->width >= 0 && answer->height >= 0;
}

static void take_answer(struct darkroom *darkroom, int64_t now_ms)
{
    const struct wire_answer answer = darkroom->answer;
    struct darkroom_result result = {.verdict = (enum photo_verdict)answer.verdict,
                                     .width = answer.width,
                                     .height = answer.height,
                                     .sharpness = answer.sharpness,
                                     .jpeg = darkroom->body,
                                     .jpeg_len = answer.body_len,
                                     .sketch = answer.sketch,
                                     .is_same = answer.is_same != 0};
    bool hello = darkroom->stage == STAGE_STARTING;
    darkroom->body = NULL;
    go_idle(darkroom, now_ms);
    darkroom->start_deaths = 0;
    if (!hello) {
        darkroom->deaths = 0;
        finish_first(darkroom, (enum err)answer.err, answer.err == ERR_OK ? &result : NULL);
    }
    free(result.jpeg);
}

/* One read into whatever comes next. 1: go on reading, 0: nothing more now, -1: the process is gone or mad. */
static int read_some(struct darkroom *darkroom, int64_t now_ms)
{
    bool header = darkroom->answer_got < sizeof darkroom->answer;
    uint8_t *to = header ? (uint8_t *)&darkroom->answer + darkroom->answer_got : darkroom->body + darkroom->body_got;
    size_t want = header ? sizeof darkroom->answer - darkroom->answer_got
                         : darkroom->answer.body_len - darkroom->body_got;
    ssize_t got = recv(darkroom->fd, to, want, MSG_DONTWAIT);
    if (got <= 0) {
        bool later = got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
        return got < 0 && errno == EINTR ? 1 : later ? 0 : -1;
    }
    *(header ? &darkroom->answer_got : &darkroom->body_got) += (size_t)got;
    if (header && darkroom->answer_got == sizeof darkroom->answer) {
        if (!answer_is_sane(darkroom))
            return -1;
        size_t bytes = darkroom->answer.body_len;
        darkroom->body = bytes == 0 ? NULL : memory_need(malloc(bytes));
    }
    if (darkroom->answer_got == sizeof darkroom->answer && darkroom->body_got == darkroom->answer.body_len)
        take_answer(darkroom, now_ms);
    return 1;
}

/* Moves on what has to be moved by the clock: a first start, a next job, a look at one that lasts, an idle process. */
static void move_on(struct darkroom *darkroom, int64_t now_ms)
{
    bool waiting = darkroom->jobs.count > 0, late = now_ms >= darkroom->deadline_ms;
    switch (darkroom->stage) {
    case STAGE_NONE:
        if (waiting && late)
            start_process(darkroom, now_ms);
        break;
    case STAGE_STARTING:
    case STAGE_BUSY:
        if (late) {
            look_at_process(darkroom, darkroom->stage == STAGE_BUSY ? darkroom->job_timeout_ms : START_TIMEOUT_MS,
                            now_ms);
        }
        break;
    case STAGE_IDLE:
        if (waiting)
            begin_stage(darkroom, STAGE_BUSY, darkroom->job_timeout_ms, now_ms);
        else if (late)
            end_process(darkroom, now_ms);
        break;
    case STAGE_COUNT: break;
    }
}

void darkroom_ready(struct darkroom *darkroom, short revents, int64_t now_ms)
{
    if (darkroom->dying_count > 0)
        reap(darkroom, now_ms);
    if (darkroom->stage != STAGE_NONE && (revents & (POLLIN | POLLHUP | POLLERR)) != 0) {
        int more = 1;
        while (more > 0 && darkroom->stage != STAGE_NONE)
            more = read_some(darkroom, now_ms);
        if (more < 0)
            lose_process(darkroom, ERR_CLOSED, now_ms);
    }
    move_on(darkroom, now_ms);
    if (darkroom->stage == STAGE_BUSY && !send_job(darkroom))
        lose_process(darkroom, ERR_CLOSED, now_ms);
}

enum err darkroom_examine(struct darkroom *darkroom, const void *bytes, size_t len, int32_t min_side_px,
                          darkroom_done_fn *done, void *ctx)
{
    if (len > DARKROOM_INPUT_MAX_BYTES)
        return ERR_TOO_LARGE;
    struct wire_request request = {.kind = WIRE_EXAMINE, .body_len = (uint32_t)len, .width = min_side_px};
    return jobs_add(&darkroom->jobs, request, bytes, NULL, done, ctx);
}

enum err darkroom_make(struct darkroom *darkroom, const void *reference, size_t len, const char *recipe, uint64_t seed,
                       darkroom_done_fn *done, void *ctx)
{
    size_t text_len = strlen(recipe);
    if (len > DARKROOM_INPUT_MAX_BYTES || text_len > DARKROOM_RECIPE_MAX_BYTES)
        return ERR_TOO_LARGE;
    struct wire_request request = {
        .kind = WIRE_MAKE, .body_len = (uint32_t)len, .text_len = (uint32_t)text_len, .seed = seed};
    return jobs_add(&darkroom->jobs, request, reference, recipe, done, ctx);
}

enum err darkroom_render(struct darkroom *darkroom, const void *bytes, size_t len, int32_t width, int32_t height,
                         darkroom_done_fn *done, void *ctx)
{
    if (len > DARKROOM_INPUT_MAX_BYTES || width < 1 || height < 1 || width > DARKROOM_SIDE_MAX ||
        height > DARKROOM_SIDE_MAX)
        return ERR_TOO_LARGE;
    struct wire_request request = {.kind = WIRE_RENDER, .body_len = (uint32_t)len, .width = width, .height = height};
    return jobs_add(&darkroom->jobs, request, bytes, NULL, done, ctx);
}

enum err darkroom_compare(struct darkroom *darkroom, const uint8_t *sketches, size_t count, darkroom_done_fn *done,
                          void *ctx)
{
    if (count < 2 || count > 1 + DARKROOM_SKETCHES_MAX)
        return ERR_TOO_LARGE;
    struct wire_request request = {.kind = WIRE_COMPARE, .body_len = (uint32_t)count * DARKROOM_SKETCH_BYTES};
    return jobs_add(&darkroom->jobs, request, sketches, NULL, done, ctx);
}

void darkroom_cancel(struct darkroom *darkroom, const void *ctx)
{
    jobs_cancel(&darkroom->jobs, ctx, darkroom->stage == STAGE_BUSY);
}

int darkroom_fd(const struct darkroom *darkroom)
{
    return darkroom->fd;
}

short darkroom_events(const struct darkroom *darkroom)
{
    if (darkroom->stage == STAGE_NONE)
        return 0;
    const struct job *job = STAILQ_FIRST(&darkroom->jobs.list);
    bool writing = darkroom->stage == STAGE_BUSY && job->sent < job->len;
    return writing ? POLLIN | POLLOUT : POLLIN;
}

int64_t darkroom_next_deadline_ms(const struct darkroom *darkroom)
{
    bool waiting = darkroom->jobs.count > 0;
    int64_t deadline_ms = INT64_MAX;
    if (darkroom->stage == STAGE_IDLE && waiting)
        deadline_ms = INT64_MIN;
    else if (darkroom->stage != STAGE_NONE || waiting)
        deadline_ms = darkroom->deadline_ms;
    return darkroom->dying_count > 0 && darkroom->reap_at_ms < deadline_ms ? darkroom->reap_at_ms : deadline_ms;
}

size_t darkroom_queued(const struct darkroom *darkroom)
{
    return darkroom->jobs.count;
}

int64_t darkroom_pid(const struct darkroom *darkroom)
{
    return darkroom->pid;
}
