/* Inside bot/services/telegram only: the governor's chats. */
#ifndef BOT_SERVICES_TELEGRAM_CHATS_H
#define BOT_SERVICES_TELEGRAM_CHATS_H

#include <sys/queue.h>
#include "bot/services/telegram/governor.h"

enum {
    CHATS_COST_MAX = 5,  /* in one chat a burst is tolerated: after an album of ten the next message waits 3 to 5 s */
    CHATS_PASSES_MAX = 4 /* items of other classes that may go before a class of the same chat that waits */
};

/* What waits in a chat, in one class. */
struct chat_line {
    STAILQ_HEAD(, governor_item) items;
    int64_t number;        /* the place of its first item in the order of all chats */
    int64_t not_before_ms; /* its first item failed, or was put off */
    int passed;            /* so many items of the chat's other classes went while it waited */
};

struct governor_chat {
    struct waiting_node node; /* first: a node with is_chat is a chat */
    SLIST_ENTRY(governor_chat) next;
    int64_t chat_id;
    struct chat_line lines[TELEGRAM_PRIORITY_COUNT];
    struct waiting_bucket bucket;
    int64_t blocked_until_ms;
    struct governor_item *chosen; /* what it sends next, while it stands in a class's heap */
    bool in_flight;
};

SLIST_HEAD(chat_bucket, governor_chat);

struct chats {
    int64_t rate, cap; /* of each chat's tokens: millionths a millisecond, 0 = no limit; millionths */
    struct chat_bucket *buckets;
    size_t bucket_count, count;
    int64_t numbers; /* given out so far */
};

void chats_init(struct chats *chats, int64_t rate, int64_t cap);
void chats_done(struct chats *chats);
/* Made if it is not there. */
struct governor_chat *chats_get(struct chats *chats, int64_t chat_id, int64_t now_ms);
void chats_forget(struct chats *chats, struct governor_chat *chat);

/* Behind the others of its class. True: it is the first one. */
bool chat_add(struct chats *chats, struct governor_chat *chat, struct governor_item *item);
/* Before the others of its class, to go not before not_before_ms. */
void chat_put_back(struct chats *chats, struct governor_chat *chat, struct governor_item *item, int64_t not_before_ms);
/* The item that the chat is to send next, if it may now; else NULL, and when that changes (then it may have nothing to
 * send, and can be forgotten). */
struct governor_item *chat_peek(const struct chats *chats, struct governor_chat *chat, int64_t now_ms,
                                int64_t *ret_wake_ms);
/* The item, the first of its class, leaves the line. Tokens up to now_ms come in before it is charged. */
void chat_take(struct chats *chats, struct governor_chat *chat, struct governor_item *item, int64_t now_ms);
/* The first item of any class; NULL = nothing waits. */
struct governor_item *chat_any(const struct governor_chat *chat);
/* The chat's rate pays for the item (times 1), or gets it back (-1). */
void chat_charge(const struct chats *chats, struct governor_chat *chat, const struct governor_item *item, int times);

#endif
