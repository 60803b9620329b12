/* The turn, from what gathered to what is committed (see bot/turns.h).
 *
 *   gather ─▶ LOADING ─▶ step ─▶ COMMITTING ─▶ after ─▶ gather …
 *
 * The commit's first statement compares and sets the turn's number and the update offset, so what was gathered takes
 * effect once or not at all:
 *   - it fails and surely nothing happened: the same events are loaded and stepped again;
 *   - its answer was lost: bot_state tells whether it happened;
 *   - somebody else holds the bot: we stop.
 * When Postgres refuses a turn for what is in it, its events go one by one, and the one that can't go is recorded as
 * poison, in the transaction that moves the offset past it. Must not send anything before the commit, nor wait. */
#include "bot/turns.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "bot/log.h"
#include "bot/outbox/outbox.h"
#include "bot/telegram/decode.h"
#include "bot/telegram/poll.h"
#include "bot/timers.h"
#include "bot/turn_effects.h"
#include "core/engine.h"
#include "db/commit.h"
#include "db/load.h"
#include "db/state.h"

enum {
    POOL_MAX = 2 * LOAD_ID_BLOCK,
    OWN_IDS_PER_EVENT = 6, /* an order, a photo, a screen, and albums */
    RETRY_MS = 200,
    CONFLICTS_MAX = 3, /* unique violations of a turn before its events go one by one */
    EXIT_FENCED = 75   /* DAEMON_EXIT_TAKEN_OVER */
};

enum phase { PHASE_IDLE, PHASE_LOADING, PHASE_COMMITTING, PHASE_ASKING, PHASE_WAITING };

struct happening { /* an event of the turn, and the update it came by */
    struct event event;
    const char *poison_why;
    const char *raw;
    size_t raw_bytes;
};

struct turns {
    struct shop *shop;
    enum phase phase;
    bool poked;
    int64_t turn, offset;
    struct event *news; /* gathered */
    size_t news_count, news_capacity;
    char *body; /* of getUpdates, gathered; NULL = none */
    size_t body_bytes;
    int64_t pool_ids[ID_KIND_COUNT][POOL_MAX];
    struct id_pool pool;
    /* the gathered events of the running turn, in the arena */
    struct arena arena;
    struct happening *list;
    size_t count, at, size; /* all; done; of the turn now */
    bool careful;           /* one by one */
    int conflicts;
    int64_t began_ms; /* monotonic */
    bool from_poll;   /* a batch is in it: getUpdates waits for the end */
    int64_t batch_next;
    struct outbox_outcomes outcomes;
    /* the try now: undone by a reset of this arena */
    struct arena try;
    struct load_request request;
    struct load_answer loaded;
    struct effects effects;
    struct outbox_row *rows;
    size_t row_count;
    int64_t next_offset;
};

static void start_try(struct turns *turns);

struct turns *turns_new(struct shop *shop)
{
    struct turns *turns = calloc(1, sizeof *turns);
    if (turns == NULL)
        abort();
    turns->shop = shop;
    arena_init(&turns->arena);
    arena_init(&turns->try);
    for (size_t kind = 0; kind < ID_KIND_COUNT; kind++)
        turns->pool.ids[kind] = turns->pool_ids[kind];
    return turns;
}

void turns_free(struct turns *turns)
{
    if (turns == NULL)
        return;
    free(turns->news);
    free(turns->body);
    arena_done(&turns->arena);
    arena_done(&turns->try);
    free(turns);
}

void turns_stand(struct turns *turns, int64_t turn, int64_t offset)
{
    turns->turn = turn;
    turns->offset = offset;
}

void turns_post(struct turns *turns, const struct event *news)
{
    if (turns->news_count == turns->news_capacity) {
        turns->news_capacity = turns->news_capacity == 0 ? 64 : turns->news_capacity * 2;
        turns->news = realloc(turns->news, turns->news_capacity * sizeof *turns->news);
        if (turns->news == NULL)
            abort();
    }
    turns->news[turns->news_count++] = (struct event){.kind = news->kind,
                                                      .chat_id = news->chat_id,
                                                      .object = news->object,
                                                      .other = news->other,
                                                      .verdict = news->verdict};
}

