/* The connection: libpq without waiting, in pipeline mode, driven by the loop's poll.
 *
 * Units stand in two queues: `queued` (not handed to libpq) and `sent` (handed over, answered in order). The border
 * between them is the border of certainty: a queued unit has surely not happened and moves to the next connection by
 * itself; a sent unit whose sync was not seen may have happened, and only its owner can find out. libpq's buffer
 * hides whether a byte really left, so "handed over" counts as sent. Every statement has exactly one answer, and
 * PGRES_PIPELINE_SYNC ends a unit: only then is its transaction committed. db/names.c adds units of our own.
 *
 * A server that takes no writes (any more) is left as soon as what was handed over is answered: the connection string
 * may name others, of which one is the primary now. When all are so, each is looked at with growing waits.
 *
 * Reason: these are the states of one connection; apart they would share all its fields.
 *
 * A slow server can't be told to stop without blocking (libpq 15 has no asynchronous cancel): when a unit's time is
 * over the connection is closed. Must not: wait, read a clock, log, or speak while nothing is submitted. */
#include "db/internal.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/backoff.h"
#include "core/bug.h"
#include "db/hosts.h"

enum {
    CONNECT_TIMEOUT_MS = 10 * 1000,
    UNIT_TIMEOUT_MS = 30 * 1000,
    BACKOFF_FIRST_MS = 200,
    LASTING_MS = 2 * DB_BACKOFF_MAX_MS
};

enum db_state {
    DB_STATE_DOWN,
    DB_STATE_LOOKING_UP, /* the hosts' names */
    DB_STATE_CONNECTING,
    DB_STATE_UP,
    DB_STATE_COUNT
};

struct db {
    char *conninfo;
    char *resolver; /* NULL = libpq looks up names itself */
    struct db_options options;
    enum db_state state;
    struct hosts *hosts; /* while looking up */
    PGconn *conn;
    bool flushing;        /* libpq holds bytes the socket did not take yet */
    short connect_events; /* while connecting */
    int64_t look_up_deadline_ms, connect_deadline_ms;
    int64_t retry_at_ms;
    int attempts;  /* to connect, since a unit was answered */
    bool leaving;  /* the server can't do what was asked: nothing more is handed over */
    int left;      /* servers in a row that were left, each soon after the connection */
    int64_t up_ms; /* when the connection was ready */
    struct db_list queued, sent;
    struct db_list refused;  /* over the queue's maximum: failed at the next db_ready */
    struct db_unit *unarmed; /* the first unit without a deadline */
    int64_t submitted;       /* units so far: their numbers */
    int own;                 /* of the sent ones, those the connection sent for itself */
    struct names *names;
    char failure[DB_MESSAGE_MAX_BYTES];
};

struct db *db_new(const char *conninfo, const struct db_options *options)
{
    struct db *db = calloc(1, sizeof *db);
    if (db == NULL || (db->conninfo = strdup(conninfo)) == NULL)
        bug("out of memory");
    if (options != NULL)
        db->options = *options;
    if (db->options.connect_timeout_ms <= 0)
        db->options.connect_timeout_ms = CONNECT_TIMEOUT_MS;
    if (db->options.unit_timeout_ms <= 0)
        db->options.unit_timeout_ms = UNIT_TIMEOUT_MS;
    if (db->options.resolver != NULL && (db->resolver = strdup(db->options.resolver)) == NULL)
        bug("out of memory");
    db->names = names_new(db->options.one_plan);
    return db;
}

void db_free(struct db *db)
{
    if (db == NULL)
        return;
    PQfinish(db->conn);
    hosts_free(db->hosts);
    list_free(&db->sent);
    list_free(&db->queued);
    list_free(&db->refused);
    names_free(db->names);
    free(db->resolver);
    free(db->conninfo);
    free(db);
}

int db_fd(const struct db *db)
{
    if (db->state == DB_STATE_LOOKING_UP)
        return hosts_fd(db->hosts);
    return db->conn == NULL ? -1 : PQsocket(db->conn);
}

