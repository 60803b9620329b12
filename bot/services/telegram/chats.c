/* The governor's chats. A chat is a record with a line of items for each class, a bucket of tokens and a time until
 * which it must be silent; it lives only while one of them matters.
 *
 * Within a class the order is kept; a class goes before the lower ones, so that a screen passes between albums, but not
 * for ever: after CHATS_PASSES_MAX items the lower one has its turn. Must not know of other chats, nor of the rates in
 * all. */
#include "bot/services/telegram/chats.h"

#include <stdlib.h>

#include "core/bug.h"

enum { BUCKETS_FIRST = 64 };

static struct chat_bucket *bucket_of(const struct chats *chats, int64_t chat_id)
{
    uint64_t hash = (uint64_t)chat_id * UINT64_C(0x9e3779b97f4a7c15);
    return &chats->buckets[(hash >> 32) & (chats->bucket_count - 1)];
}

static void grow(struct chats *chats)
{
    struct chat_bucket *old = chats->buckets;
    size_t old_count = chats->bucket_count;
    chats->bucket_count = old_count == 0 ? BUCKETS_FIRST : old_count * 2;
    chats->buckets = calloc(chats->bucket_count, sizeof *chats->buckets);
    if (chats->buckets == NULL)
        bug("out of memory");
    for (size_t i = 0; i < old_count; i++) {
        while (!SLIST_EMPTY(&old[i])) {
            struct governor_chat *chat = SLIST_FIRST(&old[i]);
            SLIST_REMOVE_HEAD(&old[i], next);
            SLIST_INSERT_HEAD(bucket_of(chats, chat->chat_id), chat, next);
        }
    }
    free(old);
}

void chats_init(struct chats *chats, int64_t rate, int64_t cap)
{
    *chats = (struct chats){.rate = rate, .cap = cap};
    grow(chats);
}

void chats_done(struct chats *chats)
{
    for (size_t i = 0; i < chats->bucket_count; i++) {
        for (struct governor_chat *chat = SLIST_FIRST(&chats->buckets[i]), *after; chat != NULL; chat = after) {
            after = SLIST_NEXT(chat, next);
            free(chat);
        }
    }
    free(chats->buckets);
}

struct governor_chat *chats_get(struct chats *chats, int64_t chat_id, int64_t now_ms)
{
    struct governor_chat *chat;
    SLIST_FOREACH(chat, bucket_of(chats, chat_id), next)
        if (chat->chat_id == chat_id)
            return chat;
    chat = calloc(1, sizeof *chat);
    if (chat == NULL)
        bug("out of memory");
    chat->node.is_chat = true;
    chat->chat_id = chat_id;
    chat->bucket = (struct waiting_bucket){.micro = chats->cap, .at_ms = now_ms};
    for (enum telegram_priority priority = 0; priority < TELEGRAM_PRIORITY_COUNT; priority++)
        STAILQ_INIT(&chat->lines[priority].items);
    if (++chats->count > chats->bucket_count)
        grow(chats);
    SLIST_INSERT_HEAD(bucket_of(chats, chat_id), chat, next);
    return chat;
}

void chats_forget(struct chats *chats, struct governor_chat *chat)
{
    waiting_leave(&chat->node);
    SLIST_REMOVE(bucket_of(chats, chat->chat_id), chat, governor_chat, next);
    chats->count--;
    free(chat);
}

bool chat_add(struct chats *chats, struct governor_chat *chat, struct governor_item *item)
{
    struct chat_line *line = &chat->lines[item->priority];
    bool first = STAILQ_EMPTY(&line->items);
    STAILQ_INSERT_TAIL(&line->items, item, next);
    if (first) {
        line->number = ++chats->numbers;
        line->not_before_ms = INT64_MIN;
        line->passed = 0;
    }
    return first;
}

void chat_put_back(struct chats *chats, struct governor_chat *chat, struct governor_item *item, int64_t not_before_ms)
{
    struct chat_line *line = &chat->lines[item->priority];
    STAILQ_INSERT_HEAD(&line->items, item, next);
    line->number = ++chats->numbers;
    line->not_before_ms = not_before_ms;
    line->passed = 0;
}

/* When the first of the line may go, as far as it is the chat's to say. */
static int64_t line_due_ms(const struct chats *chats, const struct governor_chat *chat, const struct chat_line *line)
{
    int64_t due_ms = chat->blocked_until_ms > line->not_before_ms ? chat->blocked_until_ms : line->not_before_ms;
    if (chats->rate == 0 || STAILQ_FIRST(&line->items)->chat_cost == 0)
        return due_ms;
    int64_t filled_ms = waiting_filled_at(&chat->bucket, chats->rate, WAITING_TOKEN);
    return filled_ms > due_ms ? filled_ms : due_ms;
}

static void refill(const struct chats *chats, struct governor_chat *chat, int64_t now_ms)
{
    if (chats->rate > 0)
        waiting_refill(&chat->bucket, chats->rate, chats->cap, now_ms);
}

struct governor_item *chat_peek(const struct chats *chats, struct governor_chat *chat, int64_t now_ms,
                                int64_t *ret_wake_ms)
{
    struct governor_item *next = NULL;
    int64_t wake_ms = INT64_MAX;
    bool empty = true;
    refill(chats, chat, now_ms);
    for (enum telegram_priority priority = 0; priority < TELEGRAM_PRIORITY_COUNT; priority++) {
        const struct chat_line *line = &chat->lines[priority];
        if (STAILQ_EMPTY(&line->items))
            continue;
        empty = false;
        int64_t due_ms = line_due_ms(chats, chat, line);
        if (due_ms > now_ms)
            wake_ms = due_ms < wake_ms ? due_ms : wake_ms;
        else if (next == NULL || line->passed >= CHATS_PASSES_MAX)
            next = STAILQ_FIRST(&line->items);
    }
    if (empty) {
        wake_ms = chats->rate > 0 ? waiting_filled_at(&chat->bucket, chats->rate, chats->cap) : now_ms;
        wake_ms = wake_ms > chat->blocked_until_ms ? wake_ms : chat->blocked_until_ms;
    }
    *ret_wake_ms = wake_ms;
    return next;
}

void chat_take(struct chats *chats, struct governor_chat *chat, struct governor_item *item, int64_t now_ms)
{
    struct chat_line *line = &chat->lines[item->priority];
    if (STAILQ_FIRST(&line->items) != item)
        bug("an item goes before the one in front of it");
    STAILQ_REMOVE_HEAD(&line->items, next);
    refill(chats, chat, now_ms);
    line->number = ++chats->numbers;
    line->not_before_ms = INT64_MIN;
    line->passed = 0;
    for (enum telegram_priority priority = 0; priority < TELEGRAM_PRIORITY_COUNT; priority++)
        if (priority != item->priority && !STAILQ_EMPTY(&chat->lines[priority].items))
            chat->lines[priority].passed++;
}

struct governor_item *chat_any(const struct governor_chat *chat)
{
    for (enum telegram_priority priority = 0; priority < TELEGRAM_PRIORITY_COUNT; priority++)
        if (!STAILQ_EMPTY(&chat->lines[priority].items))
            return STAILQ_FIRST(&chat->lines[priority].items);
    return NULL;
}

void chat_charge(const struct chats *chats, struct governor_chat *chat, const struct governor_item *item, int times)
{
    int cost = item->chat_cost < CHATS_COST_MAX ? item->chat_cost : CHATS_COST_MAX;
    if (chats->rate > 0)
        chat->bucket.micro += -(int64_t)times * cost * WAITING_TOKEN;
}
