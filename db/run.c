/* Waiting for one unit: for start-up and tools only (migrations, the configuration check, seeding).
 *
 * It drives the same connection the loop drives, so there is one way to speak to Postgres. It reads the monotonic
 * clock itself because its callers have no loop that could hand it in. Must not be called from inside a callback of
 * the same connection, nor once the daemon's loop runs. */
#include "core/bug.h"
#include "db/internal.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <time.h>

struct run {
    bool done;
    struct db_result *result;
    struct db_failure failure;
};

static void run_done(void *context, const struct db_result *result, const struct db_failure *failure)
{
    struct run *run = context;
    run->done = true;
    run->result = (struct db_result *)(uintptr_t)result; /* kept: ours from now on */
    if (failure != NULL)
        run->failure = *failure;
}

static int64_t clock_ms(void)
{
    struct timespec now;
    if (clock_gettime(CLOCK_MONOTONIC, &now) != 0)
        bug("there is no clock");
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

enum err db_run(struct db *db, struct db_unit *unit, int64_t timeout_ms, struct db_result **ret_result,
                struct db_failure *ret_failure)
{
    struct run run = {false, NULL, {.err = ERR_OK}};
    int64_t end_ms = clock_ms() + timeout_ms;
    unit->kept = true;
    db_submit(db, unit, run_done, &run);
    while (!run.done) {
        int64_t now_ms = clock_ms(), next_ms = db_next_deadline_ms(db);
        if (now_ms >= end_ms) {
            db_give_up(db, now_ms);
            continue;
        }
        int64_t wait_ms = (next_ms < end_ms ? next_ms : end_ms) - now_ms;
        struct pollfd wanted = {db_fd(db), db_events(db), 0};
        int got = poll(&wanted, 1, wait_ms < 0 ? 0 : wait_ms > 60000 ? 60000 : (int)wait_ms);
        if (got < 0 && errno != EINTR)
            bug("poll fails");
        db_ready(db, got > 0 ? wanted.revents : 0, clock_ms());
    }
    if (run.failure.err != ERR_OK) {
        if (ret_failure != NULL)
            *ret_failure = run.failure;
        return run.failure.err;
    }
    if (ret_result != NULL)
        *ret_result = run.result;
    else
        db_result_free(run.result);
    return ERR_OK;
}
