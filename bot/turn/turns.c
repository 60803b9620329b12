/* The turn, from what gathered to what is committed (see bot/turn/turns.h).
 *
 *   gather ─▶ LOADING ─▶ step ─▶ COMMITTING ─▶ after ─▶ gather …
 *
 * The commit's first statement compares and sets the turn's number and the update offset, so what was gathered takes
 * effect once or not at all:
 *   - it fails and surely nothing happened: the same events are loaded and stepped again, at once if somebody else
 *     changed what they rest on (db/deed.h);
 *   - its answer was lost, or it was not the next one: bot_state tells whether this very try happened;
 *   - somebody else holds the bot, or an earlier try was committed after all: we stop, and a new process starts from
 *     what the database says.
 * What is refused for another reason is tried again as it is, and then one by one (bot/turn/careful.c). Must not send
 * anything before the commit, nor wait. */
#include "bot/turn/turns.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "bot/base/failpoint.h"
#include "bot/base/log.h"
#include "bot/base/mailbox.h"
#include "bot/outbox/outbox.h"
#include "bot/base/random.h"
#include "bot/services/telegram/poll.h"
#include "bot/base/timers.h"
#include "bot/turn/effects.h"
#include "bot/turn/private.h"
#include "core/bug.h"
#include "core/engine.h"
#include "db/deed.h"
#include "db/state.h"

enum {
    RETRY_MS = 200,
    RETRY_DOUBLINGS = 5, /* up to 6.4 s */
    RETRIES_A_LINE = 10, /* an outage is told now and then, not with every try */
    CONFLICTS_MAX = 3,   /* unique violations of a turn before its events go one by one */
    SERVER_TRIES = 6     /* of a turn that the server can't commit (12 s), before its events go one by one */
};

static void ask(struct turns *turns);
static void commit(struct turns *turns);

struct turns *turns_new(const struct turns_ports *ports)
{
    struct turns *turns = calloc(1, sizeof *turns);
    if (turns == NULL)
        bug("out of memory");
    turns->ports = *ports;
    arena_init(&turns->arena);
    arena_init(&turns->try);
    arena_init(&turns->parked.arena);
    arena_init(&turns->parked.part_arena);
    for (size_t kind = 0; kind < ID_KIND_COUNT; kind++)
        turns->pool.ids[kind] = turns->pool_ids[kind];
    return turns;
}

void turns_free(struct turns *turns)
{
    if (turns == NULL)
        return;
    turn_parked_done(turns);
    free(turns->body);
    free(turns->batch);
    arena_done(&turns->arena);
    arena_done(&turns->try);
    free(turns);
}

void turns_stand(struct turns *turns, const struct turns_stand *stand)
{
    turns->stand = *stand;
    turns->turn = stand->turn;
    turns->offset = stand->offset;
}

void turns_batch(struct turns *turns, const char *body, size_t bytes)
{
    free(turns->body);
    turns->body = malloc(bytes + 1);
    if (turns->body == NULL)
        bug("out of memory");
    memcpy(turns->body, body, bytes);
    turns->body[bytes] = '\0';
    turns->body_bytes = bytes;
}

bool turns_idle(const struct turns *turns)
{
    return turns->phase == PHASE_IDLE && mailbox_count(turns->ports.mailbox) == 0 && turns->body == NULL &&
           !outbox_has_outcomes(turns->ports.outbox);
}

static void retry_due(void *ctx, int64_t object)
{
    (void)object;
    turn_try(ctx);
}

void turn_retry(struct turns *turns, const struct db_failure *failure)
{
    const struct turns_ports *ports = &turns->ports;
    int64_t wait_ms = RETRY_MS << (turns->retries < RETRY_DOUBLINGS ? turns->retries : RETRY_DOUBLINGS);
    if (turns->retries++ % RETRIES_A_LINE == 0)
        log_warn("turns", "a turn waits for the database: %s", failure->message);
    turns->phase = PHASE_WAITING;
    timers_add(ports->timers, ports->clock->unix_ms + wait_ms, retry_due, turns, 0);
}

static void step_events(struct turns *turns)
{
    const struct turns_ports *ports = &turns->ports;
    for (size_t i = 0; i < turns->size; i++) {
        const struct happening *happening = &turns->list[turns->at + i];
        if (happening->fate != FATE_STEP)
            continue;
        struct step step = {.arena = &turns->try,
                            .rules = ports->rules,
                            .now_ms = ports->clock->unix_ms,
                            .chat = turn_chat(turns, happening->event.chat_id),
                            .event = &happening->event,
                            .effects = &turns->effects,
                            .ids = &turns->pool};
        engine_step(&step);
    }
}

