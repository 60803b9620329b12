/* The one value everything in the sandbox hangs on: options, the world, who waits, faults, the record. */
#ifndef TESTS_SANDBOX_SANDBOX_H
#define TESTS_SANDBOX_SANDBOX_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "tests/sandbox/buf.h"
#include "tests/sandbox/world.h"

struct MHD_Daemon;
struct request;
struct load;
struct notices;

struct options {
    unsigned port; /* 0 = any free one */
    const char *listen, *token, *bot_username, *data_dir, *record_file, *public_url, *shop_id, *shop_secret;
    uint64_t seed;
    double flood_global, flood_chat; /* messages and edits a second; 0 = no limit */
    double flood_burst;              /* so many at once in one chat */
    const char *receipts;            /* of the shop: see struct shop */
    const char *inn, *inn_password;
    int64_t first_update_id; /* 0 = random */
    long busy;               /* message ids that pass in other chats before each of the bot's messages, at most */
};

struct fault {
    char service[16], method[48], kind[16], description[128];
    long id, count, skip, status, retry_after, hits;
    int64_t ms, until_ms; /* until_ms: by the sandbox's clock; 0 = for ever */
    double probability;
    bool act;
};

/* A logged request, newest last; the whole log is bounded in bytes. */
struct log_entry {
    int64_t number;
    char service[16], method[48];
    char *line;
    size_t len;
};

struct sandbox {
    struct options opt;
    struct MHD_Daemon *daemon;
    int64_t clock_shift_ms;
    uint64_t random;
    struct world world;
    /* who waits (http.c) */
    struct request **heap;
    size_t heap_count, heap_room;
    bool resumed;         /* a suspended connection has to be looked at: no sleep before that */
    struct request *poll; /* the one getUpdates that waits, or NULL */
    int64_t prev_poll_offset, prev_poll_ms, last_conflict_ms;
    char *webhook_url;
    struct bucket flood;
    long floods; /* calls that got a 429 */
    /* faults.c */
    struct fault *faults;
    size_t fault_count;
    long next_fault_id;
    /* record.c */
    FILE *record;
    struct log_entry *log; /* ring of LOG_ENTRIES_MAX */
    size_t log_head, log_count, log_bytes;
    int64_t log_next;
    struct easel *easel; /* easel.c: drawn portraits */
    struct load *load;   /* load.c; NULL = never asked for */
    struct notices *notices;
    /* journal.c */
    int journal_fd; /* -1 = nothing is kept */
    struct buf journal;
    bool journal_off; /* while loading */
};

/* The sandbox's own time (Unix ms), which tests may move forward. */
int64_t sandbox_now_ms(const struct sandbox *sb);
/* Real monotonic time in ms, for waits. */
int64_t sandbox_mono_ms(void);
uint64_t sandbox_random(struct sandbox *sb);

#endif