void turns_poke(struct turns *turns)
{
    turns->poked = true;
}

void turns_batch(struct turns *turns, const char *body, size_t bytes)
{
    free(turns->body);
    turns->body = malloc(bytes + 1);
    if (turns->body == NULL)
        abort();
    memcpy(turns->body, body, bytes);
    turns->body[bytes] = '\0';
    turns->body_bytes = bytes;
}

bool turns_idle(const struct turns *turns)
{
    return turns->phase == PHASE_IDLE && turns->news_count == 0 && turns->body == NULL &&
           !outbox_has_outcomes(turns->shop->outbox);
}

/* ---- gathering ---- */

static void add_event(struct turns *turns, const struct event *event)
{
    turns->list[turns->count++] = (struct happening){.event = *event};
}

static void gather_batch(struct turns *turns)
{
    struct telegram_batch batch = {0};
    if (turns->body == NULL)
        return;
    enum err err = telegram_decode(&turns->arena, turns->body, turns->body_bytes, &batch);
    free(turns->body);
    turns->body = NULL;
    turns->from_poll = true;
    turns->batch_next = turns->offset;
    if (err != ERR_OK) {
        log_error("turns", "an answer of getUpdates could not be read: it is asked for again");
        return;
    }
    if (batch.count > 0)
        turns->batch_next = batch.next_offset;
    for (size_t i = 0; i < batch.count; i++) {
        const struct telegram_update *update = &batch.updates[i];
        struct happening *happening = &turns->list[turns->count++];
        *happening = (struct happening){update->event, update->why, update->raw, update->raw_bytes};
        happening->event.update_id = update->update_id;
        if (update->event.message_id > 0)
            outbox_see_message(turns->shop->outbox, update->event.message_id);
    }
}

static void gather(struct turns *turns)
{
    arena_reset(&turns->arena);
    turns->outcomes = outbox_take(turns->shop->outbox, &turns->arena);
    size_t most = TURNS_EVENTS_MAX + turns->outcomes.news_count;
    turns->list = arena_array(&turns->arena, most, sizeof *turns->list);
    turns->count = turns->at = 0;
    turns->careful = turns->from_poll = turns->poked = false;
    turns->conflicts = 0;
    gather_batch(turns);
    for (size_t i = 0; i < turns->outcomes.news_count; i++)
        add_event(turns, &turns->outcomes.news[i]);
    size_t taken = 0;
    while (taken < turns->news_count && turns->count < most)
        add_event(turns, &turns->news[taken++]);
    turns->news_count -= taken;
    if (turns->news_count > 0)
        memmove(turns->news, turns->news + taken, turns->news_count * sizeof *turns->news);
}

/* ---- loading ---- */

static int compare_ids(const void *a, const void *b)
{
    int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;
    return left < right ? -1 : left > right;
}

static bool matters(const struct happening *happening)
{
    return happening->event.kind != EVENT_NONE && happening->event.chat_id != 0;
}

static void want_ids(struct turns *turns)
{
    size_t events = turns->size,
           need[ID_KIND_COUNT] = {[ID_USER] = events, [ID_AVATAR] = events, [ID_OWN] = events * OWN_IDS_PER_EVENT};
    for (size_t kind = 0; kind < ID_KIND_COUNT; kind++) {
        struct id_pool *pool = &turns->pool;
        size_t left = pool->count[kind] - pool->used[kind];
        memmove(turns->pool_ids[kind], turns->pool_ids[kind] + pool->used[kind], left * sizeof(int64_t));
        pool->used[kind] = 0;
        pool->count[kind] = left;
        turns->request.new_ids[kind] = left >= need[kind] ? 0 : kind == ID_OWN ? 1 : need[kind] - left;
    }
    turns->request.new_ids[ID_OWN] *= (need[ID_OWN] + LOAD_ID_BLOCK - 1) / LOAD_ID_BLOCK;
}