short db_events(const struct db *db)
{
    switch (db->state) {
    case DB_STATE_DOWN: return 0;
    case DB_STATE_LOOKING_UP: return POLLIN;
    case DB_STATE_CONNECTING: return db->connect_events;
    case DB_STATE_UP: return (short)(POLLIN | (db->flushing ? POLLOUT : 0));
    case DB_STATE_COUNT: break;
    }
    bug("a state that connections do not have");
}

bool db_idle(const struct db *db)
{
    return db->queued.count + db->sent.count - db->own + db->refused.count == 0;
}

bool db_connected(const struct db *db)
{
    return db->state == DB_STATE_UP;
}

bool db_unreachable(const struct db *db)
{
    return db->state == DB_STATE_DOWN && db->attempts > 0 && db->retry_at_ms > 0;
}

void db_hurry(struct db *db)
{
    db->retry_at_ms = 0;
}

const char *db_last_failure(const struct db *db)
{
    return db->failure;
}

int64_t db_next_deadline_ms(const struct db *db)
{
    int64_t next = INT64_MAX;
    if (db->unarmed != NULL || db->refused.head != NULL)
        return 0;
    if (db->sent.head != NULL)
        next = db->sent.head->deadline_ms;
    if (db->queued.head != NULL && db->queued.head->deadline_ms < next)
        next = db->queued.head->deadline_ms;
    if (db->state == DB_STATE_LOOKING_UP && db->look_up_deadline_ms < next)
        next = db->look_up_deadline_ms;
    if (db->state == DB_STATE_CONNECTING && db->connect_deadline_ms < next)
        next = db->connect_deadline_ms;
    if (db->state == DB_STATE_DOWN && db->queued.head != NULL && db->retry_at_ms < next)
        next = db->retry_at_ms;
    return next;
}

void db_submit(struct db *db, struct db_unit *unit, db_done_fn *done, void *context)
{
    if (unit->count == 0 || unit->done != NULL)
        bug("an empty unit, or one submitted twice");
    unit->done = done;
    unit->context = context;
    unit->number = db->submitted++;
    unit->result = unit_result_new(unit->count);
    if (db->queued.count + db->sent.count >= DB_QUEUE_MAX_UNITS || unit->arena.used_bytes > DB_UNIT_MAX_BYTES) {
        list_push(&db->refused, unit);
        return;
    }
    list_push(&db->queued, unit);
    if (db->unarmed == NULL)
        db->unarmed = unit;
}

/* Gives the units submitted since the last look their deadlines. */
static void arm(struct db *db, int64_t now_ms)
{
    for (; db->unarmed != NULL; db->unarmed = db->unarmed->next)
        db->unarmed->deadline_ms = now_ms + db->options.unit_timeout_ms;
}

/* No wait when the connection had been of use. */
static int64_t wait_ms(const struct db *db)
{
    uint64_t random = db->options.random == NULL ? DB_BACKOFF_MAX_MS - 1 : db->options.random();
    return db->attempts == 0 ? 0 : backoff_ms(db->attempts - 1, BACKOFF_FIRST_MS, DB_BACKOFF_MAX_MS, random);
}

/* The connection is gone: closes it and fails what was handed over, the oldest submitted one with head_err. Queued
 * units stay for the next one. */
static void lose(struct db *db, int64_t now_ms, enum err head_err, const char *message)
{
    struct db_list sent = db->sent;
    db->sent = (struct db_list){NULL, NULL, 0};
    db->own = 0;
    failure_set_message(db->failure, sizeof db->failure, message);
    PQfinish(db->conn);
    db->conn = NULL;
    hosts_free(db->hosts);
    db->hosts = NULL;
    db->state = DB_STATE_DOWN;
    db->flushing = db->leaving = false;
    db->retry_at_ms = now_ms + wait_ms(db);
    for (bool is_own = true; sent.head != NULL;) {
        enum err err = is_own ? head_err : ERR_CLOSED;
        is_own = is_own && sent.head->is_own;
        unit_fail(list_take(&sent), err, true, db->failure);
    }
}