/* Surely nothing of the try happened. */
static void failed(struct turns *turns, const struct db_failure *failure)
{
    bool race = failure->err == ERR_CONFLICT && turns->conflicts++ < CONFLICTS_MAX;
    bool deed = strcmp(failure->sqlstate, DEED_LOST) == 0;
    int most = turns->parked.chat_count > 0 ? 1 : SERVER_TRIES; /* it is to be expected then */
    if (turns->replay && !(race && deed))
        turn_parked_failed(turns, failure);
    else if (turns->careful.on)
        turn_careful_failed(turns, failure);
    else if (!race && (db_fault_of(failure) != DB_FAULT_SERVER || turns->retries >= most))
        turn_careful_begin(turns);
    else
        turn_again(turns, failure);
}

static void loaded(void *ctx, const struct db_result *result, const struct db_failure *failure)
{
    struct turns *turns = ctx;
    if (failure != NULL) {
        failed(turns, failure);
        return;
    }
    failpoint("turn.loaded");
    load_read(result, &turns->try, &turns->request, &turns->loaded);
    turn_take_loaded(turns);
    turn_news_loaded(turns, result);
    step_events(turns);
    if (turns->careful.on && turns->effects.count == 0 && turns->told_count == 0 && !turns->loaded.chats[0].dirty)
        turn_careful_idle(turns);
    else
        commit(turns);
}

void turn_try(struct turns *turns)
{
    arena_reset(&turns->try);
    turns->try_number = (int64_t)(random_number() >> 1);
    turns->effects = (struct effects){0};
    turns->loaded = (struct load_answer){0};
    turns->told_count = 0;
    turn_want(turns);
    if (turns->request.chat_count == 0) {
        commit(turns);
        return;
    }
    struct db_unit *unit = db_unit_new();
    load_add(unit, &turns->try, &turns->request);
    turn_news_want(turns, unit);
    turns->phase = PHASE_LOADING;
    db_submit(turns->ports.db, unit, loaded, turns);
}

/* The next part of the turn, as large as the ids suffice for. */
static void try_next(struct turns *turns)
{
    size_t left = turns->count - turns->at;
    turns->size = left < TURNS_EVENTS_MAX ? left : TURNS_EVENTS_MAX;
    turn_try(turns);
}

/* ---- committing ---- */

static void wake(void *ctx, int64_t chat_id)
{
    struct turns *turns = ctx;
    mailbox_put(turns->ports.mailbox, &(struct event){.kind = EVENT_WAKE, .chat_id = chat_id});
}

void turns_wake_at(struct turns *turns, int64_t chat_id, int64_t unix_ms)
{
    timers_add(turns->ports.timers, unix_ms, wake, turns, chat_id);
}

static void schedule(struct turns *turns, const struct chat *chat)
{
    const struct session *session = &chat->session;
    int64_t horizon_ms = turns->ports.clock->unix_ms + TURNS_HORIZON_MS;
    if (session->refresh_at_ms != 0)
        turns_wake_at(turns, chat->id, session->refresh_at_ms);
    if (session->limit_at_ms != 0 && session->limit_at_ms < horizon_ms)
        turns_wake_at(turns, chat->id, session->limit_at_ms);
}

/* The turn is in the database: everything it promised begins now. */
static void committed_all(struct turns *turns)
{
    const struct turns_ports *ports = &turns->ports;
    failpoint("turn.committed");
    turns->turn++;
    turns->offset = turns->next_offset;
    if (!turns->careful.split)
        outbox_committed(ports->outbox);
    turns->outcomes = (struct outbox_outcomes){0};
    turn_effects_start(ports, &turns->effects);
    outbox_add(ports->outbox, turns->rows, turns->row_count);
    for (size_t i = 0; i < turns->request.chat_count; i++)
        if (turns->loaded.chats[i].dirty && turns->loaded.chats[i].session.state != NULL)
            schedule(turns, &turns->loaded.chats[i]);
    turn_parked_committed(turns);
    turns->at += turns->size;
    turns->conflicts = turns->retries = 0;
    turns->began_ms = ports->clock->mono_ms; /* of the next part */
    if (turns->size > 0)
        turns->careful.waits = 0;
    if (turns->careful.on)
        turn_careful_next(turns);
    else if (turns->at < turns->count)
        try_next(turns);
    else
        turn_end(turns);
}

void turn_end(struct turns *turns)
{
    const struct turns_ports *ports = &turns->ports;
    turns->phase = PHASE_IDLE;
    turns->careful.on = false;
    if (turns->from_poll && !ports->stop->asked) {
        telegram_poll_next(ports->poll, ports->clock->mono_ms, turns->offset);
        failpoint("poll.confirming");
    }
    turns->from_poll = false;
}

/* What this process knows is not true any more. The next one begins with what the database says. */
static void give_up(struct turns *turns, int exit_code, const char *why)
{
    log_error("turns", "%s: this daemon stops", why);
    turns->phase = PHASE_WAITING;
    stop_ask(turns->ports.stop, exit_code);
}

static void ask_due(void *ctx, int64_t object)
{
    (void)object;
    ask(ctx);
}