static void want_chats(struct turns *turns)
{
    int64_t *chats = arena_array(&turns->try, turns->size, sizeof *chats);
    int64_t *jobs = arena_array(&turns->try, turns->size, sizeof *jobs);
    size_t count = 0, unique = 0, job_count = 0;
    for (size_t i = 0; i < turns->size; i++) {
        const struct happening *happening = &turns->list[turns->at + i];
        struct press press;
        if (!matters(happening))
            continue;
        chats[count++] = happening->event.chat_id;
        if (happening->event.kind == EVENT_BUTTON && press_parse(happening->event.text, &press) == ERR_OK &&
            press_is_place(&press) && press.object > 0 && press.object <= INT32_MAX)
            jobs[job_count++] = press.object;
    }
    qsort(chats, count, sizeof *chats, compare_ids);
    for (size_t i = 0; i < count; i++)
        if (i == 0 || chats[i] != chats[i - 1])
            chats[unique++] = chats[i];
    turns->request.chat_ids = chats;
    turns->request.chat_count = unique;
    turns->request.job_ids = jobs;
    turns->request.job_count = job_count;
}

static void retry_due(void *ctx, int64_t object)
{
    struct turns *turns = ctx;
    (void)object;
    start_try(turns);
}

static void retry(struct turns *turns, const struct db_failure *failure)
{
    struct shop *shop = turns->shop;
    log_warn("turns", "a turn waits for the database: %s", failure->message);
    turns->phase = PHASE_WAITING;
    timers_add(shop->timers, shop->unix_ms + RETRY_MS, retry_due, turns, 0);
}

static void commit(struct turns *turns);

static int compare_chat(const void *key, const void *element)
{
    int64_t id = *(const int64_t *)key, other = ((const struct chat *)element)->id;
    return id < other ? -1 : id > other;
}

static struct chat *chat_of(struct turns *turns, int64_t chat_id)
{
    return bsearch(&chat_id, turns->loaded.chats, turns->request.chat_count, sizeof(struct chat), compare_chat);
}

/* What the outbox learned is committed by this very turn, so the loaded rows do not know it yet. */
static void overlay(struct turns *turns)
{
    for (size_t i = 0; i < turns->request.chat_count; i++) {
        struct session *session = &turns->loaded.chats[i].session;
        (void)outbox_peek_screen(turns->shop->outbox, turns->loaded.chats[i].id, &session->screen_message_id,
                                 &session->screen_is_photo);
    }
    for (size_t i = 0; i < turns->outcomes.photo_count; i++) {
        const struct photo_outcome *photo = &turns->outcomes.photos[i];
        for (size_t k = 0; k < turns->request.chat_count && photo->delivery != NULL; k++) {
            struct job *job = chat_job(&turns->loaded.chats[k], photo->job_id);
            if (job == NULL || photo->index >= job->total)
                continue;
            bool sent = strcmp(photo->delivery, "sent") == 0, refused = strcmp(photo->delivery, "refused") == 0;
            job->shots[photo->index] = (uint8_t)(sent ? SHOT_SENT : refused ? SHOT_FAILED : SHOT_MADE);
        }
    }
}

static void take_ids(struct turns *turns)
{
    for (size_t kind = 0; kind < ID_KIND_COUNT; kind++) {
        struct id_pool *pool = &turns->pool;
        for (size_t i = 0; i < turns->loaded.id_count[kind]; i++) {
            int64_t first = turns->loaded.ids[kind][i];
            for (int64_t k = 0; k < (kind == ID_OWN ? LOAD_ID_BLOCK : 1) && pool->count[kind] < POOL_MAX; k++)
                turns->pool_ids[kind][pool->count[kind]++] = first + k;
        }
    }
}

static void step_events(struct turns *turns)
{
    struct shop *shop = turns->shop;
    for (size_t i = 0; i < turns->size; i++) {
        const struct happening *happening = &turns->list[turns->at + i];
        if (!matters(happening))
            continue;
        struct turn turn = {.arena = &turns->try,
                            .rules = &shop->rules,
                            .now_ms = shop->unix_ms,
                            .chat = chat_of(turns, happening->event.chat_id),
                            .event = &happening->event,
                            .effects = &turns->effects,
                            .ids = &turns->pool};
        engine_step(&turn);
    }
}