/* libpq's own words about the connection. They can quote the connection string only if it is unreadable, which
 * connect_start has excluded. */
static void lose_by_libpq(struct db *db, int64_t now_ms)
{
    char message[DB_MESSAGE_MAX_BYTES];
    failure_set_message(message, sizeof message, PQerrorMessage(db->conn));
    lose(db, now_ms, ERR_CLOSED, message[0] == '\0' ? "the connection was lost" : message);
}

/* Everything that was handed over is answered: nothing is in doubt. */
static void leave(struct db *db, int64_t now_ms)
{
    db->left = now_ms - db->up_ms > LASTING_MS ? 1 : db->left + 1;
    db->attempts = db->left - 1;
    lose(db, now_ms, ERR_CLOSED, "the server takes no writes: another is looked for");
}

static void ignore_notice(void *context, const char *message)
{
    (void)context;
    (void)message;
}

/* To what was looked up, or, with NULLs, to what the connection string says. */
static void connect_to(struct db *db, int64_t now_ms, const char *host, const char *hostaddr, const char *port)
{
    /* The first may be a whole connection string; later ones win over what it says. */
    static const char *const keywords[] = {
        "dbname", "host", "hostaddr", "port", "client_encoding", "fallback_application_name", NULL};
    const char *const values[] = {db->conninfo, host, hostaddr, port, "UTF8", "fotoset", NULL};
    db->conn = PQconnectStartParams(keywords, values, 1);
    if (db->conn == NULL)
        bug("out of memory");
    if (PQstatus(db->conn) == CONNECTION_BAD) {
        lose_by_libpq(db, now_ms);
        return;
    }
    (void)PQsetNoticeProcessor(db->conn, ignore_notice, NULL);
    db->state = DB_STATE_CONNECTING;
    db->connect_events = POLLOUT;
}

static void connect_start(struct db *db, int64_t now_ms)
{
    PQconninfoOption *parsed = PQconninfoParse(db->conninfo, NULL);
    db->attempts++;
    if (parsed == NULL) {
        lose(db, now_ms, ERR_INVALID, "the connection string is unreadable (not shown: it may hold a password)");
        return;
    }
    PQconninfoFree(parsed);
    db->connect_deadline_ms = now_ms + db->options.connect_timeout_ms;
    db->look_up_deadline_ms = now_ms + db->options.connect_timeout_ms / 2;
    if (db->resolver != NULL)
        db->hosts = hosts_begin(db->conninfo, db->resolver);
    if (db->hosts == NULL)
        connect_to(db, now_ms, NULL, NULL, NULL);
    else
        db->state = DB_STATE_LOOKING_UP;
}

/* A name that is not found in half of the time is left out, so that the others have the rest. */
static void look_up_go_on(struct db *db, short revents, int64_t now_ms)
{
    const char *host = NULL, *hostaddr = NULL, *port = NULL;
    bool late = now_ms >= db->look_up_deadline_ms;
    if (!(revents != 0 && hosts_read(db->hosts)) && !late)
        return;
    if (hosts_found(db->hosts, &host, &hostaddr, &port))
        connect_to(db, now_ms, host, hostaddr, port);
    else
        lose(db, now_ms, ERR_CLOSED,
             late ? "the address of the database's host was not found in time" : "the database's host has no address");
    hosts_free(db->hosts);
    db->hosts = NULL;
}

