/* Inside bot/services/telegram only: token buckets and heaps, for the governor. */
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

struct waiting_heap;
struct waiting_node {
    struct waiting_heap *heap; /* NULL = in none */
    size_t at;                 /* 1-based */
    int64_t key;
    bool is_chat; /* the owner's mark of what the node is part of */
};

struct waiting_heap {
    struct waiting_node **nodes; /* 1-based */
    size_t count, capacity;
};

/* Into this heap, out of the one it is in. */
void waiting_join(struct waiting_heap *heap, struct waiting_node *node, int64_t key);
/* Out of the heap it is in, if any. */
void waiting_leave(struct waiting_node *node);
/* The one with the least key; NULL = empty. */
struct waiting_node *waiting_first(const struct waiting_heap *heap);
void waiting_heap_done(struct waiting_heap *heap);

#endif