static void loaded(void *ctx, const struct db_result *result, const struct db_failure *failure)
{
    struct turns *turns = ctx;
    if (failure != NULL) {
        retry(turns, failure);
        return;
    }
    shop_step("turn.loaded");
    load_read(result, &turns->try, &turns->request, &turns->loaded);
    take_ids(turns);
    overlay(turns);
    step_events(turns);
    commit(turns);
}

static void start_try(struct turns *turns)
{
    arena_reset(&turns->try);
    turns->effects = (struct effects){0};
    turns->loaded = (struct load_answer){0};
    turns->size = turns->careful && turns->count > turns->at ? 1 : turns->count - turns->at;
    want_chats(turns);
    want_ids(turns);
    if (turns->request.chat_count == 0) {
        commit(turns);
        return;
    }
    struct db_unit *unit = db_unit_new();
    load_add(unit, &turns->try, &turns->request);
    turns->phase = PHASE_LOADING;
    db_submit(turns->shop->db, unit, loaded, turns);
}

/* ---- committing ---- */

static void wake(void *ctx, int64_t chat_id)
{
    struct turns *turns = ctx;
    turns_post(turns, &(struct event){.kind = EVENT_WAKE, .chat_id = chat_id});
}

void turns_wake_at(struct turns *turns, int64_t chat_id, int64_t unix_ms)
{
    timers_add(turns->shop->timers, unix_ms, wake, turns, chat_id);
}

static void schedule(struct turns *turns, const struct chat *chat)
{
    const struct session *session = &chat->session;
    int64_t horizon_ms = turns->shop->unix_ms + TURNS_HORIZON_MS;
    if (session->refresh_at_ms != 0)
        turns_wake_at(turns, chat->id, session->refresh_at_ms);
    if (session->limit_at_ms != 0 && session->limit_at_ms < horizon_ms)
        turns_wake_at(turns, chat->id, session->limit_at_ms);
}

/* The turn is in the database: everything it promised begins now. */
static void committed_all(struct turns *turns)
{
    struct shop *shop = turns->shop;
    shop_step("turn.committed");
    turns->turn++;
    turns->offset = turns->next_offset;
    outbox_committed(shop->outbox);
    turns->outcomes = (struct outbox_outcomes){0};
    turn_effects_start(shop, &turns->effects);
    outbox_add(shop->outbox, turns->rows, turns->row_count);
    for (size_t i = 0; i < turns->request.chat_count; i++)
        if (turns->loaded.chats[i].dirty && turns->loaded.chats[i].session.state != NULL)
            schedule(turns, &turns->loaded.chats[i]);
    turns->at += turns->size;
    turns->conflicts = 0;
    if (turns->at < turns->count) {
        start_try(turns);
        return;
    }
    turns->phase = PHASE_IDLE;
    if (turns->from_poll && !shop->stopping)
        telegram_poll_next(shop->poll, shop->now_ms, turns->offset);
    turns->from_poll = false;
}

static void fenced(struct turns *turns)
{
    log_error("turns", "another daemon took over this bot: this one stops");
    turns->phase = PHASE_WAITING;
    shop_stop(turns->shop, EXIT_FENCED);
}

static void asked(void *ctx, const struct db_result *result, const struct db_failure *failure)
{
    struct turns *turns = ctx;
    struct state_answer state;
    if (failure != NULL) {
        state_ask(turns->shop->db, turns->shop->bot_id, asked, turns);
        return;
    }
    state_read(result, &state);
    if (strcmp(state.owner, turns->shop->owner) != 0)
        fenced(turns);
    else if (state.turn == turns->turn + 1)
        committed_all(turns);
    else
        start_try(turns);
}