static void connect_go_on(struct db *db, short revents, int64_t now_ms)
{
    if (revents != 0) {
        switch (PQconnectPoll(db->conn)) {
        case PGRES_POLLING_READING: db->connect_events = POLLIN; break;
        case PGRES_POLLING_WRITING: db->connect_events = POLLOUT; break;
        case PGRES_POLLING_OK:
            if (PQsetnonblocking(db->conn, 1) != 0 || PQenterPipelineMode(db->conn) != 1)
                bug("libpq has no pipeline mode");
            db->state = DB_STATE_UP;
            db->up_ms = now_ms;
            names_begin(db->names, PQbackendPID(db->conn));
            return;
        case PGRES_POLLING_FAILED:
        case PGRES_POLLING_ACTIVE: lose_by_libpq(db, now_ms); return;
        }
    }
    if (now_ms >= db->connect_deadline_ms)
        lose(db, now_ms, ERR_CLOSED, "connecting took too long");
}

/* The oldest unit's sync has come. One that failed for its names only goes back to where it stood among the queued. */
static void end_unit(struct db *db)
{
    struct db_unit *unit = list_take(&db->sent);
    db->attempts = 0;
    db->own -= unit->is_own ? 1 : 0;
    db->leaving = db->leaving || (unit->failed && failure_may_pass_elsewhere(&unit->failure));
    if (unit->failed && unit->is_named && names_failed(db->names, &unit->failure)) {
        unit_reset(unit);
        list_put(&db->queued, unit);
    } else {
        unit_finish(unit);
    }
}

/* Takes one answer of the oldest unit. False when the connection can't go on. */
static bool take_answer(struct db *db, PGresult *answer)
{
    struct db_unit *unit = db->sent.head;
    ExecStatusType status = PQresultStatus(answer);
    if (status == PGRES_PIPELINE_SYNC) {
        PQclear(answer);
        end_unit(db);
        return true;
    }
    if ((status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK || status == PGRES_EMPTY_QUERY) &&
        unit->seen < unit->count) {
        unit->result->answers[unit->seen++] = answer;
        return true;
    }
    bool alive = true;
    if (status == PGRES_FATAL_ERROR) {
        /* Only an ERROR rolls back and goes on; a FATAL may come after the commit. */
        const char *severity = PQresultErrorField(answer, PG_DIAG_SEVERITY_NONLOCALIZED);
        alive = severity != NULL && strcmp(severity, "ERROR") == 0;
        if (!unit->failed)
            failure_read(&unit->failure, answer, unit->seen < unit->count ? unit->seen : -1);
        unit->failed = true;
        unit->failure.maybe_committed = !alive;
        if (!alive)
            unit->failure.err = ERR_CLOSED;
    } else if (status != PGRES_PIPELINE_ABORTED) {
        alive = false; /* COPY or a surplus answer: the pipeline can't be trusted any more */
    }
    unit->seen++;
    PQclear(answer);
    return alive;
}

/* Reads what has arrived. */
static void receive(struct db *db, int64_t now_ms)
{
    if (PQconsumeInput(db->conn) != 1 && PQstatus(db->conn) != CONNECTION_BAD) {
        lose_by_libpq(db, now_ms);
        return;
    }
    int empty = 0; /* NULL stands between answers; two in a row are the end of what is there */
    while (db->sent.head != NULL && empty < 2 && !PQisBusy(db->conn)) {
        PGresult *answer = PQgetResult(db->conn);
        empty = answer == NULL ? empty + 1 : 0;
        if (answer != NULL && !take_answer(db, answer)) {
            lose_by_libpq(db, now_ms);
            return;
        }
    }
    if (PQstatus(db->conn) == CONNECTION_BAD)
        lose_by_libpq(db, now_ms);
}

static bool send_statement(struct db *db, struct db_unit *unit, const struct db_statement *statement)
{
    if (statement->name != NULL)
        return PQsendPrepare(db->conn, statement->name, statement->sql, 0, NULL) == 1;
    const char *name = unit->is_own ? NULL : names_use(db->names, statement->sql);
    if (name == NULL)
        return PQsendQueryParams(db->conn, statement->sql, statement->param_count, NULL, statement->values, NULL, NULL,
                                 0) == 1;
    unit->is_named = true;
    return PQsendQueryPrepared(db->conn, name, statement->param_count, statement->values, NULL, NULL, 0) == 1;
}

