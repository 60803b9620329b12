/* Inside bot/telegram only: token buckets, a heap by time and lists, for the governor. */
#ifndef BOT_SERVICES_TELEGRAM_WAITING_H
#define BOT_SERVICES_TELEGRAM_WAITING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { WAITING_TOKEN = 1000000 };

struct waiting_bucket {
    int64_t micro; /* millionths of a token; negative = debt */
    int64_t at_ms; /* of the last refill */
};
/* rate: millionths a millisecond, above 0. */
void waiting_refill(struct waiting_bucket *bucket, int64_t rate, int64_t cap, int64_t now_ms);
/* When the bucket will hold so much. */
int64_t waiting_filled_at(const struct waiting_bucket *bucket, int64_t rate, int64_t want);

struct waiting_node {
    struct waiting_node *next, *previous;
    struct waiting_list *list; /* NULL = in none */
    int64_t wake_ms;
    size_t heap_at; /* 1-based; 0 = not in the heap */
    bool is_chat;   /* the owner's mark of what the node is part of */
};

struct waiting_list {
    struct waiting_node *first, *last;
};

struct waiting_heap {
    struct waiting_node **nodes; /* 1-based: nodes[1] wakes first */
    size_t count, capacity;
};

void waiting_list_add(struct waiting_list *list, struct waiting_node *node);
void waiting_heap_add(struct waiting_heap *heap, struct waiting_node *node, int64_t wake_ms);
void waiting_heap_remove(struct waiting_heap *heap, struct waiting_node *node);
void waiting_heap_done(struct waiting_heap *heap);
/* Out of the list or the heap it is in, if any. */
void waiting_unlink(struct waiting_heap *heap, struct waiting_node *node);

#endif