/* The single event that Postgres does not take: its offset is passed, its trace is kept. */
static void make_poison(struct turns *turns, const struct db_failure *failure)
{
    struct happening *happening = &turns->list[turns->at];
    log_error("turns", "update %" PRId64 " can't be stored and is skipped: %s", happening->event.update_id,
              failure->message);
    happening->event.kind = EVENT_NONE;
    happening->poison_why = arena_copy(&turns->arena, failure->message);
    start_try(turns);
}

static void committed(void *ctx, const struct db_result *result, const struct db_failure *failure)
{
    struct turns *turns = ctx;
    (void)result;
    if (failure == NULL) {
        committed_all(turns);
        return;
    }
    if (strcmp(failure->sqlstate, COMMIT_FENCED) == 0) {
        fenced(turns);
    } else if (failure->maybe_committed) {
        turns->phase = PHASE_ASKING;
        state_ask(turns->shop->db, turns->shop->bot_id, asked, turns);
    } else if (failure->err == ERR_AGAIN || failure->err == ERR_CLOSED || failure->err == ERR_TIMEOUT ||
               (failure->err == ERR_CONFLICT && turns->conflicts++ < CONFLICTS_MAX)) {
        retry(turns, failure);
    } else if (turns->count - turns->at > 1 && !turns->careful) {
        turns->careful = true;
        start_try(turns);
    } else if (turns->count > turns->at && turns->list[turns->at].event.kind != EVENT_NONE) {
        make_poison(turns, failure);
    } else {
        log_error("turns", "a turn without events can't be committed: %s", failure->message);
        retry(turns, failure);
    }
}

static void add_poison(struct turns *turns, struct db_unit *unit)
{
    for (size_t i = 0; i < turns->size; i++) {
        const struct happening *happening = &turns->list[turns->at + i];
        if (happening->poison_why != NULL)
            commit_add_poison(unit, &turns->try, turns->shop->bot_id,
                              &(struct poison){happening->event.update_id, happening->poison_why, happening->raw,
                                               happening->raw_bytes});
    }
}

/* The offset as it will stand: past the last update of the part that is committed now. */
static int64_t offset_after(const struct turns *turns)
{
    if (!turns->from_poll || turns->at + turns->size == turns->count)
        return turns->from_poll ? turns->batch_next : turns->offset;
    for (size_t i = turns->size; i > 0; i--)
        if (turns->list[turns->at + i - 1].event.update_id != 0)
            return turns->list[turns->at + i - 1].event.update_id + 1;
    return turns->offset;
}

static void commit(struct turns *turns)
{
    struct shop *shop = turns->shop;
    struct db_unit *unit = db_unit_new();
    size_t chats = turns->request.chat_count;
    turns->next_offset = offset_after(turns);
    struct commit_head head = {shop->bot_id, shop->owner, turns->turn, turns->offset, turns->next_offset};
    turn_effects_price(shop, &turns->try, &turns->effects, turns->loaded.chats, chats);
    turns->row_count = turn_effects_rows(&turns->try, &turns->effects, turns->loaded.chats, chats, &turns->pool,
                                         &turns->rows);
    commit_add_head(unit, &turns->try, &head);
    commit_add_outcomes(unit, &turns->try, shop->bot_id, &turns->outcomes);
    commit_add_records(unit, &turns->try, turns->loaded.chats, chats, &turns->effects, shop->unix_ms);
    commit_add_sessions(unit, &turns->try, turns->loaded.chats, chats);
    commit_add_outbox(unit, &turns->try, turns->rows, turns->row_count);
    add_poison(turns, unit);
    turns->phase = PHASE_COMMITTING;
    shop_step("turn.before_commit");
    db_submit(shop->db, unit, committed, turns);
}

bool turns_stuck(const struct turns *turns, int64_t limit_ms)
{
    return turns->phase != PHASE_IDLE && turns->shop->now_ms - turns->began_ms > limit_ms;
}

void turns_run(struct turns *turns)
{
    if (turns->phase != PHASE_IDLE)
        return;
    if (turns->body == NULL && turns->news_count == 0 && !outbox_has_outcomes(turns->shop->outbox))
        return;
    turns->began_ms = turns->shop->now_ms;
    gather(turns);
    start_try(turns);
}