/* Accepts NULL. */
static bool send_unit(struct db *db, struct db_unit *unit)
{
    if (unit == NULL)
        return true;
    list_push(&db->sent, unit);
    db->own += unit->is_own ? 1 : 0;
    for (int i = 0; i < unit->count; i++)
        if (!send_statement(db, unit, &unit->statements[i]))
            return false;
    return PQpipelineSync(db->conn) == 1;
}

/* Hands queued units over. One that was put back waits for those behind it, which come back too, as a rule. A quiet
 * connection may have died (normal on a serverless Postgres): looking before the first byte keeps a unit certain. */
static void send_queued(struct db *db, int64_t now_ms)
{
    if (db->sent.head == NULL && db->queued.head != NULL) {
        receive(db, now_ms);
        if (db->state != DB_STATE_UP)
            return;
    }
    bool went_well = true;
    while (went_well && !db->leaving && db->queued.head != NULL && db->sent.count - db->own < DB_IN_FLIGHT_MAX_UNITS &&
           (db->sent.tail == NULL || db->sent.tail->number <= db->queued.head->number)) {
        struct db_unit *unit = list_take(&db->queued);
        went_well = send_unit(db, unit) && send_unit(db, names_take_unit(db->names, unit));
    }
    int left = went_well ? PQflush(db->conn) : -1;
    db->flushing = left == 1;
    if (left < 0)
        lose_by_libpq(db, now_ms);
    else if (db->leaving && db->sent.head == NULL)
        leave(db, now_ms);
}

/* Fails what waited too long. The queues are in order of submission, so the heads are the oldest. */
static void expire(struct db *db, int64_t now_ms)
{
    if (db->sent.head != NULL && db->sent.head->deadline_ms <= now_ms)
        lose(db, now_ms, ERR_TIMEOUT, "no answer in time");
    struct db_list late = {NULL, NULL, 0};
    while (db->queued.head != NULL && db->queued.head != db->unarmed && db->queued.head->deadline_ms <= now_ms)
        list_push(&late, list_take(&db->queued));
    while (late.head != NULL)
        unit_fail(list_take(&late), ERR_TIMEOUT, false, db->failure[0] == '\0' ? "no connection in time" : db->failure);
    struct db_list refused = db->refused;
    db->refused = (struct db_list){NULL, NULL, 0};
    while (refused.head != NULL) {
        struct db_unit *unit = list_take(&refused);
        bool large = unit->arena.used_bytes > DB_UNIT_MAX_BYTES; /* only then would it be refused again */
        unit_fail(unit, large ? ERR_TOO_LARGE : ERR_AGAIN, false,
                  large ? "the unit is too large" : "too many units wait for the database");
    }
}

void db_give_up(struct db *db, int64_t now_ms)
{
    for (struct db_unit *unit = db->sent.head; unit != NULL; unit = unit->next)
        unit->deadline_ms = now_ms;
    arm(db, now_ms);
    for (struct db_unit *unit = db->queued.head; unit != NULL; unit = unit->next)
        unit->deadline_ms = now_ms;
    expire(db, now_ms);
}

void db_ready(struct db *db, short revents, int64_t now_ms)
{
    arm(db, now_ms);
    if (db->state == DB_STATE_LOOKING_UP)
        look_up_go_on(db, revents, now_ms);
    else if (db->state == DB_STATE_CONNECTING)
        connect_go_on(db, revents, now_ms);
    else if (db->state == DB_STATE_UP && revents != 0)
        receive(db, now_ms);
    expire(db, now_ms);
    arm(db, now_ms); /* what the callbacks submitted */
    if (db->state == DB_STATE_UP)
        send_queued(db, now_ms);
    if (db->state == DB_STATE_DOWN && db->queued.head != NULL && db->retry_at_ms <= now_ms)
        connect_start(db, now_ms);
}
