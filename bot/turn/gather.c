/* What goes into a turn: the batch of updates, the news, the outbox's outcomes; and what must be loaded for them. An
 * update that could not be decoded is a happening like the others, so that it moves the offset and is recorded. */
#include <stdlib.h>
#include <string.h>

#include "bot/base/log.h"
#include "bot/base/mailbox.h"
#include "bot/chores/engine.h"
#include "bot/outbox/outbox.h"
#include "bot/services/telegram/decode.h"
#include "bot/turn/private.h"
#include "core/facts.h"

static void add_event(struct turns *turns, const struct event *event)
{
    turns->list[turns->count++] = (struct happening){.event = *event,
                                                     .fate = event->chat_id == 0 ? FATE_PASS : FATE_STEP};
}

static void gather_batch(struct turns *turns)
{
    struct telegram_batch batch = {0};
    if (turns->body == NULL)
        return;
    enum err err = telegram_decode(&turns->arena, turns->body, turns->body_bytes, &batch);
    free(turns->batch);
    turns->batch = turns->body;
    turns->batch_bytes = turns->body_bytes;
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
        bool asks = update->event.kind != EVENT_NONE && update->event.chat_id != 0;
        struct happening *happening = &turns->list[turns->count++];
        *happening = (struct happening){update->event, asks ? FATE_STEP : FATE_PASS, update->why, update->raw,
                                        update->raw_bytes};
        happening->event.update_id = update->update_id;
        if (update->event.message_id > 0)
            outbox_see_message(turns->ports.outbox, update->event.message_id);
    }
}

/* The set that the news are of; 0 = none. */
static int64_t job_of(const struct event *event)
{
    if (event->kind == EVENT_PAYMENT_SETTLED)
        return event->other;
    bool is_of_set = event->kind == EVENT_SET_BEGUN || event->kind == EVENT_JOB_PROGRESS ||
                     event->kind == EVENT_DELIVERED;
    return is_of_set ? event->object : 0;
}

/* Of sets that are spoken of no more than are loaded, beside the one that the chat is at: the others' news wait for the
 * next turn, or it would take them for those of sets that are gone. */
static bool are_enough(const struct turns *turns, const struct event *news)
{
    size_t count = 0;
    for (size_t i = 0; i < turns->count && job_of(news) != 0; i++)
        count += turns->list[i].event.chat_id == news->chat_id && job_of(&turns->list[i].event) != 0;
    return count >= CHAT_JOBS_MAX - 1;
}

void turn_gather(struct turns *turns)
{
    arena_reset(&turns->arena);
    turns->outcomes = outbox_take(turns->ports.outbox, &turns->arena);
    size_t most = TURNS_EVENTS_MAX + turns->outcomes.news_count;
    turns->list = arena_array(&turns->arena, most, sizeof *turns->list);
    turns->count = turns->at = 0;
    turns->from_poll = turns->replay = false;
    gather_batch(turns);
    for (size_t i = 0; i < turns->outcomes.news_count; i++)
        add_event(turns, &turns->outcomes.news[i]);
    struct event *news = arena_array(&turns->arena, TURNS_EVENTS_MAX, sizeof *news);
    size_t room = most - turns->count < TURNS_EVENTS_MAX ? most - turns->count : TURNS_EVENTS_MAX;
    size_t taken = mailbox_take(turns->ports.mailbox, news, room);
    for (size_t i = 0; i < taken; i++)
        if (are_enough(turns, &news[i]))
            mailbox_put(turns->ports.mailbox, &news[i]);
        else
            add_event(turns, &news[i]);
    turn_news_mark(turns);
    turn_parked_mark(turns);
}

static int compare_ids(const void *a, const void *b)
{
    int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;
    return left < right ? -1 : left > right;
}

static void want_ids(struct turns *turns)
{
    size_t events = 0;
    for (size_t i = 0; i < turns->size; i++)
        events += turns->list[turns->at + i].fate == FATE_STEP;
    size_t need[ID_KIND_COUNT] = {[ID_USER] = events, [ID_AVATAR] = events, [ID_OWN] = events * OWN_IDS_PER_EVENT};
    for (size_t kind = 0; kind < ID_KIND_COUNT; kind++) {
        struct id_pool *pool = &turns->pool;
        size_t left = pool->count[kind] - pool->used[kind];
        memmove(turns->pool_ids[kind], turns->pool_ids[kind] + pool->used[kind], left * sizeof(int64_t));
        pool->used[kind] = 0;
        pool->count[kind] = left;
        size_t missing = left >= need[kind] ? 0 : need[kind] - left;
        turns->request.new_ids[kind] = kind == ID_OWN ? (missing + LOAD_ID_BLOCK - 1) / LOAD_ID_BLOCK : missing;
    }
}

static void want_chats(struct turns *turns)
{
    int64_t *chats = arena_array(&turns->try, turns->size, sizeof *chats);
    size_t count = 0, unique = 0;
    for (size_t i = 0; i < turns->size; i++)
        if (turns->list[turns->at + i].fate == FATE_STEP)
            chats[count++] = turns->list[turns->at + i].event.chat_id;
    qsort(chats, count, sizeof *chats, compare_ids);
    for (size_t i = 0; i < count; i++)
        if (i == 0 || chats[i] != chats[i - 1])
            chats[unique++] = chats[i];
    turns->request.chat_ids = chats;
    turns->request.chat_count = unique;
}