/* A commit that was given up may still be under way in Postgres, so it can overtake the next try of its turn. Its
 * messages are in the database then, and not the ones that this process holds. */
static void asked(void *ctx, const struct db_result *result, const struct db_failure *failure)
{
    struct turns *turns = ctx;
    struct state_answer state;
    if (failure != NULL) {
        timers_add(turns->ports.timers, turns->ports.clock->unix_ms + RETRY_MS, ask_due, turns, 0);
        return;
    }
    state_read(result, &state);
    if (strcmp(state.owner, turns->stand.owner) != 0)
        give_up(turns, STOP_EXIT_TAKEN_OVER, "another daemon took over this bot");
    else if (state.turn == turns->turn)
        failed(turns, &turns->lost);
    else if (state.turn == turns->turn + 1 && state.try == turns->try_number)
        committed_all(turns);
    else
        give_up(turns, STOP_EXIT_OVERTAKEN, "a turn that seemed lost was committed after all");
}

static void ask(struct turns *turns)
{
    turns->phase = PHASE_ASKING;
    state_ask(turns->ports.db, turns->stand.bot_id, asked, turns);
}

static void committed(void *ctx, const struct db_result *result, const struct db_failure *failure)
{
    struct turns *turns = ctx;
    (void)result;
    if (failure == NULL) {
        committed_all(turns);
        return;
    }
    if (failure->maybe_committed || strcmp(failure->sqlstate, COMMIT_FENCED) == 0) {
        turns->lost = *failure;
        ask(turns);
    } else {
        failed(turns, failure);
    }
}

static void commit(struct turns *turns)
{
    const struct turns_ports *ports = &turns->ports;
    struct db_unit *unit = db_unit_new();
    size_t chats = turns->request.chat_count;
    turns->next_offset = turn_offset_after(turns);
    int64_t high = outbox_high(ports->outbox);
    struct commit_head head = {turns->stand.bot_id, turns->stand.owner, turns->turn, turns->offset,
                               turns->next_offset,  turns->try_number,  high};
    struct order_terms *terms;
    size_t term_count = turn_effects_price(turns, &turns->try, &turns->effects, turns->loaded.chats, chats, &terms);
    turns->row_count = turn_effects_rows(&turns->try, &turns->effects, turns->loaded.chats, chats, &turns->pool,
                                         &turns->rows);
    commit_add_head(unit, &turns->try, &head);
    commit_add_outcomes(unit, &turns->try, turns->stand.bot_id, &turns->outcomes);
    commit_add_records(unit, &turns->try, turns->loaded.chats, chats, &turns->effects, terms, term_count,
                       ports->clock->unix_ms, turns->stand.bot_id);
    commit_add_sessions(unit, &turns->try, turns->loaded.chats, chats);
    commit_add_outbox(unit, &turns->try, turns->rows, turns->row_count);
    turn_news_add(turns, unit);
    turn_parked_add(turns, unit);
    turns->phase = PHASE_COMMITTING;
    failpoint("turn.before_commit");
    db_submit(ports->db, unit, committed, turns);
}

int64_t turns_number(const struct turns *turns)
{
    return turns->turn;
}

bool turns_stuck(const struct turns *turns, int64_t limit_ms)
{
    return turns->phase != PHASE_IDLE && turns->ports.clock->mono_ms - turns->began_ms > limit_ms;
}

static void company_due(void *ctx, int64_t object)
{
    (void)ctx; /* only to wake the loop */
    (void)object;
}

/* Outcomes that only say "sent" wait a moment for a batch to be committed with. A crash meanwhile repeats an edit, as
 * a crash before their commit always does. */
static bool wait_for_company(struct turns *turns)
{
    const struct turns_ports *ports = &turns->ports;
    int64_t wait_ms = outbox_patience_ms(ports->outbox), until_ms = ports->clock->mono_ms + wait_ms;
    if (turns->body != NULL || mailbox_count(turns->ports.mailbox) > 0 || ports->stop->asked || wait_ms == 0)
        return false;
    if (turns->company_until_ms == 0 || turns->company_until_ms > until_ms) {
        turns->company_until_ms = until_ms;
        timers_add(ports->timers, ports->clock->unix_ms + wait_ms, company_due, turns, 0);
    }
    return ports->clock->mono_ms < turns->company_until_ms;
}

void turns_run(struct turns *turns)
{
    if (turns->phase == PHASE_COMMITTING)
        failpoint("turn.committing");
    turn_news_look(turns);
    if (turns->phase != PHASE_IDLE)
        return;
    turns->conflicts = turns->retries = 0;
    if (!turn_parked_gather(turns)) {
        if (turns->body == NULL && mailbox_count(turns->ports.mailbox) == 0 &&
            !outbox_has_outcomes(turns->ports.outbox))
            return;
        if (wait_for_company(turns))
            return;
        turns->company_until_ms = 0;
        turn_gather(turns);
    }
    turns->began_ms = turns->ports.clock->mono_ms;
    try_next(turns);
}
