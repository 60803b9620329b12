/* One request from its first byte to its answer, and those who wait. */
#ifndef TESTS_SANDBOX_HTTP_H
#define TESTS_SANDBOX_HTTP_H

#include <microhttpd.h>

#include "tests/sandbox/sandbox.h"

#define REQUEST_BODY_MAX (128u << 20)
#define REQUEST_PARTS_MAX 256

enum request_wait { WAIT_NOT, WAIT_UPDATES, WAIT_CHAT, WAIT_DELAY };

struct part { /* a form field or an uploaded file */
    char *name, *filename, *mime;
    struct buf bytes;
    bool is_file;
};

struct request {
    struct sandbox *sb;
    struct MHD_Connection *connection;
    struct MHD_PostProcessor *form;
    char *http_method, *path;
    struct buf body;
    struct part *parts;
    size_t part_count, part_room;
    bool too_large, malformed; /* the body */
    bool handled, answered;
    /* what it is, for faults and the record */
    const char *service; /* NULL = the control API, which is neither recorded nor disturbed */
    char method[48];
    int64_t at_ms;
    json_object *params;
    bool has_fault;
    struct fault fault;
    /* the answer */
    unsigned status;
    char *answer;
    size_t answer_bytes;
    const char *content_type;
    const char *answer_static; /* instead of answer */
    long retry_after;
    bool no_store_record; /* the answer is bytes of a file: not put into the record */
    /* waiting */
    enum request_wait wait;
    bool suspended;
    int64_t due_ms;
    size_t heap_at; /* 1-based; 0 = not in the heap */
    int64_t offset;
    size_t limit;
    struct user *chat;
    struct request *next_waiter;
};

enum err http_start(struct sandbox *sb) MUST_CHECK;
void http_stop(struct sandbox *sb);
/* Ends the waits that are over; returns the ms until the next one, or -1. */
int64_t http_run_waits(struct sandbox *sb);

/* The answer; `body` is taken over. */
void http_answer(struct request *request, unsigned status, const char *content_type, char *body, size_t bytes);
void http_answer_json(struct request *request, unsigned status, struct buf *body);
void http_answer_static(struct request *request, unsigned status, const char *content_type, const char *body,
                        size_t bytes);
/* No answer yet: the request waits for `wait`, at most ms. */
void http_wait(struct request *request, enum request_wait wait, int64_t ms);
/* Ends a wait now: the request was answered. */
void http_wake(struct request *request);
void http_wake_poll(struct sandbox *sb);
void http_wake_chat(struct sandbox *sb, struct user *user);

const char *http_query(struct request *request, const char *name); /* NULL when absent */
int64_t http_query_int(struct request *request, const char *name, int64_t otherwise);
const char *http_header(struct request *request, const char *name);
struct part *http_part(struct request *request, const char *name);
struct part *http_part_add(struct request *request); /* NULL: REQUEST_PARTS_MAX are there */

/* body.c: gathers a request's body; false = out of bounds. */
void body_begin(struct request *request);
bool body_add(struct request *request, const char *bytes, size_t len);
void body_done(struct request *request);

#endif