/* What may be a promo code among what is typed. */
static void want_codes(struct turns *turns)
{
    struct load_request *request = &turns->request;
    const char **codes = arena_array(&turns->try, turns->size, sizeof *codes);
    int64_t *chats = arena_array(&turns->try, turns->size, sizeof *chats);
    size_t count = 0;
    for (size_t i = 0; i < turns->size; i++) {
        const struct happening *happening = &turns->list[turns->at + i];
        bool typed = happening->fate == FATE_STEP && happening->event.kind == EVENT_TEXT;
        const char *code = typed ? promo_code(&turns->try, happening->event.text) : NULL;
        if (code == NULL)
            continue;
        chats[count] = happening->event.chat_id;
        codes[count++] = code;
    }
    request->codes = codes;
    request->code_chats = chats;
    request->code_count = count;
}

static void want_facts(struct turns *turns)
{
    const struct load_request *request = &turns->request;
    struct needs *needs = arena_array(&turns->try, request->chat_count, sizeof *needs);
    int64_t *objects = arena_array(&turns->try, turns->size, sizeof *objects);
    size_t count = 0;
    for (size_t i = 0; i < request->chat_count; i++)
        needs[i].who = rules_who(turns->ports.rules, request->chat_ids[i]);
    for (size_t i = 0; i < turns->size; i++) {
        const struct happening *happening = &turns->list[turns->at + i];
        if (happening->fate != FATE_STEP)
            continue;
        const int64_t *chat = bsearch(&happening->event.chat_id, request->chat_ids, request->chat_count, sizeof *chat,
                                      compare_ids);
        int64_t object = needs_add(&needs[chat - request->chat_ids], &happening->event);
        if (object > 0 && object <= INT32_MAX)
            objects[count++] = object;
    }
    turns->request.needs = needs;
    turns->request.object_ids = objects;
    turns->request.object_count = count;
}

struct chat *turn_chat(struct turns *turns, int64_t chat_id)
{
    return chat_find(turns->loaded.chats, turns->request.chat_count, chat_id);
}

/* What the outbox learned is committed by this very turn, so the loaded rows do not know it yet; what is in its lines
 * it knows without asking. */
static void overlay(struct turns *turns)
{
    for (size_t i = 0; i < turns->request.chat_count; i++) {
        struct session *session = &turns->loaded.chats[i].session;
        (void)outbox_peek_screen(turns->ports.outbox, turns->loaded.chats[i].id, &session->screen_message_id,
                                 &session->screen_is_photo);
        struct chat *chat = &turns->loaded.chats[i];
        if ((chat->facts->loaded & FACT_HEALTH) != 0)
            chat->facts->health.refused = (int64_t)engine_refused(turns->ports.engine);
        for (size_t k = 0; k < chat->facts->jobs.count; k++) {
            struct job *job = &chat->facts->jobs.list[k];
            job->again_coming = outbox_is_coming(turns->ports.outbox, chat->id, job->id, false);
            job->files_coming = outbox_is_coming(turns->ports.outbox, chat->id, job->id, true);
        }
    }
    for (size_t i = 0; i < turns->outcomes.photo_count; i++) {
        const struct photo_outcome *photo = &turns->outcomes.photos[i];
        for (size_t k = 0; k < turns->request.chat_count && photo->delivery != NULL; k++) {
            struct job *job = facts_job(turns->loaded.chats[k].facts, photo->job_id);
            if (job == NULL || photo->index >= job->total)
                continue;
            bool sent = strcmp(photo->delivery, "sent") == 0, refused = strcmp(photo->delivery, "refused") == 0;
            if (sent || refused)
                job->shots[photo->index] = (uint8_t)(sent ? SHOT_SENT : SHOT_FAILED);
            else if (job->shots[photo->index] != SHOT_SENT && job->shots[photo->index] != SHOT_FAILED) /* final */
                job->shots[photo->index] = SHOT_MADE;
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

void turn_want(struct turns *turns)
{
    turns->request.bot_id = turns->stand.bot_id;
    want_chats(turns);
    want_facts(turns);
    want_codes(turns);
    want_ids(turns);
}

void turn_take_loaded(struct turns *turns)
{
    take_ids(turns);
    if (!turns->careful.on && !turns->replay) /* the sooner it is committed, the less a crash repeats */
        outbox_take_more(turns->ports.outbox, &turns->arena, &turns->outcomes);
    overlay(turns);
}

int64_t turn_offset_after(const struct turns *turns)
{
    if (!turns->from_poll || turns->at + turns->size == turns->count)
        return turns->from_poll ? turns->batch_next : turns->offset;
    int64_t next = 0;
    for (size_t i = 0; i < turns->at + turns->size; i++)
        if (turns->list[i].event.update_id >= next && turns->list[i].event.update_id != 0)
            next = turns->list[i].event.update_id + 1;
    return next == 0 ? turns->offset : next;
}
