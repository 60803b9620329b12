/* Look-ups in what was loaded of a chat. Nothing here reaches beyond the chat itself: an object that is not the
 * user's own is simply not found. */
#include "core/chat.h"

#include <stdlib.h>
#include <string.h>

#include "core/bug.h"
#include "core/facts.h"

static int compare_chat(const void *key, const void *element)
{
    int64_t id = *(const int64_t *)key, other = ((const struct chat *)element)->id;
    return id < other ? -1 : id > other;
}

struct chat *chat_find(const struct chat *chats, size_t count, int64_t id)
{
    return count == 0 ? NULL : bsearch(&id, chats, count, sizeof *chats, compare_chat);
}

static void must_know(const struct chat *chat, unsigned facts)
{
    if (chat->facts == NULL || (chat->facts->loaded & facts) == 0)
        bug("a step asks for what was not loaded: core/needs.c does not know its need");
}

struct avatars *chat_avatars(const struct chat *chat)
{
    must_know(chat, FACT_AVATARS);
    return &chat->facts->avatars;
}

struct refusals *chat_refusals(const struct chat *chat)
{
    must_know(chat, FACT_REFUSALS);
    return &chat->facts->refusals;
}

struct held_photos *chat_held(const struct chat *chat)
{
    must_know(chat, FACT_HELD);
    return &chat->facts->held;
}

struct order *chat_order(const struct chat *chat)
{
    must_know(chat, FACT_ORDER);
    return &chat->facts->order;
}

struct orders *chat_open(const struct chat *chat)
{
    must_know(chat, FACT_OPEN);
    return &chat->facts->open;
}

struct grants *chat_grants(const struct chat *chat)
{
    must_know(chat, FACT_OFFERS);
    return &chat->facts->grants;
}

bool chat_has_promos(const struct chat *chat)
{
    must_know(chat, FACT_OFFERS);
    return chat->facts->promos_on;
}

const struct promo *chat_promo(const struct chat *chat, const char *code)
{
    must_know(chat, FACT_OFFERS);
    const struct promos *promos = &chat->facts->promos;
    for (size_t i = 0; i < promos->count; i++)
        if (strcmp(promos->list[i].code, code) == 0)
            return &promos->list[i];
    return NULL;
}

struct jobs *chat_jobs(const struct chat *chat)
{
    must_know(chat, FACT_JOBS);
    return &chat->facts->jobs;
}

const struct jobs *chat_sets(const struct chat *chat)
{
    must_know(chat, FACT_SETS);
    return &chat->facts->jobs;
}

const struct health *chat_health(const struct chat *chat)
{
    must_know(chat, FACT_HEALTH);
    return &chat->facts->health;
}

struct avatar *chat_avatar(const struct chat *chat, int64_t id)
{
    const struct avatars *avatars = chat_avatars(chat);
    for (size_t i = 0; i < avatars->count; i++)
        if (avatars->list[i].id == id)
            return &avatars->list[i];
    return NULL;
}

struct job *chat_job(const struct chat *chat, int64_t id)
{
    must_know(chat, FACT_JOB | FACT_JOBS | FACT_SETS);
    return facts_job(chat->facts, id);
}

struct job *facts_job(const struct facts *facts, int64_t id)
{
    for (size_t i = 0; i < facts->jobs.count; i++)
        if (facts->jobs.list[i].id == id)
            return &facts->jobs.list[i];
    return NULL;
}

struct avatar *facts_add_avatar(struct facts *facts, struct arena *arena)
{
    struct avatars *avatars = &facts->avatars;
    avatars->list = arena_grow(arena, avatars->list, avatars->count, &avatars->capacity, sizeof *avatars->list);
    return &avatars->list[avatars->count++];
}

struct refusal *facts_add_refusal(struct facts *facts, struct arena *arena)
{
    struct refusals *refusals = &facts->refusals;
    refusals->list = arena_grow(arena, refusals->list, refusals->count, &refusals->capacity, sizeof *refusals->list);
    return &refusals->list[refusals->count++];
}

struct held *facts_add_held(struct facts *facts, struct arena *arena)
{
    struct held_photos *held = &facts->held;
    held->list = arena_grow(arena, held->list, held->count, &held->capacity, sizeof *held->list);
    return &held->list[held->count++];
}

struct order *facts_add_open(struct facts *facts, struct arena *arena)
{
    struct orders *open = &facts->open;
    open->list = arena_grow(arena, open->list, open->count, &open->capacity, sizeof *open->list);
    return &open->list[open->count++];
}

struct promo *facts_add_promo(struct facts *facts, struct arena *arena)
{
    struct promos *promos = &facts->promos;
    promos->list = arena_grow(arena, promos->list, promos->count, &promos->capacity, sizeof *promos->list);
    return &promos->list[promos->count++];
}

struct grant *facts_add_grant(struct facts *facts, struct arena *arena)
{
    struct grants *grants = &facts->grants;
    grants->list = arena_grow(arena, grants->list, grants->count, &grants->capacity, sizeof *grants->list);
    return &grants->list[grants->count++];
}

struct job *facts_add_job(struct facts *facts, struct arena *arena)
{
    struct jobs *jobs = &facts->jobs;
    jobs->list = arena_grow(arena, jobs->list, jobs->count, &jobs->capacity, sizeof *jobs->list);
    return &jobs->list[jobs->count++];
}

int32_t job_count(const struct job *job, enum shot_state state)
{
    int32_t count = 0;
    for (int32_t i = 0; i < job->total; i++)
        count += job->shots[i] == state;
    return count;
}

int32_t job_made(const struct job *job)
{
    return job_count(job, SHOT_MADE) + job_count(job, SHOT_QUEUED) + job_count(job, SHOT_SENT);
}

bool job_running(const struct job *job)
{
    return job_count(job, SHOT_WAITING) > 0;
}
